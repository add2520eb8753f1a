#!/bin/bash
# The command as its users meet it: what it says, what it leaves behind, its
# exit status. usage: tests/cli.sh [COMMAND]
set -uo pipefail
set -m # background jobs keep SIGINT
root=$(realpath "$(dirname "$0")/..")
work=$(mktemp -d)
leat=$work/leat # a copy: a build at the same time does no harm
cp "${1:-$root/build/leat}" "$leat" || exit 1
losing=$(dirname "${1:-$root/build/leat}")/losing
cp "$losing" "$work/losing" || exit 1
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

run run --infer-rows=10 "read $flights ! write late.csv"
is_status "an option of a stage, of the command" 2
says "an option of a stage, of the command" "infer_rows= is an option of stages"

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
if ! nm "$leat" 2>/dev/null | grep -E '__(asan|tsan|msan)_init' >/dev/null; then
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

# ---- what went wrong is told whole -------------------------------------------

fresh
printf 'a,b\n1,2\n3\n5,6\n' >bad.csv
run run 'read bad.csv ! write out.csv'
is_status "a bad record" 1
says "a bad record, its class and place" \
	"data error (LEAT_EDATA) at bad.csv, line 3, column 1, byte 8; 20"
run run 'read bad.csv ! csv.format ! write /dev/full'
is_status "a full disk" 1
says "a full disk, its class" "error (LEAT_E"

# the end object of --progress=json, as a program reads it
run run --quiet --progress=json 'read bad.csv ! write out.csv'
grep '^{' "$work/err" | tail -n 1 >"$work/last"
check "the errors as JSON" python3 -c "
import json, sys
end = json.load(open('$work/last'))
assert end['done'] and end['n_errors'] == 1
error = end['errors'][0]
assert error['stage'] == 'csv.parse' and error['code'] == 'LEAT_EDATA'
assert error['class'] == 'data' and error['file'] == 'bad.csv'
assert (error['line'], error['column'], error['offset']) == (3, 1, 8)
assert error['time'] > 1.6e9 and error['text'].startswith('bad.csv:3:1: ')"
printf 'a,b\n1,2\n' >small.csv
run run --quiet --progress=json 'read small.csv ! write out.csv'
grep '^{' "$work/err" | tail -n 1 >"$work/last"
check "no errors as JSON" python3 -c "
import json
end = json.load(open('$work/last'))
assert end['errors'] == [] and end['n_errors'] == 0"

run run --quiet --progress=json 'read nosuch.csv ! write out.csv'
grep '^{' "$work/err" | tail -n 1 >"$work/last"
check "why it did not start, as JSON" python3 -c "
import json
end = json.load(open('$work/last'))
assert end['done'] and end['rows'] == 0 and end['n_errors'] == 1
assert 'nosuch.csv' in end['errors'][0]['text']"
run run --quiet --progress=json 'read small.csv ! write nosuch/out.csv'
grep '^{' "$work/err" | tail -n 1 >"$work/last"
check "where it cannot write to, as JSON" python3 -c "
import json
end = json.load(open('$work/last'))
assert end['done'] and end['n_errors'] == 1
assert 'nosuch' in end['errors'][0]['text']"

# records that failed: what became of them
run run --dead-letters=d.ndjson \
	'read bad.csv ! csv.parse on_error=dead-letter ! write out.csv'
is_status "a dead letter" 0
says "a dead letter in the sheet" \
	"read 3 = written 2 + filtered 0 + failed 1 (1 dead-lettered)"
says "a column of dead letters" "dead-lettered"
run run 'read bad.csv ! csv.parse on_error=skip ! write out.csv'
says "a record that is skipped in the sheet" "failed 1 (1 skipped)"
run run 'read bad.csv ! write out.csv'
says "a record that ended the run" "failed 1 + unfinished 1"

# A stage counts wrong: that is status 4, whatever else there is to say.
loses()
{
	LEAT_LOSING=$1 LEAT_LOSING_BY=$2 timeout -k 5 900 "$work/losing" run \
		"$3" >"$work/out" 2>"$work/err" </dev/null
	status=$?
}

printf 'a,b\n1,2\n3,4\n5,6\n' >three.csv
loses nobody -1 'read three.csv ! where "a > 1" ! write out.csv'
is_status "nobody counts wrong" 0
loses where -1 'read three.csv ! where "a > 1" ! write out.csv'
is_status "a filter that loses" 4
says "a filter that loses" "  where lost 1 record"
loses write -2 'read three.csv ! write out.csv'
is_status "a sink that loses" 4
says "a sink that loses" "  write lost 2 records"
loses csv.parse -1 'read three.csv ! write out.csv'
is_status "a parser that invents" 4
says "a parser that invents" "  csv.parse invented 1 record"
loses where 1 'read three.csv ! parallel 2 { where "a > 1" } ! write out.csv'
is_status "a replica that invents" 4
loses where 9 'read bad.csv ! where "a > 1" ! write out.csv'
is_status "a run that fails, and its books too" 4
says "a run that fails, and its books too" "bad.csv:3:1: "
says "a run that fails, and its books too" "NOT BALANCED"

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

# ---- a pipe that pauses -----------------------------------------------------

# is_there: the output is what is wanted, or nobody is left to write more.
is_there()
{
	cmp -s "$work/out" "$work/wanted" || ! kill -0 $pid
}

# goes_on WHAT STAGE LINE...: what came so far comes out, with the pipe open.
n_workers=2
goes_on()
{
	local what=$1 stage=$2

	shift 2
	rm -f "$work/in"
	mkfifo "$work/in"
	"$leat" run --workers=$n_workers "read - ! $stage ! write -" \
		<"$work/in" >"$work/out" 2>"$work/err" &
	pid=$!
	exec 8>"$work/in"
	printf '%s\n' "$@" >&8
	printf '%s\n' "$@" >"$work/wanted"
	until_true is_there
	check "$what" cmp "$work/out" "$work/wanted"
	exec 8>&-
	ends $pid
	is_status "$what" 0
}

fresh
goes_on "rows of declared columns do not wait" \
	'csv.parse schema="a:int64,b:string" ! csv.format' a,b 1,x 2,y
goes_on "rows without types do not wait" \
	'csv.parse infer=off ! csv.format' a,b 1,x
goes_on "rows without a header do not wait" \
	'csv.parse header=off infer=off ! csv.format header=off' 1,x
goes_on "so many rows as decide on types are enough" \
	'csv.parse infer_rows=2 ! csv.format' a,b 1,x 2,y
goes_on "objects of declared columns do not wait" \
	'json.parse schema=a:int64 ! json.format' '{"a":1}'
n_workers=1
goes_on "nobody holds rows back on the thread of a source" \
	'csv.parse schema="a:int64,b:string" ! where "a > 0" ! csv.format ! csv.gather' \
	a,b 1,x 2,y
# 1 looks like a number until x comes, however long that takes
rm -f "$work/in"
mkfifo "$work/in"
"$leat" run 'read - ! csv.parse ! json.format ! write -' <"$work/in" \
	>"$work/out" 2>"$work/err" &
pid=$!
exec 8>"$work/in"
printf 'a\n1\n' >&8
printf 'x\n' >&8
exec 8>&-
ends $pid
is_status "a type does not hang on a pause" 0
prints "a type does not hang on a pause" '{"a":"1"}'

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

# Nor does this one, but it has a limit.
fresh
mkfifo "$work/stuck2"
exec 7<>"$work/stuck2"
"$leat" run --drain-timeout=300ms --progress=json \
	"read $flights ! csv.parse ! csv.format ! write -" \
	>"$work/stuck2" 2>"$work/err" </dev/null &
pid=$!
until_true grep -q '"bytes":' "$work/err"
kill -HUP $pid
ends $pid
exec 7>&-
is_status "a drain that takes too long" 3
says "a drain that takes too long" "it waited for 'write'"
says "a drain that takes too long" "drain, 0.000 s: the sources stop"

fresh
start run --progress=json 'read - ! csv.parse infer_rows=100 ! csv.format ! write out.csv'
check "rows before the signal" until_true grep -q '"rows":999' "$work/err"
kill -USR1 $pid
check "SIGUSR1 asks how it goes" \
	until_true grep -q '^read 999 = .*in flight' "$work/err"
kill -QUIT $pid
ends $pid
exec 8>&-
is_status "SIGQUIT ends at once" 3
leaves "SIGQUIT ends at once"

# A reader of stderr that goes away ends nothing.
fresh
{ "$leat" run --progress=plain "read $flights ! sort delay ! write out.csv"
	echo $? >status; } 2>&1 >/dev/null | true
until_true test -s status
status=$(cat status)
is_status "stderr that nobody reads" 0
leaves "stderr that nobody reads" out.csv status

fresh
start run --progress=json 'read - ! csv.parse infer_rows=100 ! sort delay ! write out.csv'
until_true grep -q '"bytes":' "$work/err"
kill -HUP $pid
ends $pid
exec 8>&-
for phase in "the sources stop" "what was read arrives" "stages finish" \
	"sinks complete" "the end"; do
	says "phases of a drain" "$phase"
done
fresh
run run --leak-check "read $flights ! csv.parse ! sort delay ! write out.csv.gz"
is_status "a leak check that finds nothing" 0
cat >close.c <<'END'
int close(int fd) { return fd < 0 ? -1 : 0; }
END
if cc -shared -fPIC -o close.so close.c 2>/dev/null &&
	LD_PRELOAD=./close.so "$leat" help >/dev/null 2>&1; then
	LD_PRELOAD=./close.so run run --leak-check \
		"read $flights ! csv.parse ! write out.csv"
	is_status "files that nobody closes" 4
	says "files that nobody closes" "more open files than before"
fi

run run --drain-timeout=soon 'read a'
is_status "a drain timeout that is none" 2

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
run read a.csv
is_status "a stage as a command" 2
says "a stage as a command" "did you mean: leat run 'read ...'?"
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
for word in run check show inspect dlq help test schema completion; do
	run help $word
	is_status "help $word" 0
	prints "help $word" "usage: leat $word"
	cp "$work/out" "$work/wanted"
	run $word --help
	check "$word --help is help $word" cmp "$work/out" "$work/wanted"
done
for word in graphs balance letters signals status files; do
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

# ---- dead letters -----------------------------------------------------------

fresh
printf 'id,n\n1,a,here\n2,b\n3,c,there\n' >ragged.csv
run run --dead-letters=ragged.ndjson \
	'read ragged.csv ! csv.parse on_error=dead-letter ! write ragged.out'
is_status "ragged rows" 0
run dlq ls ragged.ndjson
prints "ragged rows are one reason" "the header has N (line of the row: ...)"
run dlq show ragged.ndjson 2
is_status "dlq show of more than a file" 2
says "dlq show of more than a file" "--id="
rm -f ragged.*

printf 'id,n\n1,5\n2,x\n3,7\n4,"bad "quote\n5,y\n6,1\n' >bad.csv
cat >job.leat <<'END'
read bad.csv on_error=dead-letter ! cast n:int64 on_error=dead-letter !
	write good.csv
END
for store in d.ndjson d.db; do
	rm -f "$store"
	# one worker: the letters of several come in any order
	run run --workers=1 --dead-letters=$store -f job.leat
	is_status "$store" 0
	says "$store" "read 6 = written 3 + filtered 0 + failed 3"
	run dlq ls $store
	is_status "$store: dlq ls" 0
	check "$store: dlq ls counts by stage and reason" grep -qE \
		"^ +2  cast +LEAT_EDATA .* column 'n' has '...', where" \
		"$work/out"
	prints "$store: dlq ls" "csv.parse"
	run dlq ls --json $store
	check "$store: dlq ls --json" python3 -c '
import json, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
assert sum(row["letters"] for row in rows) == 3' "$work/out"
	run dlq show --stage=cast --limit=1 $store
	is_status "$store: dlq show" 0
	prints "$store: dlq show" "place     bad.csv:3:3, byte 11"
	prints "$store: dlq show" "record    2,x"
	check "$store: --limit" test "$(grep -c '^id' "$work/out")" = 1
	run dlq show --json --reason='%QUOTE%' --since=1h $store
	check "$store: --reason" test "$(wc -l <"$work/out")" = 1
	check "$store: dlq show --json" python3 -m json.tool "$work/out"
	run dlq show --since=2099-01-01 $store
	check "$store: --since" test ! -s "$work/out"
	run dlq retry $store --to=mend.csv --stage=cast
	is_status "$store: retry --to" 0
	printf 'id,n\n2,x\n5,y\n' >"$work/wanted"
	check "$store: retry --to" cmp mend.csv "$work/wanted"
	run dlq retry $store --to=mend.csv
	is_status "$store: retry --to a file that is there" 2
	rm mend.csv
	run dlq retry $store --to=-
	check "$store: retry --to=-" test "$(wc -l <"$work/out")" = 4
	run dlq retry $store job.leat
	is_status "$store: retry over an output" 2
	says "$store: retry over an output" "good.csv"
	run dlq retry $store "read bad.csv ! write again.csv"
	is_status "$store: retry that fails" 1
	run dlq show --json $store
	check "$store: retry that fails leaves all" \
		test "$(wc -l <"$work/out")" = 3
	rm -f again.csv
	run dlq retry -q $store read bad.csv on_error=dead-letter ! \
		cast n:int64 on_error=dead-letter ! write again.csv
	is_status "$store: retry in vain" 0
	run dlq show --json $store
	check "$store: attempts are counted" \
		test "$(grep -c '"attempts":2,' "$work/out")" = 3
	check "$store: places stay" grep -q '"file":"bad.csv","line":3' \
		"$work/out"
	rm -f again.csv
	run dlq retry $store "read bad.csv on_error=dead-letter ! where \"n = 'x' or n = 'y'\" ! write again.csv"
	is_status "$store: retry" 0
	says "$store: retry" "2 letters went through and are dropped, 1 failed"
	printf 'id,n\n2,x\n5,y\n' >"$work/wanted"
	check "$store: retry" cmp again.csv "$work/wanted"
	rm -f again.csv
	run dlq drop $store
	is_status "$store: drop without a filter" 2
	says "$store: drop without a filter" "--all"
	run dlq drop $store --code=EIO
	says "$store: drop of none" "0 letters dropped"
	run dlq drop $store --code=EDATA
	says "$store: drop" "1 letter dropped"
	run dlq ls $store
	says "$store: nothing is left" "no letters"
	leaves "$store" bad.csv job.leat good.csv $store
	rm -f $store
done

run dlq
is_status "dlq alone" 2
run dlq ls nowhere
is_status "dlq of a missing file" 1
says "dlq of a missing file" "cannot open 'nowhere'"
run dlq lose bad.csv
is_status "dlq of a wrong word" 2
says "dlq of a wrong word" "ls, show, retry and drop"
run run --dead-letters=d.ndjson -f job.leat
run dlq retry d.ndjson
is_status "dlq retry without a graph" 2
run dlq ls d.ndjson --since=noon
is_status "dlq with a wrong moment" 2
(
	exec 9>d.ndjson.lock
	flock 9
	exec sleep 600
) &
locker=$!
until_true bash -c '! flock -n d.ndjson.lock true'
run dlq drop d.ndjson --all
is_status "two that drop" 1
says "two that drop" "another leat dlq is at work"
kill $locker
wait $locker 2>/dev/null
run dlq drop d.ndjson --all
is_status "a lock that was left behind" 0

# Records of several lines and of JSON, with a text that a kill has cut off.
printf 'id,t\n1,"a\nb"\n2,"c\nd"\n' >lines.csv
run run 'read lines.csv ! cast id:int64 ! derive x=1/(id-2) dead_letters=l.ndjson ! write x.csv'
printf '{"v":1,"id":"cut' >>l.ndjson
run dlq retry l.ndjson 'read lines.csv ! write y.csv'
is_status "a record of two lines" 0
printf 'id,t\n2,"c\nd"\n' >"$work/wanted"
check "a record of two lines" cmp y.csv "$work/wanted"
run dlq ls l.ndjson
says "a letter that was cut off" "1 line that is no letter"
printf '{"a":1}\n{"a":"x"}\n' >t.ndjson
run run 'read t.ndjson ! cast a:int64 dead_letters=j.ndjson ! write x.ndjson'
run dlq retry j.ndjson 'read t.ndjson ! write y.ndjson'
check "a record of JSON" test "$(cat y.ndjson)" = '{"a":"x"}'

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
run run 'reed small.csv'
says "a stage that is near" "unknown stage 'reed' (did you mean 'read'?); leat"
run run 'xyzzy small.csv'
says "a stage that is none" ", ...; leat inspect lists all"
printf 'a,b\n1,2\n3,4\n' >small.csv
run run 'read small.csv ! @rate(1, over=shed) csv.format ! @rate(bytes=1M) write -'
is_status "guards that have nothing to do" 0
check "guards that have nothing to do" cmp "$work/out" small.csv
run run 'read small.csv ! @fallback head 9 name=t ! write -  t. ! write spare.csv'
is_status "a fallback that has nothing to do" 0
check "a fallback that has nothing to do" cmp "$work/out" small.csv
run run 'read small.csv ! @fallback head 9 ! write -'
is_status "a fallback that leads nowhere" 2
says "a fallback that leads nowhere" "begin a chain at it, like: head.1 !"
printf 'a,b\n1,2\n3,4\n1,5\n1,2\n' >twice.csv
run run 'read twice.csv ! @dedup head 9 ! write -'
is_status "rows that come twice" 0
check "rows that come twice" test "$(tail -n +2 "$work/out" | tr '\n' ' ')" = \
	"1,2 3,4 1,5 "
says "rows that come twice" "shed 1"
run run 'read twice.csv ! @dedup(a) head 9 ! write -'
check "keys that come twice" test "$(tail -n +2 "$work/out" | tr '\n' ' ')" = \
	"1,2 3,4 "
run run 'read twice.csv ! @dedup(c) head 9 ! write -'
is_status "a key that is no column" 1
says "a key that is no column" "@dedup: there is no column 'c'; there are: a, b"
run run 'read small.csv ! @shed(p99="9ms,5ms") head 9 ! write -'
is_status "thresholds that fall" 2
says "thresholds that fall" "each greater than the one before"
run run 'read twice.csv ! @shed(queue=off) @bulkhead(n=2, name=x) head 9 ! write -'
is_status "guards that are never asked too much" 0
check "guards that are never asked too much" cmp "$work/out" twice.csv
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

# a stage in a process of its own, also if that is killed
printf 'id,x\n' >rows.csv
seq 1 20000 | awk '{ print $1 "," $1 % 7 }' >>rows.csv
run run 'read rows.csv ! where "x > 3" ! write here.csv'
run run 'read rows.csv ! @isolate where "x > 3" ! @isolate csv.format ! write t.csv'
is_status "isolated stages" 0
check "isolated stages" cmp t.csv here.csv
run run '@isolate read rows.csv ! write t2.csv'
is_status "a source is not isolated" 2
says "a source is not isolated" "accepted: filters with one in and one out"
run run 'read rows.csv ! @isolate tee slow=block name=t ! write t2.csv
	t. ! write t3.csv'
is_status "several outs are not isolated" 2
says "several outs are not isolated" "accepted: filters with one in and one out"
run run 'read rows.csv ! @fallback @isolate where "x > 3" name=w ! write t2.csv
	w. ! write t3.csv'
is_status "a stage with a fallback is not isolated" 2
says "a stage with a fallback is not isolated" "sinks with one in, without @fallback"
run run 'read rows.csv ! @isolate(restarts=3) csv.parse ! @isolate(restarts=3) sort x ! write t2.csv'
is_status "a stage with a memory is not begun again" 2
says "a stage with a memory is not begun again" "accepted: restart=never"
mkfifo fed
"$leat" run 'read - ! @isolate upper ! write -' <fed >t3.txt 2>"$work/err" &
running=$!
exec 9>fed
printf 'ab\n' >&9
while [ ! -s t3.txt ] && kill -0 $running; do # one that is opened is replaced
	:
done
zygote=
while [ -z "$zygote" ] && kill -0 $running; do
	zygote=$(cat /proc/$running/task/*/children 2>/dev/null | head -n 1)
	zygote=${zygote%% *}
done
child=
while [ -z "$child" ] && kill -0 $running; do
	child=$(cat "/proc/$zygote/task/$zygote/children" 2>/dev/null)
done
kill -9 $child
printf 'cd\n' >&9
exec 9>&-
wait $running
status=$?
is_status "a child that is killed is replaced" 0
check "a child that is killed is replaced" test "$(cat t3.txt)" = "AB
CD"
check "no child is left" test ! -e "/proc/$zygote"

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
for shell in bash zsh fish; do
	run completion $shell
	is_status "completion $shell" 0
	for option in $("$leat" help run | grep -oE -- '^  .*--[a-z-]+' |
		grep -oE -- '[a-z-]+$' | sed 's/^--//'); do
		prints "completion $shell" "$option"
	done
done

echo "$n_passed passed, $n_failed failed"
[ $n_failed = 0 ]
