#!/usr/bin/env python3
"""SIGTERM at random moments, over jobs in which every ready-made stage occurs.

What a drained run leaves must be what a run over the records that it has read
leaves: its balance sheet says how many came out of each input, the inputs are
cut there, and the job is run again. So nothing is lost, nothing is there twice,
no file is torn; and no temporary file is left, nor any in a spill folder.
Usage: tests/drain.py [COMMAND [N_SIGNALS [SEED]]]
"""
import bz2
import gzip
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
SECONDS = 900
ROWS = 20000
BEGIN_BYTES = 20000  # that a process reads before it begins: libraries


# ---- inputs: what they are, and the first n records of them ------------------


def csv_row(rng, k):
    return (f"{k},k{rng.randrange(300):03d},{rng.randrange(10**6)},"
            f"2024-01-{k * 28 // ROWS + 1:02d} {k % 24:02d}:00:00,"
            f"\"a {k % 7} b\"\n")


def make_rows(rng, kind):
    if kind == "csv":
        return ["id,key,n,time,text\n"] + [csv_row(rng, k)
                                           for k in range(ROWS)]
    if kind == "ndjson":
        return [f'{{"id":{k},"tags":"[{k % 9},2]","t":"x{rng.random()}"}}\n'
                for k in range(ROWS)]
    if kind == "length":
        return [bytes([9]) + b"%09d" % k for k in range(ROWS)]
    return [f"{k:08d}{rng.randrange(1000):05d} line\n" for k in range(ROWS)]


def as_bytes(rows):
    if rows and isinstance(rows[0], bytes):
        return b"".join(rows)
    return "".join(rows).encode()


PACK = {"": lambda data: data, ".gz": gzip.compress, ".bz2": bz2.compress}


class Input:
    """A file of records: its kind says how it begins, its name how packed."""

    def __init__(self, rng, name, kind):
        self.name, self.kind = name, kind
        self.rows = make_rows(rng, kind)

    def put(self, folder, n=None):
        """The first n records, or all."""
        head = self.kind == "csv"
        rows = self.rows if n is None else self.rows[:n + head]
        pack = PACK.get(pathlib.Path(self.name).suffix, PACK[""])
        (folder / self.name).write_bytes(pack(as_bytes(rows)))


# ---- jobs --------------------------------------------------------------------

# text, {stage that reads: (file, kind)}, is the order of the lines fixed?
# {S} stands for the folder of whatever waits on the disk, {N} for how many
# records a source makes up that has no file, {T} for types: of no row at all
# nothing is known.
JOBS = [
    ('read a.csv ! csv.parse name=p ! where "n % 3 != 0" '
     '! derive "m = n::int64 * 2" ! cast id:int64 ! rename words=text ! drop time '
     '! select id,m,words ! write o.csv',
     {"p": ("a.csv", "csv")}, True),
    ('read a.csv ! csv.parse name=p ! sort n,id memory=65536 spill_dir={S} '
     '! write o.csv', {"p": ("a.csv", "csv")}, True),
    ('read a.csv ! csv.parse name=p ! group "c=count(), s=sum(n)" by=key '
     'memory=262144 spill_dir={S} ! write o.csv',
     {"p": ("a.csv", "csv")}, False),
    ('read a.csv ! csv.parse name=p ! group "c=count(), s=sum(n)" by=id,text '
     'memory=262144 spill_dir={S} ! write o.csv.gz',
     {"p": ("a.csv", "csv")}, False),
    ('read a.csv ! csv.parse name=p ! window tumbling size=24h time=time '
     'n=count() ! write o.csv', {"p": ("a.csv", "csv")}, True),
    ('read a.csv ! csv.parse name=p ! dedup key,text ! number column=no ! write o.csv',
     {"p": ("a.csv", "csv")}, True),
    ('read a.csv ! csv.parse name=p ! profile ! write o.csv',
     {"p": ("a.csv", "csv")}, True),
    ('read a.csv ! csv.parse name=p ! top 500 by=n,id ! write o.json',
     {"p": ("a.csv", "csv")}, True),
    ('read a.csv ! csv.parse name=p ! tail 700 ! write o.csv.bz2',
     {"p": ("a.csv", "csv")}, True),
    ('read a.csv ! csv.parse name=p ! pass ! sample 3 ! head 1000000 ! count '
     '! write o.txt', {"p": ("a.csv", "csv")}, True),
    ('read a.csv ! csv.parse name=p ! lookup list.csv on=key=key '
     '! split-column text sep=" " into=x,y,z ! write o.csv',
     {"p": ("a.csv", "csv")}, True),
    ('read a.ndjson ! json.parse name=p ! json.path "first=$[0]" from=tags '
     '! write o.ndjson.zst', {"p": ("a.ndjson", "ndjson")}, True),
    ('read a.txt ! lines.parse name=p ! upper ! lines.format ! write o.txt',
     {"p": ("a.txt", "txt")}, True),
    ('read a.txt ! lines.parse name=p ! fixed.parse widths=8,5,* '
     'names=id,n,t ! csv.format ! write o.csv',
     {"p": ("a.txt", "txt")}, True),
    ('read a.bin ! length.parse name=p u8 ! length.format u16be '
     '! write o.bin', {"p": ("a.bin", "length")}, True),
    ('read a.csv ! csv.parse name=p ! tee block,spill,block spill_dir={S} '
     'name=t t. ! where "n > 5" ! write o1.csv.gz t. ! write o2.csv.zst '
     't. ! sort n,id memory=65536 spill_dir={S} ! write o3.csv.lz4',
     {"p": ("a.csv", "csv")}, True),
    ('read a.csv ! csv.parse {T} name=p ! m. read b.csv ! csv.parse {T} name=q ! m. '
     'merge order=key:id name=m ! write o.csv',
     {"p": ("a.csv", "csv"), "q": ("b.csv", "csv")}, False),
    ('read a.csv ! csv.parse {T} name=p ! j. read b.csv ! csv.parse {T} name=q '
     '! rename k2=key,n2=n,t2=time,x2=text ! j. '
     'join on=id name=j ! write o.csv',
     {"p": ("a.csv", "csv"), "q": ("b.csv", "csv")}, True),
    ('read a.csv ! csv.parse name=p ! select id,n ! z. '
     'read b.csv ! csv.parse name=q ! select key,text ! z. '
     'zip name=z ! write o.csv',
     {"p": ("a.csv", "csv"), "q": ("b.csv", "csv")}, True),
    ('read a.csv ! csv.parse {T} name=p ! u. read b.csv ! csv.parse {T} name=q ! u. '
     'union name=u ! write o.csv',
     {"p": ("a.csv", "csv"), "q": ("b.csv", "csv")}, False),
    ('read a.csv ! csv.parse name=p ! split credit name=s s. ! upper2. '
     's. ! upper2. merge name=upper2 ! write o.csv',
     {"p": ("a.csv", "csv")}, False),
    ('read a.csv ! csv.parse name=p ! parallel 2..3 ordered '
     '{ where "n > 9" ! derive "m = n::int64 + 1" } ! write o.csv',
     {"p": ("a.csv", "csv")}, True),
    ('read a.csv ! csv.parse name=p ! write.split out-{key}.csv '
     'max_open=16', {"p": ("a.csv", "csv")}, True),
    ('read a.csv.gz ! gzip.decode ! csv.parse name=p ! priority 7 '
     '! csv.format ! lz4.encode ! write o.csv.lz4',
     {"p": ("a.csv.gz", "csv")}, True),
    ('read a.csv.bz2 ! csv.parse name=p ! write o.csv on_drain=commit',
     {"p": ("a.csv.bz2", "csv")}, True),
    ('gen count={N} seed=5 group=3 name=p ! write o.csv', {"p": None}, True),
]

# Types where there may be no row that tells them.
TYPES = 'schema="id:int64,n:int64,time:timestamp"'

# Stages that do nothing else than what another one in a job does; and those
# that stand in jobs only as what these bring along.
TWINS = {"zstd.decode", "lz4.decode", "decode", "gzip.encode",
         "bzip2.encode"}


# ---- running -----------------------------------------------------------------


class Failure(Exception):
    pass


def files_of(job):
    return {source[0]: source[1] for source in job[1].values() if source}


def text_of(job, folder, n=None):
    many = str(n["p"] if n else ROWS)
    text = job[0].replace("{S}", str(folder / "spill")).replace("{N}", many)
    text = text.replace("{T}", TYPES)
    if n and not all(n.values()):  # what was drained knew them from a sample
        text = re.sub(r"csv\.parse (?!schema)", f"csv.parse {TYPES} ", text)
    return text


def start(command, job, folder, n=None):
    text = re.sub(r"(\bread \S+)", r"\1 chunk_bytes=8k",
                  text_of(job, folder, n))
    with open(folder / "said", "wb") as said:
        return subprocess.Popen([command, "run", "--leak-check", text], cwd=folder,
                                stdin=subprocess.DEVNULL, stdout=said,
                                stderr=said)


def n_taken(process):
    """Bytes that it has read so far, from files of any kind."""
    try:
        with open(f"/proc/{process.pid}/io", encoding="ascii") as io:
            return int(io.readline().split()[1])
    except (OSError, IndexError):
        return None  # it is over


def until_taken(process, n_bytes):
    n = 0
    while process.poll() is None and n is not None and n < n_bytes:
        n = n_taken(process)


def finish(process):
    try:
        return process.wait(SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        raise Failure("it does not end") from None


def said(folder):
    return (folder / "said").read_text(errors="replace")


def n_read(sheet, stage):
    """What the balance sheet says that a stage has read."""
    lines = sheet.split("\n")
    at = next(k for k, line in enumerate(lines) if line.startswith("stage "))
    columns = lines[at].split()
    for line in lines[at + 1:]:
        if line.split()[:1] == [stage]:
            cell = line.split()[columns.index("read")]
            return 0 if cell == "-" else int(cell)
    return 0


def fresh(folder):
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "spill").mkdir(parents=True)
    keys = "".join(f"k{k:03d},town {k}\n" for k in range(0, 300, 2))
    (folder / "list.csv").write_text("key,town\n" + keys)


def unpack(path):
    data = path.read_bytes()
    name = path.name.removesuffix(".partial")
    if name.endswith(".gz"):
        return gzip.decompress(data)
    if name.endswith(".bz2"):
        return bz2.decompress(data)
    for suffix, tool in ((".zst", "zstd"), (".lz4", "lz4")):
        if name.endswith(suffix):
            return subprocess.run([tool, "-dcq", str(path)], check=True,
                                  stdout=subprocess.PIPE).stdout
    return data


def results(folder, job):
    """{name: bytes}; lines sorted where their order is not fixed."""
    inputs = set(files_of(job))
    out = {}
    for path in folder.iterdir():
        name = path.name.removesuffix(".partial")
        if path.name in inputs | {"spill", "said", "list.csv"}:
            continue
        if ".leat-" in name:
            raise Failure(f"a temporary file is left: {name}")
        if name in out:
            raise Failure(f"{name} is there under both names")
        data = unpack(path)
        out[name] = data if job[2] else sorted(data.split(b"\n"))
    if any((folder / "spill").iterdir()):
        raise Failure("a file is left in the spill folder")
    return out


def compare(found, wanted):
    if found.keys() != wanted.keys():
        raise Failure(f"files {sorted(found)}, not {sorted(wanted)}")
    for name, data in wanted.items():
        if found[name] != data:
            raise Failure(f"{name}: {len(found[name])} bytes or lines are not "
                          f"the {len(data)} of a run over what was read")


class Trials:
    def __init__(self, command, work, seed):
        self.command, self.work = command, pathlib.Path(work)
        self.rng = random.Random(seed)
        self.inputs = {}
        self.whole = {}  # results of runs over all the input, by job
        self.n = {"drained": 0, "over before": 0, "not begun": 0}

    def put(self, folder, job, n=None):
        """The inputs of a job, whole or the first n records of each."""
        fresh(folder)
        for name, kind in files_of(job).items():
            if name not in self.inputs:
                self.inputs[name] = Input(self.rng, name, kind)
        for stage, source in job[1].items():
            if source:
                self.inputs[source[0]].put(folder, n and n[stage])

    def run_whole(self, job, n):
        """What the job makes of the first n records."""
        folder = self.work / "whole"
        is_all = all(many == ROWS for many in n.values())
        if is_all and job[0] in self.whole:
            return self.whole[job[0]]
        self.put(folder, job, n)
        if not all(n.values()) and "{N}" in job[0]:
            return None  # count=0 is none
        status = finish(start(self.command, job, folder, n))
        if status:
            raise Failure(f"a whole run: status {status}: {said(folder)}")
        out = results(folder, job)
        if is_all:
            self.whole[job[0]] = out
        return out

    def wait_a_while(self, process, folder, job):
        """Until some part of the input is read; or for some time more."""
        sizes = [(folder / name).stat().st_size for name in files_of(job)]
        until_taken(process, BEGIN_BYTES + self.rng.random() * sum(sizes))
        if self.rng.random() < 0.3:
            time.sleep(self.rng.random() * 0.02)

    def one(self, job):
        folder = self.work / "drained"
        self.put(folder, job)
        process = start(self.command, job, folder)
        self.wait_a_while(process, folder, job)
        process.send_signal(signal.SIGTERM)
        status = finish(process)
        if status == -signal.SIGTERM:  # before the command watched
            self.n["not begun"] += 1
            compare(results(folder, job), {})
            return
        if status not in (0, 3):
            raise Failure(f"status {status}: {said(folder)}")
        self.n["drained" if status else "over before"] += 1
        sheet = said(folder)
        n = {stage: n_read(sheet, stage) for stage in job[1]}
        wanted = self.run_whole(job, n)
        if wanted is not None:
            compare(results(folder, job), wanted)


def folder_in_memory():
    """Where there is one: disks are busy, and syncs take long."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def uncovered(command):
    """Stages of the command that stand in none of the jobs."""
    listed = subprocess.run([command, "inspect"], stdout=subprocess.PIPE,
                            check=True, text=True).stdout
    stages = set(re.findall(r"^  ([a-z][a-z0-9.-]*)  +", listed, re.M))
    text = " ".join(job[0] for job in JOBS)
    found = set(re.findall(r"(?<= )[a-z][a-z0-9.-]*(?= )", " " + text))
    for end, brings in ((".csv", "csv.cut csv.gather csv.format"),
                        (".json", "json.format"), (".txt", "lines.format"),
                        (".ndjson", "json.cut json.parse"),
                        (".txt", "lines.cut"), ("group", "group.values"),
                        (".gz", "blocks.cut blocks.encode"),
                        (".zst", "zstd.encode"),
                        (".lz4", "blocks.cut blocks.encode"),
                        (".bz2", "bzip2.decode")):
        if end in text:
            found |= set(brings.split())
    return sorted(stages - found - TWINS)


def main():
    command = os.path.abspath(sys.argv[1] if len(sys.argv) > 1
                              else ROOT / "build/leat")
    n = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(10**9)
    n_passed = n_failed = 0

    print(f"seed {seed}")
    with tempfile.TemporaryDirectory(prefix="leat-drain-",
                                     dir=folder_in_memory()) as work:
        trials = Trials(command, work, seed)
        missing = uncovered(command)
        if missing:
            print("FAIL: no job has", ", ".join(missing))
            n_failed += 1
        for k in range(n):
            job = JOBS[k % len(JOBS)]
            try:
                trials.one(job)
                n_passed += 1
            except Failure as failure:
                n_failed += 1
                print(f"FAIL: signal {k}: {job[0]}\n\t{failure}")
        print(", ".join(f"{many} {what}" for what, many in trials.n.items()))
        if trials.n["drained"] < n // 4:
            print("FAIL: hardly a run was drained")
            n_failed += 1
    print(f"{n_passed} passed, {n_failed} failed")
    return n_failed > 0


if __name__ == "__main__":
    sys.exit(main())
