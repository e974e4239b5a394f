# SPDX-License-Identifier: MIT
# The log: all standard error, through two filters.

log_pid='' mask_pid=''
# Lines that nr-log acts upon; no secret looks like them.
sync_mark='<|>|<|>' end_mark='>|<|>|<'

# secret_names: variables that the configuration calls secret and that are
# set, in $names.
secret_names() {
	names=''
	set -f
	IFS='[]", '
	# shellcheck disable=SC2086 # a list, as JSON
	for name in $mask_env $git_token_env_var $llm_api_key_env \
		$artifact_store_api_key_env $task_registry_api_key_env \
		$pull_request_token_env $repo_pool_api_key_env; do
		eval "value=\${$name-}\${${name}_FILE-}"
		[ -z "$value" ] || names="$names $name"
	done
	unset IFS value
	set +f
}

start_mask() {
	set --
	secret_names
	for name in $names; do
		set -- "$@" -e "$name"
	done
	[ ! -d "$secrets_dir" ] || set -- "$@" -d "$secrets_dir"
	program nr-mask
	(
		trap '' INT TERM HUP
		exec "$program" "$@" <"$run_dir/in.fifo" >"$run_dir/out.fifo" 2>&9 \
			3>&- 4<&- 5>&- 6<&-
	) &
	mask_pid=$!
}

# Ctrl-C reaches the whole group; the filters go on until all is said. Once
# everybody has opened the fifos, nr-log removes them.
open_log() {
	export NR_RUN_DIR="$run_dir" NR_RUN_PID=$$
	set -- "$run_dir/in.fifo" "$run_dir/out.fifo" "$run_dir/ack.fifo" \
		"$run_dir/turn.fifo" "$run_dir/turn-2.fifo"
	[ -z "$resume" ] || mkfifo -m 600 "$@" || exit 74
	# shellcheck disable=SC2094 # fifos, for us and for who waits
	exec 3<>"$4" 4<"$4" 5<>"$5" 6<"$5"
	masked=$1
	if [ "$mask_secrets" = true ]; then
		masked=$2
		start_mask
	fi
	program nr-log
	# shellcheck disable=SC2086,SC2094 # quiet is one option or none
	(
		trap '' INT TERM HUP
		exec "$program" $quiet -l "$log_level" -f "$log_format" \
			--field "runner_id=$RUNNER_ID" -o "$run_dir/run.log" \
			--sync "$sync_mark" --until "$end_mark" \
			--unlink "$1" --unlink "$2" --unlink "$3" \
			--unlink "$4" --unlink "$5" \
			<"$masked" >&9 2>&9 3>"$3" 4<&- 5>&- 6<&-
	) &
	log_pid=$!
	exec 2>"$1" 7<"$3"
}

# sync_log: what was said so far is in the log file. The mark comes twice: a
# newline at the end may be held back, it may begin a secret.
sync_log() {
	printf '%s\n%s\n' "$sync_mark" "$sync_mark" >&2 || return 0
	# shellcheck disable=SC2034 # that there is one is all
	read -r answer <&7 || :
}

# Whoever still has the standard error of a stage that is over, a process
# that a stage of somebody's own left behind, is not waited for.
close_log() {
	[ -n "$log_pid" ] || return 0
	printf '%s\n%s\n' "$end_mark" "$end_mark" >&2 || :
	exec 2>&9
	await "$log_pid"
	log_pid=''
	[ -n "$mask_pid" ] || return 0
	kill -KILL "$mask_pid" 2>/dev/null || :
	# dash would tell that it was killed.
	await "$mask_pid" 2>/dev/null
}

# On a terminal nr-log shows what the stages tell at level debug.
choose_log() {
	log_format=auto
	[ "$structured_logging" = true ] || log_format=pretty
	[ ! -t 9 ] || [ -n "$quiet" ] || export RUNNER_LOG_LEVEL=debug
}
