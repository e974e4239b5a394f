load helper

# complete_line WORD...: what bash offers for the last of them.
complete_line() {
	# shellcheck disable=SC1091
	run bash -c '. "$0"
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		complete -p "$1" >/dev/null || exit
		_nr "$1" "${!#}" "${COMP_WORDS[COMP_CWORD - 1]}"
		printf "%s\n" "${COMPREPLY[@]}"' \
		"$ROOT/share/completions/necrocode.bash" "$@"
}

offers() {
	grep -qxF -e "$1" <<<"$output" || {
		echo "no $1 in: $output"
		return 1
	}
}

@test "bash completes options of every program" {
	local program
	for program in "$NR_BIN"/nr-*; do
		complete_line "$(basename "$program")" --hel
		[ "$output" = --help ]
	done
	complete_line nr-push --on
	[ "$output" = --on-conflict ]
}

@test "bash completes the commands of nr-slot, and their options" {
	complete_line nr-slot ''
	[ "$(xargs <<<"$output")" = "allocate release list gc" ]
	complete_line nr-slot allocate --ow
	[ "$output" = --owner ]
	complete_line nr-slot allocate --git-u
	[ "$output" = --git-username ]
}

@test "bash completes what nr-each is to run" {
	complete_line nr-each -j 2 nr-ru
	offers nr-run
	complete_line nr-each -j 2 --skip-d
	[ "$output" = --skip-done ]
	touch tasks.jsonl
	complete_line nr-each -j 2 nr-run tas
	offers tasks.jsonl
}

@test "bash completes the stages of nr-run" {
	complete_line nr-run --from pu
	[ "$output" = push ]
}
