"""tree.py -- a copy of the sources in which a mutant may be, and its builds.

A build of the type Mutant has one library of all that is in leat, which the
test programs share: what a mutant costs is to compile one file and to link one
library. With ccache the file as it was costs nothing afterwards.
"""
import os
import select
import shutil
import signal
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SIM_ARGS = {
    "sim-brief": ["--scenario=all", "--runs=100", "--points=300000",
        "--memory=both", "--seed=1"],
    "sim": ["--scenario=all", "--runs=1500", "--points=5000000",
        "--memory=both", "--seed=1"],
    "sim-long": ["--scenario=all", "--runs=20000", "--points=10000000",
        "--memory=both", "--seed=1"],
    "sim-graph": ["--scenario=graph", "--runs=5000", "--memory=both",
        "--seed=1"],
    "sim-trouble": ["--scenario=graph_trouble", "--runs=5000",
        "--memory=both", "--seed=1"],
}
# What asks the command that a user has, as `./dev test` runs it.
COMMANDS = {
    "cli": ["bash", "tests/cli.sh"],
    "control": ["python3", "tests/control.py"],
    "trace": ["python3", "tests/trace.py"],
    "metrics": ["python3", "tests/metrics.py"],
    "reload": ["python3", "tests/reload.py"],
    "jobs": ["python3", "tests/jobs.py"],
    "tools": ["python3", "tests/tools.py"],
    "groups": ["python3", "tests/groups.py"],
    "order": ["python3", "tests/order.py"],
    "formats": ["python3", "tests/formats.py"],
    "ndjson": ["python3", "tests/ndjson.py"],
    "faults": ["python3", "tests/faults.py"],
}
KINDS = {
    "plain": [],
    "tsan": ["-DLEAT_SANITIZE=thread"],
    "asan": ["-DLEAT_SANITIZE=address,undefined"],
}


def die(text):
    raise SystemExit("mutants: " + text)


# ---- files ------------------------------------------------------------------


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


def remove_built(folder, since_ns):
    """Objects, libraries and programs that are no older."""
    for folder, _, names in os.walk(folder):
        for path in (os.path.join(folder, name) for name in names):
            stat = os.lstat(path)
            if stat.st_mtime_ns >= since_ns and (stat.st_mode & 0o100 or
                    path.endswith((".o", ".a"))):
                os.unlink(path)


def no_randomization():
    """The sanitizers of clang 14 want the address space of older kernels."""
    words = ["setarch", os.uname().machine, "-R"]
    try:
        works = subprocess.run(words + ["true"], capture_output=True)
    except FileNotFoundError:
        return []
    return words if works.returncode == 0 else []


# ---- tests ------------------------------------------------------------------


def sim_name(test):
    """sim, sim-long, ...; "" of what is no run of the simulator. sim:ring_pair
    is sim for that scenario alone."""
    name = test[1].split(":")[0]
    return name if name in SIM_ARGS else ""


def sim_args(test):
    name, _, scenario = test[1].partition(":")
    return [f"--scenario={scenario}" if word == "--scenario=all" and scenario
        else word for word in SIM_ARGS[name]]


def command_of(test):
    """What runs a test of the command, command/NAME; None of another one."""
    folder, _, name = test[1].partition("/")
    return COMMANDS[name] if folder == "command" else None


def target(test):
    """What has to be built for it."""
    if command_of(test):
        return "command"
    return "sim" if sim_name(test) else "test_" + test[1].replace("/", "_")


# ---- trees ------------------------------------------------------------------


class Tree:
    """A copy of the sources and its builds, one of each kind."""

    def __init__(self, folder):
        self.source = os.path.join(folder, "tree")
        self.folder = folder
        self.prefix = no_randomization()
        os.makedirs(self.source, exist_ok=True)
        copy_tree(self.source)

    def build_folder(self, kind):
        return os.path.join(self.folder, kind)

    def configure(self, kind):
        log = os.path.join(self.folder, kind + ".log")
        words = ["cmake", "-G", "Ninja", "-S", self.source, "-B",
            self.build_folder(kind), "-DCMAKE_C_COMPILER=clang",
            "-DCMAKE_BUILD_TYPE=Mutant", "-DCMAKE_C_FLAGS=-O1",
            "-DCMAKE_LINK_DEPENDS_NO_SHARED=ON",
            "-DLEAT_TESTS=ON", "-DLEAT_EXAMPLES=OFF", "-DLEAT_WITH_PAGE=OFF",
            "-DLEAT_BENCH=OFF"] + KINDS[kind]
        if shutil.which("ccache"):
            words += ["-DCMAKE_C_COMPILER_LAUNCHER=ccache"]
        with open(log, "w", encoding="utf-8") as file:
            if subprocess.run(words, stdout=file, stderr=file).returncode:
                die(f"cmake failed: {log}")

    def build(self, kind, targets, goes_on=False):
        log = os.path.join(self.folder, kind + ".build.log")
        if "command" in targets:
            targets = [name for name in targets if name != "command"] + \
                ["leat_command", "losing"]
        words = ["ninja", "-C", self.build_folder(kind), "-j1"]
        words += ["-k0"] if goes_on else []
        environment = dict(os.environ, CCACHE_NOHASHDIR="1",
            CCACHE_BASEDIR=os.path.dirname(self.folder))
        with open(log, "w", encoding="utf-8") as file:
            return subprocess.run(words + targets, stdout=file, stderr=file,
                start_new_session=True, env=environment).returncode == 0

    def change(self, name, text):
        """What undo wants."""
        path = os.path.join(self.source, name)
        before = (read_bytes(path), os.stat(path))
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path, before[0], before[1], os.stat(path).st_mtime_ns

    def undo(self, path, text, stat, since_ns):
        """A header is as old as it was, so that only what has been built of the
        changed one is built again."""
        with open(path, "wb") as file:
            file.write(text)
        if not path.endswith(".h"):
            return
        for kind in KINDS:
            remove_built(self.build_folder(kind), since_ns)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    def has(self, test):
        return os.access(self.program(test), os.X_OK)

    def program(self, test):
        if command_of(test):
            return os.path.join(self.build_folder(test[0]), "leat")
        below = "sim" if sim_name(test) else os.path.join("tests", test[1])
        return os.path.join(self.build_folder(test[0]), below)

    def run(self, test, limit, test_seconds):
        """passed, failed or late; the seconds it took; and what failed."""
        words = self.prefix + (command_of(test) or []) + [self.program(test)]
        words += sim_args(test) if sim_name(test) else []
        environment = dict(os.environ, LEAT_SEED="1",
            LEAT_TEST_SECONDS=str(test_seconds),
            CK_TAP_LOG_FILE_NAME="-",
            ASAN_OPTIONS="detect_leaks=1",
            TSAN_OPTIONS="halt_on_error=1")
        begin = time.monotonic()
        process = subprocess.Popen(words, cwd=self.source,
            env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True)
        output, is_late = watch(process, limit)
        is_late = is_late or b"Test timeout expired" in output
        is_failed = process.returncode or not is_whole(test, output)
        verdict = "passed" if not is_failed else \
            "late" if is_late else "failed"
        return verdict, time.monotonic() - begin, first_failure(output)


# ---- a test that runs -------------------------------------------------------


def watch(process, limit):
    """The output; is it late? Ended as soon as a test of it has failed."""
    output, end = b"", time.monotonic() + limit
    with process.stdout as stream:
        more = b"?"
        while time.monotonic() < end:
            left = max(0, end - time.monotonic())
            if not select.select([stream], [], [], left)[0]:
                continue
            more = os.read(stream.fileno(), 65536)
            output += more
            if not more or has_failure(b"\n" + output):
                break
        is_late = time.monotonic() >= end
        has_ended = not is_late and not more
    for word in [None] * has_ended + [signal.SIGTERM, signal.SIGKILL]:
        if stop(process, word):
            break
    return output, is_late


def has_failure(output):
    return b"\nnot ok " in output or b"\nFAIL: " in output


def stop(process, word):
    """Has it ended? Check ends its own children at SIGTERM."""
    try:
        if word:
            os.killpg(process.pid, word)
        process.wait(timeout=5)
        return True
    except subprocess.TimeoutExpired:
        return False


def is_whole(test, output):
    """A fiber that returns where it must not ends the simulator with status 0;
    then the line is missing that says how many passed."""
    return not (sim_name(test) or command_of(test)) or \
        b" passed, 0 failed" in output


def first_failure(output):
    """The name of the first test or scenario that failed, if it says so."""
    for line in output.decode("utf-8", "replace").splitlines():
        parts = line.split(":")
        if line.startswith("not ok ") and len(parts) > 2:
            return parts[2]
        if line.startswith("FAIL: "):
            return "_".join(line[6:].split())[:60]
        if line.startswith("REPLAY") and "--scenario=" in line:
            return line.split("--scenario=")[1].split()[0]
    return ""
