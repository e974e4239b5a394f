# SPDX-License-Identifier: MIT
# Starting ahead.
#
# Getting ready takes as long as many a stage's work. So the next stage is
# started while one is at work, and waits for a line with its name. There are
# two fifos for that, in turn: who was told may not have read it yet when the
# next one begins to wait. They are descriptors 3 and 5, to be read at 4 and 6.

ahead='' lane='' ahead_pid='' ahead_input='' ahead_output=''

# start_ahead STAGE INPUT: INPUT becomes the document that it waits for.
start_ahead() {
	eval "command=\${command_$1-}"
	program "nr-$1"
	[ -z "$command" ] && [ "$program" != "nr-$1" ] && selected "$1" ||
		return 0
	[ -e "$2" ] || true >"$2" || return 0
	ahead=$1 ahead_input=$2
	now=${output-}
	name_output "$1"
	ahead_output=$output output=$now
	case $lane in 3) lane=5 ;; *) lane=3 ;; esac
	waits=$((lane + 1))
	launch "$ahead_input" "$ahead_output" "$1"
	ahead_pid=$!
}

start_next() {
	case $1 in
	prepare) start_ahead exec "$output" ;;
	exec)
		if selected playbook && has_playbook; then
			start_ahead playbook "$output"
		else
			start_ahead test "$output"
		fi
		;;
	playbook) start_ahead test "$output" ;;
	test) start_ahead push "$output" ;;
	push) start_ahead upload "$output" ;;
	upload) start_ahead report "$output" ;;
	esac
}

# turn STAGE [OPTION...]: it is at work now; false: it does not wait, or not
# for that.
turn() {
	[ "$*" = "$ahead" ] && [ "$document" = "$ahead_input" ] || return 1
	output=$ahead_output stage_pid=$ahead_pid ahead=''
	echo "$1" >&"$lane"
}

# It has done nothing yet.
dismiss() {
	[ -n "$ahead" ] || return 0
	kill -KILL "$ahead_pid" 2>/dev/null || :
	await "$ahead_pid" 2>/dev/null
	[ -s "$ahead_output" ] || rm -f "$ahead_output"
	ahead=''
}
