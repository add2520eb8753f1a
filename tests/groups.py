#!/usr/bin/env python3
"""group, window, dedup and profile against Python, over random tables.

Tables have keys, whole numbers, fractions, texts and times, with nulls and
quotes among them. Every job runs with much and with so little memory that
groups wait on the disk; results must be Python's, with fractions.Fraction where
they are exact. Usage: tests/groups.py [COMMAND [SEED [ROUNDS]]]
"""
import csv
import datetime
import fractions
import io
import math
import random
import statistics
import subprocess
import sys
import tempfile

ROUNDS = 8
ROWS_MAX = 3000
EXACT_QUANTILES = 256
QUANTILE_ERROR = 1 / 256
SKETCH_ERROR = 3 * 1.04 / 64
EPOCH = datetime.datetime(1970, 1, 1)
HOUR = 3600

n_passed = 0
n_failed = 0


def check(is_right, what, *details):
    global n_passed, n_failed
    if is_right:
        n_passed += 1
        return
    n_failed += 1
    print("FAILED", what, *details, sep="\n  ")


# ---- tables ----------------------------------------------------------------


def word(rng):
    return "".join(rng.choice('ab,"\n é') for _ in range(rng.randint(1, 6)))


def make(rng):
    """Rows of k (text), i (int64), x (float64), s (text), t (time)."""
    words = [word(rng) for _ in range(rng.choice((1, 3, 40, 1500)))]
    spread = rng.choice((1, 10, 10**6, 2**40))
    at = rng.randint(0, 10**9)
    rows = []
    for _ in range(rng.choice((1, 2, 50, ROWS_MAX))):
        at += rng.choice((0, 1, 60, 1000))
        rows.append([
            "" if rng.random() < 0.05 else rng.choice(words),
            "" if rng.random() < 0.1 else str(rng.randint(-spread, spread)),
            "" if rng.random() < 0.1 else
            repr(rng.uniform(-1, 1) * 10 ** rng.randint(-3, 12)),
            "" if rng.random() < 0.1 else word(rng),
            at - rng.choice((0, 0, 0, 500))])
    # so that types are guessed right
    rows[0][1], rows[0][2] = "7", "0.5"
    return rows


def text_of(rows):
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["k", "i", "x", "s", "t"])
    for row in rows:
        writer.writerow(row[:4] + [stamp(row[4])])
    return out.getvalue()


def stamp(seconds):
    return (EPOCH + datetime.timedelta(seconds=seconds)).strftime(
        "%Y-%m-%dT%H:%M:%SZ")


def run(command, path, stages):
    done = subprocess.run(
        [command, "run", f"read {path} ! {stages} ! csv.format ! write -"],
        capture_output=True, timeout=900, check=False)
    if done.returncode != 0:
        return None, done.stderr.decode(errors="replace")
    text = done.stdout.decode()
    return list(csv.DictReader(io.StringIO(text, newline=""))), ""


# ---- what Python says ------------------------------------------------------


def of_key(rows, key):
    found = {}
    for row in rows:
        found.setdefault(key(row), []).append(row)
    return found


def is_near(got, want, error):
    if want is None:
        return got == ""
    return got != "" and math.isclose(
        float(got), float(want), rel_tol=error, abs_tol=1e-300)


def stddev(values):
    return statistics.stdev(values) if len(values) > 1 else None


def is_counted(got, n):
    """Among thousands of sketches some are beyond three standard errors."""
    return abs(int(got) - n) <= 5 / 3 * SKETCH_ERROR * n + 3


def quantile_is_right(got, values, q):
    if not values:
        return got == ""
    values = sorted(float(value) for value in values)
    place = q * (len(values) - 1)
    low, high = values[math.floor(place)], values[math.ceil(place)]
    error = 1e-12 if len(values) <= EXACT_QUANTILES else QUANTILE_ERROR
    return (low - error * abs(low) - 0.5 * (error > 1e-9)
            <= float(got) <=
            high + error * abs(high) + 0.5 * (error > 1e-9))


RESULTS = ("n=count() ni=count(i) si=sum(i) ai=avg(i) sx=sum(x) ax=avg(x) "
           "di=stddev(i) mn=min(i) mx=max(x) ms=min(s) ls=max(s) ds=distinct(s) "
           "as=approx_distinct(s) md=median(x) q=quantile(i,0.9) "
           "f=first(s) l=last(i)")


def wrong_results(got, rows):
    """Names of the results that are not those of these rows."""
    ints = [int(row[1]) for row in rows if row[1]]
    floats = [float(row[2]) for row in rows if row[2]]
    texts = [row[3] for row in rows if row[3]]
    in_bytes = sorted(text.encode() for text in texts)
    total = math.fsum(floats)
    sure = {
        "n": len(rows), "ni": len(ints), "ds": len(set(texts)),
        "si": sum(ints) if ints else "",
        "mn": min(ints) if ints else "",
        "ms": in_bytes[0].decode() if texts else "",
        "ls": in_bytes[-1].decode() if texts else "",
        "f": texts[0] if texts else "", "l": ints[-1] if ints else "",
    }
    wrong = [name for name, want in sure.items() if got[name] != str(want)]
    near = {
        "sx": (total if floats else None, 1e-15),
        "ax": (total / len(floats) if floats else None, 1e-15),
        "ai": (float(fractions.Fraction(sum(ints), len(ints)))
               if ints else None, 0),
        "di": (stddev(ints), 1e-9),
        "mx": (max(floats) if floats else None, 0),
    }
    wrong += [name for name, (want, error) in near.items()
              if not is_near(got[name], want, error)]
    if not is_counted(got["as"], len(set(texts))):
        wrong.append("as")
    if not quantile_is_right(got["md"], floats, 0.5):
        wrong.append("md")
    if not quantile_is_right(got["q"], ints, 0.9):
        wrong.append("q")
    return wrong


# ---- the stages ------------------------------------------------------------


def check_groups(command, path, rows, seed):
    first = None
    for memory in ("64M", "1M"):
        what = f"group, seed {seed}, memory {memory}"
        got, err = run(command, path,
                       f"group by=k memory={memory} {RESULTS}")
        want = of_key(rows, lambda row: row[0])
        check(got is not None and
              sorted(row["k"] for row in got) == sorted(want), what, err)
        if got is None:
            continue
        if memory == "64M":
            check([row["k"] for row in got] == list(want), what + ", order")
        for row in got:
            wrong = wrong_results(row, want[row["k"]])
            check(not wrong, what, row, wrong)
        in_order = sorted(got, key=lambda row: row["k"])
        check(first is None or first == in_order, what + ", as with more")
        first = in_order


def check_whole(command, path, rows, seed):
    for memory in ("64M", "1M"):
        got, err = run(command, path, f"group memory={memory} {RESULTS}")
        check(got is not None and len(got) == 1 and
              not wrong_results(got[0], rows),
              f"group of all, seed {seed}, memory {memory}", got, err)


def check_dedup(command, path, rows, seed):
    for by, columns in (("k", (0,)), ("k,i", (0, 1)), ("", range(5))):
        seen, want = set(), []
        for row in rows:
            key = tuple(row[c] for c in columns)
            if key not in seen:
                seen.add(key)
                want.append([*row[:4], stamp(row[4])])
        got, err = run(command, path, f"dedup {by}")
        check(got is not None and
              [list(row.values()) for row in got] == want,
              f"dedup {by}, seed {seed}", err)


def check_windows(command, path, rows, seed):
    want, starts = {}, []
    for row in rows:
        for start in range(row[4] // HOUR * HOUR - HOUR,
                           row[4] + 1, HOUR // 2):
            if start <= row[4] < start + HOUR:
                want.setdefault((start, row[0]), []).append(row)
    got, err = run(command, path, "window sliding size=1h step=30m time=t "
                   "lateness=1h by=k n=count() s=sum(i) d=distinct(s)")
    check(got is not None and len(got) == len(want),
          f"window, seed {seed}", err, len(want))
    for row in got or []:
        start = int((datetime.datetime.strptime(
            row["window_start"], "%Y-%m-%dT%H:%M:%SZ") -
            EPOCH).total_seconds())
        found = want.get((start, row["k"]), [])
        ints = [int(one[1]) for one in found if one[1]]
        check(row["window_end"] == stamp(start + HOUR) and
              row["n"] == str(len(found)) and
              row["s"] == (str(sum(ints)) if ints else "") and
              row["d"] == str(len({one[3] for one in found if one[3]})),
              f"window, seed {seed}", row)
        starts.append(start)
    check(starts == sorted(starts), f"window, seed {seed}: order")


def sessions(rows, gap):
    """[start, end, key, rows], by their ends."""
    last, done = {}, []
    for row in sorted(rows, key=lambda row: row[4]):
        one = last.get(row[0])
        if one and row[4] < one[1]:
            one[1] = row[4] + gap
            one[3] += 1
            continue
        last[row[0]] = [row[4], row[4] + gap, row[0], 1]
        done.append(last[row[0]])
    return sorted(done, key=lambda one: one[1])


def check_sessions(command, path, rows, seed):
    want = [(stamp(start), stamp(end), key, str(n))
            for start, end, key, n in sessions(rows, 900)]
    got, err = run(command, path, "window session gap=15m time=t "
                   "lateness=1h by=k n=count()")
    got = got and [tuple(row.values()) for row in got]
    # of those that end together any may be the first
    check(got is not None and sorted(got) == sorted(want) and
          [one[1] for one in got] == [one[1] for one in want],
          f"session, seed {seed}", err)


def check_profile(command, path, rows, seed):
    got, err = run(command, path, "profile")
    check(got is not None and [row["column"] for row in got] ==
          ["k", "i", "x", "s", "t"], f"profile, seed {seed}", err)
    for c, row in enumerate(got or []):
        values = [one[c] if c < 4 else stamp(one[4]) for one in rows]
        values = [value for value in values if value]
        n = len(set(values))
        right = (row["rows"] == str(len(rows)) and
                 row["nulls"] == str(len(rows) - len(values)) and
                 (is_counted(row["distinct"], n) if n > 256 else
                  row["distinct"] == str(n)))
        if c in (1, 2):
            numbers = [float(value) for value in values]
            right = (right and float(row["min"]) == min(numbers) and
                     float(row["max"]) == max(numbers) and
                     is_near(row["mean"],
                             math.fsum(numbers) / len(numbers), 1e-12) and
                     quantile_is_right(row["p75"], numbers, 0.75))
        elif values:
            in_bytes = sorted(value.encode() for value in values)
            right = (right and row["min"] == in_bytes[0].decode() and
                     row["max"] == in_bytes[-1].decode())
        check(right, f"profile, seed {seed}", row)


CHECKS = (check_groups, check_whole, check_dedup, check_windows,
          check_sessions, check_profile)


def main():
    command = sys.argv[1] if len(sys.argv) > 1 else "build/leat"
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else ROUNDS
    for k in range(rounds):
        rng = random.Random(seed + k)
        rows = make(rng)
        with tempfile.NamedTemporaryFile(
                "w", suffix=".csv", encoding="utf-8", newline="") as file:
            file.write(text_of(rows))
            file.flush()
            for one in CHECKS:
                one(command, file.name, rows, seed + k)
    print(f"{n_passed} passed, {n_failed} failed")
    return 1 if n_failed else 0


if __name__ == "__main__":
    sys.exit(main())
