load helper

prepare_test() {
	# Agents and tests here leave notes outside of the slot.
	export RUNNER_SANDBOX=off
	make_slot
}

# The process whose id a test wrote into a file is gone.
gone() {
	run ! kill -0 "$(cat "$1")"
}

# Waits until a file has something in it.
wait_for() {
	local i
	for i in $(seq 200); do
		[ ! -s "$1" ] || return 0
		sleep 0.05
	done
	return 1
}

# commands COMMAND...: the task with these test commands.
commands() {
	local list
	list=$(jq -nc '$ARGS.positional' --args -- "$@")
	task ".test_commands = $list"
}

# The file of the nth command's output: log 1 stdout
log() {
	field ".test_result.test_results[$(($1 - 1))].$2_path"
}

@test "nr-test runs the test commands in the slot of a bare task" {
	stage nr-test < <(task)
	[ "$status" -eq 0 ]
	[ "$(field .test_result.success)" = true ]
	[ "$(field '.test_result.test_results | length')" -eq 1 ]
	[ "$(field '.test_result.test_results[0].command')" = 'make check' ]
	[ "$(field '.test_result.test_results[0].exit_code')" -eq 0 ]
	[ "$(field '.test_result.test_results[0].stdout')" = 'test -f README' ]
	[ "$(cat "$(log 1 stdout)")" = 'test -f README' ]
	[ "$(field '.test_result.test_results[0].metrics.peak_memory_mb > 0')" = true ]
	[ "$(field .title)" = 'Add a greeting' ]
	valid_document
}

@test "nr-test works on a document that an earlier run has saved" {
	commands 'pwd; echo kept' | nr-test >saved.json
	mkdir other
	jq --arg path "$PWD/other" '.workspace = {path: $path}
		| del(.test_result)' saved.json >replay.json
	stage nr-test -i replay.json
	[ "$status" -eq 0 ]
	[ "$(field '.test_result.test_results[0].stdout')" = "$PWD/other"$'\nkept' ]
	[ "$(field .runner.run_dir)" = "$(jq -r .runner.run_dir saved.json)" ]
}

@test "a run that is repeated overwrites no log" {
	commands 'echo first' | nr-test >one.json
	stage nr-test < <(jq '.test_commands = ["echo second"]' one.json)
	[ "$(cat "$(log 1 stdout)")" = second ]
	[ "$(cat "$(jq -r '.test_result.test_results[0].stdout_path' one.json)")" = first ]
}

@test "failing tests are exit 82 and say which command failed, how, and its last line" {
	stage nr-test < <(commands 'echo fine' 'echo "3 of 9 failed" >&2; exit 4')
	[ "$status" -eq 82 ]
	[ "$(error_type)" = TestExecutionError ]
	[ "$(field .error.message)" = "the tests failed in 1 of 2 commands: 'echo \"3 of 9 failed\" >&2; exit 4': exit code 4: 3 of 9 failed" ]
	[ "$(field .test_result.success)" = false ]
	[ "$(field '.test_result.test_results[0].success')" = true ]
	[ "$(field '.test_result.test_results[1].success')" = false ]
}

@test "every way in which a command can end is told apart" {
	while IFS='|' read -r command code signal words; do
		command=${command% } words=${words# }
		[[ $command != \#* ]] || continue
		echo "command: $command"
		stage nr-test < <(commands "$command")
		[ "$status" -eq 82 ]
		[ "$(field '.test_result.test_results[0]
			| "\(.exit_code)|\(.signal)"')" = "${code// }|${signal// }" ]
		[[ $(field .error.message) == *": $words"* ]]
	done <"$BATS_TEST_DIRNAME/nr-test/ends"
}

@test "the result is JUnit XML, too" {
	stage nr-test < <(commands 'echo fine' 'echo "<3 of 9> failed"; exit 4')
	python3 - "$(field .test_result.junit_path)" <<'END'
import sys, xml.etree.ElementTree as tree
suite = tree.parse(sys.argv[1]).getroot()[0]
assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
assert suite[0].get("name") == "echo fine"
assert suite[1].find("failure").get("message") == "exit code 4"
assert suite[1].find("system-out").text == "<3 of 9> failed\n"
END
}

@test "the first failure ends the tests, and the message counts what was not run" {
	stage nr-test < <(commands true false 'touch ran' 'touch ran')
	[ "$status" -eq 82 ]
	[ "$(field '.test_result.test_results | length')" -eq 2 ]
	[[ $(field .error.message) == *'the last 2 of 4 commands were not run'* ]]
	[ ! -e slot/ran ]
}

@test "with fail_fast false all commands are run" {
	stage nr-test < <(commands false 'touch ran' | jq '.fail_fast = false')
	[ "$status" -eq 82 ]
	[ "$(field '.test_result.test_results | length')" -eq 2 ]
	[ -e slot/ran ]
}

@test "the test command of a project is found by its files" {
	task 'del(.test_commands) | .slot_path |= sub("slot$"; "project")' >task.json
	while IFS='|' read -r setup expected; do
		setup=${setup% } expected=${expected# }
		[[ $setup != \#* ]] || continue
		rm -rf project
		mkdir project
		(cd project && eval "$setup")
		echo "project: $setup"
		stage nr-test --list <task.json
		if [ "$expected" = - ]; then
			[ "$status" -eq 82 ]
			[ -z "$output" ]
		else
			[ "$status" -eq 0 ]
			[ "${output%%$'\t'*}" = "$expected" ]
		fi
	done < <(sed 's/ | /|/' "$BATS_TEST_DIRNAME/nr-test/commands")
}

@test "a detected test command is run, and the log says why it was taken" {
	stage nr-test < <(task '.test_commands = []')
	[ "$status" -eq 0 ]
	[ "$(field '.test_result.test_results[0].command')" = 'make check' ]
	[[ $stderr == *"because Makefile has a target 'check'"* ]]
}

@test "a project whose tests cannot be found is a TestExecutionError that says what to do" {
	rm slot/Makefile
	stage nr-test < <(task 'del(.test_commands)')
	[ "$status" -eq 82 ]
	[ "$(error_type)" = TestExecutionError ]
	[[ $(field .error.message) == *'set test_commands in the task' ]]
}

@test "a detected build leaves nothing in the workspace" {
	rm slot/Makefile
	touch slot/meson.build
	mkdir stubs
	printf '#!/bin/sh\ncase $1 in setup) touch "$2/x";; *) ls "$3" >&2; pwd;; esac\n' >stubs/meson
	chmod +x stubs/meson
	PATH=$PWD/stubs:$PATH TMPDIR=$PWD stage nr-test < <(task 'del(.test_commands)')
	[ "$status" -eq 0 ]
	[ "$(field '.test_result.test_results[0].stdout')" = "$PWD/slot" ]
	[ "$(field '.test_result.test_results[0].stderr')" = x ]
	run ! ls -d tmp.*
	[ -z "$(git -C slot status --porcelain | grep -v -e meson.build -e Makefile)" ]
}

@test "a command that takes longer than test_timeout_seconds has failed" {
	stage nr-test --test-timeout-seconds 1 < <(commands 'echo $$ >../pid; exec sleep 1000')
	[ "$status" -eq 82 ]
	[ "$(field '.test_result.test_results[0].end')" = timeout ]
	[[ $(field .error.message) == *'timed out after 1 s'* ]]
	gone pid
}

@test "the task's deadline is a TimeoutError" {
	stage nr-test < <(commands 'echo $$ >../pid; exec sleep 1000' | jq '.timeout_seconds = 1')
	[ "$status" -eq 124 ]
	[ "$(error_type)" = TimeoutError ]
	[ "$(field .test_result.success)" = false ]
	[ "$(field '.test_result.test_results[0].end')" = timeout ]
	gone pid
}

@test "a command that ignores SIGTERM is killed after the grace" {
	stage nr-test --test-timeout-seconds 1 --grace-seconds 0.2 \
		< <(commands 'trap "" TERM; echo $$ >../pid; while :; do sleep 0.1; done')
	[ "$status" -eq 82 ]
	[ "$(field '.test_result.test_results[0].signal')" = SIGKILL ]
	gone pid
}

@test "a command that goes on forking is ended with all it forked" {
	stage nr-test --test-timeout-seconds 1 --grace-seconds 0.2 < <(commands '
		trap "" TERM
		fork() { while :; do (sleep 0.05) & sleep 0.05; done; }
		for i in 1 2 3 4 5 6 7 8; do fork & done
		echo $$ >../pid
		wait')
	[ "$status" -eq 82 ]
	[ "$(field '.test_result.test_results[0].signal')" = SIGKILL ]
	run ! pgrep -s "$(cat pid)"
}

@test "a command that is stopped is still ended" {
	stage nr-test --test-timeout-seconds 1 < <(commands 'echo $$ >../pid; kill -STOP $$')
	[ "$status" -eq 82 ]
	[ "$(field '.test_result.test_results[0].signal')" = SIGTERM ]
	gone pid
}

@test "what a command leaves behind is ended and counted" {
	stage nr-test < <(commands 'sleep 1000 & echo $! >../background
		setsid sh -c "echo \$\$ >../daemon; exec sleep 1000" &
		(setsid sh -c "echo \$\$ >../orphan; exec sleep 1000" &)
		while ! [ -s ../daemon ] || ! [ -s ../orphan ]; do sleep 0.01; done')
	[ "$status" -eq 0 ]
	[ "$(field '.test_result.test_results[0].metrics.processes_left_behind')" -eq 3 ]
	gone background
	gone daemon
	gone orphan
	[[ $stderr == *processes_left_behind* ]]
}

@test "a process left behind that ignores SIGTERM and holds standard output is ended" {
	stage nr-test --grace-seconds 0.2 < <(commands 'setsid sh -c "trap \"\" TERM HUP
		echo \$\$ >../pid; while :; do sleep 0.1; done" &
		while ! [ -s ../pid ]; do sleep 0.01; done; exit 9')
	[ "$status" -eq 82 ]
	[ "$(field '.test_result.test_results[0].exit_code')" -eq 9 ]
	gone pid
}

@test "what a command hands to a process substitution is not lost" {
	stage nr-test < <(commands 'bash -c "echo late > >(sleep 0.05; cat)"')
	[ "$status" -eq 0 ]
	[ "$(field '.test_result.test_results[0].stdout')" = late ]
}

@test "processes that were there before are left alone" {
	task | bash -c 'sleep 1000 & echo $! >bystander; exec nr-test' >out.json
	kill -0 "$(cat bystander)"
	kill "$(cat bystander)"
	[ "$(jq .test_result.success out.json)" = true ]
}

@test "a command gets an empty standard input and no other descriptors" {
	stage nr-test < <(commands 'cat; ls /proc/self/fd | wc -l') 9</dev/null
	[ "$status" -eq 0 ]
	# 0, 1, 2, and the directory that ls reads
	[ "$(field '.test_result.test_results[0].stdout')" -eq 4 ]
}

@test "of a large output the head and the tail are kept" {
	stage nr-test --output-limit-bytes 8192 \
		< <(commands 'echo first; yes filler | head -c 49999999; echo last')
	[ "$status" -eq 0 ]
	[ "$(head -n 1 "$(log 1 stdout)")" = first ]
	[ "$(tail -n 1 "$(log 1 stdout)")" = last ]
	[ "$(stat -c %s "$(log 1 stdout)")" -lt 8300 ]
	grep -q '^\[\.\.\. 49991818 bytes left out \.\.\.\]$' "$(log 1 stdout)"
	[ "$(field '.test_result.test_results[0].metrics.stdout_bytes')" -eq 50000010 ]
	[ "$(field '.test_result.test_results[0].metrics.output_bytes_left_out')" -eq 49991818 ]
	[ "$(field '.test_result.test_results[0].stdout | length')" -lt 8300 ]
}

@test "an output of exactly the limit is kept whole, one byte more is cut" {
	stage nr-test --output-limit-bytes 8192 \
		< <(commands 'seq 1000 9999 | head -c 8192' 'seq 1000 9999 | head -c 8193')
	cmp "$(log 1 stdout)" <(seq 1000 9999 | head -c 8192)
	cmp "$(log 2 stdout)" <(seq 1000 9999 | head -c 4096
		printf '\n[... 1 bytes left out ...]\n'
		seq 1000 9999 | head -c 8193 | tail -c 4096)
}

@test "output that is not UTF-8 leaves the document valid" {
	stage nr-test < <(commands 'printf "a\377\000b\n"; printf "\302" >&2')
	[ "$status" -eq 0 ]
	[ "$(field '.test_result.test_results[0].stdout | length')" -ge 4 ]
	[ "$(od -An -tx1 <"$(log 1 stdout)")" = ' 61 ff 00 62 0a' ]
}

@test "a secret that a command prints is masked in files, document and log" {
	MY_TOKEN=hunter2hunter2 stage nr-test --pass-env MY_TOKEN --log-level debug \
		< <(commands 'echo "token=$MY_TOKEN"; echo "$MY_TOKEN" >&2; exit 1')
	[ "$status" -eq 82 ]
	[ "$(field '.test_result.test_results[0].stdout')" = 'token=***' ]
	[ "$(cat "$(log 1 stdout)" "$(log 1 stderr)")" = $'token=***\n***' ]
	[[ $output$stderr != *hunter2* ]]
	run ! grep -r hunter2 "$XDG_STATE_HOME"
}

@test "a secret that is printed in pieces is masked" {
	MY_TOKEN=hunter2hunter2 stage nr-test --pass-env MY_TOKEN \
		< <(commands 'for c in h u n t e r 2 h u n t e r 2; do printf $c; sleep 0.01; done')
	[ "$(field '.test_result.test_results[0].stdout')" = '***' ]
}

@test "a command sees the allowed environment alone" {
	CI=yes LC_TIME=C GIT_TOKEN=tok-abcdefgh SOME_SETTING=1 WANTED=2 NR_RUN_DIR=$PWD/run \
		RUNNER_ID=r1 stage nr-test --pass-env WANTED --log-level debug \
		< <(commands 'env | sort')
	[ "$status" -eq 0 ]
	field '.test_result.test_results[0].stdout' >env
	grep -qx CI=yes env
	grep -qx LC_TIME=C env
	grep -qx "HOME=$HOME" env
	grep -qx WANTED=2 env
	grep -qx NR_TASK_ID=1.1 env
	grep -qx NR_SPEC_NAME=demo env
	grep -qx NR_RUNNER_ID=r1 env
	grep -qx NR_BRANCH_NAME=feature/task-demo-1.1 env
	grep -qx "NR_WORKSPACE=$PWD/slot" env
	run ! grep -E '^(GIT_TOKEN|SOME_SETTING|NR_RUN_DIR|RUNNER_ID|BATS_)' env
	[[ $stderr == *'environment variables were kept back'* ]]
}

@test "SIGTERM and SIGINT cancel: children gone, the document written, exit 143 and 130" {
	local pair
	for pair in TERM:143 INT:130 HUP:143; do
		rm -f pid
		commands 'echo partial; echo $$ >../pid; sleep 1000' >task.json
		env --default-signal=INT,HUP nr-test <task.json >out.json 2>err &
		wait_for pid
		kill -"${pair%:*}" $!
		status=0
		wait $! || status=$?
		[ "$status" -eq "${pair#*:}" ]
		gone pid
		output=$(cat out.json)
		[ "$(error_type)" = CancelledError ]
		[ "$(field .error.exit_code)" -eq "${pair#*:}" ]
		[ "$(field '.test_result.test_results[0].stdout')" = partial ]
		valid_document
	done
}

@test "a command that never stops printing can be cancelled" {
	commands 'echo $$ >../pid; yes & yes >&2 & exec yes' >task.json
	nr-test --output-limit-bytes 65536 <task.json >out.json 2>err &
	wait_for pid
	kill -TERM $!
	status=0
	wait $! || status=$?
	[ "$status" -eq 143 ]
	gone pid
}

@test "a runner that is killed takes its command with it" {
	commands 'echo $$ >../pid; exec sleep 1000' >task.json
	nr-test <task.json >out.json 2>err &
	wait_for pid
	kill -KILL $!
	wait $! || true
	for _ in $(seq 100); do
		kill -0 "$(cat pid)" 2>/dev/null || break
		sleep 0.02
	done
	# In a container nobody may reap it.
	run ! grep -qs 'State:[[:space:]]*[RSD]' "/proc/$(cat pid)/status"
}

@test "a full disk for the document is exit 74" {
	run bash -c 'task=$1; echo "$task" | nr-test >/dev/full' - "$(task)"
	[ "$status" -eq 74 ]
	[[ $output == *'No space left on device'* ]]
}

@test "a full disk for the output ends the command and is exit 74" {
	run --separate-stderr bash -c 'ulimit -f 8; exec nr-test' \
		< <(commands 'echo $$ >../pid; seq 100000; exec sleep 1000')
	[ "$status" -eq 74 ]
	[ "$(error_type)" = IOError ]
	[[ $(field .error.message) == *test-1.stdout.log*'File too large'* ]]
	gone pid
}

@test "a document that carries an error is passed on untouched" {
	jq -nc '{task_id: "1", title: "t", error: {type: "ImplementationError",
		exit_code: 81, message: "m"}}' >failed.json
	stage nr-test <failed.json
	[ "$status" -eq 0 ]
	[ "$output" = "$(cat failed.json)" ]
}

@test "a workspace that is not there is a WorkspacePreparationError" {
	stage nr-test < <(task '.slot_path += "/none"')
	[ "$status" -eq 80 ]
	[ "$(error_type)" = WorkspacePreparationError ]
}

@test "nr-test --dry-run says what would be run and runs nothing" {
	stage nr-test --dry-run < <(commands 'touch ran')
	[ "$status" -eq 0 ]
	[ "$output" = "nr-test: would run 'touch ran' in '$PWD/slot'" ]
	[ ! -e slot/ran ]
	[ ! -e "$XDG_STATE_HOME" ]
}

@test "the last line of output is an event while a command runs, five a second at most" {
	stage nr-test --log-level debug \
		< <(commands 'for i in $(seq 60); do echo "line $i"; sleep 0.01; done; sleep 0.3')
	[ "$status" -eq 0 ]
	[[ $stderr == *'"event":"output"'*'"msg":"line 60"'* ]]
	[ "$(grep -c '"event":"output"' <<<"$stderr")" -lt 15 ]
}
