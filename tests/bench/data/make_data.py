#!/usr/bin/env python3
"""Make examples/data from the npm package vega-datasets.

    make_data.py [PACKAGE_DIR]

Without PACKAGE_DIR the package is fetched with npm into a temporary folder.
flights-20k.json becomes flights.csv (same rows, same order, its keys as the
header), airports.csv is copied as it is. The sources are checked against
their sums first, so the same bytes come out every time; PROVENANCE is written
beside them.
"""
import csv
import hashlib
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

PACKAGE = "vega-datasets"
VERSION = "3.2.1"
SOURCES = {
    "data/flights-20k.json":
        "52f0ddd892d4569284b845e17323abc9afb7d303ec8f63251634a20327a610bb",
    "data/airports.csv":
        "903c7169e6d558eefb95295fe2947ec8503135fbb855ea5c737cf4a90ea603ad",
}
COLUMNS = ["date", "delay", "distance", "origin", "destination"]

PROVENANCE = """\
What lies here and where it comes from
======================================

Both files are made by tests/bench/data/make_data.py from the npm package
{package}, version {version}. That package is licensed BSD-3-Clause; it names
the following sources and terms for the data itself in its datapackage.json.

flights.csv
    US domestic flights, January to March 2001, {n_flights} rows: departure,
    delay in minutes, distance in miles, origin and destination (IATA codes).
    Source: US Bureau of Transportation Statistics, on-time performance
    (https://www.transtats.bts.gov), collected under 14 CFR Part 234. The
    package says of it: "Data Collected Under DOT Regulatory Requirements -
    License Terms Not Explicitly Specified". Published by an agency of the
    United States government, whose works are in the public domain there
    (17 USC 105).
    Made from data/flights-20k.json: an array of objects written as CSV
    (RFC 4180, LF), the keys of its objects as the header, rows and columns in
    the order of the source, values unchanged.

airports.csv
    Airports of the United States and its territories, {n_airports} rows.
    Source: data.gov, dataset "Airports". A work of the United States
    government (https://www.usa.gov/government-works).
    A copy of data/airports.csv, byte for byte; ten of its rows have quoted
    fields, with commas and with doubled quotes in them.

sha256
    {flights_sum}  flights.csv
    {airports_sum}  airports.csv
    {flights_source_sum}  (source) data/flights-20k.json
    {airports_source_sum}  (source) data/airports.csv
"""


def sum_of(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def fetch(folder):
    """The package, unpacked by npm's own client."""
    subprocess.run(["npm", "pack", "--silent", f"{PACKAGE}@{VERSION}"],
                   cwd=folder, check=True, stdout=subprocess.DEVNULL)
    archive = folder / f"{PACKAGE}-{VERSION}.tgz"
    shutil.unpack_archive(archive, folder, "gztar")
    return folder / "package"


def check(package):
    for name, expected in SOURCES.items():
        found = sum_of(package / name)
        if found != expected:
            sys.exit(f"{name}: sha256 is {found}, expected {expected}")


def write_flights(source, target):
    rows = json.loads(source.read_text(encoding="utf-8"))
    with target.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return len(rows)


def make(package, target):
    check(package)
    flights, airports = target / "flights.csv", target / "airports.csv"
    n_flights = write_flights(package / "data/flights-20k.json", flights)
    shutil.copyfile(package / "data/airports.csv", airports)
    with airports.open(encoding="utf-8", newline="") as lines:
        n_airports = sum(1 for _ in csv.DictReader(lines))
    (target / "PROVENANCE").write_text(PROVENANCE.format(
        package=PACKAGE, version=VERSION, n_flights=n_flights,
        n_airports=n_airports, flights_sum=sum_of(flights),
        airports_sum=sum_of(airports),
        flights_source_sum=SOURCES["data/flights-20k.json"],
        airports_source_sum=SOURCES["data/airports.csv"]),
        encoding="utf-8")


def main():
    target = pathlib.Path(__file__).resolve().parents[3] / "examples/data"
    if len(sys.argv) > 1:
        make(pathlib.Path(sys.argv[1]), target)
        return
    with tempfile.TemporaryDirectory() as folder:
        make(fetch(pathlib.Path(folder)), target)


main()
