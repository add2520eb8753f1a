#!/usr/bin/env python3
"""Every graph that a page or a help text shows is one that would run, if its
files and columns were there; and no line of help is too wide.

usage: tests/shown.py [COMMAND]
"""
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
COMMAND = str(pathlib.Path(
    sys.argv[1] if len(sys.argv) > 1 else ROOT / "build/leat").resolve())
SECONDS = 60
FILES = {"a.csv": "x,city,n\n1,a,1\n2,b,2\n",
         "flights.csv": "date,delay,distance,origin,destination\n"
                        "2001/01/01 00:47,66,1750,DTW,LAS\n"}
# what hangs on files that are not there
MISSING = ("no column ", "cannot open ", "no file is called ",
           "there is no column ")
BEGINS = re.compile(r"(read|gen|merge|t\.|@\w+)[ (]")
COMMANDS = re.compile(r"""leat (?:run|check|show|explain|graph)\s[^'"\n]*?"""
                      r"""('[^']*'|"(?:[^"\\]|\\.)*")""")


def leat(*args):
    done = subprocess.run([COMMAND, *args], capture_output=True, text=True,
                          timeout=SECONDS)
    return done.returncode, done.stdout, done.stderr


def pages():
    for path in [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))]:
        yield str(path.relative_to(ROOT)), path.read_text()
    yield "help --reference", leat("help", "--reference")[1]
    topics = leat("help")[1].split("\ntopics\n")[1]
    for topic in re.findall(r"^  (\w+)", topics, re.M):
        yield "help " + topic, leat("help", topic)[1]


def helped():
    """All that leat help explains: commands, topics, stages."""
    for listing in (leat("help")[1], leat("inspect")[1]):
        yield from re.findall(r"^  ([a-z][\w.-]*)  ", listing, re.M)


def blocks(text):
    """Graphs that stand by themselves, set off by spaces."""
    lines = []
    for line in [*text.split("\n"), ""]:
        is_shown = re.match(r"    |\t", line) and "leat " not in line
        if lines and (not is_shown or line.strip().startswith("read ")):
            yield "\n".join(lines)
            lines = []
        if is_shown:
            lines.append(line.strip())


def graphs(text):
    for graph in COMMANDS.findall(text):
        yield shlex.split(graph)[0]
    for block in blocks(COMMANDS.sub("leat run", text)):
        if BEGINS.match(block) and " ! " in block:
            yield block


def main():
    n_failed, seen = 0, set()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for name, text in FILES.items():
            pathlib.Path(name).write_text(text)
        for page, text in pages():
            for graph in graphs(text):
                if graph in seen or "..." in graph or "STAGE" in graph:
                    continue
                seen.add(graph)
                status, _, said = leat(
                    "check", "--dead-letters=dead.ndjson", graph)
                if status and not any(word in said for word in MISSING):
                    n_failed += 1
                    print(f"FAIL: {page}\n\t{said.strip()}")
    for name in helped():
        _, text, _ = leat("help", name)
        wide = [line for line in text.split("\n") if len(line) > 80]
        if wide or not text:
            n_failed += 1
            print(f"FAIL: help {name}\n\t" + "\n\t".join(wide))
    if len(seen) < 50:
        n_failed += 1
        print(f"FAIL: {len(seen)} graphs were found, where dozens are shown")
    print(f"{len(seen) - n_failed} passed, {n_failed} failed")
    return 1 if n_failed else 0


sys.exit(main())
