#!/bin/bash
# arm64.sh FOLDER -- the table's tests and the command for AArch64, crossed
# into FOLDER and run by qemu: the NEON scans against the portable ones.
# arm64.sh --can: is there what that needs? Libraries for arm64 are Debian's,
# fetched into FOLDER; nothing is installed, and no root is needed.
set -u
cd "$(dirname "$0")/.." || exit 1

packages="libck-dev libck0 check libsubunit-dev"
missing=
for program in aarch64-linux-gnu-gcc qemu-aarch64-static cmake ninja apt-get; do
	command -v $program >/dev/null || missing+=" $program"
done
if [ -n "$missing" ]; then
	echo "arm64 is left out, for here is no$missing (Debian:" \
		"gcc-aarch64-linux-gnu, libc6-dev-arm64-cross," \
		"qemu-user-static)" >&2
	exit 1
fi
[ "${1:-}" = --can ] && exit 0
folder=$(realpath -m "${1:-build/test/arm64}")
root=$folder/root
library=$root/usr/lib/aarch64-linux-gnu
passed=0
failed=0

# With lists of its own, so that the machine's stay as they are.
apt_arm64()
{
	timeout 300 apt-get -q -o APT::Architecture=arm64 \
		-o APT::Architectures=arm64 -o APT::Sandbox::User= \
		-o Dir::State::lists="$folder/apt/lists" \
		-o Dir::State::status="$folder/apt/status" \
		-o Dir::Cache="$folder/apt/cache" -o Debug::NoLocking=1 "$@"
}

fetch()
{
	[ -f "$library/libcheck_pic.a" ] && return
	mkdir -p "$folder"/apt/{lists/partial,cache/archives/partial} "$root"
	touch "$folder/apt/status"
	(cd "$folder/apt" && apt_arm64 update &&
		apt_arm64 download $packages) >"$folder/apt/log" 2>&1 ||
		return 1
	for package in "$folder"/apt/*.deb; do
		dpkg-deb -x "$package" "$root" || return 1
	done
}

configure()
{
	PKG_CONFIG_LIBDIR=$library/pkgconfig PKG_CONFIG_SYSROOT_DIR=$root \
		cmake -G Ninja -S . -B "$folder" -DCMAKE_SYSTEM_NAME=Linux \
		-DCMAKE_SYSTEM_PROCESSOR=aarch64 -DCMAKE_BUILD_TYPE=Release \
		-DCMAKE_C_COMPILER=aarch64-linux-gnu-gcc \
		-DCMAKE_C_COMPILER_LAUNCHER="$(command -v ccache)" \
		-DCMAKE_EXE_LINKER_FLAGS="-static -L$library" \
		-DLEAT_CK_INCLUDE="$root/usr/include" \
		-DLEAT_CK_LIBRARY="$library/libck.a" -DLEAT_BOOST=OFF \
		-DLEAT_WITH_JEMALLOC=OFF -DLEAT_WITH_PCRE2=OFF \
		-DLEAT_WITH_ISAL=OFF -DLEAT_WITH_ZLIB=OFF \
		-DLEAT_WITH_ZSTD=OFF -DLEAT_WITH_LZ4=OFF \
		-DLEAT_WITH_BZIP2=OFF -DLEAT_WITH_PAGE=OFF \
		-DLEAT_EXAMPLES=OFF -DLEAT_TESTS=ON
}

targets()
{
	echo leat_command
	for test in tests/unit/table/*.c; do
		test=${test#tests/}
		test=${test%.c}
		echo "test_${test//\//_}"
	done
}

# One test program; what it says of itself is added up.
run_one()
{
	local log=$1.log

	timeout -k 10 900 qemu-aarch64-static "$1" >"$log" 2>&1
	local status=$?
	read -r a b < <(awk '/^[0-9]+%: Checks: / { gsub(",", "")
		print $3 - $5 - $7, $5 + $7 }' "$log")
	[ $status != 0 ] && [ "${b:-0}" = 0 ] && b=1
	[ "${b:-0}" != 0 ] && echo "FAILED: $1" && tail -n 20 "$log"
	passed=$((passed + ${a:-0}))
	failed=$((failed + ${b:-0}))
}

# A job of every kind of scan gives what the machine's own command gives.
run_job()
{
	local job='read examples/data/flights.csv ! where "delay > 60" ! write'
	local own=${LEAT_COMMAND:-build/leat}

	for format in csv ndjson; do
		timeout 300 qemu-aarch64-static "$folder/leat" run \
			"$job $folder/out.$format" >/dev/null 2>&1
		timeout 300 "$own" run "$job $folder/own.$format" \
			>/dev/null 2>&1
		if cmp "$folder/out.$format" "$folder/own.$format"; then
			passed=$((passed + 1))
		else
			failed=$((failed + 1))
		fi
	done
}

if ! fetch; then
	echo "arm64 is left out: Debian's packages for arm64 are not to be" \
		"had ($folder/apt/log)" >&2
	exit 1
fi
if ! { configure && cmake --build "$folder" --target $(targets); } \
	>"$folder/build.log" 2>&1; then
	grep -A3 -E 'error|undefined' "$folder/build.log" | head -n 40
	echo "FAILED: arm64 does not build"
	echo "0 passed, 1 failed"
	exit 1
fi
for test in "$folder"/tests/unit/table/*; do
	[ -x "$test" ] && [ -f "$test" ] && run_one "$test"
done
run_job
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
