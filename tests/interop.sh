#!/bin/bash
# interop.sh BUILD -- leat and other programs' libraries in one process.
# interop.sh --can: can they be had here? DuckDB comes from npm.
set -u
cd "$(dirname "$0")/.." || exit 1
build=${1:-build}
package=@duckdb/node-bindings-linux-$(
	case $(uname -m) in x86_64) echo x64 ;; *) echo arm64 ;; esac)
folder=${LEAT_BENCH_DIR:-/tmp/leat-bench}/node
library=$folder/node_modules/$package/libduckdb.so

if [ ! -f "$library" ] && command -v npm >/dev/null; then
	mkdir -p "$folder"
	[ -f "$folder/package.json" ] ||
		echo '{"private": true}' >"$folder/package.json"
	(cd "$folder" && timeout 120 npm install --silent "$package") \
		>/dev/null 2>&1
fi
if [ ! -f "$library" ]; then
	echo "npm does not bring $package here" >&2
	exit 1
fi
[ "$build" = --can ] && exit 0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
flights=$PWD/examples/data/flights.csv
program=$PWD/$build/interop/interop_duckdb
cd "$work" && timeout 900 "$program" "$library" "$flights"
