# Peak resident memory of every program of the pipeline, on the repository of
# 200 files: at most 12 MB each.
# Sourced by run.sh, which sets bench and work.
# shellcheck shell=sh disable=SC2154
printf 'Peak resident memory of every program, MB\n'
printf '{"task_id":"memory","spec_name":"bench","title":"Change a file",
"slot_path":"%s","test_commands":["test -f file-1.txt"]}' "$work/slot-nr" >in.json
for stage in prepare exec test push upload report; do
	/usr/bin/time -f '%M' -o peak nr-$stage --config config.yaml \
		<in.json >out.json 2>>"$BENCH_LOG"
	awk -v name="nr-$stage" '{ printf "%-14s%10.1f\n", name, $1 / 1024 }' peak
	mv out.json in.json
done
for filter in 'nr-mask' 'nr-log' 'nr-config'; do
	/usr/bin/time -f '%M' -o peak $filter <"$BENCH_LOG" >/dev/null 2>&1
	awk -v name="$filter" '{ printf "%-14s%10.1f\n", name, $1 / 1024 }' peak
done
