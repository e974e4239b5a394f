# SPDX-License-Identifier: MIT
# Going on with an earlier run.

# newest STAGE: its last document, in $newest; false: there is none.
newest() {
	newest=''
	stem_of "$1"
	file=$stem.json n=2
	while [ -e "$file" ]; do
		[ ! -s "$file" ] || newest=$file
		file=$stem-$n.json
		n=$((n + 1))
	done
	[ -n "$newest" ]
}

previous_of() {
	previous=
	for stage in $stages; do
		[ "$stage" != "$1" ] || return 0
		previous=$stage
	done
}

# The last stage that did its work decides where to go on. A slot that was
# cleaned has nothing of it left, so that the work begins anew.
find_place() {
	document=$run_dir/00-task.json
	if newest report; then
		jq -e '.success != true' "$newest" >/dev/null ||
			die 64 "run '$resume' is complete; its result is $newest"
		jq -e '.workspace.saved_ref == null' "$newest" >/dev/null || return 0
	fi
	for place in push:upload test:push playbook:test exec:playbook \
		prepare:exec; do
		newest "${place%:*}" || continue
		jq -e '.error == null' "$newest" >/dev/null 2>&1 || continue
		document=$newest
		from=${place#*:}
		return
	done
}

resume_run() {
	run_dir=$runs/$resume
	case $resume in
	*/* | .*) run_dir=$runs/none ;;
	esac
	[ -f "$run_dir/00-task.json" ] ||
		die 64 "there is no run '$resume' in '$runs'"
	[ -z "$task" ] || die 64 "--resume takes no task, found '$task'"
	if [ "$from" = prepare ]; then
		find_place
	else
		previous_of "$from"
		newest "$previous" ||
			{ [ "$previous" = playbook ] && newest exec; } ||
			die 64 "run '$resume' has no output of $previous"
		document=$newest
	fi
	export RUNNER_ID="$resume" NR_RUN_RENEW=yes
	first=''
}
