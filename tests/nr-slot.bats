load helper
load servers

prepare_test() {
	make_slot
	pool=$XDG_STATE_HOME/necrocode/pool
}

# clone_task [JQ FILTER]: a task that has a repo_url instead of a slot.
clone_task() {
	task "del(.slot_path) | .repo_url = \"$PWD/remote.git\" | ${1:-.}"
}

# allocate [OPTION...]: for the task on standard input; its slot in $slot.
allocate() {
	stage nr-slot allocate --owner $$ "$@"
	slot=$(field .slot_path)
}

slots() {
	nr-slot list --json | jq -r "${1:-.[] | .state}" | xargs
}

wait_for() {
	local n=0
	until "$@"; do
		n=$((n + 1))
		[ "$n" -lt 600 ] || return 1
		sleep 0.05
	done
}

@test "a task gets a slot of its repository, and the document says which" {
	allocate <<<"$(clone_task)"
	[ "$status" -eq 0 ]
	[ "$slot" = "$(echo "$pool"/remote-*/1)" ]
	[ "$(field .slot_id)" = "$(basename "${slot%/1}").1" ]
	[ "$(slots '.[] | .state, .task_id, .repo_url')" = "taken 1.1 $PWD/remote.git" ]
	valid_document
}

@test "a slot borrows the objects of the mirror, and shares nothing else" {
	allocate <<<"$(clone_task)"
	nr-prepare <<<"$output" >/dev/null 2>&1
	[ "$(cat "$slot/README")" = hello ]
	[ "$(cat "$slot/.git/objects/info/alternates")" = "${slot%/1}/mirror/.git/objects" ]
	[ "$(find "$slot/.git/objects" -type f ! -name alternates | wc -l)" -eq 0 ]
	[ ! -e "$slot/.git/commondir" ]
	git -C "$slot" fsck --full
}

@test "a task that has a slot keeps it" {
	allocate <<<"$(task)"
	[ "$status" -eq 0 ]
	[ "$slot" = "$BATS_TEST_TMPDIR/slot" ]
	[ "$(field .slot_id)" = null ]
	[ ! -e "$pool" ]
}

@test "a task without slot_path and repo_url gets none" {
	allocate <<<"$(task 'del(.slot_path)')"
	[ "$status" -eq 80 ]
	[ "$(error_type)" = WorkspacePreparationError ]
}

@test "two tasks get two slots, and what is released is used again" {
	local first second
	allocate <<<"$(clone_task)"
	first=$output
	allocate <<<"$(clone_task)"
	second=$slot
	[ "$second" != "$(jq -r .slot_path <<<"$first")" ]
	stage nr-slot release <<<"$first"
	[ "$status" -eq 0 ]
	[ "$output" = "$first" ]
	allocate <<<"$(clone_task)"
	[ "$slot" = "$(jq -r .slot_path <<<"$first")" ]
	[ "$(slots)" = "taken taken" ]
}

@test "releasing twice, or what another has by now, does no harm" {
	local first
	allocate <<<"$(clone_task)"
	first=$output
	stage nr-slot release <<<"$first"
	stage nr-slot release <<<"$first"
	[ "$status" -eq 0 ]
	[[ "$stderr" == *slot_not_held* ]]
	allocate <<<"$(clone_task)"
	stage nr-slot release <<<"$first"
	[ "$status" -eq 0 ]
	[ "$(slots)" = taken ]
}

@test "the same runner that asks twice has one slot" {
	export RUNNER_ID=mine
	allocate <<<"$(clone_task)"
	allocate <<<"$(clone_task)"
	[ "$status" -eq 0 ]
	[ "$(slots)" = taken ]
}

@test "the slot of an owner who is gone is free" {
	# shellcheck disable=SC2016
	sh -c 'nr-slot allocate >first 2>/dev/null; :' <<<"$(clone_task)"
	[ "$(slots)" = dead ]
	allocate <<<"$(clone_task)"
	[ "$slot" = "$(jq -r .slot_path first)" ]
	[[ "$stderr" == *slot_taken_over* ]]
}

@test "nr-prepare and nr-report go on with the slot, and give it back" {
	allocate <<<"$(clone_task)"
	stage nr-prepare <<<"$output"
	[ "$status" -eq 0 ]
	[ "$(slots)" = taken ]
	stage nr-report <<<"$output"
	[ "$(slots)" = free ]
}

@test "ten at once get ten slots, and do not fetch ten times" {
	secret_file users "x-access-token:s3cr3t-token"
	start_server git-http --users users
	export GIT_TOKEN=s3cr3t-token
	local i pids=() fetches
	for i in $(seq 10); do
		nr-slot allocate --owner $$ >"out$i" 2>"err$i" 3>&- \
			<<<"$(clone_task ".repo_url = \"$http_url/remote.git\" | .task_id = \"$i\"")" &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i"
	done
	[ "$(cat out* | jq -r .slot_path | sort -u | wc -l)" -eq 10 ]
	[ "$(cat err* | grep -c mirror_fetch)" -le 5 ]
	# The first gets the objects; who fetches after that finds nothing new.
	fetches=$(request_count git-http '.authorization != "none" and .method == "POST"')
	echo "$fetches requests"
	[ "$fetches" -le 10 ]
}

@test "a token is in no configuration of mirror and slot" {
	secret_file users "x-access-token:s3cr3t-token"
	start_server git-http --users users
	export GIT_TOKEN=s3cr3t-token
	allocate <<<"$(clone_task ".repo_url = \"$http_url/remote.git\"")"
	[ "$status" -eq 0 ]
	run ! grep -r s3cr3t "$XDG_STATE_HOME"
	export GIT_TOKEN=wrong
	stage nr-slot allocate <<<"$(clone_task ".repo_url = \"$http_url/remote.git\"")"
	[ "$status" -eq 77 ]
	allocate <<<"$(clone_task '.repo_url = "http://ci:pw@127.0.0.1/remote.git"')"
	[ "$status" -eq 77 ]
}

@test "a slot is handed over clean, and what was not pushed is saved" {
	printf '*.o\n' >slot/.gitignore
	git -C slot add -A
	git -C slot commit -qm ignore
	git -C slot push -q origin HEAD:main
	allocate <<<"$(clone_task)"
	local first=$output
	nr-prepare <<<"$first" >prepared 2>/dev/null
	(
		cd "$slot"
		echo work >work
		git add work
		git commit -qm 'not pushed'
		touch left.o left
		git init -q nested
		git init -q ignored.o
		git config core.fsmonitor 'touch /tmp/never'
		printf '#!/bin/sh\n' >.git/hooks/post-checkout
		chmod +x .git/hooks/post-checkout
		echo '* filter=evil' >.git/info/attributes
		git tag evil
		git worktree add -q ../evil
	)
	rm -rf "${slot%/1}/evil"
	local tip
	tip=$(git -C "$slot" rev-parse feature/task-demo-1.1)
	nr-slot release <prepared >/dev/null 2>&1
	allocate <<<"$(clone_task)"
	[ "$status" -eq 0 ]
	[ "$(ls -A "$slot" | xargs)" = ".git .gitignore Makefile README" ]
	[ -z "$(git -C "$slot" status --porcelain --ignored)" ]
	[ "$(git -C "$slot" config core.fsmonitor || echo none)" = none ]
	[ ! -e "$slot/.git/hooks/post-checkout" ]
	[ ! -e "$slot/.git/info/attributes" ]
	[ ! -e "$slot/.git/worktrees" ]
	[ -z "$(git -C "$slot" for-each-ref refs/heads refs/tags)" ]
	[ -n "$(git -C "$slot" for-each-ref --contains "$tip" refs/necrocode/saved)" ]
	[ -n "$(git -C "$slot" for-each-ref refs/necrocode/saved | sed -n 2p)" ]
	stage nr-prepare <<<"$output"
	[ "$status" -eq 0 ]
}

@test "what was pushed is not saved, and the slot does not grow" {
	printf '#!/bin/sh\necho Hello >greeting.txt\n' >agent.sh
	chmod +x agent.sh
	local n
	for n in 1 2 3; do
		allocate <<<"$(clone_task ".task_id = \"1.$n\"")"
		nr-prepare <<<"$output" | nr-exec --agent-command "$PWD/agent.sh" |
			nr-test | nr-push | nr-report >out
		[ "$(jq .success out)" = true ]
		remote_has_branch "feature/task-demo-1.$n"
	done
	[ "$(slots)" = free ]
	allocate <<<"$(clone_task)"
	[ "$slot" = "$(echo "$pool"/*/1)" ]
	[ "$(git -C "$slot" for-each-ref | wc -l)" -eq 1 ]
	[ "$(find "$slot/.git/objects" -type f ! -name alternates | wc -l)" -eq 0 ]
}

@test "a slot begins from what the remote has now" {
	allocate <<<"$(clone_task)"
	nr-slot release <<<"$output" >/dev/null 2>&1
	commit_upstream later text
	allocate <<<"$(clone_task)"
	[ -e "$slot/later" ] || nr-prepare <<<"$output" >/dev/null 2>&1
	[ "$(cat "$slot/later")" = text ]
}

@test "a slot that cannot be put right is made anew" {
	local damage
	for damage in 'rm .git/HEAD' 'echo >.git/HEAD' 'rm -r .git/objects' \
		'rm -r .git; ln -s /tmp .git' 'rm -r .git' 'chmod 0 README' \
		'mkfifo .git/packed-refs' 'echo broken >.git/index'; do
		allocate <<<"$(clone_task)"
		nr-prepare <<<"$output" >prepared 2>/dev/null
		(cd "$slot" && eval "$damage")
		nr-slot release <prepared >/dev/null 2>&1 ||
			rm -f "$slot/.git/necrocode.lock"
		allocate <<<"$(clone_task)"
		[ "$status" -eq 0 ] || {
			echo "$damage: $stderr"
			return 1
		}
		nr-prepare <<<"$output" >prepared 2>/dev/null
		[ "$(cat "$slot/README")" = hello ]
		nr-slot release <prepared >/dev/null 2>&1
	done
	[ "$(nr-slot list | wc -l)" -le 2 ]
}

@test "a slot whose git directory leads elsewhere is made anew, and nothing is touched there" {
	local link
	for link in objects refs .; do
		rm -rf victim
		mkdir -p victim/info victim/hooks
		touch victim/info/data victim/hooks/mine
		allocate <<<"$(clone_task)"
		nr-prepare <<<"$output" >prepared 2>/dev/null
		mv "$slot/.git/$link" elsewhere 2>/dev/null ||
			mv "$slot/.git" elsewhere
		ln -s "$PWD/victim" "$(realpath -ms "$slot/.git/$link")"
		nr-slot release <prepared >/dev/null 2>&1 || :
		rm -rf elsewhere
		allocate <<<"$(clone_task)"
		[ "$status" -eq 0 ]
		nr-prepare <<<"$output" >prepared 2>/dev/null
		[ "$(cat "$slot/README")" = hello ]
		[ "$(cd victim && find . -type f | sort | xargs)" = './hooks/mine ./info/data' ]
		nr-slot release <prepared >/dev/null 2>&1
	done
}

# forge_index FILE: it changes, and the index says that it did not.
forge_index() {
	local old new
	old=$(git rev-parse "HEAD:$1")
	echo forged >"$1"
	touch -d "1 hour ago" "$1"
	git add "$1"
	new=$(git hash-object "$1")
	python3 - "$old" "$new" <<-'END'
		import hashlib, sys
		old, new = (bytes.fromhex(word) for word in sys.argv[1:])
		with open(".git/index", "r+b") as file:
		    text = file.read()[:-20].replace(new, old)
		    file.seek(0)
		    file.write(text + hashlib.sha1(text).digest())
	END
	[ -z "$(git status --porcelain)" ]
}

@test "an index that hides a change does not hand the change to the next task" {
	allocate <<<"$(clone_task)"
	nr-prepare <<<"$output" >prepared 2>/dev/null
	(cd "$slot" && forge_index README)
	nr-slot release <prepared >/dev/null 2>&1
	allocate <<<"$(clone_task)"
	[ "$status" -eq 0 ]
	[ "$(cat "$slot/README")" = hello ]
	[ "$(git -C "$slot" for-each-ref refs/necrocode/saved | wc -l)" -eq 1 ]
	nr-slot release <<<"$output" >/dev/null 2>&1
	allocate <<<"$(clone_task)"
	[ "$(git -C "$slot" for-each-ref refs/necrocode/saved | wc -l)" -eq 1 ]
}

@test "what a task leaves in the git directory is not there for the next" {
	allocate <<<"$(clone_task)"
	nr-prepare <<<"$output" >prepared 2>/dev/null
	(
		cd "$slot/.git"
		mkdir rr-cache remotes branches lfs
		echo 'URL: /tmp/evil' >remotes/evil
		touch NOTE COMMIT_EDITMSG ORIG_HEAD
	)
	nr-slot release <prepared >/dev/null 2>&1
	allocate <<<"$(clone_task)"
	[ "$status" -eq 0 ]
	[ "$(ls "$slot/.git" | grep -vE '^(HEAD|config|index|logs|necrocode.lock|objects|packed-refs|refs)$' | wc -l)" -eq 0 ]
}

@test "there are no more slots than max_slots, and the error says so" {
	allocate --max-slots 2 <<<"$(clone_task)"
	allocate --max-slots 2 <<<"$(clone_task)"
	allocate --max-slots 2 --network-retry-count 0 <<<"$(clone_task)"
	[ "$status" -eq 69 ]
	[ "$(error_type)" = ServiceUnavailableError ]
	[ "$(field .error.retryable)" = true ]
	[[ "$(field .error.message)" == *"all 2 slots of the pool are taken"* ]]
	[ "$(slots)" = "taken taken" ]
}

@test "who waits for a slot gets the one that is given back" {
	allocate --max-slots 1 <<<"$(clone_task)"
	nr-slot allocate --owner $$ --max-slots 1 --network-retry-count 20 \
		<<<"$(clone_task)" >second 2>log 3>&- &
	wait_for grep -q '"retry"' log
	nr-slot release <<<"$output" >/dev/null 2>&1
	wait $!
	[ "$(jq -r .slot_path second)" = "$slot" ]
}

@test "the free slot of another repository makes room" {
	cp -r remote.git other.git
	allocate --max-slots 1 <<<"$(clone_task)"
	local first=$slot
	nr-slot release <<<"$output" >/dev/null 2>&1
	allocate --max-slots 1 <<<"$(clone_task ".repo_url = \"$PWD/other.git\"")"
	[ "$status" -eq 0 ]
	[ ! -e "$first" ]
	[ "$(slots)" = taken ]
}

@test "the pool takes no more of the disk than max_disk_mb, and removes what is free" {
	head -c 3000000 /dev/urandom >slot/big
	git -C slot add -A
	git -C slot commit -qm big
	git -C slot push -q origin HEAD:main
	allocate --max-disk-mb 4 <<<"$(clone_task)"
	[ "$status" -eq 0 ]
	nr-prepare <<<"$output" >prepared 2>/dev/null
	allocate --max-disk-mb 4 --network-retry-count 0 <<<"$(clone_task)"
	[ "$status" -eq 69 ]
	[[ "$(field .error.message)" == *"max_disk_mb"* ]]
	nr-slot release <prepared >/dev/null 2>&1
	allocate --max-disk-mb 4 <<<"$(clone_task)"
	[ "$status" -eq 0 ]
}

@test "gc removes what was not used, and never what somebody has" {
	cp -r remote.git other.git
	allocate <<<"$(clone_task)"
	local taken=$slot document=$output
	allocate <<<"$(clone_task ".repo_url = \"$PWD/other.git\"")"
	local free=$slot
	nr-slot release <<<"$output" >/dev/null 2>&1
	stage nr-slot gc
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	[ -e "$free" ]
	stage nr-slot gc --idle-days 0
	[[ "$output" == *"removed slot other-"*"removed mirror other-"* ]]
	[ -e "$taken" ]
	[ ! -e "${free%/1}" ]
	[ "$(ls -A "$pool" | grep -vc lock)" -eq 1 ]
	stage nr-prepare <<<"$document"
	[ "$status" -eq 0 ]
}

@test "gc packs a mirror that was fetched into often, and slots can still read" {
	local i
	for i in $(seq 12); do
		commit_upstream "file$i" "$i"
		allocate <<<"$(clone_task)"
		nr-slot release <<<"$output" >/dev/null 2>&1
	done
	stage nr-slot gc
	[[ "$output" == "packed mirror remote-"* ]]
	[ "$(ls "${slot%/1}"/mirror/.git/objects/pack/*.pack | wc -l)" -eq 1 ]
	git -C "$slot" fsck --full
}

@test "whoever is killed at any moment leaves a pool that works" {
	local i pid
	for i in $(seq 25); do
		nr-slot allocate --owner 1 <<<"$(clone_task)" >/dev/null 2>&1 3>&- &
		pid=$!
		sleep "0.0$((i * 7 % 10))$((i % 10))"
		kill -KILL $pid 2>/dev/null || true
		wait $pid || true
		# Its owner is not gone.
		rm -f "$pool"/*/*/.git/necrocode.lock
	done
	allocate --max-slots 3 <<<"$(clone_task)"
	[ "$status" -eq 0 ]
	stage nr-prepare <<<"$output"
	[ "$status" -eq 0 ]
	git -C "$slot" fsck --full
	git -C "${slot%/*}/mirror" fsck --full
	[ "$(nr-slot list | wc -l)" -le 3 ]
}

@test "nr-run takes a slot from the pool, and gives it back however it ends" {
	printf '#!/bin/sh\necho Hello >greeting.txt\n' >agent.sh
	chmod +x agent.sh
	export RUNNER_MAX_SLOTS=2
	stage nr-run --agent-command "$PWD/agent.sh" <<<"$(clone_task)"
	[ "$status" -eq 0 ]
	[ "$(field .slot_path)" = "$(echo "$pool"/*/1)" ]
	[ "$(field .workspace.path)" = "$(field .slot_path)" ]
	[ "$(slots)" = free ]
	stage nr-run --agent-command false <<<"$(clone_task '.task_id = "1.2"')"
	[ "$status" -eq 81 ]
	[ "$(slots)" = free ]
	stage nr-run --agent-command "$PWD/agent.sh" <<<"$(clone_task '.base_branch = "none"')"
	[ "$status" -eq 80 ]
	[ "$(field .slot_path)" = null ]
	[ "$(slots)" = free ]
	stage nr-run --agent-command 'sleep 60' --default-timeout-seconds 2 \
		<<<"$(clone_task 'del(.timeout_seconds) | .task_id = "1.3"')"
	[ "$status" -eq 124 ]
	[ "$(slots)" = free ]
}

@test "an agent in a strict sandbox reads what its slot borrows, and writes nothing to it" {
	allocate <<<"$(clone_task)"
	nr-prepare <<<"$output" 2>/dev/null |
		nr-exec --sandbox strict --agent-command 'git log --format=%s >seen
			touch "$(cat .git/objects/info/alternates)/x" && echo written >>seen
			:' >out 2>log
	[ "$(jq .impl_result.success out)" = true ]
	[ "$(cat "$slot/seen")" = "first commit" ]
}

@test "the slot of an nr-run that was killed is free, and the next one goes on with it" {
	export RUNNER_MAX_SLOTS=1
	nr-run --agent-command ': >at-work; sleep 60' >/dev/null 2>&1 3>&- \
		<<<"$(clone_task)" &
	local pid=$!
	wait_for sh -c "ls '$pool'/*/1/at-work"
	[ "$(slots)" = taken ]
	kill -KILL $pid
	wait_for sh -c '[ "$(nr-slot list --json | jq -r .[].state)" = dead ]'
	stage nr-run --agent-command 'echo x >new' <<<"$(clone_task)"
	[ "$status" -eq 0 ]
	[ "$(field '.impl_result.files_changed[]' | xargs)" = new ]
	[ "$(slots)" = free ]
}

@test "several runs at once have a slot each" {
	printf '#!/bin/sh\necho Hello >greeting.txt\n' >agent.sh
	chmod +x agent.sh
	local n
	for n in 1 2 3 4 5 6; do
		clone_task ".task_id = \"1.$n\""
	done >tasks
	RUNNER_MAX_SLOTS=3 stage nr-each -j 3 nr-run --agent-command "$PWD/agent.sh" <tasks
	[ "$status" -eq 0 ]
	[ "$(field .success | sort | uniq -c | xargs)" = "6 true" ]
	[ "$(nr-slot list | wc -l)" -le 3 ]
	for n in 1 2 3 4 5 6; do
		remote_has_branch "feature/task-demo-1.$n"
	done
}

@test "what nr-slot does not understand it says" {
	stage nr-slot
	[ "$status" -eq 64 ]
	stage nr-slot alocate
	[ "$status" -eq 64 ]
	stage nr-slot list more
	[ "$status" -eq 64 ]
	stage nr-slot gc --idle-days x
	[ "$status" -eq 64 ]
	stage nr-slot allocate --owner x <<<"$(clone_task)"
	[ "$status" -eq 64 ]
	stage nr-slot allocate <<<'{'
	[ "$status" -eq 65 ]
	run --separate-stderr sh -c 'nr-slot list --json >/dev/full'
	[ "$status" -eq 74 ]
}

@test "nr-slot says what it would do" {
	stage nr-slot allocate --dry-run <<<"$(clone_task)"
	[ "$output" = "nr-slot: would allocate a slot of '$PWD/remote.git'" ]
	[ ! -e "$pool" ]
}
