#!/usr/bin/env python3
"""The command where the system gives little: descriptors, disk, time.

Jobs over every stage (those of drain.py) with 8 to 40 descriptors, on disks of
a few pages, stopped and continued at random, fed and emptied in pieces of a few
bytes. Each ends well and with the right outputs, or tells what is wrong, leaves
nothing under a final name and no other file. Usage:
tests/faults.py [COMMAND [SEED]]
"""
import os
import pathlib
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time

import drain

ROOT = pathlib.Path(__file__).resolve().parent.parent
SECONDS = 900


class Failure(Exception):
    pass


def check(is_true, text):
    if not is_true:
        raise Failure(text)


def run(command, job, folder, limit=None):
    """Exit status; what it says lands in the file `said`."""
    text = drain.text_of(job, folder)
    with open(folder / "said", "wb") as said:
        return subprocess.run(
            [command, "run", "--workers=2", text], cwd=folder, stdout=said,
            stderr=said, stdin=subprocess.DEVNULL, timeout=SECONDS, check=False,
            preexec_fn=limit).returncode


def check_outcome(status, folder, job, wanted, what):
    """True: it went well."""
    said = drain.said(folder)
    check(status in (0, 1, 2), f"{what}: status {status}: {said}")
    try:
        found = drain.results(folder, job)
    except drain.Failure as failure:
        raise Failure(f"{what}: {failure}") from None
    if status == 0:
        check(found == wanted, f"{what}: the outputs are not right")
        return True
    check("error" in said, f"{what}: status {status} without a word: {said}")
    check(all(wanted.get(name) == data for name, data in found.items()),
          f"{what}: something torn is left: {sorted(found)}")
    return False


class Faults:
    def __init__(self, command, work, seed):
        self.command, self.work = command, pathlib.Path(work)
        self.rng = random.Random(seed)
        drain.ROWS = 2000
        self.trials = drain.Trials(command, work, seed)
        self.passed = self.failed = 0

    def fresh(self, job, name="here"):
        folder = self.work / name
        self.trials.put(folder, job)
        return folder

    def wanted(self, job):
        folder = self.fresh(job)
        status = run(self.command, job, folder)
        check(status == 0, f"{job[0]}: {drain.said(folder)}")
        return drain.results(folder, job)

    def each(self, fault):
        for job in drain.JOBS:
            try:
                fault(job, self.wanted(job))
                self.passed += 1
            except (Failure, drain.Failure) as failure:
                self.failed += 1
                print(f"FAIL: {fault.__name__}: {failure}\n\t{job[0]}")

    # -- descriptors ---------------------------------------------------------

    def few_descriptors(self, job, wanted):
        n_well = 0
        for n in sorted(self.rng.sample(range(8, 32), 5)) + [32, 200]:
            def limit(n=n):
                resource.setrlimit(resource.RLIMIT_NOFILE, (n, n))
            folder = self.fresh(job)
            status = run(self.command, job, folder, limit)
            n_well += check_outcome(status, folder, job, wanted,
                                    f"{n} descriptors")
        check(n_well > 0, "not even with 200 descriptors")

    # -- disks ---------------------------------------------------------------

    def can_mount(self):
        folder = self.work / "disk"
        folder.mkdir(exist_ok=True)
        if not self.mount(folder, 4):
            return False
        self.unmount(folder)
        return True

    @staticmethod
    def mount(folder, n_pages):
        return subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={n_pages * 4096}", "none",
             str(folder)], stderr=subprocess.DEVNULL, check=False).returncode == 0

    @staticmethod
    def unmount(folder):
        subprocess.run(["umount", str(folder)], check=True)

    def small_disk(self, job, wanted):
        """Outputs and whatever waits stand on a disk of a few pages."""
        disk = self.work / "disk"
        for n_pages in self.rng.sample(range(1, 40), 3):
            folder = self.fresh(job, "inputs")
            check(self.mount(disk, n_pages), "cannot mount")
            try:
                self.on_disk(job, wanted, folder, disk, n_pages)
            finally:
                self.unmount(disk)

    def on_disk(self, job, wanted, folder, disk, n_pages):
        (disk / "spill").mkdir()
        for path in folder.iterdir():
            if path.is_file():
                (disk / path.name).symlink_to(path)
        (disk / "said").symlink_to(self.work / "said")
        status = run(self.command, job, disk)
        check_outcome(status, disk, job, wanted, f"{n_pages} pages")

    # -- time ----------------------------------------------------------------

    def stopped(self, job, wanted):
        """SIGSTOP and SIGCONT change nothing."""
        folder = self.fresh(job)
        process = drain.start(self.command, job, folder)
        for _ in range(3):
            time.sleep(self.rng.random() * 0.006)
            process.send_signal(signal.SIGSTOP)
            time.sleep(0.002)
            process.send_signal(signal.SIGCONT)
        check_outcome(drain.finish(process), folder, job, wanted, "stopped")

    def late(self):
        """A deadline that passes while the process is stopped counts then."""
        folder = self.work / "late"
        folder.mkdir()
        os.mkfifo(folder / "in")
        keep = os.open(folder / "in", os.O_RDWR)
        out, held = os.pipe()  # nobody reads it: it fills up
        with open(folder / "said", "wb") as said:
            process = subprocess.Popen(
                [self.command, "run", "--drain-timeout=400ms",
                 "read in ! lines.parse ! lines.format ! write -"],
                cwd=folder, stdout=held, stderr=said)
        os.set_blocking(keep, False)
        n = 0
        while n < 400000 and process.poll() is None:
            try:
                n += os.write(keep, b"some line\n" * 100)
            except BlockingIOError:
                n += 1000
                time.sleep(0.001)
        process.send_signal(signal.SIGTERM)
        while "stopping" not in drain.said(folder):
            time.sleep(0.001)
        process.send_signal(signal.SIGSTOP)
        time.sleep(0.6)
        began = time.monotonic()
        process.send_signal(signal.SIGCONT)
        status = drain.finish(process)
        took = time.monotonic() - began
        os.close(keep)
        os.close(held)
        os.close(out)
        check(status == 3, f"late: status {status}: {drain.said(folder)}")
        check("did not end in its time" in drain.said(folder),
              f"late: it does not say so: {drain.said(folder)}")
        check(took < 60, f"late: it takes {took} s more")

    # -- pieces --------------------------------------------------------------

    def pieces(self):
        """A pipe in, a pipe out, a few bytes at a time."""
        rows = b"".join(b"%d,\"x, %d\"\n" % (k, k) for k in range(300))
        process = subprocess.Popen(
            [self.command, "run", "-q", "read - ! csv.parse header=off ! "
             "csv.format header=off ! write -"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, bufsize=0)
        out, at = b"", 0
        os.set_blocking(process.stdout.fileno(), False)
        while at < len(rows):
            n = self.rng.choice([1, 1, 2, 3, 7, 100])
            process.stdin.write(rows[at:at + n])
            at += n
            out += process.stdout.read(self.rng.choice([1, 5, 64])) or b""
        process.stdin.close()
        os.set_blocking(process.stdout.fileno(), True)
        while True:
            piece = process.stdout.read(3)
            if not piece:
                break
            out += piece
        check(drain.finish(process) == 0, "pieces: it fails")
        check(out == rows, f"pieces: {len(out)} bytes, not {len(rows)}")

    def alone(self, fault):
        try:
            fault()
            self.passed += 1
        except (Failure, drain.Failure) as failure:
            self.failed += 1
            print(f"FAIL: {failure}")


def main():
    command = os.path.abspath(sys.argv[1] if len(sys.argv) > 1
                              else ROOT / "build/leat")
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(10**9)

    print(f"seed {seed}")
    with tempfile.TemporaryDirectory(prefix="leat-faults-",
                                     dir=drain.folder_in_memory()) as work:
        faults = Faults(command, work, seed)
        faults.each(faults.few_descriptors)
        if faults.can_mount():
            faults.each(faults.small_disk)
        else:
            print("no small disks: this user may not mount any")
        faults.each(faults.stopped)
        faults.alone(faults.late)
        faults.alone(faults.pieces)
    print(f"{faults.passed} passed, {faults.failed} failed")
    return faults.failed > 0


if __name__ == "__main__":
    sys.exit(main())
