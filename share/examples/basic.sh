#!/bin/sh
# basic.sh [DIRECTORY]: the whole job, from a task to a pushed branch.
set -eu
# shellcheck source=share/examples/playground.sh
. "$(dirname "$0")/playground.sh"

nr-run -q --agent-command "$examples/hello-agent.sh" task.json >result.json

jq -r '"success: \(.success)",
	"branch:  \(.push_result.branch_name)",
	"commit:  \(.push_result.commit_hash)",
	"tests:   \(.test_result.test_results | map(.command) | join(", "))",
	(.artifacts[] | "\(.type): \(.uri)")' result.json
