#!/usr/bin/env python3
"""Jobs in YAML and JSON: what they become, and where their mistakes are told.

Every mistake is told of its file, line and column; what `leat show` prints as
YAML and as JSON is the same graph again, and obeys `leat schema` (where
python3-jsonschema and python3-yaml are there).
usage: tests/jobs.py [COMMAND]
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
SECONDS = 300
GRAPHS = [
    "read a.csv ! head 3",
    "read a.csv ! csv.parse on_error=skip(3) ! where \"x > 1\" name=w",
    "read a.csv ! tee block name=t ! write b.csv t. ! head 2 ! write c.csv",
    "read a.csv ! @rate(items=10, burst=1s) @timeout(2s) write b.json",
    "read a.csv ! parallel 2..3 ordered { where \"x > 1\" ! upper } ! write -",
    "read a.csv ! parallel 2 by=x { where \"y like '${z}$'\" } ! write -",
    "read a.csv ! where \"y = 'say \\\"x\\\" \\\\ y'\" ! write \"b c.csv\"",
    "read a.csv ! group by=y count sum(x) ! sort y ! write -",
    "read \"a b.csv\" ! csv.parse sep=\";\" header=off ! write -",
]
GOOD = """\
# late flights
description: the late ones
run:
  workers: 2
  memory: 64M
vars:
  IN: a.csv
x-notes: anything
graph:
  - read: ${IN}
  - where: x > ${LEAST:-1}
    name: late
  - select: [x, "z=y"]
  - write: {path: out.csv}
    guards:
      - rate: {items: 1000000}
"""
# what is changed to what; the place, and a part of what is said
MISTAKES = [
    ("x > ${LEAST:-1}", "q > 1", "11:12", "no column 'q'"),
    ("x > ${LEAST:-1}", "x > 1 and", "11:", "where"),
    ("x > ${LEAST:-1}", "x > 1 and q", "11:22", "no column 'q'"),
    ("x > ${LEAST:-1}", "'x > 1 and q'", "11:23", "no column 'q'"),
    ("x > ${LEAST:-1}", "x > ${LEAST}", "11:12", "--var LEAST=VALUE"),
    ("where:", "wehre:", "11:5", "did you mean 'where'"),
    ("    name: late", "    nme: late", "12:5", "beside a stage"),
    ("{path: out.csv}", "{pth: out.csv}", "14:13", "did you mean 'path'"),
    ("{path: out.csv}", "{path: [a, [b]]}", "14:", "is to be a value"),
    ("{path: out.csv}", "{path: out.csv", "15:", ""),
    ("workers: 2", "workers: many", "4:12", "1 to 256"),
    ("workers: 2", "wokers: 1", "4:3", "did you mean workers"),
    ("items: 1000000", "items: lots", "16:23", "whole number"),
    ("- rate:", "- rat:", "16:9", "rate"),
    ("guards:\n      - rate: {items: 1000000}", "guards: 3", "15:13",
     "a list"),
    ("vars:", "vras:", "6:1", "'vras'"),
    ("  IN: a.csv", "  - a.csv", "7:5", "a mapping"),
    ("  - read: ${IN}", "  - read ${IN}", "10:5", "is no stage"),
    ("  - read: ${IN}", "   - read: ${IN}", "11:3", "inden"),
    ("  - read: ${IN}", "  - read: *nobody", "10:12", "anchored"),
    ("  - read: ${IN}", "  - {}", "", "empty entry"),
    ("  - read: ${IN}", "  - include: nope.yaml", "10:14", "No such file"),
    ("  - read: ${IN}", "  - include: job.yaml", "", "include each other"),
    ("  - read: ${IN}", "  - from: t\n  - from: t", "11:5", "begins a chain"),
    ("  - read: ${IN}", "  - to: t\n  - read: x", "11:5", "nothing may follow"),
    ("  - read: ${IN}", "  - [read: x]", "10:", "no sink"),
    ("graph:", "graph: []\nx-g:", "9:1", "empty"),
    ("graph:", "x-graph:", "", "has no graph"),
]
n_passed = n_failed = 0


def check(what, holds, more=""):
    global n_passed, n_failed
    if holds:
        n_passed += 1
        return
    n_failed += 1
    print(f"FAIL: {what}\n\t{str(more)[:600]}")


def leat(*args, text=None, env=None):
    done = subprocess.run([COMMAND, *args], input=text, capture_output=True,
                          text=True, timeout=SECONDS,
                          env={**os.environ, **(env or {})})
    return done.returncode, done.stdout, done.stderr


def validator():
    status, out, err = leat("schema")
    check("the schema is JSON", status == 0 and json.loads(out), err)
    try:
        import jsonschema
        import yaml
    except ImportError:
        print("left out: python3-jsonschema and python3-yaml are not there")
        return None
    schema = json.loads(out)
    jsonschema.Draft7Validator.check_schema(
        {k: v for k, v in schema.items() if k != "$schema"})
    kind = getattr(jsonschema, "Draft202012Validator",
                   jsonschema.Draft7Validator)
    return lambda text: [e.message[:200] for e in
                         kind(schema).iter_errors(yaml.safe_load(text))]


def same_again(errors_of):
    for graph in GRAPHS:
        _, wanted, err = leat("show", graph)
        check(f"shown: {graph}", wanted, err)
        for kind in ("yaml", "json"):
            _, job, err = leat("show", f"--format={kind}", graph)
            pathlib.Path(f"again.{kind}").write_text(job)
            _, found, err = leat("show", "-f", f"again.{kind}")
            check(f"the same by {kind}: {graph}", found == wanted,
                  job + found + err)
            if kind == "json":
                check(f"is JSON: {graph}", json.loads(job))
            if errors_of:
                check(f"obeys the schema, {kind}: {graph}",
                      not errors_of(job), errors_of(job) or "")


def mistakes(errors_of):
    for old, new, place, words in MISTAKES:
        assert GOOD.count(old) == 1, old
        pathlib.Path("job.yaml").write_text(GOOD.replace(old, new))
        status, out, err = leat("check", "-f", "job.yaml")
        check(f"told: {new}", status == 2 and not out, (status, out, err))
        check(f"where: {new}", f"job.yaml:{place}" in err, err)
        check(f"what: {new}", words in err, err)
        check(f"a caret: {new}", "^" in err.splitlines()[-1], err)
    pathlib.Path("job.yaml").write_text(GOOD)
    if errors_of:
        check("the good one obeys the schema", not errors_of(GOOD))
        for old, new in [("where:", "wehre:"), ("path:", "pth:"),
                         ("nme:", "nme:"), ("items:", "itms:"),
                         ("workers:", "wokers:"), ("graph:", "x-graph:")]:
            if old in GOOD:
                check(f"the schema refuses {new}",
                      errors_of(GOOD.replace(old, new)))


def json_mistakes():
    for text, place in [('{"graph": [{"read": "a.csv"},]}', "1:29"),
                        ('{"graph": [{"read": "a.csv"} {"head": 1}]}', "1:30"),
                        ('{"graph": [{"read": \'a.csv\'}]}', "1:"),
                        ("", "1:1")]:
        pathlib.Path("job.json").write_text(text)
        status, _, err = leat("check", "-f", "job.json")
        check(f"JSON: {text}", status == 2 and f"job.json:{place}" in err, err)


def variables():
    def kept(env=None, *args):
        status, _, err = leat("run", "-q", "-f", "job.yaml", *args, env=env)
        check("a job runs", status == 0, err)
        return pathlib.Path("out.csv").read_text().splitlines()[1:]

    check("what stands behind :-", kept() == ["2,b", "3,c"])
    check("the environment", kept({"LEAST": "2"}) == ["3,c"])
    check("--var goes before it",
          kept({"LEAST": "2"}, "--var=LEAST=0") == ["1,a", "2,b", "3,c"])
    check("vars: go last", kept({"IN": "b.csv"}) == ["7,z"])
    status, _, err = leat("check", "-f", "job.yaml", "-v", "LEST=1")
    check("a --var that nobody asks for", status == 2 and
          "did you mean ${LEAST}" in err, err)
    status, _, err = leat("check", "-v", "A=1", "read a.csv")
    check("--var without a job", status == 2 and "YAML or JSON" in err, err)
    status, _, err = leat("check", "-f", "job.yaml", "--workers=3")
    check("the command line goes before run:", status == 0, err)
    _, out, _ = leat("run", "--explain", "-f", "job.yaml", "--workers=3")
    check("the command line goes before run:", "(3 workers)" in out, out)
    _, out, _ = leat("run", "--explain", "-f", "job.yaml")
    check("run: is obeyed", "(2 workers)" in out, out)
    check("$$ is one $", leat("show", "-f", "-", text="graph: [{read: a$$b}]")
          [1].startswith('read "a$b"'))


def secrets():
    job = ("secrets: [WHO]\ngraph:\n  - read: a.csv\n"
           "  - where: y = '${WHO}' and y <> '${DB_PASSWORD}'\n"
           "  - write: out.csv\n")
    pathlib.Path("secret.yaml").write_text(job)
    env = {"WHO": "geheim", "DB_PASSWORD": "hunter2"}
    bad = {"WHO": "ge'heim", "DB_PASSWORD": "hunt'er2"}
    for args in (["show"], ["show", "--format=yaml"], ["run", "--explain"],
                 ["check"], ["run"], ["run", "--progress=json"]):
        for values in (env, bad):
            _, out, err = leat(*args, "-f", "secret.yaml", env=values)
            check(f"{args} does not tell {values}",
                  not any(v in out + err for v in values.values()), out + err)
    check("*** stands for it", "***" in
          leat("show", "-f", "secret.yaml", env=env)[1])


def files():
    os.makedirs("sub", exist_ok=True)
    pathlib.Path("sub/part.yaml").write_text(
        "vars: {MOST: 2}\ngraph:\n  - where: x <= ${MOST}\n"
        "  - include: more.yaml\n")
    pathlib.Path("sub/more.yaml").write_text("graph: [{head: 1}]\n")
    pathlib.Path("job.yaml").write_text(
        "graph: [{read: a.csv}, {include: sub/part.yaml}, {write: out.csv}]\n")
    status, out, err = leat("show", "-f", "job.yaml")
    check("includes stand where they are", status == 0 and
          'where "x <= 2" ! head 1 !' in out, out + err)
    pathlib.Path("sub/more.yaml").write_text("graph: [{haed: 1}]\n")
    _, _, err = leat("show", "-f", "job.yaml")
    check("of an included file too", "sub/more.yaml:1:10" in err, err)
    pathlib.Path("job.yaml").write_text(
        "x-limit: &limit 2\ngraph: [{read: a.csv}, {head: *limit}]\n")
    _, out, err = leat("show", "-f", "job.yaml")
    check("an alias stands for its anchor", "head 2" in out, out + err)
    pathlib.Path("job.yaml").write_text(
        "graph:\n  - - read: a.csv\n    - head: 1\n  - - read: b.csv\n")
    _, _, err = leat("show", "-f", "job.yaml")
    check("a chain but the last ends in a sink", "job.yaml:2:7" in err and
          "no sink" in err, err)
    pathlib.Path("job.yaml").write_text("graph: [" + "[" * 5000)
    status, _, err = leat("show", "-f", "job.yaml")
    check("brackets without an end", status == 2 and "job.yaml:" in err, err)
    pathlib.Path("job.yaml").write_text("# \n" * 400000)
    status, _, err = leat("show", "-f", "job.yaml")
    check("a file of over 1 MiB", status == 2 and "longer than" in err, err)
    status, _, err = leat("check", "-f", "gone.yaml")
    check("no such file", status == 2 and "gone.yaml: No such" in err, err)
    # aliases of aliases: text without an end out of ten lines
    lines = ["x-0: &a0 [lol, lol]"] + [
        f"x-{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 9)}]"
        for k in range(1, 10)]
    pathlib.Path("job.yaml").write_text(
        "\n".join(lines) + "\ngraph: [{read: *a9}]\n")
    status, _, err = leat("show", "-f", "job.yaml")
    check("a billion laughs", status == 2 and "job.yaml:" in err, err)


TESTS = """\
cases:
  - name: those over one are kept
    given: {read: "x,y\\n1,a\\n2,b\\n"}
    expect: {write: "x,z\\n2,b\\n"}
    balance: {read: 2, written: 1, filtered: 1}
  - name: the limit is a variable
    vars: {LEAST: 5}
    given: {read: "x,y\\n5,a\\n6,b\\n"}
    expect: {write: "x,z\\n6,b\\n"}
  - name: a column that is not there
    given: {read: "q\\n5\\n"}
    error: no column 'x'
"""


def tests():
    pathlib.Path("job.yaml").write_text(GOOD.replace("${IN}", "${IN}.gz"))
    before = set(os.listdir(tempfile.gettempdir()))
    for changed, wanted, words in [
            ("", 0, "3 passed, 0 failed"),
            ("2,b\\n\"}\n    balance|2,c\\n\"}\n    balance", 1, "line 2"),
            ("written: 1|written: 2", 1, "written: wanted 2, found 1"),
            ("LEAST: 5|LEAST: 6", 1, "(the end)"),
            ("no column 'x'|no column 'z'", 1, "fails, but with"),
            ("given: {read: \"q|given: {raed: \"q", 1, "called 'raed'"),
            ("    error|    eror", 2, "job.test.yaml:12:5"),
            ("    error: no column 'x'\n|", 1, "it fails")]:
        text = TESTS
        if changed:
            old, new = changed.split("|")
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        pathlib.Path("job.test.yaml").write_text(text)
        status, out, err = leat("test", "job.test.yaml")
        check(f"leat test: {changed}", status == wanted and words in out + err,
              (status, out, err))
    check("leat test leaves nothing behind",
          not {f for f in set(os.listdir(tempfile.gettempdir())) - before
               if f.startswith("leat-test.")})
    status, _, err = leat("test", "gone.test.yaml")
    check("no such cases", status == 2 and "No such file" in err, err)


def reports():
    pathlib.Path("job.yaml").write_text(
        GOOD.replace("x > ${LEAST:-1}", "x > 1 and q"))
    pathlib.Path("graph.leat").write_text("read a.csv\n! where 'æ' ! haed 3")
    for path, place in [("job.yaml", (11, 22, 1)), ("graph.leat", (2, 3, 5))]:
        status, out, err = leat("check", "--format=json", "-f", path)
        told = json.loads(out)
        check(f"JSON: {path}", status == 2 and not err and
              told["file"] == path and told["code"] == "LEAT_EINVAL", out)
        if path == "job.yaml":
            check("its place", (told["line"], told["column"],
                                told["length"]) == place, out)
        _, out, _ = leat("check", "--format=sarif", "-f", path)
        result, = json.loads(out)["runs"][0]["results"]
        region = result["locations"][0]["physicalLocation"]["region"]
        check(f"SARIF: {path}", region["startLine"] == told["line"] and
              region["startColumn"] == told["column"] and
              region["endColumn"] - told["column"] == told["length"], out)
    _, out, _ = leat("check", "--format=json", "read a.csv ! head 3")
    check("good, as JSON", json.loads(out)["good"] is True, out)
    _, out, _ = leat("check", "--format=sarif", "read a.csv ! head 3")
    check("good, as SARIF", json.loads(out)["runs"][0]["results"] == [], out)


def examples(errors_of):
    for path in sorted((ROOT / "examples/jobs").glob("*.yaml")):
        if ".test." in path.name:
            status, _, err = leat("test", str(path))
        else:
            status, _, err = leat(
                "check", "-f", str(path),
                "-v", f"FLIGHTS={ROOT}/examples/data/flights.csv")
        check(f"{path.name} is good", status == 0, err)
        if errors_of and ".test." not in path.name:
            check(f"{path.name} obeys the schema",
                  not errors_of(path.read_text()))


def shells():
    for shell in ("bash", "zsh", "fish"):
        status, out, err = leat("completion", shell)
        check(f"completion {shell}", status == 0 and "dead-letters" in out, err)
        if not shutil.which(shell):
            continue
        pathlib.Path("script").write_text(out)
        done = subprocess.run([shell, "-n", "script"], capture_output=True)
        check(f"{shell} reads it", done.returncode == 0, done.stderr)
    status, _, err = leat("completion", "tcsh")
    check("no other shell", status == 2 and "bash, zsh or fish" in err, err)
    script = ('COMP_WORDS=(leat {0}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1));'
              'source <("{1}" completion bash); _leat; echo ${{COMPREPLY[@]}}')
    for words, wanted in [("sho", "show"), ("run --expl", "--explain"),
                          ("show --format=ya", "--format=yaml"),
                          ("help csv.par", "csv.parse"),
                          ("help ret", "retry"), ("completion f", "fish")]:
        done = subprocess.run(["bash", "-c", script.format(words, COMMAND)],
                              capture_output=True, text=True)
        check(f"bash completes {words}", done.stdout.strip() == wanted,
              done.stdout + done.stderr)


def main():
    pathlib.Path("a.csv").write_text("x,y\n1,a\n2,b\n3,c\n")
    pathlib.Path("b.csv").write_text("x,y\n7,z\n")
    shutil.copy("a.csv", "a b.csv")
    errors_of = validator()
    shells()
    status, _, err = leat("show", "-f", "-", text="graph: [{read: a.csv}]")
    if "built without libfyaml" in err:
        check("without libfyaml, it is said", status == 2)
        return
    pathlib.Path("job.yaml").write_text(GOOD)
    same_again(errors_of)
    mistakes(errors_of)
    json_mistakes()
    variables()
    secrets()
    files()
    tests()
    reports()
    examples(errors_of)


if __name__ == "__main__":
    COMMAND = os.path.abspath(sys.argv[1] if len(sys.argv) > 1
                              else ROOT / "build/leat")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        main()
        os.chdir("/")
    print(f"{n_passed} passed, {n_failed} failed")
    sys.exit(n_failed != 0)
