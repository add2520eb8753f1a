#!/bin/bash
# again.sh LIST COMPILER ARGUMENT...: compile, unless LIST has an object that was
# made by the same words: then that is copied.
# again.sh --list FOLDER: such a list, of what has been built there since a source
# or a header changed.
set -uf

# words COMPILER ARGUMENT...: what is compiled and how, but for warnings; and
# into which object.
words()
{
	said=
	object=
	while [ $# -gt 0 ]; do
		case $1 in
		-o | -MT | -MF)
			[ "$1" = -o ] && object=$2
			shift
			;;
		-MD | -W*) ;;
		*) said+=" $1" ;;
		esac
		shift
	done
}

list()
{
	local command newest

	newest=$(find include src stages -name '*.[ch]' -printf '%T@ %p\n' |
		sort -n | tail -n 1)
	ninja -C "$1" -t commands leat leat_command | grep ' -c ' |
		while read -r command; do
		words $command
		[ "$1/$object" -nt "${newest#* }" ] &&
			printf '%s\t%s\n' "$said" "$1/$object"
	done
}

if [ "$1" = --list ]; then
	cd "$(dirname "$0")/.." || exit 1
	list "$2"
	exit 0
fi
list=$1
shift
words "$@"
found=$(grep -F -m 1 "$said	" "$list") && exec cp "${found##*	}" "$object"
exec "$@"
