#!/usr/bin/env python3
"""What is around a run: explain, graph, doctor, new, dev, check --online, the
clock of leat test, run --emit-config and the pages of help.

usage: tests/tools.py [COMMAND]
"""
import json
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent
SECONDS = 60
FAN = ("read a.csv ! tee block,shed name=t ! where \"x > 1\" ! m. "
       "t. ! sort x ! m. merge name=m ! tee block name=u ! write b.csv "
       "u. ! count ! write n.txt u. ! head 3 ! write c.csv")
n_passed = n_failed = 0


def check(what, holds, more=""):
    global n_passed, n_failed
    if holds:
        n_passed += 1
        return
    n_failed += 1
    print(f"FAIL: {what}\n\t{str(more)[:1200]}")


def leat(*args, text=None, env=None, **more):
    done = subprocess.run([COMMAND, *args], input=text, capture_output=True,
                          text=True, timeout=SECONDS,
                          env={**os.environ, **(env or {})}, **more)
    return done.returncode, done.stdout, done.stderr


def explained():
    def path(graph, k=0):
        status, out, err = leat("explain", "--format=json", graph)
        check(f"explained: {graph}", status == 0, err)
        return json.loads(out)["paths"][k]

    whole = path("read a.csv ! where \"x > 1\" ! write b.csv")
    check("a file to a file", whole["delivery"] == "exactly-once" and
          whole["order"] == "kept" and whole["sink_stops_source"], whole)
    check("all stages of it", [s["name"] for s in whole["stages"]] ==
          ["read", "csv.cut", "csv.parse", "where", "csv.format",
           "csv.gather", "write"], whole)
    check("bytes of the path are those of its stages", sum(
        s["pool_bytes"] for s in whole["stages"]) == whole["pool_bytes"])
    check("out at once", path("read a.csv ! write -")["delivery"] ==
          "at-least-once")
    os.mkfifo("pipe")
    check("a pipe is out at once, whatever it is called",
          path("gen 1 count=3 ! write pipe")["delivery"] == "at-least-once")
    check("what was read from a pipe does not come again",
          path("read - ! write b.txt")["delivery"] == "at-most-once")
    fan = path(FAN)
    check("order is lost at m", fan["order"] == "lost" and
          [s["name"] for s in fan["stages"] if "mixes" in s["facts"]] == ["m"],
          fan)
    check("dropped at t", fan["delivery"] == "at-most-once" and
          [s["name"] for s in fan["stages"] if "sheds" in s["facts"]] == ["t"])
    letters = path("read a.csv ! csv.parse dead_letters=d.db ! write b.csv")
    check("dead letters", letters["delivery"] == "exactly-once" and
          any(s.get("dead_letters") == "d.db" for s in letters["stages"]))
    skips = path("read a.csv ! csv.parse on_error=skip(7) ! write b.csv")
    check("skips", skips["delivery"] == "at-most-once" and
          any(s.get("max_skips") == 7 for s in skips["stages"]))
    status, out, err = leat("explain", FAN)
    for words in ("from 'read' to 'write3'", "at-most-once:",
                  "as they come: at 'm'", "a slow 'write' stops 'read'",
                  "the whole graph: at most", "dropped when it is too much"):
        check(f"explain says: {words}",
              words in re.sub(r"\s+", " ", out), out)
    check("no line is too wide",
          max(map(len, out.splitlines())) <= 80, out)
    status, out, err = leat("explain", "read a.csv ! wher x")
    check("mistakes have a caret", status == 2 and "^" in err, err)


def drawn():
    status, out, err = leat("graph", "--format=svg", FAN)
    check("svg", status == 0, err)
    svg = ElementTree.fromstring(out)
    space = "{http://www.w3.org/2000/svg}"
    boxes = [[int(r.get(k)) for k in ("x", "y", "width", "height")]
             for r in svg.iter(space + "rect")]
    names = [t.text for t in svg.iter(space + "text")]
    links = [p for p in svg.iter(space + "path")
             if (p.get("class") or "").startswith("link")]
    _, dot, _ = leat("graph", "--format=dot", FAN)
    check("a box for every stage", len(boxes) == dot.count("[shape=") and
          {"read", "t", "m", "where", "sort", "write3"} <= set(names), names)
    check("a line for every link", len(links) == dot.count(" -> "), len(links))
    check("no box lies on another", not any(
        a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and
        a[1] < b[1] + b[3] and b[1] < a[1] + a[3]
        for k, a in enumerate(boxes) for b in boxes[:k]), boxes)
    width, height = int(svg.get("width")), int(svg.get("height"))
    check("all boxes are in the picture", all(
        x >= 0 and y >= 0 and x + w <= width and y + h <= height
        for x, y, w, h in boxes))
    check("nothing is asked for outside", "href" not in out and
          "url(http" not in out)
    _, out, _ = leat("graph", FAN, env={"LC_ALL": "C"})
    check("letters that all terminals have", out.isascii() and "v" in out, out)
    check("each stage once", all(
        len(re.findall(rf"\| +{n} +\|", out)) == 1
        for n in ("read", "t", "m", "where", "sort")), out)
    _, out, _ = leat("graph", FAN, env={"LC_ALL": "C.UTF-8"})
    check("lines that join", "╭" in out and "▼" in out and "┬" in out, out)
    # who draws a line to a box draws an arrow: as many as there are links
    check("an arrow for every link", out.count("▼") == dot.count(" -> "), out)
    _, out, _ = leat("graph", "--format=mermaid", FAN)
    check("mermaid", out.startswith("flowchart"), out)
    status, _, err = leat("graph", "x. ! upper name=x ! x.")
    check("a circle is not drawn", status == 1 and "circle" in err or
          status == 2, (status, err))


def doctored():
    status, out, err = leat("doctor", "--json")
    told = json.loads(out)
    check("doctor", status == 0 and not err, (status, err))
    names = {c["name"] for c in told["checks"]}
    check("what it looks at", {"leat", "scan", "cores", "memory", "files",
                               "clock", "TMPDIR", "sockets", "zstd",
                               "man page"} <= names, names)
    check("who warns gives advice", all(
        c["advice"] for c in told["checks"] if c["status"] != "ok"), out)
    check("counted", told["n_warn"] == sum(
        c["status"] == "warn" for c in told["checks"]))
    status, out, _ = leat("doctor", env={"TMPDIR": "/nowhere"})
    check("no folder to work in", status == 1 and "FAIL  TMPDIR" in out, out)
    _, out, _ = leat("doctor", preexec_fn=lambda: resource.setrlimit(
        resource.RLIMIT_NOFILE, (256, 256)))
    check("few files", "warn  files" in out and "ulimit -n" in out, out)
    _, out, _ = leat("doctor", env={"XDG_RUNTIME_DIR": "/nowhere"})
    check("no place for sockets", "FAIL  sockets" in out, out)
    _, out, _ = leat("run", "--leak-check", "-q", "gen 1 count=1 ! count ! "
                     "write -")
    status, _, err = leat("doctor", "me")
    check("no words", status == 2 and "'me'" in err, err)


def began():
    status, out, err = leat("new", "job", "late")
    check("a job", status == 0 and "late.test.yaml" in out, err)
    status, out, err = leat("test", "late.test.yaml")
    check("its cases hold", status == 0 and "2 passed" in out, out + err)
    before = pathlib.Path("late.yaml").read_text()
    pathlib.Path("late.test.yaml").unlink()
    status, _, err = leat("new", "job", "late")
    check("it is not written over", status == 1 and "late.yaml" in err and
          pathlib.Path("late.yaml").read_text() == before and
          not os.path.exists("late.test.yaml"), err)
    status, out, err = leat("new", "job", "later.yaml")
    check("its file's name will do", status == 0 and
          os.path.exists("later.yaml") and
          os.path.exists("later.test.yaml"), out + err)
    for name in ("a/b", "", "9lives", "x!", "a" * 60, ".yaml"):
        status, _, err = leat("new", "job", name)
        check(f"no name: {name}", status == 2, err)
    status, _, err = leat("new", "graph", "x")
    check("no such kind", status == 2 and "job or a stage" in err, err)
    status, out, err = leat("new", "stage", "grep-it")
    check("a stage", status == 0 and "grep-it/CMakeLists.txt" in out, err)
    text = pathlib.Path("grep-it/grep-it.c").read_text()
    check("C has its name", "grep_it_ops" in text and "@" not in text, text)
    status, _, err = leat("new", "stage", "grep-it")
    check("a folder is not written over", status == 1, err)
    builds("grep-it")


def builds(name):
    """What was written is built with an installed leat, and its test run."""
    build = pathlib.Path(COMMAND).parent
    cache = (build / "CMakeCache.txt")
    flags = ""
    if cache.exists():
        found = re.search(r"LEAT_SANITIZE:STRING=(\S+)", cache.read_text())
        if found and found.group(1) != "none":
            flags = f"-fsanitize={found.group(1)}"
    done = subprocess.run(["cmake", "--install", str(build), "--prefix",
                           os.path.abspath("there")], capture_output=True,
                          text=True)
    if done.returncode or not shutil.which("cmake"):
        print("left out: this build cannot be installed", done.stderr[-200:])
        return
    setup = ["cmake", "-S", name, "-B", f"{name}/build",
             f"-DCMAKE_PREFIX_PATH={os.path.abspath('there')}",
             f"-DCMAKE_C_FLAGS=-Wall -Wextra -Werror {flags}"]
    if flags:
        setup.append("-DCMAKE_C_COMPILER=clang")
    for step in (setup, ["cmake", "--build", f"{name}/build"],
                 ["ctest", "--test-dir", f"{name}/build"]):
        done = subprocess.run(step, capture_output=True, text=True)
        check(" ".join(step[:2]), done.returncode == 0,
              done.stdout[-800:] + done.stderr[-800:])
    check("its test has run", "100% tests passed" in done.stdout, done.stdout)


JOB = """\
graph:
  - read: a.csv
  - where: x > ${LEAST:-1}
  - write: out.csv
"""


def online():
    pathlib.Path("job.yaml").write_text(JOB)
    before = sorted(os.listdir("."))
    status, out, err = leat("check", "--online", "-f", "job.yaml")
    check("online, and good", status == 0 and out.startswith("good"), err)
    check("it leaves nothing", sorted(os.listdir(".")) == before)
    pathlib.Path("job.yaml").write_text(JOB.replace("out.csv",
                                                    "nowhere/out.csv"))
    status, out, err = leat("check", "-f", "job.yaml")
    check("without it nobody looks", status == 0, err)
    status, out, err = leat("check", "--online", "-f", "job.yaml")
    check("a folder that is not there", status == 1 and
          "job.yaml:4:" in err and "nowhere" in err, err)
    status, out, err = leat("check", "--online", "--format=json", "-f",
                            "job.yaml")
    told = json.loads(out)
    check("the same for programs", (told["line"], told["file"],
                                    told["code"]) == (4, "job.yaml",
                                                      "LEAT_EIO"), out)
    status, _, err = leat("check", "--online", "read a.csv ! csv.parse "
                          "dead_letters=nowhere/d.db ! write -")
    check("dead letters too", status == 1 and "nowhere" in err, err)
    status, _, err = leat("check", "--online", "read a.csv ! tee block name=t "
                          "! write x/1 t. ! write x/2")
    check("all that is wrong is told", err.count("error:") == 2, err)
    status, _, err = leat("check", "--online",
                          "read a.csv ! write.split no/{y}.csv")
    check("folders of several files", status == 1 and "no/" in err, err)


CASES = """\
job: slow.yaml
cases:
  - name: an hour of waiting
    expect: {write: "count\\n3600\\n"}
"""


def clocks():
    pathlib.Path("slow.yaml").write_text(
        "graph:\n  - gen: {rate: 1, count: 3600, pace: on, seed: 1}\n"
        "  - count\n  - write: n.csv\n")
    pathlib.Path("slow.test.yaml").write_text(CASES)
    began = time.time()
    status, out, err = leat("test", "slow.test.yaml")
    check("an hour of waiting takes no time", status == 0 and
          time.time() - began < 60, (out, err))
    pathlib.Path("slow.yaml").write_text(
        "graph:\n  - read: a.csv\n  - where: x > 0\n    guards:\n"
        "      - timeout: 2s\n      - rate: {items: 1, burst: 1s}\n"
        "  - write: n.csv\n")
    rows = "x\\n" + "".join(f"{k}\\n" for k in range(1, 6))
    pathlib.Path("slow.test.yaml").write_text(
        f'cases: [{{given: {{read: "{rows}"}}, expect: {{write: "{rows}"}}}}]')
    status, out, err = leat("test", "slow.test.yaml")
    check("guards go by that clock", status == 0, (out, err))


def once():
    pathlib.Path("job.yaml").write_text(JOB)
    pathlib.Path("out.csv").write_text("stays")
    status, out, err = leat("dev", "--once", "job.yaml")
    check("dev", status == 0 and not err, (out, err))
    check("rows of a link", re.search(
        r"where -> csv.format: 2 rows\n    x  y\n    2  b\n    3  c\n", out),
        out)
    check("text of a sink", re.search(
        r"csv.format -> write: \S+ B of bytes\n    x,y\n    2,b\n", out), out)
    check("sinks write nothing", pathlib.Path("out.csv").read_text() == "stays")
    _, out, _ = leat("dev", "--once", "--sample=2", "--rows=1", "job.yaml")
    check("a sample, and fewer rows", "csv.parse -> where: 2 rows\n    x  y\n"
          "    1  a\nwhere -> csv.format: 1 rows" in out, out)
    _, out, _ = leat("dev", "--once", "-v", "LEAST=2", "job.yaml")
    check("variables", "where -> csv.format: 1 rows" in out, out)
    pathlib.Path("fan.leat").write_text(
        "read a.csv.gz ! tee block name=t ! @rate(items=100000, burst=1s) "
        "write b.csv\nt. ! parallel 2 { where \"x > 1\" } ! head 2 ! "
        "m.\nread 'a.csv' ! csv.parse on_error=dead-letter dead_letters=d.json "
        "! merge name=m ! write c.csv\n".replace("'", '"'))
    subprocess.run(["gzip", "-k", "a.csv"], check=True)
    status, out, err = leat("dev", "--once", "fan.leat")
    check("branches and packed files", status == 0 and
          "t -> csv.format: 3 rows" in out and "-> m: " in out, (out, err))
    check("nothing was written", not os.path.exists("b.csv") and
          not os.path.exists("d.json"))
    pathlib.Path("bad.csv").write_text("x,y\n1,a\nz,b\n")
    pathlib.Path("bad.leat").write_text(
        "read bad.csv ! csv.parse types=x:int64 ! sort x ! write c.csv")
    status, out, err = leat("dev", "--once", "bad.leat")
    check("a run that fails says so, and shows what there was",
          status in (1, 2) and "error" in err, (status, out, err))
    status, _, err = leat("dev", "--once")
    check("dev of nothing", status == 2, err)


def tmux(*args):
    done = subprocess.run(["tmux", "-L", f"leat-{os.getpid()}", *args],
                          capture_output=True, text=True)
    return done.stdout


def screen_has(words, seconds=60):
    """Until the screen has it: it is drawn by another process."""
    until = time.time() + seconds
    while time.time() < until:
        screen = tmux("capture-pane", "-p")
        if words in screen:
            return screen
        time.sleep(0.05)
    check(f"on the screen: {words}", False, screen)
    return ""


def watched():
    if not shutil.which("tmux"):
        print("left out: tmux is not there")
        return
    pathlib.Path("job.yaml").write_text(JOB)
    tmux("-f", "/dev/null", "new-session", "-d", "-x", "100", "-y", "40",
         f"{COMMAND} dev job.yaml; echo status=$?; sleep 1000")
    try:
        screen = screen_has("good; it runs again")
        check("run 1", "run 1" in screen and "where -> csv.format: 2 rows"
              in screen, screen)
        pathlib.Path("job.yaml").write_text(JOB.replace("x > ", "x >= "))
        check("saved in place", screen_has("where -> csv.format: 3 rows"))
        pathlib.Path("job.new").write_text(JOB.replace(":-1", ":-2"))
        os.rename("job.new", "job.yaml")
        screen = screen_has("where -> csv.format: 1 rows")
        check("another put in its place, and one run for one save",
              "run 3" in screen, screen)
        pathlib.Path("job.yaml").write_text(JOB.replace("where", "wehre"))
        screen = screen_has("failed; it runs again")
        check("mistakes have their place", "job.yaml:3:5" in screen and
              "^^^^^" in screen and "did you mean 'where'" in screen, screen)
        pathlib.Path("job.yaml").write_text(JOB)
        check("and are mended", screen_has("where -> csv.format: 2 rows"))
        tmux("send-keys", "C-c")
        check("Ctrl-C ends it", screen_has("status=0"))
    finally:
        tmux("kill-server")


def emitted():
    pathlib.Path("job.yaml").write_text("run: {memory: 64M}\n" + JOB)
    status, out, err = leat("run", "--emit-config", "-f", "job.yaml",
                            "--workers=3", "-v", "LEAST=2")
    check("the job that would run", status == 0 and 'workers: "3"' in out and
          'memory: "64M"' in out and "x > 2" in out, out + err)
    pathlib.Path("again.yaml").write_text(out)
    status, again, err = leat("run", "--emit-config", "-f", "again.yaml")
    check("it is a job, and the same", again == out, again + err)
    pathlib.Path("secret.yaml").write_text(
        "secrets: [WHO]\n" + JOB.replace("x > ${LEAST:-1}", "y = '${WHO}'"))
    _, out, _ = leat("run", "--emit-config", "-f", "secret.yaml",
                     env={"WHO": "geheim"})
    check("secrets are not told", "geheim" not in out and "***" in out, out)


def pages():
    _, out, _ = leat("inspect", "--json")
    _, page, _ = leat("help", "--reference")
    _, man, _ = leat("help", "--man")
    man = man.replace("\\-", "-")
    for stage in json.loads(out):
        check(f"a section of {stage['name']}",
              f"### {stage['name']}\n" in page and
              f".SS {stage['name']}" in man)
        part = page.split(f"### {stage['name']}\n", 1)[-1].split("\n### ")[0]
        for option in stage["options"]:
            check(f"{stage['name']} {option['name']}",
                  f"| `{option['name']}` |" in part, part)
    for command in ("explain", "graph", "doctor", "new", "dev"):
        check(f"a page of {command}", f".SS leat {command} " in man)
        _, text, _ = leat("help", command)
        check(f"help {command}", f"leat {command}" in text, text)


def main():
    pathlib.Path("a.csv").write_text("x,y\n1,a\n2,b\n3,c\n")
    explained()
    drawn()
    doctored()
    pages()
    status, _, err = leat("show", "-f", "-", text="graph: [{read: a.csv}]")
    if "built without libfyaml" in err:
        return
    began()
    online()
    clocks()
    once()
    watched()
    emitted()


if __name__ == "__main__":
    COMMAND = os.path.abspath(sys.argv[1] if len(sys.argv) > 1
                              else ROOT / "build/leat")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        main()
        os.chdir("/")
    print(f"{n_passed} passed, {n_failed} failed")
    sys.exit(n_failed != 0)
