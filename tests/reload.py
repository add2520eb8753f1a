#!/usr/bin/env python3
"""SIGHUP to leat run -f, and leat reload: a job changes while a file is copied.

A row is there once, whatever changes and whenever; the constants that a stage
adds come in their order, and those of two stages are never of two files. What
cannot change, and what is wrong, is told, and the run goes on as it was.
Usage: tests/reload.py [COMMAND [N_RELOADS [SEED]]]
"""
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
ROWS = 60000
SECONDS = 300
failures = []
n_checks = 0


def check(what, is_good, detail=""):
    global n_checks
    n_checks += 1
    if not is_good:
        failures.append(what)
        print(f"FAIL: {what}\n{detail[-1500:]}")


JOB = """vars: {{K: {k}, SECRET: geheim{k}}}
secrets: [SECRET]
graph:
  - read: {{path: in.csv, chunk_bytes: 4k}}
    guards: [{{rate: {{bytes: {rate}, burst: 20ms}}}}]
  - where: "{where}"
  - derive: "k=${{K}}"
  - derive: "j=k * 2, s='${{SECRET}}'"
{more}  - write: {sink}
"""


def environment(folder):
    """Its socket is where nobody else looks for one."""
    return {**os.environ, "XDG_RUNTIME_DIR": str(folder)}


class Run:
    """A job that runs in a folder of its own."""

    def __init__(self, command, folder, *options):
        self.folder = folder
        self.err = open(folder / "err", "w+")
        self.process = subprocess.Popen(
            [command, "run", "-f", "job.yaml", *options], cwd=folder,
            env=environment(folder), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=self.err)

    def said(self):
        return (self.folder / "err").read_text(errors="replace")

    def is_over(self):
        return self.process.poll() is not None

    def await_words(self, pattern, n=1):
        """Until it has said so n times, or has ended."""
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            found = len(re.findall(pattern, self.said()))
            if found >= n:
                return True
            if self.is_over():
                return len(re.findall(pattern, self.said())) >= n
            time.sleep(0.002)
        return False

    def hang_up(self):
        self.process.send_signal(signal.SIGHUP)

    def end(self):
        status = self.process.wait(SECONDS)
        self.err.close()
        return status


def put(folder, k=0, rate="8M", where="n > 0", more="", sink="out.csv"):
    new = folder / "job.new"
    new.write_text(JOB.format(k=k, rate=rate, where=where, more=more,
                              sink=sink))
    new.rename(folder / "job.yaml")


def begin(command, **values):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="leat-reload-"))
    with open(folder / "in.csv", "w") as to:
        to.write("n,text\n")
        to.writelines(f"{n},a row of some text\n" for n in range(1, ROWS + 1))
    put(folder, **values)
    return folder


def await_rows(run):
    """Until there is something of the output, or it has ended."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until and not run.is_over():
        files = run.folder.glob(".out.csv.leat-*")
        if any(f.stat().st_size for f in files):
            return
        time.sleep(0.001)


def check_rows(folder, last):
    before, n = 0, 0
    with open(folder / "out.csv") as rows:
        check("the header is there once", next(rows) == "n,text,k,j,s\n")
        for row in rows:
            number, _, k, j, s = row.rstrip("\n").split(",")
            n += 1
            if int(number) != n or int(k) < before or int(j) != 2 * int(k) \
                    or s != f"geheim{k}":
                check("rows in order, once, by one file", False, row)
                return
            before = int(k)
    check("every row is there", n == ROWS, f"{n} rows")
    check("the last constant is that of the last file", before == last,
          f"{before}, not {last}")


def many(command, n_reloads, rng):
    """Constants change in two stages at random moments."""
    folder = begin(command, rate="60k")
    run = Run(command, folder, "--progress=none")
    await_rows(run)
    k = 0
    while k < n_reloads and not run.is_over():
        time.sleep(rng.random() * 0.01)
        # the last one lets the rest go
        put(folder, k=k + 1,
            rate="1G" if k + 1 == n_reloads else "60k",
            where=f"n > 0 and {k} < 999")
        run.hang_up()
        if not run.await_words(r"reload: done", k + 1):
            break
        k += 1
    status = run.end()
    said = run.said()
    check("it ends well", status == 0, said)
    check(f"{n_reloads} changes were done", k == n_reloads, said)
    check("the plan says what changes",
          "derive: columns: k=0 -> k=1 (at one moment)" in said, said)
    check("a guard changes live", "-> 1G (live)" in said, said)
    check("no secret is told", "geheim" not in said, said)
    check_rows(folder, k)
    shutil.rmtree(folder)


def refused(command):
    """What cannot be done is told, and the run goes on."""
    folder = begin(command, rate="100k")
    run = Run(command, folder)
    await_rows(run)
    put(folder, k=1, rate="100k", more='  - drop: "text"\n')
    run.hang_up()
    check("a new stage is refused", run.await_words("start it anew for this"),
          run.said())
    check("it is named", "reload: drop: a new stage (drop; not while it runs)"
          in run.said(), run.said())
    check("why, and what is accepted, with its place",
          re.search(r"job\.yaml:\d+:\d+: drop: there is no place for it; "
                    "accepted: .*'pass'", run.said()), run.said())
    put(folder, rate="100k", sink="other.csv")
    run.hang_up()
    check("a sink's option, and what would be accepted",
          run.await_words("ends its output by what it began with; accepted "
                          "meanwhile: its on_drain"), run.said())
    put(folder, k=1, rate="100k", where="nn > 0")
    run.hang_up()
    check("a mistake has its place",
          run.await_words("reload: nothing has changed: the graph") and
          "job.yaml:6:" in run.said(), run.said())
    put(folder, k=1.5, rate="100k")
    run.hang_up()
    check("other types of columns are refused",
          run.await_words("other columns would come out"), run.said())
    put(folder, rate="100k")
    run.hang_up()
    check("the same file changes nothing",
          run.await_words("nothing is another"), run.said())
    put(folder, rate="1G")
    run.hang_up()
    check("it ends well", run.end() == 0, run.said())
    check_rows(folder, 0)
    shutil.rmtree(folder)


def asked(command):
    """leat reload is told what came of it."""
    folder = begin(command, rate="100k")
    run = Run(command, folder)
    await_rows(run)

    def ask():
        done = subprocess.run([command, "reload", str(run.process.pid)],
                              env=environment(folder), text=True,
                              timeout=SECONDS, capture_output=True)
        return done.returncode, done.stdout, done.stderr

    status, out, err = ask()
    check("nothing is another", status == 0 and
          out == "reload: nothing is another\n", out + err)
    put(folder, k=1, rate="100k")
    status, out, err = ask()
    check("what changes, and that it has", status == 0 and
          "derive: columns: k=0 -> k=1 (at one moment)" in out and
          "reload: done" in out and "geheim" not in out, out + err)
    put(folder, k=1, rate="100k", where="nn > 0")
    status, out, err = ask()
    check("a mistake, its place, and that nothing has changed", status == 1
          and "job.yaml:6:" in err and "^^" in err and
          "nothing has changed" in err and not out, out + err)
    put(folder, k=1, rate="1G")
    check("it goes on well", ask()[0] == 0 and run.end() == 0, run.said())
    check_rows(folder, 1)
    shutil.rmtree(folder)


GUARDED = """graph:
  - read: {{path: in.csv, chunk_bytes: 4k}}
    guards: [{{rate: {{bytes: {rate}, burst: 20ms}}}}]
  - where: "n > 0"
  - write: out.csv
{guards}"""


def guarded(command):
    """Guards come, go and change places; what waits needs a thread."""
    folder = begin(command)

    def put_guards(words, rate="200k", before=""):
        new = folder / "job.new"
        text = f"    guards: [{words}]\n" if words else ""
        new.write_text(GUARDED.format(rate=rate, guards=text).replace(
            '"n > 0"\n', f'"n > 0"\n{before}'))
        new.rename(folder / "job.yaml")

    put_guards("")
    run = Run(command, folder)
    await_rows(run)
    sets = [("timeout: 1h", "none -> @timeout"),
            ("rate: 1000000000}, {timeout: 1h",
             "@timeout -> @rate @timeout"),
            ("timeout: 2h}, {rate: 1000000000",
             "@rate @timeout -> @timeout @rate"),
            ("", "@timeout @rate -> none")]
    for n, (words, told) in enumerate(sets):
        put_guards(f"{{{words}}}" if words else "")
        run.hang_up()
        check(f"guards become '{words}'", run.await_words("reload: done", n + 1)
              and f"reload: write: guards: {told} (live)" in run.said(),
              run.said())
    put_guards("", before="    guards: [{rate: 1000000000}]\n")
    run.hang_up()
    check("a guard that waits is told of its place",
          run.await_words("no thread of its own") and
          re.search(r"job\.yaml:4:\d+: where:", run.said()), run.said())
    put_guards("", rate="1G")
    run.hang_up()
    check("it ends well", run.end() == 0, run.said())
    with open(folder / "out.csv") as out, open(folder / "in.csv") as rows:
        check("every row is there once", out.read() == rows.read())
    shutil.rmtree(folder)


STRUCTURES = [
    "",
    """  - where: "n > 0"\n""",
    """  - where: "n >= 1"\n  - where: "n < 1000000"\n    name: small\n""",
    """  - pass\n  - where: "length(text) > 0"\n    name: texts\n""",
    """  - where: "n > 0"\n    name: first\n    guards: [{timeout: 1h}]\n""",
]


def structural(command, n_reloads, rng):
    """Stages come, go and are exchanged while a file is copied."""
    folder = begin(command)

    def put_stages(stages, rate="60k"):
        new = folder / "job.new"
        new.write_text(f"""graph:
  - read: {{path: in.csv, chunk_bytes: 4k}}
    guards: [{{rate: {{bytes: {rate}, burst: 20ms}}}}]
  - derive: "k=7"
{stages}  - write: out.csv
""")
        new.rename(folder / "job.yaml")

    put_stages("  - pass\n  - pass\n")
    run = Run(command, folder, "--progress=none")
    await_rows(run)
    last, done = None, 0
    while done < n_reloads and not run.is_over():
        time.sleep(rng.random() * 0.01)
        stages = rng.choice([s for s in STRUCTURES if s != last])
        last = stages
        put_stages(stages, rate="1G" if done + 1 == n_reloads else "60k")
        run.hang_up()
        if not run.await_words(r"reload: (done|nothing is another)", done + 1):
            break
        done += 1
    status, said = run.end(), run.said()
    check("it ends well with other stages", status == 0, said)
    check(f"stages came and went {n_reloads} times", done == n_reloads, said)
    check("what comes is told", ": a new stage (where; at one moment)" in said
          and "the stage (where) is gone (at one moment)" in said, said)
    check("the books balance", f"read {ROWS} = written {ROWS} + filtered 0" in
          said, said)
    with open(folder / "out.csv") as rows:
        check("the header is there once", next(rows) == "n,text,k\n")
        numbers = [int(row.split(",")[0]) for row in rows]
    check("every row is there once, in order",
          numbers == list(range(1, ROWS + 1)), f"{len(numbers)} rows")
    shutil.rmtree(folder)


def filtered(command):
    """What a stage that has gone dropped stays in the balance."""
    folder = begin(command)

    def put_where(words, rate="200k"):
        new = folder / "job.new"
        new.write_text(f"""graph:
  - read: {{path: in.csv, chunk_bytes: 4k}}
    guards: [{{rate: {{bytes: {rate}, burst: 20ms}}}}]
{words}  - write: out.csv
""")
        new.rename(folder / "job.yaml")

    put_where('  - where: "n % 2 = 0"\n')
    run = Run(command, folder)
    await_rows(run)
    put_where("", rate="1G")
    run.hang_up()
    check("it is over well", run.end() == 0, run.said())
    sums = re.search(r"read (\d+) = written (\d+) \+ filtered (\d+)",
                     run.said())
    with open(folder / "out.csv") as rows:
        numbers = [int(row.split(",")[0]) for row in list(rows)[1:]]
    even = [n for n in numbers if n % 2 == 0]
    check("all that is even is there",
          even == list(range(2, ROWS + 1, 2)), f"{len(even)} rows")
    odd = [n for n in numbers if n % 2]
    check("of the odd ones those after the change, and all of them",
          odd and odd == list(range(odd[0], ROWS + 1, 2)), f"{len(odd)} rows")
    check("what was dropped before is in the balance",
          sums and sums[1] == str(ROWS) and sums[2] == str(len(numbers)) and
          sums[3] == str(ROWS - len(numbers)), run.said())
    shutil.rmtree(folder)


def without_file(command):
    """Without a file SIGHUP drains, as it always did."""
    folder = begin(command)
    process = subprocess.Popen(
        [command, "run", "-q", "gen 1000 pace=on ! write x.csv"], cwd=folder,
        env=environment(folder), stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    until = time.monotonic() + SECONDS
    while not list(folder.glob(".x.csv.leat-*")):
        if time.monotonic() > until:
            break
        time.sleep(0.01)
    process.send_signal(signal.SIGHUP)
    check("it is drained", process.wait(SECONDS) == 3)
    check("what there was is kept", (folder / "x.csv.partial").exists())
    shutil.rmtree(folder)


def main():
    command = str(pathlib.Path(
        sys.argv[1] if len(sys.argv) > 1 else ROOT / "build/leat").resolve())
    n_reloads = int(sys.argv[2]) if len(sys.argv) > 2 else 50
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    many(command, n_reloads, random.Random(seed))
    refused(command)
    asked(command)
    guarded(command)
    structural(command, n_reloads, random.Random(seed))
    filtered(command)
    without_file(command)
    print(f"{n_checks - len(failures)} passed, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
