#!/usr/bin/env python3
"""Giant and hostile inputs through the real command, with its memory watched.

Made-up streams come through a pipe. Each case ends as it should, with a clear
error and its place or with the right number of records; the process never takes
more memory than `--explain` has proved; and what fails leaves nothing under the
final name. usage: tests/giant.py [COMMAND [--long]]

--long: streams of 4 GiB, where else they have 64 MiB.
"""
import os
import pathlib
import re
import resource
import subprocess
import sys
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parent.parent
SECONDS = 600
PIECE = 1 << 18
UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}

is_long = "--long" in sys.argv
words = [word for word in sys.argv[1:] if not word.startswith("--")]
leat = os.path.abspath(words[0] if words else ROOT / "build" / "leat")
MANY = 4 << 30 if is_long else 64 << 20
n_passed = n_failed = 0


# ---- streams ------------------------------------------------------------------


def of(piece, n_bytes):
    """So many bytes of a piece again and again; the last may be cut."""
    block = piece * max(1, PIECE // len(piece))
    for _ in range(n_bytes // len(block)):
        yield block
    yield block[:n_bytes % len(block)]


def both(*parts):
    for part in parts:
        if isinstance(part, bytes):
            yield part
        else:
            yield from part


def feed(pipe, stream):
    try:
        for piece in stream:
            while piece:
                piece = piece[os.write(pipe.fileno(), piece):]
    except BrokenPipeError:
        pass
    pipe.close()


# ---- runs ---------------------------------------------------------------------


def bound_of(graph):
    """Bytes that the plan proves; nothing is read."""
    done = subprocess.run([leat, "run", "--explain", graph],
                          stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=SECONDS, check=True)
    number, unit = re.search(r"at most ([\d.]+) (\w+)", done.stdout).groups()
    return float(number) * UNITS[unit]


def run(graph, stream):
    """Status, what it said, and the most memory that it had."""
    process = subprocess.Popen([leat, "run", graph], stdin=subprocess.PIPE,
                               stderr=subprocess.PIPE, bufsize=0)
    feeder = threading.Thread(target=feed, args=(process.stdin, stream))
    watch = threading.Timer(SECONDS, process.kill)
    feeder.start()
    watch.start()
    said = process.stderr.read().decode(errors="replace")
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    watch.cancel()
    feeder.join()
    process.stderr.close()
    return process.returncode, said, usage.ru_maxrss * 1024


def note(what, is_good, said):
    global n_passed, n_failed
    if is_good:
        n_passed += 1
        return
    n_failed += 1
    print(f"FAIL: {what}\n\t" + said.strip().replace("\n", "\n\t")[:2000])


def check(what, graph, stream, wanted):
    """wanted: the error's text from its place on, or 'read N = ...'."""
    graph = f"read - ! {graph}"
    if " ! write" not in graph:
        graph += " ! csv.format ! write out.csv sync=off"
    bound = bound_of(graph)
    status, said, most = run(graph, stream)
    fails = not wanted.startswith("read ")
    note(f"{what}: {wanted}", wanted in said and
         (status == 1 if fails else status == 0), f"status {status}: {said}")
    # a fork of this very process is what the system begins to count with
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    note(f"{what}: memory", most <= max(bound, own),
         f"{most} bytes were taken, {bound:.0f} proved: {graph}")
    left = [name for name in os.listdir(".")]
    note(f"{what}: output", left == ([] if fails else ["out.csv"]), str(left))
    for name in left:
        os.remove(name)


# ---- cases ----------------------------------------------------------------------


def check_quotes():
    open_text = "this quote is not closed, its record is not ended after " \
                "1048576 bytes; max_record_bytes=N allows longer records"
    check("a stream of quotes", "csv.parse", of(b'"', MANY),
          "stdin:1:1: this record has not ended after 1048576 bytes")
    check("one quote, then no end", "csv.parse",
          both(b'a,b\n1,2\n3,"', of(b"x\n", MANY)), f"stdin:3:3: {open_text}")
    check("one quote, and lines that are right behind it",
          "csv.parse on_error=skip",
          both(b'a,b\n1,2\n3,"', of(b"4,5\n", MANY)), "read ")
    check("a stream of quotes, skipped", "csv.parse on_error=skip",
          both(b"a,b\n1,2\n", of(b'"', MANY)), "read 2 = written 1 ")
    check("quotes inside fields", "csv.parse",
          both(b"a,b\n", of(b'x"y"",z"\n', MANY // 16 * 9)),
          f"read {MANY // 16} = written {MANY // 16} ")


def check_brackets():
    deep = "more than 64 objects and lists inside each other"
    check("a million open brackets", "json.parse",
          both(b'{"a":', of(b"[", 10**6), b"\n"), f"stdin:1:69: {deep}")
    check("a million open objects", "json.parse schema=\"b:int64\"",
          of(b'{"a":', 10**6 - 10**6 % 5), f"stdin:1:321: {deep}")
    check("brackets without end", "json.parse", of(b"[", MANY),
          "stdin:1:1: this line is longer than 1048576 bytes")
    check("brackets in a column", "csv.parse header=off sep=tab ! "
          "json.path x=$.a from=c1", both(of(b"[", 10**6), b"\n"),
          f"stdin:1:1: {deep}")
    check("a line for each bracket, skipped",
          "json.parse schema=\"a:int64\" on_error=skip",
          both(b'{"a":1}\n', of(b"[\n", 2 * 10**6)),
          "read 1000001 = written 1 ")


def check_bytes():
    check("NUL bytes without end", "csv.parse", of(b"\0", MANY),
          "stdin:1:1: this record has not ended after 1048576 bytes")
    check("a name with NUL", "csv.parse", [b"a\0,b\n1,2\n"],
          "stdin:1:1: a column name has a NUL byte in it")
    check("fields of NUL", "csv.parse",
          both(b"a,b\n", of(b"\0,\0\0\n", 5 * 10**6)),
          "read 1000000 = written 1000000 ")
    check("NUL in JSON", "json.parse",
          both(of(b'{"a":1}\n', 8000), b'{"a":\0}\n'), "stdin:1001:6: ")
    check("a string that is no UTF-8", "json.parse",
          both(of(b'{"a":"x"}\n', 10000), b'{"a":"\xc3("}\n'),
          "stdin:1001:7: bytes that are not UTF-8")
    check("a text that is no UTF-8, to JSON",
          "csv.parse ! json.format ! write out.csv sync=off",
          both(b"a,b\n", of(b"1,x\n", 4000), b"1,\xff\xfe\n"),
          "read 1001 = written 1001 ")
    check("a number without end", "csv.parse schema=\"a:int64\" ! "
          "where \"a > 1\"", both(b"a\n", of(b"9", 10**6), b"\n"),
          "stdin:2:1: column 'a' has '99999")


def check_columns():
    names = b",".join(b"column_%d" % k for k in range(300)) + b"\n"
    row = b",".join([b"12345"] * 300) + b"\n"
    check("300 columns, ragged", "csv.parse",
          both(names, of(row, 5000 * len(row)), b",".join([b"1"] * 299),
               b"\n"),
          "stdin:5002:1: row has 299 fields, the header has 300")
    check("300 columns, ragged, skipped", "csv.parse on_error=skip",
          both(names, of(row + row[6:], 10**4 * (2 * len(row) - 6))),
          "read 20000 = written 10000 + filtered 0 + failed 10000")
    check("a header of 100 000 columns", "csv.parse",
          both(b",".join(b"c%d" % k for k in range(10**5)), b"\n"),
          "stdin:1:1: the header is too long: at most 4096 columns")
    check("a row of a million columns", "csv.parse",
          both(b"a,b\n1,2\n", of(b",", 10**6), b"\n"), "stdin:3:1: row has ")
    check("commas without end", "csv.parse", of(b",", MANY),
          "stdin:1:1: this record has not ended after 1048576 bytes")
    check("a name of 100 000 bytes", "csv.parse",
          both(of(b"n", 10**5), b",b\n1,2\n"),
          "stdin:1:1: the header is too long")
    check("a million keys", "json.parse",
          both(b"{", b",".join(b'"%d":1' % k for k in range(80000)), b"}\n"),
          "columns")


def check_lines():
    long_text = "after 1048576 bytes; max_record_bytes=N"
    check("a record longer than it may be", "csv.parse",
          both(b"a,b\n1,", of(b"x", 2 << 20), b"\n3,4\n"),
          f"stdin:2:1: this record has not ended {long_text}")
    check("a record as long as is said", "csv.parse max_record_bytes=4M",
          both(b"a,b\n1,", of(b"x", 2 << 20), b"\n3,4\n"),
          "read 2 = written 2 ")
    check("a record longer than it may be, skipped",
          "csv.parse on_error=skip",
          both(b"a,b\n1,", of(b"x", MANY), b"\n3,4\n"),
          "read 2 = written 1 + filtered 0 + failed 1")
    for stages in ("lines.parse ! lines.format ! write out.csv sync=off",
                   "json.parse", "csv.parse ! count"):
        check("a line without end", stages, of(b"x", MANY), "stdin:1:1: ")
    check("a length of 4 GiB",
          "length.parse prefix=u32be ! lines.format ! write out.csv sync=off",
          both(b"\xff\xff\xff\xff", of(b"x", MANY)), "max_record_bytes")
    check("newlines without end", "csv.parse ! count",
          both(b"a,b\n1,2\n", of(b"\n", MANY)), "read 1 ")
    check("CR without end", "csv.parse",
          both(b"a,b\n", of(b"\r", MANY)),
          f"stdin:2:1: this record has not ended {long_text}")
    check("line ends of Windows across every edge", "csv.parse ! count",
          both(b"a,b\r\n", of(b'1,"x\r\n"\r\n', 9 * 10**6)), "read 1000000 ")


def check_texts():
    """What the command itself is given."""
    for what, graph, wanted in (
            ("many parentheses", f"where \"{'(' * 10**5}1\"", "over 16384"),
            ("a graph of many words", "head 1 ! " * 12000 + "write -", ""),
            ("a stage with a long name", "x" * 10**5, "unknown stage")):
        done = subprocess.run(
            [leat, "check", f"read - ! csv.parse ! {graph}"],
            stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS,
            check=False)
        said = done.stderr.decode(errors="replace")
        note(what, done.returncode in (1, 2) and wanted in said and
             len(said) < 4000, f"status {done.returncode}: {said}")


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for part in (check_quotes, check_brackets, check_bytes, check_columns,
                     check_lines, check_texts):
            part()
        os.chdir("/")
    print(f"{n_passed} passed, {n_failed} failed")
    return n_failed != 0


if __name__ == "__main__":
    sys.exit(main())
