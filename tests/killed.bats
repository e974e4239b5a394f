#!/usr/bin/env bats
# A run that was killed leaves a slot that the next nr-prepare puts right.
load helper

branch=feature/task-demo-1.1

prepare_test() {
	make_slot
	sh -c 'echo $$' >dead
	export NR_RUN_PID
}

slot() {
	git -C slot "$@"
}

# The next run, of another task.
next() {
	NR_RUN_PID=$$ RUNNER_ID=next stage nr-prepare < <(task '.task_id = "2"')
	[ "$status" -eq 0 ] || echo "$output $stderr"
	[ "$status" -eq 0 ]
	[ -z "$(slot status --porcelain)" ]
	[ "$(slot rev-parse HEAD)" = "$(git -C remote.git rev-parse main)" ]
	[ "$(slot rev-parse main)" = "$(git -C remote.git rev-parse main)" ]
	slot fsck --no-dangling --no-progress
	NR_RUN_PID=$$ RUNNER_ID=next nr-report <<<"$output" >/dev/null 2>&1
}

# A run that died after nr-prepare.
die_prepared() {
	NR_RUN_PID=$(cat dead) RUNNER_ID=dead nr-prepare < <(task) >prepared.json 2>/dev/null
}

@test "nr-prepare saves what a killed run left, cleans the slot and says so" {
	die_prepared
	echo half >slot/half
	rm slot/Makefile
	next
	[[ "$stderr" == *"saved 2 uncommitted changes of the slot to refs/necrocode/saved/next"* ]]
	[ "$(slot show refs/necrocode/saved/next:half)" = half ]
	[ ! -e slot/half ]
}

@test "nr-prepare removes all locks that a killed run left" {
	die_prepared
	slot pack-refs --all
	mkdir -p slot/.git/refs/heads/feature slot/.git/refs/remotes/origin
	for lock in index HEAD packed-refs config refs/heads/main "refs/heads/$branch" refs/remotes/origin/main; do
		touch "slot/.git/$lock.lock"
	done
	commit_upstream news.txt news
	next
	[[ "$stderr" == *lock_removed* ]]
	[ -z "$(find slot/.git -name '*.lock' ! -name 'necrocode*')" ]
}

@test "nr-prepare ends the merge that a killed run was in" {
	slot checkout -q -b other
	echo theirs >slot/README
	slot commit -qam theirs
	slot checkout -q main
	die_prepared
	echo ours >slot/README
	slot commit -qam ours
	run slot merge other
	next
	[ ! -e slot/.git/MERGE_HEAD ]
	[[ "$(slot show refs/necrocode/saved/next:README)" == *'<<<<<<<'* ]]
}

@test "nr-prepare leaves the work of a person alone, whose pipeline is over" {
	setsid -w nr-prepare < <(task) >prepared.json 2>/dev/null
	echo mine >slot/mine
	RUNNER_ID=other setsid -w nr-prepare < <(task) >out.json 2>err || :
	[[ "$(jq -r .error.message out.json)" == *"changes that are not committed: mine"* ]]
	[ "$(cat slot/mine)" = mine ]
}

@test "nr-prepare removes unfinished packs that are a day old" {
	touch -d '2 days ago' slot/.git/objects/pack/pack_git2_old slot/.git/objects/pack/tmp_pack_old
	touch slot/.git/objects/pack/pack_git2_new
	next
	[ "$(ls slot/.git/objects/pack)" = pack_git2_new ]
}

@test "killed at any moment, nr-prepare and nr-push leave a slot that can be used" {
	for i in $(seq 40); do mkdir -p "slot/dir-$i"; echo "$i" >"slot/dir-$i/file"; done
	slot add -A
	slot commit -qm many
	slot push -q origin HEAD:main
	for delay in 1 2 3 4 5 6 7 8 9 10 12 14 16 18 20; do
		slot checkout -q -f --detach main~1
		slot branch -qf main HEAD
		NR_RUN_PID=$(cat dead) RUNNER_ID=dead timeout -s KILL "0.0$(printf %02d "$delay")" \
			nr-prepare < <(task) >/dev/null 2>&1 || :
		next
		die_prepared
		echo "$delay" >slot/work
		NR_RUN_PID=$(cat dead) timeout -s KILL "0.0$(printf %02d "$delay")" \
			nr-push <prepared.json >/dev/null 2>&1 || :
		next
		slot branch -qD "$branch" feature/task-demo-2 2>/dev/null || slot checkout -q --detach main
		git -C remote.git fsck --no-dangling --no-progress
		git -C remote.git update-ref -d "refs/heads/$branch"
	done
}
