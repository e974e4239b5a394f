#!/bin/sh
# pipe-by-hand.sh [DIRECTORY]: the same job as a pipe. The exit code is that
# of nr-report, which knows how the task ended, wherever it failed.
set -eu
# shellcheck source=share/examples/playground.sh
. "$(dirname "$0")/playground.sh"

nr-prepare <task.json |
	nr-exec --agent-command "$examples/hello-agent.sh" |
	nr-test |
	nr-push |
	nr-upload |
	nr-report --format text
