load helper
load servers

prepare_test() {
	make_slot
	export RUNNER_HEALTH_CACHE_SECONDS=0.2
	server_pid=''
}

teardown() {
	[ -z "$server_pid" ] || kill -KILL "$server_pid" 2>/dev/null || :
	stop_servers
}

# serve [OPTION...]: in the background; $url is its address, $server_pid it.
serve() {
	rm -f address
	mkfifo address
	nr-health "$@" >address 2>>health.log 3>&- &
	server_pid=$!
	read -r -t 20 url <address || {
		cat health.log >&2
		return 1
	}
}

page() {
	curl -sS -m 20 "$url/$1"
}

status_of() {
	curl -sS -m 20 -o /dev/null -w '%{http_code}\n' "${@:2}" "$url/$1"
}

# metric NAME-WITH-LABELS
metric() {
	page metrics | awk -v name="$1" '$1 == name { print $2 }'
}

# await WANTED COMMAND...: until it writes that.
await() {
	local wanted=$1 found='' i
	shift
	for ((i = 0; i < 150; i++)); do
		found=$("$@") || :
		[ "$found" != "$wanted" ] || return 0
		sleep 0.1
	done
	echo "wanted '$wanted' of '$*', found '$found'" >&2
	cat health.log >&2
	return 1
}

runs_dir() {
	echo "$XDG_STATE_HOME/necrocode/runs"
}

# ended_run NAME REPORT: a run directory as nr-run leaves it.
ended_run() {
	local dir
	dir=$(runs_dir)/$1
	mkdir -p "$dir"
	echo '{}' >"$dir/00-task.json"
	: >"$dir/run.log"
	printf '%s\n' "$2" >"$dir/60-report.json"
}

succeeded='{"success":true,"duration_seconds":42.5,"error":null}'

total() {
	echo "necrocode_runs_total{outcome=\"$1\",error_type=\"$2\"}"
}

# The official parser's view; fails where the text is none.
parse_metrics() {
	page metrics | python3 -c 'import sys
from prometheus_client.parser import text_string_to_metric_families as parse
names = set()
for family in parse(sys.stdin.read()):
    assert family.documentation, family.name
    assert family.type in ("gauge", "counter", "histogram"), family.name
    assert family.name not in names, family.name
    names.add(family.name)
    if family.type == "histogram":
        last = {}
        for sample in family.samples:
            if sample.name.endswith("_bucket"):
                key = sample.labels["outcome"]
                assert sample.value >= last.get(key, 0)
                last[key] = sample.value
print(len(names) > 10)'
}

@test "nr-health says of a machine without services that all is well" {
	stage nr-health
	[ "$status" -eq 0 ]
	[[ ${lines[0]} =~ ^ok\ +state\ +[0-9]+ms$ ]]
	[[ ${lines[1]} = ok*task_registry* ]]
	[[ ${lines[2]} = ok*artifact_store* ]]
	[ "${#lines[@]}" -eq 3 ]
}

@test "nr-health finds services healthy that answer" {
	start_server services
	echo '[]' >script.json
	start_server model --script script.json
	OPENAI_API_KEY=sk-x stage nr-health --json \
		--task-registry-url "$services_url" \
		--artifact-store-url "$services_url" \
		--repo-pool-url "$services_url" --llm-endpoint "$model_url/v1"
	[ "$status" -eq 0 ]
	[ "$(field .healthy)" = true ]
	[ "$(field '[.checks[] | select(.healthy and .decides) | .name] | join(" ")')" \
		= 'state task_registry artifact_store repo_pool llm' ]
}

@test "nr-health asks the pool with its key" {
	secret_file key pool-key-of-the-test
	start_server services --key-file "$PWD/key"
	REPO_POOL_API_KEY_FILE=$PWD/key stage nr-health \
		--repo-pool-url "$services_url"
	[ "$status" -eq 0 ]
	stage nr-health --repo-pool-url "$services_url"
	[ "$status" -eq 77 ]
}

@test "nr-health takes no file for a directory, and no directory for a file" {
	true >file
	stage nr-health --artifact-store-url "file://$PWD/file"
	[ "$status" -eq 74 ]
	[[ $output = *"FAIL  artifact_store"*"'$PWD/file' is no directory"* ]]
	stage nr-health --artifact-store-url "file://$PWD/file/below"
	[ "$status" -eq 74 ]
	stage nr-health --task-registry-url "file://$PWD"
	[ "$status" -eq 74 ]
	[[ $output = *"FAIL  task_registry"*"'$PWD' is a directory"* ]]
}

@test "nr-health ends with the code of the service that does not answer" {
	stage nr-health --task-registry-url http://127.0.0.1:1
	[ "$status" -eq 69 ]
	[[ $output = *'FAIL  task_registry'*'127.0.0.1:1'* ]]
	[[ $output = *'ok    state'* ]]
	stage nr-health --json --repo-pool-url http://127.0.0.1:1
	[ "$status" -eq 69 ]
	[ "$(field '.checks[] | select(.name == "repo_pool") | .error.type')" \
		= ServiceUnavailableError ]
}

@test "nr-health does not wait for a service that hangs" {
	start_server services
	misbehave - 'GET\s/health' silent
	stage timeout 30 nr-health --health-timeout-seconds 0.5 \
		--task-registry-url "$services_url" --repo-pool-url "$services_url"
	[ "$status" -eq 69 ]
	[[ $output = *'FAIL  task_registry'* ]]
	[[ $output = *'FAIL  repo_pool'* ]]
}

@test "nr-health knows a service that is there from one that is ill" {
	start_server services
	misbehave 1 'GET\s/health' status 404
	stage nr-health --repo-pool-url "$services_url"
	[ "$status" -eq 0 ]
	misbehave 1 'GET\s/health' status 503
	stage nr-health --repo-pool-url "$services_url"
	[ "$status" -eq 69 ]
	misbehave 1 'GET\s/health' status 401
	stage nr-health --repo-pool-url "$services_url"
	[ "$status" -eq 77 ]
	misbehave 1 'GET\s/health' html
	stage nr-health --repo-pool-url "$services_url"
	[ "$status" -eq 69 ]
}

@test "a check that does not decide is a warning" {
	stage nr-health --repo-pool-url http://127.0.0.1:1 \
		--health-ready-checks state,task_registry
	[ "$status" -eq 0 ]
	[[ $output = *'warn  repo_pool'* ]]
	stage nr-health --health-ready-checks state,registry
	[ "$status" -eq 78 ]
	[[ $stderr = *"no check 'registry'"* ]]
}

@test "nr-health finds a directory that cannot be written to, and a full disk" {
	echo file >plain
	stage nr-health --run-dir "$PWD/plain/runs"
	[ "$status" -eq 74 ]
	[[ $output = *'FAIL  state'* ]]
	stage nr-health --health-min-free-mb 16000000
	[ "$status" -eq 74 ]
	[[ $output = *health_min_free_mb* ]]
}

@test "nr-health --dry-run checks nothing" {
	stage nr-health --dry-run --repo-pool-url http://127.0.0.1:1
	[ "$status" -eq 0 ]
	[[ $output = *'nr-health: would check repo_pool'* ]]
}

@test "nr-health --listen serves health, readiness and metrics" {
	serve --listen 127.0.0.1:0
	[[ $url =~ ^http://127\.0\.0\.1:[0-9]+$ ]]
	[ "$(page healthz)" = ok ]
	await 200 status_of readyz
	run page readyz
	[ "$(field .healthy)" = true ]
	[ "$(field '.checks | length')" -eq 3 ]
	await True parse_metrics
	[ "$(metric necrocode_ready)" = 1 ]
	[ "$(metric 'necrocode_check_healthy{check="state"}')" = 1 ]
	[ "$(metric necrocode_disk_free_bytes)" -gt 0 ]
	curl -sSI "$url/metrics" | grep -qi \
		'^content-type: text/plain; version=0.0.4; charset=utf-8'
}

@test "nr-health answers HEAD, and tells what it does not know" {
	serve --listen 127.0.0.1:0
	[ "$(status_of healthz --head)" = 200 ]
	[ "$(curl -sSI "$url/healthz" | grep -ci '^content-length: 3')" -eq 1 ]
	[ "$(status_of '')" = 404 ]
	[ "$(status_of healthz/)" = 404 ]
	[ "$(status_of healthz?verbose)" = 200 ]
	[ "$(status_of healthz -X DELETE)" = 405 ]
	[ "$(status_of healthz -d x=1)" = 405 ]
	curl -sS -D - -o /dev/null -X OPTIONS "$url/metrics" |
		grep -qi '^allow: GET, HEAD'
	[ "$(status_of healthz -X GET -d body)" = 200 ]
	[ "$(status_of healthz --http1.0)" = 200 ]
	[[ $(status_of healthz -H "X: $(printf '%20000s' | tr ' ' x)") = 4* ]]
	[ "$(page healthz)" = ok ]
}

@test "nr-health listens on IPv6, on a socket of the file system, and on systemd's" {
	serve --listen '[::1]:0'
	[[ $url =~ ^http://\[::1\]:[0-9]+$ ]]
	[ "$(curl -sS -g "$url/healthz")" = ok ]
	kill "$server_pid"
	wait "$server_pid"
	serve --listen "unix:$PWD/health.sock"
	[ "$url" = "unix:$PWD/health.sock" ]
	[ "$(curl -sS --unix-socket health.sock http://x/healthz)" = ok ]
	kill -KILL "$server_pid"
	wait "$server_pid" || :
	# What it left behind is in nobody's way.
	serve --listen "unix:$PWD/health.sock"
	kill "$server_pid"
	wait "$server_pid"
	[ ! -e health.sock ]
	mkfifo systemd
	python3 -c 'import os, socket
s = socket.create_server(("127.0.0.1", 0))
os.dup2(s.fileno(), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execvp("nr-health", ["nr-health", "--listen", "systemd"])' \
		>systemd 2>>health.log &
	server_pid=$!
	read -r -t 20 url <systemd
	[ "$(page healthz)" = ok ]
}

@test "nr-health says what is wrong with an address" {
	for address in nonsense 127.0.0.1 1:2:3 '[::1]' 127.0.0.1:70000 unix: \
		systemd; do
		stage nr-health --listen "$address"
		[ "$status" -eq 64 ]
		[[ $stderr = *'nr-health'* ]]
	done
	serve --listen 127.0.0.1:0
	stage nr-health --listen "${url#http://}"
	[ "$status" -eq 74 ]
	[[ $stderr = *'Address already in use'* ]]
}

@test "a service that hangs makes the machine not ready, and alive all the same" {
	start_server services
	serve --listen 127.0.0.1:0 --repo-pool-url "$services_url" \
		--health-timeout-seconds 0.5
	await 200 status_of readyz
	misbehave - 'GET\s/health' silent
	await 503 status_of readyz
	[ "$(page healthz)" = ok ]
	[ "$(metric 'necrocode_check_healthy{check="repo_pool"}')" = 0 ]
	run page readyz
	[ "$(field '.checks[] | select(.name == "repo_pool") | .error.exit_code')" -eq 69 ]
	# The address of the service is for the log.
	[[ $output != *"$services_url"* ]]
	grep -q '"event":"check_failed"' health.log
	behave
	await 200 status_of readyz
	grep -q '"event":"check_recovered"' health.log
	stop_servers services
	await 503 status_of readyz
	[ "$(page healthz)" = ok ]
}

@test "metrics count a run while it is at work, and how it ended" {
	export RUNNER_SANDBOX=off
	serve --listen 127.0.0.1:0
	await 0 metric necrocode_runs_running
	mkfifo gate
	task >task.json
	nr-run -q --agent-command "cat $PWD/gate >/dev/null; echo x >x" \
		task.json >result.json 2>run.err 3>&- &
	local run=$!
	await 1 metric necrocode_runs_running
	[ "$(metric "$(total success none)")" = 0 ]
	timeout 20 sh -c 'echo >gate'
	wait "$run"
	await 1 metric "$(total success none)"
	[ "$(metric necrocode_runs_running)" = 0 ]
	[ "$(metric necrocode_oldest_run_age_seconds)" = 0 ]
	[ "$(metric 'necrocode_run_duration_seconds_count{outcome="success"}')" = 1 ]
	[ -n "$(metric necrocode_last_success_timestamp_seconds)" ]

	task '.task_id = "2" | .test_commands = ["false"]' >task.json
	run nr-run -q --implementation-attempts 1 \
		--agent-command 'echo y >y' task.json
	await 1 metric "$(total failure TestExecutionError)"
	[ "$(metric "$(total success none)")" = 1 ]
	parse_metrics
}

@test "a run that was killed is no longer counted as at work" {
	export RUNNER_SANDBOX=off
	serve --listen 127.0.0.1:0
	mkfifo gate
	task >task.json
	nr-run -q --agent-command ": >$PWD/began; cat $PWD/gate" task.json \
		>result.json 2>run.err 3>&- &
	local run=$!
	await began ls began
	await 1 metric necrocode_runs_running
	kill -KILL "$run"
	wait "$run" || :
	# Its agent is at work as yet.
	[ "$(metric necrocode_runs_running)" = 1 ]
	timeout 20 sh -c 'echo >gate'
	await 0 metric necrocode_runs_running
	await 1 metric "$(total unreported none)"
}

@test "a run that is resumed counts again" {
	serve --listen 127.0.0.1:0
	await 0 metric necrocode_runs_running
	task '.test_commands = ["test -e ok"]' >task.json
	run nr-run -q --implementation-attempts 1 \
		--agent-command 'echo x >x' task.json
	[ "$status" -eq 82 ]
	await 1 metric "$(total failure TestExecutionError)"
	run nr-run -q --implementation-attempts 1 --agent-command 'echo x >ok' \
		--resume "$(ls "$(runs_dir)")"
	[ "$status" -eq 0 ]
	await 1 metric "$(total success none)"
	[ "$(metric "$(total failure TestExecutionError)")" = 1 ]
}

@test "a thousand runs that ended before are not counted, and cost no memory" {
	local i
	ended_run run-0 "$succeeded"
	for ((i = 1; i < 1000; i++)); do
		cp -R "$(runs_dir)/run-0" "$(runs_dir)/run-$i"
	done
	touch -d 2001-09-09T01:46:40Z "$(runs_dir)"/run-*/60-report.json
	serve --listen 127.0.0.1:0
	await 1000 metric necrocode_run_directories
	[ "$(metric "$(total success none)")" = 0 ]
	[ "$(metric necrocode_last_success_timestamp_seconds)" = 1000000000 ]
	ended_run new "$succeeded"
	await 1 metric "$(total success none)"
	[ "$(metric necrocode_run_directories)" = 1001 ]
	[ "$(metric 'necrocode_run_duration_seconds_bucket{outcome="success",le="30"}')" = 0 ]
	[ "$(metric 'necrocode_run_duration_seconds_bucket{outcome="success",le="60"}')" = 1 ]
	[ "$(metric 'necrocode_run_duration_seconds_sum{outcome="success"}')" = 42.5 ]
	[ -n "${NR_SANITIZE-}" ] ||
		[ "$(awk '/^VmRSS/ { print $2 }' "/proc/$server_pid/status")" -lt 12288 ]
}

@test "what somebody left in a run directory neither hangs the metrics nor gets out" {
	local runs secret=hunter2-hunter2-hunter2
	runs=$(runs_dir)
	serve --listen 127.0.0.1:0
	await 0 metric necrocode_run_directories
	ended_run fifo ''
	rm "$runs/fifo/60-report.json"
	mkfifo "$runs/fifo/60-report.json"
	ended_run link ''
	echo "$succeeded" >elsewhere.json
	ln -sf "$PWD/elsewhere.json" "$runs/link/60-report.json"
	ended_run huge ''
	truncate -s 1T "$runs/huge/60-report.json"
	ended_run broken '{"success":true,"duration_seconds":'
	ended_run number '{"success":false,"duration_seconds":"1e999","error":7}'
	ended_run type "{\"success\":false,\"duration_seconds\":-3,\"error\":{\"type\":\"$secret\\n\\\"\"}}"
	mkdir -p "$runs/log"
	mkfifo "$runs/log/run.log"
	ended_run $'na\nme"{}' "$succeeded"
	ln -s "$PWD" "$runs/directory"
	await 1 metric "$(total success none)"
	await 6 metric "$(total failure unknown)"
	parse_metrics
	run page metrics
	[[ $output != *"$secret"* ]]
	[[ $output != *'na'$'\n'* ]]
	[ "$(page healthz)" = ok ]
}

@test "metrics tell how many places of nr-each are taken" {
	serve --listen 127.0.0.1:0 --max-parallel-runners 3
	await 0 metric necrocode_places_taken
	[ "$(metric necrocode_places)" = 3 ]
	mkfifo gate
	printf '{"task_id":"%s"}\n' 1 2 >tasks
	nr-each -q -j 2 --max-parallel-runners 3 sh -c "cat $PWD/gate; cat" \
		<tasks >results 2>each.err 3>&- &
	local each=$!
	await 2 metric necrocode_places_taken
	# Whoever reads it, or will, sees its end.
	exec 5<>gate
	exec 5>&-
	kill "$each" 2>/dev/null || :
	wait "$each" || :
	await 0 metric necrocode_places_taken
}

@test "clients that are slow, or say nothing, keep nobody else waiting" {
	serve --listen 127.0.0.1:0
	python3 - "${url##*:}" <<-'END' &
		import socket, sys, time
		socks = []
		for i in range(300):
		    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
		    s.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ")
		    socks.append(s)
		open("slow", "w").close()
		for i in range(600):
		    time.sleep(0.1)
		    for s in socks:
		        try:
		            s.send(b"a")
		        except OSError:
		            pass
	END
	local slow=$!
	await slow ls slow
	for i in 1 2 3 4 5; do
		[ "$(page healthz)" = ok ]
	done
	await True parse_metrics
	kill "$slow"
}

@test "nr-health ends on SIGTERM, and leaves nothing behind when it is killed" {
	serve --listen 127.0.0.1:0
	kill -TERM "$server_pid"
	wait "$server_pid"
	grep -q '"event":"stopped"' health.log
	serve --listen "${url#http://}"
	await 1 metric necrocode_ready
	local children
	children=$(ps -o pid= --ppid "$server_pid")
	[ -n "$children" ]
	kill -KILL "$server_pid"
	wait "$server_pid" || :
	serve --listen "${url#http://}"
	[ "$(page healthz)" = ok ]
	for child in $children; do
		await '' ps -o pid= -p "$child"
	done
}

@test "nr-health goes on when what looks at the runs is killed" {
	serve --listen 127.0.0.1:0
	await 1 metric necrocode_ready
	ps -o pid=,args= --ppid "$server_pid"
	for child in $(ps -o pid= --ppid "$server_pid"); do
		kill -KILL "$child" 2>/dev/null || :
	done
	[ "$(page healthz)" = ok ]
	await 1 metric necrocode_ready
	[ "$(metric necrocode_runs_running)" = 0 ]
}

@test "nr-health --listen answers and ends although nobody drains its standard error" {
	mkfifo full address
	exec {full}<>full
	timeout 1 cat /dev/zero >full || :
	RUNNER_LOG_LEVEL=debug nr-health --listen 127.0.0.1:0 >address 2>full 3>&- &
	server_pid=$!
	read -r -t 20 url <address
	[ "$(page healthz)" = ok ]
	await 200 status_of readyz
	kill -TERM "$server_pid"
	status=0
	wait "$server_pid" || status=$?
	server_pid=''
	[ "$status" -eq 0 ]
}

@test "nr-health ends without a warning where all of its group is ended" {
	mkfifo address
	setsid nr-health --listen 127.0.0.1:0 >address 2>health.log 3>&- &
	read -r -t 20 url <address
	server_pid=$(pgrep -n -s "$!" nr-health || pgrep -n nr-health)
	await True parse_metrics
	kill -TERM -- "-$!"
	wait "$!" || :
	server_pid=''
	run ! grep -E 'runs_unwatched|"level":"warn"' health.log
}
