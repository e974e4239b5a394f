#!/bin/sh
# replay-a-stage.sh [DIRECTORY]: debug one stage by hand, on the document that
# a run has saved.
set -eu
# shellcheck source=share/examples/playground.sh
. "$(dirname "$0")/playground.sh"

export RUNNER_ID=replay
nr-run -q --agent-command "$examples/hello-agent.sh" task.json >result.json
run=$(jq -r .runner.run_dir result.json)
ls "$run"

# The tests again, on what nr-exec had written.
nr-test <"$run/20-exec.json" | jq .test_result.success
# With a change in the slot, as often as it takes.
echo 'false # a test that fails' >>slot/tests.sh
nr-test <"$run/20-exec.json" | jq -r '.error.message' || true
