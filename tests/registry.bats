# The Task Registry, as nr-prepare and nr-report tell it.
load helper
load servers

prepare_test() {
	make_slot
	told=$HOME/.necrocode/tasks.jsonl
	mkdir -p runs/r1
}

use_service() {
	start_server services "$@"
	export TASK_REGISTRY_URL=$services_url RUNNER_NETWORK_RETRY_COUNT=1
}

# What a run has at its end, changed by a jq filter.
ended() {
	task | jq -c --arg dir "$PWD/runs/r1" '. + {
		runner: {runner_id: "r1", run_dir: $dir, started_at: (now - 90 | todate)},
		push_result: {success: true, branch_name: "feature/x",
			commit_hash: "c0ffee"},
		artifacts: [
			{type: "diff", uri: "file:///a/x.diff", size_bytes: 12,
			 sha256: "ab", created_at: "2026-01-31T12:00:00.500Z"},
			{type: "log", uri: "file:///a/run.log", size_bytes: 0}]}' |
		jq -c "${1:-.}"
}

report() {
	ended "$1" >document.json
	shift
	stage nr-report "$@" <document.json
}

failed='.error = {type: "TestExecutionError", stage: "nr-test",
	message: "the tests failed", exit_code: 82} | del(.push_result)'

warnings() {
	jq -r 'select(.event == "registry_not_told") | .msg' <<<"$stderr"
}

@test "the registry is told that a task has started" {
	use_service
	task >task.json
	stage nr-prepare -i task.json
	[ "$status" -eq 0 ]
	[ "$(service_notes registry '[.task_id, .kind, .body.event_type // .body.status]')" = \
		'["1.1","event","TaskStarted"]
["1.1","status","in_progress"]' ]
	[ "$(service_notes registry .body.data.runner_id | head -n 1)" = "$(field .runner.runner_id | jq -R .)" ]
	[ -z "$(service_notes problems)" ]
}

@test "the registry is told of the artifacts, and then how the task ended" {
	use_service
	report .
	[ "$status" -eq 0 ]
	[ "$(service_notes registry '[.kind, .body.type // .body.event_type // .body.status]')" = \
		'["artifact","diff"]
["artifact","log"]
["event","TaskCompleted"]
["status","done"]' ]
	[ "$(service_notes registry 'select(.kind == "artifact") | .body' | head -n 1)" = \
		'{"type":"diff","uri":"file:///a/x.diff","size_bytes":12,"metadata":{"sha256":"ab"},"created_at":1769860800.5}' ]
	[ "$(service_notes registry 'select(.kind == "event") | .body.data | [.runner_id, .branch_name, .commit_hash, .duration_seconds > 80]')" = \
		'["r1","feature/x","c0ffee",true]' ]
	[ -z "$(service_notes problems)" ]
}

@test "a task that failed is told with its error" {
	use_service
	report "$failed"
	[ "$status" -eq 82 ]
	[ "$(service_notes registry 'select(.kind == "event") | [.body.event_type, .body.data.error.type]')" = \
		'["TaskFailed","TestExecutionError"]' ]
	[ "$(service_notes registry 'select(.kind == "status") | .body.status')" = '"failed"' ]
}

@test "the key goes along as a bearer token, and nowhere else" {
	secret_file key very-secret-registry-key
	use_service --key-file "$PWD/key"
	TASK_REGISTRY_API_KEY_FILE=$PWD/key report .
	[ "$(service_notes registry .kind | wc -l)" -eq 4 ]
	run ! grep -r very-secret runs "$HOME" document.json
	[[ $output$stderr != *very-secret* ]]
	report . --task-registry-api-key-env NO_SUCH_KEY
	[[ $(warnings) == *"401"* ]]
}

@test "a registry that fails once is told with the next attempt" {
	use_service
	misbehave 1 /events status 503
	report .
	[ -z "$(warnings)" ]
	[ "$(request_count services)" -eq 5 ]
	[ "$(service_notes registry 'select(.kind != "artifact") | .kind')" = \
		'"event"
"status"' ]
}

@test "a registry that cannot be reached is one warning, and not asked again" {
	export TASK_REGISTRY_URL=http://127.0.0.1:1 RUNNER_NETWORK_RETRY_COUNT=0
	report .
	[ "$status" -eq 0 ]
	[ "$(warnings | wc -l)" -eq 1 ]
	[[ $(warnings) == *"http://127.0.0.1:1"*"tells it again"* ]]
}

@test "what a registry declines does not keep the rest from it" {
	use_service
	misbehave - /artifacts status 413
	report .
	[[ $(warnings) == *413* ]]
	[ "$(service_notes registry .kind)" = '"event"
"status"' ]
}

@test "a registry that says nothing holds no start up" {
	use_service
	misbehave - /events silent
	task >task.json
	RUNNER_NETWORK_TIMEOUT_SECONDS=1 stage timeout 50 nr-prepare -i task.json
	[ "$status" -eq 0 ]
	[ "$(warnings | wc -l)" -eq 1 ]
}

@test "a name server that says nothing holds nobody up" {
	echo 'nameserver 127.0.0.1' >resolv.conf
	cat >mute.py <<-'END'
		import socket, sys
		server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		server.bind(("127.0.0.1", 53))
		print(flush=True)
		sys.stdin.read()
	END
	ended >document.json
	export TASK_REGISTRY_URL=http://registry.example.org \
		RES_OPTIONS='timeout:25 attempts:3' \
		RUNNER_NETWORK_TIMEOUT_SECONDS=1 RUNNER_NETWORK_RETRY_COUNT=0
	stage unshare --user --map-root-user --mount --net sh -c '
		ip link set lo up && mount --bind resolv.conf /etc/resolv.conf || exit 99
		mkfifo up down
		python3 mute.py <down >up &
		exec 3>down
		read -r _ <up
		timeout 15 nr-report <document.json 3>&-'
	[ "$status" -eq 0 ]
	[ "$(warnings | wc -l)" -eq 1 ]
}

@test "without a service the same is appended to a file" {
	task >task.json
	stage nr-prepare -i task.json
	[ "$status" -eq 0 ]
	report .
	[ "$(jq -c '[.task_id, .kind, .body.event_type // .body.status // .body.type]' "$told")" = \
		'["1.1","event","TaskStarted"]
["1.1","status","in_progress"]
["1.1","artifact","diff"]
["1.1","artifact","log"]
["1.1","event","TaskCompleted"]
["1.1","status","done"]' ]
	[ "$(stat -c %a "$told")" = 600 ]
}

@test "file:///dev/null tells nobody" {
	TASK_REGISTRY_URL=file:///dev/null report .
	[ -z "$(warnings)" ]
	[ ! -e "$HOME/.necrocode" ]
}

@test "runners at the same time leave whole lines" {
	ended >document.json
	for _ in 1 2 3 4 5 6 7 8; do
		nr-report <document.json >/dev/null 2>&1 &
	done
	wait
	[ "$(jq -c .kind "$told" | wc -l)" -eq 32 ]
}

@test "a line that a killed runner left is not gone on with" {
	mkdir -p "${told%/*}"
	printf '{"task_id":"0","ki' >"$told"
	report .
	[ "$(tail -n +2 "$told" | jq -c .kind | wc -l)" -eq 4 ]
}

@test "a file that is locked by somebody who does not let go is a warning" {
	mkdir -p "${told%/*}"
	task >task.json
	stage timeout 50 flock "$told" nr-prepare -i task.json
	[ "$status" -eq 0 ]
	[[ $(warnings) == *"cannot lock '$told'"* ]]
}

@test "a full disk is a warning, and leaves no part of a line" {
	TASK_REGISTRY_URL=file:///dev/full report .
	[ "$status" -eq 0 ]
	[[ $(warnings) == *"No space left"* ]]
}

@test "secrets are masked on the way to the registry" {
	use_service
	MY_TOKEN=sesame-open-sesame report "$failed"'
		| .error.message = "it said sesame-open-sesame"'
	[ "$(service_notes registry 'select(.kind == "event") | .body.data.error.message')" = \
		'"it said ***"' ]
	run ! grep -r sesame-open "$services_dir"
}

@test "artifacts of a stage of one's own may lack anything" {
	use_service
	report '.artifacts = [{}, {uri: "x"}, "a", {uri: "u", type: "log"}]'
	[ "$(service_notes registry 'select(.kind == "artifact") | .body.size_bytes')" = 0 ]
	[ -z "$(service_notes problems)" ]
}

@test "a dry run tells nobody" {
	report . --dry-run
	[[ $output == *"would tell 'file://$told'"* ]]
	[ ! -e "$told" ]
}
