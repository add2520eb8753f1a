#!/usr/bin/env python3
"""Build the big files that benchmarks read, in LEAT_BENCH_DIR."""
import os
import pathlib
import sys

ROOT = pathlib.Path(os.environ.get("LEAT_SOURCE_DIR", next(
    (p for p in pathlib.Path(__file__).resolve().parents
     if (p / "tests/bench/support").is_dir()), ".")))
sys.path.insert(0, str(ROOT / "tests/bench/support"))

import bench  # noqa: E402
import rows  # noqa: E402


def main():
    parser = bench.arguments(__doc__)
    parser.add_argument("--bytes", type=int, default=rows.BYTES,
                        help="size of each big file (default 10^9)")
    options = parser.parse_args()
    results = bench.Results("data", options)
    for name in rows.NAMES:
        big = rows.Big(name, options.bytes)
        results.add(name, bench.SUBJECT, "bytes", big.n_bytes)
        results.add(name, bench.SUBJECT, "rows", big.n_rows)
        results.note(f"{big.path}: {big.n_rows} rows of {big.n_columns} "
                     f"columns, {big.n_bytes} bytes"
                     f"{'' if big.was_written else ' (was there)'}")
    if options.json:
        results.print()


main()
