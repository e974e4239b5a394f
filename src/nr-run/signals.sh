# SPDX-License-Identifier: MIT
# Signals, and waiting although they arrive.

signals=0 cancelled=''

# on_signal NAME: the stage at work ends and writes its document. Delivering
# what there is goes on, unless somebody insists.
# shellcheck disable=SC2317 # a trap calls it
on_signal() {
	signals=$((signals + 1))
	if [ -z "$delivering" ]; then
		cancelled=${cancelled:-$1}
		[ -z "$stage_pid" ] || kill -TERM "$stage_pid" 2>/dev/null || :
	elif [ "$signals" -ge 3 ]; then
		cancelled=$1
		[ -z "$stage_pid" ] || kill -KILL "$stage_pid" 2>/dev/null || :
	fi
}

signal_code() {
	case $1 in INT) echo 130 ;; *) echo 143 ;; esac
}

catch_signals() {
	trap 'on_signal INT' INT
	trap 'on_signal TERM' TERM
	trap 'on_signal TERM' HUP
	# A log that has gone must not end the run.
	trap : PIPE
}

# await PID: waits although signals arrive; its exit code is in $status.
await() {
	status=''
	while :; do
		before=$signals code=0
		wait "$1" || code=$?
		# After the job was collected a second wait knows nothing of it.
		[ "$code" -eq 127 ] && [ -n "$status" ] || status=$code
		[ "$signals" -ne "$before" ] || return 0
	done
}
