load helper

prepare_test() {
	# Agents and tests here leave notes outside of the slot.
	export RUNNER_SANDBOX=off
	make_slot
	git -C slot switch -qc feature/task-demo-1.1
	base=$(git -C slot rev-parse HEAD)
}

# The document as nr-prepare leaves it.
prepared() {
	task ".workspace = {path: .slot_path, base_branch: \"main\",
		branch_name: \"feature/task-demo-1.1\", base_commit: \"$base\"}
		| ${1:-.}"
}

# agent SHELL CODE: writes the agent, a script that runs in the slot.
agent() {
	printf '#!/bin/sh\n%s\n' "$1" >agent.sh
	chmod +x agent.sh
}

# Runs nr-exec with that agent on a prepared document.
exec_agent() {
	stage nr-exec --agent-command ./agent.sh "$@" < <(prepared)
}

gone() {
	run ! kill -0 "$(cat "$1")"
}

wait_for() {
	local i
	for i in $(seq 200); do
		[ ! -s "$1" ] || return 0
		sleep 0.05
	done
	return 1
}

attempt() {
	field ".impl_result.attempts[-1].$1"
}

@test "nr-exec runs the agent in the slot, with the prompt on standard input, and records its changes" {
	agent 'cat >../seen; echo new >file; echo more >>README; rm Makefile; echo done'
	exec_agent
	[ "$status" -eq 0 ]
	grep -q 'Add a greeting' seen
	[ "$(field .impl_result.success)" = true ]
	[ "$(field '.impl_result.files_changed | sort | join(" ")')" = 'Makefile README file' ]
	[ "$(field .impl_result.lines_added)" -eq 2 ]
	[ "$(field .impl_result.lines_removed)" -eq 2 ]
	[ "$(field '.impl_result.attempts | length')" -eq 1 ]
	[ "$(attempt exit_code)" -eq 0 ]
	[ "$(cat "$(attempt stdout_path)")" = 'done' ]
	valid_document
	diff="$(field .impl_result.diff_path)"
	[ "$(sha256sum <"$diff")" = "$(field .impl_result.diff_sha256)  -" ]
	[ "$(stat -c %s "$diff")" -eq "$(field .impl_result.diff_size_bytes)" ]
	git clone -q slot copy
	git -C copy apply "$diff"
	[ "$(cat copy/file)" = new ]
}

@test "a bare task on a slot is enough: the diff is taken against HEAD" {
	agent 'echo new >file'
	stage nr-exec --agent-command ./agent.sh < <(task)
	[ "$status" -eq 0 ]
	[ "$(field '.impl_result.files_changed[0]')" = file ]
}

@test "the agent may be a list, a string for sh, or a program on PATH" {
	agent 'echo "$@" >args'
	stage nr-exec --agent-command '["./agent.sh", "two words", "x"]' < <(prepared)
	[ "$status" -eq 0 ]
	[ "$(cat slot/args)" = 'two words x' ]
	stage nr-exec --agent-command './agent.sh one two; echo $((1 + 2)) >>args' < <(prepared)
	[ "$(cat slot/args)" = $'one two\n3' ]
	PATH=$PWD:$PATH stage nr-exec --agent-command '["agent.sh", "on path"]' < <(prepared)
	[ "$(cat slot/args)" = 'on path' ]
}

@test "the prompt holds the task, the tree, AGENTS.md and the rules" {
	mkdir slot/src
	touch slot/src/main.c
	printf 'Indent with tabs.\n```\ncode\n```\n' >slot/AGENTS.md
	git -C slot add -A
	git -C slot commit -qm more
	agent 'cat >../seen; touch x'
	stage nr-exec --agent-command ./agent.sh < <(prepared '.dependencies = ["1.0"]
		| .related_files = ["src/main.c"]')
	[ "$status" -eq 0 ]
	grep -qx '# Task 1.1: Add a greeting' seen
	grep -qx 'Say hello.' seen
	grep -qx '1. greets' seen
	grep -qx '2. is tested' seen
	grep -qx -- '- 1.0' seen
	grep -qx -- '- src/main.c' seen
	grep -qx -- '- make check' seen
	grep -qx 'src/main.c' seen
	grep -qx 'Indent with tabs.' seen
	grep -qx '````' seen
	grep -q 'Do not commit, push' seen
	cmp seen "$(attempt prompt_path)"
}

@test "a large tree and a large AGENTS.md are cut, and the prompt says so" {
	mkdir slot/many
	(cd slot/many && seq -f 'file-%04g' 500 | xargs touch)
	yes 'a rule' | head -c 100000 >slot/AGENTS.md
	git -C slot add -A
	git -C slot commit -qm many
	agent 'cat >../seen; touch x'
	exec_agent
	grep -q '^and 103 more' seen
	grep -q '67232 bytes left out' seen
	[ "$(stat -c %s seen)" -lt 60000 ]
}

@test "an AGENTS.md that leads out of the workspace is not read" {
	echo 'outside' >outside.md
	ln -s ../outside.md slot/AGENTS.md
	agent 'cat >../seen; touch x'
	exec_agent
	[ "$status" -eq 0 ]
	run ! grep outside seen
}

@test "without an agent it is a ConfigError that says how to name one" {
	stage nr-exec < <(prepared)
	[ "$status" -eq 78 ]
	[ "$(error_type)" = ConfigError ]
	[[ $(field .error.message) == *agent_command*RUNNER_AGENT_COMMAND*--agent-command* ]]
}

@test "an agent that cannot be started is an ImplementationError that names it and the reason" {
	stage nr-exec --agent-command '["no-such-agent"]' < <(prepared)
	[ "$status" -eq 81 ]
	[ "$(error_type)" = ImplementationError ]
	[ "$(field .error.message)" = "the agent 'no-such-agent' cannot be started: No such file or directory; check agent_command" ]
	[ "$(attempt end)" = not_started ]
	[ "$(attempt exit_code)" -eq 127 ]
	touch not-executable
	stage nr-exec --agent-command '["./not-executable"]' < <(prepared)
	[ "$status" -eq 81 ]
	[[ $(field .error.message) == *'Permission denied'* ]]
	[ "$(attempt exit_code)" -eq 126 ]
	printf '#!/no/such/interpreter\n' >script
	chmod +x script
	stage nr-exec --agent-command '["./script"]' < <(prepared)
	[ "$status" -eq 81 ]
	[[ $(field .error.message) == *'#! line'* ]]
	stage nr-exec --agent-command no-such-agent < <(prepared)
	[ "$status" -eq 81 ]
	[[ $(field .error.message) == *'exit code 127'*'not found'* ]]
}

@test "an agent that fails is an ImplementationError with its exit code and last line; its diff is kept" {
	agent 'echo half >file; echo "out of ideas" >&2; exit 3'
	exec_agent
	[ "$status" -eq 81 ]
	[ "$(error_type)" = ImplementationError ]
	[ "$(field .error.message)" = "the agent './agent.sh' failed: exit code 3: out of ideas" ]
	[ "$(field .impl_result.success)" = false ]
	[ "$(field .impl_result.error)" = "$(field .error.message)" ]
	grep -q '^+half' "$(field .impl_result.diff_path)"
	[ "$(attempt error)" = "$(field .error.message)" ]
	valid_document
}

@test "an agent that is killed by a signal says which" {
	agent 'kill -SEGV $$'
	exec_agent
	[ "$status" -eq 81 ]
	[[ $(field .error.message) == *'exit code 139 (SIGSEGV)'* ]]
	stage nr-exec --agent-command '["./agent.sh"]' < <(prepared)
	[ "$status" -eq 81 ]
	[[ $(field .error.message) == *'killed by SIGSEGV'* ]]
	[ "$(attempt signal)" = SIGSEGV ]
}

@test "an agent that takes too long is a TimeoutError; it is gone, its diff is kept" {
	agent 'echo $$ >../pid; echo half >file; sleep 1000'
	stage nr-exec --agent-command ./agent.sh < <(prepared '.timeout_seconds = 1')
	[ "$status" -eq 124 ]
	[ "$(error_type)" = TimeoutError ]
	grep -q '^+half' "$(field .impl_result.diff_path)"
	gone pid
}

@test "an agent that stops printing is a TimeoutError that says stalled" {
	agent 'echo $$ >../pid; echo half >file; echo thinking; sleep 1000'
	exec_agent --stall-timeout-seconds 1
	[ "$status" -eq 124 ]
	[[ $(field .error.message) == *'stalled: no output for 1 s'* ]]
	[ "$(attempt end)" = stalled ]
	grep -q '^+half' "$(field .impl_result.diff_path)"
	gone pid
}

@test "an agent that keeps printing has not stalled" {
	agent 'for i in 1 2 3 4 5 6 7; do sleep 0.2; echo .; done; touch x'
	exec_agent --stall-timeout-seconds 1
	[ "$status" -eq 0 ]
}

@test "SIGTERM cancels: the agent is gone, the diff is kept, exit 143" {
	agent 'trap "" TERM; echo half >file; echo $$ >../pid; while :; do sleep 0.1; done'
	nr-exec --agent-command ./agent.sh --grace-seconds 0.2 < <(prepared) >out.json 2>err &
	wait_for pid
	kill -TERM $!
	status=0
	wait $! || status=$?
	[ "$status" -eq 143 ]
	output=$(cat out.json)
	[ "$(error_type)" = CancelledError ]
	grep -q '^+half' "$(field .impl_result.diff_path)"
	gone pid
}

@test "what an agent leaves running is ended" {
	agent 'touch x; setsid sh -c "echo \$\$ >../pid; exec sleep 1000" >/dev/null 2>&1 &
		while ! [ -s ../pid ]; do sleep 0.01; done'
	exec_agent
	[ "$status" -eq 0 ]
	[ "$(attempt processes_left_behind)" -eq 1 ]
	gone pid
}

@test "no changes is an ImplementationError, or a success where that is configured" {
	agent 'echo nothing to do'
	exec_agent
	[ "$status" -eq 81 ]
	[[ $(field .error.message) == 'the agent made no changes'* ]]
	[ "$(field '.impl_result.files_changed | length')" -eq 0 ]
	exec_agent --no-changes success
	[ "$status" -eq 0 ]
	[ "$(field .impl_result.success)" = true ]
}

@test "files that the repository ignores are no changes" {
	echo '*.log' >slot/.gitignore
	git -C slot add -A
	git -C slot commit -qm ignore
	base=$(git -C slot rev-parse HEAD)
	agent 'echo x >build.log'
	exec_agent
	[ "$status" -eq 81 ]
	[[ $(field .error.message) == 'the agent made no changes'* ]]
}

@test "an agent that commits by itself is fine, and its commit is in the diff" {
	agent 'echo new >file; git add file; git commit -qm mine; echo more >other'
	exec_agent
	[ "$status" -eq 0 ]
	[ "$(field '.impl_result.files_changed | sort | join(" ")')" = 'file other' ]
	[ "$(git -C slot log -1 --format=%s)" = mine ]
}

@test "an agent that switches branch is put right, and the log says so" {
	agent 'git switch -qc elsewhere; echo new >file; git add file; git commit -qm mine'
	exec_agent
	[ "$status" -eq 0 ]
	[ "$(git -C slot symbolic-ref HEAD)" = refs/heads/feature/task-demo-1.1 ]
	[ "$(git -C slot log -1 --format=%s)" = mine ]
	[[ $stderr == *workspace_settled* ]]
}

@test "an agent that rewrites the branch is an ImplementationError" {
	agent 'echo new >file; git add -A; git commit -q --amend -m rewritten'
	exec_agent
	[ "$status" -eq 81 ]
	[ "$(git -C slot rev-parse feature/task-demo-1.1)" = "$base" ]
}

@test "an agent that deletes .git is an ImplementationError in clear words" {
	agent 'rm -rf .git; echo x >file'
	exec_agent
	[ "$status" -eq 81 ]
	[[ $(field .error.message) == *"the agent deleted '.git' of"* ]]
	[ "$(field .impl_result.success)" = false ]
	[ "$(field .impl_result.diff_path)" = null ]
	valid_document
}

@test "an agent that damages the repository is an ImplementationError" {
	agent 'echo x >.git/HEAD; echo x >file'
	exec_agent
	[ "$status" -eq 81 ]
	[ "$(error_type)" = ImplementationError ]
	[[ $(field .error.message) == *'a repository that cannot be used'* ]]
}

@test "a lock that a killed git left behind does no harm" {
	agent 'echo x >file; touch .git/index.lock'
	exec_agent
	[ "$status" -eq 0 ]
	[ "$(field '.impl_result.files_changed[0]')" = file ]
	[ ! -e slot/.git/index.lock ]
}

@test "a secret is masked in prompt, output, diff, document and log, and reaches the agent only by pass_env" {
	agent 'echo "${MY_TOKEN:-unset}" "${OTHER_TOKEN:-unset}"; cat; echo "$MY_TOKEN" >file'
	export MY_TOKEN=hunter2hunter2 OTHER_TOKEN=correcthorsebattery
	stage nr-exec --agent-command ./agent.sh --pass-env MY_TOKEN --log-level debug \
		< <(prepared '.description = "use hunter2hunter2"')
	[ "$status" -eq 0 ]
	[ "$(head -n 1 "$(attempt stdout_path)")" = '*** unset' ]
	[ "$(cat slot/file)" = hunter2hunter2 ]
	grep -qx 'use \*\*\*' "$(attempt prompt_path)"
	grep -q '^+\*\*\*' "$(field .impl_result.diff_path)"
	[[ $stderr != *hunter2* ]]
	run ! grep -r hunter2 "$XDG_STATE_HOME"
}

@test "an agent knows its task from the environment" {
	agent 'env | grep ^NR_ | sort >../env; touch x'
	exec_agent
	prompt=$(attempt prompt_path)
	[ "$(cat env)" = "NR_ATTEMPT=1
NR_BASE_BRANCH=main
NR_BRANCH_NAME=feature/task-demo-1.1
NR_PROMPT_FILE=$prompt
NR_RUNNER_ID=$(field .runner.runner_id)
NR_SPEC_NAME=demo
NR_TASK_ID=1.1
NR_WORKSPACE=$PWD/slot" ]
}

@test "after tests that failed, --fix tells the agent how and adds an attempt" {
	agent 'cat >../seen-$NR_ATTEMPT; echo try >>file; echo attempt $NR_ATTEMPT'
	prepared '.test_commands = ["echo the sum is wrong; echo stack trace >&2; exit 7", "true"]
		| .fail_fast = false' | nr-exec --agent-command ./agent.sh | nr-test >failed.json || true
	[ "$(jq -r .error.type failed.json)" = TestExecutionError ]
	jq -c '.success = false | .duration_seconds = 5' failed.json >reported.json
	stage nr-exec --fix --agent-command ./agent.sh <reported.json
	[ "$status" -eq 0 ]
	[ "$(field .error)" = null ]
	[ "$(field '[.success, .duration_seconds] | tostring')" = '[null,null]' ]
	[ "$(field '.impl_result.attempts | length')" -eq 2 ]
	[ "$(attempt attempt)" -eq 2 ]
	[ "$(cat "$(attempt stdout_path)")" = 'attempt 2' ]
	[ "$(cat "$(field '.impl_result.attempts[0].stdout_path')")" = 'attempt 1' ]
	grep -q 'ended with exit code 7' seen-2
	grep -qx 'the sum is wrong' seen-2
	grep -qx 'stack trace' seen-2
	run ! grep -q 'The last attempt' seen-1
	run ! grep -q '`true` ended' seen-2
}

@test "without --fix a document whose tests failed is passed on" {
	agent 'touch ran'
	prepared '.error = {type: "TestExecutionError", exit_code: 82, message: "m"}' >failed.json
	stage nr-exec --agent-command ./agent.sh <failed.json
	[ "$status" -eq 0 ]
	[ "$output" = "$(cat failed.json)" ]
	[ ! -e slot/ran ]
}

@test "a full disk for the agent's output ends it and is exit 74" {
	agent 'echo $$ >../pid; echo half >file; seq 100000; exec sleep 1000'
	run --separate-stderr bash -c 'ulimit -f 8; exec nr-exec --agent-command ./agent.sh' \
		< <(prepared)
	[ "$status" -eq 74 ]
	[ "$(error_type)" = IOError ]
	[ "$(attempt success)" = false ]
	grep -q '^+half' "$(field .impl_result.diff_path)"
	gone pid
}

@test "a slot whose HEAD is elsewhere is refused before the agent is run" {
	git -C slot switch -q main
	agent 'touch ran'
	exec_agent
	[ "$status" -eq 80 ]
	[[ $(field .error.message) == *'run nr-prepare again' ]]
	[ ! -e slot/ran ]
}

@test "nr-exec --dry-run says what would be run and touches nothing" {
	agent 'touch ran'
	exec_agent --dry-run
	[ "$status" -eq 0 ]
	[ "$output" = "nr-exec: would run the agent './agent.sh' in '$PWD/slot'" ]
	[ ! -e slot/ran ]
	[ ! -e "$XDG_STATE_HOME" ]
}

@test "an agent that prints a gigabyte costs no memory and little disk" {
	agent 'yes "thinking about it" | head -c 1000000000; touch x'
	stage nr-exec --agent-command ./agent.sh --output-limit-bytes 1000000 < <(prepared)
	[ "$status" -eq 0 ]
	[ "$(attempt stdout_bytes)" -eq 1000000000 ]
	[ "$(stat -c %s "$(attempt stdout_path)")" -lt 1000100 ]
}
