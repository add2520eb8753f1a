#!/usr/bin/env python3
"""Check that code shown in documents stands in compiled files.

A fenced block after a line `<!-- from FILE -->` must be found in FILE as it
stands, but for white space; a line `...` in it leaves some out.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
CUT = re.compile(r"<!-- from (\S+) -->\n+```\w*\n(.*?)```", re.S)


def plain(text):
    return " ".join(text.split())


def pieces(block):
    return [plain(piece) for piece in
            re.split(r"^\s*\.\.\.\s*$", block, flags=re.M) if piece.strip()]


def faults(document):
    for found in CUT.finditer(document.read_text()):
        source = ROOT / found.group(1)
        if not source.is_file():
            yield f"{document}: no file {found.group(1)}"
            continue
        text = plain(source.read_text())
        at = 0
        for piece in pieces(found.group(2)):
            at = text.find(piece, at)
            if at < 0:
                yield f"{document}: not in {found.group(1)}: {piece[:60]!r}"
                break


def main():
    found = [fault for name in sys.argv[1:]
             for fault in faults(pathlib.Path(name))]
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
