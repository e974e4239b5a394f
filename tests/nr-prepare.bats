#!/usr/bin/env bats
# nr-prepare: a slot, on a fresh branch for the task.
load helper
load servers

branch=feature/task-demo-1.1

prepare_test() {
	make_slot
}

# prepare [JQ FILTER [OPTIONS]]: nr-prepare on a task changed by the filter.
prepare() {
	local filter=${1:-.}
	[ $# -eq 0 ] || shift
	task "$filter" >task.json
	stage nr-prepare --git-retry-count 0 "$@" <task.json
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

# The slot in every respect that a person would notice.
snapshot() {
	slot for-each-ref
	slot rev-parse HEAD
	slot symbolic-ref -q HEAD || echo detached
	slot status --porcelain
	slot ls-files -s
	find slot -path slot/.git -prune -o -type f -print -exec cat {} +
}

sound() {
	slot fsck --no-dangling --no-progress
	[ -z "$(slot status --porcelain)" ]
}

# refused PATTERN: a WorkspacePreparationError that says so.
refused() {
	[ "$status" -eq 80 ]
	[ "$(error_type)" = WorkspacePreparationError ]
	[[ "$(field .error.message)" == *$1* ]]
	[ "$(field .workspace)" = null ]
	[ ! -e slot/.git/necrocode.lock ]
}

# commit_slot FILE TEXT: one more commit on the slot's current branch.
commit_slot() {
	printf '%s\n' "$2" >"slot/$1"
	slot add -A
	slot commit -qm "local: $1"
}

@test "nr-prepare puts the slot on a branch made from the remote's base" {
	commit_upstream news.txt news
	prepare
	[ "$status" -eq 0 ]
	[ "$(slot symbolic-ref HEAD)" = "refs/heads/$branch" ]
	[ "$(slot rev-parse HEAD)" = "$(git -C remote.git rev-parse main)" ]
	[ "$(slot rev-parse main)" = "$(git -C remote.git rev-parse main)" ]
	[ "$(slot rev-parse origin/main)" = "$(slot rev-parse main)" ]
	[ "$(cat slot/news.txt)" = news ]
	sound
}

@test "nr-prepare tells the workspace in the document" {
	prepare
	[ "$status" -eq 0 ]
	[ "$(field .workspace.path)" = "$BATS_TEST_TMPDIR/slot" ]
	[ "$(field .workspace.branch_name)" = "$branch" ]
	[ "$(field .workspace.base_branch)" = main ]
	[ "$(field .workspace.base_commit)" = "$(slot rev-parse main)" ]
	[ "$(field .workspace.remote_url)" = "$BATS_TEST_TMPDIR/remote.git" ]
	[ "$(field .workspace.default_branch)" = main ]
	[ "$(field .title)" = "Add a greeting" ]
}

@test "nr-prepare writes nothing when the remote has nothing new" {
	slot fetch -q
	before=$(stat -c '%n %i %y' slot/README slot/.git/index)
	prepare
	[ "$status" -eq 0 ]
	[ "$(stat -c '%n %i %y' slot/README slot/.git/index)" = "$before" ]
	sound
}

@test "nr-prepare can be run twice" {
	prepare
	first=$output
	stage nr-prepare <<<"$first"
	[ "$status" -eq 0 ]
	[ "$(field .workspace)" = "$(jq -r .workspace <<<"$first")" ]
	sound
}

@test "nr-prepare leaves an earlier task's branch as it is" {
	slot checkout -q -b feature/earlier
	commit_slot earlier.txt earlier
	prepare
	[ "$status" -eq 0 ]
	[ "$(slot rev-parse HEAD)" = "$(slot rev-parse main)" ]
	[ ! -e slot/earlier.txt ]
	slot cat-file -e feature/earlier:earlier.txt
	sound
}

@test "nr-prepare starts from a detached head" {
	slot checkout -q --detach
	prepare
	[ "$status" -eq 0 ]
	[ "$(slot symbolic-ref HEAD)" = "refs/heads/$branch" ]
}

@test "nr-prepare moves a task branch without commits of its own to the base" {
	slot branch "$branch"
	commit_upstream news.txt news
	prepare
	[ "$status" -eq 0 ]
	[ "$(slot rev-parse HEAD)" = "$(slot rev-parse origin/main)" ]
	sound
}

@test "nr-prepare keeps the commits of a task branch on top of the base" {
	slot checkout -q -b "$branch"
	commit_slot mine.txt mine
	commit_upstream news.txt news
	prepare
	[ "$status" -eq 0 ]
	[[ "$stderr" == *branch_kept* ]]
	[ "$(slot rev-parse HEAD~1)" = "$(slot rev-parse origin/main)" ]
	[ "$(slot log -1 --format=%s)" = "local: mine.txt" ]
	[ "$(field .workspace.base_commit)" = "$(slot rev-parse origin/main)" ]
	[ "$(cat slot/mine.txt slot/news.txt)" = "mine
news" ]
	sound
}

@test "nr-prepare replays the base branch's own commits on the remote's" {
	commit_slot one.txt one
	commit_slot two.txt two
	commit_upstream news.txt news
	prepare
	[ "$status" -eq 0 ]
	[ "$(slot rev-parse main~2)" = "$(slot rev-parse origin/main)" ]
	[ "$(slot log --format=%s main -2)" = "local: two.txt
local: one.txt" ]
	[ "$(slot rev-parse HEAD)" = "$(slot rev-parse main)" ]
	sound
}

@test "nr-prepare drops a commit that the remote has already" {
	commit_slot same.txt same
	commit_upstream same.txt same
	prepare
	[ "$status" -eq 0 ]
	[ "$(slot rev-parse main)" = "$(slot rev-parse origin/main)" ]
	sound
}

@test "nr-prepare keeps the author and the words of what it replays" {
	printf 'a\n' >slot/a
	slot add -A
	slot commit -q --author 'Ann <ann@example.org>' --date '2001-02-03T04:05:06+01:00' -m $'subject\n\nbody'
	commit_upstream news.txt news
	prepare
	[ "$status" -eq 0 ]
	[ "$(slot log -1 --format='%an %ae %aI %B')" = $'Ann ann@example.org 2001-02-03T04:05:06+01:00 subject\n\nbody' ]
}

@test "nr-prepare names the files of a conflict and leaves the slot as it was" {
	commit_slot README ours
	commit_upstream README theirs
	before=$(snapshot)
	prepare
	refused "conflicts in: README"
	slot update-ref refs/remotes/origin/main main~1
	[ "$(snapshot)" = "$before" ]
}

@test "nr-prepare refuses to replay merges" {
	slot checkout -q -b side
	commit_slot side.txt side
	slot checkout -q main
	commit_slot main.txt main
	slot merge -q --no-edit side
	commit_upstream news.txt news
	prepare
	refused "merges of its own"
}

@test "nr-prepare refuses a base branch with another history" {
	slot checkout -q --orphan other
	slot commit -qm other
	slot branch -qM main
	prepare
	refused "no history in common"
}

@test "nr-prepare refuses a dirty slot and lists what is in it" {
	echo more >>slot/README
	for i in 1 2 3 4 5 6 7 8 9 10 11; do
		echo "$i" >"slot/new-$i"
	done
	before=$(snapshot)
	prepare
	refused "README, new-1, new-10,"
	[[ "$(field .error.message)" == *"and 2 more"* ]]
	[ "$(snapshot)" = "$before" ]
}

@test "nr-prepare does not mind ignored files" {
	echo '*.o' >slot/.git/info/exclude
	echo object >slot/a.o
	prepare
	[ "$status" -eq 0 ]
	[ "$(cat slot/a.o)" = object ]
}

@test "nr-prepare --clean saves a dirty slot to a ref and says so" {
	echo more >>slot/README
	echo new >slot/new.txt
	rm slot/Makefile
	RUNNER_ID=r1 prepare . --clean
	[ "$status" -eq 0 ]
	[[ "$stderr" == *refs/necrocode/saved/r1* ]]
	[ "$(slot show refs/necrocode/saved/r1:README)" = $'hello\nmore' ]
	[ "$(slot show refs/necrocode/saved/r1:new.txt)" = new ]
	run ! slot cat-file -e refs/necrocode/saved/r1:Makefile
	[ ! -e slot/new.txt ]
	sound
}

@test "nr-prepare says what is wrong with a slot_path" {
	mkdir plain
	echo x >plain/file
	prepare '.slot_path += "/nowhere"'
	refused "No such file or directory"
	prepare ".slot_path = \"$PWD/plain\""
	refused "not the top of a git work tree"
	prepare ".slot_path = \"$PWD/plain/file\""
	refused "not a directory"
	prepare ".slot_path = \"$PWD/remote.git\""
	refused "bare repository"
	prepare 'del(.slot_path)'
	refused "neither slot_path nor repo_url"
}

@test "nr-prepare refuses a slot in the middle of a rebase or a merge" {
	slot checkout -q -b other
	commit_slot README other
	slot checkout -q main
	commit_slot README ours
	run slot rebase other
	prepare
	refused "in the middle of a rebase"
	slot rebase --abort
	run slot merge other
	prepare
	refused "in the middle of a merge"
}

@test "nr-prepare names a stale lock and its age" {
	touch -d '2 hours ago' slot/.git/index.lock
	prepare
	refused "slot/.git/index.lock' is there, 2h00m old"
	[ -e slot/.git/index.lock ]
}

@test "nr-prepare removes the lock of a runner that died" {
	sh -c 'echo $$' >gone
	jq -n --arg host "$(hostname)" --argjson pid "$(cat gone)" '{
		runner_id: "dead", pid: $pid, hostname: $host, start_time: 1,
		since: "2020-01-01T00:00:00Z", task_id: "0"}' >slot/.git/necrocode.lock
	touch slot/.git/index.lock
	prepare
	[ "$status" -eq 0 ]
	[[ "$stderr" == *slot_taken_over* ]]
	[ ! -e slot/.git/index.lock ]
}

@test "nr-prepare tells the second run who holds the slot" {
	sleep 60 &
	other=$!
	RUNNER_ID=first NR_RUN_PID=$other prepare
	[ "$status" -eq 0 ]
	RUNNER_ID=second NR_RUN_PID=$$ prepare '.task_id = "2"'
	[ "$status" -eq 80 ]
	[[ "$(field .error.message)" == *"runner 'first' (process $other on "*"task '1.1' since 20"* ]]
	[ "$(jq -r .runner_id slot/.git/necrocode.lock)" = first ]
	kill "$other"
	wait "$other" || :
	RUNNER_ID=second NR_RUN_PID=$$ prepare '.task_id = "2"'
	[ "$status" -eq 0 ]
	[ "$(jq -r .runner_id slot/.git/necrocode.lock)" = second ]
}

@test "nr-prepare refuses a slot of another user" {
	if [ "$(id -u)" -ne 0 ]; then
		# Only root can make one; / is not ours then, and no repository.
		prepare '.slot_path = "/"'
		[ "$status" -eq 80 ]
		return
	fi
	chown -R 12345 slot
	prepare
	refused "belongs to another user (uid 12345; this is uid 0)"
	[[ "$(field .error.message)" == *"safe.directory '$PWD/slot'"* ]]
	git config --global --add safe.directory "$PWD/slot"
	prepare
	[ "$status" -eq 0 ]
}

@test "nr-prepare needs a remote, or repo_url" {
	slot remote remove origin
	prepare
	refused "has no remote"
	prepare ".repo_url = \"$PWD/remote.git\""
	[ "$status" -eq 0 ]
	sound
}

@test "nr-prepare takes the only remote, whatever its name" {
	slot remote rename origin upstream
	commit_upstream news.txt news
	prepare
	[ "$status" -eq 0 ]
	[ "$(slot rev-parse upstream/main)" = "$(slot rev-parse HEAD)" ]
}

@test "nr-prepare says that a remote is empty" {
	git init -q --bare empty.git
	slot remote set-url origin "$PWD/empty.git"
	prepare
	refused "the repository has no commits yet"
}

@test "nr-prepare names the branches when the base branch is not among them" {
	prepare '.base_branch = "trunk"'
	refused "has no such branch; set base_branch to one of: main"
}

@test "nr-prepare says that the remote is not there" {
	slot remote set-url origin "$PWD/nowhere.git"
	prepare
	refused "cannot reach '$PWD/nowhere.git': '$PWD/nowhere.git' does not appear to be a git repository"
	[ "$(field .error.retryable)" = false ]
}

@test "nr-prepare works on a slot that is one work tree of several" {
	slot worktree add -q --detach ../second
	commit_upstream news.txt news
	prepare ".slot_path = \"$PWD/second\""
	[ "$status" -eq 0 ]
	[[ "$stderr" == *base_elsewhere* ]]
	[ "$(git -C second rev-parse HEAD)" = "$(slot rev-parse origin/main)" ]
	[ -z "$(git -C second status --porcelain)" ]
	[ -z "$(slot status --porcelain)" ]
	[ "$(slot rev-parse main)" = "$(slot rev-parse origin/main~1)" ]
	[ -e slot/.git/worktrees/second/necrocode.lock ]
}

@test "nr-prepare works in many work trees of one repository at once" {
	slot checkout -q --detach
	for i in 1 2 3 4 5 6 7 8; do
		slot worktree add -q --detach "../tree-$i"
	done
	commit_upstream news.txt news
	for i in 1 2 3 4 5 6 7 8; do
		task ".slot_path = \"$PWD/tree-$i\" | .task_id = \"$i\"" >"task-$i.json"
		RUNNER_ID=r$i nr-prepare <"task-$i.json" >"out-$i.json" 2>"err-$i" &
	done
	wait
	for i in 1 2 3 4 5 6 7 8; do
		[ "$(jq -r .error "out-$i.json")" = null ]
		[ "$(jq -r .workspace.base_commit "out-$i.json")" = "$(git -C remote.git rev-parse main)" ]
		[ -z "$(git -C "tree-$i" status --porcelain)" ]
	done
	[ "$(slot rev-parse main)" = "$(slot rev-parse origin/main)" ]
	slot fsck --no-dangling --no-progress
}

@test "nr-prepare refuses a branch that another work tree has checked out" {
	slot worktree add -q -b "$branch" ../second
	before=$(snapshot)
	prepare
	refused "another work tree of this repository has it checked out"
	[ "$(snapshot)" = "$before" ]
}

@test "nr-prepare works when the remote's default branch was renamed" {
	slot symbolic-ref refs/remotes/origin/HEAD refs/remotes/origin/master
	commit_upstream news.txt news
	prepare
	[ "$status" -eq 0 ]
	[[ "$stderr" == *reference_repaired* ]]
	sound
}

# Each line: what makes the slot, and what the message must say.
@test "nr-prepare refuses what it could not handle faithfully, by name" {
	commit_upstream news.txt news
	git -C remote.git config uploadpack.allowFilter true
	while IFS='|' read -r make message; do
		rm -rf slot
		eval "$make"
		prepare
		refused "$message" || { echo "$make: $output"; return 1; }
	done <"$BATS_TEST_DIRNAME/nr-prepare.features"
}

@test "nr-prepare refuses filters that come with the base branch" {
	rm -rf upstream
	git clone -q remote.git upstream
	echo '*.bin filter=lfs' >upstream/.gitattributes
	echo big >upstream/a.bin
	git -C upstream add -A
	git -C upstream commit -qm lfs
	git -C upstream push -q
	before=$(slot rev-parse HEAD)
	prepare
	refused "'a.bin' in '*': it has the attribute filter=lfs"
	[ "$(slot rev-parse HEAD)" = "$before" ]
	[ -z "$(slot status --porcelain)" ]
}

@test "nr-prepare warns of submodules and leaves them alone" {
	git -c protocol.file.allow=always -C slot submodule -q add ../remote.git sub
	slot commit -qm sub
	slot push -q
	prepare
	[ "$status" -eq 0 ]
	[[ "$stderr" == *submodules* ]]
	[ -f slot/sub/README ]
	sound
}

@test "nr-prepare clones when the slot is absent, empty or not given" {
	mkdir empty
	for path in "$PWD/new/slot" "$PWD/empty" ''; do
		RUNNER_ID=r1 prepare ".repo_url = \"file://$PWD/remote.git\" |
			.slot_path = \"$path\" | if .slot_path == \"\" then del(.slot_path) else . end"
		[ "$status" -eq 0 ]
		clone=$(field .workspace.path)
		[ "$clone" = "${path:-$XDG_STATE_HOME/necrocode/runs/r1/workspace}" ]
		[ "$(cat "$clone/README")" = hello ]
		[ "$(git -C "$clone" symbolic-ref HEAD)" = "refs/heads/$branch" ]
		[ "$(git -C "$clone" rev-parse main origin/main | uniq | wc -l)" -eq 1 ]
		[ -z "$(git -C "$clone" status --porcelain)" ]
		git -C "$clone" fetch -q
	done
}

@test "nr-prepare leaves nothing of a clone that failed" {
	mkdir empty
	prepare ".repo_url = \"$PWD/nowhere.git\" | .slot_path = \"$PWD/new\""
	refused "cannot reach"
	[ ! -e new ]
	prepare ".repo_url = \"$PWD/remote.git\" | .base_branch = \"x\" | .slot_path = \"$PWD/empty\""
	refused "no such branch"
	[ -d empty ]
	[ -z "$(ls -A empty)" ]
}

@test "nr-prepare accepts no credentials in repo_url, and does not repeat them" {
	prepare '.repo_url = "https://me:s3cretpassword@git.example.org/x.git"'
	[ "$status" -eq 77 ]
	[ "$(error_type)" = SecurityError ]
	[[ "$(field .error.message)" == *"https://git.example.org/x.git"* ]]
	[[ "$(field .error.message)$stderr" != *s3cret* ]]
}

@test "nr-prepare does not use credentials that stand in the slot's URL" {
	slot remote set-url origin "http://me:s3cretpassword@127.0.0.1:1/x.git"
	prepare
	[ "$status" -eq 80 ]
	[[ "$stderr" == *credentials_in_url* ]]
	[[ "$output$stderr" != *s3cret* ]]
}

@test "nr-prepare refuses URLs that git or a shell would take for something else" {
	for url in 'ext::sh -c id' '--upload-pack=id' 'ssh://-oProxyCommand=id/x' 'ftp://x/y' 'ssh:///x' '-x:y'; do
		prepare ".repo_url = \"$url\""
		[ "$status" -eq 80 ]
	done
}

@test "nr-prepare uses the URL as it is, whatever insteadOf says" {
	git init -q --bare evil.git
	slot config "url.$PWD/evil.git.insteadOf" "$PWD/remote.git"
	prepare
	[ "$status" -eq 0 ]
	[ "$(field .workspace.remote_url)" = "$PWD/remote.git" ]
}

@test "nr-prepare runs no hook and no program of the slot" {
	for hook in post-checkout reference-transaction pre-rebase; do
		printf '#!/bin/sh\ntouch "%s/ran"\n' "$PWD" >"slot/.git/hooks/$hook"
		chmod +x "slot/.git/hooks/$hook"
	done
	slot config core.fsmonitor "touch $PWD/ran"
	slot config core.sshCommand "touch $PWD/ran"
	commit_upstream news.txt news
	rm -f ran
	prepare
	[ "$status" -eq 0 ]
	[ ! -e ran ]
}

@test "nr-prepare hands no secret to git" {
	printf '#!/bin/sh\nenv >"%s/environment"\nexec /usr/bin/git "$@"\n' "$PWD" >git
	chmod +x git
	export GIT_TOKEN=ghp_0123456789abcdefghijklmnopqrstuvwxyz GIT_DIR=/nowhere
	commit_upstream() { :; }
	task >task.json
	PATH=$PWD:$PATH stage nr-prepare <task.json
	unset GIT_DIR
	[ "$status" -eq 0 ]
	[ -s environment ]
	run ! grep -q 'GIT_TOKEN\|ghp_\|GIT_DIR' environment
}

@test "nr-prepare reaches a repository over ssh, without a shell in between" {
	cat >ssh <<-'END'
		#!/bin/sh
		printf '%s\n' "$@" >"$HOME/ssh-arguments"
		for command; do :; done
		exec sh -c "$command"
	END
	chmod +x ssh
	git clone -q --bare remote.git "it's.git"
	slot remote set-url origin "ssh://me@host.example:2222$PWD/it's.git"
	PATH=$PWD:$PATH prepare
	[ "$status" -eq 0 ]
	[ "$(field .workspace.remote_url)" = "ssh://me@host.example:2222$PWD/it's.git" ]
	grep -qx -- -p2222 "$HOME/ssh-arguments"
	grep -qx -- -lme "$HOME/ssh-arguments"
	grep -qx -- -oBatchMode=yes "$HOME/ssh-arguments"
	grep -qx -- host.example "$HOME/ssh-arguments"
}

@test "nr-prepare fetches over https with a token, and leaves it nowhere" {
	token=ghp_0123456789abcdefghijklmnopqrstuvwxyz
	echo "x-access-token:$token" >users
	start_server git-http --tls --users users
	export SSL_CERT_FILE=$ca_file
	url=${http_url/127.0.0.1/localhost}/remote.git
	prepare ".repo_url = \"$url\""
	[ "$status" -eq 77 ]
	[[ "$(field .error.message)" == *"asks for credentials"* ]]
	GIT_TOKEN=$token prepare ".repo_url = \"$url\" | .slot_path = \"$PWD/new\""
	[ "$status" -eq 0 ]
	[ "$(cat new/README)" = hello ]
	[ "$(git -C new config remote.origin.url)" = "$url" ]
	run ! grep -rq "$token" new "$XDG_STATE_HOME"
	[[ "$output$stderr" != *$token* ]]
	unset SSL_CERT_FILE
	GIT_TOKEN=$token prepare ".repo_url = \"$url\""
	[ "$status" -eq 77 ]
	[[ "$(field .error.message)" == *"certificate is not trusted"* ]]
}

@test "nr-prepare does not retry refused credentials" {
	printf '#!/bin/sh\necho x >>"%s/tries"\necho "me@host: Permission denied (publickey)." >&2\nexit 255\n' "$PWD" >ssh
	chmod +x ssh
	slot remote set-url origin me@host:x.git
	PATH=$PWD:$PATH prepare . --git-retry-count 3
	[ "$status" -eq 77 ]
	[ "$(error_type)" = SecurityError ]
	[[ "$(field .error.message)" == *"Permission denied (publickey)"* ]]
	[ "$(wc -l <tries)" -eq 1 ]
}

@test "nr-prepare tries again after a connection that broke" {
	cat >ssh <<-'END'
		#!/bin/sh
		if [ ! -e "$HOME/tried" ]; then
			touch "$HOME/tried"
			echo 'ssh: connect to host x port 22: Connection refused' >&2
			exit 255
		fi
		for command; do :; done
		exec sh -c "$command"
	END
	chmod +x ssh
	slot remote set-url origin "host:$PWD/remote.git"
	PATH=$PWD:$PATH prepare . --git-retry-count 1
	[ "$status" -eq 0 ]
	[[ "$stderr" == *'"event":"retry"'* ]]
	[[ "$stderr" == *"Connection refused"* ]]
}

@test "nr-prepare ends at the deadline when the remote is silent" {
	printf '#!/bin/sh\necho $$ >"%s/pid"\nexec sleep 1000\n' "$PWD" >ssh
	chmod +x ssh
	slot remote set-url origin host:x.git
	PATH=$PWD:$PATH prepare '.timeout_seconds = 2'
	[ "$status" -eq 124 ]
	[ "$(error_type)" = TimeoutError ]
	run ! kill -0 "$(cat pid)"
	[ ! -e slot/.git/necrocode.lock ]
}

@test "nr-prepare stops at SIGTERM and leaves the slot usable" {
	printf '#!/bin/sh\necho $$ >"%s/pid.new"\nmv "%s/pid.new" "%s/pid"\nexec sleep 1000\n' "$PWD" "$PWD" "$PWD" >ssh
	chmod +x ssh
	slot remote set-url origin host:x.git
	before=$(snapshot)
	task >task.json
	PATH=$PWD:$PATH nr-prepare <task.json >out.json 2>err &
	runner=$!
	wait_for_file pid
	kill -TERM "$runner"
	code=0
	wait "$runner" || code=$?
	[ "$code" -eq 143 ]
	[ "$(jq -r .error.type out.json)" = CancelledError ]
	run ! kill -0 "$(cat pid)"
	[ "$(snapshot)" = "$before" ]
	slot remote set-url origin "$PWD/remote.git"
	prepare
	[ "$status" -eq 0 ]
}

@test "nr-prepare goes back when the branch cannot be written" {
	slot branch feature
	commit_upstream news.txt news
	before=$(snapshot | grep -v refs/remotes)
	prepare
	[ "$status" -eq 80 ]
	[[ "$(field .error.message)" == *"cannot put"*"on branch '$branch'"* ]]
	[ "$(snapshot | grep -v refs/remotes)" = "$before" ]
}

@test "nr-prepare overwrites what is ignored, as git does" {
	echo news.txt >slot/.git/info/exclude
	echo object >slot/news.txt
	commit_upstream news.txt news
	prepare
	[ "$status" -eq 0 ]
	[ "$(cat slot/news.txt)" = news ]
}

@test "nr-prepare does not overwrite a repository in the way" {
	git init -q slot/news.txt
	echo precious >slot/news.txt/file
	commit_upstream news.txt news
	before=$(snapshot | grep -v refs/remotes)
	prepare
	refused "would be overwritten: news.txt"
	[ "$(snapshot | grep -v refs/remotes)" = "$before" ]
}

@test "nr-prepare never works on the base branch itself" {
	prepare '.branch_name = "main"'
	[ "$status" -eq 77 ]
	[ "$(error_type)" = SecurityError ]
}

@test "nr-prepare --dry-run says what it would do and touches nothing" {
	commit_upstream news.txt news
	before=$(snapshot)
	prepare . --dry-run
	[ "$status" -eq 0 ]
	[[ "$output" == *"nr-prepare: would use the slot '$PWD/slot'"* ]]
	[[ "$output" == *"would check out branch '$branch'"* ]]
	[ "$(snapshot)" = "$before" ]
	[ ! -e "$XDG_STATE_HOME" ]
}

@test "nr-prepare passes a failed document through" {
	prepare '.error = {type: "PushError", stage: "x", message: "m", retryable: false, exit_code: 83}'
	[ "$status" -eq 0 ]
	[ "$output" = "$(cat task.json)" ]
	[ "$(slot symbolic-ref HEAD)" = refs/heads/main ]
}

@test "nr-prepare names every problem of a document" {
	stage nr-prepare <<<'{"task_id": 7, "timeout_seconds": "x"}'
	[ "$status" -eq 65 ]
	[ -z "$output" ]
	[[ "$stderr" == */task_id*/timeout_seconds* ]] || [[ "$stderr" == */timeout_seconds*/task_id* ]]
}

@test "a playbook that cannot be used is told before any work is done" {
	task '.playbook_path = "playbooks/backend.yaml"' >playbook.json
	stage nr-prepare -i playbook.json
	[ "$status" -eq 78 ]
	[ "$(error_type)" = ConfigError ]
	[[ $(field .error.message) == *playbooks/backend.yaml* ]]
	task >plain.json
	echo 'steps: [{nam: x}]' >p.yaml
	RUNNER_DEFAULT_PLAYBOOK_PATH=p.yaml stage nr-prepare -i plain.json
	[ "$status" -eq 78 ]
	[[ $(field .error.message) == *"p.yaml:1:10: unknown key 'nam'"* ]]
	commit_upstream check.yaml 'steps: [{name: x, command: make check}]'
	task '.playbook_path = "check.yaml"' >playbook.json
	stage nr-prepare -i playbook.json
	[ "$status" -eq 0 ]
}

@test "a playbook outside of the repository is read before the slot is touched" {
	task ".playbook_path = \"$PWD/bad.yaml\"" >playbook.json
	echo 'steps: []' >bad.yaml
	for option in --dry-run ''; do
		stage nr-prepare -i playbook.json $option
		[ "$status" -eq 78 ]
		[[ $stderr == *"$PWD/bad.yaml:1:1: 'steps' is missing or empty"* ]]
	done
	[ "$(git -C slot branch --show-current)" = main ]
	[ ! -e slot/.git/FETCH_HEAD ]
}

@test "a mistake in the repository's playbook leaves a slot that can be used" {
	commit_upstream check.yaml 'steps: [{nam: x}]'
	task '.playbook_path = "check.yaml"' >playbook.json
	stage nr-prepare -i playbook.json
	[ "$status" -eq 78 ]
	[[ $(field .error.message) == *"check.yaml:1:10: unknown key"* ]]
	commit_upstream check.yaml 'steps: [{name: x, command: make check}]'
	RUNNER_ID=another stage nr-prepare -i playbook.json
	[ "$status" -eq 0 ]
}
