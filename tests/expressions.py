#!/usr/bin/env python3
"""Expressions against SQLite: the same value for the same row, or a bug.

usage: expressions.py LEAT [ROUNDS [SEED]]

Random expressions over what both have: numbers, texts, dates, null logic,
case, in, between, like. What differs by design is left out or written as the
other has it: like without regard to case, division by zero, greatest of
nulls.
"""
import json
import pathlib
import random
import sqlite3
import subprocess
import sys
import tempfile

COLUMNS = 60  # expressions of one run
INTS = [None, 0, 1, -1, 2, 3, -7, 10, 12, 100]
FLOATS = [None, 0.0, 0.5, -2.5, 3.25, 10.0, -0.125]
TEXTS = [None, "a", "b", "ab", "Abc", "a b", " x ", "a%b", "a_b", "it's", "10"]
DATES = [None, "2024-02-29", "1999-12-31", "2000-01-01", "1970-01-01",
         "2023-03-01"]


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


class Maker:
    """Each method gives a pair: for leat, for SQLite."""

    def __init__(self, random_of):
        self.r = random_of

    def of(self, kind, depth):
        leaf = depth <= 0 or self.r.random() < 0.2
        return getattr(self, kind + ("_leaf" if leaf else ""))(depth - 1)

    def both(self, pattern, *parts):
        return tuple(pattern.format(*[part[side] for part in parts])
                     for side in (0, 1))

    def choice(self, kind, depth):
        """What gives a value of any kind."""
        which = self.r.randrange(4)
        a, b = self.of(kind, depth), self.of(kind, depth)
        if which == 0:
            return self.both("coalesce({}, {})", a, b)
        if which == 1:
            return self.both("nullif({}, {})", a, b)
        if which == 2:
            test = self.of("bool", depth)
            return self.both("case when {} then {} else {} end", test, a, b)
        subject, when = self.of("int", depth), self.of("int", depth)
        return self.both("case {} when {} then {} end", subject, when, a)

    # ---- numbers

    def int_leaf(self, _):
        text = self.r.choice(["i", "j", str(self.r.randrange(0, 20)),
                              str(-self.r.randrange(1, 20))])
        return (text, text)

    def int(self, depth):
        which = self.r.randrange(12)
        if which < 2:
            return self.choice("int", depth)
        if which == 2:
            return self.both("length({})", self.of("text", depth))
        if which == 3:
            pair = self.both("{}, {}", self.of("text", depth),
                             self.of("text", depth))
            return (f"position({pair[0]})", f"instr({pair[1]})")
        if which == 4:
            unit = self.r.choice([("year", "%Y"), ("month", "%m"),
                                  ("day", "%d")])
            day = self.of("date", depth)
            return (f"{unit[0]}({day[0]})",
                    f"cast(strftime('{unit[1]}', {day[1]}) as integer)")
        if which == 5:
            return self.both(self.r.choice(["abs({})", "sign({})", "(- {})"]),
                             self.of("int", depth))
        a, b = self.of("int", depth), self.of("int", depth)
        if which == 6:
            return self.both("({} / nullif({}, 0))", a, b)
        if which == 7:
            return self.both("({} % nullif({}, 0))", a, b)
        return self.both("({} " + self.r.choice("+-*") + " {})", a, b)

    def float_leaf(self, _):
        text = self.r.choice(["x", "1.5", "-0.25", "2.0"])
        return (text, text)

    def float(self, depth):
        which = self.r.randrange(6)
        a, b = self.of("float", depth), self.of(
            self.r.choice(["float", "int"]), depth)
        if which == 0:
            return self.choice("float", depth)
        if which == 1:
            return self.both("({} / nullif({}, 0))", a, b)
        if which == 2:
            return self.both(self.r.choice(["abs({})", "floor({})", "ceil({})",
                                            "(- {})"]), a)
        return self.both("({} " + self.r.choice("+-*") + " {})", a, b)

    # ---- texts and dates

    def text_leaf(self, _):
        text = self.r.choice(["s", "u", quoted(self.r.choice(TEXTS[1:]))])
        return (text, text)

    def text(self, depth):
        which = self.r.randrange(9)
        a = self.of("text", depth)
        if which == 0:
            return self.choice("text", depth)
        if which == 1:
            return self.both("({} || {})", a, self.of("text", depth))
        if which == 2:
            return self.both("({} || {})", a, self.of("int", depth))
        if which == 3:
            start = str(self.r.choice([-3, -1, 1, 2, 5]))
            n = str(self.r.randrange(0, 4))
            return self.both(f"substr({{}}, {start}, {n})", a)
        if which == 4:
            # of an empty one SQLite says that nothing is null
            return self.both("replace({}, coalesce(nullif({}, ''), 'b'), {})",
                             a, self.of("text", depth), self.of("text", depth))
        if which == 5:
            text = self.both("{}, {}", a, self.of("text", depth))
            name = self.r.choice(["trim", "ltrim", "rtrim"])
            return (f"{name}({text[0]})", f"{name}({text[1]})")
        if which == 6:
            day = self.of("date", depth)
            return (f"strftime({day[0]}, '%d.%m.%Y %j')",
                    f"strftime('%d.%m.%Y %j', {day[1]})")
        return self.both(self.r.choice(["upper({})", "lower({})", "trim({})"]),
                         a)

    def date_leaf(self, _):
        if self.r.random() < 0.6:
            return ("d", "d")
        day = quoted(self.r.choice(DATES[1:]))
        return (f"date {day}", day)

    def date(self, depth):
        day = self.of("date", depth)
        which = self.r.randrange(4)
        if which == 0:
            return self.choice("date", depth)
        if which == 1:
            unit = self.r.choice(["month", "year"])
            return (f"date_trunc('{unit}', {day[0]})",
                    f"date({day[1]}, 'start of {unit}')")
        n = self.r.randrange(-400, 400)
        return (f"({day[0]} + {n})", f"date({day[1]}, '{n:+d} days')")

    # ---- conditions

    def bool_leaf(self, _):
        return self.r.choice([("true", "1"), ("false", "0"), ("null", "null"),
                              ("(i > 1)", "(i > 1)")])

    def bool(self, depth):
        which = self.r.randrange(10)
        if which < 3:
            return self.both("({} " + self.r.choice(["and", "or"]) + " {})",
                             self.of("bool", depth), self.of("bool", depth))
        if which == 3:
            return self.both("(not {})", self.of("bool", depth))
        kind = self.r.choice(["int", "float", "text", "date"])
        a, b, c = (self.of(kind, depth) for _ in range(3))
        if which == 4:
            return self.both("({} is " + self.r.choice(["", "not "]) + "null)",
                             a)
        is_not = self.r.choice(["", "not "])
        if which == 5:
            return self.both("({} " + is_not + "between {} and {})", a, b, c)
        if which == 6:
            return self.both("({} " + is_not + "in ({}, {}))", a, b, c)
        if which == 7:
            pattern = quoted(self.r.choice(["a%", "%b", "%b%", "_", "a_b", "%",
                                            "a!%b", "a!_%", "% %"]))
            return self.both("({} " + is_not + f"like {pattern} escape '!')",
                             self.of("text", depth))
        op = self.r.choice(["=", "!=", "<", "<=", ">", ">=", "<>"])
        return self.both("({} " + op + " {})", a, b)


def make_rows(r, n):
    return [(r.choice(INTS), r.choice(INTS), r.choice(FLOATS), r.choice(TEXTS),
             r.choice(TEXTS), r.choice(DATES)) for _ in range(n)]


def write_rows(path, rows):
    with open(path, "w") as out:
        out.write("i,j,x,s,u,d\n")
        for row in rows:
            out.write(",".join("" if value is None else str(value)
                               for value in row) + "\n")


SCHEMA = "i:int64,j:int64,x:float64,s:string,u:string,d:date"


def ask_leat(leat, folder, pairs):
    names = [f"e{k}" for k in range(len(pairs))]
    listed = ", ".join(f"{name}={pair[0]}"
                       for name, pair in zip(names, pairs))
    (folder / "graph").write_text(
        f'read "{folder}/rows.csv" schema="{SCHEMA}" ! derive "'
        + listed.replace("\\", "\\\\").replace('"', '\\"')
        + f'" ! select {",".join(names)} ! write "{folder}/out.json"\n')
    done = subprocess.run([leat, "run", "-f", folder / "graph"],
                          capture_output=True, text=True)
    if done.returncode:
        return None, done.stderr
    lines = (folder / "out.json").read_text().splitlines()
    return [list(json.loads(line).values()) for line in lines], ""


def ask_sqlite(rows, pairs):
    db = sqlite3.connect(":memory:")
    db.execute("pragma case_sensitive_like = on")
    db.execute("create table t (i integer, j integer, x real, s text, u text,"
               " d text)")
    db.executemany("insert into t values (?, ?, ?, ?, ?, ?)", rows)
    db.create_function("sign", 1, lambda v: None if v is None
                       else (v > 0) - (v < 0))
    db.create_function("floor", 1, lambda v: None if v is None
                       else float(v // 1))
    db.create_function("ceil", 1, lambda v: None if v is None
                       else float(-(-v // 1)))
    listed = ", ".join(pair[1] for pair in pairs)
    return [list(row) for row in
            db.execute(f"select {listed} from t order by rowid")]


def is_same(ours, theirs):
    if ours is None or theirs is None:
        return ours is theirs
    if isinstance(ours, bool):
        return int(ours) == theirs
    if isinstance(ours, float) or isinstance(theirs, float):
        return abs(ours - theirs) <= 1e-12 * max(1.0, abs(theirs))
    return ours == theirs


def compare(rows, pairs, ours, theirs):
    """(passed, failed), and the first difference of each expression told."""
    failed = 0
    for k, pair in enumerate(pairs):
        for row, (our_row, their_row) in enumerate(zip(ours, theirs)):
            if is_same(our_row[k], their_row[k]):
                continue
            failed += 1
            print(f"{pair[0]}\n  row {rows[row]}\n  leat   {our_row[k]!r}\n"
                  f"  sqlite {their_row[k]!r}")
            break
    return len(pairs) - failed, failed


def main():
    leat = sys.argv[1]
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 8
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 7
    passed = failed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for turn in range(rounds):
            r = random.Random(seed * 1000 + turn)
            maker = Maker(r)
            rows = make_rows(r, 200)
            write_rows(folder / "rows.csv", rows)
            pairs = [maker.of(r.choice(["int", "float", "text", "date", "bool",
                                        "bool"]), 3) for _ in range(COLUMNS)]
            ours, error = ask_leat(leat, folder, pairs)
            if ours is None:
                print(f"seed {seed}, round {turn}: {error}")
                failed += COLUMNS
                continue
            counts = compare(rows, pairs, ours, ask_sqlite(rows, pairs))
            passed += counts[0]
            failed += counts[1]
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
