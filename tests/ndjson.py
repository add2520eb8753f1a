#!/usr/bin/env python3
"""json.parse, json.format and json.path against Python's json and csv.

Random documents with awkward strings and numbers at their limits go through
leat and must come out as they were; lines that are spoiled a byte at a time
must be taken exactly where Python takes them; what a CSV became as JSON must
give the same CSV again. Usage: tests/ndjson.py [COMMAND [SEED]]
"""
import csv
import io
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
SECONDS = 900
N_DOCUMENTS = 1500
N_SPOILED = 6000
DEPTH_MAX = 64

STRINGS = ["", "a", "x y", "12", "-0", "null", "true", "\"", "\\", "\\\\\"",
           "a\"b", "\n", "\r\n", "\t", "\b\f", "\x00", "\x1f", "\x7f", "/",
           "æøå", "€", "日本語", "\U0001f600", "\uffff", "{\"a\":[1]}", "a,b;c",
           "[1,2", "}{", ":", "'", "é" * 40, "x" * 63 + "\"", "y" * 64,
           "\\" * 7, "1e5", "+1", "007"]
NUMBERS = ["0", "-0", "1", "-1", "10", "1.5", "-2.50", "1e3", "1E-7", "0.1",
           "9223372036854775807", "-9223372036854775808",
           "9223372036854775808", "12345678901234567890123", "1e308",
           "1.7976931348623157e308", "5e-324", "4.9406564584124654e-324",
           "0.30000000000000004", "123456789012345.6", "1234567890123456",
           "12345678901234567", "-1234567890123456", "-0.0", "1e+30"]
HAND = ["{", "}", "{}", "[]", "[", "{\"a\"}", "{\"a\":}", "{\"a\":1,}",
        "{,\"a\":1}", "{\"a\" 1}", "{\"a\":1 \"b\":2}", "{\"a\":01}",
        "{\"a\":1.}", "{\"a\":.1}", "{\"a\":+1}", "{\"a\":1e}",
        "{\"a\":0x1}", "{\"a\":--1}", "{\"a\":tru}", "{\"a\":nulll}",
        "{\"a\":'x'}", "{'a':1}", "{a:1}", "{\"a\":\"\t\"}",
        "{\"a\":\"\\q\"}", "{\"a\":\"\\u12\"}", "{\"a\":\"\\u00zz\"}",
        "{\"a\":\"x}", "{\"a\":\"x\"\"y\"}", "{\"a\":\"x\" \"y\"}",
        "{\"a\":1}}", "{\"a\":1}{\"b\":2}", "{\"a\":1} x", "{\"a\":[1,]}",
        "{\"a\":[,1]}", "{\"a\":[1 2]}", "{\"a\":[1}", "{\"a\":{]}",
        "{\"a\":{\"b\":1,}}", "{\"a\":{\"b\"}}", "{\"a\":[[]}", "nul", "x",
        "{\"a\"::1}", "{\"a\":1::2}", "{\"a\":\"x\":\"y\"}", "{:1}",
        "{\"a\":\"\x0b\"}", "{\"a\":\x0b1}", " {\"a\":1} ", "{\"a\" :1 }",
        "{\"a\":\\\"x\"}", "{\"a\":\"\\\"}", "{\"a\":\"\\\\\"}",
        "{\"a\":1\\}", "{\"a\":-}", "{\"a\":-a}", "{\"a\":1.5.2}",
        "{\"a\":1e5e5}", "{\"a\":\"\\ud83d\\ude00\"}", "{\"a\":true1}"]


def document(rng, depth=0):
    """A random value, as JSON text."""
    kind = rng.randrange(9 if depth < 5 else 6)
    if kind < 2:
        return string(rng)
    if kind < 4:
        return rng.choice(NUMBERS)
    if kind < 6:
        return rng.choice(["true", "false", "null"])
    n = rng.choice([0, 1, 1, 2, 3, 6])
    if kind == 6:
        return "[" + comma(rng).join(
            document(rng, depth + 1) for _ in range(n)) + "]"
    keys = {}
    for _ in range(n):
        text = string(rng)
        keys[json.loads(text)] = text
    return "{" + comma(rng).join(
        text + colon(rng) + document(rng, depth + 1)
        for text in keys.values()) + "}"


def comma(rng):
    return rng.choice([",", ",", ", ", " ,\t"])


def colon(rng):
    return rng.choice([":", ":", ": ", " : "])


def string(rng):
    text = rng.choice(STRINGS)
    if rng.random() < 0.2:
        text += rng.choice(STRINGS)
    if rng.random() < 0.2:
        text = "".join(chr(rng.randrange(1, 0x250)) for _ in range(5))
    return json.dumps(text, ensure_ascii=rng.random() < 0.5)


def as_text(text):
    """A document with its numbers as they stand, keys in order."""
    return json.loads(text, parse_int=lambda x: ("number", x),
                      parse_float=lambda x: ("number", x),
                      object_pairs_hook=lambda pairs: ("object", pairs))


def depth_of(value):
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth_of, value), default=0)
    return 0


def bad_constant(text):
    raise ValueError(text)


def has_lone(value):
    """A surrogate without its other half?"""
    if isinstance(value, dict):
        return any(has_lone(x) for pair in value.items() for x in pair)
    if isinstance(value, list):
        return any(map(has_lone, value))
    return isinstance(value, str) and any(
        0xd800 <= ord(c) < 0xe000 for c in value)


def is_taken(line, names=("i",)):
    """Would Python take these bytes as an object, by the rules of leat?"""
    pairs = []

    def once(found):
        pairs.append([key for key, _ in found])
        return dict(found)
    try:
        value = json.loads(line.decode("utf-8"), parse_constant=bad_constant,
                           object_pairs_hook=once)
    except (ValueError, RecursionError):
        return False
    looked_at = pairs if len(names) > 1 else pairs[-1:]
    return (isinstance(value, dict) and depth_of(value) <= DEPTH_MAX and
            not has_lone(value) and
            all(keys.count(name) <= 1 for keys in looked_at
                for name in names))


class Tally:
    def __init__(self, leat, folder):
        self.leat = leat
        self.folder = folder
        self.n_passed = 0
        self.n_failed = 0

    def check(self, name, got, wanted):
        if got == wanted:
            self.n_passed += 1
            return
        self.n_failed += 1
        if self.n_failed <= 10:
            print(f"FAILED {name}\n  wanted {wanted!r:.300}\n"
                  f"  got    {got!r:.300}")

    def run(self, graph, data):
        path = self.folder / "in"
        path.write_bytes(data)
        done = subprocess.run(
            [self.leat, "run", "-q", graph.replace("IN", str(path))],
            capture_output=True, timeout=SECONDS, check=False)
        if done.returncode:
            raise RuntimeError(f"{graph}: {done.stderr.decode()}")
        return done.stdout


# ---- documents come out as they were ---------------------------------------


def check_documents(tally, rng):
    lines = ["{" + f"\"i\":{k}," + "\"v\"" + colon(rng) + document(rng) + "}"
             for k in range(N_DOCUMENTS)]
    data = ("\n".join(lines) + "\n").encode()
    for more in ["", " chunk_bytes=4096"]:
        out = tally.run("read IN" + more + " ! json.parse nested=text "
                        "schema=\"i:int64,v:string\" ! json.format ! write -",
                        data).decode().split("\n")
        tally.check("as many documents", len(out), len(lines) + 1)
        for line, got in zip(lines, out):
            tally.check(line, as_text(got), as_text(line))


def flat(value, path, out):
    for key, inner in value.items():
        if isinstance(inner, dict):
            flat(inner, path + [key], out)
        else:
            out[".".join(path + [key])] = inner
    return out


def check_paths(tally, rng):
    """Objects in objects, in any order of keys, against columns by path."""
    names = ["p", "q.r", "q.s.t", "q.s.u", "w"]
    records = []
    for _ in range(400):
        record, pairs = {}, rng.sample(names, rng.randrange(1, 6))
        for name in pairs:
            at = record
            *path, last = name.split(".")
            for key in path:
                at = at.setdefault(key, {})
            at[last] = rng.choice(STRINGS[:-3])
        records.append(record)
    data = "".join(json.dumps(x, ensure_ascii=rng.random() < 0.5) + "\n"
                   for x in records).encode()
    schema = ",".join(name + ":string" for name in names)
    out = tally.run(f"read IN ! json.parse schema=\"{schema}\" ! json.format "
                    "! write -", data).decode().strip("\n").split("\n")
    tally.check("as many records", len(out), len(records))
    for record, got in zip(records, out):
        wanted = flat(record, [], {})
        tally.check(record, json.loads(got),
                    {name: wanted.get(name) for name in names})


# ---- what is no JSON ---------------------------------------------------------


def spoil(rng, line):
    data = bytearray(line)
    for _ in range(rng.choice([0, 1, 1, 2])):
        at = rng.randrange(len(data))
        way = rng.randrange(4)
        byte = rng.choice(b"{}[]:,\"\\ \t0-.e1tnx\x01\x1f\x7f\xc3\xff\x80/u")
        if way == 0:
            data[at] = byte
        elif way == 1:
            data.insert(at, byte)
        elif way == 2 and len(data) > 1:
            del data[at]
        else:
            del data[at + 1:]
    return bytes(data).replace(b"\n", b" ")


def check_spoiled(tally, rng):
    lines = [text.encode("latin-1") for text in HAND]
    lines += [b"[" * n + b"]" * n for n in (1, 63, 64, 65)]
    lines += [b"{\"a\":" * n + b"1" + b"}" * n for n in (1, 63, 64, 65)]
    while len(lines) < N_SPOILED:
        text = "{\"a\":" + document(rng, 3) + ",\"b\":" + document(rng, 4) + "}"
        lines.append(spoil(rng, text.encode()))
    # a key that says which line it was, and is not in the way
    lines = [line[:1] + b"\"i\":%d%s" % (k, b"," if line[1:2] != b"}" else b"")
             + line[1:] if line[:1] == b"{" else line
             for k, line in enumerate(lines)]
    out = tally.run("read IN ! json.parse schema=\"i:string\" on_error=skip "
                    "! json.format ! write -", b"\n".join(lines) + b"\n")
    taken = set()
    for line in out.decode().strip("\n").split("\n"):
        taken.add(json.loads(line)["i"])
    for k, line in enumerate(lines):
        if line[:1] == b"{":
            tally.check(line, k in taken, is_taken(line))


def check_alike(tally, rng):
    """Lines with the same keys in the same order, some of them spoiled."""
    strings = [x for x in STRINGS if json.dumps(x, ensure_ascii=False) ==
               f"\"{x}\""]
    lines = []
    for k in range(N_SPOILED):
        record = {"s": rng.choice(strings), "n": 7,
                  "o": {"t": rng.choice([True, None, "x"]), "u": 1},
                  "w": rng.choice(strings + [None])}
        text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
        text = text.replace(":7,", f":{rng.choice(NUMBERS)},")
        line = text[1:].encode()
        if rng.random() < 0.1:
            line = spoil(rng, line)
        lines.append(b"{\"i\":%d," % k + line)
    data = b"\n".join(lines) + b"\n"
    more = ",".join(["i:int64", "s:string", "n:float64", "o.t:string",
                     "o.u:int64", "w:string"])
    parse = f"read IN ! json.parse schema=\"{more}\" on_error=skip ! "
    out = tally.run(parse + "json.format ! write -", data).decode()
    taken = {}
    for line in out.strip("\n").split("\n"):
        taken[json.loads(line)["i"]] = line
    for k, line in enumerate(lines):
        tally.check(line, k in taken, is_taken(line, "isnotuw"))
        if k not in taken:
            continue
        record = as_text(line.decode())
        wanted = flat({key: dict(x[1]) if isinstance(x, tuple) and
                       x[0] == "object" else x for key, x in record[1]}, [], {})
        got = dict(as_text(taken[k])[1])
        tally.check(line, got, {key: wanted.get(key) for key in got})
    count = tally.run(parse + "count ! csv.format ! write -", data)
    tally.check("as many lines where nobody looks", count,
                b"count\n%d\n" % len(taken))


# ---- there and back ----------------------------------------------------------


def check_back(tally, rng):
    """A CSV that became JSON gives the same CSV again."""
    rows = [["a", "b \"c\"", "d"]]
    strings = [x for x in STRINGS if "\x00" not in x and "\r" not in x]
    for k in range(500):
        rows.append([str(k), rng.choice(strings) or "z", rng.choice(NUMBERS)])
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    ndjson = tally.run("read IN ! csv.parse schema=\"d:float64\" ! "
                       "json.format ! write -", text.getvalue().encode())
    back = tally.run("read IN ! json.parse ! csv.format ! write -", ndjson)
    for wanted, got in zip(rows, csv.reader(io.StringIO(back.decode()))):
        tally.check(wanted, got, wanted)


def check_json_path(tally, rng):
    lines, wanted = [], []
    for k in range(300):
        inner = [rng.choice(STRINGS), {"k": rng.choice(STRINGS)}, k]
        lines.append(json.dumps({"u": {"x": inner, "y z": [k]}}) + "\n")
        wanted.append({"a": inner[0], "b": inner[1]["k"], "c": k, "d": [k]})
    out = tally.run("read IN ! json.parse nested=text ! json.path "
                    "\"a=$.x[0],b=$.x[-2].k,c=$['y z'][0],d=$['y z']\" from=u "
                    "! select a,b,c,d ! json.format ! write -",
                    "".join(lines).encode())
    for line, record in zip(out.decode().split("\n"), wanted):
        tally.check(record, json.loads(line), record)


def main():
    default = str(ROOT / "build" / "leat")
    leat = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else default)
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 7
    with tempfile.TemporaryDirectory() as folder:
        tally = Tally(leat, pathlib.Path(folder))
        for check in (check_documents, check_paths, check_spoiled, check_alike,
                      check_back, check_json_path):
            check(tally, random.Random(seed))
    print(f"{tally.n_passed} passed, {tally.n_failed} failed")
    return 1 if tally.n_failed else 0


if __name__ == "__main__":
    sys.exit(main())
