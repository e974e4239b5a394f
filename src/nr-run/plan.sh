# SPDX-License-Identifier: MIT
# --dry-run.

# Every stage says what it would do with the task; nothing is written.
plan() {
	if [ -n "$task" ] && [ "$task" != - ]; then
		document=$(cat <"$task")
	elif [ -z "$task" ] && [ -n "${TASK_CONTEXT-}" ]; then
		document=$TASK_CONTEXT
	else
		document=$(cat)
	fi
	for stage_name in $stages; do
		selected "$stage_name" || continue
		eval "command=\${command_$stage_name-}"
		if [ -n "$command" ]; then
			echo "nr-run: would run '$command' as $stage_name"
		else
			program "nr-$stage_name"
			case $stage_name$document in
			playbook*'"playbook_path"'*) ;;
			playbook*) [ -n "$default_playbook_path" ] || continue ;;
			esac
			printf '%s\n' "$document" | "$program" --dry-run
		fi
	done
	exit
}
