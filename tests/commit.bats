#!/usr/bin/env bats
# nr-push: what is committed is what git would commit.
load helper

branch=feature/task-demo-1.1

prepare_test() {
	make_slot
	(
		cd slot
		mkdir dir
		echo a >dir/a
		echo tool >tool
		chmod +x tool
		echo target >target
		ln -s target old-link
		git add -A
		git commit -qm more
		git push -q origin HEAD:main
	)
	task | nr-prepare >prepared.json 2>/dev/null
	cp -a slot prepared
}

@test "nr-push commits the same tree as git add -A" {
	while IFS='|' read -r name code; do
		[[ $name != '#'* ]] || continue
		rm -rf slot
		cp -a prepared slot
		(cd slot && eval "$code")
		rm -rf reference
		cp -a slot reference
		git -C reference add -A 2>/dev/null
		stage nr-push <prepared.json
		[ "$status" -eq 0 ] || { echo "$name: $output"; return 1; }
		[ "$(git -C slot rev-parse 'HEAD^{tree}')" = "$(git -C reference write-tree)" ] || {
			echo "$name:"
			git -C reference diff --cached --stat "$(git -C slot rev-parse 'HEAD^{tree}')"
			return 1
		}
		[ -z "$(git -C slot status --porcelain)" ] || { echo "$name: $(git -C slot status --porcelain)"; return 1; }
		git -C remote.git update-ref -d "refs/heads/$branch"
	done <"$BATS_TEST_DIRNAME/commit.changes"
}
