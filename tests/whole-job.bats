load helper

# nr-run with the real stages, as a person uses it.
prepare_test() {
	# What holds without a sandbox; and agents leave notes outside.
	export RUNNER_SANDBOX=off
	make_slot
	task >task.json
	export ARTIFACT_STORE_URL=file://$PWD/store RUNNER_ID=r1
	run_dir=$XDG_STATE_HOME/necrocode/runs/r1
	agent 'echo "Hello" >greeting.txt'
}

# agent TEXT: what the agent does.
agent() {
	printf '#!/bin/sh\n%s\n' "$1" >agent.sh
	chmod +x agent.sh
	export RUNNER_AGENT_COMMAND=$PWD/agent.sh
}

nr_run() {
	run --separate-stderr timeout 60 nr-run "$@"
}

slot_is_free() {
	[ -z "$(git -C slot status --porcelain)" ]
	[ ! -e slot/.git/necrocode.lock ]
}

wait_for() {
	local n=0
	until [ -e "$1" ]; do
		sleep 0.05
		n=$((n + 1))
		[ "$n" -lt 400 ]
	done
}

@test "a task becomes a pushed branch" {
	nr_run task.json
	[ "$status" -eq 0 ]
	[ "$(field .success)" = true ]
	[ "$(git -C remote.git show feature/task-demo-1.1:greeting.txt)" = Hello ]
	slot_is_free
	(cd store/demo/1.1/r1 && sha256sum --quiet -c SHA256SUMS)
	grep -q '"stage":"nr-push"' store/demo/1.1/r1/run.log
}

@test "an agent that failed the tests gets their output and repairs it" {
	agent 'if grep -q "missing-42"; then echo Hello >greeting.txt
		else echo attempt >notes.txt; fi'
	task '.test_commands = ["test -f greeting.txt || { echo missing-$((40 + 2)); exit 1; }"]' >task.json
	nr_run task.json
	[ "$status" -eq 0 ]
	[ "$(field '.impl_result.attempts | length')" = 2 ]
	[ "$(field .metrics.attempts)" = 2 ]
	git -C remote.git show feature/task-demo-1.1:greeting.txt
}

@test "a task that fails leaves its work in a ref, and the slot for the next" {
	nr_run --implementation-attempts 1 <<<"$(task '.test_commands = ["false"]')"
	[ "$status" -eq 82 ]
	slot_is_free
	ref=$(field .workspace.saved_ref)
	[ "$(git -C slot show "$ref:greeting.txt")" = Hello ]
	run ! remote_has_branch feature/task-demo-1.1
	RUNNER_ID=r2 nr_run <<<"$(task '.task_id = "1.2"')"
	[ "$status" -eq 0 ]
}

@test "a push that the policy refuses leaves its commit in a ref and its diff in the artifacts" {
	RUNNER_PROTECTED_PATHS=greeting.txt nr_run task.json
	[ "$status" -eq 77 ]
	[ "$(error_type)" = SecurityError ]
	[ "$(git -C slot show feature/task-demo-1.1:greeting.txt)" = Hello ]
	grep -q '^+Hello' store/demo/1.1/r1/changes.diff
	run ! git -C remote.git rev-parse -q --verify feature/task-demo-1.1
	slot_is_free
}

@test "SIGTERM ends the agent, keeps its diff, and frees the slot" {
	agent 'echo half >greeting.txt; touch ../at-work; sleep 60'
	nr-run task.json >result 2>errors 3>&- &
	pid=$!
	wait_for at-work
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 143 ]
	[ "$(jq -r .error.type result)" = CancelledError ]
	slot_is_free
	grep -q '+half' store/demo/1.1/r1/changes.diff
	run pgrep -f "$PWD/agent.sh"
	[ -z "$output" ]
}

@test "a run that was killed goes on with --resume" {
	agent '[ ! -e ../killed ] || { echo Hello >greeting.txt; exit; }
		touch ../killed; kill -9 $(cat ../pid); sleep 60'
	sh -c 'echo $$ >pid; exec nr-run task.json' >result 2>errors 3>&- || true
	[ -s "$run_dir/10-prepare.json" ]
	pkill -9 -f "$PWD/agent.sh" || true
	nr_run --resume r1
	[ "$status" -eq 0 ]
	[ "$(field .success)" = true ]
	[ ! -e "$run_dir/10-prepare-2.json" ]
	slot_is_free
}

@test "a second run on a slot is told who has it" {
	agent 'touch ../at-work; until [ -e ../go ]; do sleep 0.05; done; echo >x'
	nr-run task.json >result 2>errors 3>&- &
	pid=$!
	wait_for at-work
	RUNNER_ID=r2 nr_run <<<"$(task '.task_id = "1.2"')"
	[ "$status" -eq 80 ]
	[[ $(field .error.message) == *"runner 'r1'"* ]]
	touch go
	wait "$pid"
	slot_is_free
}

@test "a failed push is done again with --resume" {
	mv remote.git away.git
	git clone -q --bare away.git remote.git
	printf '#!/bin/sh\nexit 1\n' >remote.git/hooks/pre-receive
	chmod +x remote.git/hooks/pre-receive
	nr_run task.json
	[ "$status" -eq 83 ]
	rm remote.git/hooks/pre-receive
	nr_run --resume r1
	[ "$status" -eq 0 ]
	remote_has_branch feature/task-demo-1.1
	[ "$(field '.impl_result.attempts | length')" = 1 ]
}

@test "a task that cannot be used leaves nothing behind" {
	while read -r text; do
		nr_run - <<<"$text"
		[ "$status" -eq 65 ]
		[ -z "$output" ]
		[ ! -e store ]
		[ -z "$(find "$XDG_STATE_HOME" -type f -o -name r1)" ]
	done <<-'END'
		
		not JSON
		[]
		{"task_id":"../../etc","title":"x"}
		{"task_id":"1","title":"x","branch_name":"a..b"}
	END
}

@test "a dry run of the whole job writes nothing" {
	nr_run --dry-run task.json
	[ "$status" -eq 0 ]
	grep -q '^nr-push: would' <<<"$output"
	[ "$(git -C slot branch --list | wc -l)" -eq 1 ]
	[ ! -e store ]
	[ ! -e "$XDG_STATE_HOME" ]
}

@test "the result is valid by the schema" {
	nr_run task.json
	printf '%s' "$output" >result.json
	python3 -c 'import json, sys, jsonschema
jsonschema.validate(json.load(open("result.json")), json.load(open(sys.argv[1])))' \
		"$ROOT/share/schema/document.schema.json"
	python3 -c 'import json, sys, jsonschema
schema = json.load(open(sys.argv[1]))
for line in open(sys.argv[2]):
	jsonschema.validate(json.loads(line), schema)' \
		"$ROOT/share/schema/log.schema.json" "$run_dir/run.log"
}
