#!/bin/bash
# run.sh LEAT PICTURES -- the page of leat run --page, and its server; the file of
# leat run --trace in a viewer.
# run.sh --can LEAT: can they be had here? A browser comes from Debian, what
# drives it from npm.
set -u
here=$(realpath "$(dirname "$0")")
[ "$1" = --can ] && can=1 && shift || can=0
leat=$(realpath "$1")
folder=${LEAT_BENCH_DIR:-/tmp/leat-bench}/page
modules=$folder/node_modules
chromium=$(command -v chromium || command -v chromium-browser)

if ! cmp -s "$here/package-lock.json" "$folder/installed" &&
	command -v npm >/dev/null; then
	mkdir -p "$folder"
	cp "$here/package.json" "$here/package-lock.json" "$folder"
	(cd "$folder" && timeout 120 npm ci --ignore-scripts --no-audit \
		--no-fund) >/dev/null 2>&1 &&
		cp "$here/package-lock.json" "$folder/installed"
fi
if ! cmp -s "$here/package-lock.json" "$folder/installed"; then
	echo "npm does not bring what drives a browser here" >&2
	exit 1
fi
if [ -z "$chromium" ]; then
	echo "there is no chromium here" >&2
	exit 1
fi
if "$leat" run --page=nowhere "read -" 2>&1 </dev/null |
	grep -q 'built without'; then
	echo "this leat was built without the page" >&2
	exit 1
fi
[ "$can" = 1 ] && exit 0
python3 "$here/server.py" "$leat" &
node "$here/page.mjs" "$leat" "$modules" "$chromium" "$2"
page=$?
node "$here/viewer.mjs" "$leat" "$modules" "$chromium" "$2" || page=1
wait $! && exit $page
