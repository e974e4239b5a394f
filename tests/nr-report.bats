load helper

prepare_test() {
	make_slot
	mkdir -p runs/r1
}

# document [FILTER]: what a run hands to nr-report.
document() {
	task | jq -c --arg dir "$PWD/runs/r1" --arg slot "$PWD/slot" \
		--arg base "$(git -C slot rev-parse HEAD)" '. + {
		runner: {runner_id: "r1", run_dir: $dir,
			started_at: (now - 90 | todate)},
		workspace: {path: $slot, base_commit: $base},
		impl_result: {success: true, files_changed: ["a"],
			lines_added: 2, lines_removed: 1, attempts: [
			{duration_seconds: 2, user_seconds: 1, system_seconds: 0.5,
				peak_memory_mb: 20},
			{duration_seconds: 1, user_seconds: 0.5, system_seconds: 0,
				peak_memory_mb: 10}]},
		test_result: {success: true, test_results: [{
			command: "make check", success: true, exit_code: 0,
			duration_seconds: 1, metrics: {user_seconds: 0.25,
			system_seconds: 0.25, peak_memory_mb: 30}}]},
		push_result: {success: true, branch_name: "feature/task-demo-1.1",
			commit_hash: $base}}' |
		jq -c "${1:-.}"
}

report() {
	document "$1" >document.json
	shift
	stage nr-report "$@" <document.json
}

# The lock that nr-prepare takes.
lock() {
	printf '{"runner_id":"%s","hostname":"%s"}' "$1" "$(uname -n)" \
		>slot/.git/necrocode.lock
}

failed='.error = {type: "TestExecutionError", stage: "nr-test",
	message: "the tests failed", exit_code: 82} | del(.push_result)'

@test "a task that went well is a success" {
	report .
	[ "$status" -eq 0 ]
	[ "$(field .success)" = true ]
}

@test "a task that failed is none, and exits with its error's code" {
	report "$failed"
	[ "$status" -eq 82 ]
	[ "$(field .success)" = false ]
	[ "$(error_type)" = TestExecutionError ]
}

@test "an error without an exit code has that of its type" {
	report '.error = {type: "PushError"}'
	[ "$status" -eq 83 ]
}

@test "what the commands used is summed up" {
	report .
	[ "$(field '.metrics | "\(.attempts) \(.commands) \(.cpu_seconds) \(.memory_mb) \(.cpu_percent)"')" = "2 3 2.5 30 62.5" ]
	[ "$(field '.duration_seconds >= 89 and .duration_seconds < 1000')" = true ]
}

@test "a bare task can be summed up" {
	task >task.json
	stage nr-report <task.json
	[ "$status" -eq 0 ]
	[ "$(field '.metrics.commands')" = 0 ]
}

@test "the slot is given back" {
	lock r1
	report .
	[ ! -e slot/.git/necrocode.lock ]
}

@test "the slot of another run is left alone" {
	lock r2
	echo work >slot/unsaved
	report "$failed"
	[ "$status" -eq 82 ]
	[ -e slot/.git/necrocode.lock ]
	[ -e slot/unsaved ]
}

@test "what a failed task left is saved, and the slot is clean" {
	lock r1
	echo work >slot/unsaved
	echo change >>slot/README
	report "$failed"
	[ "$status" -eq 82 ]
	[ -z "$(git -C slot status --porcelain)" ]
	ref=$(field .workspace.saved_ref)
	[ "$ref" = refs/necrocode/saved/r1 ]
	[ "$(git -C slot show "$ref:unsaved")" = work ]
	[ ! -e slot/.git/necrocode.lock ]
}

@test "with --keep-workspace it stays as it is" {
	lock r1
	echo work >slot/unsaved
	report "$failed" --keep-workspace
	[ -e slot/unsaved ]
	[ "$(field .workspace.saved_ref)" = null ]
	[ ! -e slot/.git/necrocode.lock ]
}

@test "a task that went well leaves its workspace as it is" {
	lock r1
	echo work >slot/unsaved
	report .
	[ -e slot/unsaved ]
}

@test "a slot that was not prepared is not cleaned" {
	lock r1
	echo work >slot/unsaved
	report "$failed | del(.workspace)"
	[ -e slot/unsaved ]
	[ ! -e slot/.git/necrocode.lock ]
}

@test "the slot may be a linked work tree" {
	git -C slot worktree add -q ../linked -b linked
	directory=$(git -C linked rev-parse --absolute-git-dir)
	printf '{"runner_id":"r1"}' >"$directory/necrocode.lock"
	echo work >linked/unsaved
	report "$failed | .workspace.path = \"$PWD/linked\""
	[ -z "$(git -C linked status --porcelain)" ]
	[ ! -e "$directory/necrocode.lock" ]
}

@test "a slot that is gone changes nothing about the task" {
	rm -rf slot
	mkdir slot
	report2=$(task | jq -c '.error = {type: "PushError"}')
	stage nr-report <<<"$report2"
	[ "$status" -eq 83 ]
}

@test "a lock that is nonsense is left alone" {
	echo '{{{' >slot/.git/necrocode.lock
	report .
	[ "$status" -eq 0 ]
	[ -e slot/.git/necrocode.lock ]
}

@test "a cancelled run is a CancelledError" {
	report . --cancelled INT
	[ "$status" -eq 130 ]
	[ "$(error_type)" = CancelledError ]
	report "$failed" --cancelled TERM
	[ "$status" -eq 143 ]
	[ "$(field .error.message)" = "cancelled by SIGTERM: the tests failed" ]
	[ "$(field .error.stage)" = nr-test ]
}

@test "a stage without a document is an error of its kind" {
	while read -r given type code; do
		report 'del(.error)' --stage-status "$given"
		[ "$(error_type)" = "$type" ]
		[ "$status" -eq "$code" ]
	done <<-'END'
		exec=3 ImplementationError 81
		test=1 TestExecutionError 82
		push=128 RunnerError 70
		exec=137 RunnerError 70
		prepare=74 IOError 74
		test=124 TimeoutError 124
	END
	report "$failed" --stage-status upload=3
	[ "$status" -eq 82 ]
}

@test "wrong values of options are UsageErrors" {
	for option in --cancelled=KILL --stage-status=exec --stage-status=exec=0 \
		--stage-status=exec=x --format=xml; do
		report . "$option"
		[ "$status" -eq 64 ]
	done
}

@test "as text the result is for people" {
	: >runs/r1/run.log
	report . --format text
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "Task 1.1 of demo: Add a greeting" ]
	[[ ${lines[1]} == "Done in 1m3"?s. ]]
	grep -q '^  branch     feature/task-demo-1.1$' <<<"$output"
	grep -q '^  changes    1 file, +2 -1 lines$' <<<"$output"
	grep -q '^  test       passed: make check (1.0s)$' <<<"$output"
	grep -q "nr-log -f pretty <$PWD/runs/r1/run.log" <<<"$output"
}

@test "of a failure it says where, why, and how to go on" {
	lock r1
	echo work >slot/unsaved
	report "$failed" --format text
	[ "$status" -eq 82 ]
	[[ ${lines[1]} == "Failed after"*" in nr-test, TestExecutionError: the tests failed" ]]
	grep -q "^  git -C $PWD/slot diff [0-9a-f]* refs/necrocode/saved/r1$" <<<"$output"
	grep -q "^  nr-run --resume r1$" <<<"$output"
}

@test "the commands of a summary can be run" {
	report . --format text
	git -C slot rev-parse -q --verify "$(grep -o 'diff [0-9a-f]*' <<<"$output" | cut -d' ' -f2)"
}

@test "as markdown it is for a web page" {
	report . --format markdown
	[ "${lines[0]}" = "# Task 1.1 of demo: Add a greeting" ]
	grep -q '^- \*\*branch\*\*: feature/task-demo-1.1$' <<<"$output"
}

@test "a summary tells which agent it was, and what it used" {
	report '.impl_result += {driver: "codex", llm_model: "gpt-5-mini", tokens_used: 2170, cost_usd: 0.00037,
		usage: {input_tokens: 2100, output_tokens: 70, cached_tokens: 1300}}' --format text
	grep -q '^  agent      codex with gpt-5-mini: 2100 tokens in (1300 of them cached), 70 out, 0.0004 USD$' <<<"$output"
	report '.impl_result.driver = "command"' --format text
	run ! grep -q agent <<<"$output"
}

@test "a summary cannot control the terminal" {
	report '.error = {type: "PushError", message: "\u001b[2Jx"}' --format text
	run ! grep -q $'\033' <<<"$output"
}

@test "the summary can be had beside the document" {
	report . --summary summary.txt
	[ "$(field .success)" = true ]
	[ "$(head -n 1 summary.txt)" = "Task 1.1 of demo: Add a greeting" ]
	report . --summary no/such/dir
	[ "$status" -eq 0 ]
	[[ $stderr == *no_summary* ]]
}

@test "a dry run touches nothing" {
	lock r1
	report "$failed" --dry-run
	[ "${output%%$'\n'*}" = "nr-report: would sum up, and give the slot back" ]
	[ -e slot/.git/necrocode.lock ]
}

@test "reporting twice is reporting once" {
	lock r1
	report "$failed"
	stage nr-report <<<"$output"
	[ "$status" -eq 82 ]
	[ "$(field .metrics.commands)" = 3 ]
}

@test "a saved report tells later what it told then" {
	report '.success = true | .duration_seconds = 12.5'
	[ "$(field .duration_seconds)" = 12.5 ]
	stage nr-report --format text <<<"$output"
	[[ ${lines[1]} == "Done in 12.5s." ]]
}

@test "a full disk is an error" {
	document . >document.json
	run --separate-stderr sh -c 'nr-report <document.json >/dev/full'
	[ "$status" -eq 74 ]
	[[ $stderr == *"No space left on device"* ]]
}
