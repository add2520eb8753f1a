#!/usr/bin/env python3
"""Where others lose data and say nothing: leat does not.

A file of 60 000 rows with one defect in the middle, beyond every sample. Each
test is named after what others do with it: an end with status 0 and rows
missing, another answer for another projection, nulls for what is not there,
half an output under its final name. usage: tests/peers_lose.py [COMMAND]

Near to these, elsewhere: every beginning of a compressed file and flipped bits
in tests/formats.py; NaN, overflow and texts as numbers in tests/expressions.py
and tests/unit/table/expr_*.c; fields without end in tests/giant.py; what stands
under the final name after a failure or a signal in tests/cli.sh.
"""
import csv
import gzip
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
SECONDS = 120
N = 60000
AT = 30000  # the row with the defect, from 0; on line AT + 2

csv.field_size_limit(1 << 30)
leat = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else
                       ROOT / "build" / "leat")
n_passed = n_failed = 0


class Failed(Exception):
    """Something is not as it should be."""


def rows():
    return [[str(k), f"name {k % 97}", str(k * 7 % 180 - 30), "x" * (k % 23)]
            for k in range(N)]


NAMES = ["id", "name", "delay", "note"]


def as_csv(table, newline="\n"):
    text = io.StringIO()
    csv.writer(text, lineterminator=newline).writerows([NAMES] + table)
    return text.getvalue()


def put(name, data):
    with open(name, "wb") as file:
        file.write(data.encode() if isinstance(data, str) else data)


def with_line(text, line):
    """The line of row AT is another one."""
    lines = text.split("\n")
    lines[AT + 1] = line
    return "\n".join(lines)


def run(graph):
    """Status and what it said; the output is out.csv, if there is one."""
    if os.path.exists("out.csv"):
        os.remove("out.csv")
    done = subprocess.run([leat, "run", graph], capture_output=True, text=True,
                          timeout=SECONDS, errors="replace", check=False)
    return done.returncode, done.stderr


def want(is_good, *said):
    if not is_good:
        raise Failed(" ".join(str(x) for x in said)[:1500])


def fails(graph, *texts):
    status, said = run(graph)
    want(status == 1, f"status {status}: {graph}: {said}")
    for text in texts:
        want(text in said, f"'{text}' is not in: {said}")
    want(not os.path.exists("out.csv"), "there is an output", os.listdir("."))


def read(name="out.csv"):
    with open(name, newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def gives(graph, table=None):
    status, said = run(graph)
    want(status == 0, f"status {status}: {graph}: {said}")
    found = read()
    if table is not None:
        want(found[1:] == table,
             f"{graph}: {len(found) - 1} rows, wanted {len(table)}; first "
             "other:", next((pair for pair in zip(found[1:], table)
                             if pair[0] != pair[1]), None))
    return found[1:], said


PROJECTIONS = ["", "select id ! ", "select note,id ! ", "select delay ! "]


def same_for_every_projection(parser, n_rows, n_failed_rows):
    """As many rows, and the same ones, whatever is asked for."""
    for projection in PROJECTIONS:
        found, said = gives(f"read in.csv ! {parser} ! {projection}"
                            "write out.csv sync=off")
        want(len(found) == n_rows, parser, projection, len(found), n_rows)
        want(f"failed {n_failed_rows} ({n_failed_rows} skipped)\n" in said,
             said)
    gives(f"read in.csv ! {parser} ! count ! write out.csv sync=off",
          [[str(n_rows)]])


# ---- tests ----------------------------------------------------------------------


def a_truncated_zst_is_no_shorter_file():
    if not shutil.which("zstd"):
        return
    packed = subprocess.run(["zstd", "-c", "-q"], input=as_csv(rows()).encode(),
                            stdout=subprocess.PIPE, check=True).stdout
    for n in (len(packed) // 2, len(packed) - 1, len(packed) - 4, 100):
        put("in.csv.zst", packed[:n])
        for graph in ("read in.csv.zst ! write out.csv sync=off",
                      "read in.csv.zst ! csv.parse on_error=skip ! "
                      "write out.csv sync=off",
                      "read in.csv.zst ! count ! write out.csv sync=off"):
            fails(graph, "truncated")


def a_truncated_or_damaged_gz_is_told_as_that():
    packed = gzip.compress(as_csv(rows()).encode())
    put("in.csv.gz", packed[:len(packed) // 2])
    fails("read in.csv.gz ! csv.parse on_error=skip ! write out.csv sync=off",
          "gzip", "truncated")
    for at in (len(packed) // 2, len(packed) - 6, len(packed) - 2):
        bad = bytearray(packed)
        bad[at] ^= 4
        put("in.csv.gz", bytes(bad))
        fails("read in.csv.gz ! csv.parse on_error=skip ! "
              "write out.csv sync=off", "gzip")


def skipped_errors_are_the_same_for_every_projection():
    good = as_csv(rows())
    put("in.csv", with_line(good, '30000,"open,5,x'))
    fails("read in.csv ! write out.csv sync=off", f"in.csv:{AT + 2}:7: ")
    same_for_every_projection("csv.parse on_error=skip", N - 1, 1)
    put("in.csv", with_line(good, "30000,short"))
    same_for_every_projection("csv.parse on_error=skip", N - 1, 1)
    put("in.csv", with_line(good, "30000,long,1,2,3,4"))
    same_for_every_projection("csv.parse on_error=skip", N - 1, 1)
    put("in.csv", with_line(good, '30000,"a"b,1,2'))
    same_for_every_projection("csv.parse on_error=skip", N - 1, 1)
    put("in.csv", with_line(good, "30000,x,n/a,2"))
    same_for_every_projection(
        "csv.parse schema=delay:int64 strict=on on_error=skip", N - 1, 1)


def a_stray_quote_is_data():
    table = rows()
    table[AT][1] = 'a"b'
    put("in.csv", with_line(as_csv(rows()),
                            ",".join(table[AT])))
    for more in ("", " chunk_bytes=4096"):
        gives(f"read in.csv{more} ! write out.csv sync=off", table)
        gives(f"read in.csv{more} ! count ! write out.csv sync=off",
              [[str(N)]])


def a_quote_opened_on_the_last_row_is_an_error():
    put("in.csv", as_csv(rows()) + '60000,"x,1,2\n')
    fails("read in.csv ! write out.csv sync=off",
          f"in.csv:{N + 2}:7: this quote is not closed before the end")
    fails("read in.csv ! count ! write out.csv sync=off", f"in.csv:{N + 2}:")


def line_ends_of_windows_are_no_data_at_any_block_edge():
    for n in range(64):
        table = [["k" * (n + k % 3), f"v{k}", "1", ""] for k in range(300)]
        put("in.csv", as_csv(table, "\r\n"))
        gives("read in.csv chunk_bytes=4096 ! write out.csv sync=off", table)
        gives("read in.csv chunk_bytes=4096 ! count ! write out.csv sync=off",
              [["300"]])


def line_ends_may_change_in_the_middle():
    text = as_csv(rows())
    half = text.index("\n30000,")
    put("in.csv", text[:half].replace("\n", "\r\n") + text[half:])
    gives("read in.csv ! write out.csv sync=off", rows())


def ragged_rows_are_not_padded():
    good = as_csv(rows())
    for line, n in (("30000,a,1", 3), ("30000,a,1,,x,y", 6), ("30000", 1)):
        put("in.csv", with_line(good, line))
        said = f"in.csv:{AT + 2}:1: row has {n} field"
        for projection in PROJECTIONS + ["count ! "]:
            fails(f"read in.csv ! {projection}write out.csv sync=off", said)


def a_blank_line_is_no_row():
    put("in.csv", as_csv(rows()).replace("\n30000,", "\n\n30000,"))
    gives("read in.csv ! write out.csv sync=off", rows())
    gives("read in.csv ! count ! write out.csv sync=off", [[str(N)]])


def nothing_partial_stands_under_the_final_name():
    put("in.csv", with_line(as_csv(rows()), "30000,short"))
    for text in (None, "kept\n"):
        for formatter in ("csv.format", "json.format", "csv.format ! "
                          "gzip.encode"):
            if text:
                put("final", text)
            status, said = run(f"read in.csv ! {formatter} ! write final "
                               "sync=off")
            want(status == 1, said)
            left = sorted(os.listdir("."))
            want(left == (["final"] if text else []) + ["in.csv"], left)
            want(not text or pathlib.Path("final").read_text() == text,
                 "final is another")
    os.remove("final")


def text_is_not_greater_than_a_number():
    put("in.csv", with_line(as_csv(rows()), "30000,x,n/a,y"))
    wanted = [row for k, row in enumerate(rows())
              if int(row[2]) > 60 and k != AT]
    fails('read in.csv ! where "delay > 60" ! write out.csv sync=off',
          f"in.csv:{AT + 2}:9: ", "'delay' has 'n/a'")
    gives('read in.csv ! where "delay > 60" on_error=skip ! '
          "write out.csv sync=off", wanted)
    fails("read in.csv ! sort delay ! write out.csv sync=off", "n/a")
    fails("read in.csv ! group n=sum(delay) ! write out.csv sync=off", "n/a")
    fails("read in.csv ! cast delay:int64 ! write out.csv sync=off", "n/a")


def a_json_string_is_not_greater_than_a_number():
    lines = [json.dumps({"id": k, "delay": k % 100}) for k in range(N)]
    lines[AT] = '{"id":30000,"delay":"n/a"}'
    put("in.ndjson", "\n".join(lines) + "\n")
    fails('read in.ndjson ! where "delay > 60" ! write out.csv sync=off',
          f"in.ndjson:{AT + 1}:", "n/a")
    lines[AT] = '{"id":30000,"delay":"99"}'
    put("in.ndjson", "\n".join(lines) + "\n")
    fails('read in.ndjson ! where "delay > 60" ! write out.csv sync=off',
          f"in.ndjson:{AT + 1}:", "99")


def a_bad_line_of_json_is_named_and_no_row_of_nulls():
    lines = [json.dumps({"id": k, "s": "x" * (k % 31)}) for k in range(N)]
    good = [[str(k), "x" * (k % 31)] for k in range(N) if k != AT]
    for line in ('{"id":30000,"s":', '{"id":30000 "s":"x"}', "oops", '{"id":'):
        lines[AT] = line
        put("in.ndjson", "\n".join(lines) + "\n")
        fails("read in.ndjson ! write out.csv sync=off",
              f"in.ndjson:{AT + 1}:")
        found, said = gives("read in.ndjson ! json.parse on_error=skip ! "
                            "write out.csv sync=off", good)
        want("failed 1 (1 skipped)\n" in said and len(found) == N - 1, said)
        gives("read in.ndjson ! json.parse on_error=skip ! count ! "
              "write out.csv sync=off", [[str(N - 1)]])


def what_is_no_utf8_is_the_same_for_every_projection():
    put("in.csv", as_csv(rows()).encode().replace(
        b"\n30000,name", b"\n30000,\xff\xfe"))
    for projection in ("", "select name ! ", "select id,name ! "):
        status, said = run(f"read in.csv ! {projection}write out.csv sync=off")
        want(status == 0, said)
        data = pathlib.Path("out.csv").read_bytes()
        want(data.count(b"\xff\xfe") == 1 and data.count(b"\n") == N + 1,
             projection)


def commas_in_quotes_separate_nothing():
    table = rows()
    for k in range(0, N, 7):
        table[k][1] = f'last, first "{k}"'
        table[k][3] = "two\nlines, and more"
    put("in.csv", as_csv(table))
    gives("read in.csv chunk_bytes=65536 ! write out.csv sync=off", table)
    gives("read in.csv ! group n=count() s=sum(delay) ! write out.csv "
          "sync=off", [[str(N), str(sum(int(row[2]) for row in table))]])


def a_giant_field_is_whole_or_an_error():
    field = "giant, " * (12 << 20)
    table = [["1", "a", "2", "b"], ["3", field, "4", "last"],
             ["5", "c", "6", "d"]]
    put("in.csv", as_csv(table))
    fails("read in.csv ! write out.csv sync=off", "in.csv:3:3: ",
          "max_record_bytes")
    gives("read in.csv max_record_bytes=100M ! write out.csv sync=off", table)
    gives("read in.csv max_record_bytes=100M ! select id,note ! "
          "write out.csv sync=off", [[row[0], row[3]] for row in table])


def numbers_are_not_rounded():
    table = [[str(k), "9007199254740993", "0.1", "9223372036854775807"]
             for k in range(100)]
    put("in.csv", as_csv(table))
    gives("read in.csv ! sort note ! write out.csv sync=off", table)
    gives("read in.csv ! group n=max(note) m=min(name) ! write out.csv "
          "sync=off", [["9223372036854775807", "9007199254740993"]])
    fails("read in.csv ! group n=sum(note) ! write out.csv sync=off", "note")
    fails('read in.csv ! derive "n=note + 1" ! write out.csv sync=off',
          "in.csv:2:")


TESTS = [a_truncated_zst_is_no_shorter_file,
         a_truncated_or_damaged_gz_is_told_as_that,
         skipped_errors_are_the_same_for_every_projection,
         a_stray_quote_is_data, a_quote_opened_on_the_last_row_is_an_error,
         line_ends_of_windows_are_no_data_at_any_block_edge,
         line_ends_may_change_in_the_middle, ragged_rows_are_not_padded,
         a_blank_line_is_no_row, nothing_partial_stands_under_the_final_name,
         text_is_not_greater_than_a_number,
         a_json_string_is_not_greater_than_a_number,
         a_bad_line_of_json_is_named_and_no_row_of_nulls,
         what_is_no_utf8_is_the_same_for_every_projection,
         commas_in_quotes_separate_nothing, a_giant_field_is_whole_or_an_error,
         numbers_are_not_rounded]


def main():
    global n_passed, n_failed
    for test in TESTS:
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            try:
                test()
                n_passed += 1
            except Failed as failed:
                n_failed += 1
                print(f"FAIL: {test.__name__}\n\t" +
                      re.sub(r"\n", "\n\t", str(failed)))
            os.chdir("/")
    print(f"{n_passed} passed, {n_failed} failed")
    return n_failed != 0


if __name__ == "__main__":
    sys.exit(main())
