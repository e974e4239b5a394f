#!/usr/bin/env bats
# Slots with Git LFS in them: usable as long as no file of it is touched.
load helper

branch=feature/task-demo-1.1

# A stand-in for git-lfs, which keeps what is in a file beside it.
prepare_test() {
	mkdir store
	cat >clean <<-END
		#!/bin/sh
		cat >"$PWD/store/new" && name=\$(sha256sum <"$PWD/store/new" | cut -c1-64) &&
			mv "$PWD/store/new" "$PWD/store/\$name" && echo "pointer \$name"
	END
	cat >smudge <<-END
		#!/bin/sh
		read -r word name && cat "$PWD/store/\$name"
	END
	chmod +x clean smudge
	make_slot
	git config --global filter.lfs.clean "$PWD/clean"
	git config --global filter.lfs.smudge "$PWD/smudge"
	git config --global filter.lfs.required true
	echo '*.bin filter=lfs diff=lfs merge=lfs -text' >slot/.gitattributes
	echo large >slot/a.bin
	git -C slot add -A
	git -C slot commit -qm lfs
	git -C slot push -q origin HEAD:main
	[[ "$(git -C slot show HEAD:a.bin)" == pointer* ]]
	# Else its time is that of the index, and it is read again.
	touch -d '1 hour ago' slot/a.bin
	git -C slot status --short
	task >task.json
}

refused() {
	[ "$status" -eq 80 ]
	[[ "$(field .error.message)" == *"'$1'"*"it has the attribute filter=lfs"* ]]
}

@test "a task that touches no such file goes through, with what git would have made" {
	commit_upstream news.txt news
	stage nr-prepare <task.json
	[ "$status" -eq 0 ]
	[ "$(cat slot/a.bin)" = large ]
	echo hi >slot/greeting
	stage nr-exec --agent-command 'echo more >>greeting' <<<"$output"
	[ "$(field '.impl_result.files_changed[]')" = greeting ]
	stage nr-push <<<"$output"
	[ "$status" -eq 0 ]
	stage nr-report <<<"$output"
	[ "$(git -C remote.git diff --name-only main "$branch")" = greeting ]
	stage nr-prepare < <(task '.task_id = "2"')
	[ "$status" -eq 0 ]
	[ "$(cat slot/a.bin)" = large ]
	[ -z "$(git -C slot status --porcelain)" ]
}

@test "a change of such a file that the remote has is refused, with its path" {
	commit_upstream b.bin big
	before=$(git -C slot rev-parse HEAD)
	stage nr-prepare <task.json
	refused b.bin
	[ "$(git -C slot rev-parse HEAD)" = "$before" ]
	[ -z "$(git -C slot status --porcelain)" ]
}

@test "a change of such a file by the agent is refused, with its path" {
	nr-prepare <task.json >prepared.json 2>err
	echo larger >slot/a.bin
	stage nr-push <prepared.json
	refused a.bin
	[ "$(git -C slot log -1 --format=%s)" = lfs ]
}

@test "such a file that the agent has committed by itself is refused, too" {
	nr-prepare <task.json >prepared.json 2>err
	echo big >slot/b.bin
	git -C slot add b.bin
	git -C slot commit -qm 'by the agent'
	stage nr-push <prepared.json
	refused b.bin
	run ! remote_has_branch "$branch"
}

@test "a clone would have to write such files, and is refused" {
	stage nr-prepare < <(task '.repo_url = "remote.git" | .slot_path = "new"')
	refused a.bin
	[ ! -e new ]
}

@test "a file in another encoding may be there, but not change" {
	echo 'w.txt working-tree-encoding=UTF-16' >>slot/.gitattributes
	printf 'w\n' | iconv -t UTF-16 >slot/w.txt
	git -C slot add -A
	git -C slot commit -qm encoding
	git -C slot push -q origin HEAD:main
	touch -d '1 hour ago' slot/w.txt
	git -C slot status --short
	nr-prepare <task.json >prepared.json 2>err
	cp prepared.json kept
	echo hi >slot/greeting
	stage nr-push <prepared.json
	[ "$status" -eq 0 ]
	printf 'x\n' | iconv -t UTF-16 >slot/w.txt
	stage nr-push <prepared.json
	[ "$status" -eq 80 ]
	[[ "$(field .error.message)" == *"'w.txt'"*working-tree-encoding=UTF-16* ]]
}
