#!/bin/bash
# The examples against their stored output. A program NAME gets
# examples/expected/NAME.in as its input, if there is one; what it prints must
# be NAME.out, and what it writes NAME.file.
# usage: tests/examples.sh [BUILD FOLDER]
set -uo pipefail
root=$(realpath "$(dirname "$0")/..")
build=$(realpath -m "${1:-$root/build}")
expected=$root/examples/expected
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
n_passed=0
n_failed=0
has_run=

# check WHAT COMMAND...
check()
{
	local what=$1

	shift
	if "$@" >"$work/said" 2>&1; then
		n_passed=$((n_passed + 1))
	else
		n_failed=$((n_failed + 1))
		echo "FAIL: $what"
		head -n 20 "$work/said" | sed 's/^/	/'
	fi
}

# run NAME ARG...: the example, in the empty folder $work/NAME.
run()
{
	local name=$1 input=/dev/null status

	shift
	has_run+=" $name "
	mkdir -p "$work/$name"
	[ -f "$expected/$name.in" ] && input=$expected/$name.in
	(cd "$work/$name" && timeout -k 5 900 "$build/examples/$name" "$@") \
		<"$input" >"$work/out" 2>"$work/err"
	status=$?
	check "$name: exit status $status" test "$status" -eq 0
	check "$name: says nothing on stderr" diff /dev/null "$work/err"
	check "$name: prints" diff "$expected/$name.out" "$work/out"
}

run 01_hello
run 02_job "$root/examples/data/flights.csv" late.csv
check "02_job: writes" diff "$expected/02_job.file" "$work/02_job/late.csv"
run 03_custom_stage
run 04_channels
run 05_fibers
run 06_parallel
run 07_arrow "$root/examples/data/flights.csv"
run 08_guards

# every example has been run, and is short
for source in "$root"/examples/*.c; do
	name=$(basename "$source" .c)
	check "$name: has been run" test "${has_run#* $name }" != "$has_run"
	check "$name: has under 100 lines" test "$(wc -l <"$source")" -lt 100
done

# every job is a graph that the command accepts
for job in "$root"/examples/jobs/*.leat "$root"/examples/jobs/*.yaml; do
	[ -f "$job" ] && [ "${job%.test.yaml}" = "$job" ] || continue
	check "jobs/$(basename "$job"): is accepted" \
		bash -c 'cd "$1" && "$2" check -f "$3"' - "$root" \
		"$build/leat" "$job"
done

echo "$n_passed passed, $n_failed failed"
[ "$n_failed" -eq 0 ]
