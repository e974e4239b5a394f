#!/bin/sh
# whole-job.sh SLOT STORE TASK: the job as a plain script with the git
# command, as a person would write it.
set -eu
slot=$1 store=$2 task=$3
branch=feature/task-bench-$task
out=$store/$task
cd "$slot"

mkdir -p "$out"
if [ -n "$(git status --porcelain)" ]; then
	echo 'the slot is dirty' >&2
	exit 1
fi
git fetch -q origin main
git checkout -q main
git rebase -q origin/main
git checkout -q -b "$branch"
sh -c 'echo change >>file-1.txt' >"$out/agent.log" 2>&1
sh -c 'test -f file-1.txt' >"$out/test.log" 2>&1
git add -A
git diff --cached main >"$out/changes.diff"
git commit -q -m "feat(task-$task): Change a file"
git push -q origin "$branch"
git rev-parse HEAD >"$out/commit"
