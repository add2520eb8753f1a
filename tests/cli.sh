#!/bin/bash
# The command as its users meet it: what it says, what it leaves behind, its
# exit status. usage: tests/cli.sh [COMMAND]
set -uo pipefail
set -m # background jobs keep SIGINT
root=$(realpath "$(dirname "$0")/..")
work=$(mktemp -d)
leat=$work/leat # a copy: a build at the same time does no harm
cp "${1:-$root/build/leat}" "$leat" || exit 1
flights=$root/examples/data/flights.csv
n_passed=0
n_failed=0
status=0

cleanup()
{
	mountpoint -q "$work/small" && umount "$work/small"
	rm -rf "$work"
}
trap cleanup EXIT

# ---- helpers ----------------------------------------------------------------

passed()
{
	n_passed=$((n_passed + 1))
}

failed()
{
	n_failed=$((n_failed + 1))
	printf 'FAIL: %s\n' "$*"
	printf '	status %s\n' "$status"
	head -n 12 "$work/err" | cut -c 1-200 | sed 's/^/	/'
}

# check WHAT COMMAND...: the command succeeds.
check()
{
	local what=$1

	shift
	if "$@" >/dev/null 2>&1; then passed; else failed "$what"; fi
}

# run ARG...: fills $work/out, $work/err and $status.
run()
{
	timeout -k 5 900 "$leat" "$@" >"$work/out" 2>"$work/err" </dev/null
	status=$?
}

is_status()
{
	local what=$1 wanted

	shift
	for wanted in "$@"; do
		[ "$status" = "$wanted" ] && { passed; return; }
	done
	failed "$what: status $status, not $*"
}

says()
{
	if grep -qF -- "$2" "$work/err"; then
		passed
	else
		failed "$1: stderr does not say '$2'"
	fi
}

prints()
{
	if grep -qF -- "$2" "$work/out"; then
		passed
	else
		failed "$1: stdout does not say '$2'"
	fi
}

# leaves WHAT FILE...: in the current folder are these files and no others.
leaves()
{
	local what=$1 found

	shift
	found=$(ls -A | sort | tr '\n' ' ')
	if [ "$found" = "$(printf '%s\n' "$@" | sort | tr '\n' ' ' |
		sed 's/^ $//')" ]; then
		passed
	else
		failed "$what: leaves '$found' behind"
	fi
}

# fresh: an empty folder to be in.
fresh()
{
	rm -rf "$work/here" "$work/out" "$work/err" # what the last one said, too
	mkdir "$work/here"
	cd "$work/here" || exit 1
}

# until COMMAND...: at most 10 min, for whom the machine is busy.
until_true()
{
	local k

	for ((k = 0; k < 12000; k++)); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.05
	done
	return 1
}

# ends PID: wait for a background job, at most 10 min; fills $status.
ends()
{
	until_true is_gone "$1" || kill -KILL "$1"
	wait "$1" 2>/dev/null
	status=$?
}

is_gone()
{
	! kill -0 "$1" 2>/dev/null || grep -q '^State:.Z' "/proc/$1/status"
}

# ---- the main job -----------------------------------------------------------

fresh
job="read $flights ! where \"delay > 60\" ! select date,origin,delay ! write late.csv"
run run "$job"
is_status "the demo job" 0
awk -F, 'NR == 1 { print "date,origin,delay"; next }
	$2 > 60 { print $1 "," $4 "," $2 }' "$flights" >"$work/wanted"
check "the demo job's result" cmp late.csv "$work/wanted"
n_late=$(($(wc -l <"$work/wanted") - 1))
says "the balance sheet" \
	"read 20000 = written $n_late + filtered $((20000 - n_late)) + failed 0"
says "the sheet's memory" "proved"
leaves "the demo job" late.csv

run run --quiet "$job"
is_status "--quiet" 0
check "--quiet says nothing" test ! -s "$work/err"

run run read "$flights" ! where "delay > 60" ! select date,origin,delay ! \
	write words.csv
is_status "a graph in several words" 0
check "a graph in several words" cmp words.csv "$work/wanted"

printf '# the job\n%s\n' "$job" >job.leat
run run -f job.leat
is_status "a graph from a file" 0
run run job.leat
is_status "a file where a graph is wanted" 2
says "a file where a graph is wanted" "-f job.leat"
run run --file=job.leat "$job"
is_status "a graph from two places" 2
says "a graph from two places" "one place"
run run --file=missing.leat
is_status "a graph's file that is missing" 2
says "a graph's file that is missing" "missing.leat: No such file"

# ---- mistakes in the graph --------------------------------------------------

fresh
run run "read $flights ! where \"dealy > 60\" ! write late.csv"
is_status "a wrong column" 2
says "a wrong column" "column 'dealy'"
says "a wrong column" "delay"
says "a wrong column" "^"
leaves "a wrong column"

run run "read $flights ! select date,orign ! write late.csv"
is_status "a wrong column in select" 2
says "a wrong column in select" "origin"
leaves "a wrong column in select"

run run "read $flights ! wehre \"delay > 60\" ! write late.csv"
is_status "a wrong stage" 2
says "a wrong stage" "where"
says "a wrong stage" "^"

run run "read $flights ! head n=ten ! write late.csv"
is_status "a wrong number" 2
says "a wrong number" "ten"

run run "read $flights ! head 10 colour=red ! write late.csv"
is_status "an unknown option of a stage" 2
says "an unknown option of a stage" "colour"

run run "read $flights ! where \"delay > \" ! write late.csv"
is_status "half a condition" 2
says "half a condition" "^"

run run "read $flights ! ! write late.csv"
is_status "nothing between two marks" 2
run run ""
is_status "an empty graph" 2
run run --memory=1k "$job"
is_status "a plan over --memory" 2
says "a plan over --memory" "over the limit of 1 KiB"
leaves "mistakes in the graph"

# ---- inputs and outputs that are not as they must be ------------------------

run run "read nowhere.csv ! head 3 ! write late.csv"
is_status "a missing file" 1
says "a missing file" "nowhere.csv"
leaves "a missing file"

mkdir folder.csv
run run "read folder.csv ! head 3 ! write late.csv"
is_status "a directory as input" 1
says "a directory as input" "'folder.csv' is a folder"
leaves "a directory as input" folder.csv

run run "read $flights ! write folder.csv"
is_status "a directory as output" 1 2
says "a directory as output" "'folder.csv' is a folder"
leaves "a directory as output" folder.csv
rmdir folder.csv

run run "read $flights ! write nowhere/late.csv"
is_status "an output in a missing folder" 1 2
says "an output in a missing folder" "nowhere"

cp "$flights" same.csv
run run "read same.csv ! where \"delay > 60\" ! write same.csv"
if [ $status = 0 ]; then
	check "output equal to input" \
		test "$(wc -l <same.csv)" = "$((n_late + 1))"
else
	is_status "output equal to input" 1 2
	says "output equal to input" "same.csv"
	check "output equal to input is unharmed" cmp same.csv "$flights"
fi
leaves "output equal to input" same.csv

fresh
: >empty.csv
run run "read empty.csv ! where \"delay > 60\" ! write late.csv"
is_status "a file of 0 bytes" 0
says "a file of 0 bytes" "read 0 = written 0 + filtered 0 + failed 0"
says "a file of 0 bytes" "the input was empty: 0 bytes"
check "a file of 0 bytes gives one of 0 bytes" test ! -s late.csv
leaves "a file of 0 bytes" empty.csv late.csv

fresh
head -n 1 "$flights" >header.csv
run run "read header.csv ! where \"delay > 60\" ! select date,delay ! write late.csv"
is_status "a header and nothing else" 0
check "a header and nothing else" test "$(cat late.csv)" = date,delay
says "a header and nothing else" "read 0 = written 0 + filtered 0 + failed 0"
says "a header and nothing else" "no records in"

fresh
{ head -n 3 "$flights"; echo "2001/01/01 00:00,late,1,AAA,BBB"; } >bad.csv
run run "read bad.csv ! where \"delay > 60\" ! write late.csv"
is_status "a bad number" 1
says "a bad number" "bad.csv:4:18"
says "a bad number" "late"
leaves "a bad number" bad.csv

{ head -n 3 "$flights"; echo "2001/01/01 00:00,5,1"; } >bad.csv
run run "read bad.csv ! select date ! write late.csv"
is_status "a ragged row" 1
says "a ragged row" "bad.csv:4"
leaves "a ragged row" bad.csv

{ head -n 3 "$flights"; echo '2001/01/01 00:00,"5,1,A,B'; } >bad.csv
run run "read bad.csv ! select date ! write late.csv"
is_status "a quote that does not end" 1
says "a quote that does not end" "bad.csv:4"
leaves "a quote that does not end" bad.csv

fresh
head -c 1000000 /dev/urandom >garbage.csv
run run "read garbage.csv ! head 5 ! write late.csv"
is_status "binary garbage" 1 2
says "binary garbage" "garbage.csv"
leaves "binary garbage" garbage.csv

fresh
{ head -n 1 "$flights"; printf '"'; } >field.csv
truncate -s 2G field.csv
peak=$(timeout -k 5 900 python3 -c '
import resource, subprocess, sys
out, err = open(sys.argv[1], "w"), open(sys.argv[2], "w")
status = subprocess.run(sys.argv[3:], stdout=out, stderr=err).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(status)' "$work/out" "$work/err" \
	"$leat" run "read field.csv ! select date ! write late.csv")
status=$?
if ! nm "$leat" 2>/dev/null | grep -qE '__(asan|tsan|msan)_init'; then
	check "a field of 2 GB takes at most 32 MiB, not $peak KiB" \
		test "$peak" -le 32768
fi
is_status "a field of 2 GB" 1
says "a field of 2 GB" "max_record_bytes"
leaves "a field of 2 GB" field.csv
rm field.csv

if [ "$(id -u)" = 0 ] && mkdir "$work/small" &&
	mount -t tmpfs -o size=128k tmpfs "$work/small" 2>/dev/null; then
	run run "read $flights ! write $work/small/late.csv"
	is_status "a full disk" 1
	says "a full disk" "No space left"
	check "a full disk has nothing on it" \
		test -z "$(ls -A "$work/small")"
	umount "$work/small"
else
	echo "skipped: a full disk (needs root and tmpfs)"
fi
run run "read $flights ! write /dev/full"
is_status "a device that is full" 1 2

# ---- pipes ------------------------------------------------------------------

fresh
timeout 900 "$leat" run 'read - ! csv.parse ! where "delay > 60" ! select date,origin,delay ! csv.format ! write -' \
	<"$flights" >"$work/out" 2>"$work/err"
status=$?
is_status "from stdin to stdout" 0
check "from stdin to stdout" cmp "$work/out" "$work/wanted"

for k in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	tail -n +2 "$flights"
done >long.csv
sed -i '1i date,delay,distance,origin,destination' long.csv
timeout 900 "$leat" run 'read long.csv ! csv.parse ! csv.format ! write -' \
	2>"$work/err" | head -n 1 >"$work/out"
status=${PIPESTATUS[0]}
is_status "a reader that goes away" 0 1
check "a reader that goes away has its line" \
	cmp "$work/out" <(head -n 1 "$flights")
leaves "a reader that goes away" long.csv

"$leat" inspect >/dev/full 2>"$work/err"
status=$?
is_status "stdout that is full" 1
says "stdout that is full" "No space left"

# ---- signals ----------------------------------------------------------------

# start ARG...: leat in the background, reading from a pipe that stays open.
start()
{
	rm -f "$work/in"
	mkfifo "$work/in"
	"$leat" "$@" <"$work/in" >"$work/out" 2>"$work/err" &
	pid=$!
	exec 8>"$work/in"
	head -n 1000 "$flights" >&8
}

for signal in INT TERM; do
	fresh
	start run --progress=json 'read - ! csv.parse infer_rows=100 ! csv.format ! write out.csv'
	check "rows before the signal" until_true grep -q '"rows":999' "$work/err"
	kill -$signal $pid
	ends $pid
	exec 8>&-
	is_status "$signal drains" 3
	says "$signal drains" "stopping"
	says "$signal drains" "out.csv.partial"
	leaves "$signal drains" out.csv.partial
	check "$signal drains all that was read" \
		cmp out.csv.partial <(head -n 1000 "$flights")
done

fresh
start run --progress=json 'read - ! csv.parse infer_rows=100 ! csv.format ! write out.csv on_drain=discard'
check "rows before the signal" until_true grep -q '"rows":999' "$work/err"
kill -TERM $pid
ends $pid
exec 8>&-
is_status "a drain that discards" 3
leaves "a drain that discards"

# The reader of the output never reads, so a drain cannot end.
fresh
mkfifo "$work/stuck"
exec 7<>"$work/stuck"
for k in 1 2 3 4 5 6 7 8 9 10; do
	tail -n +2 "$flights"
done >long.csv
sed -i '1i date,delay,distance,origin,destination' long.csv
"$leat" run --progress=json \
	"read long.csv ! csv.parse ! csv.format ! write -" \
	>"$work/stuck" 2>"$work/err" </dev/null &
pid=$!
until_true grep -q '"bytes":' "$work/err"
kill -INT $pid
check "a drain says whom it waits for" \
	until_true grep -q 'waiting for.*write' "$work/err"
kill -INT $pid
ends $pid
exec 7>&-
is_status "the second signal cancels" 3
says "the second signal cancels" "at once"
leaves "the second signal cancels" long.csv

fresh
start run --progress=json 'read - ! csv.parse infer_rows=100 ! csv.format ! write out.csv'
check "rows before the signal" until_true grep -q '"rows":999' "$work/err"
kill -TERM $pid
kill -INT $pid
ends $pid
exec 8>&-
is_status "two signals at once" 3
check "two signals leave no final name" test ! -e out.csv

fresh
start run --progress=json 'read - ! csv.parse infer_rows=100 ! csv.format ! write out.csv'
check "progress in json" until_true grep -q '"bytes":' "$work/err"
exec 8>&-
ends $pid
is_status "a run with progress" 0
check "progress is JSON" python3 -c '
import json, sys
lines = [json.loads(l) for l in open(sys.argv[1]) if l[0] == "{"]
assert lines[-1]["done"] and lines[-1]["rows"] == 999
for line in lines:
    assert line["bottleneck"] is None or isinstance(line["bottleneck"], str)
    assert [s["name"] for s in line["stages"]] == [
        "read", "csv.cut", "csv.parse", "csv.format", "csv.gather", "write"]
for s in lines[-1]["stages"]:
    shares = s["busy"] + s["starved"] + s["blocked"] + s["idle"]
    assert abs(shares - 1) < 1e-5 and 0 <= s["score"] <= 1, s
assert lines[-1]["stages"][0]["starved"] > 0.5, lines[-1]' "$work/err"

fresh
start run --progress=plain 'read - ! csv.parse ! csv.format ! write out.csv'
check "progress in plain lines" until_true grep -q 'leat: .* rows' "$work/err"
exec 8>&-
ends $pid
is_status "a run with plain progress" 0

# ---- terminals --------------------------------------------------------------

if script -qec true /dev/null >/dev/null 2>&1 </dev/null; then
	fresh
	TERM=xterm script -qec "'$leat' run 'reed x'" /dev/null >"$work/out" \
		</dev/null
	check "colour on a terminal" grep -q $'\033\\[1;31m' "$work/out"
	NO_COLOR=1 TERM=xterm script -qec "'$leat' run 'reed x'" /dev/null \
		>"$work/out" </dev/null
	check "no colour with NO_COLOR" test \
		"$(grep -c $'\033' "$work/out")" = 0
fi
run run 'reed x'
check "no colour in a file" test "$(grep -c $'\033' "$work/err")" = 0

# ---- the command line -------------------------------------------------------

run
is_status "nothing at all" 2
says "nothing at all" "usage: leat COMMAND"
run rnu "$job"
is_status "a wrong command" 2
says "a wrong command" "did you mean 'run'"
run "read a.csv ! head"
is_status "a graph without run" 2
says "a graph without run" "leat run"
run run --explian "$job"
is_status "a wrong option" 2
says "a wrong option" "did you mean --explain"
run run --json "$job"
is_status "an option of another command" 2
run run --workers
is_status "an option without its value" 2
for value in 0 257 x 1x -1 ''; do
	run run "--workers=$value" "$job"
	is_status "--workers=$value" 2
done
for value in 0 x 1X -1 '' 99999999999999999999; do
	run run "--memory=$value" "$job"
	is_status "--memory=$value" 2
done
for value in x weighted, weighted,high weighted,high=0 weighted,8=1 \
	weighted,low=1001 weighted,low=1x strict,high=1 ''; do
	run run "--schedule=$value" "$job"
	is_status "--schedule=$value" 2
done
branches="read $flights ! tee block name=t t. ! where \"delay > 60\"
	priority=high ! write a.csv t. ! count priority=low ! write n.csv"
for value in strict weighted weighted,high=9,low=1,0=1000; do
	run run "--schedule=$value" "$branches"
	is_status "--schedule=$value" 0
done
run run --explain --schedule=weighted,high=9 "$branches"
prints "weights" "priority high, weight 9"
rm -f a.csv n.csv
run run --progress=dots "$job"
is_status "--progress=dots" 2
says "--progress=dots" "bar|plain|json|none"
run run --explain=yes "$job"
is_status "a value for a switch" 2
run run
is_status "run without a graph" 2
run run -w 1 -m 1G "$job"
is_status "short options" 0
rm -f late.csv
run run -w2 "--memory=1GiB" -- "$job"
is_status "short options without a space" 0

fresh
run run --explain "$job"
is_status "--explain" 0
prints "--explain" "segment"
leaves "--explain"
run check "$job"
is_status "check" 0
prints "check" "good"
leaves "check"
run check "read $flights ! where \"dealy > 60\""
is_status "check of a wrong column" 2
run check "read nowhere.csv"
is_status "check of a missing file" 1
run show 'read a.csv ! head 3 ! write b.json'
is_status "show" 0
prints "show" "csv.parse"
prints "show" "json.format"
cp "$work/out" "$work/full"
run show "$(cat "$work/full")"
check "show of what show printed" cmp "$work/out" "$work/full"
run show --dot 'read a.csv ! write b.csv'
is_status "show --dot" 0
prints "show --dot" "digraph"

for word in --version -V; do
	run $word
	is_status "$word" 0
	prints "$word" "leat "
done
for word in --help -h help; do
	run $word
	is_status "$word" 0
	prints "$word" "usage:"
done
for word in run check show inspect help; do
	run help $word
	is_status "help $word" 0
	prints "help $word" "usage: leat $word"
	cp "$work/out" "$work/wanted"
	run $word --help
	check "$word --help is help $word" cmp "$work/out" "$work/wanted"
done
for word in graphs balance signals status files; do
	run help $word
	is_status "help $word" 0
done
run inspect
is_status "inspect" 0
stages=$(sed -n 's/^  \([a-z][a-z0-9._-]*\) .*/\1/p' "$work/out")
check "there are stages" test "$(wc -w <<<"$stages")" -ge 13
for stage in $stages; do
	run inspect "$stage"
	is_status "inspect $stage" 0
	prints "inspect $stage" "usage"
	run help "$stage"
	is_status "help $stage" 0
	check "help $stage fits into 80 columns" \
		test "$(expand "$work/out" | awk '{ if (length > m) m = length }
			END { print m }')" -le 80
done

# ---- guards -----------------------------------------------------------------

run help guards
is_status "help guards" 0
for guard in $(awk '/^  @/ { print substr($1, 2) }' "$work/out"); do
	run help "$guard"
	is_status "help $guard" 0
	prints "help $guard" "usage: @$guard("
	prints "help $guard" "options"
done
run help rte
says "help of a wrong guard" "did you mean 'rate'"
run run 'read small.csv ! @rat(5) write -'
is_status "a guard that is none" 2
says "a guard that is none" "did you mean 'rate'"
says "a guard that is none" "^^^"
printf 'a,b\n1,2\n3,4\n' >small.csv
run run 'read small.csv ! @rate(1, over=shed) csv.format ! @rate(bytes=1M) write -'
is_status "guards that have nothing to do" 0
check "guards that have nothing to do" cmp "$work/out" small.csv
run show 'read small.csv ! @timeout(2s) @rate(bytes=1M, burst=1s) write -'
prints "guards are shown" '@timeout(after=2s) @rate(bytes=1M, burst=1s) write -'
mkfifo quiet
sleep 60 >quiet &
sleeper=$!
"$leat" run '@timeout(100ms) read - ! csv.parse ! write t.csv' <quiet \
	>"$work/out" 2>"$work/err"
status=$?
kill $sleeper
is_status "an input that is silent" 1
says "an input that is silent" \
	"nothing came from 'standard input' before the deadline (@timeout)"
check "an input that is silent leaves nothing" test ! -e t.csv

run inspect wehre
is_status "inspect of a wrong stage" 2
says "inspect of a wrong stage" "did you mean 'where'"
run help wehre
is_status "help of a wrong word" 2
says "help of a wrong word" "did you mean 'where'"
for word in "" where; do
	run inspect --json $word
	is_status "inspect --json $word" 0
	check "inspect --json $word is JSON" python3 -m json.tool "$work/out"
done
run help --man
is_status "help --man" 0
check "docs/leat.1 is what help --man prints" \
	cmp "$work/out" "$root/docs/leat.1"
check "every option is completed" bash -c "
	for option in \$('$leat' help run | grep -oE -- '--[a-z]+'); do
		grep -q -- \"\$option\" '$root/src/cli/leat.bash' || exit 1
	done"

echo "$n_passed passed, $n_failed failed"
[ $n_failed = 0 ]
