#!/usr/bin/env python3
"""Ordered regions and branches: leat against a loop, oneTBB and Go.

Contestants, turns, medians and the table are those of core.py, which this
stands on; leat's side is fan_cases.c, the work is support/fan.h. Bars are the
greatest ratio of leat's time to the rival's: 0.526 says that leat is to be
1.9 times as fast. A time never fails the run; a wrong result does.
"""
import json
import os
import pathlib
import sys

SCRIPT = pathlib.Path(__file__).resolve()
ROOT = pathlib.Path(os.environ.get("LEAT_SOURCE_DIR", next(
    (p for p in SCRIPT.parents if (p / "tests/bench/rivals").is_dir()),
    "."))).resolve()
sys.path.insert(0, str(ROOT / "tests/bench"))
import core  # noqa: E402  (where it lies is known only here)
from core import Case, Contestant, NS, ours  # noqa: E402

OWN = "fan_cases"
WORK = core.HERE / "support/fan.h"
core.RECIPES = {
    "loop": ("fan_loop.c", core.RECIPES["bare"][1], core.RECIPES["bare"][2]),
    "go": ("fan.go", core.RECIPES["go"][1], core.RECIPES["go"][2]),
    "tbb": ("fan_tbb.cpp", core.RECIPES["tbb"][1], core.RECIPES["tbb"][2]),
}

# loop: one thread. loop-two: two threads with half of the items each, which is
# what the machine gives. tbb: a token for a block; -item: for an item;
# -serial: no parallel filter. any, one: leat in no order, with one worker. go:
# blocks where the order counts, single items through channels where it does not.
CASES = [
    Case("ordered2", NS, ours("ordered2"),
         Contestant("loop", "ordered2", {"ns": 0.526}),
         Contestant("loop-two", "ordered2-two"),
         Contestant("tbb", "ordered2"),
         Contestant("tbb-item", "ordered2-item", {"ns": 0.667}),
         Contestant("tbb-serial", "ordered2-serial", {"ns": 0.667}),
         Contestant("go", "ordered2")),
    Case("uneven2", NS, ours("uneven2"),
         Contestant("loop", "uneven2", {"ns": 0.556}),
         Contestant("loop-two", "uneven2-two"),
         Contestant("tbb", "uneven2"),
         Contestant("tbb-item", "uneven2-item"),
         Contestant("go", "uneven2")),
    Case("lumpy2", NS, ours("lumpy2"),
         Contestant("loop", "lumpy2"),
         Contestant("tbb", "lumpy2")),
    Case("fan4", NS, ours("fan4"),
         Contestant("go", "fan4", {"ns": 0.05}), limits={"ns": 4}),
    Case("merge64-runs", NS, ours("merge64-runs"),
         Contestant("loop", "merge64-runs"),
         limits={"ns": 5}),
    Case("merge64-mixed", NS, ours("merge64-mixed"),
         Contestant("loop", "merge64-mixed"),
         limits={"ns": 50}),
    Case("merge64-stamp", NS, ours("merge64-stamp"), limits={"ns": 5}),
    Case("delay", {"p50": "ns p50", "p99": "ns p99"}, ours("delay"),
         Contestant("any", "delay-any", {"p99": 2}),
         Contestant("one", "delay-one")),
]


def build_dir():
    """The folder above a copy of this script beside leat's own, or build/."""
    above = SCRIPT.parent.parent
    return above if (above / "bench" / OWN).is_file() else ROOT / "build"


def build_rivals(folder, note):
    """What is older than the work on an item is built again."""
    for name in core.RECIPES:
        program = folder / name
        if program.exists() and not core.is_newer(program, WORK):
            program.unlink()
    return core.build_rivals(list(core.RECIPES), folder, note)


def rows(board, cases):
    for line in board.rows(cases):
        line["bench"] = "fan"
        yield line


def print_head(host, rivals):
    print(f"fan: {host['cpu']}, {host['cores']} cores, Linux "
          f"{host['kernel']}, load {host['load']}")
    for name in rivals:
        print(f"  {name:<6} {core.version(name)}")
    print("medians of runs by turns; ratio = leat to the rival\n")
    print(f"{'case':<11} {'subject':<13} {'unit':<15} {'median':>9} "
          f"{'min':>9} {'max':>9} {'ratio':>8} {'bar':>8}", flush=True)


def run_all(board, cases, options):
    """Case by case, so that the table grows while one looks on."""
    n_runs = options.n or (3 if options.quick else 5)
    for case in cases:
        board.run_case(case, n_runs, 25 if options.quick else 100)
        for line in rows(board, [case]) if options.json else []:
            print(json.dumps(line), flush=True)
        if not options.json:
            core.print_table(rows(board, [case]))


def main():
    options = core.arguments(__doc__, CASES, build_dir(),
                             "a quarter of the items")
    own = options.build / "bench" / OWN
    if not own.is_file():
        sys.exit(f"{own} is missing: ./dev build makes it")

    def note(text):
        print(text, file=sys.stderr, flush=True)

    rivals = build_rivals(options.build / "bench/rivals/fan", note)
    cases = [c for c in CASES if not options.case or c.name in options.case]
    host = core.machine()
    board = core.Board({core.OURS: own, "any": own, "one": own, **rivals},
                       max(1, options.tries), note)
    if options.json:
        print(json.dumps({"bench": "fan", "machine": host, "versions": {
            name: core.version(name) for name in rivals}}), flush=True)
    else:
        print_head(host, rivals)
    run_all(board, cases, options)
    if not options.json:
        core.print_end(list(rows(board, cases)))
    sys.exit(1 if board.is_wrong else 0)


if __name__ == "__main__":
    main()
