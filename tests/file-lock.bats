# A lock that somebody else has, from the library.
load helper

: "${NR_TESTS:=$ROOT/build/tests}"

@test "a lock that is free is had, also when the time is used up" {
	run "$NR_TESTS/file_lock" lock -1 2
	[ "$output" = 'locked
locked' ]
	[ "$(stat -c %a lock)" = 600 ]
}

@test "who has no time left does not wait for a lock" {
	run timeout 30 flock lock "$NR_TESTS/file_lock" lock 0 100
	[ "$status" -eq 0 ]
	[ "$(sort -u <<<"$output")" = "cannot lock 'lock': the time for it is used up" ]
}

@test "a lock is had as soon as it is free" {
	mkfifo held
	flock lock sh -c 'echo >held; sleep 1' &
	read -r <held
	run timeout 30 "$NR_TESTS/file_lock" lock 20 1
	[ "$output" = locked ]
	wait
}

@test "a link is no lock" {
	ln -s elsewhere lock
	run "$NR_TESTS/file_lock" lock 0 1
	[[ $output == "cannot open 'lock':"* ]]
	[ ! -e elsewhere ]
}
