# SPDX-License-Identifier: MIT
# One stage: its program, its document, its end.

stages='prepare exec playbook test push upload report'
stage_pid='' exit_code=0 lost='' first=yes
# Those of --stage, not of the environment.
unset command_prepare command_exec command_playbook command_test \
	command_push command_upload command_report

# selected STAGE: is it between --from and --to?
selected() {
	case "$from ${stages#*"$from"}" in *"$1"*) ;; *) return 1 ;; esac
	case "${stages%"$to"*}$to" in *"$1"*) ;; *) return 1 ;; esac
}

# stem_of STAGE: its documents in the run directory, without -2 and .json.
stem_of() {
	case $1 in
	prepare) stem=10 ;; exec) stem=20 ;; playbook) stem=25 ;; test) stem=30 ;;
	push) stem=40 ;; upload) stem=50 ;; report) stem=60 ;;
	esac
	stem=$run_dir/$stem-$1
}

# name_output STAGE: a file that is not there yet, in $output.
name_output() {
	stem_of "$1"
	output=$stem.json n=2
	while [ -e "$output" ]; do
		output=$stem-$n.json
		n=$((n + 1))
	done
}

# launch INPUT OUTPUT STAGE [OPTION...]: in the background. What delivers is
# deaf to signals for everybody. nr-report writes to standard output itself.
# $waits: the descriptor that tells it when its turn has come, or nothing.
launch() {
	input=$1 result=$2 name=$3
	shift 3
	eval "command=\${command_$name-}"
	program "nr-$name"
	(
		case $name in upload | report) trap '' INT TERM HUP ;; esac
		unset TASK_CONTEXT
		if [ -n "$waits" ]; then
			unset NR_RUN_RENEW
			export NR_TURN_FD=6
			[ "$waits" -eq 6 ] || exec 6<&4
			exec 4<&-
		else
			exec 4<&- 6<&-
		fi
		if [ -n "$command" ]; then
			exec sh -c "$command" >"$result"
		elif [ "$program" != "${program%nr-report}" ]; then
			exec "$program" --save="$result" \
				--summary="$run_dir/summary.txt" "$@"
		else
			exec "$program" "$@" >"$result"
		fi
	) <"$input" 3>&- 5>&- 7<&- 8<&- 9>&- &
}

start() {
	dismiss
	name_output "$1"
	waits=''
	launch "$document" "$output" "$@"
	stage_pid=$!
}

# whole STAGE: is its output a document? What our own stages write with
# success is. One that was killed, or met a full disk, or is somebody's own,
# may leave a part of one, or something else: upload and report could do
# nothing with that.
whole() {
	[ -s "$output" ] || return 1
	eval "command=\${command_$1-}"
	[ "$status$command" != 0 ] || return 0
	jq -es 'length == 1 and (.[0] | type) == "object"' "$output" \
		>/dev/null 2>&1 && return
	say error broken_output "$1 left no whole document; what it wrote is in $output.broken"
	mv -f "$output" "$output.broken"
	return 1
}

# step STAGE [OPTION...]: runs it on the document, which becomes its output.
# A stage that wrote none leaves the document as it was; $lost names it.
step() {
	turn "$@" || start "$@"
	# A signal that came before there was a pid to hand it on to.
	[ -z "$cancelled" ] || [ -n "$delivering" ] ||
		kill -TERM "$stage_pid" 2>/dev/null || :
	start_next "$1"
	await "$stage_pid"
	stage_pid=''
	if whole "$1"; then
		document=$output
	else
		[ "$status" -ne 0 ] || status=70
		refuse_first "$status"
		lost=$1=$status
	fi
	first=''
	unset NR_RUN_RENEW
	[ "$exit_code" -ne 0 ] || exit_code=$status
}

# The first stage refuses a task or a setting: there is no run.
refuse_first() {
	[ -n "$first" ] || return 0
	case $1 in
	64 | 65 | 78) ;;
	*) return 0 ;;
	esac
	dismiss
	close_log
	discard_run
	exit "$1"
}
