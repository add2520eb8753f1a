#!/usr/bin/env python3
"""leat's core against its rivals: channels, select, fibers, contexts, idling.

Every contestant is a program that prints one JSON line for a case. The rivals
are built here, into BUILD/bench/rivals; one whose compiler or library is
missing is left out by name. The contestants of a case take turns, a process
for each run, and their medians are compared: the machine may be shared. A
time never fails the run; a wrong result or a crash of leat's own does.
"""
import argparse
import json
import os
import pathlib
import platform
import resource
import shlex
import statistics
import subprocess
import sys
import time

SCRIPT = pathlib.Path(__file__).resolve()
ROOT = pathlib.Path(os.environ.get("LEAT_SOURCE_DIR", next(
    (p for p in SCRIPT.parents if (p / "tests/bench/rivals").is_dir()),
    "."))).resolve()
HERE = ROOT / "tests/bench"
OURS = "leat"
OWN = "core_cases"  # the program of ours
SECONDS_MAX = 180  # of one process
QUIET_SHARE = 0.1  # of a core, used by others: a run left alone

# ---- cases -------------------------------------------------------------------


class Contestant:
    """A program and the name it has for the case. Its values are compared to
    those of ours; bars = {metric: greatest ratio of ours to its own}, which
    count only where the program that it stands in for is missing."""

    def __init__(self, label, arg, bars=None, ours=OURS, stands_in_for=None):
        self.label, self.arg, self.ours = label, arg, ours
        self.bars, self.stands_in_for = bars or {}, stands_in_for
        self.program = label.split("-")[0]


class Case:
    """Contestants, ours first; limits = {metric: greatest value of ours}."""

    def __init__(self, name, metrics, *contestants, limits=None):
        self.name, self.metrics = name, metrics
        self.contestants, self.limits = contestants, limits or {}


def ours(arg, label=OURS):
    return Contestant(label, arg)


NS = {"ns": "ns/item"}
TRIP = {"p50": "ns p50", "p99": "ns p99"}

# go: as many cores as there are. go-1p: GOMAXPROCS=1, which is what fibers of
# one worker are. -ctx: select with ctx.Done() at both ends, which is the same
# work as ours: each wait of ours ends with its channel's context. go without it
# does less, and has the same bar.
CASES = [
    Case("hop1", NS, ours("hop1"),
         Contestant("go", "hop1", {"ns": 0.25}),
         Contestant("go-ctx", "hop1-ctx", {"ns": 0.25}),
         Contestant("rust", "hop1", {"ns": 0.7}),
         Contestant("tbb", "hop1"), Contestant("boost", "hop1"),
         Contestant("zmq", "hop1"), Contestant("glib", "hop1"),
         Contestant("bare", "hop1")),
    Case("hop1-run", NS, ours("hop1-run"),
         Contestant("go", "hop1", {"ns": 0.08}),
         Contestant("go-ctx", "hop1-ctx", {"ns": 0.08})),
    Case("hop256", NS, ours("hop256"),
         ours("hop256-inplace", "leat-inplace"),
         Contestant("dpdk", "hop256", {"ns": 1.3}),
         Contestant("bare", "hop256", {"ns": 1.3},
                    stands_in_for="dpdk"),
         Contestant("go", "hop256")),
    Case("chain6", NS, ours("chain6"),
         Contestant("go", "chain6", {"ns": 0.02}),
         Contestant("tbb", "chain6", {"ns": 0.6}),
         Contestant("tbb-large", "chain6-large"),
         Contestant("bare", "chain6", {"ns": 1.5}),
         Contestant("bare-inline", "chain6-inline")),
    Case("chain6-small", NS, ours("chain6-small"),
         Contestant("tbb", "chain6")),
    Case("hop1-fiber", NS, ours("hop1-fiber"),
         Contestant("go", "hop1", {"ns": 0.15}),
         Contestant("go-1p", "hop1-fiber", {"ns": 0.15}),
         Contestant("boost", "hop1-fiber"),
         Contestant("bare", "hop1-fiber")),
    Case("rtt-fiber", TRIP, ours("rtt-fiber"),
         Contestant("go", "rtt", {"p50": 0.4, "p99": 0.4}),
         Contestant("go-1p", "rtt-fiber", {"p50": 0.4, "p99": 0.4}),
         Contestant("boost", "rtt-fiber"),
         Contestant("bare", "rtt-fiber")),
    Case("rtt-spin", TRIP, ours("rtt-spin"),
         Contestant("bare", "rtt-spin", {"p50": 1.1}),
         Contestant("bare-long", "rtt-spin-long")),
    Case("rtt-park", TRIP, ours("rtt-park"),
         Contestant("bare", "rtt-park", {"p50": 1.1}),
         Contestant("rust", "rtt"), Contestant("zmq", "rtt"),
         Contestant("glib", "rtt")),
    Case("select2", NS, ours("select2"),
         Contestant("go", "select2", {"ns": 0.4}),
         ours("select2-fiber", "leat-fiber"),
         Contestant("go-1p", "select2-fiber", {"ns": 0.4}, "leat-fiber")),
    Case("select16", NS, ours("select16"),
         Contestant("go", "select16", {"ns": 0.4}),
         ours("select16-fiber", "leat-fiber"),
         Contestant("go-1p", "select16-fiber", {"ns": 0.4}, "leat-fiber")),
    Case("mpmc4x4", NS, ours("mpmc4x4"),
         ours("mpmc4x4-fiber", "leat-fiber"),
         Contestant("go", "mpmc4x4", {"ns": 1}),
         Contestant("go-ctx", "mpmc4x4-ctx", {"ns": 1}),
         Contestant("tbb", "mpmc4x4"), Contestant("glib", "mpmc4x4")),
    Case("fibers1m", {"ns": "ns created", "bytes": "bytes each",
                      "end_ns": "ns woken, ended"}, ours("fibers1m"),
         Contestant("go", "fibers1m", {"ns": 1}), limits={"bytes": 5120}),
    Case("ctx100k", {"ns": "ns in all", "create_ns": "ns created",
                     "cancel_ns": "ns cancelled"}, ours("ctx100k"),
         Contestant("go", "ctx100k", {"ns": 0.5, "cancel_ns": 0.5})),
    Case("idle", {"share_percent": "% of a core",
                  "switches": "/s a worker"}, ours("idle"),
         limits={"share_percent": 0.2, "switches": 5}),
]
ONE_RUN = {"idle"}  # a minute of nothing needs no repetition
IDLE_QUICK_PERCENT = 8

# ---- building ----------------------------------------------------------------


def pkg_config(package):
    """What compiler and linker need for a package; raises if it is missing."""
    done = subprocess.run(["pkg-config", "--cflags", "--libs", package],
                          capture_output=True, text=True, check=True)
    return shlex.split(done.stdout)


def c_compiler(source, *flags):
    return ["gcc", "-std=gnu11", "-O3", f"-I{HERE}", source, *flags]


def cxx_compiler(source, *flags):
    return ["g++", "-std=c++17", "-O3", f"-I{HERE}", source, *flags]


def dpdk_flags():
    """Only the ring, and what it logs with."""
    return [flag for flag in pkg_config("libdpdk") if flag[:2] != "-l"] + \
        ["-lrte_ring", "-lrte_eal"]


def debian_go():
    return "/usr/bin/go" if os.path.exists("/usr/bin/go") else "go"


# name: source, the command without its output, how it tells its version
RECIPES = {
    "bare": ("bare.c", lambda s: c_compiler(s, "-lpthread"),
             ["gcc", "-dumpfullversion"]),
    "go": ("core.go", lambda s: [debian_go(), "build", s],
           [debian_go(), "env", "GOVERSION"]),
    "rust": ("core.rs", lambda s: ["rustc", "-O", s], ["rustc", "--version"]),
    "tbb": ("tbb.cpp", lambda s: cxx_compiler(
        s, *pkg_config("tbb"), "-lpthread"),
        ["pkg-config", "--modversion", "tbb"]),
    "boost": ("boost.cpp", lambda s: cxx_compiler(
        s, "-lboost_fiber", "-lboost_context", "-lpthread"),
        ["sed", "-n", "s/.*BOOST_LIB_VERSION \"\\(.*\\)\"/\\1/p",
         "/usr/include/boost/version.hpp"]),
    "zmq": ("zmq.c", lambda s: c_compiler(
        s, *pkg_config("libzmq"), "-lpthread"),
        ["pkg-config", "--modversion", "libzmq"]),
    "glib": ("glib.c", lambda s: c_compiler(
        s, *pkg_config("glib-2.0"), "-lpthread"),
        ["pkg-config", "--modversion", "glib-2.0"]),
    "dpdk": ("dpdk.c", lambda s: c_compiler(s, *dpdk_flags(), "-lpthread"),
             ["pkg-config", "--modversion", "libdpdk"]),
}


def is_newer(program, *sources):
    return program.exists() and all(
        program.stat().st_mtime > path.stat().st_mtime for path in sources)


def output_option(command, program):
    """The option goes before the source: go wants it there."""
    return command[:-1] + ["-o", str(program), command[-1]] \
        if command[1] == "build" else command + ["-o", str(program)]


def build_one(name, folder):
    """The program's path; raises what went wrong."""
    source, recipe, _ = RECIPES[name]
    program = folder / name
    path = HERE / "rivals" / source
    if is_newer(program, path, HERE / "support/rival.h"):
        return program
    env = dict(os.environ, GO111MODULE="off", GOFLAGS="", GOTOOLCHAIN="local",
               GOCACHE=str(folder / "gocache"))
    subprocess.run(output_option(recipe(str(path)), program), env=env,
                   cwd=folder, check=True, capture_output=True, text=True)
    return program


def first_line(error):
    said = (getattr(error, "stderr", None) or str(error)).strip()
    wrong = [line for line in said.splitlines() if "error" in line]
    return (wrong or said.splitlines() or ["?"])[0]


def build_rivals(names, folder, note):
    """Programs by name; those that do not build are left out, and named."""
    programs = {}
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        try:
            programs[name] = build_one(name, folder)
        except (OSError, subprocess.CalledProcessError) as error:
            note(f"left out: {name} ({first_line(error)})")
    return programs


# ---- running -----------------------------------------------------------------


def cpu_seconds():
    """Used by all processes since the boot, and by those that ran here."""
    own = resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        with open("/proc/stat", encoding="ascii") as lines:
            ticks = [int(text) for text in lines.readline().split()[1:9]]
    except OSError:
        return 0, 0
    busy = sum(ticks) - ticks[3] - ticks[4]  # idle and waiting for disks
    return busy / os.sysconf("SC_CLK_TCK"), own.ru_utime + own.ru_stime


class Disturbance:
    """How much of a core others use until share() is called."""

    def __init__(self):
        self.begin, self.before = time.monotonic(), cpu_seconds()

    def share(self):
        every, own = (now - then for now, then in
                      zip(cpu_seconds(), self.before))
        return (every - own) / max(time.monotonic() - self.begin, 1e-3)


class Board:
    """What was measured: values by case, contestant and metric."""

    def __init__(self, programs, n_tries, note):
        self.programs, self.n_tries, self.note = programs, n_tries, note
        self.values, self.dropped = {}, set()
        self.is_wrong = False

    def contestants(self, case):
        return [c for c in case.contestants if c.program in self.programs]

    def drop(self, case, contestant, why):
        self.dropped.add((case.name, contestant.label))
        self.is_wrong |= contestant.program == OURS
        self.note(f"{case.name}: {contestant.label} failed: {why}")

    def run_once(self, case, contestant, percent):
        """The values and the disturbance of one run."""
        argv = [str(self.programs[contestant.program]), contestant.arg,
                str(percent)]
        others = Disturbance()
        done = subprocess.run(argv, capture_output=True, text=True,
                              check=True, timeout=SECONDS_MAX,
                              stdin=subprocess.DEVNULL)
        return others.share(), json.loads(done.stdout)

    def take_turn(self, case, contestant, percent):
        """Of at most n_tries runs the first that was left alone, or the one
        that was disturbed least."""
        best = None
        try:
            for _ in range(self.n_tries):
                run = self.run_once(case, contestant, percent)
                if best is None or run[0] < best[0]:
                    best = run
                if best[0] < QUIET_SHARE:
                    break
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            self.drop(case, contestant, first_line(error))
            return
        for metric in case.metrics:
            self.values.setdefault((case.name, contestant.label, metric),
                                   []).append(best[1][metric])

    def run_case(self, case, n_runs, percent):
        """Turn by turn; whoever failed once is not asked again."""
        for _ in range(1 if case.name in ONE_RUN else n_runs):
            for contestant in self.contestants(case):
                if (case.name, contestant.label) not in self.dropped:
                    self.take_turn(case, contestant, percent)

    def median(self, case, label, metric):
        values = self.values.get((case.name, label, metric))
        return statistics.median(values) if values else None

    def row(self, case, contestant, metric):
        """One line of the table, as a dictionary; None if nothing is known."""
        values = self.values.get((case.name, contestant.label, metric))
        if not values:
            return None
        line = {"bench": "core", "case": case.name,
                "subject": contestant.label, "unit": case.metrics[metric],
                "n": len(values), "median": statistics.median(values),
                "min": min(values), "max": max(values)}
        if contestant.label == OURS and metric in case.limits:
            judge(line, line["median"], case.limits[metric])
        own = self.median(case, contestant.ours, metric)
        if contestant.program != OURS:
            line["ratio"] = own / line["median"] \
                if own is not None and line["median"] else None
            if contestant.stands_in_for not in self.programs:
                judge(line, line["ratio"], contestant.bars.get(metric))
        return line

    def rows(self, cases):
        for case in cases:
            for metric in case.metrics:
                for contestant in self.contestants(case):
                    line = self.row(case, contestant, metric)
                    if line:
                        yield line


def judge(line, value, bar):
    """A value that could not be had misses its bar."""
    if bar is not None:
        line["bar"] = bar
        line["verdict"] = "pass" if value is not None and value <= bar \
            else "miss"


# ---- printing ----------------------------------------------------------------


def machine():
    """The machine, and how busy others keep it."""
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            model = next(line.split(":", 1)[1].strip() for line in lines
                         if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return {"cpu": model, "cores": os.cpu_count(),
            "kernel": platform.release(),
            "load": round(os.getloadavg()[0], 2)}


def version(name):
    try:
        return subprocess.run(RECIPES[name][2], capture_output=True,
                              text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "?"


def number(value, width):
    return " " * width if value is None else f"{value:{width}.4g}" \
        if abs(value) < 1000 else f"{value:{width}.0f}"


def print_row(line, before):
    """The name of a case stands once."""
    name = "" if before == (line["case"], line["unit"]) else line["case"]
    bar = f"<= {line['bar']:g}" if "bar" in line else ""
    ratio = number(line.get("ratio"), 8)
    print(f"{name:<11} {line['subject']:<13} {line['unit']:<15} "
          f"{number(line['median'], 9)} {number(line['min'], 9)} "
          f"{number(line['max'], 9)} {ratio} {bar:>8} "
          f"{line.get('verdict', '')}".rstrip(), flush=True)
    return line["case"], line["unit"]


def print_table(rows):
    before = None
    for line in rows:
        before = print_row(line, before)


def print_head(host, rivals):
    print(f"core: {host['cpu']}, {host['cores']} cores, Linux "
          f"{host['kernel']}, load {host['load']}")
    for name in rivals:
        print(f"  {name:<6} {version(name)}")
    print("medians of runs by turns; ratio = leat to the rival\n")
    print(f"{'case':<11} {'subject':<13} {'unit':<15} {'median':>9} "
          f"{'min':>9} {'max':>9} {'ratio':>8} {'bar':>8}", flush=True)


def print_end(rows):
    verdicts = [line["verdict"] for line in rows if "verdict" in line]
    print(f"\n{verdicts.count('pass')} of {len(verdicts)} bars reached; load "
          f"now {os.getloadavg()[0]:.2f}")


# ---- the program -------------------------------------------------------------


def build_dir():
    """The folder above a copy of this script beside leat's own, or build/."""
    above = SCRIPT.parent.parent
    return above if (above / "bench" / OWN).is_file() else ROOT / "build"


def arguments(doc, cases, build, quick):
    parser = argparse.ArgumentParser(description=doc.split("\n")[0])
    parser.add_argument("-n", type=int, metavar="RUNS",
                        help="runs of each contestant (5; 3 with --quick)")
    parser.add_argument("--quick", action="store_true",
                        help=quick)
    parser.add_argument("--tries", type=int, default=1, metavar="N",
                        help="run up to N times until others leave the "
                        "machine alone (1)")
    parser.add_argument("--json", action="store_true",
                        help="one JSON object a line instead of the table")
    parser.add_argument("--case", action="append", metavar="NAME",
                        choices=[case.name for case in cases],
                        help="only this one; may be given more than once")
    parser.add_argument("--build", type=pathlib.Path, default=build,
                        help="where leat is built (this one, or build)")
    return parser.parse_args()


def run_all(board, cases, options):
    """Case by case, so that the table grows while one looks on."""
    n_runs = options.n or (3 if options.quick else 5)
    for case in cases:
        percent = 25 if options.quick else 100
        if options.quick and case.name == "idle":
            percent = IDLE_QUICK_PERCENT
        board.run_case(case, n_runs, percent)
        if not options.json:
            print_table(board.rows([case]))


def main():
    options = arguments(__doc__, CASES, build_dir(),
                        "a quarter of the items, 5 s of idling")
    own = options.build / "bench" / OWN
    if not own.is_file():
        sys.exit(f"{own} is missing: ./dev build makes it")
    cases = [c for c in CASES if not options.case or c.name in options.case]
    wanted = {c.program for case in cases for c in case.contestants} - {OURS}

    def note(text):
        print(text, file=sys.stderr, flush=True)

    programs = build_rivals([name for name in RECIPES if name in wanted],
                            options.build.resolve() / "bench/rivals", note)
    host, rivals = machine(), list(programs)
    board = Board({OURS: own, **programs}, max(1, options.tries), note)
    if options.json:
        print(json.dumps({"bench": "core", "machine": host, "versions": {
            name: version(name) for name in rivals}}), flush=True)
    else:
        print_head(host, rivals)
    run_all(board, cases, options)
    if options.json:
        for line in board.rows(cases):
            print(json.dumps(line))
    else:
        print_end(list(board.rows(cases)))
    sys.exit(1 if board.is_wrong else 0)


if __name__ == "__main__":
    main()
