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

@test "nr-prepare removes locks also where directories do not tell what is in them" {
	cat >unknown.c <<-'END'
		#define _GNU_SOURCE
		#include <dirent.h>
		#include <dlfcn.h>
		struct dirent *readdir(DIR *dir)
		{
			struct dirent *(*next)(DIR *) = (struct dirent *(*)(DIR *))dlsym(RTLD_NEXT, "readdir");
			struct dirent *entry = next(dir);

			if (entry)
				entry->d_type = DT_UNKNOWN;
			return entry;
		}
	END
	cc -shared -fPIC -o unknown.so unknown.c
	die_prepared
	mkdir -p slot/.git/refs/heads/feature
	touch "slot/.git/refs/heads/$branch.lock"
	export ASAN_OPTIONS=verify_asan_link_order=0 LD_PRELOAD=$PWD/unknown.so
	next
	unset LD_PRELOAD
	[[ "$stderr" == *lock_removed* ]]
	[ ! -e "slot/.git/refs/heads/$branch.lock" ]
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

# kill_with_children PID: the program, its guard and its runner at once.
kill_with_children() {
	local guard runner
	read -r guard _ <"/proc/$1/task/$1/children" || :
	if [ -n "$guard" ]; then
		kill -STOP "$guard"
		read -r runner _ <"/proc/$guard/task/$guard/children" || :
	fi
	# shellcheck disable=SC2086 # there may be none
	kill -KILL "$1" $guard $runner || :
}

# exec_killed SECONDS AGENT: nr-exec of the dead run, which is killed with all
# its processes but the agent, which ends by itself.
exec_killed() {
	printf '%s\ntouch ../planted\nsleep 0.3\n' "$2" >agent.sh
	rm -f planted
	NR_RUN_PID=$(cat dead) RUNNER_ID=dead RUNNER_SANDBOX=off \
		timeout 20 nr-exec --agent-command "sh $PWD/agent.sh" \
		<prepared.json >/dev/null 2>&1 3>&- &
	pid=$!
	if [ "$1" = planted ]; then
		until [ -e planted ]; do sleep 0.01; done
	else
		sleep "$1"
	fi
	kill_with_children "$pid"
	wait "$pid" || :
	while pgrep -f "^sh $PWD/agent.sh" >/dev/null; do sleep 0.01; done
}

plant='git config core.sshCommand x; git config remote.origin.url /nowhere
	echo x >.git/hooks/pre-push; echo "* filter=x" >.git/info/attributes'

# The settings are as they were, whatever was planted.
settings_right() {
	cmp config slot/.git/config
	[ ! -e slot/.git/hooks/pre-push ]
	[ ! -s slot/.git/info/attributes ]
}

@test "settings that an agent changed are put back by the next nr-prepare when nr-exec was killed" {
	die_prepared
	cp slot/.git/config config
	exec_killed planted "$plant; echo garbage >.git/HEAD"
	[ "$(git config -f slot/.git/config remote.origin.url)" = /nowhere ]
	next
	settings_right
	[[ "$stderr" == *"a run that was killed left settings of the repository changed, which are put back: "*hooks/pre-push*config* ]]
	[ -e slot/.git/hooks/pre-push.necrocode-saved ]
	[ -z "$(ls "$XDG_STATE_HOME/necrocode/slots")" ]
}

@test "what an agent committed on the base branch is in no later task when nr-exec was killed" {
	die_prepared
	base=$(slot rev-parse main)
	exec_killed planted 'git checkout -q main; echo x >x; git add x; git commit -qm "on main"
		git checkout -q --detach; echo y >y; git add y; git commit -qm elsewhere'
	next
	[ "$(slot log -1 --format=%s "$branch")" = elsewhere ]
	[ "$(slot rev-parse main)" = "$base" ]
}

@test "nr-report puts the settings back when nr-exec alone was killed" {
	die_prepared
	cp slot/.git/config config
	exec_killed planted "$plant"
	NR_RUN_PID=$(cat dead) stage nr-report --stage-status exec=137 <prepared.json
	[ "$status" -eq 70 ]
	settings_right
	next
}

@test "nr-exec and nr-push believe no settings that a killed nr-exec left" {
	die_prepared
	cp slot/.git/config config
	exec_killed planted "$plant"
	NR_RUN_PID=$(cat dead) stage nr-exec --agent-command 'echo hi >greeting' <prepared.json
	[ "$status" -eq 0 ]
	settings_right
	exec_killed planted "$plant"
	NR_RUN_PID=$(cat dead) stage nr-push <prepared.json
	[ "$status" -eq 0 ]
	settings_right
	remote_has_branch "$branch"
}

@test "a record is of its own repository alone" {
	die_prepared
	exec_killed planted "$plant"
	record=$(echo "$XDG_STATE_HOME"/necrocode/slots/*)
	cp "$record" kept
	rm -rf slot
	git clone -q remote.git slot
	slot config user.name Somebody
	cp slot/.git/config config
	next
	settings_right
	[ ! -e "$record" ]
}

@test "a record that is damaged is not taken for none: the slot waits for somebody to look at it" {
	die_prepared
	exec_killed planted "$plant"
	record=$(echo "$XDG_STATE_HOME"/necrocode/slots/*)
	cp "$record" kept
	for damage in 'truncate -s -4' 'truncate -s -9' 'truncate -s 0' 'truncate -s 30' 'sed -i 1d' 'sed -i s,config$,../../outside,'; do
		cp kept "$record"
		$damage "$record"
		NR_RUN_PID=$$ RUNNER_ID=next stage nr-prepare < <(task '.task_id = "2"')
		[ "$status" -eq 80 ] || { echo "$damage: $status $stderr"; return 1; }
		[[ "$(field .error.message)" == *"the record '$record' is damaged; look at the configuration and the hooks"* ]]
		[ "$(git config -f slot/.git/config remote.origin.url)" = /nowhere ]
		[ ! -e outside ]
	done
	cp kept "$record"
	next
}

@test "settings of which no record can be made are told of" {
	die_prepared
	truncate -s 1M slot/.git/hooks/hook-{1..9}
	cp slot/.git/config config
	stage nr-exec --agent-command "$plant" <prepared.json
	[[ "$stderr" == *no_record*"nobody will put the settings of the slot back: they are larger than 8388608 bytes"* ]]
	[ ! -e "$XDG_STATE_HOME/necrocode/slots" ]
	settings_right
	rm slot/.git/hooks/hook-*
	echo x >"$XDG_STATE_HOME/necrocode/slots"
	stage nr-exec --agent-command "$plant" <prepared.json
	[[ "$stderr" == *no_record*"nobody will put the settings of the slot back: "*"necrocode/slots"* ]]
	settings_right
}

@test "killed at any moment, nr-exec leaves no settings of the agent's behind" {
	slot branch -qM main
	cp slot/.git/config config
	for delay in 0.002 0.004 0.006 0.008 0.01 0.012 0.014 0.016 0.018 0.02 0.025 0.03 0.035 0.04 0.05 0.06; do
		die_prepared
		exec_killed "$delay" "$plant; git commit -q --allow-empty -m more; git checkout -q -f main
			echo x >README; git commit -qam 'on main'; echo more >new; git checkout -q -f --detach; $plant"
		next
		settings_right
		slot checkout -q --detach main
		slot for-each-ref --format='delete %(refname)' refs/heads/feature | slot update-ref --stdin
	done
}
