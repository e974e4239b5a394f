#!/usr/bin/env bats
# Shallow clones: nothing is lost, and only what is new travels.
load helper
load servers

branch=feature/task-demo-1.1

# 30 commits, of which the slot has the last.
prepare_test() {
	make_slot
	for i in $(seq 30); do
		seq "$i" "$((i + 200))" >slot/numbers
		mkdir -p "slot/dir-$((i % 5))"
		echo "$i" >"slot/dir-$((i % 5))/file"
		slot add -A
		slot commit -qm "commit $i"
	done
	slot push -q origin HEAD:main
	rm -rf slot
	git clone -q --depth 1 "file://$PWD/remote.git" slot
	task >task.json
}

slot() {
	git -C slot "$@"
}

# upstream N: so many more commits on the remote's main branch.
upstream() {
	rm -rf upstream
	git clone -q remote.git upstream
	for i in $(seq "$1"); do
		seq "$i" "$((i + 300))" >upstream/numbers
		echo "$i" >"upstream/news-$i"
		git -C upstream add -A
		git -C upstream commit -qm "news $i"
	done
	git -C upstream push -q
}

sound() {
	slot fsck --no-dangling --no-progress
	git -C remote.git fsck --no-dangling --no-progress
	[ -z "$(slot status --porcelain)" ]
	[ -s slot/.git/shallow ]
}

@test "a task in a shallow clone goes through all stages, and its history stays short" {
	upstream 3
	stage nr-prepare <task.json
	[ "$status" -eq 0 ] || echo "$output $stderr"
	[ "$(slot rev-parse HEAD main)" = "$(git -C remote.git rev-parse main main)" ]
	[ "$(slot rev-list --count HEAD)" -eq 4 ]
	stage nr-exec --agent-command 'echo hi >greeting; echo 1 >numbers' <<<"$output"
	[ "$status" -eq 0 ]
	stage nr-push <<<"$output"
	[ "$status" -eq 0 ] || echo "$output $stderr"
	[ "$(git -C remote.git diff --name-only main "$branch")" = $'greeting\nnumbers' ]
	[ "$(git -C remote.git rev-list --count "$branch")" -eq 35 ]
	stage nr-report <<<"$output"
	sound
}

@test "commits of one's own are replayed on top, none is lost" {
	slot checkout -q main
	for i in 1 2 3; do
		echo "$i" >"slot/own-$i"
		slot add -A
		slot commit -qm "own $i"
	done
	upstream 2
	stage nr-prepare <task.json
	[ "$status" -eq 0 ]
	[ "$(slot log --format=%s -6 HEAD)" = $'own 3\nown 2\nown 1\nnews 2\nnews 1\ncommit 30' ]
	sound
}

@test "a shallow clone of two branches, and a work tree of one" {
	rm -rf slot
	git -C remote.git branch other main~7
	git clone -q --depth 2 --no-single-branch "file://$PWD/remote.git" clone
	git -C clone worktree add -q --detach ../slot
	upstream 1
	stage nr-prepare <task.json
	[ "$status" -eq 0 ]
	echo hi >slot/greeting
	stage nr-push <<<"$output"
	[ "$status" -eq 0 ]
	remote_has_branch "$branch"
	git -C clone fsck --no-dangling --no-progress
}

@test "shallow clones fetch and push over http, git:// and ssh, too" {
	start_server git-http
	start_server git-daemon
	start_server sshd
	export RUNNER_GIT_SSH_KEY_FILE=$ssh_key RUNNER_GIT_SSH_KNOWN_HOSTS_FILE=$ssh_known_hosts
	for url in "$http_url" "$git_url" "$ssh_url"; do
		upstream 2
		stage nr-prepare < <(task ".repo_url = \"$url/remote.git\"")
		[ "$status" -eq 0 ] || { echo "$url: $output $stderr"; return 1; }
		[ "$(slot rev-parse main)" = "$(git -C remote.git rev-parse main)" ]
		echo "$url" >slot/greeting
		stage nr-push <<<"$output"
		[ "$status" -eq 0 ] || { echo "$url: $output $stderr"; return 1; }
		git -C remote.git update-ref -d "refs/heads/$branch"
		slot checkout -q --detach main
		slot branch -qD "$branch"
		sound
	done
}

@test "a remote that was written anew has no history in common, which is told" {
	git init -q anew
	echo anew >anew/file
	git -C anew add -A
	git -C anew commit -qm anew
	git -C anew push -q -f ../remote.git HEAD:main
	stage nr-prepare <task.json
	[ "$status" -eq 80 ]
	[[ "$(field .error.message)" == *"no history in common"* ]]
	[ -z "$(slot status --porcelain)" ]
}

@test "an object of a shallow clone that is not what its name says is not sent" {
	nr-prepare <task.json >prepared.json 2>/dev/null
	echo hi >slot/greeting
	slot add -A
	slot commit -qm greeting
	id=$(slot rev-parse HEAD:greeting)
	rm -f "slot/.git/objects/${id:0:2}/${id:2}"
	python3 -c 'import sys, zlib
sys.stdout.buffer.write(zlib.compress(b"blob 6\0other\n"))' >"slot/.git/objects/${id:0:2}/${id:2}"
	stage nr-push --git-retry-count 0 <prepared.json
	[ "$status" -eq 80 ] || { echo "$output $stderr"; return 1; }
	[[ "$(field .error.message)" == *"object $id is not what its name says"* ]]
	run ! remote_has_branch "$branch"
}
