#!/usr/bin/env python3
"""Generated awkward CSV: leat against Python, Miller, SQLite and DuckDB.

Every row is a case for everybody: its values as Python's csv, Miller and DuckDB
read them; and what conditions over typed columns keep of it by SQLite and by
DuckDB. DuckDB comes from npm (tests/interop.sh) and is left out where it is not
there. usage: tests/awkward.py [COMMAND [SEED]]
"""
import csv
import io
import json
import os
import pathlib
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
SECONDS = 120
N_ROWS = 1200
NODE = pathlib.Path(os.environ.get("LEAT_BENCH_DIR", "/tmp/leat-bench")) \
    / "node" / "node_modules"
TEXTS = ["", "a", "a b", " lead", "trail ", "comma, in", 'say "x"', '"', '""',
         "two\nlines", "crlf\r\nin", "tab\there", "æøå", "日本語", "\U0001f600",
         "'", "back\\slash", "a;b|c", "#", "null", "NULL", "n/a", "0x1f",
         "x" * 63, "y" * 64, "z" * 300, ",,,", "\n", "-", "1,5", "2001-01-01"]
QUERY = """
const {DuckDBInstance} = require('@duckdb/node-api');
(async () => {
  const db = await DuckDBInstance.create(':memory:');
  const connection = await db.connect();
  const out = [];
  for (const query of JSON.parse(process.argv[1]))
    out.push((await connection.runAndReadAll(query)).getRowsJson());
  console.log(JSON.stringify(out));
})().catch(e => { console.error(e.message); process.exit(1); });
"""
CONDITIONS = ["i > 60", "i <= 0", "i between -5 and 5", "i is null",
              "x < 0.5", "x >= 0.1 and i < 100", "i % 7 = 3",
              "not (i > 0)", "i = 9223372036854775807", "x * 2 > i",
              "t = 'a'", "t < 'b' and t is not null", "t in ('a', 'n/a', '-')",
              "d >= date '2000-02-29'", "coalesce(i, 7) = 7",
              "case when i > 0 then x else -x end > 1", "length(t) = 3"]

n_passed = n_failed = 0


def note(what, found, wanted):
    global n_passed, n_failed
    if found == wanted:
        n_passed += 1
        return
    n_failed += 1
    if n_failed <= 10:
        print(f"FAIL: {what}\n\twanted {str(wanted)[:300]}\n"
              f"\tfound  {str(found)[:300]}")


def run(leat, graph):
    done = subprocess.run([leat, "run", "-q", graph], capture_output=True,
                          timeout=SECONDS, check=False)
    if done.returncode:
        note(graph, done.stderr.decode(errors="replace"), "no error")
        return b""
    return done.stdout


def some_row(rng):
    number = rng.choice(["", str(rng.randrange(-9, 200)),
                         str(rng.randrange(-2**63, 2**63)),
                         "9223372036854775807", "0", "-0", "+5", "007"])
    part = rng.choice(["", "0.1", "1e3", "-2.5E-3", "123456789.125", "-0.0",
                       repr(rng.uniform(-2, 2)), str(rng.randrange(99))])
    day = rng.choice(["", "2000-02-29", "1999-12-31", "1970-01-01",
                      f"20{rng.randrange(10, 99)}-0{rng.randrange(1, 9)}-17"])
    text = rng.choice(TEXTS)
    if rng.random() < 0.3:
        text += rng.choice(TEXTS)
    return [number, part, day, text, rng.choice(TEXTS)]


def as_field(rng, text):
    """As it stands in the file: in quotes, if it has to be or by chance."""
    if any(c in text for c in ',"\n\r') or rng.random() < 0.2:
        return '"' + text.replace('"', '""') + '"'
    return text


def make(rng, path):
    rows = [some_row(rng) for _ in range(N_ROWS)]
    end = rng.choice(["\n", "\r\n"])
    lines = [["i", "x", "d", "t", "u"]] + rows
    text = end.join(",".join(as_field(rng, x) for x in row) for row in lines)
    path.write_bytes((text + end * rng.randrange(2)).encode())
    return rows


# ---- values ---------------------------------------------------------------------


def by_python(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.reader(file))[1:]


def by_miller(path):
    done = subprocess.run(["mlr", "--icsv", "--ojsonl", "-S", "cat", path],
                          capture_output=True, timeout=SECONDS, check=True)
    return [[str(x) for x in json.loads(line).values()]
            for line in done.stdout.decode().split("\n") if line]


def by_leat(leat, path, more):
    out = run(leat, f"read {path}{more} ! csv.parse ! "
                    "json.format strings=on ! write -")
    return [[x or "" for x in json.loads(line).values()]
            for line in out.decode().split("\n") if line]


def check_values(leat, path, rows):
    others = {"what was written": rows, "Python": by_python(path)}
    if shutil.which("mlr") and b"\r\n" not in path.read_bytes():
        others["Miller"] = by_miller(path)
    for more in ("", " chunk_bytes=4096"):
        found = by_leat(leat, path, more)
        note("as many rows", len(found), len(rows))
        for name, wanted in others.items():
            for k, (a, b) in enumerate(zip(found, wanted)):
                note(f"row {k} by {name}{more}", a, b)


# ---- conditions -----------------------------------------------------------------

SCHEMA = "i:int64,x:float64,d:date,t:string,u:string"


def kept_by_leat(leat, path, condition):
    out = run(leat, f'read {path} ! csv.parse schema="{SCHEMA}" ! number ! '
                    f'where "{condition}" ! select n ! write -')
    return [int(line) for line in out.split()[1:]]


def kept_by_sqlite(rows, conditions):
    db = sqlite3.connect(":memory:")
    db.execute("create table r (n, i integer, x real, d text, t text)")
    db.executemany("insert into r values (?, ?, ?, ?, ?)", [
        [k + 1, int(row[0]) if row[0] else None,
         float(row[1]) if row[1] else None, row[2] or None, row[3] or None]
        for k, row in enumerate(rows)])
    return [[n for n, in db.execute(
        f"select n from r where {condition.replace('date ', '')} order by n")]
        for condition in conditions]


def check_conditions(leat, path, rows):
    # -x of an overflowing product: SQLite goes on in float64
    for condition, wanted in zip(CONDITIONS,
                                 kept_by_sqlite(rows, CONDITIONS)):
        found = set(kept_by_leat(leat, path, condition))
        for n in range(1, len(rows) + 1):
            note(f"where {condition}, row {n}: {rows[n - 1]}", n in found,
                 n in set(wanted))


# ---- DuckDB ---------------------------------------------------------------------


def by_duckdb(queries):
    """Rows of each query; None where there is no DuckDB."""
    if not shutil.which("node") or not (NODE / "@duckdb/node-api").is_dir():
        return None
    done = subprocess.run(["node", "-e", QUERY, json.dumps(queries)],
                          capture_output=True, timeout=SECONDS, check=False,
                          env={**os.environ, "NODE_PATH": str(NODE)})
    if done.returncode:
        note("DuckDB", done.stderr.decode()[:300], "no error")
        return None
    return json.loads(done.stdout)


def check_duckdb(leat, path, rows):
    source = f"read_csv('{path}', all_varchar=true, header=true, " \
             "delim=',', quote='\"', escape='\"', strict_mode=false)"
    typed = "select row_number() over () as n, i::bigint as i, " \
            f"x::double as x, d::date as d, t from {source}"
    found = by_duckdb([f"select * from {source}"] + [
        f"select n from ({typed}) where {condition}"
        for condition in CONDITIONS])
    if found is None:
        return
    values = [[x or "" for x in row] for row in found[0]]
    note("as many rows by DuckDB", len(values), len(rows))
    for k, (a, b) in enumerate(zip(rows, values)):
        note(f"row {k} by DuckDB", a, b)
    for condition, kept in zip(CONDITIONS, found[1:]):
        note(f"where {condition}, by DuckDB",
             kept_by_leat(leat, path, condition), [int(n) for n, in kept])


def main():
    leat = os.path.abspath(sys.argv[1] if len(sys.argv) > 1
                           else ROOT / "build" / "leat")
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    with tempfile.TemporaryDirectory() as folder:
        for k in range(2):
            path = pathlib.Path(folder) / "in.csv"
            rows = make(random.Random(seed + k), path)
            for part in (check_values, check_conditions, check_duckdb):
                part(leat, path, rows)
    print(f"{n_passed} passed, {n_failed} failed")
    return n_failed != 0


if __name__ == "__main__":
    sys.exit(main())
