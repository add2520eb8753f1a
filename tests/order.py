#!/usr/bin/env python3
"""sort, top, lookup and join against Python's sorted, dictionaries and loops.

Random tables with columns of every type, nulls, equal keys, quotes and line
ends inside values; memory from all at once down to so little that hundreds of
runs are merged in several passes. Values must come back as they stood. Usage:
tests/order.py [COMMAND [SEED]]
"""
import csv
import datetime
import decimal
import io
import pathlib
import random
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
SECONDS = 900
ZONE = datetime.timezone.utc
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=ZONE)
ODD = ["a", "b", "ab", "B", "ä", "", "a,b", 'say "x"', "two\nlines", " a",
       "0", "10", "9", "z" * 40, "z" * 39 + "y", "\x01", "a\x01", "true"]


# ---- values of each type: text, and what it is sorted by ---------------------


def some_int(rng):
    value = rng.choice([rng.randrange(-5, 5), rng.randrange(-10**6, 10**6),
                        rng.choice([2**63 - 1, -2**63, 0, 255, 256, -256])])
    return rng.choice([str(value), f"{value:+d}"]), value


def some_float(rng):
    value = rng.choice([rng.uniform(-1, 1), rng.uniform(-1e9, 1e9), 0.0,
                        float(rng.randrange(-3, 3)), 1e300, -1e-300])
    text = rng.choice([repr(value), f"{value:.6e}", f"{value:.3f}"])
    return text, float(text)


def some_decimal(rng):
    cents = rng.choice([rng.randrange(-500, 500), rng.randrange(10**30)])
    text = f"{decimal.Decimal(cents).scaleb(-2):f}"
    return text, decimal.Decimal(text)


def some_date(rng):
    day = datetime.date(1970, 1, 1) + datetime.timedelta(
        rng.randrange(-40000, 40000))
    return day.isoformat(), day


def some_timestamp(rng):
    moment = EPOCH + datetime.timedelta(seconds=rng.randrange(-10**9, 10**9),
                                        microseconds=rng.choice([0, 1, 500000]))
    hours = rng.choice([0, 2, -5])
    local = moment.astimezone(datetime.timezone(datetime.timedelta(hours=hours)))
    text = local.isoformat(sep=rng.choice(" T"))
    return text, moment


def some_bool(rng):
    value = rng.random() < 0.5
    return str(value).lower(), value


def some_text(rng):
    value = rng.choice(ODD)
    return value, value.encode()


MAKERS = {"int64": some_int, "float64": some_float, "decimal(2)": some_decimal,
          "date": some_date, "timestamp": some_timestamp, "bool": some_bool,
          "string": some_text}


def make(rng, n_rows, types):
    """Rows of (text, value); a text of no bytes is a null."""
    rows = []
    for _ in range(n_rows):
        row = [("", None) if rng.random() < 0.1 else MAKERS[kind](rng)
               for kind in types]
        rows.append([(text, value if text else None) for text, value in row])
    return rows


def write(path, names, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(names)
        out.writerows(rows)


def read(text):
    rows = list(csv.reader(io.StringIO(text, newline="")))
    return rows[0], [row for row in rows[1:]]


# ---- leat --------------------------------------------------------------------


class Failed(Exception):
    """leat ended with an error, or with another answer."""


def run(leat, folder, graph):
    done = subprocess.run([leat, "run", graph], cwd=folder, timeout=SECONDS,
                          capture_output=True, check=False)
    if done.returncode != 0:
        raise Failed(f"{graph}\n{done.stderr.decode()}")
    return read((folder / "out.csv").read_text(encoding="utf-8"))


def check(graph, found, wanted):
    if found == wanted:
        return
    at = next((k for k, pair in enumerate(zip(found, wanted))
               if pair[0] != pair[1]), min(len(found), len(wanted)))
    raise Failed(f"{graph}\n{len(found)} rows, wanted {len(wanted)}; row {at}: "
                 f"{found[at:at + 2]}, wanted {wanted[at:at + 2]}")


# ---- cases -------------------------------------------------------------------


def in_order(rows, keys, is_first):
    """Stable: the last key first."""
    rows = list(rows)
    for column, is_desc in reversed(keys):
        nulls = [row for row in rows if row[column][1] is None]
        others = [row for row in rows if row[column][1] is not None]
        others.sort(key=lambda row, k=column: row[k][1], reverse=is_desc)
        rows = nulls + others if is_first else others + nulls
    return rows


def plain(rows):
    return [[text for text, _ in row] for row in rows]


def case_sort(leat, folder, rng):
    types = [rng.choice(list(MAKERS)) for _ in range(rng.randrange(2, 6))]
    names = [f"c{k}" for k in range(len(types))]
    rows = make(rng, rng.choice([0, 1, 50, 2000]), types)
    keys = [(k, rng.random() < 0.4)
            for k in rng.sample(range(len(types)), rng.randrange(
                1, len(types) + 1))]
    is_first = rng.random() < 0.3
    by = ",".join(f"c{k}{' desc' if desc else ''}" for k, desc in keys)
    schema = ",".join(f"{n}:{t}" for n, t in zip(names, types))
    write(folder / "in.csv", names, plain(rows))
    begin = f'read in.csv ! csv.parse schema="{schema}" ! '
    wanted = plain(in_order(rows, keys, is_first))
    nulls = " nulls=first" if is_first else ""
    memory = rng.choice(["64k", "64k", "80k", "200k", "4M"])
    graph = f'{begin}sort "{by}"{nulls} memory={memory} ! write out.csv'
    check(graph, run(leat, folder, graph)[1], wanted)
    n = rng.choice([1, 7, 100])
    graph = f'{begin}top {n} by="{by}"{nulls} memory=256k ! write out.csv'
    check(graph, run(leat, folder, graph)[1], wanted[:n])


def case_many_runs(leat, folder, rng):
    """64 KiB for some megabytes: hundreds of runs, more than one pass."""
    rows = [[f"{rng.randrange(3000)}", str(k), "x" * rng.randrange(200)]
            for k in range(40000)]
    write(folder / "in.csv", ["key", "at", "rest"], rows)
    graph = "read in.csv ! sort key memory=64k ! write out.csv"
    check(graph, run(leat, folder, graph)[1],
          sorted(rows, key=lambda row: int(row[0])))


def joined(left, table, kind):
    for row in left:
        found = table.get(row[1], []) if row[1] else []
        if kind == "anti":
            if not found:
                yield row
        else:
            for other in found or ([["", ""]] if kind == "left" else []):
                yield row + other


def case_lookup(leat, folder, rng):
    words = [word for word in ODD if word != "0"] + ["k" + str(k)
                                                     for k in range(50)]
    table, rows = {}, []
    for k in range(rng.choice([0, 5, 60])):
        key, other = rng.choice(words), [str(k), rng.choice(ODD)]
        rows.append([key] + other)
        if key:
            table.setdefault(key, []).append(other)
    left = [[str(k), rng.choice(words)] for k in range(rng.choice([0, 9, 900]))]
    write(folder / "in.csv", ["n", "k"], left)
    write(folder / "table.csv", ["code", "v", "w"], rows)
    for kind in ("inner", "left", "anti"):
        graph = "read in.csv ! lookup table.csv on=k=code " \
                f"kind={kind} ! write out.csv"
        check(graph, run(leat, folder, graph)[1],
              list(joined(left, table, kind)))


def case_join(leat, folder, rng):
    words = sorted((word for word in ODD if word), key=str.encode)
    sides = []
    for name in ("a", "b"):
        rows = [[rng.choice(words), f"{name}{k}"]
                for k in range(rng.choice([0, 8, 300]))]
        rows.sort(key=lambda row: row[0].encode())
        sides.append(rows)
        write(folder / f"{name}.csv", ["k", name], rows)
    table = {}
    for key, value in sides[1]:
        table.setdefault(key, []).append(value)
    for kind in ("inner", "left", "anti"):
        wanted = []
        for key, value in sides[0]:
            found = table.get(key, [])
            if kind == "anti":
                wanted += [] if found else [[key, value]]
            else:
                wanted += [[key, value, other] for other in
                           found or ([""] if kind == "left" else [])]
        graph = 'read a.csv ! csv.parse schema="k:string" ! j.  ' \
                'read b.csv ! csv.parse schema="k:string" ! j.  ' \
                f"join name=j on=k kind={kind} ! write out.csv"
        check(graph, run(leat, folder, graph)[1], wanted)


CASES = [case_sort] * 24 + [case_many_runs] + [case_lookup] * 4 + [case_join] * 4


def main():
    leat = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "build" / "leat")
    leat = str(pathlib.Path(leat).resolve())
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    n_failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for k, case in enumerate(CASES):
            try:
                case(leat, pathlib.Path(folder),
                     random.Random(seed * 1000 + k))
            except Failed as failed:
                n_failed += 1
                print(f"order: {case.__name__} {k}, seed {seed}: {failed}",
                      file=sys.stderr)
    print(f"{len(CASES) - n_failed} passed, {n_failed} failed")
    return 1 if n_failed else 0


if __name__ == "__main__":
    sys.exit(main())
