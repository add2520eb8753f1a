#!/usr/bin/env python3
"""csv.parse against Python's csv and Miller, over corpus and example data.

Every file is parsed from disk in small and in large chunks, and from a pipe
that is fed a few bytes at a time; records must be those that the others see,
names and values, in order. Usage: tests/differential.py [COMMAND [FILE...]]
"""
import csv
import json
import os
import pathlib
import shutil
import subprocess
import sys
import threading

ROOT = pathlib.Path(__file__).resolve().parent.parent
CORPUS = ROOT / "tests" / "corpus" / "csv"
SEPARATORS = {"tab": "\t", "pipe": "|", "space": " "}
SECONDS = 900
PIECE_BYTES = 3
PIECES_MAX = 3000

csv.field_size_limit(1 << 30)


class Failed(Exception):
    """A program ended with an error; its text."""


def options(text):
    """Options of csv.parse as a dictionary."""
    if text == "-":
        return {}
    return dict(word.split("=", 1) for word in text.split())


def separator(opts):
    text = opts.get("sep", ",")
    return SEPARATORS.get(text, text)


# ---- the others -------------------------------------------------------------


def by_python(path, opts):
    with open(path, encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.reader(
            file, delimiter=separator(opts),
            quotechar=opts.get("quote", '"')) if row]
    if not rows:
        return []
    if opts.get("header") == "off":
        names = [f"c{k + 1}" for k in range(len(rows[0]))]
    else:
        names = rows.pop(0)
    if len(set(names)) < len(names) or "" in names:
        names = None
    return [list(zip(names or [None] * len(row), row)) for row in rows]


def by_miller(path, opts):
    command = ["mlr", "--icsv", "--ojsonl", "-S",
               "--ifs", separator(opts)]
    if opts.get("header") == "off":
        command.append("--implicit-csv-header")
    done = subprocess.run(command + ["cat", str(path)],
                          capture_output=True, timeout=SECONDS, check=False)
    if done.returncode != 0:
        raise Failed(done.stderr.decode())
    records = [json.loads(line, object_pairs_hook=list)
               for line in done.stdout.decode().split("\n") if line]
    if opts.get("header") == "off":
        return [[("c" + name, value) for name, value in record]
                for record in records]
    return [[(name, str(value)) for name, value in record]
            for record in records]


def by_want(path, _):
    text = path.with_suffix(".want").read_text(encoding="utf-8")
    return [[tuple(pair) for pair in json.loads(line)]
            for line in text.split("\n") if line]


OTHERS = {"python": by_python, "miller": by_miller, "want": by_want}

# ---- leat -------------------------------------------------------------------


def feed(pipe, data):
    """Small pieces first, so that records straddle them."""
    try:
        for at in range(0, PIECE_BYTES * PIECES_MAX, PIECE_BYTES):
            if at >= len(data):
                break
            os.write(pipe.fileno(), data[at:at + PIECE_BYTES])
        rest = data[PIECE_BYTES * PIECES_MAX:]
        while rest:
            rest = rest[os.write(pipe.fileno(), rest[:65536]):]
    except BrokenPipeError:
        pass
    pipe.close()


def run(leat, graph, data):
    """Run a graph; data goes to its standard input, None = nothing."""
    process = subprocess.Popen(
        [leat, "run", graph], stdin=subprocess.PIPE if data is not None
        else subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, bufsize=0, cwd=CORPUS)
    feeder = None
    if data is not None:
        feeder = threading.Thread(target=feed, args=(process.stdin, data))
        feeder.start()
        process.stdin = None
    try:
        out, err = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise Failed("does not end") from None
    finally:
        if feeder:
            feeder.join()
    if process.returncode != 0:
        raise Failed(err.decode(errors="replace"))
    return out


def by_leat(leat, path, opts_text, source, data):
    parser = "" if opts_text == "-" else opts_text
    out = run(leat, f"{source} ! csv.parse {parser} ! "
                    "json.format strings=on ! write -", data)
    return [[tuple(pair) for pair in
             json.loads(line, object_pairs_hook=list)]
            for line in out.decode().split("\n") if line]


def ways(path):
    """The ways in which a file is given to leat: name, source, input."""
    quoted = str(path).replace("\\", "\\\\").replace('"', '\\"')
    yield "small chunks", f'read "{quoted}" chunk_bytes=4096', None
    yield "large chunks", f'read "{quoted}" chunk_bytes=16M', None
    yield "pipe", "read -", path.read_bytes()


# ---- comparing --------------------------------------------------------------


def differences(wanted, got):
    """The first few differences, as lines."""
    lines = []
    if len(wanted) != len(got):
        lines.append(f"{len(wanted)} records wanted, {len(got)} are there")
    for k, (want, have) in enumerate(zip(wanted, got)):
        names = all(name is not None for name, _ in want)
        if not names:
            have = [(None, value) for _, value in have]
        if list(map(tuple, want)) != have:
            lines.append(f"record {k + 1}: wanted {str(want)[:200]}")
            lines.append(f"record {k + 1}: got    {str(have)[:200]}")
        if len(lines) > 6:
            break
    return lines


class Tally:
    def __init__(self):
        self.n_passed = 0
        self.n_failed = 0

    def note(self, what, lines):
        if not lines:
            self.n_passed += 1
            return
        self.n_failed += 1
        print(f"FAIL: {what}")
        for line in lines:
            print(f"\t{line}")


def check_error(leat, path, opts, wanted, tally):
    for way, source, data in ways(path):
        # what comes from a pipe has another name
        text = wanted.replace(path.name, "stdin") if data is not None \
            else wanted
        try:
            by_leat(leat, path, opts, source, data)
            lines = [f"no error; wanted: {text}"]
        except Failed as failure:
            said = str(failure)
            lines = [] if text in said else [f"wanted: {text}",
                                             f"said: {said.strip()[:400]}"]
        tally.note(f"{path.name}, {way}: fails", lines)


def check_records(leat, path, opts, others, tally):
    got = {}
    for way, source, data in ways(path):
        try:
            got[way] = by_leat(leat, path, opts, source, data)
        except (Failed, ValueError) as failure:
            tally.note(f"{path.name}, {way}", [str(failure).strip()[:400]])
    for other in others:
        try:
            wanted = OTHERS[other](path, options(opts))
        except (Failed, ValueError, csv.Error) as failure:
            tally.note(f"{path.name}, by {other}", [str(failure)[:400]])
            continue
        for way, records in got.items():
            tally.note(f"{path.name}, {way}, against {other}",
                       differences(wanted, records))


def check(leat, path, opts, judge, tally):
    if judge.startswith("error: "):
        check_error(leat, path, opts, judge[len("error: "):], tally)
        return
    others = [other for other in judge.split()
              if other != "miller" or shutil.which("mlr")]
    check_records(leat, path, opts, others, tally)


def corpus():
    for line in (CORPUS / "cases.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            name, opts, judge = line.split("\t")
            yield CORPUS / name, opts, judge


def main():
    default = str(ROOT / "build" / "leat")
    leat = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else default)
    tally = Tally()
    if len(sys.argv) > 2:
        cases = [(pathlib.Path(name).resolve(), "-", "python miller")
                 for name in sys.argv[2:]]
    else:
        cases = list(corpus())
        cases += [(path, "-", "python miller") for path in
                  sorted((ROOT / "examples" / "data").glob("*.csv"))]
    for path, opts, judge in cases:
        check(leat, path, opts, judge, tally)
    print(f"{tally.n_passed} passed, {tally.n_failed} failed")
    return 1 if tally.n_failed else 0


if __name__ == "__main__":
    sys.exit(main())
