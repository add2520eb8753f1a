#!/usr/bin/env python3
"""Who is named as the partner of an atomic access is there: "pairs with the
release in chan_push", "the other half is in chan_wake". Prints those who are
not.

usage: tests/partners.py
"""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent
PARTNERS = re.compile(r"(?:pairs with|other half is in)([^;:/]*)")
NAMES = re.compile(r"\b[a-z]\w*_\w*[a-z0-9]\b(?!\*)")
FUNCTIONS = re.compile(r"^(?:#define |\w[\w\s*]* \*?)?(\w+)\(", re.M)
WORDS = {"close_send", "close_recv"}


def main():
    texts = {path: path.read_text()
             for folder in ("src", "stages", "include")
             for path in sorted((ROOT / folder).rglob("*.[ch]"))}
    known = set(WORDS)
    for text in texts.values():
        known.update(FUNCTIONS.findall(text))
    for path, text in texts.items():
        for comment in re.finditer(r"/\*.*?\*/", text, re.S):
            flat = re.sub(r"\s*\n\s*\*?\s*", " ", comment[0])
            for partners in PARTNERS.findall(flat):
                for name in NAMES.findall(partners):
                    if name not in known:
                        line = text.count("\n", 0, comment.start()) + 1
                        print(f"{path.relative_to(ROOT)}:{line}: {name}")


main()
