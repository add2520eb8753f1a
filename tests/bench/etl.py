#!/usr/bin/env python3
"""CSV jobs against the tools that people use for them.

count           how many records
filter_project  where delay > 60, keep 3 columns; CSV to CSV on disk

each over a gigabyte of wide rows (15 columns, some quoted) and of narrow ones
(5 columns). Every subject is a process of its own, start-up included, with two
threads where it can use them. The first, unmeasured run of each is the warm-up
and the check against Python's csv reader: whose result differs is left out. Peak memory of the
same runs is measured too.
"""
import hashlib
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

TASKS = ["count", "filter_project"]
# npm passes over Polars' native half where it wants a newer node: name it.
CPU = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), "x64")
PACKAGES = {
    "duckdb": ["@duckdb/node-api"],
    "polars": ["nodejs-polars", f"nodejs-polars-linux-{CPU}-gnu"],
}
MAWK = {"count": "END { print NR - 1 }",
        "filter_project": "NR == 1 || $2 > 60 { print $1, $4, $2 }"}
LEAT = 'read {0} ! where "delay > 60" ! select date,origin,delay ! ' \
       'write {1} sync=off'


# ---- subjects ----------------------------------------------------------------

class Subject:
    """A tool: how to run a task with it, and on how much of the file."""

    def __init__(self, name, argv, n_tenths=10, env=None):
        self.name, self.argv, self.n_tenths = name, argv, n_tenths
        self.env = dict(os.environ, **(env or {}))

    def run(self, task, big, out):
        """The result is at out, whether the tool writes or prints it."""
        path = big.path if self.n_tenths == 10 else big.tenth_path
        out.unlink(missing_ok=True)
        printed = out.with_suffix(".printed")
        run = bench.Run(self.argv(task, str(path), str(out)), printed,
                        self.env)
        if out.exists():
            printed.unlink()
        else:
            printed.rename(out)
        return run


def leat_argv(command):
    def argv(task, path, out):
        if task == "count":
            return [command, "run", f"read {path} ! count"]
        return [command, "run", LEAT.format(path, out)]
    return argv


def mawk_argv(task, path, _):
    return ["mawk", "-F,", "-v", "OFS=,", MAWK[task], path]


def mlr_argv(task, path, _):
    if task == "count":
        return ["mlr", "--icsv", "--ocsv", "count", path]
    return ["mlr", "--csv", "filter", "$delay > 60", "then",
            "cut", "-o", "-f", "date,origin,delay", path]


def node_argv(modules, script):
    def argv(task, path, out):
        return ["node", str(ROOT / "tests/bench/support" / script),
                str(modules), task, path, out, "2"]
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
    for subject in (Subject("mawk", mawk_argv), Subject("mlr", mlr_argv, 1)):
        if shutil.which(subject.name):
            found.append(subject)
        else:
            results.note(f"{subject.name} is not installed and left out")
    modules, there = node_rivals(options, results)
    for name in there:
        found.append(Subject(name, node_argv(modules, f"{name}.js"),
                             env={"POLARS_MAX_THREADS": "2"}))
    only = options.only.split(",") if options.only else None
    return [s for s in found if not only or s.name in only]


# ---- the same answer? --------------------------------------------------------

def describe(header, lines):
    digest = hashlib.sha256(b"\n".join(lines)).hexdigest()
    return f"{len(lines)} rows, header {header.decode()}, {digest[:12]}"


def answer(task, out):
    """What a result says, without the order of its rows."""
    text = out.read_bytes()
    if task == "count":
        return text.split()[-1].decode() if text.strip() else "nothing"
    lines = text.splitlines() or [b""]
    return describe(lines[0], sorted(lines[1:]))


def reference(task, big, n_tenths):
    """The right answer, known from the rows themselves: no subject says it."""
    if task == "count":
        return str(big.n_rows * n_tenths // 10)
    return describe(b"date,origin,delay", big.late_lines(n_tenths))


def warm_up(case, task, big, found, out, results):
    """Run each once and compare: the size of each right result by subject."""
    sizes, wanted, agreed = {}, {}, {}
    for subject in found:
        tenths = subject.n_tenths
        if tenths not in wanted:
            wanted[tenths] = reference(task, big, tenths)
        run = subject.run(task, big, out)
        got = answer(task, out) if run.status == 0 else \
            f"status {run.status}: {run.complaint}"
        if got == wanted[tenths]:
            sizes[subject] = out.stat().st_size
            agreed.setdefault(tenths, []).append(subject.name)
        else:
            results.note(f"{case}: {subject.name} says {got}, expected "
                         f"{wanted[tenths]}; left out")
            results.is_wrong |= subject.name == bench.SUBJECT
    for tenths, names in agreed.items():
        results.note(f"{case}, {tenths}/10 of the file: {wanted[tenths]}, "
                     f"from {', '.join(names)}")
    return sizes


# ---- measuring ---------------------------------------------------------------

def measure_one(case, task, big, subject, size, out, results):
    """A run counts only if it ends well, with as much as was verified."""
    run = subject.run(task, big, out)
    if run.status != 0 or out.stat().st_size != size:
        sys.exit(f"{case}: {subject.name} failed in a measured run, status "
                 f"{run.status}\n{run.complaint}")
    results.add(case, subject.name, "s", run.seconds * 10 / subject.n_tenths)
    results.add(case + "_peak", subject.name, "MiB", run.peak_mib)


def measure(case, task, big, found, results):
    out = bench.bench_dir() / "out.csv"
    sizes = warm_up(case, task, big, found, out, results)
    for subject in sizes:
        if subject.n_tenths != 10:
            results.note(f"{case}: {subject.name} reads a tenth of the file; "
                         "its seconds are times ten")
    for _ in range(results.options.n):
        for subject, size in sizes.items():
            measure_one(case, task, big, subject, size, out, results)
    out.unlink(missing_ok=True)


def main():
    parser = bench.arguments(__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--bytes", type=int, default=rows.BYTES,
                        help="size of each big file (default 10^9)")
    parser.add_argument("--only", metavar="LIST",
                        help="subjects to run, separated by commas")
    parser.add_argument("--case", metavar="LIST", help="cases to run, as "
                        "count,filter_project,count_narrow,...")
    parser.add_argument("--no-install", action="store_true",
                        help="do not fetch rivals with npm")
    options = parser.parse_args()
    results = bench.Results("etl", options)
    found = subjects(options, results)
    for name in rows.NAMES:
        big = rows.Big(name, options.bytes)
        for task in TASKS:
            case = task if name == "wide" else f"{task}_{name}"
            if not options.case or case in options.case.split(","):
                measure(case, task, big, found, results)
    results.print()
    return 1 if results.is_wrong else 0


sys.exit(main())
