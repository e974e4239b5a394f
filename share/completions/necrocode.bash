# SPDX-License-Identifier: MIT
# Options and commands of the nr- programs for bash(1): source this file, from
# ~/.bashrc say. Options are what --help tells, so that there is no list here
# to forget.

# _nr_help PROGRAM [COMMAND]: its options.
_nr_help() {
	"$@" --help 2>/dev/null | grep -oE -- '--[a-z][a-z0-9-]+' | sort -u
}

# _nr_command: behind nr-each and nr-limit stands a command; its place in the
# line, or nothing.
_nr_command() {
	local at
	for ((at = 1; at < COMP_CWORD; at++)); do
		case ${COMP_WORDS[at]} in
		-j | --jobs | --skip-done | --max-parallel-runners | --config | \
			--log-level | -[tkmcpfnsw] | --timeout | --stall-timeout | \
			--grace | --memory | --cpu | --processes | --file-size | \
			--open-files | --sandbox | --write | --read | --hide | \
			--report | --report-fd) at=$((at + 1)) ;;
		--) ;;
		-*) ;;
		*)
			echo "$at"
			return
			;;
		esac
	done
}

_nr() {
	local program=${1##*/} word=$2 previous=$3 at
	COMPREPLY=()
	case $program in
	nr-each | nr-limit)
		at=$(_nr_command)
		if [ -n "$at" ]; then
			mapfile -t COMPREPLY < <(compgen -f -- "$word")
			return
		elif [[ $word != -* && $previous != -* ]]; then
			mapfile -t COMPREPLY < <(compgen -c -- "$word")
			return
		fi
		;;
	nr-slot)
		if [ "$COMP_CWORD" -eq 1 ] && [[ $word != -* ]]; then
			mapfile -t COMPREPLY < \
				<(compgen -W 'allocate release list gc' -- "$word")
			return
		elif [[ $word == -* && ${COMP_WORDS[1]} =~ ^(allocate|release)$ ]]; then
			mapfile -t COMPREPLY < <(compgen -W \
				"$(_nr_help "$1" "${COMP_WORDS[1]}")" -- "$word")
			return
		fi
		;;
	nr-run)
		case $previous in
		--from | --to)
			mapfile -t COMPREPLY < <(compgen -W \
				'prepare exec playbook test push upload report' -- "$word")
			return
			;;
		esac
		;;
	esac
	case $word in
	-*) mapfile -t COMPREPLY < <(compgen -W "$(_nr_help "$1")" -- "$word") ;;
	*) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
	esac
}

for _nr_program in $(compgen -c nr- | sort -u); do
	complete -o filenames -F _nr "$_nr_program"
done
unset _nr_program
