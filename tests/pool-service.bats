load helper
load servers

# Slots of the Repo Pool Manager: nr-slot with repo_pool_url.

prepare_test() {
	make_slot
	echo pool-key-1 >key
	chmod 600 key
	export REPO_POOL_API_KEY_FILE=$PWD/key
	start_server services --key-file key --slots 1
	export REPO_POOL_URL=$services_url
}

clone_task() {
	task "del(.slot_path) | .repo_url = \"$PWD/remote.git\" | ${1:-.}"
}

allocate() {
	stage nr-slot allocate "$@" <<<"$(clone_task)"
	slot=$(field .slot_path)
}

pool_events() {
	service_notes pool .kind | xargs
}

@test "a slot comes from the Repo Pool Manager, and goes back to it" {
	allocate
	[ "$status" -eq 0 ]
	[ "$(field .slot_id)" = slot-1 ]
	[ -e "$slot/README" ]
	valid_document
	stage nr-slot release <<<"$output"
	[ "$status" -eq 0 ]
	[ "$(pool_events)" = "allocate release" ]
	[ -z "$(service_notes problems)" ]
	run ! grep -r pool-key-1 "$XDG_STATE_HOME"
}

@test "releasing a slot twice, or one that the manager does not know, is no error" {
	allocate
	local document=$output
	nr-slot release <<<"$document" >/dev/null
	stage nr-slot release <<<"$document"
	[ "$status" -eq 0 ]
	[[ "$stderr" == *slot_not_held* ]]
	stage nr-slot release <<<"$(jq -c '.slot_id = "no-such"' <<<"$document")"
	[ "$status" -eq 0 ]
	[ "$(pool_events)" = "allocate release" ]
}

@test "a slot that somebody else has is waited for" {
	allocate
	local document=$output
	nr-slot allocate --network-retry-count 9 <<<"$(clone_task)" >second 2>log 3>&- &
	until grep -q '"retry"' log; do sleep 0.05; done
	nr-slot release <<<"$document" >/dev/null 2>&1
	wait $!
	[ "$(jq -r .slot_id second)" = slot-1 ]
}

@test "that no slot is free is told after the retries" {
	allocate
	allocate --network-retry-count 0
	[ "$status" -eq 69 ]
	[ "$(error_type)" = ServiceUnavailableError ]
	[ "$(field .error.retryable)" = true ]
	[[ "$(field .error.message)" == "the Repo Pool Manager at '$services_url"*"409"*"no slot is free"* ]] ||
		{ field .error.message; return 1; }
}

@test "a manager that is busy is asked again when it says" {
	misbehave 1 'POST\s/slots/allocate' status 503 1
	allocate
	[ "$status" -eq 0 ]
	[ "$(pool_events)" = allocate ]
}

@test "an answer that was lost costs no second slot, and a release is certain" {
	misbehave 1 'POST\s/slots/allocate' lost-reply
	misbehave 1 'POST\s/slots/slot-1/release' lost-reply
	allocate
	[ "$status" -eq 0 ]
	stage nr-slot release <<<"$output"
	[ "$status" -eq 0 ]
	[ "$(pool_events)" = "allocate release" ]
}

@test "a slot whose path is not here is given back, and the error says so" {
	allocate
	nr-slot release <<<"$output" >/dev/null 2>&1
	local path=$slot
	rm -rf "$path"
	allocate
	[ "$status" -eq 80 ]
	[[ "$(field .error.message)" == *"'$path' cannot be found on this machine"* ]]
	[ "$(field .slot_path)" = null ]
	[ "$(pool_events)" = "allocate release allocate release" ]
}

@test "an answer that is none is an error" {
	local mode
	for mode in wrong html no-json empty; do
		behave
		misbehave - 'POST\s/slots/allocate' $mode
		allocate --network-retry-count 0
		[ "$status" -eq 69 ] || {
			echo "$mode: $status $stderr"
			return 1
		}
	done
}

@test "a wrong key is refused, and not tried again" {
	echo wrong >other
	REPO_POOL_API_KEY_FILE=$PWD/other allocate
	[ "$status" -eq 77 ]
	[ "$(request_count services)" -eq 1 ]
}

@test "a manager that is not there is told of" {
	stop_servers
	allocate --network-retry-count 0
	[ "$status" -eq 69 ]
	[ "$(error_type)" = ServiceUnavailableError ]
}

@test "nr-run has a slot of the manager, and gives it back however it ends" {
	printf '#!/bin/sh\necho Hello >greeting.txt\n' >agent.sh
	chmod +x agent.sh
	stage nr-run --agent-command "$PWD/agent.sh" <<<"$(clone_task)"
	[ "$status" -eq 0 ]
	[ "$(field .slot_id)" = slot-1 ]
	remote_has_branch feature/task-demo-1.1
	stage nr-run --agent-command false <<<"$(clone_task '.task_id = "1.2"')"
	[ "$status" -eq 81 ]
	stage nr-run --agent-command "$PWD/agent.sh" <<<"$(clone_task '.base_branch = "none"')"
	[ "$status" -eq 80 ]
	[ "$(pool_events)" = "allocate release allocate release allocate release" ]
	[ -z "$(service_notes problems)" ]
}

@test "a slot is given back although the stage that has got it was killed" {
	export RUNNER_AGENT_COMMAND='kill -KILL $PPID; sleep 5'
	stage nr-run <<<"$(clone_task)"
	[ "$status" -ne 0 ]
	[ "$(pool_events)" = "allocate release" ]
}

@test "a slot that somebody else has allocated is theirs to give back" {
	allocate
	local document=$output
	rm -r "$XDG_STATE_HOME/necrocode/runs"
	stage nr-run --agent-command 'echo x >new' <<<"$(jq -c 'del(.runner)' <<<"$document")"
	[ "$status" -eq 0 ]
	[ "$(pool_events)" = allocate ]
}
