#!/usr/bin/env python3
"""trace.py -- leat run --trace and --otlp, as those who read them meet them.

    trace.py LEAT

The file of the scheduler is JSON however the run ends; slices of one thread do
not overlap, and what they add up to agrees with what the run counted. Spans go
to a small collector that checks the form of OTLP: each has its parent, branches
are one trace, and a collector that is slow, dead or full holds up nothing. The
scripts for bpftrace tell what they say, where they may.
Prints `N passed, N failed`.
"""
import http.server
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

LEAT = os.path.abspath(sys.argv[1])
DOCS = os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), "docs")
PATIENCE = float(os.environ.get("LEAT_TEST_SECONDS", "120"))

counts = {True: 0, False: 0}


def check(what, holds, more=""):
    counts[bool(holds)] += 1
    if not holds:
        print("FAIL: %s %s" % (what, more), flush=True)


def leat(*args, env=None, timeout=PATIENCE):
    return subprocess.run([LEAT, *args], capture_output=True, text=True,
                          timeout=timeout, env={**os.environ, **(env or {})})


# ---- the file ---------------------------------------------------------------

def by_thread(events, pid):
    slices = {}
    for e in events:
        if e["ph"] == "X" and e["pid"] == pid:
            slices.setdefault(e["tid"], []).append(
                (e["ts"], e["ts"] + e["dur"], e))
    return {tid: sorted(s, key=lambda x: (x[0], -x[1]))
            for tid, s in slices.items()}


def overlaps(slices):
    """Of slices that begin and end: two of which none is within the other, as
    viewers reckon: by binary fractions, without an allowance."""
    open_until = []
    for begin, end, event in slices:
        while open_until and open_until[-1] <= begin:
            open_until.pop()
        if open_until and end > open_until[-1]:
            return event
        open_until.append(end)
    return None


def load(path):
    with open(path) as f:
        return json.load(f)


def check_file(folder):
    path = os.path.join(folder, "trace.json")
    out = os.path.join(folder, "out.csv")
    with open(path, "w") as f:
        f.write("what was there before" * 1000)
    run = leat("run", "--workers=2", "--trace=" + path,
               "gen count=200000 ! where \"n > 9\" ! sort \"n desc\" ! write " + out)
    check("a run with a trace ends well", run.returncode == 0, run.stderr)
    events = load(path)
    end = events[-1]
    check("the last event says how many there are",
          end["name"] == "end of the trace" and end["args"]["lost"] == 0 and
          end["args"]["events"] == len([e for e in events if e["ph"] != "M"])
          - 1, end)
    check("the command says where it is",
          "trace: %d events in" % end["args"]["events"] in run.stderr)
    names = {e["args"]["name"] for e in events if e["name"] == "thread_name"}
    check("threads and segments are named",
          "worker 0" in names and any("sort" in n for n in names), names)
    kinds = {e.get("cat") for e in events}
    check("there are slices, calls, waits and credit",
          {"run", "call", "wait", "credit"} <= kinds, kinds)
    for pid in (1, 2):
        for tid, slices in by_thread(events, pid).items():
            bad = overlaps(slices)
            check("slices of thread %d of process %d do not overlap" %
                  (tid, pid), bad is None, bad)
    check("what segments wait for is a link of the graph", all(
        " -> " in e["args"].get("link", " -> ") for e in events
        if e.get("cat") == "wait"))
    check("a link holds at most what it has room for", all(
        e["args"]["queued"] + e["args"]["credit"] <= 64 for e in events
        if e["ph"] == "C"))
    return events


def busy_by_trace(events):
    """Seconds that each segment was run, by its name."""
    sums = {}
    for e in events:
        if e.get("cat") == "run":
            sums[e["name"]] = sums.get(e["name"], 0) + e["dur"] / 1e6
    return sums


def check_sums(events):
    """A segment is at each moment in one of run, wait and ready."""
    last = max(e["ts"] + e.get("dur", 0) for e in events if "ts" in e)
    spans = {}
    for e in events:
        if e["ph"] != "X" or e.get("cat") not in ("run", "wait", "ready"):
            continue
        task = e["args"]["segment"] if e["cat"] == "run" else e["tid"]
        spans.setdefault(task, []).append((e["ts"], e["ts"] + e["dur"]))
    check("every segment is there", len(spans) >= 2, spans.keys())
    for task, s in spans.items():
        s.sort()
        worst = max((b[0] - a[1] for a, b in zip(s, s[1:])), default=0)
        before = min((b[0] - a[1] for a, b in zip(s, s[1:])), default=0)
        check("segment %s is never in two states" % task, before > -1, before)
        total = sum(e - b for b, e in s)
        whole = s[-1][1] - s[0][0]
        check("and always in one (segment %s)" % task,
              total > 0.9 * whole or whole < 2000,
              "%g of %g us, gap %g" % (total, whole, worst))
    check("time does not run away", 0 < last < PATIENCE * 1e6, last)


def check_busy(folder):
    """One worker cannot run for longer than there was time."""
    path = os.path.join(folder, "busy.json")
    began = time.monotonic()
    run = leat("run", "--workers=1", "--metrics=0", "--trace=" + path,
               "gen count=200000 ! where \"n % 3 = 0\" ! write /dev/null")
    took = time.monotonic() - began
    check("a run with metrics and a trace ends well", run.returncode == 0,
          run.stderr)
    events = load(path)
    worker = sum(e["dur"] for e in events if e.get("cat") == "run" and
                 e["tid"] == 1) / 1e6
    check("a worker is busy for at most the time it took", 0 < worker < took,
          (worker, took))
    check("segments are run by their names",
          any("where" in name for name in busy_by_trace(events)),
          busy_by_trace(events))


def check_cancel(folder):
    path = os.path.join(folder, "cancelled.json")
    run = subprocess.Popen(
        [LEAT, "run", "--trace=" + path, "read /dev/stdin ! lines.parse ! lines.format ! "
         "write /dev/null"], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    run.stdin.write(b"a\n" * 1000)
    run.stdin.flush()
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and not (
            os.path.exists(path) and b"wait" in open(path, "rb").read()):
        time.sleep(0.02)
    run.send_signal(signal.SIGQUIT)
    run.communicate()
    events = load(path)
    check("the file of a cancelled run is whole",
          events[-1]["name"] == "end of the trace", events[-1])
    check("and says what it waited for", any(
        e["name"].startswith(("waits", "no input")) for e in events))


def check_full_disk():
    run = leat("run", "--trace=/dev/full", "gen count=1000 ! write /dev/null")
    check("a full disk does not end the run", run.returncode == 0, run.stderr)
    check("and is told", "/dev/full" in run.stderr and
          "No space left" in run.stderr, run.stderr)
    run = leat("run", "--trace=/nowhere/x", "gen count=1000 ! write /dev/null")
    check("a file that cannot be made fails the start",
          run.returncode != 0 and "/nowhere/x" in run.stderr, run.stderr)


# ---- spans ------------------------------------------------------------------

class Collector:
    """Takes OTLP over HTTP; says with which status."""

    def __init__(self, statuses=(), delay=0):
        self.statuses = list(statuses)
        self.delay = delay
        self.requests = []
        self.headers = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                time.sleep(outer.delay)
                status = outer.statuses.pop(0) if outer.statuses else 200
                outer.headers.append((self.path, dict(self.headers)))
                if status == 200:
                    outer.requests.append(json.loads(body))
                try:
                    self.send_response(status)
                    self.send_header("Content-Length", "2")
                    self.end_headers()
                    self.wfile.write(b"{}")
                except OSError:
                    pass

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
                                                      Handler)
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()

    def spans(self):
        return [s for r in self.requests for rs in r["resourceSpans"]
                for ss in rs["scopeSpans"] for s in ss["spans"]]


def check_form(spans):
    """What the JSON form of OTLP asks for."""
    ok = True
    for s in spans:
        ok = ok and re.fullmatch("[0-9a-f]{32}", s["traceId"]) and \
            re.fullmatch("[0-9a-f]{16}", s["spanId"]) and \
            re.fullmatch("[0-9a-f]{16}", s.get("parentSpanId", "0" * 16)) \
            and int(s["traceId"], 16) and int(s["spanId"], 16) and \
            isinstance(s["startTimeUnixNano"], str) and \
            isinstance(s["endTimeUnixNano"], str) and \
            0 < int(s["startTimeUnixNano"]) <= int(s["endTimeUnixNano"]) and \
            abs(int(s["endTimeUnixNano"]) / 1e9 - time.time()) < 3600 and \
            s["kind"] == 1 and s["status"]["code"] in (1, 2) and s["name"]
        for a in s["attributes"]:
            ok = ok and a["key"] and isinstance(a["value"]["intValue"], str)
    check("spans have the form of OTLP", ok and spans)


def index(spans):
    ids = {s["spanId"]: s for s in spans}
    check("no two spans have the same id", len(ids) == len(spans))
    return ids


def check_spans():
    c = Collector()
    caller = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    run = leat("run", "--otlp=" + c.url, "--trace-sample=1",
               "gen count=20000 ! tee name=t slow=block ! where \"n % 2 = 0\" name=even ! "
               "merge name=m ! write /dev/null "
               "t. ! where \"n % 2 = 1\" name=odd ! m.",
               env={"TRACEPARENT": caller, "OTEL_SERVICE_NAME": "a\"b",
                    "OTEL_EXPORTER_OTLP_HEADERS": "x-key=a%20b,x-other=c"})
    check("a run with spans ends well", run.returncode == 0, run.stderr)
    spans = c.spans()
    check_form(spans)
    ids = index(spans)
    check("all are of the caller's trace",
          {s["traceId"] for s in spans} == {caller.split("-")[1]})
    roots = [s for s in spans if s.get("parentSpanId") not in ids]
    check("the run is the one whose parent is the caller",
          [s["name"] for s in roots] == ["run"] and
          roots[0]["parentSpanId"] == caller.split("-")[2], roots)
    parents = {}
    for s in spans:
        if s.get("parentSpanId") in ids:
            parents.setdefault(s["name"], set()).add(
                ids[s["parentSpanId"]]["name"])
    check("sources are children of the run", parents.get("gen") == {"run"},
          parents)
    check("branches are children of the tee",
          parents.get("even") == parents.get("odd") == {"t"}, parents)
    check("and their merge of both", parents.get("m") == {"even", "odd"},
          parents)
    check("the service is told, escaped",
          c.requests[0]["resourceSpans"][0]["resource"]["attributes"][0]
          ["value"]["stringValue"] == "a\"b")
    path, headers = c.headers[0]
    check("headers of the environment are sent",
          path == "/v1/traces" and headers.get("x-key") == "a b" and
          headers.get("x-other") == "c" and
          headers["Content-Type"] == "application/json", headers)
    begun = {s["spanId"]: int(s["startTimeUnixNano"]) for s in spans}
    check("nobody begins before the parent", all(
        int(s["startTimeUnixNano"]) + 1000000 >= begun[s["parentSpanId"]]
        for s in spans if s.get("parentSpanId") in begun))


def check_joins():
    c = Collector()
    run = leat("run", "--otlp=" + c.url, "--trace-sample=1",
               "gen count=20000 ! sort \"n desc\" name=g ! write /dev/null")
    check("a run that absorbs ends well", run.returncode == 0, run.stderr)
    spans = c.spans()
    ids = index(spans)
    linked = [s for s in spans if s.get("links")]
    check("what comes out is linked to what went in",
          linked and all(s["name"] == "g" for s in linked), linked[:2])
    check("links are spans of this run", all(
        link["spanId"] in ids and ids[link["spanId"]]["name"] == "g"
        for s in linked for link in s["links"]))
    n = sum(len(s["links"]) + s["droppedLinksCount"] for s in linked)
    n_in = len([s for s in spans if s["name"] == "g" and not s.get("links")])
    check("none is forgotten", n == n_in, (n, n_in))


def check_caller():
    c = Collector()
    leat("run", "--otlp=" + c.url, "--trace-sample=1", "gen count=1000 ! "
         "write /dev/null", env={"TRACEPARENT":
                         "00-4bf92f3577b34da6a3ce929d0e0e4736-"
                         "00f067aa0ba902b7-00"})
    check("who is not sampled by the caller sends nothing", not c.spans())
    run = leat("run", "--otlp=" + c.url, "--trace-sample=0",
               "gen count=1000 ! write /dev/null",
               env={"TRACEPARENT": "00-" + "0" * 32 + "-" + "1" * 16 + "-01"})
    check("a wrong TRACEPARENT is told, and not used",
          "TRACEPARENT is not used" in run.stderr and
          [s["name"] for s in c.spans()] == ["run"] and
          "parentSpanId" not in c.spans()[0], run.stderr)


def check_library(where):
    """A libcurl that cannot be loaded is in the way only of who sends spans.
    One that is linked has no such name in the program, or begins with it."""
    with open(LEAT, "rb") as program:
        name = re.search(rb"libcurl[\w-]*\.so\.\d+", program.read())
    if not name or "libcurl" in subprocess.run(
            ["ldd", LEAT], capture_output=True, text=True).stdout:
        return
    open(os.path.join(where, name[0].decode()), "w").close()
    env = {"LD_LIBRARY_PATH": where}
    text = "gen count=10 ! write /dev/null"
    run = leat("run", text, env=env)
    check("who sends no spans needs no libcurl", run.returncode == 0,
          run.stderr)
    run = leat("run", "--otlp=http://127.0.0.1:9", text, env=env)
    check("who sends spans is told that there is none", run.returncode == 1 and
          run.stderr.startswith("leat: error: --otlp: ") and
          name[0].decode() in run.stderr, run.stderr)


def check_trouble():
    c = Collector(statuses=[503, 429])
    run = leat("run", "--otlp=" + c.url, "gen count=1000 ! write /dev/null")
    check("what can be tried again is",
          len(c.spans()) >= 1 and "could not be sent" not in run.stderr,
          run.stderr)
    c = Collector(statuses=[400] * 100)
    run = leat("run", "--otlp=" + c.url, "gen count=1000 ! write /dev/null")
    check("what cannot is dropped, and told",
          run.returncode == 0 and "could not be sent: the collector answered "
          "with status 400" in run.stderr, run.stderr)
    begin = time.monotonic()
    run = leat("run", "--otlp=http://127.0.0.1:9", "--trace-sample=1",
               "gen count=200000 ! write /dev/null")
    took = time.monotonic() - begin
    check("a dead collector holds up nothing for long", run.returncode == 0 and
          "could not be sent" in run.stderr, run.stderr)
    begin = time.monotonic()
    slow = Collector(delay=30)
    run = leat("run", "--otlp=" + slow.url, "--trace-sample=1",
               "gen count=200000 ! write /dev/null")
    took = time.monotonic() - begin
    check("nor does a slow one", run.returncode == 0 and took < 25,
          "%g s %s" % (took, run.stderr))


def check_usage():
    for args, word in ((["--otlp=localhost:1"], "--otlp"),
                       (["--trace-sample=2"], "--trace-sample"),
                       (["--trace="], "--trace")):
        run = leat("run", *args, "gen count=1 ! write /dev/null")
        check("%s is refused" % args[0], run.returncode == 2 and
              word in run.stderr, run.stderr)


# ---- probes -----------------------------------------------------------------

PROBES = {"send": 3, "recv": 3, "emit": 3, "credit": 3, "park": 1, "wake": 2}


def check_probes():
    with open(LEAT, "rb") as f:
        if b"stapsdt" not in f.read():
            print("built without USDT: probes are not checked")
            return False
    notes = subprocess.run(["readelf", "-n", LEAT], capture_output=True,
                           text=True).stdout
    found = {}
    for m in re.finditer(r"Provider: leat\s+Name: (\w+)\s+.*?"
                         r"Arguments:([^\n]*)", notes, re.S):
        found.setdefault(m.group(1), set()).add(len(m.group(2).split()))
    check("all probes are there, with their arguments",
          found == {k: {v} for k, v in PROBES.items()}, found)
    return True


# What each script of docs/bpftrace tells of.
SCRIPTS = {"queues.bt": r"@frames\[gen, \w+\]: [1-9]",
           "credit.bt": r"@held_us\[\w+\]:",
           "emits.bt": r"@records\[where, 0\]:",
           "parks.bt": r"@asleep_us\[\d+\]:"}


def can_probe():
    """bpftrace wants to be root, and a kernel that lets it."""
    try:
        return subprocess.run(["bpftrace", "-e", "BEGIN { exit(); }"],
                              capture_output=True,
                              timeout=PATIENCE).returncode == 0
    except OSError:
        return False


def script_tells(script, pid, seconds):
    """What it prints when it is ended after a while."""
    done = subprocess.run(
        ["timeout", "-k", "10", "-s", "INT", str(seconds), "bpftrace", "-p",
         str(pid), script], capture_output=True, text=True)
    return done.stdout + done.stderr


def check_scripts():
    """Those that stand in docs/bpftrace, on a run as it goes on."""
    if not can_probe():
        print("bpftrace cannot be used here: its scripts are not checked")
        return
    run = subprocess.Popen(
        [LEAT, "run", "--workers=2", "--quiet",
         "gen rate=20000 pace=on ! where \"n >= 0\" ! write /dev/null"])
    for name, told in SCRIPTS.items():
        script = os.path.join(DOCS, "bpftrace", name)
        for seconds in (3, 10, 30):
            text = script_tells(script, run.pid, seconds)
            if re.search(told, text):
                break
        check("%s tells what it says" % name, re.search(told, text), text)
    run.send_signal(signal.SIGQUIT)
    run.wait()


with tempfile.TemporaryDirectory() as where:
    check_sums(check_file(where))
    check_busy(where)
    check_cancel(where)
    check_full_disk()
    if "without libcurl" in leat("run", "--otlp=http://127.0.0.1:9",
                                 "gen count=1 ! write /dev/null").stderr:
        print("built without libcurl: spans are not checked")
    else:
        check_spans()
        check_joins()
        check_caller()
        check_trouble()
        check_library(where)
    check_usage()
    if check_probes():
        check_scripts()
print("%d passed, %d failed" % (counts[True], counts[False]))
sys.exit(1 if counts[False] else 0)
