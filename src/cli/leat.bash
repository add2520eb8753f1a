# bash completion for leat
_leat()
{
	local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]}
	local before=${COMP_WORDS[COMP_CWORD - 1]} words=

	if [ "$COMP_CWORD" = 1 ]; then
		words="run check show inspect help --help --version"
	elif [ "$before" = -f ] || [ "$before" = --file ]; then
		COMPREPLY=($(compgen -f -- "$word"))
		return
	else
		case $command in
		run) words="--file --explain --progress=bar --progress=plain
			--progress=json --progress=none --workers --memory
			--schedule=strict --schedule=weighted
			--dead-letters --quiet --help" ;;
		check) words="--file --workers --memory --schedule --dead-letters --quiet --help" ;;
		show) words="--file --workers --memory --schedule --dead-letters --dot --help" ;;
		inspect) words="--json --help $(_leat_stages)" ;;
		help) words="--man run check show inspect help graphs parallel guards expressions functions
			balance signals status files $(_leat_stages)" ;;
		esac
	fi
	COMPREPLY=($(compgen -W "$words" -- "$word"))
	[ ${#COMPREPLY[@]} = 0 ] && COMPREPLY=($(compgen -f -- "$word"))
}

_leat_stages()
{
	leat inspect 2>/dev/null | sed -n 's/^  \([a-z][a-z0-9._-]*\) .*/\1/p'
}

complete -F _leat leat
