#!/bin/sh
# run-tests.sh [FILE.bats...]: runs the tests, two at a time, and ends with
# "N passed, N failed". A skipped test counts as failed.
set -eu
cd "$(dirname "$0")/../.."

[ $# -gt 0 ] || set -- tests/*.bats
log=$(mktemp)
shown=
trap '[ -z "$shown" ] || kill "$shown"; rm -f "$log"' EXIT
# It takes minutes: a person sees how far it is.
if [ -t 2 ]; then
	tail -n +1 -f "$log" >&2 &
	shown=$!
fi
status=0
bats --jobs "$(nproc)" --tap "$@" >"$log" 2>&1 </dev/null || status=$?

passed=$(grep -c '^ok ' "$log" || :)
skipped=$(grep -c '^ok .* # skip' "$log" || :)
planned=$(sed -n '1,/^1\.\.[0-9]/s/^1\.\.\([0-9]*\)$/\1/p' "$log" | head -n 1)
passed=$((passed - skipped))
failed=$((${planned:-0} - passed))
if [ "$status" -ne 0 ] || [ "$failed" -ne 0 ] || [ "$passed" -eq 0 ]; then
	grep -v '^ok ' "$log" || :
	grep '^ok .* # skip' "$log" || :
	[ "$failed" -gt 0 ] || failed=1
fi
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
