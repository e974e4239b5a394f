#!/usr/bin/env bats
# Git repositories that somebody made inside the slot.
load helper

branch=feature/task-demo-1.1

prepare_test() {
	make_slot
	task >task.json
}

slot() {
	git -C slot "$@"
}

# nested PATH: a repository with a commit and something more in it.
nested() {
	git init -q "slot/$1"
	echo one >"slot/$1/one"
	git -C "slot/$1" add one
	git -C "slot/$1" commit -qm one
	echo two >"slot/$1/two"
}

@test "nr-push refuses a repository that was made in the slot, and says what to do" {
	nr-prepare <task.json >prepared.json 2>err
	echo hi >slot/greeting
	nested deep/library
	stage nr-push <prepared.json
	[ "$status" -eq 80 ]
	[ "$(error_type)" = WorkspacePreparationError ]
	[[ "$(field .error.message)" == *"cannot commit 'deep/library/'"*"remove its .git to commit its files, or have .gitignore ignore it" ]]
	run ! remote_has_branch "$branch"
	rm -rf slot/deep/library/.git
	stage nr-push <prepared.json
	[ "$status" -eq 0 ]
	[ "$(git -C remote.git show "$branch:deep/library/two")" = two ]
}

@test "a repository that is ignored is no matter" {
	nr-prepare <task.json >prepared.json 2>err
	echo hi >slot/greeting
	echo library >>slot/.git/info/exclude
	nested library
	stage nr-push <prepared.json
	[ "$status" -eq 0 ]
	[ "$(git -C remote.git ls-tree --name-only "$branch")" = $'Makefile\nREADME\ngreeting' ]
	stage nr-prepare < <(task '.task_id = "2"')
	[ "$status" -eq 0 ]
	[ -e slot/library/two ]
}

@test "a repository that was in the slot before stays there, is told, and left out" {
	nested deep/library
	stage nr-prepare <task.json
	[ "$status" -eq 0 ]
	[[ "$stderr" == *"'deep/library/' in the slot is a git repository of its own"* ]]
	[ "$(field '.workspace.nested_repositories[]')" = deep/library/ ]
	valid_document
	echo hi >slot/greeting
	stage nr-push <<<"$output"
	[ "$status" -eq 0 ]
	[ "$(git -C remote.git ls-tree --name-only "$branch")" = $'Makefile\nREADME\ngreeting' ]
	jq '.error = {type: "TestExecutionError", stage: "nr-test", message: "m", retryable: false, exit_code: 82}' <<<"$output" >failed.json
	stage nr-report <failed.json
	[ "$(cat slot/deep/library/two)" = two ]
}

@test "what else is changed beside such a repository is not overlooked" {
	nested deep/library
	echo x >slot/deep/x
	stage nr-prepare <task.json
	[ "$status" -eq 80 ]
	[[ "$(field .error.message)" == *"not committed: deep/x; "* ]]
}

@test "nr-prepare --clean, and nr-report after a failure, move such a repository away and keep it" {
	nested deep/library
	RUNNER_ID=first stage nr-prepare --clean <task.json
	[ "$status" -eq 0 ]
	[ "$(field .workspace.nested_repositories)" = null ]
	[ ! -e slot/deep/library ]
	[ "$(git -C slot/.git/necrocode-saved/first/deep/library log --format=%s)" = one ]
	[ "$(cat slot/.git/necrocode-saved/first/deep/library/two)" = two ]

	nested library
	stage nr-push <<<"$output"
	[ "$status" -eq 80 ]
	stage nr-report <<<"$output"
	[[ "$stderr" == *"'library/' is a git repository of its own: moved to "*"necrocode-saved/first-2/library"* ]]
	[ -z "$(slot status --porcelain)" ]
	[ "$(cat slot/.git/necrocode-saved/first-2/library/two)" = two ]
	stage nr-prepare < <(task '.task_id = "2"')
	[ "$status" -eq 0 ]
}

@test "a repository that is made around tracked files hides none of them" {
	mkdir slot/src
	echo a >slot/src/a
	echo b >slot/src/b
	slot add -A
	slot commit -qm src
	slot push -q origin HEAD:main
	nr-prepare <task.json >prepared.json 2>err
	nested src
	echo more >>slot/src/a
	stage nr-push <prepared.json
	[ "$status" -eq 0 ]
	[ "$(git -C remote.git diff --name-status main "$branch")" = $'M\tsrc/a\nA\tsrc/one\nA\tsrc/two' ]
}

@test "a repository that an agent committed as a link is refused, one of .gitmodules is not" {
	nr-prepare <task.json >prepared.json 2>err
	nested library
	slot add library
	slot commit -qm link
	stage nr-push <prepared.json
	[ "$status" -eq 77 ]
	[[ "$(field .error.message)" == *"'library' is a git repository of its own that was committed as a submodule, which .gitmodules knows nothing of"* ]]
	# Of another path, which has this one's letters in it, is not of it.
	for path in library2 sub/library 'x #library'; do
		printf '[submodule "library"]\n\tpath = %s\n\turl = ../library.git\n' "$path" >slot/.gitmodules
		stage nr-push <prepared.json
		[ "$status" -eq 77 ]
		[[ "$(field .error.message)" == *"which .gitmodules knows nothing of"* ]]
	done
	printf '[submodule "library"]\n\tpath = library\n\turl = ../library.git\n' >slot/.gitmodules
	stage nr-push <prepared.json
	[ "$status" -eq 0 ]
}

@test "a repository is moved to nowhere else by a link that an agent left" {
	mkdir outside
	ln -s ../../outside slot/.git/necrocode-saved
	nested library
	RUNNER_ID=first stage nr-prepare --clean <task.json
	[ "$status" -eq 0 ]
	[ -z "$(ls outside)" ]
	[ "$(git -C slot/.git/necrocode-saved/first/library log --format=%s)" = one ]
	nr-report <<<"$output" >/dev/null 2>&1
	ln -s ../../../outside slot/.git/necrocode-saved/second
	ln -s ../../../nowhere slot/.git/necrocode-saved/second-2
	nested library
	RUNNER_ID=second stage nr-prepare --clean <task.json
	[ "$status" -eq 0 ]
	[ -z "$(ls outside)" ]
	[ ! -e nowhere ]
	[ -d slot/.git/necrocode-saved/second-3/library ]
}
