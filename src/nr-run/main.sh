# SPDX-License-Identifier: MIT
# The whole, from the first to the last.

# nr-report has written it, unless a command is in its place. A stage that
# died without a word leaves nothing to go on with.
write_result() {
	if selected report && [ -z "${command_report-}" ]; then
		[ "$exit_code" -eq 74 ] || return 0
	else
		[ -z "$lost" ] || return 0
		cat "$document" && return 0
		[ "$exit_code" -ne 0 ] || exit_code=74
	fi
	printf 'nr-run: the result is in %s\n' "$document" >&2
}

show_summary() {
	[ -t 2 ] && [ -z "$quiet" ] && [ -f "$run_dir/summary.txt" ] || return 0
	cat "$run_dir/summary.txt" >&2
}

finish() {
	dismiss
	close_log
	write_result
	show_summary
	[ "$signals" -lt 3 ] || exit_code=$(signal_code "$cancelled")
	exit "$exit_code"
}

main() {
	parse "$@"
	check_task
	[ -z "$dry_run" ] || plan
	catch_signals
	choose_log
	if [ -n "$resume" ]; then
		resume_run
		open_log
	else
		open_log
		unused=''
		take_task
	fi
	work
	deliver
	finish
}

case $0 in */*) here=$0 ;; *) here=$(command -v -- "$0") ;; esac
[ ! -L "$here" ] || here=$(readlink -f "$here")
here=${here%/*}
# Descriptors of the caller that are closed must not become our files.
true 8>&2 || exec 2>/dev/null
{ true 8<&0; } 2>/dev/null || exec </dev/null
{ true 8>&1; } 2>/dev/null || exec >/dev/full
exec 8<&0 9>&2
main "$@"
