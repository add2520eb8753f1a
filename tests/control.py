#!/usr/bin/env python3
"""control.py -- leat ps, top, tap, why, dump, set, drain and cancel, as people and
hostile clients use them.

    control.py LEAT

Runs are stalled in each way there is, and whoever is asked names the same
culprit; top and tap are driven in tmux with real keys; clients send rubbish, too much,
half of it and nothing, and the data arrives all the same; sockets of killed
processes go; others are refused. Prints `N passed, N failed`.
"""
import json
import os
import re
import resource
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

LEAT = os.path.abspath(sys.argv[1])
DOCS = os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), "docs")
PATIENCE = float(os.environ.get("LEAT_TEST_SECONDS", "120"))

counts = {True: 0, False: 0}


def check(what, holds, more=""):
    counts[bool(holds)] += 1
    if not holds:
        print("FAIL: %s %s" % (what, more), flush=True)
    return bool(holds)


def until(what, holds):
    """Is it so in the end? Asked again and again."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if holds():
            return check(what, True)
        time.sleep(0.05)
    return check(what, False, "(not within %g s)" % PATIENCE)


def leat(*args, **more):
    """A command that ends: status, output, what it said."""
    done = subprocess.run([LEAT, *args], capture_output=True, text=True,
                          timeout=PATIENCE, **more)
    return done.returncode, done.stdout, done.stderr


class Run:
    """A run with a pipe for its input."""

    def __init__(self, graph, *options, **more):
        more.setdefault("stdout", subprocess.DEVNULL)
        self.said = []
        self.process = subprocess.Popen(
            [LEAT, "run", *options, graph], stdin=subprocess.PIPE,
            stderr=subprocess.PIPE, **more)
        self.pid = str(self.process.pid)
        self.listener = threading.Thread(target=self.listen, daemon=True)
        self.listener.start()

    def listen(self):
        for line in self.process.stderr:
            self.said.append(line.decode())

    def is_there(self):
        return any(run["name"] == self.pid and run["state"] != "silent"
                   for run in json.loads(leat("ps", "--json")[1]))

    def ready(self):
        until("ps finds it", self.is_there)
        return self

    def feed(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def look(self):
        return json.loads(leat("top", "--once", "--json", self.pid)[1])

    def why(self):
        return json.loads(leat("why", "--json", self.pid)[1])

    def end(self):
        if self.process.stdin:
            self.process.stdin.close()
        return self.ended()

    def ended(self):
        """Its status; somebody else has ended it."""
        status = self.process.wait(timeout=PATIENCE)
        self.listener.join()
        return status

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.listener.join()

    def text(self):
        return "".join(self.said)


GRAPH = 'read - ! csv.parse ! where "n >= 0" ! csv.format ! write -'


def rows(n):
    return "".join("%d,%s\n" % (k, "x" * 50) for k in range(n))


def sockets():
    return sorted(os.listdir(os.environ["LEAT_RUNTIME_DIR"]))


def path_of(pid):
    return os.path.join(os.environ["LEAT_RUNTIME_DIR"], "%s.sock" % pid)


# ---- one run, and two -------------------------------------------------------

def nobody():
    status, out, _ = leat("ps")
    check("ps without runs has a head alone", status == 0 and
          out.split() == ["PID", "STATE", "SINCE", "IN/S", "OUT/S", "JOB"], out)
    check("and as JSON an empty list", leat("ps", "--json")[1] == "[]\n")
    for command in ("why", "top", "dump", "drain", "cancel"):
        status, _, said = leat(command)
        check("%s says that nothing runs" % command, status == 1 and
              "nothing runs that could be asked" in said, said)
    check("one that is not there", "nothing runs" in leat("why", "4")[2])
    check("no PID", leat("why", "x")[0] == 2)
    check("two PIDs", leat("why", "1", "2")[0] == 2)


def one():
    run = Run(GRAPH).ready()
    run.feed("n,t\n" + rows(5000))
    until("rows are counted", lambda: run.look()["graph"]["read"] > 4000)
    row = leat("ps")[1].splitlines()[1].split(None, 6)
    check("ps shows it", row[0] == run.pid and row[1] == "running" and
          GRAPH.startswith(row[-1].split(None, 2)[-1][:20]) or
          run.pid in row[0], row)
    listed = json.loads(leat("ps", "--json")[1])[0]
    check("with its job", listed["job"] == GRAPH, listed)
    check("and its socket", listed["socket"] == path_of(run.pid) and
          os.stat(path_of(run.pid)).st_mode & 0o777 == 0o600)
    look = run.look()
    stages = {s["name"]: s for s in look["stages"]}
    check("shares are the whole", all(
        abs(s["busy"] + s["starved"] + s["blocked"] + s["idle"] - 1) < 0.01
        for s in look["stages"]), look)
    check("links are whole", all(
        k["credit_frames"] + k["queued_frames"] + k["held_frames"] ==
        k["window_frames"] for k in look["links"]))
    until("latencies come", lambda: run.feed(rows(2000)) or any(
        s.get("call", {}).get("p99_ns", 0) > 0 for s in run.look()["stages"]))
    check("a stage of the graph", stages["where"]["kind"] == "filter" and
          stages["write"]["kind"] == "sink")
    status, out, _ = leat("top", "--once")
    check("top draws it", status == 0 and "STAGE" in out and
          re.search(r"^..where +\d", out, re.M), out)
    check("none is wider than asked", max(map(len, out.splitlines())) <= 100)
    check("why is a sentence", leat("why")[1].count("\n") == 1)
    status, out, _ = leat("dump", run.pid)
    check("dump", status == 0 and all(
        part in out for part in ("contexts\n", "tasks\n", "links\n",
                                 "csv.parse.0 -> where.0: fused")), out)
    check("as JSON", set(json.loads(leat("dump", "--json")[1])) ==
          {"contexts", "tasks", "links"})
    check("a socket by its path",
          leat("why", path_of(run.pid))[0] == 0)
    two(run)
    run.process.send_signal(signal.SIGUSR1)
    until("SIGUSR1 dumps", lambda: "links\n" in run.text())
    check("and tells the balance", "stage" in run.text())
    check("it ends well", run.end() == 0)
    check("its socket has gone", run.pid + ".sock" not in sockets())


def two(first):
    second = Run("read - ! write other.txt").ready()
    status, _, said = leat("why")
    check("of two one is to be said", status == 2 and
          re.search(r"2 run; say which one: \d+, \d+", said), said)
    check("that works", leat("why", second.pid)[0] == 0)
    status, _, said = leat("drain", "1")
    check("another is not there", status == 1 and "there are: " in said, said)
    check("cancel one of them", leat("cancel", second.pid)[0] == 0)
    check("it ends as canceled", second.ended() == 3 and
          "ending at once" in second.text(), second.text())
    check("the other goes on", first.process.poll() is None)


def steered():
    run = Run("read - ! write a.txt", "--drain-timeout=60s").ready()
    run.feed("one\n")
    until("a line is there", lambda: run.look()["graph"]["source_bytes"] == 4)
    check("drain", leat("drain") [:2] == (0, ""))
    leat("drain", run.pid)
    check("a second one is no cancel", run.ended() == 3 and
          "ending at once" not in run.text(), run.text())
    check("what was read arrives", open("a.txt.partial").read() == "one\n")
    run = Run("read - ! write b.txt", "--quiet").ready()
    check("drain in time", leat("drain", "--drain-timeout=60s")[0] == 0)
    check("is a drain", run.ended() == 3)
    run = Run("read - ! write c.txt", "--control=off")
    run.feed("x\n")
    time.sleep(0.3)
    check("--control=off has no socket", not run.is_there() and
          run.pid + ".sock" not in sockets())
    check("and runs", run.end() == 0 and open("c.txt").read() == "x\n")


def options():
    run = Run("read - ! lines.parse ! @rate(items=100) upper ! "
              "lines.format ! write d.txt").ready()
    status, _, said = leat("set", "upper.items=5000")
    check("set", status == 0 and not said, said)
    until("it is told by the run", lambda: "@rate: items" in run.text() and
          "5000" in run.text() and "leat set" in run.text())
    check("by name and PID", leat("set", run.pid,
                                  "upper.@rate.items=6000")[0] == 0)
    until("and again", lambda: "6000" in run.text())
    for word, part in (
            ("uper.items=1", "did you mean 'upper'?"),
            ("upper.item=1", "there are: @rate.items"),
            ("upper.@retry.max=1", "no option 'retry.max'"),
            ("upper.items=fast", "items"), ("upper.items", "STAGE.OPTION"),
            ("items=1", "STAGE.OPTION"), (".x=1", "STAGE.OPTION")):
        status, _, said = leat("set", word)
        check("set " + word, status == 2 and part in said, said)
    check("set of nothing", leat("set")[0] == 2)
    leat("drain")
    check("it ends", run.ended() == 3)


# ---- stalls: all name the same ----------------------------------------------

def health(port):
    try:
        with urllib.request.urlopen(
                "http://127.0.0.1:%d/healthz" % port,
                timeout=PATIENCE) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def metrics_port(run):
    until("the port is told", lambda: re.search(
        r"127\.0\.0\.1:(\d+)/metrics", run.text()))
    return int(re.search(r"127\.0\.0\.1:(\d+)/metrics", run.text()).group(1))


# what the runs of names() are given; the page where it was built in
WATCHED = ["--metrics=0", "--stall=1"]


def page_names(run, culprit, what):
    """So does the page, which waits for two seconds before it calls it so."""
    if "--page=0" not in WATCHED:
        return
    found = re.search(r"page at http://127\.0\.0\.1:(\d+)/", run.text())

    def ask(path):
        with urllib.request.urlopen("http://127.0.0.1:%s%s" % (
                found.group(1), path), timeout=PATIENCE) as answer:
            return json.load(answer)

    stages = [s["name"] for s in ask("/api/graph")["stages"]]
    until(what + ": the page sees it",
          lambda: ask("/api/why")["kind"] == "stall")
    why = ask("/api/why")
    check(what + ": and names it", stages[why["stage"]] == culprit and re.match(
        r"No progress for \d+ s: '%s' has " % re.escape(culprit),
        why["text"]), why)


def names(run, culprit, what):
    """why, top, ps, /healthz and the page name this one."""
    port = metrics_port(run)
    run.ready()
    until(what + ": /healthz fails", lambda: health(port)[0] == 503)
    until(what + ": top sees it", lambda: run.look()["is_stalled"])
    text, why, look = health(port)[1], run.why(), run.look()
    check(what + ": /healthz names it", re.match(
        r"no progress for \d+ s: '%s' has " % re.escape(culprit), text), text)
    check(what + ": why names it", why["culprit"] == culprit and
          why["is_stalled"] and why["stalled_seconds"] >= 1 and
          why["why"].startswith("'%s' has " % culprit), why)
    check(what + ": and says so", leat("why", run.pid)[1].startswith(
        "'%s' has " % culprit))
    check(what + ": top marks it", look["culprit"] == culprit and
          look["why"].startswith("'%s' has " % culprit), look["culprit"])
    env = dict(os.environ, LC_ALL="C")
    out = leat("top", "--once", run.pid, env=env)[1]
    marked = re.findall(r"^> (\S+)", out, re.M)
    check(what + ": the picture too", marked == [culprit], out)
    check(what + ": ps says stalled", [
        r["state"] for r in json.loads(leat("ps", "--json")[1])
        if r["name"] == run.pid] == ["stalled"])
    page_names(run, culprit, what)
    return why["why"]


def slow_sink():
    with open("in.csv", "w") as f:
        f.write(rows(100000))
    quiet = Run("read in.csv ! write -", "--quiet", stdout=subprocess.PIPE)
    run = Run(GRAPH, *WATCHED, stdout=subprocess.PIPE)
    feeder = threading.Thread(
        target=lambda: run.feed("n,t\n" + rows(400000)))
    feeder.start()
    why = names(run, "write", "slow sink")
    check("whom it waits for", "waited for the outside to take" in why, why)
    check("and who for it", "has waited for room to it" in why, why)
    until("the run says so by itself", lambda: re.search(
        r"^leat: no progress for 1\d s: 'write' has waited for the outside",
        run.text(), re.M))
    check("one that is to be quiet does not", not quiet.said, quiet.said)
    quiet.kill()
    out = []
    reader = threading.Thread(
        target=lambda: out.append(run.process.stdout.read()))
    reader.start()
    until("it goes on", lambda: not run.process.poll() is None or
          not run.why()["is_stalled"])
    feeder.join()
    run.process.stdin.close()
    run.process.stdin = None
    reader.join()
    check("nothing is lost", run.end() == 0 and
          out[0].count(b"\n") == 400001)
    check("once", run.text().count("no progress for") == 1, run.text())


def starved_merge():
    os.mkfifo("late")
    with open("early.csv", "w") as f:
        f.write("n,t\n" + rows(400000))
    run = Run("read late name=late ! csv.parse ! m. "
              "read early.csv ! merge order=key:n name=m ! csv.format ! "
              "write m.csv", *WATCHED)
    late = os.open("late", os.O_RDWR)
    os.write(late, b"n,t\n")
    why = names(run, "late", "starved merge")
    check("for the outside", "waited for the outside to give" in why, why)
    os.close(late)
    check("then it ends", run.end() == 0)
    os.remove("late")


def children(pid):
    """All processes below one."""
    out = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True,
                         text=True).stdout.split()
    pairs = list(zip(map(int, out[::2]), map(int, out[1::2])))
    below, found = {int(pid)}, []
    grown = True
    while grown:
        more = [c for c, p in pairs if p in below and c not in below]
        grown = bool(more)
        below.update(more)
        found.extend(more)
    return found


def dead_child():
    """Stopped for good, as one that hangs: the others wait for its stage."""
    with open("rows.csv", "w") as f:
        f.write("n,t\n" + rows(400000))
    run = Run('read rows.csv ! csv.parse ! @isolate(hang=1h) '
              'where "n >= 0" ! @rate(items=20000) csv.format ! write e.csv',
              *WATCHED).ready()
    until("rows come by", lambda: any(
        s["name"] == "csv.format" and s["out"] for s in run.look()["stages"]))
    for child in children(run.pid):
        os.kill(child, signal.SIGSTOP)
    names(run, "where", "dead child")
    for child in children(run.pid):
        os.kill(child, signal.SIGCONT)
    until("then it goes on", lambda: not run.look()["is_stalled"])
    leat("cancel", run.pid)
    check("and ends", run.ended() == 3)


def full_disk():
    """It is no stall: the run ends at once, and says who could not write."""
    run = Run("read - ! write /dev/full")
    try:
        run.feed(rows(1000))
    except BrokenPipeError:
        pass
    check("a full disk ends the run", run.end() == 1 and
          re.search(r"error: write: .*No space left", run.text()), run.text())
    with open("big.csv", "w") as f:
        f.write(rows(20000))
    done = subprocess.run(
        [LEAT, "run", "read big.csv ! write limited.csv"],
        capture_output=True, text=True, timeout=PATIENCE,
        preexec_fn=lambda: (
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN),
            resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))))
    check("so does a limit", done.returncode == 1 and
          "error: write: " in done.stderr, done.stderr)


# ---- hostile clients --------------------------------------------------------

def connect(pid):
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(PATIENCE)
    client.connect(path_of(pid))
    return client


def hostile():
    run = Run(GRAPH, stdout=subprocess.PIPE).ready()
    out = []
    reader = threading.Thread(
        target=lambda: out.append(run.process.stdout.read()))
    reader.start()
    run.feed("n,t\n")
    clients, n_said = [], 0
    for k in range(100):
        client = connect(run.pid)
        client.setblocking(False)
        clients.append(client)
        try:
            client.send((b"", b'{"ask":', b"x" * 60000, os.urandom(3000),
                         b'{"ask":"look"}\n' * 2000)[k % 5])
        except OSError:
            pass
        if k % 10 == 9:
            run.feed(rows(20000))
            n_said += leat("why", run.pid)[0] == 0
    check("asked beside 100 of them", n_said == 10, n_said)
    n_files = len(os.listdir("/proc/%s/fd" % run.pid))
    check("few are kept", n_files < 40, n_files)
    megabyte = connect(run.pid)
    try:
        megabyte.sendall(b"x" * (1 << 20))
        megabyte.sendall(b"\n")
    except OSError:
        pass
    check("a line of a megabyte", b"16384 bytes" in megabyte.recv(4096))
    rubbish = connect(run.pid)
    rubbish.sendall(bytes(range(256)) + b"\n")
    check("rubbish is answered", b'"ok":false' in rubbish.recv(4096))
    check("and the run knows nothing of it", leat("ps")[1].count(run.pid) == 1)
    run.process.stdin.close()
    run.process.stdin = None
    reader.join()
    check("all rows arrive", run.end() == 0 and
          out[0].count(b"\n") == 200001)
    for client in clients + [megabyte, rubbish]:
        client.close()


def refused():
    """Who closes at once, before it is asked, may have said why."""
    path = os.path.abspath("refuser.sock")
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen(8)

    def refuse():
        for _ in range(30):
            client = server.accept()[0]
            client.sendall(b'{"ok":false,"error":{"code":"LEAT_ESTATE",'
                           b'"text":"not you"}}\n')
            client.close()

    thread = threading.Thread(target=refuse, daemon=True)
    thread.start()
    said = [leat("why", path) for _ in range(30)]
    check("a refusal is read, whenever it comes", all(
        status == 1 and "not you" in text for status, _, text in said),
        [text for _, _, text in said if "not you" not in text])
    thread.join()
    server.close()
    os.remove(path)


def silent():
    """A process that is stopped takes connections and never answers."""
    run = Run("read - ! write f.txt").ready()
    os.kill(int(run.pid), signal.SIGSTOP)
    check("ps says so", json.loads(leat("ps", "--json")[1])[0]["state"] ==
          "silent")
    status, _, said = leat("why")
    check("why does", status == 1 and "does not answer" in said, said)
    os.kill(int(run.pid), signal.SIGCONT)
    check("it goes on", run.end() == 0)


def killed():
    run = Run("read - ! write g.txt").ready()
    run.kill()
    check("a killed one leaves its socket", run.pid + ".sock" in sockets())
    check("ps does not show it", leat("ps", "--json")[1] == "[]\n")
    check("and takes it away", sockets() == [], sockets())


def strangers():
    """Of another user: refused by the folder, the socket, and the peer's."""
    if os.getuid() or not shutil.which("setpriv"):
        return
    runtime = tempfile.mkdtemp(dir="/tmp")
    os.chmod(runtime, 0o777)
    as_user = ["setpriv", "--reuid=65533", "--regid=65533", "--clear-groups"]
    other = ["setpriv", "--reuid=65532", "--regid=65532", "--clear-groups"]
    env = dict(os.environ, LEAT_RUNTIME_DIR=os.path.join(runtime, "leat"))
    binary = os.path.join(runtime, "leat-command")
    shutil.copy(LEAT, binary)
    process = subprocess.Popen(
        as_user + [binary, "run", "read - ! write /dev/null"],
        stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env, cwd="/")
    path = os.path.join(runtime, "leat", "%d.sock" % process.pid)
    until("it has a socket", lambda: os.path.exists(path))
    done = subprocess.run(other + [binary, "why", path], env=env, cwd="/",
                          capture_output=True, text=True)
    check("the folder keeps others out", done.returncode == 1 and
          "Permission denied" in done.stderr, done.stderr)
    os.chmod(os.path.dirname(path), 0o755)
    os.chmod(path, 0o666)
    done = subprocess.run(other + [binary, "why", path], env=env, cwd="/",
                          capture_output=True, text=True)
    check("and the run does", done.returncode == 1 and
          "only the user whose process this is" in done.stderr, done.stderr)
    done = subprocess.run(as_user + [binary, "why", path], env=env, cwd="/",
                          capture_output=True, text=True)
    check("but not its own user", done.returncode == 0, done.stderr)
    check("nor root", leat("why", path)[0] == 0)
    process.stdin.close()
    process.wait()
    shutil.rmtree(runtime)


def places():
    """No folder, or one that is not ours, is no reason not to run."""
    bad = os.path.join(os.getcwd(), "bad")
    os.makedirs(os.path.join(bad, "leat"))
    os.chmod(os.path.join(bad, "leat"), 0o755)
    long = os.path.join(os.getcwd(), "l" * 120)
    own = "/tmp/leat-%d" % os.geteuid()
    for name, folder in (("open to others", bad), ("too long", long),
                         ("not there", "/nonexistent/x")):
        env = dict(os.environ, XDG_RUNTIME_DIR=folder)
        del env["LEAT_RUNTIME_DIR"]
        run = Run("read - ! write h.txt", env=env)
        until("a folder %s: the other place is taken" % name,
              lambda: os.path.exists("%s/%s.sock" % (own, run.pid)))
        check("ps looks there too", leat("why", run.pid, env=env)[0] == 0)
        check("and it runs", run.end() == 0)


# ---- top, in a terminal -----------------------------------------------------

class Terminal:
    """tmux, with a shell of few words in it."""

    def __init__(self, width, height, **env):
        self.socket = os.path.join(os.getcwd(), "tmux")
        words = " ".join("%s=%s" % (k, shlex.quote(v)) for k, v in env.items())
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(width),
                  "-y", str(height), "env %s bash --norc --noprofile" % words)

    def tmux(self, *args):
        return subprocess.run(["tmux", "-S", self.socket, *args],
                              capture_output=True, text=True,
                              timeout=PATIENCE).stdout

    def screen(self, *more):
        return self.tmux("capture-pane", "-p", *more)

    def keys(self, *keys):
        self.tmux("send-keys", *keys)

    def shows(self, what, pattern, *more):
        if not until(what, lambda: re.search(
                pattern, self.screen(*more), re.M)):
            print(self.screen(*more))

    def close(self):
        self.tmux("kill-server")


def order(screen):
    """Names of stages, from top to bottom."""
    below = re.split(r"^  STAGE.*$", screen, flags=re.M)[-1]
    return [line[2:].split()[0] for line in below.splitlines()
            if line[2:3].isalpha() and "%" in line]


def live():
    run = Run(GRAPH).ready()
    run.feed("n,t\n" + rows(3000))
    env = {"LEAT_RUNTIME_DIR": os.environ["LEAT_RUNTIME_DIR"],
           "LC_ALL": "C.UTF-8", "PS1": "ready> "}
    t = Terminal(100, 24, **env)
    t.shows("a shell", r"^ready> ?$")
    t.keys(LEAT + " top", "Enter")
    t.shows("top", r"^leat top: %s, running for " % run.pid)
    t.shows("its stages", r"^  csv.parse ")
    t.shows("its foot", r"^q quit  \? help  s by flow")
    check("as the data flows", order(t.screen()) == [
        s["name"] for s in run.look()["stages"]], order(t.screen()))
    t.keys("s")
    t.shows("s sorts", r"s by name")
    check("by name", order(t.screen()) == sorted(order(t.screen())))
    t.keys("r")
    t.shows("r the other way", r"s by name, reversed")
    check("from z to a",
          order(t.screen()) == sorted(order(t.screen()), reverse=True))
    t.keys("/", "c", "s", "v")
    t.shows("/ takes a text", r"^/csv$")
    t.keys("Enter")
    t.shows("and keeps what has it", r"stages have in their names: csv")
    check("and nothing else",
          all("csv" in n for n in order(t.screen())) and order(t.screen()))
    t.keys("Escape")
    t.shows("Escape lets go of it", r"^  where ")
    t.keys("?")
    t.shows("? explains", r"what was sent to it and is not done with")
    t.keys("?")
    t.shows("and back", r"^  where ")
    t.keys("p")
    t.shows("p pauses", r"running for .*, paused")
    before = t.screen()
    run.feed(rows(3000))
    time.sleep(1.2)
    check("then nothing changes", t.screen() == before)
    t.keys("p")
    t.shows("and goes on", r"^6000 read")
    t.tmux("resize-window", "-x", "44", "-y", "12")
    t.shows("a narrow one has fewer columns", r"STAGE +IN/S +OUT/S +BUSY$")
    check("of no more lines", len(t.screen().splitlines()) <= 12)
    t.tmux("resize-window", "-x", "160", "-y", "40")
    t.shows("a wide one has all", r"IDLE +P50 +P99 +QUEUE +ERRORS +DEAD")
    t.keys("q")
    t.shows("q gives the terminal back", r"^ready> ?$")
    check("nothing of it is left", "STAGE" not in t.screen())
    t.keys("stty -a | tr ' ' '\\n' | grep -cx -e icanon -e 'echo' -e isig",
           "Enter")
    t.shows("with its modes", r"^3$")
    ended_by_signal(t, run)
    without_colours(t, run)
    check("the run is well", run.end() == 0)
    t.close()


def ended_by_signal(t, run):
    t.keys("clear; " + LEAT + " top " + run.pid, "Enter")
    t.shows("top again", r"^leat top: ")
    tops = [p for p in children(t_pid(t)) if "top" in command_of(p)]
    os.kill(tops[0], signal.SIGTERM)
    t.shows("a signal gives it back", r"top: ended by a signal")
    t.keys("clear; stty -a | tr ' ' '\\n' | grep -cx -e icanon -e echo",
           "Enter")
    t.shows("with its modes, too", r"^2$")
    t.keys(LEAT + " top", "Enter")
    t.shows("and again", r"^leat top: ")
    t.keys("C-z")
    t.shows("Ctrl-Z stops it", r"Stopped")
    t.keys("fg", "Enter")
    t.shows("fg goes on", r"^leat top: ")
    t.keys("C-c")
    t.shows("Ctrl-C is q", r"^ready> ?$")


def t_pid(t):
    return int(t.tmux("display-message", "-p", "#{pane_pid}"))


def command_of(pid):
    try:
        with open("/proc/%d/cmdline" % pid) as f:
            return f.read()
    except OSError:
        return ""


def without_colours(t, run):
    t.keys("clear; " + LEAT + " top --once", "Enter")
    t.shows("UTF-8 and colours", r"░", "-e")
    check("colours", "\x1b[32m" in t.screen("-e"))
    t.keys("clear; NO_COLOR=1 LC_ALL=C " + LEAT + " top --once", "Enter")
    t.shows("ASCII", r"\.\.\.\.\.o")
    check("no colours", "\x1b[3" not in t.screen("-e"), t.screen("-e"))
    check("and nothing but ASCII", t.screen().isascii())
    t.keys("clear; " + LEAT + " top --every=100ms --sort=busy --filter=w",
           "Enter")
    t.shows("options of top", r"  s by busy  / filter")
    t.keys("q")
    t.shows("end", r"^ready> ?$")


def top_of_the_end():
    run = Run("read - ! write i.txt").ready()
    t = Terminal(80, 24, LEAT_RUNTIME_DIR=os.environ["LEAT_RUNTIME_DIR"],
                 LC_ALL="C", PS1="ready> ")
    t.keys(LEAT + " top", "Enter")
    t.shows("top", r"^leat top: ")
    run.end()
    t.shows("the end is told", r"the run has ended; q quits")
    t.keys("q")
    t.shows("q", r"^ready> ?$")
    t.close()
    run = Run("read - ! write k.txt").ready()
    status, _, said = leat("top", stdin=subprocess.DEVNULL)
    check("without a terminal --once is told of", status == 2 and
          "--once prints one picture" in said, said)
    run.end()


# ---- tap, in a terminal -----------------------------------------------------

def tapped():
    """Rows come by; whoever looks at them holds up nobody."""
    run = Run(GRAPH).ready()
    run.feed("n,t\n")
    over = threading.Event()
    feeder = threading.Thread(target=lambda: [
        run.feed(rows(300)) for _ in iter(lambda: over.wait(0.02), True)])
    feeder.start()
    t = Terminal(100, 24, LEAT_RUNTIME_DIR=os.environ["LEAT_RUNTIME_DIR"],
                 LC_ALL="C", PS1="ready> ")
    tap = LEAT + " tap 'csv.parse->where'"
    t.keys(tap + " -n 5", "Enter")
    t.shows("rows are objects", r'^\{"n":\d+,"t":"x{50}"\}$')
    t.shows("and then it ends", r"^ready> ?$")
    t.keys("clear; %s -n 20 | wc -l" % tap, "Enter")
    t.shows("as many as asked for", r"^20$")
    t.keys("clear; %s -n 7 --where 'n >= 290' > picked; wc -l picked" % tap,
           "Enter")
    t.shows("of those that are meant", r"^7 picked$")
    with open("picked") as f:
        check("and no others",
              all(json.loads(line)["n"] >= 290 for line in f))
    t.keys("clear; " + tap, "Enter")
    t.shows("without a number", r'^\{"n":')
    held_up(t, run)
    t.keys("C-c")
    t.shows("Ctrl-C ends it", r"^ready> ?$")
    t.close()
    status, _, said = leat("tap", "csv.parse->wher")
    check("a link that is none", status != 0 and "where" in said, said)
    over.set()
    feeder.join()
    check("the run is well", run.end() == 0)


def held_up(t, run):
    """One that is stopped takes nothing more."""
    t.keys("C-z")
    t.shows("Ctrl-Z stops it", r"Stopped")
    before = run.look()["graph"]["written"]
    until("the run goes on without it",
          lambda: run.look()["graph"]["written"] > before + 5000)
    taps = [p for p in children(t_pid(t)) if "tap" in command_of(p)]
    t.keys("fg", "Enter")
    until("fg goes on", lambda: taps and not is_stopped(taps[0]))


def is_stopped(pid):
    with open("/proc/%d/stat" % pid) as f:
        return f.read().rsplit(")", 1)[1].split()[0] == "T"


# ---- what is documented -----------------------------------------------------

def documented():
    """Each command of docs/control.md's table does what it says."""
    text = open(os.path.join(DOCS, "control.md")).read()
    commands = re.findall(r"^\| `leat ([a-z]+)[^`]*` \|", text, re.M)
    check("the table", commands == ["ps", "top", "why", "dump", "tap", "set",
                                    "reload", "drain", "cancel"], commands)
    run = Run("read - ! lines.parse ! @rate(items=100) upper ! "
              "lines.format ! write j.txt").ready()
    words = {"top": ["--once"], "set": ["upper.items=200"],
             "tap": ["-n", "1", "lines.parse->upper"]}
    over = threading.Event()
    feeder = threading.Thread(target=lambda: [
        run.feed("a\n") for _ in iter(lambda: over.wait(0.05), True)])
    feeder.start()
    for command in commands:
        if command == "drain":
            over.set()
            feeder.join()
        status, _, said = leat(command, *words.get(command, []))
        if command == "reload":  # tests/reload.py has one with a file
            check("no file", status == 2 and "has no file" in said, said)
            continue
        check("leat " + command, status == 0, said)
        if command == "drain":
            check("ends it", run.ended() == 3)
            run = Run("read - ! write k.txt").ready()
    check("and so does cancel", run.ended() == 3)
    run = Run(GRAPH).ready()
    run.feed("n,t\n")
    until("sampled", lambda: run.feed(rows(2000)) or any(
        "call" in s for s in run.look()["stages"]))
    client = connect(run.pid)
    for line in re.findall(r'^    (\{"leat":1,"id":7,"ask".*)$', text, re.M):
        client.sendall(line.encode() + b"\n")
        answer = json.loads(client.makefile().readline())
        check("the example", answer["id"] == 7 and answer["ok"] and
              "culprit" in answer["data"], answer)
    fields(run.look(), text)
    run.end()


def fields(look, text):
    """What is said is documented, and what is documented is said."""
    listed = set(re.findall(r"`([a-z0-9_]+)`", text.split("### look")[1]))
    said = set(look) | set(look["graph"]) | set(look["links"][0])
    for stage in look["stages"]:
        said |= set(stage) | set(stage.get("call", {}))
        said |= set(stage.get("arrival", {}))
    check("fields that are said are documented", said <= listed,
          said - listed)
    words = {"running", "draining", "done", "source", "filter", "sink",
             "arrival", "guards", "repeats", "shed_frames", "refused_calls",
             "elsewhere_frames", "wait_seconds", "null", "look"}
    check("and the other way round", listed - words <= said,
          listed - words - said)


PARTS = (nobody, one, steered, options, slow_sink, starved_merge, dead_child,
         full_disk, hostile, refused, silent, killed, strangers, places, live,
         top_of_the_end, tapped, documented)


def main():
    work = tempfile.mkdtemp()
    os.chdir(work)
    os.environ["LEAT_RUNTIME_DIR"] = os.path.join(work, "run")
    os.mkdir("run", 0o700)
    if not re.search("built without", leat("run", "--page=nowhere", "read -",
                                           stdin=subprocess.DEVNULL)[2]):
        WATCHED.append("--page=0")
    wanted = sys.argv[2:]
    try:
        for part in PARTS:
            if not wanted or part.__name__ in wanted:
                part()
    finally:
        os.chdir("/")
        shutil.rmtree(work, ignore_errors=True)
    print("%d passed, %d failed" % (counts[True], counts[False]))
    return 1 if counts[False] else 0


if __name__ == "__main__":
    sys.exit(main())
