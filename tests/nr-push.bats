#!/usr/bin/env bats
# nr-push: the task's changes as a commit on the remote.
load helper
load servers

branch=feature/task-demo-1.1
token=ghp_0123456789abcdefghijklmnopqrstuvwxyz

prepare_test() {
	make_slot
	task | nr-prepare >prepared.json 2>prepare.err
}

# push [JQ FILTER [OPTIONS]]: nr-push on the prepared document.
push() {
	local filter=${1:-.}
	[ $# -eq 0 ] || shift
	jq -c "$filter" prepared.json >task.json
	stage nr-push --git-retry-count 0 "$@" <task.json
}

# wait_for_file FILE: at most ten seconds.
wait_for_file() {
	for _ in $(seq 200); do
		[ ! -e "$1" ] || return 0
		sleep 0.05
	done
	return 1
}

slot() {
	git -C slot "$@"
}

remote() {
	git -C remote.git "$@"
}

# An agent's work.
work() {
	echo "${1:-hello}" >slot/greeting
}

pushed() {
	[ "$status" -eq 0 ]
	[ "$(field .push_result.success)" = true ]
	[ "$(field .push_result.commit_hash)" = "$(slot rev-parse HEAD)" ]
	[ "$(remote rev-parse "refs/heads/$branch")" = "$(slot rev-parse HEAD)" ]
	remote fsck --no-dangling --no-progress
	slot fsck --no-dangling --no-progress
	[ -z "$(slot status --porcelain)" ]
}

# failed CODE TYPE PATTERN
failed() {
	[ "$status" -eq "$1" ]
	[ "$(error_type)" = "$2" ]
	[[ "$(field .error.message)" == *$3* ]]
	[ "$(field .push_result.success)" = false ]
	[ "$(field .push_result.error)" = "$(field .error.message)" ]
}

# hook NAME TEXT: a hook of the remote.
hook() {
	printf '#!/bin/sh\n%s\n' "$2" >"remote.git/hooks/$1"
	chmod +x "remote.git/hooks/$1"
}

@test "nr-push commits and pushes what the agent did" {
	work
	rm slot/Makefile
	chmod +x slot/README
	ln -s README slot/link
	push
	pushed
	[ "$(field .push_result.branch_name)" = "$branch" ]
	[ "$(field .push_result.pushed)" = true ]
	[ "$(field .push_result.retry_count)" = 0 ]
	[ "$(field .push_result.error)" = null ]
	[ "$(remote diff --name-status main "$branch")" = $'D\tMakefile\nM\tREADME\nA\tgreeting\nA\tlink' ]
	[ "$(slot rev-parse "origin/$branch")" = "$(slot rev-parse HEAD)" ]
}

@test "nr-push writes a message with title, description and trailers" {
	work
	RUNNER_ID=ignored push '.runner.runner_id = "r-7" | .description = "Why.\n\nHow.\n\n"'
	pushed
	[ "$(remote log -1 --format=%B "$branch")" = "feat(task-1.1): Add a greeting

Why.

How.

Task: 1.1
Spec: demo
Runner: r-7" ]
	[ "$(remote log -1 --format='%(trailers:key=Task,valueonly)' "$branch")" = "1.1" ]
}

@test "nr-push commits as configured, or as the repository says" {
	work one
	push . --git-author-name 'Robot' --git-author-email robot@example.org
	pushed
	[ "$(slot log -1 --format='%an %ae %cn %ce')" = "Robot robot@example.org Robot robot@example.org" ]
	work two
	push
	pushed
	[ "$(slot log -1 --format='%an %ae')" = "Tester tester@example.org" ]
	rm "$HOME/.gitconfig"
	work three
	push
	pushed
	[ "$(slot log -1 --format='%an %ae')" = "necrocode necrocode@localhost" ]
}

@test "nr-push makes no second commit when it is run again" {
	work
	push
	pushed
	first=$(slot rev-parse HEAD)
	push
	pushed
	[ "$(slot rev-parse HEAD)" = "$first" ]
	stage nr-push <<<"$output"
	[ "$status" -eq 0 ]
	[ "$(slot rev-parse HEAD)" = "$first" ]
}

@test "nr-push pushes the commits that the agent made itself" {
	work
	slot add -A
	slot commit -qm 'by the agent'
	push
	pushed
	[ "$(slot log -1 --format=%s)" = 'by the agent' ]
}

@test "nr-push pushes more commits on top of those it pushed before" {
	work one
	push
	work two
	push
	pushed
	[ "$(slot rev-list --count main..HEAD)" -eq 2 ]
}

@test "nr-push makes the same tree as git add -A" {
	mkdir -p slot/dir slot/sub
	echo '*.o' >slot/.gitignore
	echo o >slot/a.o
	printf 'a\r\nb\r\n' >slot/crlf.txt
	printf '*.txt text\n' >slot/.gitattributes
	echo x >"slot/$(printf 'caf\351')"
	echo x >"slot/new
line"
	slot mv README dir/renamed
	rm slot/Makefile
	mkdir slot/Makefile
	echo m >slot/Makefile/in
	cp -a slot reference
	git -C reference add -A
	push
	pushed
	[ "$(slot rev-parse 'HEAD^{tree}')" = "$(git -C reference write-tree)" ]
}

@test "nr-push says that nothing was changed" {
	push
	failed 83 PushError "nothing was changed since 'main'"
	run ! remote_has_branch "$branch"
}

@test "nr-push takes no change for success when told to" {
	push . --no-changes success
	[ "$status" -eq 0 ]
	[ "$(field .push_result.success)" = true ]
	[ "$(field .push_result.pushed)" = false ]
	run ! remote_has_branch "$branch"
}

@test "nr-push finds out alone that nothing was changed" {
	push 'del(.workspace)'
	failed 83 PushError "nothing was changed since 'main'"
}

@test "nr-push works on a task alone, in a slot on its branch" {
	work
	push 'del(.workspace)'
	pushed
}

@test "nr-push never pushes to the base or the default branch" {
	work
	push '.workspace.branch_name = "main"' --allowed-branches '*'
	failed 77 SecurityError "it is the base branch"
	push '.workspace.branch_name = "release" | .workspace.default_branch = "release"' --allowed-branches '*'
	failed 77 SecurityError "it is the remote's default branch"
}

@test "nr-push pushes only branches that match allowed_branches" {
	work
	before=$(slot rev-parse HEAD)
	push . --allowed-branches 'task/*,bot-*'
	failed 77 SecurityError "matches no pattern of allowed_branches"
	[ "$(slot rev-parse HEAD)" = "$before" ]
	push . --allowed-branches 'task/*,feature/*'
	pushed
}

@test "nr-push does not commit on another branch than the task's" {
	slot checkout -q main
	work
	push
	failed 80 WorkspacePreparationError "is on branch 'main'"
	[ "$(slot rev-parse main)" = "$(remote rev-parse main)" ]
}

@test "nr-push reports the remote's refusal, with its words" {
	work
	hook pre-receive 'echo "no pushes on Fridays" >&2; exit 1'
	push . --git-retry-count 3
	failed 83 PushError "remote rejected (pre-receive hook declined); it says: no pushes on Fridays"
	[ "$(field .error.retryable)" = false ]
	[ "$(field .push_result.retry_count)" = 0 ]
	[ "$(slot log -1 --format=%s)" = "feat(task-1.1): Add a greeting" ]
	run ! remote_has_branch "$branch"
	run ! slot rev-parse -q --verify "refs/remotes/origin/$branch"
}

@test "nr-push reports the refusal of one reference" {
	work
	hook update 'exit 1'
	push
	failed 83 PushError "remote rejected (hook declined)"
}

@test "nr-push runs the remote's hooks to their end" {
	work
	hook post-receive "sleep 0.3; cat >'$PWD/received'"
	push
	pushed
	grep -q "refs/heads/$branch" received
}

@test "nr-push names both commits when the remote's branch is another" {
	git clone -q remote.git other
	git -C other checkout -q -b "$branch"
	echo theirs >other/theirs
	git -C other add -A
	git -C other commit -qm theirs
	git -C other push -q origin "$branch"
	theirs=$(git -C other rev-parse HEAD)
	work
	push
	failed 83 PushError "the remote has it at ${theirs:0:12}, which $(slot rev-parse --short=12 HEAD) here has not grown from"
	[ "$(remote rev-parse "$branch")" = "$theirs" ]
}

@test "nr-push never moves the remote's branch back" {
	work one
	push
	tip=$(slot rev-parse HEAD)
	slot reset -q --hard HEAD~1
	work two
	push
	failed 83 PushError "has not grown from"
	[ "$(remote rev-parse "$branch")" = "$tip" ]
}

@test "nr-push sends what is new alone, with tags and when the base branch went on" {
	remote update-ref refs/tags/before main
	remote update-ref refs/tags/of-a-tree "$(remote rev-parse 'main^{tree}')"
	git clone -q remote.git other
	echo theirs >other/theirs
	git -C other add -A
	git -C other commit -qm theirs
	git -C other push -q origin main
	n_before=$(remote rev-list --all --objects | wc -l)
	hook pre-receive 'git count-objects -v | grep ^count: >received'
	work 'not heard before'
	push
	pushed
	# The commit, its tree and the file.
	[ "$(remote rev-list --all --objects | wc -l)" -eq $((n_before + 3)) ]
	[ "$(cat remote.git/received)" = 'count: 3' ]
}

@test "nr-push refuses to push a commit that contains a known secret" {
	export GIT_TOKEN=$token
	{ seq 20000; echo "token = $token"; seq 20000; } >slot/config.ini
	push
	failed 77 SecurityError "is in 'config.ini' of commit"
	[[ "$output$stderr" != *$token* ]]
	run ! remote_has_branch "$branch"
	[ "$(slot log -1 --format=%s)" = "feat(task-1.1): Add a greeting" ]
}

@test "nr-push finds a secret at every place of a file" {
	export GIT_TOKEN=$token
	for at in 65520 65535 65536 131060; do
		{ head -c "$at" /dev/zero | tr '\0' x; printf ' %s ' "$token"; } >"slot/at-$at"
		push
		failed 77 SecurityError "is in 'at-$at' of commit"
		slot reset -q --hard HEAD~1
	done
}

@test "nr-push finds a secret that a later commit took out again" {
	export GIT_TOKEN=$token
	echo "$token" >slot/oops
	slot add -A
	slot commit -qm oops
	slot rm -q oops
	slot commit -qm 'never mind'
	push
	failed 77 SecurityError "is in 'oops' of commit $(slot rev-parse --short=12 HEAD~1)"
	slot gc -q
	push
	failed 77 SecurityError "is in 'oops'"
}

@test "nr-push finds a secret in a message, a path, and encoded" {
	export GIT_TOKEN=$token
	work
	slot add -A
	slot commit -qm "use $token"
	push
	failed 77 SecurityError "the value of GIT_TOKEN is in the message of commit"
	[[ "$output$stderr" != *$token* ]]
	slot reset -q --hard HEAD~1
	touch "slot/$token"
	push
	failed 77 SecurityError "is in a path of commit"
	slot reset -q --hard HEAD~1
	printf 'user:%s' "$token" | base64 -w0 >slot/auth
	push
	failed 77 SecurityError "is in 'auth'"
}

@test "nr-push finds a secret behind a NUL in a message, and in the name of an empty directory" {
	export GIT_TOKEN=$token
	work
	slot add -A
	slot commit -qm words
	{ slot cat-file commit HEAD; printf '\0 %s\n' "$token"; } >commit
	slot reset -q --hard "$(slot hash-object -t commit -w --literally ../commit)"
	push
	failed 77 SecurityError "the value of GIT_TOKEN is in the message of commit"
	slot reset -q --hard main
	tree=$(printf '040000 tree %s\t%s\n' "$(slot hash-object -t tree -w /dev/null)" "$token" | slot mktree)
	tree=$( (slot ls-tree HEAD; printf '040000 tree %s\tdir\n' "$tree") | slot mktree)
	slot reset -q --hard "$(slot commit-tree -p HEAD -m directory "$tree")"
	work
	push
	failed 77 SecurityError "is in a path of commit"
	run ! remote_has_branch "$branch"
}

@test "nr-push is not misled about what is in an object that it has twice" {
	export GIT_TOKEN=$token
	echo "$token" >slot/oops
	slot add -A
	slot commit -qm oops
	slot gc -q
	id=$(slot rev-parse HEAD:oops)
	mkdir -p "slot/.git/objects/${id:0:2}"
	python3 -c 'import sys, zlib
sys.stdout.buffer.write(zlib.compress(b"blob 6\0clean\n"))' >"slot/.git/objects/${id:0:2}/${id:2}"
	push
	failed 77 SecurityError "is in 'oops'"
	run ! remote_has_branch "$branch"
}

@test "nr-push masks a secret in the task's description" {
	export GIT_TOKEN=$token
	work
	push ".description = \"use $token\""
	pushed
	[[ "$(slot log -1 --format=%B)" == *"use ***"* ]]
}

@test "nr-push looks at the base branch's own commits, too" {
	export GIT_TOKEN=$token
	slot checkout -q main
	echo "$token" >slot/oops
	slot add -A
	slot commit -qm oops
	task | nr-prepare >prepared.json 2>/dev/null
	work
	push
	failed 77 SecurityError "is in 'oops'"
}

@test "nr-push is not misled by what an agent wrote into the slot" {
	export GIT_TOKEN=$token
	git init -q --bare evil.git
	slot config remote.origin.url "$PWD/evil.git"
	slot config remote.origin.pushurl "$PWD/evil.git"
	slot config "url.$PWD/evil.git.insteadOf" "$PWD/remote.git"
	slot config remote.origin.push "+refs/heads/*:refs/heads/*"
	slot config core.sshCommand "touch $PWD/ran"
	slot config core.fsmonitor "touch $PWD/ran"
	for hook in pre-commit prepare-commit-msg commit-msg post-commit pre-push; do
		printf '#!/bin/sh\ntouch "%s/ran"\n' "$PWD" >"slot/.git/hooks/$hook"
		chmod +x "slot/.git/hooks/$hook"
	done
	echo "$token" >slot/oops
	slot -c core.hooksPath=/dev/null -c core.fsmonitor= commit -q --allow-empty -m x
	slot update-ref refs/remotes/origin/main HEAD
	rm -f ran
	push
	failed 77 SecurityError "is in 'oops'"
	rm slot/oops
	work
	push '.workspace.branch_name = "feature/again" | .'
	[ "$status" -eq 80 ]
	slot checkout -q -b feature/again main
	work
	rm -f ran
	push '.workspace.branch_name = "feature/again"'
	[ "$status" -eq 0 ]
	[ -z "$(git -C evil.git for-each-ref)" ]
	[ "$(remote rev-parse feature/again)" = "$(slot rev-parse HEAD)" ]
	[ ! -e ran ]
}

@test "nr-push does not store files that a filter would change" {
	printf '*.bin filter=lfs\n' >slot/.gitattributes
	echo big >slot/a.bin
	push
	failed 80 WorkspacePreparationError "'a.bin' in '*': it has the attribute filter=lfs"
	run ! remote_has_branch "$branch"
}

@test "nr-push says that the remote is not there, and tries again only if that may help" {
	work
	mv remote.git away.git
	push . --git-retry-count 3
	failed 83 PushError "does not appear to be a git repository"
	[ "$(field .push_result.retry_count)" = 0 ]
	mv away.git remote.git
	push
	pushed
}

@test "nr-push notices that the remote has another commit than it accepted" {
	work
	cat >remote.git/hooks/post-receive <<-'END'
		#!/bin/sh
		read -r old new name
		git update-ref "$name" "$new^"
	END
	chmod +x remote.git/hooks/post-receive
	push
	failed 83 PushError "but has it at"
}

@test "nr-push verifies with a git that knows no protocol version 2, too" {
	work
	cat >git <<-'END'
		#!/bin/sh
		unset GIT_PROTOCOL
		exec /usr/bin/git "$@"
	END
	chmod +x git
	PATH=$PWD:$PATH push
	pushed
	[ "$(field .push_result.verified)" = true ]
}

@test "nr-push tries again when the remote's reference is locked" {
	work
	mkdir -p remote.git/refs/heads/feature
	cat >git <<-END
		#!/bin/sh
		# Locked at the first try, and free from the second on.
		if [ "\$1" = receive-pack ]; then
			rm -f "$PWD/remote.git/refs/heads/$branch.lock"
			[ -e tried ] ||
				touch tried "$PWD/remote.git/refs/heads/$branch.lock"
		fi
		exec /usr/bin/git "\$@"
	END
	chmod +x git
	PATH=$PWD:$PATH push . --git-retry-count 2
	pushed
	[ "$(field .push_result.retry_count)" -eq 1 ]
	[[ "$stderr" == *'"event":"retry"'* ]]
}

@test "nr-push pushes over http with a token" {
	remote config http.receivepack true
	echo "x-access-token:$token" >users
	start_server git-http --users users
	work
	GIT_TOKEN=$token push ".repo_url = \"$http_url/remote.git\""
	pushed
	run ! grep -rq "$token" slot "$XDG_STATE_HOME"
}

@test "nr-push pushes over file:// and ssh" {
	cat >ssh <<-'END'
		#!/bin/sh
		for command; do :; done
		exec sh -c "$command"
	END
	chmod +x ssh
	work one
	push ".workspace.remote_url = \"file://$PWD/remote.git\""
	pushed
	work two
	PATH=$PWD:$PATH push ".workspace.remote_url = \"me@host:$PWD/remote.git\""
	pushed
}

@test "nr-push pushes to the push URL of the slot" {
	git clone -q --bare remote.git mirror.git
	slot config remote.origin.pushurl "$PWD/mirror.git"
	task | nr-prepare >prepared.json 2>/dev/null
	work
	push
	[ "$status" -eq 0 ]
	run ! remote_has_branch "$branch"
	[ "$(git -C mirror.git rev-parse "$branch")" = "$(slot rev-parse HEAD)" ]
}

@test "nr-push pushes from one work tree of several" {
	slot checkout -q main
	slot branch -qD "$branch"
	slot worktree add -q --detach ../second
	task ".slot_path = \"$PWD/second\"" | nr-prepare >prepared.json 2>/dev/null
	echo hello >second/greeting
	push
	[ "$status" -eq 0 ]
	[ "$(remote rev-parse "$branch")" = "$(git -C second rev-parse HEAD)" ]
	[ -z "$(slot status --porcelain)" ]
}

@test "nr-push refuses a slot that was left in the middle of a merge" {
	slot checkout -q -b other
	work theirs
	slot add -A
	slot commit -qm theirs
	slot checkout -q "$branch"
	work ours
	slot add -A
	slot commit -qm ours
	run slot merge other
	push
	failed 80 WorkspacePreparationError "in the middle of a merge"
}

@test "nr-push stops at SIGTERM" {
	printf '#!/bin/sh\necho $$ >"%s/pid.new"\nmv "%s/pid.new" "%s/pid"\nexec sleep 1000\n' "$PWD" "$PWD" "$PWD" >ssh
	chmod +x ssh
	work
	jq '.workspace.remote_url = "host:x.git"' prepared.json >task.json
	PATH=$PWD:$PATH nr-push <task.json >out.json 2>err &
	runner=$!
	wait_for_file pid
	kill -TERM "$runner"
	code=0
	wait "$runner" || code=$?
	[ "$code" -eq 143 ]
	[ "$(jq -r .push_result.success out.json)" = false ]
	run ! kill -0 "$(cat pid)"
	push
	pushed
}

@test "nr-push --dry-run says what it would do and touches nothing" {
	work
	before=$(slot rev-parse HEAD)
	push . --dry-run
	[ "$status" -eq 0 ]
	[[ "$output" == *"nr-push: would push branch '$branch'"* ]]
	[ "$(slot rev-parse HEAD)" = "$before" ]
	[ "$(slot status --porcelain)" = "?? greeting" ]
}

@test "nr-push passes a failed document through" {
	work
	push '.error = {type: "TestExecutionError", stage: "nr-test", message: "m", retryable: true, exit_code: 82}'
	[ "$status" -eq 0 ]
	[ "$output" = "$(cat task.json)" ]
	run ! remote_has_branch "$branch"
}

@test "nr-prepare and nr-push work in a clone that borrows objects" {
	rm -rf slot
	git clone -q --reference remote.git remote.git slot
	[ -s slot/.git/objects/info/alternates ]
	task | nr-prepare >prepared.json 2>/dev/null
	work
	push
	pushed
}
