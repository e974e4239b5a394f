# shellcheck shell=sh disable=SC2154
# Tasks of one command each, two at a time, in slots of the pool: tasks a
# second, whether a task costs more when there were many before it, and what
# xargs and parallel need for the same.
echo "nr-each -j 2 nr-run: tasks of one command, in slots of a pool"

export RUNNER_AGENT_COMMAND='echo work >>work' RUNNER_MAX_SLOTS=2 \
	RUNNER_ARTIFACT_STORE_URL="file://$PWD/store" XDG_STATE_HOME="$PWD/state"
many=${BENCH_TASKS:-1000} turn=0

git init -q --bare -b main many.git
git clone -q many.git many 2>/dev/null
(cd many && echo hello >README && git add -A && git commit -qm first &&
	git push -q origin HEAD:main)

# Branches and objects that lie in the remote as a file each, which it walks at
# every push, are what would make a task
# slower than the one before it: a server packs them now and then.
cat >many.git/hooks/post-receive <<'END'
#!/bin/sh
[ "$(find refs/heads -type f | wc -l)" -lt 50 ] || git gc --quiet
END
chmod +x many.git/hooks/post-receive

# make_tasks NAME N: so many, one a line.
make_tasks() {
	for n in $(seq "$2"); do
		printf '{"task_id":"%s.%d","title":"One command","repo_url":"%s","test_commands":["true"]}\n' \
			"$1" "$n" "$PWD/many.git"
	done
}

now() {
	date +%s.%N
}

# measure NAME N COMMAND...: with that many tasks on standard input; its
# tasks are all done; seconds in $seconds.
measure() {
	measured=$1 n_tasks=$2
	shift 2
	turn=$((turn + 1))
	make_tasks "$turn" "$n_tasks" >tasks.jsonl
	began=$(now)
	"$@" <tasks.jsonl >results.jsonl 2>>"$BENCH_LOG"
	seconds=$(echo "$(now) - $began" | bc)
	done=$(grep -c '"success":true' results.jsonl)
	[ "$done" -eq "$n_tasks" ] || {
		echo "$measured: $done of $n_tasks" >&2
		return 1
	}
	printf '  %-34s %5d tasks %7.1f s %6.1f tasks/s %6.1f ms/task\n' \
		"$measured" "$n_tasks" "$seconds" \
		"$(echo "$n_tasks / $seconds" | bc -l)" \
		"$(echo "1000 * $seconds / $n_tasks" | bc -l)"
}

# shellcheck disable=SC2016
with_xargs() {
	xargs -d '\n' -P 2 -n 1 sh -c 'printf "%s\n" "$1" | nr-run' sh
}

# part FIRST LAST: the mean of tasks with lines in this range, in ms.
part() {
	jq -s "map(select(.each.line >= $1 and .each.line <= $2) |
		.each.duration_seconds) | add / length * 1000 | round" \
		results.jsonl
}

measure warm 4 nr-each -j 2 nr-run
measure "nr-each -j 2" 100 nr-each -j 2 nr-run
hundred=$seconds
measure "xargs -P 2" 100 with_xargs
measure "parallel -j 2" 100 parallel --will-cite -j 2 --pipe -N 1 nr-run
measure "nr-each -j 2" "$many" nr-each -j 2 nr-run
printf '  a task among %d against one among 100: %.2f\n' "$many" \
	"$(echo "$seconds / $many / ($hundred / 100)" | bc -l)"
printf '  of these, the first 100: %d ms each, the last 100: %d ms\n' \
	"$(part 1 100)" "$(part $((many - 99)) "$many")"
