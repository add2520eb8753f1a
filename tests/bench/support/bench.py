"""What the benchmark scripts share: where things are, runs of processes with
time and peak memory, medians, the table and --json. The C benchmarks have the
same in bench.h; both print the same lines.
"""
import argparse
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import threading
import time

SUBJECT = "leat"


def root():
    """The source tree: LEAT_SOURCE_DIR, or above this file."""
    given = os.environ.get("LEAT_SOURCE_DIR")
    return pathlib.Path(given) if given else \
        pathlib.Path(__file__).resolve().parents[3]


def bench_dir():
    """Where big files and rivals are kept; made if it is missing."""
    path = pathlib.Path(os.environ.get("LEAT_BENCH_DIR", "/tmp/leat-bench"))
    path.mkdir(parents=True, exist_ok=True)
    return path


def command(script):
    """The leat command: LEAT_COMMAND, or one above the script, or build/."""
    given = os.environ.get("LEAT_COMMAND")
    if given:
        return given
    beside = pathlib.Path(script).resolve().parent.parent / "leat"
    return str(beside if beside.is_file() else root() / "build/leat")


def arguments(text):
    """The options that every benchmark has."""
    parser = argparse.ArgumentParser(description=text)
    parser.add_argument("-n", type=int, default=5, metavar="RUNS",
                        help="measured runs of each subject (default 5)")
    parser.add_argument("--json", action="store_true",
                        help="one JSON object a line instead of the table")
    return parser


# ---- processes ---------------------------------------------------------------

def high_water_kib(pid):
    """Peak resident memory of a living process, 0 if it is gone."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as lines:
            for line in lines:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1])
    except OSError:
        pass
    return 0


class Watch(threading.Thread):
    """Samples the peak memory of a process until told to stop."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.kib, self.over = pid, 0, threading.Event()
        self.start()

    def run(self):
        while not self.over.wait(0.005):
            self.kib = max(self.kib, high_water_kib(self.pid))

    def stop(self):
        self.over.set()
        self.join()
        return self.kib


class Run:
    """One run of a process: status, seconds, those of all cores, peak MiB; what
    it says on stderr goes to a file beside stdout and is kept as complaint if
    it fails.

    The kernel counts the memory that this interpreter had at the fork into a
    child's peak (wait4), so a smaller child is known by sampling only.
    """

    def __init__(self, argv, stdout, env=None):
        own_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        said = pathlib.Path(stdout).with_suffix(".stderr")
        with open(stdout, "wb") as out, open(said, "wb") as err:
            begin = time.perf_counter()
            # this class waits for the process itself: it wants its rusage
            process = subprocess.Popen(argv, stdin=subprocess.DEVNULL,
                                       stdout=out, stderr=err, env=env)
            watch = Watch(process.pid)
            _, status, usage = os.wait4(process.pid, 0)
            self.seconds = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        self.status = process.returncode
        sampled_kib = watch.stop()
        self.complaint = said.read_text(errors="replace").strip() \
            if self.status else ""
        said.unlink()
        exact = usage.ru_maxrss > own_kib
        self.cpu_seconds = usage.ru_utime + usage.ru_stime
        self.peak_mib = (usage.ru_maxrss if exact else sampled_kib) / 1024


# ---- results -----------------------------------------------------------------

class Results:
    """Values by case and subject, in the order of their first appearance."""

    def __init__(self, bench, options):
        self.bench, self.options = bench, options
        self.is_wrong = False  # our own subject failed its check
        self.values = {}  # (case, subject, unit) -> list

    def add(self, case, subject, unit, value):
        self.values.setdefault((case, subject, unit), []).append(value)

    def note(self, text):
        """A remark for people; with --json it must not disturb the lines."""
        print(text, file=sys.stderr if self.options.json else sys.stdout,
              flush=True)

    def summary(self, key):
        values = self.values[key]
        return {"n": len(values), "median": statistics.median(values),
                "min": min(values), "max": max(values)}

    def ratio(self, case, subject, unit, median):
        """Ours to theirs, as text; empty where there is none."""
        ours = self.values.get((case, SUBJECT, unit))
        if subject == SUBJECT or not ours or not median:
            return ""
        return f"{statistics.median(ours) / median:.2f}"

    def print_json(self):
        for case, subject, unit in self.values:
            line = {"bench": self.bench, "case": case, "subject": subject,
                    "unit": unit}
            line.update(self.summary((case, subject, unit)))
            print(json.dumps(line))

    def print_table(self):
        print(f"\n{self.bench}: medians; ratio = {SUBJECT} to the rival, "
              "below 1 is better")
        print(f"{'case':<32} {'subject':<8} {'unit':<12} {'n':>3} "
              f"{'median':>10} {'min':>10} {'max':>10} {'ratio':>7}")
        for key in self.values:
            s = self.summary(key)
            print(f"{key[0]:<32} {key[1]:<8} {key[2]:<12} {s['n']:>3} "
                  f"{s['median']:>10.3f} {s['min']:>10.3f} "
                  f"{s['max']:>10.3f} {self.ratio(*key, s['median']):>7}")

    def print(self):
        if self.options.json:
            self.print_json()
        else:
            self.print_table()
