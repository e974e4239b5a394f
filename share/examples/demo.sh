#!/bin/sh
# demo.sh [DIRECTORY]: `make demo`. A first task, done by a scripted agent on
# a small repository made for it, and what came of it in plain words.
set -eu
demo=${1:-${XDG_STATE_HOME:-$HOME/.local/state}/necrocode/demo}
rm -rf "$demo"
set -- "$demo"
# shellcheck source=share/examples/playground.sh
. "$(dirname "$0")/playground.sh"

run() {
	printf '\n$ %s\n' "$*"
	"$@"
}

cat <<END
In $work there is now
  remote.git   a bare repository, in place of a git server
  slot         a clone of it, to work in
  task.json    the task: $(jq -r .title task.json)

The agent is a script, share/examples/hello-agent.sh. Any program that reads a
prompt on standard input and works in the current directory can be one.

$ nr-run --agent-command hello-agent.sh task.json >result.json 2>log
$ nr-log -f pretty <log
END
export RUNNER_ID=demo
nr-run --agent-command "$examples/hello-agent.sh" task.json \
	>result.json 2>log || {
	nr-log -f pretty <log >&2
	exit 1
}
nr-log -f pretty --no-progress <log
branch=$(jq -r .push_result.branch_name result.json)
commit=$(jq -r .push_result.commit_hash result.json)
run_dir=$(jq -r .runner.run_dir result.json)

cat <<END

The branch $branch was pushed to the remote.
It has one commit on top of main, $commit:
END
run git -C remote.git log -1 --stat "$branch"
cat <<END

The verdict is the runner's own, by the tests that the task names:
$(jq -r '.test_result.test_results[] |
	"  \(if .success then "passed" else "FAILED" end)  \(.command)"' result.json)

Diff, log and results are stored, with checksums:
$(jq -r '.artifacts[].uri | "  " + sub("^file://"; "")' result.json)

What every stage wrote is in the run directory:
  $run_dir

Try next:
  cd $work
  export PATH=$(dirname "$(command -v nr-run)"):\$PATH XDG_STATE_HOME=\$PWD/state
  nr-report --format text <result.json
  nr-test <$run_dir/20-exec.json | jq .test_result
  jq '.task_id = "1.2"' task.json | nr-run --dry-run --agent-command my-agent
  man -l $(cd "$examples/../.." && pwd)/man/nr.7
END
