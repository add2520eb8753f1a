#!/usr/bin/env python3
"""Compressed files against the system's own tools and Python's libraries.

What gzip, zstd, lz4 and bzip2 write, leat reads, and the other way round; every
beginning of a file is an error, a flipped bit is an error or changes nothing,
a bomb ends early. usage: tests/formats.py LEAT
"""

import bz2
import gzip
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import zlib

leat = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "build/leat")
suffixes = {"gzip": "gz", "zstd": "zst", "lz4": "lz4", "bzip2": "bz2"}
random.seed(7)
n_passed = n_failed = 0


def check(what, is_good):
    global n_passed, n_failed
    if is_good:
        n_passed += 1
    else:
        n_failed += 1
        print("FAIL:", what)


def run(graph, path="."):
    """Status and error text of a run."""
    r = subprocess.run([leat, "run", "-q", graph], cwd=path,
                       capture_output=True, text=True)
    return r.returncode, r.stderr


def tool(name, data, *options):
    return subprocess.run([name, "-c", "-q", *options], input=data,
                          stdout=subprocess.PIPE, check=True).stdout


def put(name, data):
    with open(name, "wb") as f:
        f.write(data)


def get(name):
    with open(name, "rb") as f:
        return f.read()


def decoded(codec, data, opts=""):
    """What leat makes of it; None if it is an error."""
    put("packed", data)
    if os.path.exists("out"):
        os.remove("out")
    status, said = run(
        f"read packed decode=off ! {codec}.decode {opts} ! "
        "write out sync=off")
    check(f"{codec}: status {status} and {'no ' * (status == 0)}output",
          (status == 0) == os.path.exists("out"))
    return get("out") if status == 0 else None


def sizes():
    """Around the borders of blocks, windows and frames."""
    return [0, 1, 65535, 65536, 131072, 131073, 900000, 900001]


def text(n):
    words = [b"2001/01/02 00:10", b",", b"DTW", b"LAS", b"\n", b"42.21205889",
             random.randbytes(8)]
    return b"".join(random.choices(words, k=n // 4 + 1))[:n]


def check_tools():
    for codec, suffix in suffixes.items():
        if not shutil.which(codec):
            continue
        for n in sizes():
            data = text(n)
            packed = tool(codec, data)
            check(f"{codec}: {n} bytes are read", decoded(codec, packed) == data)
        for n in [0, 900001]:
            data = text(n)
            put("plain", data)
            status, said = run(f"read plain ! write made.{suffix} sync=off")
            check(f"{codec}: {n} bytes are written: {said}", status == 0 and
                  tool(codec, get(f"made.{suffix}"), "-d") == data)
        parts = [text(1000), b"", text(200000)]
        packed = b"".join(tool(codec, p) for p in parts)
        check(f"{codec}: members behind each other",
              decoded(codec, packed) == b"".join(parts))


def check_options():
    data = text(300000)
    cases = [("zstd", ["-19"]), ("zstd", ["--no-check", "-1"]),
             ("lz4", ["-BD", "-B4", "-BX"]), ("lz4", ["-9", "--content-size"]),
             ("lz4", ["--no-frame-crc"]), ("bzip2", ["-1"]), ("gzip", ["-1"])]
    for codec, options in cases:
        if shutil.which(codec):
            check(f"{codec} {' '.join(options)}",
                  decoded(codec, tool(codec, data, *options)) == data)
    check("gzip by Python", decoded("gzip", gzip.compress(data)) == data)
    check("bzip2 by Python", decoded("bzip2", bz2.compress(data)) == data)
    skip = b"\x50\x2a\x4d\x18\x04\0\0\0skip"
    for codec in ("zstd", "lz4"):
        if shutil.which(codec):
            packed = tool(codec, data)
            check(f"{codec}: frames to be skipped",
                  decoded(codec, skip + packed + skip) == data)
    name = b"\x1f\x8b\x08\x1c\0\0\0\0\0\3" + b"\5\0extra" + b"name\0" + b"x\0"
    body = zlib.compressobj(6, zlib.DEFLATED, -15)
    raw = body.compress(data) + body.flush()
    tail = zlib.crc32(data).to_bytes(4, "little")
    tail += len(data).to_bytes(4, "little")
    check("gzip with everything in its head",
          decoded("gzip", name + raw + tail) == data)


def check_damage():
    data = text(300)
    for codec in suffixes:
        if not shutil.which(codec):
            continue
        packed = tool(codec, data)
        step = max(1, len(packed) // 12)
        for n in range(0, len(packed), step):
            put("packed", packed[:n])
            status, said = run(f"read packed decode=off ! {codec}.decode ! "
                               "write cut sync=off")
            check(f"{codec}: the first {n} bytes: {said}",
                  status != 0 and "truncated" in said and
                  not os.path.exists("cut"))
        for n in range(0, len(packed), step):
            bad = bytearray(packed)
            bad[n] ^= 1 << random.randrange(8)
            got = decoded(codec, bytes(bad))
            check(f"{codec}: a bit of byte {n}", got is None or got == data)


def bgzf(data):
    """As bgzip writes it."""
    made = b""
    for at in list(range(0, len(data), 65280)) + [len(data)]:
        part = data[at:at + 65280]
        packer = zlib.compressobj(6, zlib.DEFLATED, -15)
        body = packer.compress(part) + packer.flush()
        made += b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\x06\0BC\2\0"
        made += (len(body) + 25).to_bytes(2, "little") + body
        made += zlib.crc32(part).to_bytes(4, "little")
        made += len(part).to_bytes(4, "little")
    return made


def check_members():
    """What all workers decode is what one does, as the programs made it."""
    data = text(3000000)
    pieces = [data[at:at + 700000] for at in range(0, len(data), 700000)]
    packed = [("gzip", bgzf(data)),
              ("gzip", b"".join(gzip.compress(p) for p in pieces)),
              ("bzip2", b"".join(bz2.compress(p) for p in pieces))]
    for codec in ("zstd", "lz4"):
        if shutil.which(codec):
            packed.append((codec, b"".join(tool(codec, p) for p in pieces)))
    if shutil.which("pzstd"):
        put("plain", 9 * data)
        subprocess.run(["pzstd", "-q", "-f", "-p", "4", "plain", "-o",
                        "made.zst"], check=True, stderr=subprocess.DEVNULL)
        status, said = run("read made.zst ! zstd.decode parallel=on ! "
                           "write out2 sync=off")
        check(f"pzstd: {said}", status == 0 and get("out2") == 9 * data)
        os.remove("out2")
    for codec, made in packed:
        check(f"{codec}: {len(made)} bytes of several members",
              decoded(codec, made, "parallel=on") == data)
        for n in (len(made) - 1, len(made) // 2, len(made) // 3):
            check(f"{codec}: the first {n} bytes of several members",
                  decoded(codec, made[:n], "parallel=on") is None)


def check_bomb():
    """Ten gigabytes, 16 MiB at a time: made while they are read, and refused
    long before they are all there."""
    zeros = bytes(1 << 24)
    bombs = {"gzip": gzip.compress(zeros), "bzip2": bz2.compress(zeros)}
    for codec in ("zstd", "lz4"):
        if shutil.which(codec):
            bombs[codec] = tool(codec, zeros)
    for codec, member in bombs.items():
        ratio = 100 if codec == "lz4" else 1000
        start = time.monotonic()
        reader = subprocess.Popen(
            [leat, "run", f"read - ! {codec}.decode max_ratio={ratio} ! "
             "write out2 sync=off"], stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            with reader.stdin as pipe:
                for _ in range(640):
                    pipe.write(member)
        except BrokenPipeError:
            pass
        said = reader.stderr.read().decode()
        status = reader.wait()
        took = time.monotonic() - start
        check(f"{codec}: a bomb ends: {said}", status != 0 and
              "max_ratio" in said and not os.path.exists("out2"))
        check(f"{codec}: a bomb ends early: {took:.2f} s", took < 2)
    put("bomb", 64 * bombs["gzip"])
    status, said = run("read bomb ! gzip.decode ! write out2 sync=off")
    check(f"a bomb in a file ends: {said}", status != 0 and
          "max_ratio" in said and not os.path.exists("out2"))


def main():
    folder = tempfile.mkdtemp()
    os.chdir(folder)
    try:
        check_tools()
        check_options()
        check_damage()
        check_members()
        check_bomb()
    finally:
        os.chdir("/")
        shutil.rmtree(folder)
    print(f"{n_passed} passed, {n_failed} failed")
    return n_failed != 0


sys.exit(main())
