#!/bin/sh
# swap-a-stage.sh [DIRECTORY]: a stage of one's own in the place of nr-exec.
# A stage is any program that reads the document on standard input, adds its
# section, and writes the document to standard output; what it has to say
# goes to standard error.
set -eu
# shellcheck source=share/examples/playground.sh
. "$(dirname "$0")/playground.sh"

cat >my-exec <<'END'
#!/bin/sh
set -eu
document=$(cat)
cd "$(printf '%s' "$document" | jq -r .workspace.path)"
echo 'echo "Hello, ${1:-world}!"' >greet.sh
echo 'my-exec: wrote greet.sh' >&2
printf '%s' "$document" |
	jq -c '.impl_result = {success: true, files_changed: ["greet.sh"]}'
END
chmod +x my-exec

# In a pipe ...
nr-prepare <task.json | ./my-exec | nr-test | nr-push | nr-report |
	jq -r .push_result.branch_name
# ... or in nr-run, for another task.
jq '.task_id = "1.2"' task.json |
	nr-run -q --stage exec=./my-exec - | jq -r .push_result.branch_name
