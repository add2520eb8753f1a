#!/usr/bin/env python3
"""server.py -- the server of leat run --page, without a browser.

    server.py LEAT

Who may ask for what: hosts, other pages, tokens; what a stream of events is
like, how many there may be, and that who does not read one is ended while the
others go on. Prints `N passed, N failed`.
"""
import gzip
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time

LEAT = os.path.abspath(sys.argv[1])
PATIENCE = float(os.environ.get("LEAT_TEST_SECONDS", "120"))
GRAPH = 'read - ! csv.parse ! where "n >= 0" ! csv.format ! write -'
N_STREAMS = 16

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
            return
        time.sleep(0.05)
    check(what, False, "(not within %g s)" % PATIENCE)


class Run:
    """A command that runs until its input is closed."""

    def __init__(self, *args):
        self.said = ""
        self.process = subprocess.Popen(
            [LEAT, "run", "--page=0", *args], stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.port, self.token = None, None
        self.listener = threading.Thread(target=self.listen, daemon=True)
        self.listener.start()
        until("the command says where its page is", lambda: self.port)

    def listen(self):
        for line in self.process.stderr:
            self.said += line.decode()
            found = re.search(
                r"page at http://127\.0\.0\.1:(\d+)/#token=([0-9a-f]{32})\n",
                line.decode())
            if found:
                self.token = found.group(2)
                self.port = int(found.group(1))

    def ask(self, method, path, headers=None, body=None):
        """Status, headers and text."""
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=PATIENCE)
        connection.request(method, path, body=body, headers=headers or {})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, answer.headers, text

    def status(self, method, path, headers=None, body=None):
        return self.ask(method, path, headers, body)[0]

    def bearer(self, token=None):
        return {"Authorization": "Bearer " + (token or self.token)}

    def feed(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def end(self):
        self.process.stdin.close()
        return self.process.wait(timeout=PATIENCE)


class Stream:
    """A stream of events, read a line at a time."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.socket.sendall(
            b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = http.client.HTTPResponse(self.socket)
        answer.begin()
        self.status, self.headers = answer.status, answer.headers
        self.answer = answer

    def event(self):
        """Its name and data; None at the end."""
        lines = []
        for line in iter(self.answer.readline, b""):
            if line == b"\n":
                break
            lines.append(line.decode().rstrip("\n"))
        if not lines:
            return None
        check("an event is two lines", len(lines) == 2, lines)
        check("with its name and its data", lines[0] == "event: look" and
              lines[1].startswith("data: "), lines)
        return json.loads(lines[1][len("data: "):])

    def close(self):
        self.socket.close()
        self.answer.close()


# ---- who may ask ------------------------------------------------------------

def hosts(run):
    port = run.port
    for host in ("127.0.0.1:%d" % port, "localhost:%d" % port, "localhost",
                 "[::1]:9", "10.1.2.3", socket.gethostname()):
        check("host " + host, run.status("GET", "/api/why",
                                         {"Host": host}) == 200)
    for host in ("evil.example", "evil.example:%d" % port, "", "localhost.evil",
                 "127.0.0.1.evil.example", "evil@127.0.0.1", "x" * 300):
        status = run.status("GET", "/api/why", {"Host": host})
        check("host '%s'" % host[:40], status == 421, status)
    own = {"Origin": "http://127.0.0.1:%d" % port}
    check("its own page", run.status("GET", "/api/why", own) == 200)
    for origin in ("http://evil.example", "null",
                   "http://127.0.0.1:%d" % (port + 1),
                   "http://127.0.0.1:%d.evil" % port):
        for method in ("GET", "POST"):
            check("a page of " + origin, run.status(
                method, "/api/drain" if method == "POST" else "/api/why",
                dict(run.bearer(), Origin=origin)) == 403)


def tokens(run):
    good = run.token
    wrong = [None, "", "Bearer", "Bearer ", "Bearer " + good[:-1],
             "Bearer " + good + "0", "Bearer " + "0" * 32, good,
             "Basic " + good, "Bearer  " + good, "bearer" + good,
             "Bearer " + good[:-1] + ("0" if good[-1] != "0" else "1")]
    for method, path in (("POST", "/api/drain"), ("POST", "/api/cancel"),
                         ("GET", "/api/rows/0")):
        for value in wrong:
            headers = {} if value is None else {"Authorization": value}
            check("%s with %s" % (path, value),
                  run.status(method, path, headers) == 401)
    check("rows with it", run.status("GET", "/api/rows/1",
                                     run.bearer()) == 200)
    for path in ("/api/rows/", "/api/rows/x", "/api/rows/1x",
                 "/api/rows/12345678"):
        check(path, run.status("GET", path, run.bearer()) == 404)
    check("no such link is told", b'"error":"' in run.ask(
        "GET", "/api/rows/99", run.bearer())[2])
    check("nothing has come of it", run.process.poll() is None and
          "stopping" not in run.said, run.said)


def paths(run):
    for path in ("/api/graph", "/api/stats", "/api/why", "/api/contexts",
                 "/api/stage/0", "/api/link/0"):
        status, headers, text = run.ask("GET", path)
        check(path, status == 200 and
              headers["Content-Type"].startswith("application/json") and
              headers["Cache-Control"] == "no-store" and
              json.loads(text) is not None)
    for path in ("/api", "/api/", "/api/stage/", "/api/stage/99",
                 "/api/stage/00", "/api/stage/0x0", "/api/stage/-1",
                 "/api/link/1/", "/api/stage/18446744073709551616",
                 "/../etc/passwd", "/api/drain"):
        check(path, run.status("GET", path) == 404)
    for method in ("PUT", "DELETE", "OPTIONS"):
        check(method, run.status(method, "/api/drain", run.bearer()) == 405)
    check("a POST to a page", run.status("POST", "/", run.bearer()) == 404)


def html(run):
    status, headers, text = run.ask("GET", "/")
    check("the page", status == 200 and text.startswith(b"<!doctype html>") and
          "Content-Encoding" not in headers)
    packed = run.ask("GET", "/", {"Accept-Encoding": "br, gzip"})
    check("packed for who takes that", packed[1]["Content-Encoding"] == "gzip"
          and gzip.decompress(packed[2]) == text)
    check("at most 100 kB", len(packed[2]) <= 100000, len(packed[2]))
    check("not for who does not", "Content-Encoding" not in run.ask(
        "GET", "/", {"Accept-Encoding": "gzip;q=0"})[1])
    check("a head alone", run.ask("HEAD", "/")[2] == b"")
    policy = headers["Content-Security-Policy"]
    check("nothing but what it has may run", "default-src 'none'" in policy and
          "unsafe" not in policy and "script-src 'sha256-" in policy, policy)
    check("no address in it is asked for by itself", not re.search(
        rb'<(script|link|img|iframe)[^>]*(src|href)="(?!data:)', text))


# ---- streams ----------------------------------------------------------------

def streams(run):
    stream = Stream(run.port)
    check("a stream", stream.status == 200 and stream.headers[
        "Content-Type"].startswith("text/event-stream"))
    looks = [stream.event() for _ in range(3)]
    check("each look is later", looks[0]["at_ms"] < looks[1]["at_ms"] <
          looks[2]["at_ms"])
    more = [Stream(run.port) for _ in range(N_STREAMS - 1)]
    check("16 of them", all(s.status == 200 for s in more))
    last = Stream(run.port)
    check("and no more", last.status == 503, last.status)
    last.close()
    check("others are answered", run.status("GET", "/api/why") == 200)
    more.pop().close()

    until("one that goes makes room", lambda: has_room(run))
    for each in more:
        each.close()
    return stream


def silent(port):
    """A client that asks for a stream and never reads."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", port))
    client.sendall(b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return client


def has_room(run):
    stream = Stream(run.port)
    stream.close()
    return stream.status == 200


def slow(run, others):
    """Who never reads is ended; and nobody has waited for it."""
    clients = [silent(run.port) for _ in range(N_STREAMS - 1)]
    until("they take all the room", lambda: not has_room(run))
    gap, last = 0, None
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and not has_room(run):
        at_ms = others.event()["at_ms"]
        gap = max(gap, at_ms - (last or at_ms))
        last = at_ms
    check("who does not read is ended", time.monotonic() < end)
    check("who reads has had each look", gap < 1000 * PATIENCE / 5, gap)
    for client in clients:
        client.close()


def wide_graph():
    chain = " ! ".join(['where "n >= 0"'] * 200)
    return "read - ! csv.parse ! %s ! csv.format ! write -" % chain


# ---- the end ----------------------------------------------------------------

def drained(run):
    stream = Stream(run.port)
    check("a drain", run.status("POST", "/api/drain", run.bearer(),
                                b"x" * 3000) == 202)
    last = None
    while True:
        event = stream.event()
        if event is None:
            break
        last = event
    check("a stream ends with how it ended", last["state"] == "ended" and
          last["result"] == "drained" and last["is_balanced"] and
          last["graph"]["read"] == last["graph"]["written"] == 100, last)
    check("status 3", run.process.wait(timeout=PATIENCE) == 3)
    run.listener.join()
    check("it was told", "stopping" in run.said, run.said)


def cancelled():
    run = Run(GRAPH)
    run.feed("n\n1\n")
    check("a cancel", run.status("POST", "/api/cancel", run.bearer()) == 202)
    check("which is status 3, too",
          run.process.wait(timeout=PATIENCE) == 3)


def addresses():
    for address in ("nonsense", "host:", "[::1:80"):
        done = subprocess.run(
            [LEAT, "run", "--page=" + address, "read - ! write kept.txt"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=PATIENCE)
        check("address " + address, done.returncode == 2 and
              "--page" in done.stderr, done.stderr)


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        addresses()
        run = Run(GRAPH)
        run.feed("n\n" + "".join("%d\n" % k for k in range(100)))
        hosts(run)
        tokens(run)
        paths(run)
        html(run)
        streams(run).close()
        wide = Run(wide_graph())
        stream = Stream(wide.port)
        slow(wide, stream)
        stream.close()
        check("and it ends as it should", wide.end() == 0, wide.said)
        drained(run)
        cancelled()
    print("%d passed, %d failed" % (counts[True], counts[False]))
    sys.exit(1 if counts[False] else 0)


main()
