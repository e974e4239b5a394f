#!/usr/bin/env bats
# Signed commits, as git itself verifies them.
load helper

branch=feature/task-demo-1.1

prepare_test() {
	make_slot
	task >task.json
	nr-prepare <task.json >prepared.json 2>err
	echo hi >slot/greeting
	printf '#!/bin/sh\ntouch "%s/ran"\nexit 1\n' "$PWD" >mark.sh
	chmod +x mark.sh
}

ssh_key() {
	ssh-keygen -q -t ed25519 -N "${1:-}" -f key
	echo "tester@example.org $(cat key.pub)" >allowed
	git config --global gpg.format ssh
	git config --global user.signingKey "$PWD/key"
	git config --global gpg.ssh.allowedSignersFile "$PWD/allowed"
}

gpg_key() {
	export GNUPGHOME=$PWD/g
	mkdir -m 700 g
	gpg --batch -q --passphrase '' --quick-generate-key 'Tester <tester@example.org>' ed25519 sign never 2>gpg.err
	gpgconf --kill gpg-agent
}

push() {
	stage nr-push --sign-commits "$@" <prepared.json
}

good() {
	[ "$status" -eq 0 ] || { echo "$output $stderr"; return 1; }
	git -C remote.git verify-commit "$branch" 2>verified
	grep -qi 'good.*signature' verified
	git -C slot fsck --no-dangling --no-progress
	[ "$(git -C remote.git log -1 --format=%s "$branch")" = 'feat(task-1.1): Add a greeting' ]
}

@test "nr-push signs with ssh, by a key file" {
	ssh_key
	push
	good
	[ -z "$(ls home/state/necrocode/runs/*/ | grep sign)" ]
}

@test "nr-push signs with ssh beside what a killed one left, and leaves nothing" {
	ssh_key
	echo old >"$(echo home/state/necrocode/runs/*)/commit-to-sign.sig"
	push
	good
	[ -z "$(ls home/state/necrocode/runs/*/ | grep sign)" ]
	git config --global gpg.ssh.program "$PWD/fail.sh"
	printf '#!/bin/sh\nfor file; do :; done\necho half >"$file.sig"\nexit 1\n' >fail.sh
	chmod +x fail.sh
	echo more >>slot/greeting
	push
	[ "$status" -eq 78 ]
	[ -z "$(ls home/state/necrocode/runs/*/ | grep sign)" ]
}

@test "nr-push signs with ssh, by a key that an agent has" {
	ssh_key secret
	eval "$(ssh-agent -s 3>&-)" >/dev/null
	printf '#!/bin/sh\necho secret\n' >ask
	chmod +x ask
	DISPLAY=x SSH_ASKPASS=$PWD/ask SSH_ASKPASS_REQUIRE=force ssh-add -q key </dev/null
	git config --global user.signingKey "$(cat key.pub)"
	push
	kill "$SSH_AGENT_PID"
	good
	[ -z "$(ls home/state/necrocode/runs/*/ | grep sign)" ]
}

@test "nr-push signs with gpg, by the committer's key" {
	gpg_key
	push
	good
}

@test "commits that are replayed are signed, too" {
	ssh_key
	nr-push <prepared.json >pushed.json 2>err
	nr-report <pushed.json >/dev/null 2>&1
	commit_upstream news.txt news
	stage nr-prepare --sign-commits <task.json
	[ "$status" -eq 0 ]
	[ "$(git -C slot rev-parse HEAD~1)" = "$(git -C remote.git rev-parse main)" ]
	git -C slot verify-commit HEAD
}

@test "no commit is signed unless that is configured" {
	ssh_key
	git config --global commit.gpgSign true
	stage nr-push <prepared.json
	[ "$status" -eq 0 ]
	run ! git -C remote.git verify-commit "$branch"
}

@test "the slot's own configuration names no program and no key to sign with" {
	ssh_key
	git -C slot config gpg.format openpgp
	git -C slot config gpg.program "$PWD/mark.sh"
	git -C slot config gpg.ssh.program "$PWD/mark.sh"
	git -C slot config user.signingKey "$PWD/other"
	push
	good
	[ ! -e ran ]
}

@test "a commit that cannot be signed is not made, and the reason is told" {
	git config --global gpg.format ssh
	push
	[ "$status" -eq 78 ]
	[[ "$(field .error.message)" == *"user.signingkey is not set"* ]]
	git config --global user.signingKey "$PWD/nowhere"
	push
	[ "$status" -eq 78 ]
	[[ "$(field .error.message)" == *"cannot sign the commit with 'ssh-keygen' and the key '$PWD/nowhere': "*"No such file"* ]]
	[ "$(git -C slot log --format=%s)" = 'first commit' ]
	git config --global gpg.ssh.program "$PWD/mark.sh"
	push
	[ "$status" -eq 78 ]
	[ -e ran ]
	run ! remote_has_branch "$branch"
}

@test "a program that does not come to the end of signing is ended at the deadline" {
	ssh_key
	printf '#!/bin/sh\nsleep 60\n' >slow.sh
	chmod +x slow.sh
	git config --global gpg.ssh.program "$PWD/slow.sh"
	jq -c '.timeout_seconds = 3 | del(.runner)' prepared.json >p && mv p prepared.json
	stage timeout 30 nr-push --sign-commits <prepared.json
	[ "$status" -eq 124 ]
	[ "$(error_type)" = TimeoutError ]
	[[ "$(field .error.message)" == *"cannot sign the commit"*"timed out after "* ]]
	[ "$(git -C slot log --format=%s)" = 'first commit' ]
}

@test "a key that needs a passphrase does not hold the run up" {
	ssh_key secret
	push
	[ "$status" -eq 78 ]
	[[ "$(field .error.message)" == *"cannot sign the commit"* ]]
}
