#!/usr/bin/env python3
"""run.py -- known defects, applied one at a time: which does the test find?

    run.py [--only NAME]... [--folder NAME]... [--list] [--check] [--json]
           [--build FOLDER] [--jobs N] [--no-sanitizers] [--quick] [--anew]
           [--known] [--note]

list.txt beside this file says what a mutant is and how one is added. Works on
copies of the tree below the build folder, never in the tree itself. A mutant
meets first the test that caught it last (caught.txt, which --note writes), then
the cheapest: the unit tests of its file and of its folder, and the simulator
for a short while; when all mutants have met those, the simulator, all unit tests,
the stress tests; then those of its folder under ThreadSanitizer and
AddressSanitizer; then what asks the command, as tests/control.py does; and last
the simulator for as long as `./dev test` runs it. It is caught by the first that
fails, or takes far longer than it should, twice. A test that fails only once may
have failed for another reason: a mutant with no better is shaky, and does not
count as caught. What fails without a mutant is
left out, and said. What is known of sources and tests that have not changed
since is not asked again (results.jsonl in the build folder), so a run that was
interrupted goes on; --anew forgets it. Exit status 0 if at least 90 % are
caught.
"""
import argparse
import concurrent.futures
import hashlib
import json
import os
import queue
import sys
import threading
import time

from tree import COMMANDS, HERE, ROOT, SIM_ARGS, Tree, command_of, die, \
    read_bytes, sim_name, source_files, target

LEAST_SHARE = 0.9
# How long one test function may take: so much, and so many times what its whole
# program needs without a mutant, but at most; first, and when tried again.
TEST_SECONDS = {"plain": ((2, 5, 6), (8, 10, 20)),
    "tsan": ((20, 5, 40), (30, 10, 60)),
    "asan": ((10, 5, 20), (20, 10, 40))}
# Folders whose files are also what the tests of others are about.
KIN = {"exec": ["run"], "run": ["exec"]}
THREADED = {"chan", "ctx", "env", "exec", "fan", "guard", "mem", "run", "span"}

say_lock = threading.Lock()


def say(text):
    with say_lock:
        print(text, flush=True)


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
        """Where its tests are: of src/chan/ring.c chan, of stages/ stages."""
        top, below = self.file.split("/")[:2]
        return below if top == "src" else top

    def is_in(self, folders):
        return self.folder in folders or self.file.split("/")[1] in folders

    def is_header(self):
        """Then much is to be compiled, so it comes late."""
        return self.file.endswith(".h")

    def text(self):
        return "\n".join((self.file, self.old, self.new))


def read_list(path):
    """Blocks of lines: mutant, file, why; old and new, each with its text in
    lines that begin with a bar."""
    mutants, into = [], None
    for number, line in enumerate(open(path, encoding="utf-8"), 1):
        line = line.rstrip("\n")
        word, _, rest = line.partition(" ")
        if line.startswith("|") and into:
            getattr(mutants[-1], into).append(line[1:])
        elif line in ("old", "new") and mutants and \
                getattr(mutants[-1], line) is None:
            into = line
            setattr(mutants[-1], line, [])
        elif word == "mutant" and rest:
            mutants.append(Mutant(rest))
            into = None
        elif word in ("file", "why") and rest and mutants:
            setattr(mutants[-1], word, rest.strip())
        elif not line:
            into = None
        elif not line.startswith("#"):
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


# ---- what is known ----------------------------------------------------------


def digest(*texts):
    return hashlib.sha256(b"\0".join(texts)).hexdigest()[:16]


def is_a_test(name):
    return name.startswith(("tests/unit/", "tests/stress/", "tests/regress/",
        "tests/sim/")) or name in [words[1] for words in COMMANDS.values()]


def is_built(name):
    return name.startswith(("include/", "src/", "stages/", "cmake/",
        "tests/support/")) or name == "CMakeLists.txt"


class Known:
    """What has been found out, as long as nothing has changed that it hangs
    on: for a test that fails, the library and this test; for those that all
    pass, all of them."""

    def __init__(self, folder, is_anew):
        self.lock = threading.Lock()
        self.path = os.path.join(folder, "results.jsonl")
        names = sorted(source_files())
        self.texts = {name: read_bytes(os.path.join(ROOT, name))
            for name in names if is_built(name) or is_a_test(name)}
        self.sources = self.digest_of(is_built)
        self.tests = self.digest_of(is_a_test)
        self.sim = self.digest_of(lambda name: name.startswith("tests/sim/"))
        self.found = {}
        os.makedirs(folder, exist_ok=True)
        if is_anew and os.path.exists(self.path):
            os.unlink(self.path)
        for line in (read_bytes(self.path) or b"").splitlines():
            entry = json.loads(line)
            self.found[entry["what"]] = entry

    def digest_of(self, wanted):
        return digest(*(name.encode() + b"\0" + text
            for name, text in self.texts.items() if wanted(name)))

    def key(self, test):
        """Of what a test says; None: of what all of them say."""
        if test is None:
            of_test = self.tests
        elif sim_name(test):
            of_test = self.sim
        elif command_of(test):
            of_test = digest(self.texts.get(command_of(test)[1], b""))
        else:
            of_test = digest(self.texts.get(f"tests/{test[1]}.c", b""))
        return self.sources + of_test

    def get(self, what, key):
        entry = self.found.get(what)
        return entry if entry and entry["key"] == key else None

    def put(self, what, key, **more):
        entry = dict(what=what, key=key, **more)
        with self.lock, open(self.path, "a", encoding="utf-8") as file:
            self.found[what] = entry
            file.write(json.dumps(entry) + "\n")

    # ---- mutants ----

    def mutant(self, mutant):
        """(its result, how many passes it has gone through) or None."""
        what = f"{mutant.name} {digest(mutant.text().encode())}"
        entry = self.found.get(what)
        if not entry:
            return None
        test = (entry["kind"], entry["result"]["by"].split(" ")[0])
        if entry["key"] == self.key(test if entry["kind"] else None):
            return entry["result"], entry["n_passes"]
        return None

    def all_of(self, mutants):
        return [found[0] for found in map(self.mutant, mutants) if found]

    def put_mutant(self, mutant, result, caught, n_passes):
        test = caught[1] if is_sure(caught) else None
        what = f"{mutant.name} {digest(mutant.text().encode())}"
        self.put(what, self.key(test), kind=test[0] if test else "",
            n_passes=n_passes, result=result)


# ---- who caught it last -----------------------------------------------------

CAUGHT = os.path.join(HERE, "caught.txt")
CAUGHT_HEAD = """\
# Which test caught a mutant of list.txt last, written by `run.py --note`: the
# mutant, the build, the test program, what failed in it. It is tried first.
"""


def read_caught():
    caught = {}
    for line in (read_bytes(CAUGHT) or b"").decode().splitlines():
        if line and not line.startswith("#"):
            name, kind, test, what = (line.split() + [""])[:4]
            caught[name] = (kind, test, what)
    return caught


def write_caught(mutants, results):
    """Those of this run; what it was not about stays as it is."""
    names = {mutant.name for mutant in mutants}
    caught = {name: entry for name, entry in read_caught().items()
        if name in names}
    for result in results:
        caught.pop(result["name"], None)
        if result["verdict"] in ("caught", "late"):
            test, _, kind = result["by"].partition(" ")
            caught[result["name"]] = (kind.strip("()") or "plain", test,
                result["test"])
    with open(CAUGHT, "w", encoding="utf-8") as file:
        file.write(CAUGHT_HEAD)
        for name in sorted(caught):
            file.write(" ".join((name,) + caught[name]).rstrip() + "\n")


# ---- tests ------------------------------------------------------------------


def tests_below(kind, folder):
    """tests/unit/chan/*.c as (kind, "unit/chan/NAME")."""
    path = os.path.join(ROOT, "tests", folder)
    if not os.path.isdir(path):
        return []
    return [(kind, f"{folder}/{name[:-2]}")
        for name in sorted(os.listdir(path)) if name.endswith(".c")]


def all_units(kind):
    path = os.path.join(ROOT, "tests", "unit")
    return [test for folder in sorted(os.listdir(path))
        for test in tests_below(kind, f"unit/{folder}")]


def units_of(mutant, kind):
    """Those of its folder and of its kin."""
    return [test for folder in [mutant.folder] + KIN.get(mutant.folder, [])
        for test in tests_below(kind, f"unit/{folder}")]


def likeness(mutant, test):
    """How much of the file's name is the test's: the greater the sooner."""
    leaf = os.path.splitext(os.path.basename(mutant.file))[0]
    name = test[1].rsplit("/", 1)[-1]
    if test[1] == f"unit/{mutant.folder}/{leaf}":
        return 1000
    return len(os.path.commonprefix([leaf, name]))


def hinted(last):
    """What caught it last, of the simulator only the scenario."""
    if not last:
        return []
    kind, name, what = last
    is_part = "--scenario=all" in SIM_ARGS.get(name, []) and what
    return [(kind, f"{name}:{what}" if is_part else name)]


class Course:
    """What mutants meet, in passes; a pass has rounds, which are built
    together and are each of one kind."""

    def __init__(self, kinds):
        self.kinds = kinds
        self.last = read_caught()
        self.passes = [self.own, self.plain] + \
            ([self.sanitized] if kinds else []) + [self.asked, self.long]

    def rounds(self, mutant, k):
        return self.passes[k](mutant)

    def own(self, mutant):
        hint = [test for test in hinted(self.last.get(mutant.name))
            if test[0] == "plain" or test[0] in self.kinds]
        brief = [("plain", "sim-brief")] * (mutant.folder in THREADED)
        return [hint, units_of(mutant, "plain"), brief]

    def plain(self, mutant):
        own = units_of(mutant, "plain")
        sim, rest = [("plain", "sim")], all_units("plain")
        rest = [test for test in rest if test not in own]
        stress = tests_below("plain", "stress") + \
            tests_below("plain", "regress")
        is_threaded = mutant.folder in THREADED
        return ([sim, rest] if is_threaded else [rest, sim]) + [stress]

    def sanitized(self, mutant):
        return [units_of(mutant, kind) + tests_below(kind, "stress")
            for kind in self.kinds]

    def asked(self, _):
        return [[("plain", f"command/{name}") for name in COMMANDS]]

    def long(self, _):
        return [[("plain", name) for name in SIM_ARGS
            if name not in ("sim-brief", "sim")]]


def is_sure(caught):
    return caught is not None and caught[0] != "shaky"


# ---- the trees, and how long each test takes without a mutant ---------------


class Bench:
    def __init__(self, folder, n_jobs, kinds, known):
        self.course = Course(kinds)
        self.known = known
        self.trees = queue.Queue()
        self.lock = threading.Lock() # of the one tree with sanitizers
        self.seconds = {}
        self.all = [Tree(os.path.join(folder, str(k)))
            for k in range(n_jobs)]
        self.sanitized = Tree(os.path.join(folder, "sanitized"))
        for tree in self.all:
            self.trees.put(tree)

    def prepare(self, mutants, k):
        """For the pass k of these: its builds, and the time of its tests."""
        tests = list(dict.fromkeys(test for mutant in mutants
            for part in self.course.rounds(mutant, k) for test in part))
        plain = [test for test in tests if test[0] == "plain"]
        others = [test for test in tests if test[0] != "plain"]
        self.prepare_tree(self.all[0], plain)
        with concurrent.futures.ThreadPoolExecutor(len(self.all)) as pool:
            works = [pool.submit(self.prepare_tree, tree, plain)
                for tree in self.all[1:]] # what the first compiled is there
            works += [pool.submit(self.prepare_tree, self.sanitized, others)]
            for work in works:
                work.result()
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            list(pool.map(self.measure, tests))

    def prepare_tree(self, tree, tests):
        for kind in dict.fromkeys(kind for kind, _ in tests):
            tree.configure(kind)
            tree.build(kind, [target(test) for test in tests
                if test[0] == kind], goes_on=True)

    def measure(self, test):
        tree = self.all[0] if test[0] == "plain" else self.sanitized
        key, name = self.known.key(test), name_of(test)
        entry = self.known.get(name, key)
        if entry:
            self.seconds[test] = entry["seconds"]
            return
        if not tree.has(test):
            say(f"left out {name}: it does not build")
            return
        verdict, seconds, what = tree.run(test, 600, 120)
        if verdict == "passed":
            self.seconds[test] = seconds
            self.known.put(name, key, seconds=seconds)
        else:
            say(f"left out {name}: {verdict} without a mutant {what}")

    # ---- one mutant ----

    def usual(self, test):
        """Seconds without a mutant; None: it did not pass."""
        return self.seconds.get(test)

    def try_test(self, tree, test):
        """How it failed, and where; or None."""
        usual = self.usual(test)
        short, long = (min(least + times * usual, most)
            for least, times, most in TEST_SECONDS[test[0]])
        limit = 15 + 4 * usual
        verdict, _, what = tree.run(test, limit, short)
        if verdict == "passed":
            return None
        if verdict == "failed" and sim_name(test):
            return (verdict, test, what)
        again, _, what_again = tree.run(test, limit, long)
        if again == "passed":
            return None if verdict == "late" else ("shaky", test, what)
        return (again, test, what_again or what)

    def try_round(self, tree, mutant, tests):
        """broken; or the test that caught it, how and where; or None."""
        tests = [test for test in tests if self.usual(test) is not None]
        tests.sort(key=lambda test: (-likeness(mutant, test)
            if likeness(mutant, test) > 2 else 0, self.usual(test)))
        # A header is in many tests, which need not all be compiled.
        parts = [[test] for test in tests] if mutant.is_header() else [tests]
        shaky = None
        for part in parts:
            caught = self.try_built(tree, part) if part else None
            if is_sure(caught):
                return caught
            shaky = shaky or caught
        return shaky

    def try_built(self, tree, tests):
        if not tree.build(tests[0][0], list({target(test) for test in tests})):
            return ("broken", tests[0], "")
        shaky = None
        for test in tests:
            caught = self.try_test(tree, test)
            if is_sure(caught):
                return caught
            shaky = shaky or caught
        return shaky

    def apply(self, tree, mutant, parts):
        was = tree.change(mutant.file, mutated(mutant, tree.source)[1])
        shaky = None
        try:
            for part in parts:
                caught = self.try_round(tree, mutant, part)
                if is_sure(caught):
                    return caught
                shaky = shaky or caught
        finally:
            tree.undo(*was)
        return shaky

    def try_pass(self, mutant, k):
        parts = [part for part in self.course.rounds(mutant, k) if part]
        plain = [part for part in parts if part[0][0] == "plain"]
        others = [part for part in parts if part[0][0] != "plain"]
        caught = None
        if plain:
            tree = self.trees.get()
            try:
                caught = self.apply(tree, mutant, plain)
            finally:
                self.trees.put(tree)
        if others and not is_sure(caught):
            with self.lock:
                caught = self.apply(self.sanitized, mutant, others) or caught
        return caught

    # ---- all of them ----

    def go(self, mutants, n_passes):
        """The results, in the order of the mutants."""
        results = {}
        for k in range(min(n_passes, len(self.course.passes))):
            left = [m for m in mutants if not self.is_known(m, k, results)]
            if not left:
                continue
            left.sort(key=lambda mutant: mutant.is_header())
            self.prepare(left, k)
            say(f"pass {k + 1}: {len(left)} of {len(mutants)} mutants")
            n_at_once = 1 if self.course.passes[k] == \
                self.course.sanitized else len(self.all)
            with concurrent.futures.ThreadPoolExecutor(n_at_once) as pool:
                works = [pool.submit(self.try_mutant, m, k, results)
                    for m in left]
                for work in works:
                    work.result()
        return [results[mutant.name] for mutant in mutants]

    def is_known(self, mutant, k, results):
        """Has it been through pass k, or need not go there?"""
        found = self.known.mutant(mutant)
        if not found:
            return False
        results[mutant.name] = found[0]
        return found[0]["verdict"] not in ("SURVIVED", "SHAKY") or \
            found[1] > k

    def try_mutant(self, mutant, k, results):
        begin = time.monotonic()
        caught = self.try_pass(mutant, k)
        if not caught and k and mutant.name in results:
            return self.known.put_mutant(mutant, results[mutant.name], None,
                k + 1)
        result = report(mutant, caught, time.monotonic() - begin)
        results[mutant.name] = result
        self.known.put_mutant(mutant, result, caught, k + 1)


def name_of(test):
    return test[1] if test[0] == "plain" else f"{test[1]} ({test[0]})"


def report(mutant, caught, seconds):
    words = {"failed": "caught", "late": "late", "shaky": "SHAKY",
        "broken": "BROKEN"}
    verdict, test, what = caught or (None, None, "")
    result = {
        "name": mutant.name, "file": mutant.file, "why": mutant.why,
        "verdict": words.get(verdict, "SURVIVED"),
        "by": name_of(test).split(":")[0] if test else "", "test": what,
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
    for result in results:
        if result["verdict"] in ("SHAKY", "SURVIVED", "BROKEN"):
            say(f"{result['verdict']:8} {result['name']}: {result['why']}")
    say(f"{n_caught} of {len(results)} mutants caught ({share:.1%}), "
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
        metavar="NAME", help="only those in src/NAME or stages/NAME")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--check", action="store_true",
        help="only look whether each old text is there once")
    parser.add_argument("--json", action="store_true",
        help="the results as JSON, last")
    parser.add_argument("--build", metavar="FOLDER",
        default=os.path.join(ROOT, "build", "mutants"))
    parser.add_argument("--jobs", type=int, default=2,
        help="how many at once, each with a tree of its own")
    parser.add_argument("--no-sanitizers", action="store_true")
    parser.add_argument("--quick", action="store_true",
        help="only the tests of a mutant's folder, and who found it last")
    parser.add_argument("--anew", action="store_true",
        help="forget what earlier runs have found")
    parser.add_argument("--known", action="store_true",
        help="try nothing: only say what earlier runs have found")
    parser.add_argument("--note", action="store_true",
        help="write who caught what to caught.txt")
    return parser.parse_args()


def choose(mutants, options):
    unknown = set(options.only) - {mutant.name for mutant in mutants}
    if unknown:
        die("no mutant " + ", ".join(sorted(unknown)))
    if options.only:
        mutants = [m for m in mutants if m.name in options.only]
    if options.folder:
        mutants = [m for m in mutants if m.is_in(options.folder)]
    return mutants


def main():
    options = parse()
    listed = read_list(os.path.join(HERE, "list.txt"))
    mutants = choose(listed, options)
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
    known = Known(options.build, options.anew)
    if options.known:
        results = known.all_of(mutants)
    else:
        bench = Bench(options.build, max(1, options.jobs), kinds, known)
        results = bench.go(mutants,
            1 if options.quick else len(bench.course.passes))
    is_good = score(results)
    if options.note:
        write_caught(listed, results)
    if options.json:
        print(json.dumps(results, indent=1))
    print(f"{sum(r['verdict'] in ('caught', 'late') for r in results)} passed, "
        f"{0 if is_good else 1} failed")
    sys.exit(0 if is_good else 1)


if __name__ == "__main__":
    main()
