#!/bin/sh
# Run the models: each must verify, and each seeded defect must be found.
# Needs spin and gcc. The defects of a model are the -D words of its head.
# Closes with "N passed, N failed".
set -u
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
passed=0
failed=0

for tool in spin gcc; do
	if ! command -v $tool >/dev/null; then
		echo "models: $tool is not installed" >&2
		exit 2
	fi
done

# Verify one model, maybe with a defect: errors found, or nothing on failure.
errors() {
	cd "$folder" && rm -f pan* ./*.trail &&
		spin -a ${2:+-D$2} "$here/$1" >spin.out 2>&1 &&
		gcc -O1 -w -DSAFETY -DNOFAIR -o pan pan.c >gcc.out 2>&1 &&
		timeout 60 ./pan -m200000 >pan.out 2>&1
	grep -q 'search depth too small' pan.out && return
	sed -n 's/.*errors: \([0-9]*\).*/\1/p' pan.out
}

states() {
	sed -n 's/ *\([0-9]*\) states, stored.*/\1 states/p' "$folder/pan.out"
}

say() {
	if [ "$1" = ok ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		tail -n 5 "$folder"/*.out
	fi
	echo "$1: $2"
}

for model in "$here"/*.pml; do
	name=$(basename "$model")
	if [ "$(errors "$name" '')" = 0 ]; then
		say ok "$name holds ($(states))"
	else
		say FAILED "$name does not hold"
	fi
	for defect in $(grep -o '\-D[A-Z_]*' "$model" | cut -c3- | sort -u); do
		found=$(errors "$name" "$defect")
		if [ "${found:-0}" -gt 0 ]; then
			say ok "$name finds $defect"
		else
			say FAILED "$name does not find $defect"
		fi
	done
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
