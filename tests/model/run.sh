#!/bin/sh
# Run the models: each must verify, each that claims to end must end whatever
# is scheduled fairly, and each seeded defect must be found. The defects of a
# model are the -D words of its head; NIGHTLY=1 takes its larger bounds.
# As many at once as there are cores; run.sh MODEL.pml: only this one. Needs spin
# and gcc. Closes with "N passed, N failed".
set -u
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
passed=0
failed=0
bounds=
seconds=1800
compile=-O0 # most of the time is the compiler's, but for models this large:
large='fence fiber merge nest rest select ticket wake' # a million states
quick=$(command -v clang || echo gcc) # with -O0, in half of gcc's time
if [ -n "${NIGHTLY:-}" ]; then
	bounds=-DNIGHTLY
	seconds=36000
	compile='-O2 -DCOLLAPSE'
	quick=gcc
fi

for tool in spin gcc; do
	if ! command -v $tool >/dev/null; then
		echo "models: $tool is not installed" >&2
		exit 2
	fi
done

# errors MODEL "SPIN OPTIONS" "COMPILE" "PAN OPTIONS": what pan found, or
# nothing if it did not get through.
errors() {
	cd "$folder" && rm -f pan* ./*.trail &&
		spin -a $2 "$here/$1" >spin.out 2>&1 &&
		$3 -w -o pan pan.c >gcc.out 2>&1 &&
		timeout $seconds ./pan -m100000 -w20 $4 >pan.out 2>&1
	grep -q 'search depth too small' pan.out && return
	sed -n 's/.*errors: \([0-9]*\).*/\1/p' pan.out
}

# safety MODEL "SPIN OPTIONS" "COMPILE" "PAN OPTIONS": no assertion fails, nobody
# waits for ever.
safety() {
	errors "$1" "$2" "$3 -DSAFETY -DNOCLAIM -DNOFAIR" "$4"
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

# A large model has a larger table as well: or its states stand in long rows.
try_model() {
	with="gcc $compile"
	table=
	case " $large " in
	*" ${1%.pml} "*)
		[ "$compile" = -O0 ] && with='gcc -O1'
		table=-w23
		;;
	esac
	if [ "$(safety "$1" "$bounds" "$with" "$table")" = 0 ]; then
		say ok "$1 holds ($(states))"
	else
		say FAILED "$1 does not hold"
	fi
	grep -q '^ltl ends' "$here/$1" || return
	if [ "$(errors "$1" "$bounds" "gcc $compile -DNFAIR=3" '-a -f')" = 0 ]; then
		say ok "$1 comes to its end ($(states))"
	else
		say FAILED "$1 may go on for ever"
	fi
}

try_defect() {
	found=$(safety "$1" "-D$2" "$quick $compile" '')
	if [ "${found:-0}" -gt 0 ]; then
		say ok "$1 finds $2"
	else
		say FAILED "$1 does not find $2"
	fi
}

# One model, with all its defects.
run_model() {
	try_model "$1"
	for defect in $(grep -o '\-D[A-Z_]*' "$here/$1" | cut -c3- | sort -u); do
		try_defect "$1" "$defect"
	done
}

# All of them, each by a run of this script; what they say is kept together.
run_all() {
	for model in "$here"/*.pml; do
		basename "$model"
	done | xargs -P "$(nproc)" -I{} sh -c '"$0" "$2" >"$1/$2.out" 2>&1; :' \
		"$here/run.sh" "$folder" {}
	for out in "$folder"/*.pml.out; do
		grep -v ' passed, ' "$out"
		totals=$(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$out")
		set -- ${totals:-0 1} # it did not come to its end
		passed=$((passed + $1))
		failed=$((failed + $2))
	done
}

if [ $# -gt 0 ]; then
	run_model "$1"
else
	run_all
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
