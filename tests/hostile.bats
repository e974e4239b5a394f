#!/usr/bin/env bats
# What an agent leaves in the slot is neither run nor believed.
load helper

branch=feature/task-demo-1.1

prepare_test() {
	# What holds without a sandbox; and agents leave notes outside.
	export RUNNER_SANDBOX=off
	make_slot
	export mark=$PWD/mark.sh evil=$PWD/evil.git victim=$PWD/victim branch
	printf '#!/bin/sh\ntouch "%s/ran"\n' "$PWD" >mark.sh
	chmod +x mark.sh
	git init -q --bare evil.git
	git clone -q remote.git victim
	git -C victim checkout -q -b theirs
	# For agents: plant FILE makes a program that leaves a mark, pipe-for
	# REVISION a pipe where the object is.
	mkdir tools
	printf '#!/bin/sh\ncp "%s" "$1"\n' "$mark" >tools/plant
	cat >tools/pipe-for <<-'END'
		#!/bin/sh
		object=.git/objects/$(git rev-parse "$1" | sed 's,..,&/,')
		rm -f "$object"
		mkfifo "$object"
	END
	chmod +x tools/*
	PATH=$PWD/tools:$PATH
}

prepare() {
	task >task.json
	nr-prepare <task.json >prepared.json 2>prepare.err
	rm -f ran
	victim_before=$(victim_state)
}

victim_state() {
	git -C victim for-each-ref
	cat victim/.git/HEAD
	git -C victim status --porcelain
	git -C victim count-objects
}

# agent CODE: nr-exec with an agent that does this in the slot.
agent() {
	printf 'PATH=%s:$PATH\necho hi >greeting\n%s\n' "$PWD/tools" "$1" >agent.sh
	rm -f ran
	stage timeout 20 nr-exec --agent-command "sh $PWD/agent.sh" \
		--pass-env mark,evil,victim,branch,BATS_TEST_TMPDIR <prepared.json
	echo "$output" >executed.json
	rm -f ran
}

unharmed() {
	[ ! -e ran ]
	[ -z "$(git -C evil.git for-each-ref)" ]
	[ "$(victim_state)" = "$victim_before" ]
	[ ! -e precious ] || [ "$(cat precious)" = precious ]
	[ "$(git -C remote.git rev-parse main)" = "$first" ]
}

# Everything as it was, from a copy made once.
fresh() {
	cd "$BATS_TEST_TMPDIR"
	find . -mindepth 1 -maxdepth 1 ! -name home ! -name template -exec rm -rf {} +
	cp -a template/. .
}

template() {
	prepare
	first=$(git -C remote.git rev-parse main)
	mkdir template
	cp -a slot remote.git victim evil.git mark.sh tools task.json prepared.json template
}

attacks() {
	grep -v '^#' "$BATS_TEST_DIRNAME/hostile.attacks"
}

@test "nothing that an agent planted in the repository is run or believed by any stage" {
	template
	while IFS='|' read -r name code exec_status push_status; do
		fresh
		agent "$code"
		[ "$status" -eq "$exec_status" ] || { echo "$name: nr-exec: $status $output $stderr"; return 1; }
		unharmed || { echo "$name: harm by nr-exec"; return 1; }
		stage timeout 20 nr-push --git-retry-count 0 < <(jq 'del(.error)' executed.json)
		[ "$status" -eq "$push_status" ] || { echo "$name: nr-push: $status $output $stderr"; return 1; }
		unharmed || { echo "$name: harm by nr-push"; return 1; }
		stage timeout 20 nr-report <<<"$output"
		unharmed || { echo "$name: harm by nr-report"; return 1; }
	done < <(attacks)
}

@test "nothing that a test planted after the agent is run or believed, either" {
	template
	while IFS='|' read -r name code _; do
		fresh
		# nr-test puts the configuration back, as nr-exec does.
		[ "$name" != 'an include of a pipe' ] || continue
		(cd slot && echo hi >greeting && eval "$code") >/dev/null 2>&1
		rm -f ran
		stage timeout 20 nr-push --git-retry-count 0 <prepared.json
		[[ "$status" =~ ^(0|77|80|83)$ ]] || { echo "$name: nr-push: $status $output $stderr"; return 1; }
		unharmed || { echo "$name: harm by nr-push"; return 1; }
		stage timeout 20 nr-prepare --clean <task.json
		[[ "$status" =~ ^(0|80)$ ]] || { echo "$name: nr-prepare: $status $output $stderr"; return 1; }
		unharmed || { echo "$name: harm by nr-prepare"; return 1; }
	done < <(attacks)
}

@test "settings of the repository are as they were after an agent, and what it wrote is put aside" {
	prepare
	cp -a slot/.git before
	agent 'git config core.sshCommand x; echo "* -text" >.git/info/attributes; echo x >.git/hooks/pre-push; rm -r .git/info/exclude; chmod 777 .git/config'
	[ "$status" -eq 0 ]
	[[ "$stderr" == *settings_restored*"hooks/pre-push"*config*info/attributes*info/exclude* ]]
	diff -r before/hooks slot/.git/hooks -x '*.necrocode-saved'
	diff -r before/info slot/.git/info -x '*.necrocode-saved'
	cmp before/config slot/.git/config
	[ "$(stat -c %a slot/.git/config)" = "$(stat -c %a before/config)" ]
	grep -q sshCommand slot/.git/config.necrocode-saved
	[ -e slot/.git/hooks/pre-push.necrocode-saved ]
}

@test "hooks that are links, or large, are what they were after an agent" {
	prepare
	mkdir hooks
	printf '#!/bin/sh\n' >hooks/pre-commit
	chmod +x hooks/pre-commit
	ln -s ../../../hooks/pre-commit slot/.git/hooks/pre-commit
	ln -s ../../../hooks/post-merge slot/.git/hooks/post-merge
	truncate -s 2M slot/.git/hooks/pre-push slot/.git/hooks/update
	agent 'rm .git/hooks/p*; ln -s ../../mark.sh .git/hooks/pre-commit; truncate -s 2M .git/hooks/pre-push'
	[ "$status" -eq 0 ]
	[[ "$stderr" == *settings_restored* ]]
	[ "$(readlink slot/.git/hooks/pre-commit)" = ../../../hooks/pre-commit ]
	[ "$(readlink slot/.git/hooks/post-merge)" = ../../../hooks/post-merge ]
	[ ! -e slot/.git/hooks/pre-push ]
	[ -e slot/.git/hooks/update ]
	agent :
	[[ "$stderr" != *settings_restored* ]]
}

# A slot with the submodules libs/foo and libs/foo's own inner.
with_submodules() {
	export GIT_ALLOW_PROTOCOL=file
	for name in inner foo; do
		git init -q --bare "$name.git"
		git clone -q "$name.git" "$name-work" 2>/dev/null
		echo "$name" >"$name-work/$name"
		[ "$name" = inner ] || git -C "$name-work" submodule --quiet add "$PWD/inner.git" inner
		git -C "$name-work" add -A
		git -C "$name-work" commit -qm "$name"
		git -C "$name-work" push -q origin HEAD
	done
	git -C slot submodule --quiet add "$PWD/foo.git" libs/foo
	git -C slot submodule --quiet update --init --recursive
	git -C slot commit -qm submodules
	git -C slot push -q origin HEAD:main
	module=slot/.git/modules/libs/foo
	rm -f $module/hooks/* # git's examples
	echo keep >$module/hooks/post-merge
	prepare
	cp -a slot/.git before
	run --separate-stderr git -C slot status --porcelain
	[ -z "$output$stderr" ]
}

# Nothing of the submodules' settings is other than before.
submodules_right() {
	[ -z "$(find slot/.git -type l ! -name '*.necrocode-saved')" ]
	diff -r before/modules slot/.git/modules -x '*.necrocode-saved' -x index -x HEAD -x logs -x objects -x refs
	git -C slot status --porcelain
}

@test "settings of submodules, whatever their names, are as they were after an agent" {
	with_submodules
	agent 'for module in libs/foo libs/foo/modules/inner; do
			cd ".git/modules/$module" || exit
			git config core.fsmonitor "$mark"; echo x >hooks/post-checkout; mkdir -p info; echo "* -text" >info/attributes
			rm -f hooks/post-merge; echo /x >objects/info/alternates; cd - >/dev/null
		done'
	[ "$status" -eq 0 ] || { echo "$output $stderr"; return 1; }
	[[ "$stderr" == *settings_restored*"modules/libs/foo/hooks/post-checkout"*"modules/libs/foo/config"* ]]
	[[ "$stderr" == *modules/libs/foo/modules/inner/config* ]]
	submodules_right
	git -C slot status --porcelain --ignored >/dev/null
	[ ! -e ran ]
}

@test "what an agent puts in the place of a submodule is not believed" {
	with_submodules
	cp -a before evil-git
	for attack in \
		'mv .git/modules/libs/foo ../stolen; cp -a "$evil" .git/modules/libs/foo; echo x >.git/modules/libs/foo/hooks/post-checkout' \
		'mv .git/modules/libs ../stolen; ln -s ../../evil-git/modules/libs .git/modules/libs' \
		'mv .git/modules ../stolen; ln -s ../../evil-git/modules .git/modules' \
		'rm -r .git/modules/libs/foo/hooks; ln -s ../../../../evil-git/hooks .git/modules/libs/foo/hooks' \
		'rm -r .git/modules/libs/foo/info; ln -s ../../../../evil-git/info .git/modules/libs/foo/info' \
		'ln -s ../../../evil-git .git/modules/new' \
		'touch .git/modules/libs/HEAD; cp -a "$evil" .git/modules/new; git -C .git/modules/new config core.fsmonitor "$mark"; echo x >.git/modules/new/hooks/pre-push'; do
		rm -rf stolen slot/.git
		cp -a before slot/.git
		agent "$attack"
		[ "$status" -eq 0 ] || { echo "$attack: $output $stderr"; return 1; }
		[[ "$stderr" == *settings_restored*modules* ]] || { echo "$attack: $stderr"; return 1; }
		diff -r before evil-git
		[ -z "$(find slot/.git -type l ! -name '*.necrocode-saved')" ]
		[ -z "$(find slot/.git/modules \( -name post-checkout -o -name pre-push \))" ] || { echo "$attack"; return 1; }
		[ ! -e slot/.git/modules/libs/foo/config ] || cmp before/modules/libs/foo/config slot/.git/modules/libs/foo/config
		[ ! -e slot/.git/modules/new/config ]
	done
}

@test "a submodule that an agent adds can be pushed, and its settings are not believed" {
	with_submodules
	agent 'export GIT_ALLOW_PROTOCOL=file; git submodule --quiet add "$BATS_TEST_TMPDIR/inner.git" libs/more; git -C libs/more config core.fsmonitor "$mark"'
	[ "$status" -eq 0 ] || { echo "$output $stderr"; return 1; }
	[ ! -e slot/.git/modules/libs/more/config ]
	git -C slot status --porcelain
	git -C slot/libs/more log -1 --format=%s
	[ ! -e ran ]
	stage nr-push --git-retry-count 0 <executed.json
	[ "$status" -eq 0 ] || { echo "$output $stderr"; return 1; }
	git -C remote.git ls-tree "$branch" libs/more | grep -q '^160000'
}

@test "settings of the repository are as they were after tests" {
	prepare
	cp slot/.git/config config
	jq '.test_commands = ["git config alias.status !false"]' prepared.json >task.json
	stage nr-test <task.json
	[ "$status" -eq 0 ]
	[[ "$stderr" == *settings_restored* ]]
	cmp config slot/.git/config
}

@test "commits that an agent makes on the base branch are on the task's branch, or saved, and in no later task" {
	prepare
	base=$(git -C slot rev-parse main)
	agent 'git checkout -q main; echo x >x; git add x; git commit -qm "on main"'
	[ "$status" -eq 0 ]
	[ "$(git -C slot rev-parse main)" = "$base" ]
	[ "$(git -C slot log -1 --format=%s "$branch")" = "on main" ]
	[[ "$stderr" == *base_restored* ]]
	agent "git checkout -q main; echo y >y; git add y; git commit -qm 'also on main'; git checkout -q $branch; git update-ref refs/remotes/origin/main main"
	[ "$status" -eq 0 ]
	[ "$(git -C slot rev-parse main)" = "$base" ]
	[ "$(git -C slot log -1 --format=%s "refs/necrocode/saved/$branch")" = "also on main" ]
	[[ "$stderr" == *"what it had is at refs/necrocode/saved/$branch"* ]]
	task '.task_id = "2"' | nr-prepare --clean >/dev/null 2>&1
	[ "$(git -C slot rev-parse HEAD)" = "$base" ]
}

@test "a base branch that an agent deletes or moves is put back, also by nr-push" {
	prepare
	base=$(git -C slot rev-parse main)
	agent 'git branch -qD main'
	[ "$status" -eq 0 ]
	[ "$(git -C slot rev-parse main)" = "$base" ]
	git -C slot checkout -q --orphan other
	git -C slot commit -qm other
	git -C slot branch -qf main
	git -C slot checkout -q "$branch"
	stage nr-push <executed.json
	[ "$status" -eq 0 ]
	[ "$(git -C slot rev-parse main)" = "$base" ]
	[ "$(git -C slot rev-parse "refs/necrocode/saved/$branch")" = "$(git -C slot rev-parse other)" ]
}

@test "a base branch that another runner moves to the remote's stays so" {
	git -C slot worktree add -q --detach ../second
	git -C slot checkout -q --detach
	prepare
	commit_upstream news.txt news
	agent 'git fetch -q; git update-ref refs/heads/main origin/main'
	[ "$status" -eq 0 ]
	[ "$(git -C slot rev-parse main)" = "$(git -C remote.git rev-parse main)" ]
}

@test "symbolic links that lead out of the slot are not followed" {
	mkdir outside
	echo precious >outside/file
	mkdir slot/dir
	echo mine >slot/dir/file
	git -C slot add -A
	git -C slot commit -qm dir
	git -C slot push -q origin HEAD:main
	prepare
	agent 'rm -r dir; ln -s ../outside dir; ln -s ../outside/file link'
	[ "$status" -eq 0 ]
	run ! grep -q precious "$(field .impl_result.diff_path)"
	jq '.error = {type: "TestExecutionError", stage: "nr-test", message: "m", retryable: false, exit_code: 82}' executed.json >failed.json
	stage nr-report <failed.json
	[ "$(cat outside/file)" = precious ]
	[ ! -L slot/dir ]
	[ "$(cat slot/dir/file)" = mine ]
	[ -z "$(git -C slot status --porcelain)" ]
	[ "$(git -C slot ls-tree "$(field .workspace.saved_ref)" dir | cut -c1-6)" = 120000 ]
}

@test "a slot that an agent left with filters and pipes in it is clean for the next task" {
	prepare
	agent 'echo "* filter=lfs" >.gitattributes; mkfifo pipe; mkfifo dir.fifo'
	[ "$status" -eq 0 ]
	stage nr-push <executed.json
	[ "$status" -eq 80 ]
	stage nr-report <<<"$output"
	[[ "$stderr" == *workspace_saved* ]]
	stage nr-prepare <task.json
	[ "$status" -eq 0 ]
}

@test "changes that an agent hides from git are committed, or saved" {
	prepare
	agent 'git update-index --assume-unchanged README; git update-index --skip-worktree Makefile; echo more >>README; echo "# more" >>Makefile'
	[ "$(field '.impl_result.files_changed | join(" ")')" = 'Makefile README greeting' ]
	cp -a slot again
	stage nr-push <executed.json
	[ "$status" -eq 0 ]
	[ "$(git -C remote.git diff --name-only main "$branch")" = $'Makefile\nREADME\ngreeting' ]
	rm -rf slot
	mv again slot
	stage nr-report < <(jq '.error = {type: "TestExecutionError", stage: "nr-test", message: "m", retryable: false, exit_code: 82}' executed.json)
	[ "$(cat slot/README)" = hello ]
	[ "$(git -C slot ls-files -v | cut -c1 | sort -u)" = H ]
}

@test "an agent that leaves pipes for its own log and prompt is told from what it did" {
	prepare
	agent 'cd "$NR_RUN_DIR" || exit; rm agent.*.log prompt.md; mkfifo agent.stdout.log agent.stderr.log prompt.md changes.diff; exit 3'
	[ "$status" -eq 81 ]
	[[ "$(field .error.message)" == *"exit code 3"* ]]
}

@test "a stage that hangs ends soon after the deadline, and says so" {
	prepare
	flock slot/.git/necrocode.lock sleep 30 3>&- &
	pid=$!
	until ! flock -n slot/.git/necrocode.lock true; do :; done
	stage timeout 25 nr-prepare < <(jq -c '.timeout_seconds = 1' task.json)
	kill "$pid"
	[ "$status" -eq 124 ]
	[ -z "$output" ]
	[[ "$stderr" == *"nr-prepare: the task's time is used up, and what was being done did not come to an end"* ]]
}
