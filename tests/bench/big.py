#!/usr/bin/env python3
"""Does time grow with the input, and memory by nothing?

count, filter_project and group, as etl has them, over a gigabyte of wide rows
and over ten of them: a folder of ten links to the one file, read by a pattern.
Around each run over ten there are ten over one, half of them before it and half
behind, so that whatever else the machine does meets both alike: `growth` is the
time of the one by that of the ten, of the wall and of all cores; 1 is a time
that grows as the input does, beside the start of a process, which the ten pay
ten times. The peak of memory is compared too, and what comes out is checked:
every count and sum is ten times as large.
--times N reads N gigabytes, --bytes N takes another file size.
"""
import csv
import os
import pathlib
import sys
import tempfile

ROOT = pathlib.Path(os.environ.get("LEAT_SOURCE_DIR", next(
    (p for p in pathlib.Path(__file__).resolve().parents
     if (p / "tests/bench/support").is_dir()), ".")))
sys.path.insert(0, str(ROOT / "tests/bench/support"))

import bench  # noqa: E402
import rows  # noqa: E402

CASES = {
    "count": "read {0}/*.csv ! count ! write {1} sync=off",
    "filter_project": "read {0}/*.csv ! where \"delay > 60\" ! "
                      "select date,origin,delay ! write {1} sync=off",
    "group": "read {0}/*.csv ! group by=origin n=count() "
             "total=sum(delay) ! write {1} sync=off",
}


def links(folder, path, times):
    """A folder with so many links to a file."""
    folder.mkdir()
    for k in range(times):
        (folder / f"{k:04}.csv").symlink_to(path)
    return folder


def answer(case, path):
    """What is to grow with the input: rows, or every number of every group."""
    with open(path, newline="", encoding="utf-8") as lines:
        if case == "filter_project":
            return {"rows": sum(1 for _ in lines) - 1}
        table = csv.reader(lines)
        next(table)
        if case == "count":
            return {"rows": int(next(table)[0])}
        return {row[0]: [float(x) for x in row[1:]] for row in table}


def is_multiple(small, large, times):
    """Is every number of `large` that of `small`, so many times?"""
    return small.keys() == large.keys() and all(
        large[key] == ([x * times for x in value]
                       if isinstance(value, list) else value * times)
        for key, value in small.items())


def run_one(case, times, folder, out, results):
    """One run, its seconds of wall and cores; None: it failed."""
    run = bench.Run([bench.command(__file__), "run", "-q",
                     CASES[case].format(folder, out)],
                    out.with_suffix(".stdout"))
    if run.status != 0:
        results.note(f"{case}: status {run.status}\n{run.complaint}")
        return None
    per = f"x{times}"
    results.add(case, per, "cpu s", run.cpu_seconds / times)
    results.add(case, per, "s", run.seconds / times)
    results.add(case + "_peak", per, "MiB", run.peak_mib)
    return run


def measure_round(case, folders, out, times, results):
    """As many small runs around a large one; the answers, or None."""
    answers, seconds, cpu = {}, {1: 0, times: 0}, {1: 0, times: 0}
    half = times // 2
    for size in [1] * half + [times] + [1] * (times - half):
        run = run_one(case, size, folders[size], out, results)
        if not run:
            return None
        answers[size] = answer(case, out)
        seconds[size] += run.seconds
        cpu[size] += run.cpu_seconds
    results.add(case + "_growth", "wall", "x", seconds[times] / seconds[1])
    results.add(case + "_growth", "cpu", "x", cpu[times] / cpu[1])
    return answers


def measure(case, folders, out, options, results):
    """False: a run failed, or its answer is wrong."""
    for _ in range(options.n):
        answers = measure_round(case, folders, out, options.times, results)
        if not answers or not is_multiple(answers[1], answers[options.times],
                                          options.times):
            return False
    return True


def main():
    parser = bench.arguments(__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--times", type=int, default=10, metavar="N")
    parser.add_argument("--bytes", type=int, default=rows.BYTES,
                        help="size of the file (default 10^9)")
    parser.add_argument("--case", metavar="LIST", help="of " +
                        ",".join(CASES))
    options = parser.parse_args()
    results = bench.Results("big", options)
    big = rows.Big("wide", options.bytes)
    chosen = options.case.split(",") if options.case else CASES
    with tempfile.TemporaryDirectory(dir=bench.bench_dir()) as work:
        work = pathlib.Path(work)
        folders = {times: links(work / f"x{times}", big.path, times)
                   for times in (1, options.times)}
        for case in chosen:
            if not measure(case, folders, work / "out", options, results):
                results.note(f"{case}: the answer does not grow as the input")
                results.is_wrong = True
    results.note("seconds are those of a gigabyte: of all divided by the times")
    results.print()
    return 1 if results.is_wrong else 0


sys.exit(main())
