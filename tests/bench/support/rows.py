"""The big files: real rows, repeated until there are enough of them.

    wide.csv    flights with both airports joined to them: 15 columns, of which
                some values are quoted
    narrow.csv  flights as they are: 5 columns

and of each a tenth (wide_tenth.csv, narrow_tenth.csv) for slow rivals. The
order is that of the source, so the same bytes come out every time.
"""
import csv
import io

import bench

BYTES = 1_000_000_000
AIRPORT = ["name", "city", "state", "latitude", "longitude"]
NAMES = ["wide", "narrow"]


def source(name):
    return bench.root() / "examples/data" / name


def airports():
    with source("airports.csv").open(encoding="utf-8", newline="") as lines:
        return {row["iata"]: [row[key] for key in AIRPORT]
                for row in csv.DictReader(lines)}


def as_csv(rows):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def wide():
    """Header and rows of the joined file, as bytes."""
    known = airports()
    with source("flights.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.reader(lines))
    header = rows[0] + ["origin_" + key for key in AIRPORT] + \
        ["destination_" + key for key in AIRPORT]
    joined = [row + known[row[3]] + known[row[4]] for row in rows[1:]]
    return as_csv([header]), as_csv(joined)


def narrow():
    header, body = source("flights.csv").read_bytes().split(b"\n", 1)
    return header + b"\n", body


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


def late(header, body):
    """What the filter job makes of the rows, by Python's own csv reader."""
    lines = io.StringIO((header + body).decode(), newline="")
    return [f"{row['date']},{row['origin']},{row['delay']}".encode()
            for row in csv.DictReader(lines) if int(row["delay"]) > 60]


class Big:
    """One big file, its tenth, and what is in them."""

    def __init__(self, name, n_bytes):
        header, body = wide() if name == "wide" else narrow()
        tenths = max(1, round(n_bytes / len(body) / 10))
        folder = bench.bench_dir()
        self.path = folder / f"{name}.csv"
        self.tenth_path = folder / f"{name}_tenth.csv"
        self.was_written = write(self.path, header, body, tenths * 10)
        self.was_written |= write(self.tenth_path, header, body, tenths)
        self.tenths = tenths
        self.block = header, body
        self.n_rows = body.count(b"\n") * tenths * 10
        self.n_columns = header.count(b",") + 1
        self.n_bytes = self.path.stat().st_size

    def late_lines(self, n_tenths):
        """The filter job's rows for this much of the file, sorted."""
        return sorted(late(*self.block) * (self.tenths * n_tenths))
