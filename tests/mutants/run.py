#!/usr/bin/env python3
"""run.py -- known defects, applied one at a time: which does the test find?

    run.py [--only NAME]... [--folder NAME]... [--list] [--check] [--json]
           [--build FOLDER] [--jobs N] [--no-sanitizers]

list.txt beside this file says what a mutant is and how one is added. Works on
copies of the tree below the build folder, never in the tree itself. A mutant
meets the cheapest tests first: the unit tests of its folder, the simulator,
all unit tests, the stress tests, then those of its folder under
ThreadSanitizer and AddressSanitizer, and last the simulator for as long as
`./dev test` runs it; it is caught by the first that fails, or takes far longer
than it should, twice. A test that fails only once may have failed for another
reason: a mutant with no better is shaky, and does not count as caught. What
fails without a mutant is left out, and said. Exit status 0 if at least 90 % are
caught.
"""
import argparse
import concurrent.futures
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
LEAST_SHARE = 0.9
SIM_ARGS = {
    "sim": ["--scenario=all", "--runs=1500", "--points=5000000",
        "--memory=both", "--seed=1"],
    "sim-long": ["--scenario=all", "--runs=20000", "--points=10000000",
        "--memory=both", "--seed=1"],
    "sim-graph": ["--scenario=graph", "--runs=5000", "--memory=both",
        "--seed=1"],
    "sim-trouble": ["--scenario=graph_trouble", "--runs=5000",
        "--memory=both", "--seed=1"],
}
TEST_SECONDS = {"plain": 12, "tsan": 60, "asan": 30}
KINDS = {
    "plain": [],
    "tsan": ["-DLEAT_SANITIZE=thread"],
    "asan": ["-DLEAT_SANITIZE=address,undefined"],
}

say_lock = threading.Lock()


def say(text):
    with say_lock:
        print(text, flush=True)


def die(text):
    sys.exit("mutants: " + text)


# ---- the list ---------------------------------------------------------------


class Mutant:
    def __init__(self, name):
        self.name = name
        self.file = ""
        self.why = ""
        self.old = None
        self.new = None

    @property
    def folder(self):
        return self.file.split("/")[1]


def read_list(path):
    """Blocks of lines: mutant, file, why; old and new, each with its text in
    lines that begin with a bar."""
    mutants, into = [], None
    for number, line in enumerate(open(path, encoding="utf-8"), 1):
        line = line.rstrip("\n")
        word, _, rest = line.partition(" ")
        if line.startswith("|") and into:
            lines = getattr(mutants[-1], into)
            setattr(mutants[-1], into, (lines or []) + [line[1:]])
        elif line in ("old", "new") and mutants:
            into = line
        elif word == "mutant" and rest:
            mutants.append(Mutant(rest))
            into = None
        elif word in ("file", "why") and rest and mutants:
            setattr(mutants[-1], word, rest.strip())
        elif line and not line.startswith("#"):
            die(f"{path}:{number}: not understood: {line}")
    for mutant in mutants:
        mutant.old = "\n".join(mutant.old or [])
        mutant.new = "\n".join(mutant.new or [])
    return mutants


def mutated(mutant, root):
    """The file's text before and after; None if old is not there once."""
    with open(os.path.join(root, mutant.file), encoding="utf-8") as file:
        text = file.read()
    if text.count(mutant.old) != 1 or mutant.old == mutant.new:
        return None
    return text, text.replace(mutant.old, mutant.new)


def check_list(mutants):
    wrong = []
    names = [mutant.name for mutant in mutants]
    for mutant in mutants:
        if not (mutant.file and mutant.why and mutant.old):
            wrong.append(f"{mutant.name}: file, why or old is missing")
        elif names.count(mutant.name) > 1:
            wrong.append(f"{mutant.name}: two of that name")
        elif not os.path.exists(os.path.join(ROOT, mutant.file)):
            wrong.append(f"{mutant.name}: there is no {mutant.file}")
        elif not mutated(mutant, ROOT):
            wrong.append(f"{mutant.name}: the old text is not exactly "
                f"once in {mutant.file}")
    return wrong


# ---- trees ------------------------------------------------------------------


def source_files():
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT,
        capture_output=True, text=True)
    if listed.returncode == 0:
        return [name for name in listed.stdout.splitlines()
            if os.path.isfile(os.path.join(ROOT, name))]
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders
            if name not in ("build", ".git")]
        found += [os.path.relpath(os.path.join(folder, name), ROOT)
            for name in names]
    return found


def read_bytes(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def copy_tree(to):
    """Only what differs is written, so that only that is built again."""
    wanted = set(source_files())
    for name in wanted:
        text = read_bytes(os.path.join(ROOT, name))
        path = os.path.join(to, name)
        if text is None or read_bytes(path) == text:
            continue
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(text)
        os.chmod(path, os.stat(os.path.join(ROOT, name)).st_mode)
    for folder, _, names in os.walk(to):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.relpath(path, to) not in wanted:
                os.unlink(path)


def no_randomization():
    """The sanitizers of clang 14 want the address space of older kernels."""
    words = ["setarch", os.uname().machine, "-R"]
    try:
        works = subprocess.run(words + ["true"], capture_output=True)
    except FileNotFoundError:
        return []
    return words if works.returncode == 0 else []


class Tree:
    """A copy of the sources and its builds, one of each kind."""

    def __init__(self, folder):
        self.source = os.path.join(folder, "tree")
        self.folder = folder
        self.prefix = no_randomization()
        self.process = None
        os.makedirs(self.source, exist_ok=True)
        copy_tree(self.source)

    def build_folder(self, kind):
        return os.path.join(self.folder, kind)

    def configure(self, kind):
        log = os.path.join(self.folder, kind + ".log")
        words = ["cmake", "-G", "Ninja", "-S", self.source, "-B",
            self.build_folder(kind), "-DCMAKE_C_COMPILER=clang",
            "-DCMAKE_BUILD_TYPE=Mutant", "-DCMAKE_C_FLAGS=-O1",
            "-DLEAT_TESTS=ON", "-DLEAT_EXAMPLES=OFF", "-DLEAT_WITH_PAGE=OFF",
            "-DLEAT_BENCH=OFF"] + KINDS[kind]
        with open(log, "w", encoding="utf-8") as file:
            if subprocess.run(words, stdout=file, stderr=file).returncode:
                die(f"cmake failed: {log}")

    def build(self, kind, targets, goes_on=False):
        log = os.path.join(self.folder, kind + ".build.log")
        words = ["ninja", "-C", self.build_folder(kind), "-j1"]
        words += ["-k0"] if goes_on else []
        with open(log, "w", encoding="utf-8") as file:
            return subprocess.run(words + targets, stdout=file,
                stderr=file).returncode == 0

    def has(self, test):
        return os.access(self.program(test), os.X_OK)

    def program(self, test):
        kind, name = test
        below = "sim" if name in SIM_ARGS else os.path.join("tests", name)
        return os.path.join(self.build_folder(kind), below)

    def run(self, test, limit):
        """passed, failed or late; and the seconds it took."""
        kind, name = test
        words = self.prefix + [self.program(test)]
        words += SIM_ARGS.get(name, [])
        environment = dict(os.environ, LEAT_SEED="1",
            LEAT_TEST_SECONDS=str(TEST_SECONDS[kind]),
            ASAN_OPTIONS="detect_leaks=1",
            TSAN_OPTIONS="halt_on_error=1")
        begin = time.monotonic()
        process = subprocess.Popen(words, cwd=self.source,
            env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True)
        output, is_late = wait(process, limit)
        is_late = is_late or (process.returncode != 0 and
            b"Test timeout expired" in output)
        is_failed = process.returncode or not is_whole(name, output)
        verdict = "late" if is_late else \
            "failed" if is_failed else "passed"
        return verdict, time.monotonic() - begin, first_failure(output)


def wait(process, limit):
    """The output; is it late? Check ends its own children at SIGTERM."""
    try:
        return process.communicate(timeout=limit)[0], False
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGTERM)
    try:
        return process.communicate(timeout=5)[0], True
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
    try:
        return process.communicate(timeout=5)[0], True
    except subprocess.TimeoutExpired:
        return b"", True


def is_whole(name, output):
    """A fiber that returns where it must not ends the simulator with status 0;
    then the line is missing that says how many passed."""
    return name not in SIM_ARGS or b" passed, 0 failed" in output


def first_failure(output):
    """The name of the first test or scenario that failed, if it says so."""
    for line in output.decode("utf-8", "replace").splitlines():
        parts = line.split(":")
        if len(parts) > 5 and parts[2] in ("F", "E"):
            return parts[4]
        if line.startswith("REPLAY") and "--scenario=" in line:
            return line.split("--scenario=")[1].split()[0]
    return ""


# ---- tests ------------------------------------------------------------------


def tests_below(kind, folder):
    """tests/unit/chan/*.c as (kind, "unit/chan/NAME")."""
    path = os.path.join(ROOT, "tests", folder)
    if not os.path.isdir(path):
        return []
    return [(kind, f"{folder}/{name[:-2]}")
        for name in sorted(os.listdir(path)) if name.endswith(".c")]


def all_units(kind, folders=None):
    path = os.path.join(ROOT, "tests", "unit")
    return [test for folder in folders or sorted(os.listdir(path))
        for test in tests_below(kind, f"unit/{folder}")]


def target(test):
    name = test[1]
    return "sim" if name in SIM_ARGS else "test_" + name.replace("/", "_")


def rounds(mutant, kinds):
    """What a mutant meets, in rounds that are built together."""
    own = tests_below("plain", f"unit/{mutant.folder}")
    rest = [test for test in all_units("plain") if test not in own]
    stress = tests_below("plain", "stress") + tests_below("plain", "regress")
    result = [own, [("plain", "sim")], rest, stress]
    for kind in kinds:
        result.append([(kind, name) for _, name in own] +
            tests_below(kind, "stress"))
    return result + [[("plain", "sim-graph"), ("plain", "sim-trouble"),
        ("plain", "sim-long")]]


def is_sure(caught):
    return caught is not None and caught[0] != "shaky"


class Bench:
    """The trees, and how long each test takes without a mutant."""

    def __init__(self, folder, n_jobs, kinds):
        self.kinds = kinds
        self.trees = queue.Queue()
        self.lock = threading.Lock() # of the one tree with sanitizers
        self.seconds = {}
        self.all = [Tree(os.path.join(folder, str(k)))
            for k in range(n_jobs)]
        self.sanitized = Tree(os.path.join(folder, "sanitized"))

    def prepare(self, mutants):
        tests = list(dict.fromkeys(test for mutant in mutants
            for part in rounds(mutant, self.kinds) for test in part))
        plain = [test for test in tests if test[0] == "plain"]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            works = [pool.submit(self.prepare_tree, tree, plain)
                for tree in self.all]
            works += [pool.submit(self.prepare_tree, self.sanitized,
                [test for test in tests if test[0] != "plain"])]
            for work in works:
                work.result()
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            list(pool.map(self.measure, tests))
        for tree in self.all:
            self.trees.put(tree)

    def prepare_tree(self, tree, tests):
        for kind in dict.fromkeys(kind for kind, _ in tests):
            tree.configure(kind)
            tree.build(kind, [target(test) for test in tests
                if test[0] == kind], goes_on=True)

    def tree_of(self, test, tree):
        return tree if test[0] == "plain" else self.sanitized

    def measure(self, test):
        tree = self.tree_of(test, self.all[0])
        if not tree.has(test):
            say(f"left out {name_of(test)}: it does not build")
            return
        verdict, seconds, what = tree.run(test, 600)
        if verdict == "passed":
            self.seconds[test] = seconds
        else:
            say(f"left out {name_of(test)}: {verdict} without a "
                f"mutant {what}")

    # ---- one mutant ----

    def try_test(self, tree, test):
        """How it failed, and where; or None."""
        limit = 15 + 4 * self.seconds[test]
        verdict, _, what = tree.run(test, limit)
        if verdict == "passed":
            return None
        is_sure = test[1] in SIM_ARGS or tree.run(test, limit)[0] != "passed"
        return (verdict if is_sure else "shaky", test, what)

    def try_round(self, tree, tests):
        """broken; or the test that caught it, how and where; or None."""
        tests = [test for test in tests if test in self.seconds]
        if not tests:
            return None
        if not tree.build(tests[0][0], [target(test) for test in tests]):
            return ("broken", tests[0], "")
        shaky = None
        for test in tests:
            caught = self.try_test(tree, test)
            if caught and caught[0] != "shaky":
                return caught
            shaky = shaky or caught
        return shaky

    def apply(self, tree, mutant, parts):
        path = os.path.join(tree.source, mutant.file)
        before, after = mutated(mutant, tree.source)
        with open(path, "w", encoding="utf-8") as file:
            file.write(after)
        shaky = None
        try:
            for part in parts:
                caught = self.try_round(tree, part)
                if is_sure(caught):
                    return caught
                shaky = shaky or caught
        finally:
            with open(path, "w", encoding="utf-8") as file:
                file.write(before)
        return shaky

    def apply_plain(self, mutant, parts):
        tree = self.trees.get()
        try:
            return self.apply(tree, mutant, parts)
        finally:
            self.trees.put(tree)

    def try_mutant(self, mutant):
        begin = time.monotonic()
        parts = rounds(mutant, self.kinds)
        last = parts.pop()
        plain = [part for part in parts if part and part[0][0] == "plain"]
        others = [part for part in parts if part and part[0][0] != "plain"]
        caught = self.apply_plain(mutant, plain)
        if not is_sure(caught) and others:
            with self.lock:
                caught = self.apply(self.sanitized, mutant, others) or caught
        if not is_sure(caught):
            caught = self.apply_plain(mutant, [last]) or caught
        return report(mutant, caught, time.monotonic() - begin)


def name_of(test):
    return test[1] if test[0] == "plain" else f"{test[1]} ({test[0]})"


def report(mutant, caught, seconds):
    words = {"failed": "caught", "late": "late", "shaky": "SHAKY",
        "broken": "BROKEN"}
    verdict, test, what = caught or (None, None, "")
    result = {
        "name": mutant.name, "file": mutant.file, "why": mutant.why,
        "verdict": words.get(verdict, "SURVIVED"),
        "by": name_of(test) if test else "", "test": what,
        "seconds": round(seconds, 1),
    }
    by = f" by {result['by']} {what}".rstrip() if test else ""
    if verdict == "broken":
        by = " does not build"
    say(f"{result['verdict']:8} {mutant.name}{by} ({seconds:.1f} s)")
    return result


# ---- the whole --------------------------------------------------------------


def score(results):
    count = {word: sum(result["verdict"] == word for result in results)
        for word in ("caught", "late", "SHAKY", "SURVIVED", "BROKEN")}
    n_caught = count["caught"] + count["late"]
    share = n_caught / len(results) if results else 0
    say(f"{n_caught} of {len(results)} mutants caught ({share:.0%}), "
        f"{count['late']} of them by taking too long; "
        f"{count['SURVIVED']} survived, {count['SHAKY']} shaky, "
        f"{count['BROKEN']} do not build")
    return share >= LEAST_SHARE and count["BROKEN"] == 0


def parse():
    parser = argparse.ArgumentParser(
        description="Apply known defects one at a time.")
    parser.add_argument("--only", action="append", default=[],
        metavar="NAME")
    parser.add_argument("--folder", action="append", default=[],
        metavar="NAME", help="only those in src/NAME")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--check", action="store_true",
        help="only look whether each old text is there once")
    parser.add_argument("--json", action="store_true",
        help="the results as JSON, last")
    parser.add_argument("--build", metavar="FOLDER",
        default=os.path.join(ROOT, "build", "mutants"))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--no-sanitizers", action="store_true")
    return parser.parse_args()


def choose(mutants, options):
    unknown = set(options.only) - {mutant.name for mutant in mutants}
    if unknown:
        die("no mutant " + ", ".join(sorted(unknown)))
    if options.only:
        mutants = [m for m in mutants if m.name in options.only]
    if options.folder:
        mutants = [m for m in mutants if m.folder in options.folder]
    return mutants


def main():
    options = parse()
    mutants = choose(read_list(os.path.join(HERE, "list.txt")), options)
    if options.list:
        for mutant in mutants:
            print(f"{mutant.name}  {mutant.file}: {mutant.why}")
        return
    wrong = check_list(mutants)
    if wrong:
        die("the list does not fit the tree:\n  " + "\n  ".join(wrong))
    if options.check:
        print(f"{len(mutants)} passed, 0 failed")
        return
    kinds = [] if options.no_sanitizers else ["tsan", "asan"]
    bench = Bench(options.build, max(1, min(options.jobs, 2)), kinds)
    bench.prepare(mutants)
    with concurrent.futures.ThreadPoolExecutor(bench.trees.qsize()) as pool:
        results = list(pool.map(bench.try_mutant, mutants))
    is_good = score(results)
    if options.json:
        print(json.dumps(results, indent=1))
    sys.exit(0 if is_good else 1)


if __name__ == "__main__":
    main()
