# SPDX-License-Identifier: MIT
# Completion of dbgsh(1) for bash: options, and the VMM's own commands after
# -c, as its "help" lists them. Needs nothing of the package bash-completion.

_dbgsh_commands()
{
	"${1:-dbgsh}" -t 2 -c help 2>/dev/null </dev/null |
		while read -r name _; do
			[[ $name =~ ^[a-z][a-z0-9_-]*$ ]] && echo "$name"
		done
}

_dbgsh()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local options='-c --command -e --errexit -j --json -t --timeout
		-h --help -V --version'

	COMPREPLY=()
	case $prev in
	-c|--command)
		COMPREPLY=($(compgen -W \
			"$(_dbgsh_commands "${COMP_WORDS[0]}")" -- "$cur")) ;;
	-t|--timeout)
		COMPREPLY=($(compgen -W '1 2 5 10 30 60' -- "$cur")) ;;
	*)
		COMPREPLY=($(compgen -W "$options" -- "$cur")) ;;
	esac
}

complete -F _dbgsh dbgsh
