"""The big files: real rows, repeated until there are enough of them.

    wide.csv      flights with both airports joined to them: 15 columns, of
                  which some values are quoted
    narrow.csv    flights as they are: 5 columns
    wide.ndjson   wide.csv as one JSON object a line
    wide.csv.zst, wide.csv.gz  the same compressed, by the tools' defaults
    keys.csv      ids of ten digits, each of which comes twice, and a counter

and a tenth of the first two (wide_tenth.csv, narrow_tenth.csv) for slow
rivals. The order is that of the source, so the same bytes come out every time.
"""
import csv
import functools
import io
import json
import subprocess

import bench

BYTES = 1_000_000_000
AIRPORT = ["name", "city", "state", "latitude", "longitude"]
NAMES = ["wide", "narrow"]
NUMBERS = {"delay", "distance", "origin_latitude", "origin_longitude",
           "destination_latitude", "destination_longitude"}
PACKERS = {".zst": ["zstd", "-q", "-c"], ".gz": ["gzip", "-c"]}


def source(name):
    return bench.root() / "examples/data" / name


@functools.cache
def airports():
    with source("airports.csv").open(encoding="utf-8", newline="") as lines:
        return {row["iata"]: [row[key] for key in AIRPORT]
                for row in csv.DictReader(lines)}


def as_csv(rows):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


@functools.cache
def wide():
    """Header and rows of the joined file, as bytes."""
    known = airports()
    with source("flights.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.reader(lines))
    header = rows[0] + ["origin_" + key for key in AIRPORT] + \
        ["destination_" + key for key in AIRPORT]
    joined = [row + known[row[3]] + known[row[4]] for row in rows[1:]]
    return as_csv([header]), as_csv(joined)


@functools.cache
def narrow():
    header, body = source("flights.csv").read_bytes().split(b"\n", 1)
    return header + b"\n", body


def block(name):
    return wide() if name == "wide" else narrow()


def records(name):
    """The rows of one block as dictionaries of texts."""
    header, body = block(name)
    lines = io.StringIO((header + body).decode(), newline="")
    return list(csv.DictReader(lines))


def as_json(row):
    """A row as DuckDB writes it: numbers as they stand, no spaces."""
    return "{" + ",".join(
        f"{json.dumps(key)}:" + (value if key in NUMBERS else
                                 json.dumps(value, ensure_ascii=False))
        for key, value in row.items()) + "}"


def ndjson():
    return "".join(as_json(row) + "\n" for row in records("wide")).encode()


def keys(n_rows):
    """Ids that a counter gives, stirred; each comes twice, far apart."""
    n = n_rows // 2
    step = 1_000_003
    return (b"%010d,%d\n" % (k * step % n * 3331 % 10_000_000_000, k)
            for k in range(n_rows))


def keys_bytes(n_rows):
    """Size of the file that holds them and its header, `id,k`."""
    digits = sum(max(0, n_rows - 10 ** k) for k in range(1, 10))
    return 5 + n_rows * 13 + digits


def write(path, header, body, n_times):
    """Write a file unless it is there with the right size. True if written."""
    size = len(header) + len(body) * n_times
    if path.exists() and path.stat().st_size == size:
        return False
    partial = path.with_suffix(".partial")
    with partial.open("wb") as out:
        out.write(header)
        for _ in range(n_times):
            out.write(body)
    partial.rename(path)
    return True


class Big:
    """The big files of about n_bytes of CSV, and what is in them."""

    def __init__(self, name, n_bytes):
        header, body = block(name)
        self.name = name
        self.tenths = max(1, round(n_bytes / len(body) / 10))
        self.times = self.tenths * 10
        folder = bench.bench_dir()
        self.path = folder / f"{name}.csv"
        self.tenth_path = folder / f"{name}_tenth.csv"
        self.was_written = write(self.path, header, body, self.times)
        self.was_written |= write(self.tenth_path, header, body, self.tenths)
        self.n_rows = body.count(b"\n") * self.times
        self.n_columns = header.count(b",") + 1
        self.n_bytes = self.path.stat().st_size

    def packed(self, suffix):
        """The same file, compressed; made if it is older or not there."""
        path = self.path.with_name(self.path.name + suffix)
        if not path.exists() or \
                path.stat().st_mtime < self.path.stat().st_mtime:
            with path.with_suffix(".partial").open("wb") as out:
                subprocess.run(PACKERS[suffix] + [str(self.path)], stdout=out,
                               check=True)
            path.with_suffix(".partial").rename(path)
        return path

    def ndjson(self):
        path = self.path.with_suffix(".ndjson")
        write(path, b"", ndjson(), self.times)
        return path

    def keys(self):
        path = bench.bench_dir() / "keys.csv"
        size = keys_bytes(self.n_rows)
        if not path.exists() or path.stat().st_size != size:
            with path.open("wb") as out:
                out.write(b"id,k\n")
                out.writelines(keys(self.n_rows))
        return path
