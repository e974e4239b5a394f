load helper

# nr-run finds stages beside itself first, so a copy of it beside scripts
# shows what nr-run itself does. Each scripted stage appends its name to
# `trail`; $ACT of the stage that $AT names decides what else happens.
prepare_test() {
	mkdir bin
	cp "$NR_BIN/nr-run" bin/
	ln -s "$NR_BIN/nr-log" "$NR_BIN/nr-config" bin/
	printf '#!/bin/sh\nexec cat\n' >bin/nr-mask
	# What a stage does that is started ahead: nr-run(1), NR_TURN_FD.
	cat >turn.sh <<-'END'
		if [ -n "${NR_TURN_FD-}" ]; then
			line=
			while [ "$line" != "${0##*/nr-}" ]; do
				read -r line <&"$NR_TURN_FD" || exit 0
			done
			unset NR_TURN_FD
		fi
	END
	cat >bin/stage <<-'END'
		#!/bin/sh
		. "$BATS_TEST_TMPDIR/turn.sh"
		name=${0##*/nr-}
		doc=$(cat)
		echo "$name $*" >>"$BATS_TEST_TMPDIR/steps"
		doc=$(jq -c --arg name "$name" '.trail += [$name]' <<-EOF
			$doc
		EOF
		)
		save=/dev/null
		for option; do
			case $option in --save=*) save=${option#*=} ;; esac
		done
		finish() {
			printf '%s\n' "$doc" >"$save"
			printf '%s\n' "$doc"
		}
		fail() {
			doc=$(jq -c --argjson code "$1" \
				'.error //= {type: "x", exit_code: $code}' <<-EOF
				$doc
			EOF
			)
			finish
			exit "$1"
		}
		if [ "${AT-}" = "$name" ]; then
			eval "$ACT"
		fi
		finish || exit 74
	END
	chmod +x bin/*
	for name in prepare exec playbook test push upload report; do
		ln -s stage "bin/nr-$name"
	done
	PATH=$BATS_TEST_TMPDIR/bin:$PATH
	runs=$XDG_STATE_HOME/necrocode/runs
	echo '{"task_id":"1","title":"t"}' >task.json
	export AT ACT RUNNER_ID=r1
}

# replace_stage NAME: a program of standard input in place of a stage.
replace_stage() {
	rm -f "bin/$1"
	{
		echo '#!/bin/sh'
		echo '. "$BATS_TEST_TMPDIR/turn.sh"'
		cat
	} >"bin/$1"
	chmod +x "bin/$1"
}

nr_run() {
	run --separate-stderr timeout 60 nr-run "$@"
}

trail() {
	jq -r '.trail | join(" ")' <<<"$output"
}

# wait_for FILE: until it is there.
wait_for() {
	local n=0
	until [ -e "$1" ]; do
		sleep 0.05
		n=$((n + 1))
		[ "$n" -lt 400 ]
	done
}

@test "the stages run in order, each on the output of the one before" {
	nr_run task.json
	[ "$status" -eq 0 ]
	[ "$(trail)" = "prepare exec test push upload report" ]
}

@test "every stage's output is kept in a run directory of the owner alone" {
	nr_run task.json
	[ "$(stat -c %a "$runs/r1")" = 700 ]
	run ls "$runs/r1"
	[ "${lines[*]}" = "00-task.json 10-prepare.json 20-exec.json 30-test.json 40-push.json 50-upload.json 60-report.json run.log" ]
	diff task.json "$runs/r1/00-task.json"
}

@test "the task comes from a file, standard input, or TASK_CONTEXT" {
	nr_run <task.json
	[ "$(field .title)" = t ]
	nr_run - <task.json
	[ "$(field .title)" = t ]
	TASK_CONTEXT='{"title":"context"}' nr_run <task.json
	[ "$(field .title)" = context ]
	TASK_CONTEXT='{"title":"context"}' nr_run task.json
	[ "$(field .title)" = t ]
	TASK_CONTEXT='{"title":"context"}' nr_run - <task.json
	[ "$(field .title)" = t ]
}

@test "with TASK_CONTEXT standard input is left alone" {
	(
		TASK_CONTEXT=$(cat task.json) nr-run >result
		cat >rest
	) <<<"the caller's"
	[ "$(jq -r .title result)" = t ]
	[ "$(cat rest)" = "the caller's" ]
}

@test "stages do not get TASK_CONTEXT, and know the run" {
	AT=exec ACT='env >"$BATS_TEST_TMPDIR/env"'
	TASK_CONTEXT=$(cat task.json) nr_run
	run ! grep -q ^TASK_CONTEXT= env
	grep -qx "NR_RUN_DIR=$runs/r1" env
	grep -qx RUNNER_ID=r1 env
	grep -q ^NR_RUN_PID=[1-9] env
}

@test "a run without RUNNER_ID is named after its time" {
	unset RUNNER_ID
	nr_run task.json
	[[ $(ls "$runs") =~ ^[0-9]{8}T[0-9]{6}Z-[0-9]+$ ]]
}

@test "a RUNNER_ID that was used before gets a directory of its own" {
	nr_run task.json
	nr_run task.json
	[ "$status" -eq 0 ]
	run ls "$runs"
	[ "${lines[*]}" = "r1 r1-2" ]
}

@test "a RUNNER_ID that is a path stays out of the file system" {
	RUNNER_ID=../../x nr_run task.json
	[ "$status" -eq 0 ]
	[ ! -e "$XDG_STATE_HOME/x" ]
	[ "$(ls "$runs" | wc -l)" -eq 1 ]
}

@test "run_dir of the configuration is where runs are kept" {
	nr_run --run-dir "$PWD/elsewhere" task.json
	[ -f elsewhere/r1/60-report.json ]
}

@test "all standard error is in the log, and on standard error" {
	AT=test ACT='echo "from a test" >&2'
	nr_run task.json
	[ "$(jq -r 'select(.event == "output").msg' "$runs/r1/run.log")" = "from a test" ]
	[ "$(jq -r .msg <<<"$stderr")" = "from a test" ]
	[ "$(jq -r .runner_id <<<"$stderr")" = r1 ]
}

@test "the log is complete when it is uploaded" {
	AT=push ACT='seq 1000 >&2'
	replace_stage nr-upload <<-'END'
		wc -l <"$NR_RUN_DIR/run.log" >"$BATS_TEST_TMPDIR/lines"
		exec cat
	END
	nr_run task.json
	[ "$(cat lines)" -eq 1000 ]
}

@test "a stage that fails with a document is followed by upload and report" {
	AT=exec ACT='fail 81'
	nr_run task.json
	[ "$(trail)" = "prepare exec upload report" ]
	[ "$(field .error.exit_code)" = 81 ]
}

@test "the exit code is that of nr-report" {
	AT=report ACT='fail 81'
	nr_run task.json
	[ "$status" -eq 81 ]
}

@test "a stage that dies without a document is reported by its exit code" {
	AT=exec ACT='kill -9 $$'
	nr_run task.json
	[ "$(trail)" = "prepare upload report" ]
	grep -q '^report .*--stage-status=exec=137' steps
}

@test "a stage that succeeds without a document is a bug, and reported" {
	AT=exec ACT='exit 0'
	nr_run task.json
	grep -q '^report .*--stage-status=exec=70' steps
}

@test "half a document of a stage that was killed is kept aside, and the one before goes on" {
	AT=exec ACT='printf "{\"task_id\":\"1" && kill -9 $$'
	nr_run task.json
	[ "$(trail)" = "prepare upload report" ]
	grep -q '^report .*--stage-status=exec=137' steps
	[ "$(cat "$runs"/*/20-exec.json.broken)" = '{"task_id":"1' ]
	[ ! -e "$(echo "$runs"/*/20-exec.json)" ]
}

@test "a swapped stage that writes no document fails the task, not its delivery" {
	nr_run --stage exec='echo done' task.json
	[ "$(trail)" = "prepare upload report" ]
	grep -q '^report .*--stage-status=exec=70' steps
}

@test "an upload that dies does not fail the task" {
	AT=upload ACT='kill -9 $$'
	nr_run task.json
	[ "$status" -eq 0 ]
	[ "$(trail)" = "prepare exec test push report" ]
	run ! grep -q stage-status steps
}

@test "a document that is refused leaves nothing behind" {
	for code in 64 65 78; do
		AT=prepare ACT="echo 'nr-prepare: no good' >&2; exit $code"
		nr_run task.json
		[ "$status" -eq "$code" ]
		[ -z "$output" ]
		[ "$(jq -r .msg <<<"$stderr")" = "no good" ]
		run find "$XDG_STATE_HOME" -type f -o -name r1
		[ -z "$output" ]
	done
}

@test "a task file that is not there is told before anything is written" {
	nr_run no-such.json
	[ "$status" -eq 64 ]
	[ "$stderr" = "nr-run: cannot read the task 'no-such.json'" ]
	[ -z "$(ls "$runs" 2>/dev/null)" ]
}

@test "when tests fail the agent is asked again, as often as allowed" {
	AT=test ACT='fail 82'
	nr_run --implementation-attempts 3 task.json
	[ "$(grep -c '^exec --fix' steps)" -eq 2 ]
	[ "$(grep -c ^test steps)" -eq 3 ]
	[ -s "$runs/r1/20-exec-3.json" ]
	[ -s "$runs/r1/30-test-3.json" ]
	[ ! -e "$runs/r1/40-push.json" ]
	[ "$(field .error.exit_code)" = 82 ]
}

@test "when the agent repairs what failed the job goes on" {
	AT=test ACT='[ -e fixed ] || { touch fixed; fail 82; }'
	replace_stage nr-exec <<-'END'
		exec jq -c 'del(.error) | .trail += ["exec"]'
	END
	nr_run task.json
	[ "$status" -eq 0 ]
	[ "$(trail)" = "prepare exec test exec test push upload report" ]
}

@test "a playbook that the task names is run between exec and test" {
	AT=prepare ACT='touch "$NR_RUN_DIR/playbook"'
	run --separate-stderr nr-run task.json
	[ "$status" -eq 0 ]
	[ "$(field '.trail | join(" ")')" = 'prepare exec playbook test push upload report' ]
	[ -s "$runs/r1/25-playbook.json" ]
	rm steps
	AT=
	RUNNER_ID=r2 RUNNER_DEFAULT_PLAYBOOK_PATH=p.yaml run --separate-stderr nr-run task.json
	[ "$(field '.trail | join(" ")')" = 'prepare exec playbook test push upload report' ]
}

@test "a stage of one's own before the playbook does not hide that one is named" {
	echo '{"task_id":"1","title":"t","playbook_path":"p.yaml"}' >named.json
	run --separate-stderr nr-run --stage prepare=cat named.json
	[ "$(field '.trail | join(" ")')" = 'exec playbook test push upload report' ]
	RUNNER_ID=r2 run --separate-stderr nr-run --from playbook --to playbook named.json
	[ "$(field '.trail | join(" ")')" = playbook ]
	RUNNER_ID=r3 run --separate-stderr nr-run --from playbook --to test task.json
	[ "$(field '.trail | join(" ")')" = test ]
	RUNNER_ID=r4 run --separate-stderr nr-run --stage playbook=cat task.json
	[ "$(field '.trail | join(" ")')" = 'prepare exec test push upload report' ]
}

@test "when the playbook fails the agent is asked again, then the tests follow" {
	export RUNNER_DEFAULT_PLAYBOOK_PATH=p.yaml RUNNER_IMPLEMENTATION_ATTEMPTS=3
	AT=playbook ACT='[ -e fixed ] || { touch fixed; fail 85; }'
	run --separate-stderr nr-run task.json
	echo "$output$stderr"
	[ "$(grep -c '^exec --fix' steps)" -eq 1 ]
	[ "$(grep -c '^playbook' steps)" -eq 2 ]
	[ "$(grep -c '^test' steps)" -eq 1 ]
	rm steps fixed
	RUNNER_ID=r2 ACT='fail 85' run --separate-stderr nr-run task.json
	[ "$(grep -c '^exec --fix' steps)" -eq 2 ]
	run ! grep -q '^test\|^push' steps
}

@test "--resume goes on at and behind a playbook" {
	export RUNNER_DEFAULT_PLAYBOOK_PATH=p.yaml
	run --separate-stderr nr-run --to exec task.json
	run --separate-stderr nr-run --resume r1 --to playbook
	[ "$(tail -n 1 steps)" = 'playbook ' ]
	run --separate-stderr nr-run --resume r1
	[ "$(grep -c '^playbook' steps)" -eq 1 ]
	[ "$(grep -c '^test' steps)" -eq 1 ]
	unset RUNNER_DEFAULT_PLAYBOOK_PATH
	rm steps
	RUNNER_ID=r2 run --separate-stderr nr-run --to exec task.json
	RUNNER_ID=r2 run --separate-stderr nr-run --resume r2 --from test --to test
	[ "$(tail -n 1 steps)" = 'test ' ]
}

@test "a fix that fails ends the loop" {
	AT=test ACT='fail 82'
	replace_stage nr-exec <<-'END'
		[ "${1-}" = --fix ] || exec cat
		jq -c '.error = {type: "x", exit_code: 81}'
		exit 81
	END
	nr_run task.json
	[ "$(field .error.exit_code)" = 81 ]
	[ "$(grep -c ^test steps)" -eq 1 ]
}

@test "--from and --to run a part" {
	nr_run --from exec --to test task.json
	[ "$(trail)" = "exec test" ]
	nr_run --to=prepare task.json
	[ "$(trail)" = "prepare" ]
	nr_run --from push --to exec task.json
	[ "$status" -eq 64 ]
	nr_run --from nowhere task.json
	[ "$status" -eq 64 ]
}

@test "a part that ends in a failure exits with its code" {
	AT=exec ACT='fail 81'
	nr_run --to test task.json
	[ "$status" -eq 81 ]
	[ "$(field .error.exit_code)" = 81 ]
	ACT='exit 3'
	nr_run --to test task.json
	[ "$status" -eq 3 ]
	[ -z "$output" ]
}

@test "a variable of the environment swaps no stage" {
	command_exec=false nr_run task.json
	[ "$status" -eq 0 ]
	grep -q '^exec' steps
}

@test "--stage swaps a stage for a command" {
	nr_run --stage exec='jq -c ".trail += [\"mine\"]"' task.json
	[ "$status" -eq 0 ]
	[ "$(trail)" = "prepare mine test push upload report" ]
	nr_run --stage nothing=cat task.json
	[ "$status" -eq 64 ]
	nr_run --stage exec task.json
	[ "$status" -eq 64 ]
}

@test "an agent stage of one's own is not asked to fix" {
	AT=test ACT='fail 82'
	nr_run --stage exec=cat task.json
	[ "$(field .error.exit_code)" = 82 ]
	[ "$(grep -c ^test steps)" -eq 1 ]
}

@test "options of the configuration reach the stages" {
	AT=exec ACT='env >"$BATS_TEST_TMPDIR/env"'
	nr_run --agent-command "it's mine" --clean task.json --llm-model=m
	[ "$status" -eq 0 ]
	grep -qx "RUNNER_AGENT_COMMAND=it's mine" env
	grep -qx RUNNER_CLEAN=true env
	grep -qx RUNNER_LLM_MODEL=m env
}

@test "--config names the file for all stages" {
	echo 'implementation_attempts: 1' >c.yaml
	AT=test ACT='env >"$BATS_TEST_TMPDIR/env"; fail 82'
	nr_run --config c.yaml task.json
	[ "$(grep -c ^test steps)" -eq 1 ]
	grep -q '^NR_CONFIG=.*c.yaml$' env
}

@test "wrong options and settings are refused before anything is written" {
	local options
	for options in '--no-such-option' '-x' 'a b' '--from' '--resume x y'; do
		# shellcheck disable=SC2086
		nr_run $options </dev/null
		[ "$status" -eq 64 ]
		[ -z "$output" ]
	done
	nr_run --execution-mode docker task.json
	[ "$status" -eq 78 ]
	[[ $stderr == *"not available in this version"* ]]
	nr_run --artifact-store-url ftp://example.org/store task.json
	[ "$status" -eq 78 ]
	[ -z "$(ls "$runs" 2>/dev/null)" ]
}

@test "--dry-run asks every stage what it would do, and writes nothing" {
	replace_stage stage <<-'END'
		[ "$*" = --dry-run ] && jq -r --arg n "${0##*/}" '$n + ": would " + .title'
	END
	nr_run --dry-run task.json
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "nr-prepare: would t" ]
	[ "${#lines[@]}" -eq 6 ]
	nr_run --dry-run --to exec --stage exec=./mine <task.json
	[ "${lines[1]}" = "nr-run: would run './mine' as exec" ]
	[ -z "$(ls "$runs" 2>/dev/null)" ]
}

@test "a dry run ends with the first stage that refuses" {
	replace_stage stage <<-'END'
		exit 65
	END
	nr_run --dry-run task.json
	[ "$status" -eq 65 ]
}

@test "--keep leaves a failed task's workspace to its owner" {
	AT=report ACT='env >"$BATS_TEST_TMPDIR/env"'
	nr_run --keep task.json
	grep -qx RUNNER_KEEP_WORKSPACE=true env
}

@test "--resume goes on where a run was killed" {
	AT=test ACT='kill -9 $PPID; exit 1'
	nr_run task.json
	[ "$status" -ne 0 ]
	AT='' nr_run --resume r1
	[ "$status" -eq 0 ]
	[ "$(trail)" = "prepare exec test push upload report" ]
	[ "$(grep -c ^exec steps)" -eq 1 ]
}

@test "--resume does the stage that failed again" {
	AT=push ACT='fail 83'
	nr_run task.json
	AT='' nr_run --resume r1
	[ "$(trail)" = "prepare exec test push upload report" ]
	[ "$(field .error)" = null ]
	[ -s "$runs/r1/40-push-2.json" ]
}

@test "--resume of a run whose slot was cleaned begins anew" {
	AT=report ACT='doc=$(jq -c ".workspace.saved_ref = \"refs/x\"" <<E
$doc
E
)'
	nr_run task.json
	AT='' nr_run --resume r1
	[ "$(trail)" = "prepare exec test push upload report" ]
	[ -s "$runs/r1/10-prepare-2.json" ]
}

@test "--resume of what is complete, or not there, is refused" {
	AT=report ACT='doc=$(jq -c ".success = true" <<E
$doc
E
)'
	nr_run task.json
	nr_run --resume r1
	[ "$status" -eq 64 ]
	[[ $stderr == *"is complete"*60-report.json ]]
	nr_run --resume r2
	[ "$status" -eq 64 ]
	nr_run --resume ../runs/r1
	[ "$status" -eq 64 ]
}

@test "--resume with --from does that stage and what follows" {
	nr_run task.json
	nr_run --resume r1 --from test
	[ "$(trail)" = "prepare exec test push upload report" ]
	[ "$(grep -c ^exec steps)" -eq 1 ]
	[ "$(grep -c ^test steps)" -eq 2 ]
}

# A stage that waits for a signal and then says so in its document.
wait_in() {
	AT=$1 ACT='trap "fail 143" TERM
		touch "$BATS_TEST_TMPDIR/waiting"
		sleep 60 3>&- & wait; fail 143'
}

cancel() {
	nr-run task.json >result 2>errors &
	pid=$!
	wait_for waiting
	kill -"$1" "$pid"
	status=0
	wait "$pid" || status=$?
	output=$(cat result)
}

@test "SIGTERM ends the stage at work, then log and diff are delivered" {
	wait_in exec
	cancel TERM
	[ "$(trail)" = "prepare exec upload report" ]
	grep -q '^report .*--cancelled=TERM' steps
}

@test "SIGHUP cancels like SIGTERM" {
	wait_in test
	cancel HUP
	[ "$(trail)" = "prepare exec test upload report" ]
	grep -q '^report .*--cancelled=TERM' steps
	run ! grep -q '^exec --fix' steps
}

@test "SIGINT is told from SIGTERM" {
	wait_in exec
	# A shell without job control starts its jobs with SIGINT ignored.
	cat >start <<-'END'
		import os, signal, sys
		signal.signal(signal.SIGINT, signal.SIG_DFL)
		os.execvp(sys.argv[1], sys.argv[1:])
	END
	python3 start nr-run task.json >result 2>errors &
	pid=$!
	wait_for waiting
	kill -INT "$pid"
	wait "$pid" || true
	grep -q '^report .*--cancelled=INT' steps
}

@test "a signal while artifacts are delivered does not stop that" {
	AT=upload ACT='touch waiting; sleep 0.3'
	nr-run task.json >result 2>errors &
	pid=$!
	wait_for waiting
	kill -TERM "$pid"
	kill -TERM "$pid"
	wait "$pid"
	output=$(cat result)
	[ "$(trail)" = "prepare exec test push upload report" ]
	run ! grep -q cancelled steps
}

@test "cancelled while it waits for its task, nothing is left" {
	mkfifo slow
	exec 7<>slow
	nr-run <slow >result 2>errors &
	pid=$!
	wait_for "$runs/r1/00-task.json"
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 143 ]
	[ ! -e "$runs/r1" ]
}

@test "a process that a stage leaves behind is not waited for" {
	AT=exec ACT='sleep 60 3>&- &'
	nr_run task.json
	[ "$status" -eq 0 ]
	[ "$(trail)" = "prepare exec test push upload report" ]
}

@test "the next stage is started ahead, and reads nothing before its turn" {
	replace_stage nr-exec <<-'END'
		exec cat
	END
	sed -i '2s/^/touch ahead\n/' bin/nr-exec
	AT=prepare ACT='until [ -e ahead ]; do sleep 0.02; done; sleep 0.1'
	nr_run task.json
	[ "$status" -eq 0 ]
	[ "$(trail)" = "prepare test push upload report" ]
}

@test "a stage that was started ahead in vain leaves nothing" {
	AT=prepare ACT='fail 80'
	nr_run task.json
	[ "$(trail)" = "prepare upload report" ]
	[ ! -e "$runs/r1/20-exec.json" ]
	run pgrep -f "$BATS_TEST_TMPDIR/bin"
	[ -z "$output" ]
}

@test "a stage that waits ends when nr-run is killed" {
	AT=exec ACT='echo "$$" >pid; exec sleep 60'
	nr-run task.json >result 2>errors &
	pid=$!
	wait_for pid
	kill -KILL "$pid" "$(cat pid)"
	wait "$pid" || :
	for _ in $(seq 100); do
		run pgrep -f "$BATS_TEST_TMPDIR/bin"
		[ -n "$output" ] || break
		sleep 0.05
	done
	[ -z "$output" ]
}

@test "programs that are found on PATH know nothing of turns" {
	mkdir lone
	cp bin/nr-run lone/
	rm bin/nr-run
	sed -i 2d bin/stage
	PATH=$PWD/lone:$PATH
	nr_run task.json
	[ "$status" -eq 0 ]
	[ "$(trail)" = "prepare exec test push upload report" ]
}

@test "no process of ours is left behind" {
	wait_in exec
	cancel TERM
	run pgrep -f "$BATS_TEST_TMPDIR/bin"
	[ -z "$output" ]
}

@test "a standard error that nobody reads does not stop a run" {
	mkfifo unread
	exec 7<>unread
	AT=exec ACT='seq 300000 >&2'
	timeout 60 nr-run task.json >result 2>&7
	[ "$(grep -c '"event":"output"' "$runs/r1/run.log")" -eq 300000 ]
	grep -q lines_not_delivered "$runs/r1/run.log"
}

@test "closed descriptors of the caller do not stop a run" {
	timeout 60 nr-run task.json >result 2>&-
	[ "$(jq -r .title result)" = t ]
	timeout 60 nr-run task.json 0<&- >result
	[ "$(jq -r .title result)" = t ]
}

@test "a result that cannot be written is told, and stays in the run directory" {
	for out in '>&-' '>/dev/full'; do
		run --separate-stderr sh -c "timeout 60 nr-run task.json $out"
		[ "$status" -eq 74 ]
		[[ $stderr == *"nr-run: the result is in $runs/r1"*60-report.json ]]
	done
	[ "$(jq -r .title "$runs/r1/60-report.json")" = t ]
}

@test "secrets are masked, whoever prints them" {
	rm bin/nr-mask
	ln -s "$NR_BIN/nr-mask" bin/
	mkdir secrets
	echo secret-in-a-file >secrets/api
	export GIT_TOKEN=secret-in-a-token ODD=secret-in-a-variable
	AT=exec ACT='echo "1 $GIT_TOKEN 2 $ODD 3 secret-in-a-file 4" >&2'
	nr_run --mask-env ODD --secrets-dir "$PWD/secrets" task.json
	[ "$(jq -r .msg <<<"$stderr")" = "1 *** 2 *** 3 *** 4" ]
	run ! grep -r secret-in "$runs"
	nr_run --mask-secrets=no task.json
	[[ $stderr == *secret-in-a-token* ]]
}

@test "quiet shows errors alone" {
	AT=exec ACT='echo "just so" >&2; echo "{\"level\":\"error\",\"msg\":\"bad\"}" >&2'
	nr_run -q task.json
	[ "$(jq -r .msg <<<"$stderr")" = bad ]
	grep -q 'just so' "$runs/r1/run.log"
}

@test "structured_logging: false is for people" {
	AT=exec ACT='echo "just so" >&2'
	nr_run --structured-logging=no task.json
	[[ $stderr == *" just so" ]]
	[[ $stderr != *{* ]]
}

@test "on a terminal a summary ends the run" {
	replace_stage nr-report <<-'END'
		for option; do
			case $option in
			--summary=*) echo "all is well" >"${option#*=}" ;;
			--save=*) save=${option#*=} ;;
			esac
		done
		exec tee "$save"
	END
	run script -qec 'nr-run task.json >result' /dev/null </dev/null
	[[ $output == *"all is well"* ]]
	nr_run task.json
	[[ $stderr != *"all is well"* ]]
}

@test "a task of 64 MB is not copied whole" {
	head -c 67108864 /dev/zero | tr '\0' ' ' >big
	AT=prepare ACT='exit 65'
	replace_stage nr-prepare <<-'END'
		wc -c >"$BATS_TEST_TMPDIR/size"
		exit 65
	END
	nr_run big
	[ "$status" -eq 65 ]
	[ "$(cat size)" -eq 8388609 ]
}

@test "nr-run works through a symbolic link" {
	mkdir links
	ln -s "$PWD/bin/nr-run" links/run-it
	run --separate-stderr links/run-it task.json
	[ "$status" -eq 0 ]
	[ "$(trail)" = "prepare exec test push upload report" ]
}

@test "--help and --version answer on standard output" {
	nr_run --help
	[ "$status" -eq 0 ]
	[[ $output == usage:* ]]
	nr_run --version
	[ "$output" = "nr-run $(cat "$ROOT/VERSION")" ]
}
