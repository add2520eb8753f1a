#!/bin/bash
# clang-tidy on every source file of the library, the command and the stages.
# usage: tests/tidy.sh TREE [CHECKS]: a build tree with compile_commands.json;
# what is added to the checks of .clang-tidy.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
export tree=$1
export checks=${2:-}
log=$(mktemp)
trap 'rm -f "$log"' EXIT

look()
{
	local found

	found=$(clang-tidy -quiet -p "$tree" --checks="$checks" "$1" 2>&1) ||
		found+=" error: clang-tidy fails on $1"
	if grep -E ' (warning|error): ' <<<"$found" | sed 's/^/FAIL: /' |
		sort -u | grep .; then
		echo "other $1"
	else
		echo "clean $1"
	fi
}
export -f look

printf '%s\n' src/*/*.c src/cli/*/*.c stages/*/*.c |
	xargs -P "$(nproc)" -I{} bash -c 'look "$1"' _ {} >"$log"
grep '^FAIL: ' "$log" | sort -u
n_clean=$(grep -c '^clean ' "$log")
n_other=$(grep -c '^other ' "$log")
echo "$n_clean passed, $n_other failed"
[ "$n_other" = 0 ]
