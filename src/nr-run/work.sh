# SPDX-License-Identifier: MIT
# The stages in their order, and another attempt where the work fails.

skipped='' delivering=''

# has_playbook: is the task done by one? Our nr-prepare, which has read the
# document, says so by a file.
has_playbook() {
	[ -z "${command_playbook-}$default_playbook_path" ] || return 0
	[ ! -e "$run_dir/playbook" ] || return 0
	[ -n "${command_prepare-}" ] || [ "$from" != prepare ] || return 1
	grep -q '"playbook_path"' "$document"
}

# What the work must pass: the playbook, where there is one, and the tests.
check_work() {
	if selected playbook && has_playbook; then
		step playbook
		[ "$exit_code" -eq 0 ] && [ -z "$cancelled" ] || return 0
	fi
	! selected test || step test
}

# While the work fails, the agent gets the output and another attempt. An
# agent of the caller's own is asked once.
check_and_fix() {
	attempt=1
	check_work
	while is_failed_work && [ -z "$lost$cancelled" ] && selected exec &&
		[ -z "${command_exec-}" ] &&
		[ "$attempt" -lt "$implementation_attempts" ]; do
		attempt=$((attempt + 1)) exit_code=0
		say info fix "the work failed its tests: attempt $attempt of $implementation_attempts"
		step exec --fix
		[ "$exit_code" -eq 0 ] || return 0
		check_work
	done
}

# The codes of TestExecutionError and PlaybookExecutionError.
is_failed_work() {
	case $exit_code in 82 | 85) ;; *) return 1 ;; esac
}

work() {
	for stage_name in prepare exec check push; do
		[ "$stage_name" = check ] || selected "$stage_name" || continue
		[ "$exit_code" -eq 0 ] || return 0
		[ -z "$cancelled" ] || skipped=yes
		[ -z "$cancelled" ] || return 0
		case $stage_name in
		check) check_and_fix ;;
		*) step "$stage_name" ;;
		esac
	done
}

# The log that nr-upload stores is complete up to there.
deliver() {
	delivering=yes
	worked=$exit_code
	if selected upload; then
		sync_log
		lost_before=$lost
		step upload
		lost=$lost_before
	fi
	selected report || return 0
	# A signal that came too late to stop anything cancelled nothing.
	[ "$worked" -ne 0 ] || [ -n "$skipped" ] || cancelled=''
	exit_code=0
	step report ${cancelled:+"--cancelled=$cancelled"} \
		${lost:+"--stage-status=$lost"}
}
