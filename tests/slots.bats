#!/usr/bin/env bats
# Slots and remotes of many kinds, each as git would handle it.
load helper
load servers

branch=feature/task-demo-1.1

prepare_test() {
	make_slot
	task >task.json
}

slot() {
	git -C slot "$@"
}

# goes_through: prepare, a change, push; then all is as it should be.
goes_through() {
	stage nr-prepare "$@" <task.json
	[ "$status" -eq 0 ] || { echo "$output $stderr"; return 1; }
	echo hi >slot/greeting
	stage nr-push "$@" <<<"$output"
	[ "$status" -eq 0 ] || { echo "$output $stderr"; return 1; }
	[ "$(git -C remote.git diff --name-only main "$branch")" = greeting ]
	[ -z "$(slot status --porcelain)" ]
	slot fsck --no-dangling --no-progress
}

@test "an index of version 4, with an untracked cache" {
	slot update-index --index-version 4
	slot config core.untrackedCache true
	slot status --short
	goes_through
}

@test "an index with a file system monitor's data" {
	printf '#!/bin/sh\nprintf "token\\0/\\0"\n' >monitor
	chmod +x monitor
	slot -c core.fsmonitor="$PWD/monitor" update-index --fsmonitor
	goes_through
}

@test "a slot on the base branch that the remote has moved on is clean afterwards" {
	for i in $(seq 20); do echo "$i" >"slot/file-$i"; done
	slot add -A
	slot commit -qm files
	slot push -q origin HEAD:main
	commit_upstream file-7 new
	goes_through
	[ "$(cat slot/file-7)" = new ]
}

@test "a remote with a work tree takes branches that it has not checked out" {
	git clone -q remote.git other
	slot remote set-url origin "$PWD/other"
	stage nr-prepare <task.json
	echo hi >slot/greeting
	stage nr-push <<<"$output"
	[ "$status" -eq 0 ]
	[ "$(git -C other show "$branch:greeting")" = hi ]
}

@test "a fetch brings the base branch, and none of the remote's tags and branches" {
	git clone -q remote.git busy
	for i in $(seq 20); do
		head -c 2000 /dev/urandom >"busy/file-$i"
		git -C busy add -A
		git -C busy commit -qm "$i"
		git -C busy tag -am "$i" "v$i"
	done
	git -C busy push -q origin HEAD:refs/heads/busy --tags
	commit_upstream news.txt news
	before=$(slot count-objects -v | awk '/^(count|in-pack):/ { n += $2 } END { print n }')
	goes_through
	after=$(slot count-objects -v | awk '/^(count|in-pack):/ { n += $2 } END { print n }')
	# Upstream's commit, tree and file; the task's the same.
	[ "$((after - before))" -eq 6 ]
	[ -z "$(slot tag)" ]
}

@test "a path with a colon, blanks and a quote is a path" {
	git clone -q --bare remote.git "it's a:b.git"
	slot remote set-url origin "$PWD/it's a:b.git"
	stage nr-prepare <task.json
	[ "$status" -eq 0 ]
	stage nr-prepare < <(task ".repo_url = \"./it's a:b.git\"")
	[ "$status" -eq 0 ]
}

@test "a file that is in the way of the base branch's is not overwritten" {
	echo mine >slot/news.txt
	echo news.txt >slot/.git/info/exclude
	echo theirs >slot/other.txt
	commit_upstream other.txt upstream
	stage nr-prepare <task.json
	[ "$status" -eq 80 ]
	[ "$(cat slot/other.txt)" = theirs ]
	[ "$(cat slot/news.txt)" = mine ]
}

@test "known hosts that name another kind of key first do not matter" {
	start_server sshd --rsa
	ssh-keygen -q -t rsa -b 2048 -N '' -f other
	host=$(cut -d' ' -f1 <"$ssh_known_hosts" | head -n 1)
	{ cat "$ssh_known_hosts"; } >known
	{ grep ssh-rsa known || echo "$host.example $(cut -d' ' -f1,2 <other.pub)"; grep -v ssh-rsa known; } >known_hosts
	slot remote set-url origin "$ssh_url/remote.git"
	goes_through --git-ssh-key-file "$ssh_key" --git-ssh-known-hosts-file "$PWD/known_hosts"
}

@test "a bearer's token follows no redirect to another server" {
	start_server bad-peer good
	other=$bad_url other_dir=$server_dir
	start_server bad-peer redirect "$other"
	GIT_TOKEN=glpat-0123456789abcdefghij RUNNER_GIT_AUTH=bearer \
		stage nr-prepare < <(task ".repo_url = \"$bad_url/remote.git\"")
	[ "$(request_count "$other_dir" '.authorization != "none"')" -eq 0 ]
	[ "$(request_count "$server_dir" '.authorization == "Bearer"')" -ge 1 ]
}

@test "a file of many megabytes is committed without being held in memory" {
	stage nr-prepare <task.json
	head -c 50000000 /dev/urandom >slot/large.bin
	# shellcheck disable=SC2016
	run --separate-stderr python3 - "$output" <<-'END'
		import resource, subprocess, sys
		subprocess.run(["nr-push", "--max-diff-bytes", "0"], check=True,
		               input=sys.argv[1].encode(), stdout=subprocess.DEVNULL)
		print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
	END
	[ "$status" -eq 0 ]
	echo "$output kB"
	[ "$output" -lt 131072 ] || [ -n "${NR_SANITIZE:-}" ]
	[ "$(git -C remote.git cat-file -s "$branch:large.bin")" -eq 50000000 ]
}
