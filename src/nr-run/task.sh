# SPDX-License-Identifier: MIT
# The task, the first that is in the run directory.

run_dir='' document=''
# yes: the run directory was made, and nothing is in it yet.
unused=''

# check_task: a file that is named must be there before a run is made of it.
check_task() {
	case $task in '' | -) return 0 ;; esac
	[ ! -d "$task" ] || die 64 "cannot read the task '$task': a directory"
	[ -r "$task" ] || die 64 "cannot read the task '$task'"
}

# A document has at most 8 MiB; one byte more, and the stage refuses it.
take_task() {
	document=$run_dir/00-task.json
	status=0
	start_ahead "$from" "$document"
	if [ -n "$task" ] && [ "$task" != - ]; then
		head -c 8388609 <"$task" >"$document" &
		stage_pid=$!
	elif [ -z "$task" ] && [ -n "${TASK_CONTEXT-}" ]; then
		printf '%s\n' "$TASK_CONTEXT" >"$document" || status=74
	else
		head -c 8388609 <&8 >"$document" &
		stage_pid=$!
	fi
	[ -z "$stage_pid" ] || await "$stage_pid"
	stage_pid=''
	[ "$status$cancelled" != 0 ] || return 0
	dismiss
	close_log
	discard_run
	[ -z "$cancelled" ] || exit "$(signal_code "$cancelled")"
	die 74 "cannot save the task in '$runs'"
}

# Nothing is left of a run that was refused before it did anything.
discard_run() {
	rm -rf "$run_dir"
}
