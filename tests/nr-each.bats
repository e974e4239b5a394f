load helper

# tasks N: so many documents, with a blank line among them.
tasks() {
	local i
	for ((i = 1; i <= $1; i++)); do
		printf '{"task_id":"t%d","title":"Task %d"}\n' "$i" "$i"
		[ "$i" -ne 1 ] || echo
	done
}

# each ...: nr-each with what is in `tasks`; sets $output, $stderr, $status.
each() {
	stage nr-each "$@" <tasks
}

# The command of most tests: as the task with that id says in the file of its
# name; else it passes the document on.
prepare_test() {
	cat >by-id <<-'END'
		#!/bin/sh
		document=$(cat)
		id=${document#*'"task_id":"'} id=${id%%'"'*}
		[ ! -f "$id" ] || . "./$id"
		printf '%s\n' "$document"
	END
	chmod +x by-id
}

# wait_for COMMAND: until it succeeds, half a minute at most.
wait_for() {
	local n=0
	until "$@"; do
		n=$((n + 1))
		[ "$n" -lt 600 ] || return 1
		sleep 0.05
	done
}

not_running() {
	! kill -0 "$1" 2>/dev/null
}

@test "nr-each writes a result line for each document" {
	tasks 20 >tasks
	each -j 4 cat
	[ "$status" -eq 0 ]
	[ "$(field .task_id | sort -u | wc -l)" -eq 20 ]
	[ "$(wc -l <<<"$output")" -eq 20 ]
	[ "$(field 'select(.task_id == "t2") | .each.line')" = 3 ]
	[ "$(field '.each.exit_code' | sort -u)" = 0 ]
}

@test "nr-each passes on what it does not know byte for byte" {
	printf '%s' '{ "task_id":"1", "n":1.50, "s":"\u00e9 é", "each" : {"old": [1]} ,"z":{}}  ' >tasks
	each cat
	[[ "$output" == '{ "task_id":"1", "n":1.50, "s":"\u00e9 é", "each" : {"line":1,"exit_code":0,'*'} ,"z":{}}' ]]
}

@test "nr-each makes one line of a document that has several" {
	tasks 2 >tasks
	each -k jq .
	[ "$status" -eq 0 ]
	[ "$(wc -l <<<"$output")" -eq 2 ]
	[ "$(field .task_id | xargs)" = "t1 t2" ]
}

@test "nr-each writes results as their tasks end, or with -k in the order of the input" {
	tasks 3 >tasks
	echo 'until [ -e ended ]; do sleep 0.05; done' >t1
	echo ': >ended' >t3
	each -j 2 ./by-id
	[ "$(field .task_id | xargs)" = "t2 t3 t1" ] || [ "$(field .task_id | xargs)" = "t2 t1 t3" ]
	rm ended
	each -j 2 -k ./by-id
	[ "$(field .task_id | xargs)" = "t1 t2 t3" ]
}

@test "nr-each runs no more than N tasks at a time" {
	tasks 8 >tasks
	mkdir at-work
	# shellcheck disable=SC2016
	each -j 3 sh -c 'mkdir at-work/$$; ls at-work | wc -l >>counts; sleep 0.1
		rmdir at-work/$$; cat'
	[ "$status" -eq 0 ]
	[ "$(sort -n counts | tail -n 1)" -le 3 ]
	[ "$(sort -n counts | tail -n 1)" -ge 2 ]
}

@test "a task starts as soon as its line has been read" {
	mkfifo in
	nr-each -j 2 cat <in >out 2>/dev/null 3>&- &
	exec 9>in
	echo '{"task_id":"first"}' >&9
	wait_for grep -q first out
	echo '{"task_id":"second"}' >&9
	wait_for grep -q second out
	exec 9>&-
	wait $!
}

@test "a line that is no document gets a result that says so, and the others are done" {
	printf '%s\n' '{"task_id":"a"}' '{"task_id":' '[1]' 'x' '{"task_id":"b"} {}' \
		$'{"task_id":"\xff"}' '{"task_id":"c"}' >tasks
	each -k cat
	[ "$status" -eq 65 ]
	[ "$(wc -l <<<"$output")" -eq 7 ]
	[ "$(field 'select(.success == false) | .each.line' | xargs)" = "2 3 4 5 6" ]
	[ "$(field 'select(.each.line == 3) | .error.message')" = "line 3 is no document: not an object at byte 1" ]
	[ "$(field .error.type | sort | uniq -c | xargs)" = "5 TaskContextValidationError 2 null" ]
}

@test "a command that dies without a document gets a failed result with its exit code" {
	tasks 4 >tasks
	echo 'exit 3' >t1
	echo 'kill -KILL $$' >t2
	echo 'exit 82' >t3
	echo 'echo "{\"half\":"; exit 0' >t4
	each -k ./by-id
	[ "$status" -eq 70 ]
	[ "$(field '[.task_id, .success, .error.type, .error.exit_code, .each.exit_code] | join(" ")')" = \
		"t1 false RunnerError 70 3
t2 false RunnerError 70 137
t3 false TestExecutionError 82 82
t4 false RunnerError 70 0" ]
	[[ "$(field .error.message | sed -n 2p)" == "the command was killed by signal 9"* ]]
	[[ "$(field .error.message | sed -n 4p)" == *"wrote no document: it is cut off"* ]]
}

@test "the exit code is that of the failed task that comes first" {
	tasks 3 >tasks
	echo 'until [ -e ended ]; do sleep 0.05; done; exit 83' >t2
	echo ': >ended; exit 82' >t3
	each -j 3 ./by-id
	[ "$status" -eq 83 ]
}

@test "a document that tells of an error counts as failed, and stays as it is" {
	tasks 1 >tasks
	echo 'document='\''{"task_id":"t1","error":{"type":"PushError","exit_code":83}}'\' >t1
	each ./by-id
	[ "$status" -eq 83 ]
	[ "$(field 'del(.each)' | jq -c .)" = '{"task_id":"t1","error":{"type":"PushError","exit_code":83}}' ]
}

@test "with --fail-fast nothing new starts after a failure" {
	tasks 30 >tasks
	echo 'exit 82' >t2
	each -j 1 --fail-fast ./by-id
	[ "$status" -eq 82 ]
	[ "$(wc -l <<<"$output")" -eq 2 ]
}

@test "--skip-done leaves out what has succeeded, and does the rest" {
	tasks 4 >tasks
	echo 'exit 82' >t2
	nr-each ./by-id <tasks >results 2>/dev/null || true
	[ "$(wc -l <results)" -eq 4 ]
	rm t2
	stage nr-each --skip-done results ./by-id <tasks
	[ "$status" -eq 0 ]
	[ "$(field .task_id)" = t2 ]
	[[ "$stderr" == *"1 succeeded, 0 failed, 3 skipped"* ]]
}

@test "--skip-done tells tasks of two specifications apart" {
	printf '%s\n' '{"spec_name":"a","task_id":"1"}' >results
	printf '%s\n' '{"spec_name":"a","task_id":"1"}' '{"spec_name":"b","task_id":"1"}' >tasks
	each --skip-done results cat
	[ "$(field .spec_name)" = b ]
}

@test "results go on behind a line that was cut off" {
	tasks 3 >tasks
	printf '%s\n%s' '{"task_id":"t1","success":true}' '{"task_id":"t2","succ' >results
	nr-each -j 1 --skip-done results cat <tasks >>results 2>log
	grep -q results_broken log
	[ "$(wc -l <results)" -eq 4 ]
	[ "$(sed 2d results | jq -r .task_id | xargs)" = "t1 t2 t3" ]
}

@test "--skip-failed leaves out what has failed, but not what was cancelled" {
	tasks 3 >tasks
	printf '%s\n' '{"task_id":"t1","success":false,"error":{"type":"PushError"}}' \
		'{"task_id":"t2","success":false,"error":{"type":"CancelledError"}}' >results
	each -k --skip-done results --skip-failed cat
	[ "$(field .task_id | xargs)" = "t2 t3" ]
	each -k --skip-done results cat
	[ "$(field .task_id | xargs)" = "t1 t2 t3" ]
}

@test "the limit of the machine holds for several nr-each together" {
	tasks 4 >tasks
	mkdir at-work
	# shellcheck disable=SC2016
	local command='mkdir at-work/$$; ls at-work | wc -l >>counts; sleep 0.1
		rmdir at-work/$$; cat' pids=()
	for i in 1 2 3; do
		nr-each -j 4 --max-parallel-runners 2 sh -c "$command" \
			<tasks >"out$i" 2>/dev/null 3>&- &
		pids+=($!)
	done
	wait "${pids[@]}"
	[ "$(cat out? | wc -l)" -eq 12 ]
	[ "$(sort -n counts | tail -n 1)" -le 2 ]
	[ "$(cat out? | jq -s 'map(.each.waited_seconds) | max > 0')" = true ]
}

@test "who waits for a place gets it when its owner is killed, and uses no time meanwhile" {
	echo '{"task_id":"holder"}' | RUNNER_MAX_PARALLEL_RUNNERS=1 \
		nr-each sh -c 'echo $PPID >holder; exec sleep 60' >/dev/null 2>&1 3>&- &
	wait_for test -s holder
	tasks 1 >tasks
	RUNNER_MAX_PARALLEL_RUNNERS=1 nr-each cat <tasks >out 2>/dev/null 3>&- &
	local waiting=$! before
	wait_for grep -q '^State:.S' "/proc/$waiting/status"
	before=$(cut -d ' ' -f 14,15 "/proc/$waiting/stat")
	sleep 0.5
	[ "$(cut -d ' ' -f 14,15 "/proc/$waiting/stat")" = "$before" ]
	[ ! -s out ]
	kill -KILL "$(cat holder)"
	wait "$waiting"
	[ "$(jq -r '.task_id, (.each.waited_seconds > 0.3)' out | xargs)" = "t1 true" ]
}

@test "on SIGTERM tasks end with their documents, and nothing new starts" {
	tasks 9 >tasks
	for id in t1 t2; do
		echo 'trap "echo \"{\\\"task_id\\\":\\\"$id\\\",\\\"told\\\":true}\"; exit 143" TERM
			: >"at-work-$id"; while :; do sleep 0.05; done' >$id
	done
	nr-each -j 2 ./by-id <tasks >out 2>log 3>&- &
	local pid=$!
	wait_for test -e at-work-t1 -a -e at-work-t2
	kill -TERM $pid
	status=0
	wait $pid || status=$?
	[ "$status" -eq 143 ]
	[ "$(jq -r '[.task_id, .told, .error.type] | join(" ")' out | sort)" = \
		"t1 true CancelledError
t2 true CancelledError" ]
}

@test "a second SIGTERM kills what does not end, and there is still a result" {
	tasks 2 >tasks
	echo 'trap "" TERM; : >at-work; while :; do sleep 0.05; done' >t1
	nr-each -j 1 ./by-id <tasks >out 2>log 3>&- &
	local pid=$!
	wait_for test -e at-work
	kill -TERM $pid
	wait_for grep -q '"cancelled"' log
	kill -TERM $pid
	status=0
	wait $pid || status=$?
	[ "$status" -eq 143 ]
	[ "$(jq -r '[.task_id, .success, .error.type] | join(" ")' out)" = "t1 false CancelledError" ]
}

@test "when nr-each is killed its tasks are told to end" {
	tasks 1 >tasks
	echo 'trap ": >told; exit" TERM; : >at-work; while :; do sleep 0.05; done' >t1
	nr-each ./by-id <tasks >out 2>/dev/null 3>&- &
	local pid=$!
	wait_for test -e at-work
	kill -KILL $pid
	wait_for test -e told
}

@test "what a command leaves running does not hold nr-each up, and is ended" {
	tasks 1 >tasks
	each sh -c 'sleep 100 & echo $! >left; cat'
	[ "$status" -eq 0 ]
	wait_for not_running "$(cat left)"
}

@test "what a command leaves talking does not hold nr-each up either" {
	tasks 2 >tasks
	each sh -c 'yes >&2 & cat'
	[ "$status" -eq 0 ]
	[ "$(wc -l <<<"$output")" -eq 2 ]
}

@test "a document of 100 MB takes little memory" {
	{
		printf '{"task_id":"big","text":"'
		head -c 100000000 /dev/zero | tr '\0' x
		echo '"}'
	} >tasks
	# shellcheck disable=SC2016
	nr-each sh -c 'cat; grep VmHWM "/proc/$PPID/status" >memory' <tasks >out 2>/dev/null
	[ "$(wc -c <out)" -gt 100000000 ]
	[ "$(head -c 24 out)" = '{"task_id":"big","text":' ]
	tail -c 200 out | grep -q '"each":{"line":1'
	[ -n "${NR_SANITIZE-}" ] || [ "$(grep -oE '[0-9]+' memory)" -lt 12288 ]
}

@test "a reader that is gone ends it" {
	tasks 5 >tasks
	echo 'sleep 60' >t3
	{ nr-each -j 1 ./by-id <tasks 2>log 3>&- || echo "$?" >code; } | head -n 1 >out
	[ "$(wc -l <out)" -eq 1 ]
	[ "$(cat code)" -eq 74 ]
	grep -q 'cannot write standard output: Broken pipe' log
}

@test "a slow reader gets all of it" {
	tasks 300 >tasks
	nr-each -j 2 -q sh -c 'cat; head -c 3000 /dev/zero | tr "\0" " "' <tasks 3>&- |
		{ sleep 0.5; cat; } | jq -r .task_id | sort -u >ids
	[ "$(wc -l <ids)" -eq 300 ]
}

@test "a full disk is exit 74" {
	tasks 3 >tasks
	run nr-each -q cat <tasks >/dev/full
	run sh -c 'nr-each -q cat <tasks >/dev/full'
	[ "$status" -eq 74 ]
}

@test "of a result that the disk has no room for, no part is left" {
	echo '{"task_id":"a","text":"'"$(printf '%03000d' 0)"'"}' >one
	for i in 1 2 3 4 5; do cat one; done >tasks
	# Kibibytes, of 1.8 lines or so.
	run bash -c 'ulimit -f 8; nr-each -q -j 1 cat <tasks >results'
	[ "$status" -eq 74 ]
	[ "$(wc -l <results)" -eq 2 ]
	[ -z "$(tail -c 1 results | tr -d '\n')" ]
}

@test "standard error of the commands comes in whole lines with their task_id, masked" {
	tasks 2 >tasks
	export MY_TOKEN=s3cr3t-value-of-mine
	# shellcheck disable=SC2016
	each -j 2 sh -c 'printf half >&2; sleep 0.1; echo " line $MY_TOKEN" >&2
		echo "{\"event\":\"own\",\"msg\":\"m\"}" >&2; cat'
	[ "$status" -eq 0 ]
	[ "$(jq -r 'select(.event == "output") | .task_id + " " + .msg' <<<"$stderr" | sort)" = \
		"t1 half line ***
t2 half line ***" ]
	[ "$(jq -r 'select(.event == "own") | .task_id' <<<"$stderr" | sort | xargs)" = "t1 t2" ]
}

@test "a standard error that nobody reads holds nobody up" {
	tasks 3 >tasks
	mkfifo err
	exec 9<>err
	run --separate-stderr sh -c 'nr-each sh -c "head -c 3000000 /dev/zero | tr \"\\0\" \"\\n\" >&2; cat" <tasks 2>err'
	exec 9>&-
	[ "$status" -eq 0 ]
	[ "$(wc -l <<<"$output")" -eq 3 ]
}

@test "a task does not see the TASK_CONTEXT of nr-each, and has a RUNNER_ID of its own" {
	tasks 2 >tasks
	# shellcheck disable=SC2016
	TASK_CONTEXT='{}' RUNNER_ID=r7 each -k sh -c 'cat >/dev/null
		echo "{\"id\":\"$RUNNER_ID\",\"context\":\"${TASK_CONTEXT-none}\"}"'
	[ "$(field '.id + " " + .context' | xargs)" = "r7-1 none r7-3 none" ]
}

@test "what cannot be run is told before a task has failed" {
	tasks 2 >tasks
	each no-such-command
	[ "$status" -eq 64 ]
	[ -z "$output" ]
	[[ "$stderr" == *"cannot run 'no-such-command'"* ]]
	each
	[ "$status" -eq 64 ]
	each -j 0 cat
	[ "$status" -eq 64 ]
	each --skip-failed cat
	[ "$status" -eq 64 ]
	each --max-parallel-runners 0 cat
	[ "$status" -ne 0 ]
	[ -z "$output" ]
}

@test "nothing on standard input is nothing to do" {
	stage nr-each cat </dev/null
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "nr-each has nr-run do its tasks, each from its own clone" {
	make_slot
	printf '#!/bin/sh\necho Hello >greeting.txt\n' >agent.sh
	chmod +x agent.sh
	for i in 1 2 3; do
		task "del(.slot_path) | .task_id = \"1.$i\" | .repo_url = \"$PWD/remote.git\""
	done >tasks
	each -j 2 nr-run --agent-command "$PWD/agent.sh"
	[ "$status" -eq 0 ]
	[ "$(field 'select(.success) | .task_id' | sort | xargs)" = "1.1 1.2 1.3" ]
	for i in 1 2 3; do
		remote_has_branch "feature/task-demo-1.$i"
	done
	output=$(head -n 1 <<<"$output") valid_document
}

@test "a document is looked at as it passes by, in whatever pieces" {
	local line text expected n
	while IFS= read -r line; do
		text=${line%	*} expected=${line##*	}
		for n in 1 2 3 1000; do
			run -0 "${NR_TESTS:-$ROOT/build/tests}/json_peek" $n < <(printf '%s' "$text")
			[ "$output" = "$expected" ] || {
				echo "$text, by $n: expected $expected, found $output"
				return 1
			}
		done
	done <"$ROOT/tests/nr-each/peek.cases"
}
