#!/usr/bin/env python3
"""metrics.py -- leat run --metrics, as monitoring meets it.

    metrics.py LEAT

promtool and a real Prometheus read what is served; /healthz fails while the
output is held up, names who holds it up, and is well again after; hundreds of
slow clients hold up neither the data nor who asks at once. Prints
`N passed, N failed`.
"""
import json
import os
import re
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
    os.path.abspath(__file__))), "docs", "monitoring")
PATIENCE = float(os.environ.get("LEAT_TEST_SECONDS", "120"))
N_SLOW = 500

counts = {True: 0, False: 0}


def check(what, holds, more=""):
    counts[bool(holds)] += 1
    if not holds:
        print("FAIL: %s %s" % (what, more), flush=True)


def until(what, holds):
    """Is it so in the end? Asked again and again."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if holds():
            check(what, True)
            return True
        time.sleep(0.05)
    check(what, False, "(not within %g s)" % PATIENCE)
    return False


class Run:
    """A command that runs, with a pipe at each end."""

    def __init__(self, graph, *options):
        self.said = []
        self.process = subprocess.Popen(
            [LEAT, "run", "--metrics=0", *options, graph],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)
        self.port = None
        threading.Thread(target=self.listen, daemon=True).start()
        until("the command says where its metrics are",
              lambda: self.port is not None)

    def listen(self):
        for line in self.process.stderr:
            text = line.decode()
            self.said.append(text)
            found = re.search(r"http://127\.0\.0\.1:(\d+)/metrics", text)
            if found:
                self.port = int(found.group(1))

    def get(self, path, headers=None, method="GET"):
        """Status, type and text."""
        request = urllib.request.Request(
            "http://127.0.0.1:%d%s" % (self.port, path),
            headers=headers or {}, method=method)
        try:
            answer = urllib.request.urlopen(request, timeout=PATIENCE)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            return (answer.status, answer.headers["Content-Type"],
                    answer.read().decode())

    def feed(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def value(self, sample):
        for line in self.get("/metrics")[2].splitlines():
            if line.startswith(sample + " "):
                return float(line.rsplit(" ", 1)[1])
        return None

    def end(self):
        """Close the input, read the output. Exit status and output."""
        out, _ = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, out


def promtool(*args, text=None):
    done = subprocess.run(["promtool", *args], input=text,
                          capture_output=True, text=True, timeout=PATIENCE)
    return done.returncode == 0, done.stdout + done.stderr


# ---- what is served ---------------------------------------------------------

GRAPH = 'read - ! csv.parse ! where "n >= 0" ! csv.format ! write -'


def rows(n):
    return "".join("%d,%s\n" % (k, "x" * 50) for k in range(n))


def served():
    run = Run(GRAPH)
    run.feed("n,t\n" + rows(5000))
    until("rows are counted while it runs", lambda: (run.value(
        'leat_graph_records_total{fate="read"}') or 0) > 4000)
    status, kind, text = run.get("/metrics")
    check("/metrics", status == 200)
    check("is in the text form", kind.startswith("text/plain; version=0.0.4"))
    holds, said = promtool("check", "metrics", text=text)
    check("promtool has nothing to say", holds and not said.strip(), said)
    status, kind, text = run.get(
        "/metrics", {"Accept": "application/openmetrics-text;version=1.0.0"})
    check("OpenMetrics when asked for", status == 200 and
          kind.startswith("application/openmetrics-text; version=1.0.0") and
          text.endswith("# EOF\n"))
    check("/healthz", run.get("/healthz")[::2] == (200, "ok\n"))
    check("/readyz", run.get("/readyz")[::2] == (200, "ready\n"))
    check("another path", run.get("/passwd")[0] == 404)
    check("another method", run.get("/metrics", method="DELETE")[0] == 405)
    check("HEAD has no body", run.get("/metrics", method="HEAD")[2] == "")
    check("a head of 20 KiB is refused", is_refused(run))
    run.process.send_signal(signal.SIGINT)
    out = run.process.stdout.read()
    check("a drain", run.process.wait() == 3)
    check("rows arrive", out.count(b"\n") == 5001, out.count(b"\n"))


def is_refused(run):
    try:
        return run.get("/metrics", {"X-Long": "x" * 20000})[0] in (413, 431)
    except (urllib.error.URLError, ConnectionError):
        return True


def addresses():
    for address in ("nonsense", "host:", "127.0.0.1:99999999", "[::1:80",
                    "300.1.1.1:80"):
        done = subprocess.run(
            [LEAT, "run", "--metrics=" + address, "read - ! write kept.txt"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=PATIENCE)
        check("address " + address, done.returncode == 2 and
              "--metrics" in done.stderr and not os.path.exists("kept.txt"),
              done.stderr)
    taken = socket.create_server(("127.0.0.1", 0))
    done = subprocess.run(
        [LEAT, "run", "--metrics=%d" % taken.getsockname()[1],
         "read - ! write kept.txt"], stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=PATIENCE)
    check("a port that is taken", done.returncode == 2 and
          "Address already in use" in done.stderr, done.stderr)


# ---- health -----------------------------------------------------------------

def health():
    run = Run(GRAPH, "--stall=1")
    run.feed("n,t\n")
    time.sleep(1.5)
    check("without input it is well", run.get("/healthz")[0] == 200)
    feeder = threading.Thread(target=lambda: run.feed(rows(400000)))
    feeder.start()
    until("nobody takes the output: it is not well",
          lambda: run.get("/healthz")[0] == 503)
    why = run.get("/healthz")[2]
    check("who holds it up stands first", re.match(
        r"no progress for \d+ s: 'write' has waited for the outside to take "
        r"something for [0-9.]+ s: ", why), why)
    check("and who waits for it", "has waited for room to it" in why, why)
    check("its stage is marked", run.value(
        'leat_stage_culprit{stage="write"}') == 1)
    check("for so long", run.value("leat_graph_stalled_seconds") >= 1)
    taken = []
    reader = threading.Thread(
        target=lambda: taken.append(run.process.stdout.read()))
    reader.start()
    until("somebody takes it: it is well again",
          lambda: run.get("/healthz")[0] == 200)
    feeder.join()
    run.process.stdin.close()
    reader.join()
    run.process.wait()
    check("nothing is lost", run.process.returncode == 0 and
          taken[0].count(b"\n") == 400001)


# ---- slow clients -----------------------------------------------------------

def slow_client(port, k):
    """One that never ends its head, says nothing, or never reads."""
    client = socket.create_connection(("127.0.0.1", port))
    if k % 3 == 0:
        client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Slow: ")
    elif k % 3 == 1:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 20)
    return client


def processor_seconds(pid):
    with open("/proc/%d/stat" % pid) as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def slow_clients():
    run = Run(GRAPH)
    taken = []
    reader = threading.Thread(
        target=lambda: taken.append(run.process.stdout.read()))
    reader.start()
    run.feed("n,t\n")
    text = rows(200000)
    before = processor_seconds(run.process.pid)
    run.feed(text)
    alone = processor_seconds(run.process.pid) - before
    clients, worst = [], 0
    for k in range(N_SLOW):
        clients.append(slow_client(run.port, k))
        if k % 50 == 49:
            begin = time.monotonic()
            check("an answer beside %d slow ones" % (k + 1),
                  run.get("/healthz")[0] == 200 and
                  run.get("/metrics")[0] == 200)
            worst = max(worst, time.monotonic() - begin)
    check("soon", worst < PATIENCE / 60, worst)
    n_files = len(os.listdir("/proc/%d/fd" % run.process.pid))
    check("at most 64 connections are kept", n_files < 64 + 40, n_files)
    before = processor_seconds(run.process.pid)
    run.feed(text)
    beside = processor_seconds(run.process.pid) - before
    check("the data costs what it costs alone", beside < 2 * alone + 0.2,
          "%.2f s of processors, alone %.2f" % (beside, alone))
    run.process.stdin.close()
    reader.join()
    run.process.wait()
    check("all rows arrive beside slow clients", run.process.returncode == 0 and
          taken[0].count(b"\n") == 400001)
    for client in clients:
        client.close()


# ---- Prometheus -------------------------------------------------------------

CONFIG = """
global: {scrape_interval: 250ms, evaluation_interval: 250ms}
rule_files: ['%s/rules.yml']
scrape_configs:
  - job_name: leat
    static_configs: [{targets: ['127.0.0.1:%d']}]
"""


def query(port, what):
    url = "http://127.0.0.1:%d/api/v1/query?query=%s" % (
        port, urllib.request.quote(what))
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
            return json.load(answer)["data"]["result"]
    except (OSError, ValueError):
        return []


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def prometheus():
    run = Run(GRAPH)
    run.feed("n,t\n" + rows(3000))
    with open("prometheus.yml", "w") as f:
        f.write(CONFIG % (DOCS, run.port))
    port = free_port()
    server = subprocess.Popen(
        ["prometheus", "--config.file=prometheus.yml",
         "--storage.tsdb.path=tsdb",
         "--web.listen-address=127.0.0.1:%d" % port],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        scraped(run, port)
    finally:
        server.kill()
        server.wait()
    run.process.stdin.close()
    run.process.stdin = None
    check("a run that was scraped", run.end()[0] == 0)


def scraped(run, port):
    until("Prometheus finds it up", lambda: any(
        r["value"][1] == "1" for r in query(port, 'up{job="leat"}')))
    until("and running", lambda: any(
        r["value"][1] == "1" for r in query(port, "leat_graph_running")))
    until("with its rows", lambda: any(
        float(r["value"][1]) >= 2000 for r in query(
            port, 'leat_graph_records_total{fate="read"}')))
    until("quantiles come of the histograms", lambda: any(
        0 < float(r["value"][1]) < 70 for r in query(
            port, "histogram_quantile(0.99, sum by (le) "
            "(leat_stage_call_seconds_bucket))")))
    run.feed(rows(1000))
    until("no rule fails", lambda: rules_are_well(port))


def rules_are_well(port):
    url = "http://127.0.0.1:%d/api/v1/rules" % port
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
        groups = json.load(answer)["data"]["groups"]
    all_rules = [rule for group in groups for rule in group["rules"]]
    return all_rules and all(rule["health"] == "ok" for rule in all_rules)


# ---- the files that come with it --------------------------------------------

def expressions(node):
    """All "expr" of a dashboard."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "expr":
                yield value
            else:
                yield from expressions(value)
    elif isinstance(node, list):
        for value in node:
            yield from expressions(value)


def files():
    holds, said = promtool("check", "rules", os.path.join(DOCS, "rules.yml"))
    check("promtool accepts the rules", holds, said)
    holds, said = promtool(
        "test", "rules", os.path.join(DOCS, "rules_test.yml"))
    check("the rules fire when they should", holds, said)
    with open(os.path.join(DOCS, "dashboard.json")) as f:
        dashboard = json.load(f)
    run = Run(GRAPH)
    text = run.get("/metrics")[2]
    run.process.stdin.close()
    run.process.stdin = None
    run.end()
    known = set(re.findall(r"^# TYPE (\S+)", text, re.M))
    with open(os.path.join(DOCS, "rules.yml")) as f:
        texts = re.findall(r"expr: (.*)", f.read())
    for text in list(expressions(dashboard)) + texts:
        for name in re.findall(r"\bleat_[a-z_]+", text):
            base = re.sub(r"_(bucket|sum|count)$", "", name)
            check("%s is served" % name, name in known or base in known)


def main():
    work = tempfile.mkdtemp()
    os.chdir(work)
    try:
        for part in (served, addresses, health, slow_clients, files,
                     prometheus):
            begin = time.monotonic()
            part()
            print("%s: %.1f s" % (part.__name__, time.monotonic() - begin),
                  flush=True)
    finally:
        os.chdir("/")
        shutil.rmtree(work)
    print("%d passed, %d failed" % (counts[True], counts[False]))
    return 1 if counts[False] else 0


if __name__ == "__main__":
    sys.exit(main())
