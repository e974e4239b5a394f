#!/usr/bin/env bats
# nr-push: what may be pushed, and what becomes of a branch that is there.
load helper

branch=feature/task-demo-1.1

prepare_test() {
	make_slot
	task | nr-prepare >prepared.json 2>prepare.err
}

# push [OPTIONS]: nr-push on the prepared document.
push() {
	stage nr-push --git-retry-count 0 "$@" <prepared.json
}

slot() {
	git -C slot "$@"
}

remote() {
	git -C remote.git "$@"
}

pushed() {
	[ "$status" -eq 0 ]
	[ "$(field .push_result.pushed)" = true ]
	[ "$(field .push_result.verified)" = true ]
	[ "$(remote rev-parse "refs/heads/$(field .push_result.branch_name)")" = "$(slot rev-parse HEAD)" ]
	[ -z "$(slot status --porcelain)" ]
	slot fsck --no-dangling --no-progress
}

# refused PATTERN: a SecurityError; the work is where it was.
refused() {
	[ "$status" -eq 77 ]
	[ "$(error_type)" = SecurityError ]
	[[ "$(field .error.message)" == "cannot push '$branch': "*$1*"commit and branch are left in the slot"* ]]
	[ "$(field .push_result.commit_hash)" = "$(slot rev-parse "$branch")" ]
	valid_document
	run ! remote_has_branch "$branch"
}

# Somebody else's commit on the same branch at the remote.
theirs() {
	git clone -q remote.git other
	git -C other checkout -q -b "$branch"
	printf '%s\n' "$2" >"other/$1"
	git -C other add -A
	git -C other commit -qm "theirs: $1"
	git -C other push -q origin "$branch"
	theirs=$(git -C other rev-parse HEAD)
}

@test "nr-push refuses more changed files than max_changed_files" {
	for i in $(seq 101); do echo "$i" >"slot/file-$i"; done
	push
	refused "it changes 101 files, more than the 100 of max_changed_files"
	push --max-changed-files 101
	pushed
}

@test "nr-push counts what many commits change together" {
	for i in 1 2 3; do
		echo "$i" >"slot/file-$i"
		slot add -A
		slot commit -qm "$i"
	done
	push --max-changed-files 2
	refused "it changes 3 files"
	push --max-changed-files 0
	pushed
}

@test "nr-push refuses a difference larger than max_diff_bytes" {
	seq 700000 >slot/numbers
	push
	refused "larger than the 4194304 bytes of max_diff_bytes"
	push --max-diff-bytes 0
	pushed
}

@test "nr-push counts binary files whole, and files that only moved not at all" {
	head -c 5000 /dev/urandom >slot/binary
	push --max-diff-bytes 5000
	refused "max_diff_bytes"
	push --max-diff-bytes 6000
	pushed
	slot mv binary elsewhere
	slot commit -qm moved
	slot push -q origin HEAD:main
	git -C slot branch -qf main HEAD
	nr-prepare <<<"$(task '.task_id = "2"')" >prepared.json 2>/dev/null
	slot mv elsewhere again
	push --max-diff-bytes 1000
	pushed
}

@test "nr-push refuses to change protected paths, and names them" {
	mkdir -p slot/.github/workflows
	echo x >slot/.github/workflows/ci.yml
	echo x >slot/fine
	push --protected-paths '.github/,CODEOWNERS'
	refused "protected_paths protects: '.github/workflows/ci.yml' (.github/); a person"
	push
	pushed
}

@test "nr-push refuses to rename or delete what is protected" {
	slot mv README READYOU
	push --protected-paths /README
	refused "'README' (/README)"
	slot reset -q --hard main
	rm slot/Makefile
	push --protected-paths Makefile
	refused "'Makefile' (Makefile)"
}

@test "protected_paths are matched as gitignore(5) tells" {
	while read -r pattern path matches; do
		[ "$pattern" != '#' ] || continue
		slot checkout -q -f -B "$branch" main
		slot clean -qfdx
		mkdir -p "$(dirname "slot/$path")"
		echo x >"slot/$path"
		push --protected-paths "[\"$pattern\"]"
		remote update-ref -d "refs/heads/$branch"
		case $matches in
		yes) [ "$status" -eq 77 ] ;;
		no) [ "$status" -eq 0 ] ;;
		esac || { echo "$pattern $path: $status"; return 1; }
	done <"$BATS_TEST_DIRNAME/push-policy.patterns"
}

@test "nr-push refuses a branch without history in common with the base branch" {
	slot checkout -q --orphan other
	slot commit -qm other
	slot branch -qM "$branch"
	push
	refused "no history in common with the base branch"
}

@test "nr-push looks at the tip, not at what the work tree or the document say" {
	mkdir slot/.github
	echo x >slot/.github/x
	slot add -A
	slot commit -qm x
	rm -r slot/.github
	slot update-index --skip-worktree .github/x
	jq '.impl_result = {success: true, files_changed: []}' prepared.json >p && mv p prepared.json
	push --protected-paths .github
	refused "'.github/x'"
}

@test "nr-push refuses a symbolic link out of the repository, not one inside" {
	mkdir slot/dir
	ln -s ../README slot/dir/fine
	ln -s ./fine slot/dir/again
	ln -s .//.././dir/fine slot/dir/also
	push
	pushed
	remote update-ref -d "refs/heads/$branch"
	for target in /etc/passwd ../../outside ../dir/../../outside ./x/../../README ../dir/..; do
		slot checkout -q -f -B "$branch" main
		mkdir -p slot/dir
		ln -sf "$target" slot/dir/link
		push
		refused "'dir/link' is a symbolic link out of the repository, to '$target'"
	done
}

@test "nr-push refuses a symbolic link that leads out by way of another one" {
	ln -s . slot/d
	ln -s d/../etc/passwd slot/link
	push
	refused "'link' is a symbolic link out of the repository, to 'd/../etc/passwd'"
}

@test "nr-push refuses submodules that would run a program" {
	commit=$(slot rev-parse HEAD)
	printf '[submodule "x"]\n\tpath = x\n\turl = ext::sh -c id\n' >slot/.gitmodules
	slot add .gitmodules
	slot update-index --add --cacheinfo "160000,$commit,x"
	slot commit -qm submodule
	push
	refused "a submodule that git would refuse"
}

# commit_entry MODE TEXT NAME: made by hand, as no git would; NAME and TEXT
# are as printf %b has them. A directory has TEXT in a file.
commit_entry() {
	local id type=blob

	id=$(printf %b "$2" | slot hash-object -w --stdin)
	if [ "$1" = 040000 ]; then
		type=tree
		id=$(printf '100644 blob %s\tconfig\n' "$id" | slot mktree)
	fi
	id=$( (slot ls-tree -z main; printf '%s %s %s\t%b\0' "$1" $type "$id" "$3") | slot mktree -z)
	slot checkout -q -f -B "$branch" main
	slot update-ref "refs/heads/$branch" "$(slot commit-tree -p main -m evil "$id")"
}

@test "nr-push knows .gitmodules by its other names, too" {
	for name in .GitModules '.gitmodules .' GITMOD~1 .gitmodules::x $'.git\u200cmodules'; do
		commit_entry 100644 '[submodule "x"]\n\turl = -x\n' "$name"
		slot -c core.protectNTFS=false reset -q --hard
		push
		refused "'$name' has a submodule that git would refuse"
	done
}

@test "nr-push refuses names that are .git on some file system, as git does" {
	while read -r name may; do
		[ "$name" != '#' ] || continue
		commit_entry 040000 evil "$name"
		git=0
		GIT_INDEX_FILE=$PWD/index slot -c core.protectHFS=true -c core.protectNTFS=true \
			update-index --add --cacheinfo "100644,$(slot rev-parse main:README),$(printf %b "$name/config")" \
			2>/dev/null || git=$?
		push
		case $may in
		yes) [ "$status $git" = '0 0' ] && remote update-ref -d "refs/heads/$branch" ;;
		no) [ "$git" -ne 0 ] && refused "has a path that no repository may have, '" ;;
		esac || { echo "$name: nr-push $status, git $git: $stderr"; return 1; }
	done <"$BATS_TEST_DIRNAME/push-policy.names"
}

@test "nr-push reads .gitmodules as git does" {
	while read -r verdict text; do
		[ "$verdict" != '#' ] || continue
		printf %b "$text" >modules
		rm -rf fsck
		git init -q fsck
		blob=$(git -C fsck hash-object -w ../modules)
		tree=$(printf '100644 blob %s\t.gitmodules\n' "$blob" | git -C fsck mktree)
		git -C fsck update-ref refs/heads/main "$(git -C fsck commit-tree -m x "$tree")"
		fsck=0
		git -C fsck fsck --strict >/dev/null 2>&1 || fsck=$?
		slot checkout -q -f -B "$branch" main
		cp modules slot/.gitmodules
		push
		remote update-ref -d "refs/heads/$branch"
		case $verdict in
		good) [ "$status $fsck" = '0 0' ] ;;
		bad) [ "$status" -eq 77 ] && [ "$fsck" -ne 0 ] ;;
		ours) [ "$status $fsck" = '77 0' ] ;;
		esac || { echo "$text: nr-push $status, git fsck $fsck: $stderr"; return 1; }
	done <"$BATS_TEST_DIRNAME/push-policy.modules"
}

@test "nr-push leaves both branches alone in a conflict and names both commits" {
	theirs theirs theirs
	echo ours >slot/ours
	push
	[ "$status" -eq 83 ]
	[[ "$(field .error.message)" == *"${theirs:0:12}"*"$(slot rev-parse --short=12 HEAD)"* ]]
	[ "$(remote rev-parse "$branch")" = "$theirs" ]
	[ "$(field .push_result.conflict)" = null ]
}

@test "nr-push believes no commit-graph about what a branch has grown from" {
	theirs theirs theirs
	echo ours >slot/ours
	slot add -A
	slot commit -qm ours
	slot fetch -q origin "$branch"
	slot branch theirs FETCH_HEAD
	slot -c commitGraph.generationVersion=1 commit-graph write --reachable
	# That theirs is a second parent of ours.
	python3 - "$(slot rev-parse HEAD)" "$theirs" <<-'END'
		import hashlib, os, struct, sys
		path = 'slot/.git/objects/info/commit-graph'
		graph = bytearray(open(path, 'rb').read())
		chunks = {}
		for at in range(8, 8 + 12 * graph[6], 12):
		    chunks[bytes(graph[at:at + 4])] = struct.unpack('>Q', graph[at + 4:at + 12])[0]
		ids = chunks[b'OIDL']
		index = [(graph.index(bytes.fromhex(id), ids) - ids) // 20 for id in sys.argv[1:]]
		commit = chunks[b'CDAT'] + 36 * index[0]
		graph[commit + 24:commit + 28] = struct.pack('>I', index[1])
		graph[commit + 28:commit + 32] = struct.pack('>I', 9 << 2)
		graph[-20:] = hashlib.sha1(graph[:-20]).digest()
		os.chmod(path, 0o644)
		open(path, 'wb').write(graph)
	END
	slot log --format=%s | grep -q '^theirs' # git believes it
	push
	[ "$status" -eq 83 ]
	[ "$(remote rev-parse "$branch")" = "$theirs" ]
}

@test "nr-push --on-conflict rebase puts our commits on top of theirs, and says that they are not tested" {
	commit_upstream news.txt news
	theirs theirs theirs
	echo ours >slot/ours
	push --on-conflict rebase
	pushed
	ours=$(slot rev-parse "$(field .push_result.conflict.saved_ref)")
	[ "$(slot rev-parse HEAD~1)" = "$theirs" ]
	[ "$(cat slot/ours slot/theirs)" = $'ours\ntheirs' ]
	[ "$(slot cat-file -p "$ours:ours")" = ours ]
	[ "$(field .push_result.conflict.resolution)" = rebase ]
	[ "$(field .push_result.conflict.remote_commit)" = "$theirs" ]
	[ "$(field .push_result.conflict.tested)" = false ]
	[[ "$stderr" == *"no tests were run on the result"* ]]
	valid_document
}

@test "nr-push --on-conflict rebase replays the task's commits alone" {
	theirs theirs theirs
	commit_upstream news.txt news
	nr-prepare <task.json >prepared.json 2>/dev/null || task | nr-prepare >prepared.json 2>/dev/null
	echo one >slot/one
	slot add -A
	slot commit -qm one
	echo two >slot/two
	push --on-conflict rebase
	pushed
	[ "$(slot log --format=%s "$theirs..HEAD")" = $'feat(task-1.1): Add a greeting\none' ]
}

@test "nr-push --on-conflict rebase names the files of a conflict and moves nothing" {
	theirs README theirs
	echo ours >slot/README
	push --on-conflict rebase
	[ "$status" -eq 83 ]
	[[ "$(field .error.message)" == *"conflicts in: README"* ]]
	[ "$(remote rev-parse "$branch")" = "$theirs" ]
	[ "$(slot log -1 --format=%s)" = "feat(task-1.1): Add a greeting" ]
	[ "$(cat slot/README)" = ours ]
	[ -z "$(slot status --porcelain)" ]
}

@test "nr-push applies the policy to what a rebase made" {
	theirs .gitlab-ci.yml theirs
	echo ours >slot/ours
	push --on-conflict rebase --protected-paths .gitlab-ci.yml
	[ "$status" -eq 77 ]
	[ "$(remote rev-parse "$branch")" = "$theirs" ]
	[ -n "$(slot for-each-ref refs/necrocode/saved)" ]
}

@test "nr-push --on-conflict suffix pushes to the next free name" {
	theirs theirs theirs
	git -C other push -q origin "HEAD:$branch-2"
	echo ours >slot/ours
	push --on-conflict suffix
	pushed
	[ "$(field .push_result.branch_name)" = "$branch-3" ]
	[ "$(field .push_result.conflict.resolution)" = suffix ]
	[ "$(field .push_result.conflict.tested)" = true ]
	[ "$(remote rev-parse "$branch")" = "$theirs" ]
	[ "$(slot rev-parse "origin/$branch-3")" = "$(slot rev-parse HEAD)" ]
	push --on-conflict suffix
	pushed
	[ "$(field .push_result.branch_name)" = "$branch-3" ]
	echo more >>slot/ours
	push --on-conflict suffix
	pushed
	[ "$(field .push_result.branch_name)" = "$branch-3" ]
}

@test "nr-push --on-conflict suffix tells of no other name that was not pushed to" {
	theirs theirs theirs
	echo ours >slot/ours
	printf '#!/bin/sh\necho no; exit 1\n' >remote.git/hooks/pre-receive
	chmod +x remote.git/hooks/pre-receive
	push --on-conflict suffix
	[ "$status" -eq 83 ]
	[[ "$(field .error.message)" == "cannot push '$branch-2': "* ]]
	[ "$(field .push_result.pushed)" = false ]
	[ "$(field .push_result.branch_name)" = "$branch" ]
	[ "$(field .push_result.conflict)" = null ]
	valid_document
}

@test "nr-push --on-conflict suffix goes back to the name if that becomes free meanwhile" {
	theirs theirs theirs
	echo ours >slot/ours
	printf '#!/bin/sh\nrm hooks/update "refs/heads/%s"\n: >"$1.lock"\n' "$branch" >remote.git/hooks/update
	chmod +x remote.git/hooks/update
	stage nr-push --git-retry-count 1 --on-conflict suffix <prepared.json
	[ "$(field .push_result.retry_count)" = 1 ]
	pushed
	[ "$(field .push_result.branch_name)" = "$branch" ]
	[ "$(field .push_result.conflict)" = null ]
}

@test "nr-push --on-conflict suffix stays within allowed_branches" {
	theirs theirs theirs
	echo ours >slot/ours
	push --on-conflict suffix --allowed-branches "$branch"
	[ "$status" -eq 77 ]
	[[ "$(field .error.message)" == *"'$branch-2'"*"matches no pattern of allowed_branches"* ]]
}

@test "nr-push does not take the remote's word when the branch is elsewhere afterwards" {
	echo ours >slot/ours
	printf '#!/bin/sh\ngit update-ref refs/heads/%s main\n' "$branch" >remote.git/hooks/post-receive
	chmod +x remote.git/hooks/post-receive
	push
	[ "$status" -eq 83 ]
	[[ "$(field .error.message)" == *"accepted '$branch' at $(slot rev-parse --short=12 HEAD), but has it at $(remote rev-parse --short=12 main)"* ]]
	[ "$(field .push_result.verified)" = false ]
}

@test "nr-push says so when the remote took the branch, but cannot be asked where it has it" {
	echo ours >slot/ours
	mkdir tools
	cat >tools/git <<-'END'
		#!/bin/sh
		case "$*" in
		*upload-pack*) exit 1 ;;
		esac
		exec /usr/bin/git "$@"
	END
	chmod +x tools/git
	PATH=$PWD/tools:$PATH stage nr-push --git-retry-count 0 <prepared.json
	[ "$status" -eq 0 ]
	[[ "$stderr" == *push_not_verified*"the remote accepted '$branch', but where it has it cannot be seen: "* ]]
	[ "$(field '.push_result | "\(.pushed) \(.verified)"')" = 'true false' ]
	[ "$(remote rev-parse "$branch")" = "$(slot rev-parse HEAD)" ]
	valid_document
}
