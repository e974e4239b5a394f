#!/bin/sh
# git-steps.sh before STEP FILES WHO NUMBER, or WHO STEP NUMBER: what
# 15-git.sh measures, and what comes before it. In the directory of big.git.
set -eu
# What a task may change is not what is measured.
export RUNNER_MAX_CHANGED_FILES=10000

# document NUMBER
document() {
	printf '{"task_id":"%s","title":"Measure","slot_path":"%s"}' \
		"$1" "$PWD/big-nr"
}

as_cloned() {
	start=$(git -C big.git rev-parse refs/start)
	rm -f big-nr/.git/necrocode.lock
	git -C "big-$1" checkout -qf main
	git -C "big-$1" reset -q --hard "$start"
	git -C "big-$1" clean -qfd
	git -C "big-$1" for-each-ref --format='delete %(refname)' \
		refs/heads/feature | git -C "big-$1" update-ref --stdin
	git -C "big-$1" update-ref refs/remotes/origin/main "$start"
	# What was fetched must be fetched again.
	find "big-$1/.git/objects" -type f | grep -vxFf "packs-$1" |
		xargs -r rm -f
	git -C big.git for-each-ref --format='delete %(refname)' \
		refs/heads/feature | git -C big.git update-ref --stdin
}

change() {
	cd "big-$2"
	git ls-files | head -n "$1" | while read -r file; do
		echo "changed $3" >>"$file"
	done
	cd ..
}

before() {
	as_cloned "$3"
	[ "$1" != prepare ] || return 0
	if [ "$3" = nr ]; then
		document "$4" | nr-prepare --config big.yaml >prepared.json
	else
		git -C big-git checkout -q -b "feature/$4"
	fi
	change "$2" "$3" "$4"
}

nr() {
	case $1 in
	prepare) document "$2" | nr-prepare --config big.yaml ;;
	*) "nr-$1" --config big.yaml <prepared.json ;;
	esac >after.json
}

with_git() {
	cd big-git
	case $1 in
	prepare)
		[ -z "$(git status --porcelain)" ]
		git fetch -q origin main
		git checkout -q main
		git rebase -q origin/main
		git checkout -q -b "feature/$2"
		;;
	exec)
		sh -c 'cat >/dev/null' </dev/null
		git add -A -N
		git diff main >../changes.diff
		;;
	push)
		git add -A
		git commit -q -m Measure
		git push -q origin "feature/$2"
		;;
	esac
}

case $1 in
before) shift && before "$@" ;;
nr) shift && nr "$@" ;;
git) shift && with_git "$@" ;;
esac
