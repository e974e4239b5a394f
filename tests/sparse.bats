#!/usr/bin/env bats
# Sparse checkouts: what is left out stays so, and is not taken for deleted.
load helper

branch=feature/task-demo-1.1

prepare_test() {
	make_slot
	for dir in in out; do
		mkdir -p "slot/$dir"
		for i in 1 2 3; do echo "$dir $i" >"slot/$dir/file-$i"; done
	done
	slot add -A
	slot commit -qm directories
	slot push -q origin HEAD:main
	slot sparse-checkout set --cone in
	[ ! -e slot/out ]
	task >task.json
	printf '#!/bin/sh\ntouch "%s/ran"\n' "$PWD" >mark.sh
	chmod +x mark.sh
}

slot() {
	git -C slot "$@"
}

# upstream: changes, new files and deletions, inside and out.
upstream() {
	rm -rf upstream
	git clone -q remote.git upstream
	for dir in in out; do
		echo changed >"upstream/$dir/file-1"
		rm "upstream/$dir/file-2"
		echo new >"upstream/$dir/new"
	done
	git -C upstream add -A
	git -C upstream commit -qm upstream
	git -C upstream push -q
}

sound() {
	[ ! -e slot/out ]
	[ -z "$(slot status --porcelain)" ]
	[ "$(slot ls-files -t out | cut -c1 | sort -u)" = S ]
	[ "$(slot write-tree)" = "$(slot rev-parse 'HEAD^{tree}')" ]
	slot fsck --no-dangling --no-progress
}

@test "a task in a sparse checkout goes through all stages, and nothing is lost" {
	upstream
	touch -d '1 minute ago' slot/in/*
	stage nr-prepare <task.json
	[ "$status" -eq 0 ] || echo "$output $stderr"
	sound
	[ "$(cat slot/in/file-1 slot/in/new)" = $'changed\nnew' ]
	[ ! -e slot/in/file-2 ]
	stage nr-exec --agent-command 'echo hi >in/greeting; rm in/file-3' <<<"$output"
	[ "$status" -eq 0 ]
	[ "$(field '.impl_result.files_changed | join(" ")')" = 'in/file-3 in/greeting' ]
	stage nr-push <<<"$output"
	[ "$status" -eq 0 ] || echo "$output $stderr"
	[ "$(git -C remote.git diff --name-status main "$branch")" = $'D\tin/file-3\nA\tin/greeting' ]
	stage nr-report <<<"$output"
	sound
	stage nr-prepare < <(task '.task_id = "2"')
	[ "$status" -eq 0 ]
	sound
	[ "$(cat slot/in/file-3)" = 'in 3' ]
}

@test "a sparse checkout that is no cone, and files marked by hand" {
	slot sparse-checkout set --no-cone '/*' '!/out/'
	[ ! -e slot/out ]
	slot update-index --skip-worktree README
	rm slot/README
	upstream
	stage nr-prepare <task.json
	[ "$status" -eq 0 ] || echo "$output $stderr"
	[ ! -e slot/out ]
	[ -z "$(slot status --porcelain)" ]
	echo hi >slot/greeting
	stage nr-push <<<"$output"
	[ "$status" -eq 0 ]
	[ "$(git -C remote.git diff --name-status main "$branch")" = $'A\tgreeting' ]
}

@test "a link in the place of git's log does not keep a sparse checkout from being cleaned" {
	stage nr-prepare <task.json
	echo precious >precious
	ln -s ../../precious slot/.git/necrocode-git.log
	echo half >slot/in/half
	stage nr-report < <(jq '.error = {type: "TestExecutionError", stage: "nr-test", message: "m", retryable: false, exit_code: 82}' <<<"$output")
	[[ "$stderr" == *workspace_saved* ]]
	sound
	[ "$(cat precious)" = precious ]
}

@test "git that takes too long in a sparse checkout is ended in time, and the slot is as it was" {
	upstream
	mkdir tools
	cat >tools/git <<-'END'
		#!/bin/sh
		case "$*" in
		*--reset*) ;;
		*read-tree*) exec sleep 60 ;;
		esac
		exec /usr/bin/git "$@"
	END
	chmod +x tools/git
	before=$(slot rev-parse HEAD)
	PATH=$PWD/tools:$PATH stage timeout 30 nr-prepare < <(jq -c '.timeout_seconds = 3' task.json)
	[ "$status" -eq 80 ]
	[[ "$(field .error.message)" == *"git read-tree: timed out after "* ]]
	[ "$(slot rev-parse HEAD)" = "$before" ]
	sound
}

@test "a file that an agent made where the slot has none is committed" {
	stage nr-prepare <task.json
	mkdir slot/out
	echo mine >slot/out/file-1
	stage nr-push <<<"$output"
	[ "$status" -eq 0 ] || { echo "$output $stderr"; return 1; }
	[ "$(git -C remote.git diff --name-status main "$branch")" = $'M\tout/file-1' ]
}

@test "the work of a failed task in a sparse checkout is saved, and the slot is clean" {
	stage nr-prepare <task.json
	echo half >slot/in/half
	rm slot/in/file-1
	stage nr-report < <(jq '.error = {type: "TestExecutionError", stage: "nr-test", message: "m", retryable: false, exit_code: 82}' <<<"$output")
	[[ "$stderr" == *workspace_saved* ]]
	sound
	[ "$(slot show "$(field .workspace.saved_ref):in/half")" = half ]
	[ "$(slot show "$(field .workspace.saved_ref):out/file-3")" = 'out 3' ]
	[ "$(cat slot/in/file-1)" = 'in 1' ]
}

@test "a dirty sparse checkout is refused, a file in the way is not overwritten" {
	echo mine >slot/in/mine
	stage nr-prepare <task.json
	[ "$status" -eq 80 ]
	[[ "$(field .error.message)" == *"not committed: in/mine; "* ]]
	rm slot/in/mine
	upstream
	git init -q slot/in/new
	echo precious >slot/in/new/file
	stage nr-prepare <task.json
	[ "$status" -eq 80 ]
	[[ "$(field .error.message)" == *"files in it would be overwritten: in/new; "* ]]
	[ "$(cat slot/in/new/file)" = precious ]
	[ "$(cat slot/in/file-1)" = 'in 1' ]
}

@test "nothing that the slot's configuration names is run for a sparse checkout" {
	upstream
	for hook in post-checkout post-index-change reference-transaction; do
		mkdir -p slot/.git/hooks
		cp mark.sh "slot/.git/hooks/$hook"
	done
	slot config core.fsmonitor "$PWD/mark.sh"
	slot config core.sshCommand "$PWD/mark.sh"
	slot config core.pager "$PWD/mark.sh"
	slot config filter.x.smudge "$PWD/mark.sh"
	rm -f ran
	stage nr-prepare <task.json
	[ "$status" -eq 0 ]
	[ ! -e ran ]
	stage nr-report <<<"$output"
	echo '* filter=x' >slot/.git/info/attributes
	slot -c filter.x.smudge=cat checkout -q -f --detach main~1
	rm -f ran
	stage nr-prepare < <(task '.task_id = "2"')
	field .error.message
	[ "$status" -eq 80 ]
	[[ "$(field .error.message)" == *"filter=x"* ]]
	[ ! -e ran ]
}
