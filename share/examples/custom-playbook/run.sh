#!/bin/sh
# run.sh [DIRECTORY]: a task with a playbook of its own, whose steps the
# agent's work must pass besides the project's tests.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=share/examples/playground.sh
. "$here/../playground.sh"

nr-playbook --check "$here/playbook.yaml"
jq --arg path "$here/playbook.yaml" '.playbook_path = $path' task.json >named.json
nr-run -q --agent-command "$examples/hello-agent.sh" named.json >result.json

jq -r '(.playbook_result.step_results[]
		| (if .skipped then "skipped" elif .success then "passed " else "FAILED " end)
			+ " " + .name),
	"branch:  \(.push_result.branch_name)"' result.json
