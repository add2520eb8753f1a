#!/usr/bin/env python3
"""Print size and field offsets of every open struct of the public headers.

The structs are found in the headers' text, so none can be forgotten; the
numbers come from the compiler. tests/abi/layout.txt holds what they must be.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]


def without_comments(text):
    return re.sub(r"/\*.*?\*/", " ", text, flags=re.S)


def fields_of(body):
    for part in body.split(";"):
        part = " ".join(part.split())
        if not part:
            continue
        pointer = re.search(r"\(\*(\w+)\)", part)
        if pointer:
            yield pointer.group(1)
            continue
        for name in part.split(","):
            yield re.search(r"(\w+)\s*(\[.*\])?$", name).group(1)


def structs():
    for header in sorted((ROOT / "include/leat").glob("*.h")):
        text = without_comments(header.read_text())
        for found in re.finditer(r"^struct (\w+) \{(.*?)^\};", text,
                                 flags=re.S | re.M):
            yield found.group(1), list(fields_of(found.group(2)))


def program():
    lines = ["#include <stdio.h>", "#include <leat/leat.h>",
             "int main(void) {"]
    for name, fields in structs():
        lines.append(f'printf("{name} %zu\\n", sizeof(struct {name}));')
        for field in fields:
            lines.append(f'printf("\\t{field} %zu\\n", '
                         f'offsetof(struct {name}, {field}));')
    return "\n".join(lines + ["return 0; }"])


def main():
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / "layout.c"
        source.write_text(program())
        binary = pathlib.Path(folder) / "layout"
        subprocess.run(["cc", "-std=c11", f"-I{ROOT}/include", source,
                        "-o", binary], check=True)
        sys.stdout.write(subprocess.run([binary], check=True, text=True,
                                        capture_output=True).stdout)


if __name__ == "__main__":
    main()
