# shellcheck shell=sh
# Sourced by the examples: makes a small repository, its bare remote and a
# slot (a clone to work in) in $work, and the task that names the slot.
# $1 is the directory, a new temporary one when absent. Nothing outside of it
# is touched.
examples=$(cd "$(dirname "$0")" && pwd)
[ -f "$examples/playground.sh" ] || examples=${examples%/*}
NR_BIN=${NR_BIN:-$examples/../../bin}
[ ! -x "$NR_BIN/nr-run" ] || PATH=$(cd "$NR_BIN" && pwd):$PATH
command -v nr-run >/dev/null || {
	echo "$0: cannot find nr-run: build it with make, or install it" >&2
	exit 1
}
work=${1:-$(mktemp -d)}
mkdir -p "$work"
cd "$work" || exit
export XDG_STATE_HOME="$PWD/state" ARTIFACT_STORE_URL="file://$PWD/artifacts"
export TASK_REGISTRY_URL="file://$PWD/tasks.jsonl"
unset RUNNER_ID NR_RUN_DIR NR_RUN_PID TASK_CONTEXT

git init -q --bare -b main remote.git
git clone -q remote.git slot 2>/dev/null
git -C slot config user.name 'Example Runner'
git -C slot config user.email runner@example.org
git -C slot symbolic-ref HEAD refs/heads/main
echo '# A project that wants to greet people' >slot/README.md
printf 'check:\n\tsh -eu tests.sh\n' >slot/Makefile
echo 'test -f README.md' >slot/tests.sh
git -C slot add -A
git -C slot commit -q -m 'Begin'
git -C slot push -q origin main
jq --arg slot "$PWD/slot" '.slot_path = $slot' \
	"$examples/hello-task.json" >task.json
