#!/usr/bin/env python3
"""ETL jobs against the tools that people use for them.

count           how many records
filter_project  where delay > 60, keep 3 columns; CSV to CSV
group           by origin: count, sum and mean of the delay
to_ndjson       CSV to NDJSON
from_ndjson     NDJSON, filter_project, to CSV
from_zst, from_gz  filter_project of compressed files
top             the ten rows of the greatest distance
distinct        how many ids there are, of which each comes twice
sort            the whole file by its five columns of a flight
join            the origin's name, city and state by a table of 3 376 airports

each over a gigabyte of wide rows (15 columns, some quoted); count and
filter_project of narrow ones (5 columns) too. Every subject is a process of its
own, start-up included, with two threads where it can use them. The first,
unmeasured run of each is the warm-up and the check against Python's csv reader:
whose result differs is left out. Peak memory of the same runs is measured too.
"""
import csv
import hashlib
import io
import os
import pathlib
import platform
import shutil
import subprocess
import sys

ROOT = pathlib.Path(os.environ.get("LEAT_SOURCE_DIR", next(
    (p for p in pathlib.Path(__file__).resolve().parents
     if (p / "tests/bench/support").is_dir()), ".")))
sys.path.insert(0, str(ROOT / "tests/bench/support"))

import bench  # noqa: E402
import rows  # noqa: E402

# npm passes over Polars' native half where it wants a newer node: name it.
CPU = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), "x64")
PACKAGES = {
    "duckdb": ["@duckdb/node-api"],
    "polars": ["nodejs-polars", f"nodejs-polars-linux-{CPU}-gnu"],
}
SORTED = ["date", "origin", "destination", "delay", "distance"]
LATE = 'read {0} ! where "delay > 60" ! select date,origin,delay ! ' \
       'write {1} sync=off'
JOINED = ["date", "delay", "origin", "destination", "name", "city", "state"]


# ---- cases -------------------------------------------------------------------

class Case:
    """A job: what it reads, leat's text for it, the others' where they have
    one, and what is compared of a result."""

    def __init__(self, name, text, answer, wanted, file="wide.csv",
                 suffix=".csv", shell=None):
        self.name, self.text, self.file = name, text, file
        self.answer, self.wanted = answer, wanted
        self.suffix, self.shell = suffix, shell or {}
        self.task = name.replace("_narrow", "")

    def path(self, bigs, n_tenths):
        big = bigs["narrow" if self.file.startswith("narrow") else "wide"]
        if n_tenths != 10:
            return big.tenth_path
        if self.file.endswith(".ndjson"):
            return big.ndjson()
        if self.file == "keys.csv":
            return big.keys()
        if self.file.endswith(".csv"):
            return big.path
        return big.packed(pathlib.Path(self.file).suffix)


def digest(lines):
    return hashlib.sha256(b"".join(lines)).hexdigest()[:12]


def number(out):
    text = out.read_bytes()
    return text.split()[-1].decode() if text.strip() else "nothing"


def lines_in_any_order(out):
    lines = out.read_bytes().splitlines(keepends=True)
    return f"{len(lines)} lines, {digest(sorted(lines[1:]))}"


def lines_in_order(out):
    state = hashlib.sha256()
    with out.open("rb") as file:
        while piece := file.read(1 << 24):
            state.update(piece)
    return f"{out.stat().st_size} bytes, {state.hexdigest()[:12]}"


def groups(out):
    """Means as far as their printing agrees."""
    with out.open(encoding="utf-8", newline="") as file:
        found = sorted((row[0], row[1], row[2], f"{float(row[3]):.6f}")
                       for row in list(csv.reader(file))[1:])
    return f"{len(found)} groups, {digest(repr(found).encode().splitlines())}"


def distances(out):
    with out.open(encoding="utf-8", newline="") as file:
        return " ".join(sorted(row["distance"]
                               for row in csv.DictReader(file)))


# ---- what is right, known from the rows themselves: no subject says it -------

def want_count(big, n_tenths):
    return str(big.n_rows * n_tenths // 10)


def want_late(big, n_tenths):
    late = [f"{row['date']},{row['origin']},{row['delay']}\n".encode()
            for row in rows.records(big.name) if int(row["delay"]) > 60]
    lines = sorted(late * (big.tenths * n_tenths))
    return f"{len(lines) + 1} lines, {digest(lines)}"


def want_groups(big, _):
    delays = {}
    for row in rows.records(big.name):
        delays.setdefault(row["origin"], []).append(int(row["delay"]))
    found = sorted((origin, str(len(all_) * big.times),
                    str(sum(all_) * big.times),
                    f"{sum(all_) / len(all_):.6f}")
                   for origin, all_ in delays.items())
    return f"{len(found)} groups, {digest(repr(found).encode().splitlines())}"


def want_bytes(header, body, times):
    state = hashlib.sha256(header)
    for _ in range(times):
        state.update(body)
    return f"{len(header) + len(body) * times} bytes, " \
        f"{state.hexdigest()[:12]}"


def want_ndjson(big, _):
    return want_bytes(b"", rows.ndjson(), big.times)


def want_top(big, _):
    most = max(int(row["distance"]) for row in rows.records(big.name))
    return " ".join([str(most)] * 10)


def want_distinct(big, _):
    return str(big.n_rows // 2)


def want_sorted(big, _):
    header, body = rows.block(big.name)
    found = rows.records(big.name)
    order = sorted(range(len(found)), key=lambda k: (
        found[k]["date"], found[k]["origin"], found[k]["destination"],
        int(found[k]["delay"]), int(found[k]["distance"])))
    lines = body.splitlines(keepends=True)
    state = hashlib.sha256(header)
    for k in order:
        state.update(lines[k] * big.times)
    return f"{len(header) + len(body) * big.times} bytes, " \
        f"{state.hexdigest()[:12]}"


def want_joined(big, _):
    known = rows.airports()
    header = ",".join(JOINED).encode() + b"\n"
    body = rows.as_csv([row["date"], row["delay"], row["origin"],
                        row["destination"]] + known[row["origin"]][:3]
                       for row in rows.records(big.name))
    lines = sorted(body.splitlines(keepends=True) * big.times)
    return f"{len(lines) + 1} lines, {digest(lines)}", header


AIRPORTS = rows.source("airports.csv")
GNU_SORT = "head -n 1 {0} >{1} && tail -n +2 {0} | LC_ALL=C sort -S1G " \
    "--parallel=2 -t, -k1,1 -k4,4 -k5,5 -k2,2n -k3,3n >>{1}"
CASES = [
    Case("count", "read {0} ! count", number, want_count,
         shell={"mawk": "mawk -F, 'END { print NR - 1 }' {0}",
                "mlr": "mlr --icsv --ocsv count {0}"}),
    Case("filter_project", LATE, lines_in_any_order, want_late, shell={
        "mawk": "mawk -F, -v OFS=, 'NR == 1 || $2 > 60 { print $1, $4, $2 }' "
                "{0}",
        "mlr": "mlr --csv filter '$delay > 60' then "
               "cut -o -f date,origin,delay {0}"}),
    Case("count_narrow", "read {0} ! count", number, want_count,
         "narrow.csv"),
    Case("filter_project_narrow", LATE, lines_in_any_order, want_late,
         "narrow.csv"),
    Case("group", "read {0} ! group by=origin n=count() total=sum(delay) "
         "mean=avg(delay) ! write {1} sync=off", groups, want_groups),
    Case("to_ndjson", "read {0} ! write {1} sync=off", lines_in_order,
         want_ndjson, suffix=".ndjson"),
    Case("from_ndjson", LATE, lines_in_any_order, want_late, "wide.ndjson"),
    Case("from_zst", LATE, lines_in_any_order, want_late, "wide.csv.zst"),
    Case("from_gz", LATE, lines_in_any_order, want_late, "wide.csv.gz"),
    Case("top", 'read {0} ! top 10 by="distance desc" ! write {1} sync=off',
         distances, want_top),
    Case("distinct", "read {0} ! group n=distinct(id) memory=256M", number,
         want_distinct, "keys.csv"),
    Case("sort", "read {0} ! sort by=" + ",".join(SORTED) +
         " memory=900M ! write {1} sync=off", lines_in_order, want_sorted,
         shell={"gnu": GNU_SORT}),
    Case("join", f"read {{0}} ! lookup {AIRPORTS} on=origin=iata "
         f"take=name,city,state ! select {','.join(JOINED)} ! "
         "write {1} sync=off", lines_in_any_order,
         lambda big, n: want_joined(big, n)[0]),
]


# ---- subjects ----------------------------------------------------------------

class Subject:
    """A tool: how to run a case with it (None: it has no part in it), and on
    how much of the file."""

    def __init__(self, name, argv, n_tenths=10, env=None):
        self.name, self.argv, self.n_tenths = name, argv, n_tenths
        self.env = dict(os.environ, **(env or {}))

    def run(self, case, path, out):
        """The result is at out, whether the tool writes or prints it."""
        out.unlink(missing_ok=True)
        printed = out.with_suffix(".printed")
        run = bench.Run(self.argv(case, str(path), str(out)), printed,
                        self.env)
        if out.exists():
            printed.unlink()
        else:
            printed.rename(out)
        return run


def leat_argv(command):
    def argv(case, path, out):
        return [command, "run", case.text.format(path, out)]
    return argv


def shell_argv(name):
    def argv(case, path, out):
        text = case.shell.get(name)
        if not text:
            return None
        for at, value in enumerate((path, out)):
            text = text.replace("{%d}" % at, value)
        return ["sh", "-c", text if "&&" in text else "exec " + text]
    return argv


def node_argv(modules, script):
    def argv(case, path, out):
        return ["node", str(ROOT / "tests/bench/support" / script),
                str(modules), case.task, path, out, str(AIRPORTS)]
    return argv


def install(folder):
    """Fetch all that npm brings, in one call, so that none prunes another."""
    if not (folder / "package.json").exists():
        (folder / "package.json").write_text('{"private": true}\n')
    names = [name for names in PACKAGES.values() for name in names]
    subprocess.run(["npm", "install", "--silent"] + names, cwd=folder,
                   check=False, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def installed(folder):
    if not shutil.which("node"):
        return []
    return [rival for rival, names in PACKAGES.items() if all(
        (folder / "node_modules" / name).is_dir() for name in names)]


def node_rivals(options, results):
    """The folder with the rivals that npm brings; the names of those there."""
    folder = bench.bench_dir() / "node"
    folder.mkdir(exist_ok=True)
    there = installed(folder)
    if len(there) < len(PACKAGES) and not options.no_install and \
            shutil.which("npm"):
        install(folder)
        there = installed(folder)
    for rival in PACKAGES:
        if rival not in there:
            results.note(f"{rival} is not installed and left out")
    return folder, there


def subjects(options, results):
    command = bench.command(__file__)
    found = []
    if pathlib.Path(command).is_file():
        found.append(Subject("leat", leat_argv(command)))
    else:
        results.note(f"leat is not built at {command} and left out")
    for name, n_tenths in (("mawk", 10), ("mlr", 1)):
        if shutil.which(name):
            found.append(Subject(name, shell_argv(name), n_tenths))
        else:
            results.note(f"{name} is not installed and left out")
    found.append(Subject("gnu", shell_argv("gnu")))
    modules, there = node_rivals(options, results)
    for name in there:
        found.append(Subject(name, node_argv(modules, f"{name}.js"),
                             env={"POLARS_MAX_THREADS": "2"}))
    only = options.only.split(",") if options.only else None
    return [s for s in found if not only or s.name in only]


# ---- the same answer? --------------------------------------------------------

def warm_up(case, bigs, found, out, results):
    """Run each once and compare: the size of each right result by subject."""
    big = bigs["narrow" if case.file.startswith("narrow") else "wide"]
    sizes, wanted, agreed = {}, {}, {}
    for subject in found:
        if subject.argv(case, "in", "out") is None:
            continue
        tenths = subject.n_tenths
        if tenths not in wanted:
            wanted[tenths] = case.wanted(big, tenths)
        run = subject.run(case, case.path(bigs, tenths), out)
        got = case.answer(out) if run.status == 0 else \
            f"status {run.status}: {run.complaint}"
        if got == wanted[tenths]:
            sizes[subject] = out.stat().st_size
            agreed.setdefault(tenths, []).append(subject.name)
        else:
            results.note(f"{case.name}: {subject.name} says {got}, expected "
                         f"{wanted[tenths]}; left out")
            results.is_wrong |= subject.name == bench.SUBJECT
    for tenths, names in agreed.items():
        results.note(f"{case.name}, {tenths}/10 of the file: "
                     f"{wanted[tenths]}, from {', '.join(names)}")
    return sizes


# ---- measuring ---------------------------------------------------------------

def measure_one(case, path, subject, size, out, results):
    """A run counts only if it ends well, with as much as was verified."""
    run = subject.run(case, path, out)
    if run.status != 0 or out.stat().st_size != size:
        sys.exit(f"{case.name}: {subject.name} failed in a measured run, "
                 f"status {run.status}\n{run.complaint}")
    results.add(case.name, subject.name, "s",
                run.seconds * 10 / subject.n_tenths)
    results.add(case.name + "_peak", subject.name, "MiB", run.peak_mib)


def measure(case, bigs, found, results):
    out = pathlib.Path(results.options.out) / f"leat-bench-out{case.suffix}"
    sizes = warm_up(case, bigs, found, out, results)
    for subject in sizes:
        if subject.n_tenths != 10:
            results.note(f"{case.name}: {subject.name} reads a tenth of the "
                         "file; its seconds are times ten")
    for _ in range(results.options.n):
        for subject, size in sizes.items():
            path = case.path(bigs, subject.n_tenths)
            measure_one(case, path, subject, size, out, results)
    out.unlink(missing_ok=True)


def main():
    parser = bench.arguments(__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--bytes", type=int, default=rows.BYTES,
                        help="size of each big file (default 10^9)")
    parser.add_argument("--only", metavar="LIST",
                        help="subjects to run, separated by commas")
    parser.add_argument("--case", metavar="LIST", help="cases to run, as "
                        "count,filter_project,group,...")
    parser.add_argument("--out", default=str(bench.bench_dir()),
                        metavar="FOLDER", help="where results are written")
    parser.add_argument("--no-install", action="store_true",
                        help="do not fetch rivals with npm")
    options = parser.parse_args()
    results = bench.Results("etl", options)
    found = subjects(options, results)
    bigs = {name: rows.Big(name, options.bytes) for name in rows.NAMES}
    chosen = options.case.split(",") if options.case else None
    for case in CASES:
        if not chosen or case.name in chosen:
            measure(case, bigs, found, results)
    results.print()
    return 1 if results.is_wrong else 0


sys.exit(main())
