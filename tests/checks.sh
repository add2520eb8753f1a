#!/bin/bash
# What holds of the tree as a whole: headers that stand alone, folders that
# include only what stands above them, the style, what the library calls, what
# it exports, how it is found by others. usage: tests/checks.sh [BUILD FOLDER]
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
build=$(realpath -m "${1:-build}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
n_passed=0
n_failed=0

# check WHAT COMMAND...: the command is silent and succeeds.
check()
{
	local what=$1

	shift
	if "$@" >"$work/said" 2>&1 && [ ! -s "$work/said" ]; then
		n_passed=$((n_passed + 1))
	else
		n_failed=$((n_failed + 1))
		echo "FAIL: $what"
		head -n 30 "$work/said" | sed 's/^/	/'
	fi
}

sources()
{
	find include src stages tests examples -name '*.[ch]'
}

# ---- headers ----------------------------------------------------------------

strict="-Wall -Wextra -Wpedantic -Werror -fsyntax-only -Iinclude"

for header in include/leat/*.h; do
	name=leat/$(basename "$header")
	echo "#include <$name>" >"$work/one.c"
	cp "$work/one.c" "$work/one.cc"
	check "$name alone in C11, gcc" gcc -std=c11 $strict "$work/one.c"
	check "$name alone in C11, clang" clang -std=c11 $strict "$work/one.c"
	check "$name alone in C++11" g++ -std=c++11 $strict "$work/one.cc"
done

# ---- layers -----------------------------------------------------------------

layers="base env ctx exec mem chan graph run fan guard watch control save span table page cli"

rank()
{
	local at=0 layer

	for layer in $layers; do
		[ "$layer" = "$1" ] && { echo $at; return; }
		at=$((at + 1))
	done
	echo "unknown folder src/$1" >&2
	echo -1
}

layer_includes()
{
	local own=$1 file folder

	grep -rHoE '#include "[a-z]+/[^"]*"' "src/$own" |
		grep -v '#include "sim/' |
		sed -E 's/:#include "/ /; s#/[^/"]*"$##' |
		while read -r file folder; do
			[ "$folder" = "$own" ] ||
				[ "$(rank "$folder")" -lt "$(rank "$own")" ] ||
				echo "$file includes $folder/"
		done
	return 0
}

public_includes()
{
	grep -rHnE '#include "' "$@" | grep -vE '#include "[a-z_]+\.h"'
	return 0
}

for folder in src/*/; do
	name=$(basename "$folder")
	check "src/$name includes only what stands above it" \
		layer_includes "$name"
	check "src/$name has a README" test -f "src/$name/README.md"
	check "src/$name/README.md has at most 15 lines" \
		test "$(wc -l <"src/$name/README.md" 2>/dev/null || echo 99)" \
		-le 15
done
check "stages include public headers only" public_includes stages
check "examples include public headers only" public_includes examples
check "the command includes public headers only" public_includes src/cli

# ---- style ------------------------------------------------------------------

check_format()
{
	sources | xargs clang-format --dry-run --Werror 2>&1 |
		grep -oE '^[^:]+:[0-9]+' | awk -F: '!seen[$1]++'
	return 0
}

forbidden()
{
	grep -rnE "$1" include src stages | grep -v '^src/env/posix[a-z_]*.c'
	return 0
}

left_over()
{
	grep -rnE '\b(TODO|FIXME|XXX|HACK)\b' include src stages examples docs \
		tests/unit tests/support tests/stress dev cmake --include='*' |
		grep -v 'docs/style.md'
	return 0
}

head_comments()
{
	local file

	for file in $(find src stages examples -name '*.c'); do
		[ "$(head -c 2 "$file")" = '/*' ] || echo "$file has none"
	done
}

machine_paths()
{
	grep -rnE '/(work|home|root)/' include src stages examples docs tests \
		cmake dev README.md CONTRIBUTING.md CHANGELOG.md \
		--include='*.[ch]' --include='*.md' --include='*.cmake' \
		--include='*.py' --include='*.sh' --include=dev |
		grep -v '^tests/checks.sh'
	return 0
}

check "clang-format has nothing to change" check_format
check "what Concurrency Kit 0.7.1 gets wrong is not used" forbidden \
	'ck_fifo_mpmc|ck_stack_batch_pop_mpmc|ck_hp|ck_ring_valid|ck_ring_enqueue_m|CK_STAILQ_SWAP'
check "no condition variables" forbidden 'pthread_cond_'
check "nothing is left over" left_over
check "every source file says what it is" head_comments
check "no paths of one machine" machine_paths
check "partners of atomic accesses are there" python3 tests/partners.py

# ---- what the objects call --------------------------------------------------

# Only env/posix*.c name the operating system, and nobody prints, but for the
# last words of a broken invariant in base/error.c.
calls='open|openat|close|read|pread|write|pwrite|mmap|munmap|memfd_create|poll|ppoll|epoll_.*|eventfd|rename|unlink|stat|fstat|lstat|fsync|fdatasync|ftruncate|syscall|fork|execv.*|kill|signal|sigaction|socket|connect|pthread_.*|sched_yield|sysconf|clock_gettime|gettimeofday|time|nanosleep|usleep|sleep|getenv|setenv|malloc|calloc|realloc|free|aligned_alloc|posix_memalign|strdup|fopen|fclose|fread|fwrite|fputs|fputc|puts|putchar|printf|fprintf|vprintf|vfprintf|stdout|stderr|stdin|exit|rand|random|getrandom|localtime|setlocale'

object_calls()
{
	local object

	find "$build/CMakeFiles" -path '*leat_core.dir*' -name '*.o' -o \
		-path '*leat_stages.dir*' -name '*.o' |
		grep -v 'env/posix[a-z_]*.c.o' | while read -r object; do
		nm -u "$object" | awk '{print $2}' | sed 's/@.*//' |
			grep -xE "($calls)" |
			sed "s#^#$(basename "$object") calls #"
	done | grep -vxE 'error.c.o calls (fprintf|stderr)'
	return 0
}

object_count()
{
	find "$build/CMakeFiles" -path '*leat_core.dir*' -name '*.o' | wc -l
}

check "there are objects to look at" test "$(object_count)" -gt 10
check "only env/posix*.c calls the operating system" object_calls

# ---- what is exported -------------------------------------------------------

# What the build has compiled is not compiled once more: but for warnings, the
# compiler would be called with the same words.
tests/again.sh --list "$build" >"$work/compiled"
as_built=(-G Ninja -DCMAKE_C_COMPILER=gcc -DCMAKE_BUILD_TYPE=Release
	"-DCMAKE_C_COMPILER_LAUNCHER=$PWD/tests/again.sh;$work/compiled")

build_installed()
{
	cmake "${as_built[@]}" -S . -B "$work/shared" -DBUILD_SHARED_LIBS=ON \
		-DLEAT_TESTS=OFF -DLEAT_EXAMPLES=OFF -DLEAT_WITH_PAGE=OFF \
		-DLEAT_LINES_ONLY=ON \
		-DCMAKE_INSTALL_PREFIX="$work/prefix" >"$work/log" 2>&1 &&
		cmake --build "$work/shared" >>"$work/log" 2>&1 &&
		cmake --install "$work/shared" >>"$work/log" 2>&1 ||
		tail -n 20 "$work/log"
}

exported()
{
	nm -D --defined-only "$(find "$work/prefix" -name libleat.so)" |
		awk '{print $3}' | LC_ALL=C sort | diff tests/abi/symbols.txt - |
		sed -e 's/^</gone or not yet there:/' -e 's/^>/new:/'
}

layouts()
{
	python3 tests/abi/layout.py | diff tests/abi/layout.txt -
}

check "a shared library builds and installs" build_installed
check "it exports what tests/abi/symbols.txt lists" exported
check "structs are laid out as tests/abi/layout.txt lists" layouts

# ---- how others find it -----------------------------------------------------

cat >"$work/user.c" <<'END'
#include <stdio.h>
#include <leat/leat.h>

int main(void)
{
	struct leat_graph *graph;
	int code = leat_graph_create(NULL, &graph, NULL);

	if (code == 0)
		code = leat_graph_parse(graph, "read - ! head 1 ! write -", NULL);
	leat_graph_destroy(graph);
	puts(leat_version());
	return code != 0;
}
END

project()
{
	mkdir -p "$work/$1"
	cp "$work/user.c" "$work/$1/"
	cat >"$work/$1/CMakeLists.txt"
	cmake "${as_built[@]}" -S "$work/$1" -B "$work/$1/build" \
		-DCMAKE_C_FLAGS_RELEASE="-O2 -g1 -DNDEBUG" \
		-DCMAKE_PREFIX_PATH="$work/prefix" >"$work/log" 2>&1 &&
		cmake --build "$work/$1/build" >>"$work/log" 2>&1 &&
		"$work/$1/build/user" >>"$work/log" 2>&1 ||
		tail -n 20 "$work/log"
}

by_subdirectory()
{
	project subdirectory <<END
cmake_minimum_required(VERSION 3.21)
project(user C)
add_subdirectory($PWD leat)
add_executable(user user.c)
target_link_libraries(user PRIVATE leat::leat)
END
}

by_find_package()
{
	project package <<END
cmake_minimum_required(VERSION 3.21)
project(user C)
find_package(leat 0.1 REQUIRED)
add_executable(user user.c)
target_link_libraries(user PRIVATE leat::leat)
END
}

by_pkg_config()
{
	local folder

	folder=$(dirname "$(find "$work/prefix" -name leat.pc)")
	export PKG_CONFIG_PATH=$folder
	# shellcheck disable=SC2046
	gcc "$work/user.c" -o "$work/user" \
		$(pkg-config --cflags --libs leat) &&
		LD_LIBRARY_PATH=$folder/.. "$work/user" >/dev/null
}

# Also where the folder is said only when it is installed.
installed_elsewhere()
{
	cmake --install "$work/shared" --prefix "$work/elsewhere" \
		>"$work/log" 2>&1 || tail -n 20 "$work/log"
	grep -qx "prefix=$work/elsewhere" \
		"$(find "$work/elsewhere" -name leat.pc)" ||
		echo "leat.pc says another folder"
}

installed_files()
{
	local name

	for name in bin/leat share/man/man1/leat.1 \
		share/bash-completion/completions/leat include/leat/leat.h; do
		[ -e "$work/prefix/$name" ] || echo "$name is not installed"
	done
}

check "a project that has it as a folder builds" by_subdirectory
check "a project that finds it with find_package builds" by_find_package
check "a program that finds it with pkg-config builds" by_pkg_config
check "it can be installed into another folder" installed_elsewhere
check "command, manual page, completion are installed" installed_files

# ---- documents --------------------------------------------------------------

# Code in the guides is cut from compiled examples: a block after
# <!-- from FILE --> stands in FILE, line by line.
check "code in the documents stands in compiled files" \
	python3 tests/cut.py README.md docs/*.md
check "the changelog knows this version" grep -qF \
	"$(sed -n 's/.*LEAT_VERSION_TEXT *"\(.*\)"/\1/p' \
		include/leat/base.h)" CHANGELOG.md

echo "$n_passed passed, $n_failed failed"
[ $n_failed = 0 ]
