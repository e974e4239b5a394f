load helper
load users
: "${NR_TESTS:=$ROOT/build/tests}"

prepare_test() {
	make_common
	export -f as
	export common
	mkdir -m 777 ws
}

@test "nr-limit passes input, output and exit code through, and reports" {
	local user
	for user in $NR_USERS; do
		limited "$user" sh -c 'cat; echo to stderr >&2; exit 3' <<<'hello'
		[ "$status" -eq 3 ]
		[ "$output" = hello ]
		[ "$stderr" = 'to stderr' ]
		[ "$(of_report .end)" = exited ]
		[ "$(of_report .exit_code)" -eq 3 ]
		[ "$(of_report .signal)" = null ]
		[ "$(of_report '.limits | length')" -eq 0 ]
	done
}

@test "every exit code comes through, to root and to others, and through a sandbox" {
	local user
	for user in $NR_USERS; do
		as "$user" sh -c '
			code=0
			while [ "$code" -le 255 ]; do
				nr-limit sh -c "exit $code"
				[ $? -eq "$code" ] || { echo "$code"; exit 1; }
				code=$((code + 1))
			done
			for code in 0 1 77 86 124 126 127 130 143 255; do
				nr-limit -w ws sh -c "exit $code"
				[ $? -eq "$code" ] || { echo "sandbox $code"; exit 1; }
			done'
	done
}

@test "every signal that ends the command is told, as 128 and its number" {
	local user number name report code
	for user in $NR_USERS; do
		# 17 to 23 and 28 stop or do nothing.
		for number in $(seq 1 16) $(seq 24 27) $(seq 29 31) $(seq 34 64); do
			code=0
			as "$user" nr-limit --report report.json \
				sh -c "ulimit -c 0; kill -$number \$\$" 2>/dev/null || code=$?
			[ "$code" -eq $((128 + number)) ]
			read -r report <report.json
			name=\"SIG$(kill -l "$number")\"
			# Of two names; of none.
			[ "$number" -ne 29 ] || name='"SIGPOLL"'
			[ "$number" -lt 32 ] || name=$number
			[[ $report == '{"end":"signaled"'*"\"signal\":$name,"* ]]
			rm -f report.json
		done
		for number in 17 18 23 28; do
			run as "$user" nr-limit sh -c "kill -$number \$\$; exit 3"
			[ "$status" -eq 3 ]
		done
		for number in 19 20 21 22; do
			run as "$user" nr-limit -t 0.1 sh -c "kill -$number \$\$; sleep 5"
			[ "$status" -eq 124 ]
		done
	done
}

@test "a command that is not there is 127, one that cannot be executed 126" {
	run -127 --separate-stderr nr-limit --report report.json ./nothing
	report=$(cat report.json)
	[ "$(of_report .end)" = not_started ]
	[[ $stderr == *"'./nothing' cannot be started: No such file or directory" ]]
	echo text >file
	limited self ./file
	[ "$status" -eq 126 ]
	limited self .
	[ "$status" -eq 126 ]
	printf '#!/no/such/interpreter\n' >script
	chmod +x script
	limited self ./script
	[ "$status" -eq 126 ]
	[[ $stderr == *'#! line names a program that does not exist' ]]
}

@test "a script without #! is run by sh, as a shell would" {
	echo 'echo "$1"' >script
	chmod +x script
	limited self ./script works
	[ "$output" = works ]
}

@test "arguments of more than a program can get are a command that cannot be started" {
	# The kernel takes at most 128 KiB in one argument.
	limited self echo "$(head -c 100000 /dev/zero | tr '\0' x)"
	[ "$status" -eq 0 ]
	limited self attempt arguments
	[ "$status" -eq 1 ]
	[ "$output" = E2BIG ]
}

@test "--timeout ends a command, with 124" {
	local user
	for user in $NR_USERS; do
		limited "$user" --timeout 0.2 sleep 30
		[ "$status" -eq 124 ]
		[ "$(of_report .end)" = timeout ]
		[[ $stderr == "nr-limit: 'sleep' timed out after 0.2 s" ]]
	done
}

@test "a command that closes its output and sleeps is ended for time or for silence" {
	local user
	for user in $NR_USERS; do
		limited "$user" -t 0.3 sh -c 'exec <&- >&- 2>&-; sleep 60'
		[ "$(of_report .end)" = timeout ]
		limited "$user" --stall-timeout 0.3 sh -c 'exec <&- >&- 2>&-; sleep 60'
		[ "$(of_report .end)" = stalled ]
	done
}

@test "who ignores SIGTERM gets SIGKILL after the grace" {
	limited self -t 0.2 -k 0.2 sh -c 'trap "" TERM; sleep 30; sleep 30'
	[ "$status" -eq 124 ]
	[ "$(of_report .signal)" = SIGKILL ]
}

@test "--stall-timeout ends a command that is silent, not one that prints" {
	limited self --stall-timeout 0.5 sh -c 'echo a; sleep 30'
	[ "$status" -eq 124 ]
	[ "$output" = a ]
	[ "$(of_report .end)" = stalled ]
	limited self --stall-timeout 0.5 sh -c 'for i in 1 2 3 4 5; do echo $i; sleep 0.2; done'
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 5 ]
}

@test "a reader that does not read delays neither the time-out nor counts as silence" {
	nr-limit --stall-timeout 0.3 --timeout 1 --report report.json yes | {
		sleep 1.5
		head -c 10 >got
	} || :
	[ "$(jq -r .end report.json)" = timeout ]
	[ "$(head -c 2 got)" = y ]
}

@test "output passes through whole, whatever is at its end" {
	head -c 5000000 /dev/urandom >data
	nr-limit --stall-timeout 5 cat data >copy
	cmp data copy
	nr-limit --stall-timeout 5 cat data | cat >copy
	cmp data copy
	nr-limit --stall-timeout 5 cat data >>copy
	[ "$(stat -c %s copy)" -eq 10000000 ]
}

@test "a reader that goes away ends the command, silently" {
	run --separate-stderr bash -c 'nr-limit --stall-timeout 5 yes | head -n 1; exit ${PIPESTATUS[0]}'
	[ "$status" -eq 141 ]
	[ "$output" = y ]
	[ -z "$stderr" ]
}

@test "memory over --memory is a ResourceLimitError, by whatever means there are" {
	local user
	for user in $NR_USERS; do
		limited "$user" --memory 64M consume memory 1000
		[ "$status" -eq 86 ]
		[ "$(of_report .end)" = memory ]
		[ "$(of_report .signal)" = SIGKILL ]
		[ "$(of_report .processes_ended_for_memory)" -eq 1 ]
		[ "$(of_report .limits.memory_bytes.limit)" -eq $((64 << 20)) ]
		[ "$(of_report '.peak_memory_bytes > 50000000')" = true ]
		[[ $stderr == *'needs more memory than its limit of 64 MiB (peak '*' MiB, 1 process ended for it): killed by SIGKILL' ]]
	done
}

@test "memory of a grandchild, and of many children together, counts" {
	local user
	for user in $NR_USERS; do
		limited "$user" -m 64M consume memory-of-grandchild 1000
		[ "$status" -eq 86 ]
		[ "$(of_report .end)" = memory ]
		limited "$user" -m 64M consume memory-together 6
		[ "$status" -eq 86 ]
		[ "$(of_report .end)" = memory ]
	done
}

@test "memory that processes share counts once" {
	local user
	for user in $NR_USERS; do
		limited "$user" -m 64M consume memory-shared 8
		[ "$status" -eq 0 ]
		[ "$(of_report .processes_ended_for_memory)" -eq 0 ]
	done
}

@test "a command that succeeds although one of its processes was ended has succeeded" {
	local user
	for user in $NR_USERS; do
		limited "$user" -m 64M sh -c 'consume memory 1000; echo $?'
		[ "$status" -eq 0 ]
		[ "$output" = 137 ]
		[ "$(of_report .end)" = exited ]
		[ "$(of_report .processes_ended_for_memory)" -eq 1 ]
	done
}

@test "the peak is that of all processes together, not of the largest" {
	local user
	for user in $NR_USERS; do
		limited "$user" consume memory-together 4
		[ "$(of_report '.peak_memory_bytes > 70000000')" = true ]
	done
	limited self consume memory 50
	[ "$(of_report '.peak_memory_bytes > 50000000 and .peak_memory_bytes < 60000000')" = true ]
	limited self true
	# The sanitizers' own memory is in it, up to the exec.
	[ "$(of_report ".peak_memory_bytes < ${NR_SANITIZE:+100}3000000")" = true ]
}

@test "--processes holds: no more can be made, or the command is ended" {
	local user
	for user in $NR_USERS; do
		limited "$user" -p 20 -t 10 consume threads 100
		if [ "$status" -eq 86 ]; then
			[ "$(of_report .limits.processes.by)" = sampling ]
			[ "$(of_report .end)" = processes ]
		else
			[ "$status" -eq 11 ]
		fi
		limited "$user" -p 20 consume children 100
		[ "$status" -eq 0 ]
	done
}

@test "a fork bomb under --processes ends with its time, and nothing is left" {
	local user
	for user in $NR_USERS; do
		limited "$user" -p 50 -t 1 -k 0.2 "$common/bin/consume" bomb 400
		[ "$status" -eq 124 ] || [ "$(of_report .end)" = processes ]
		# Other tests may run one of their own meanwhile.
		run ! is_running consume
	done
}

@test "where only looks hold the limit, a deaf fork bomb is killed at once" {
	[ "$(id -u)" -eq 0 ] || return 0
	local kind
	for kind in bomb bomb-apart; do
		run --separate-stderr without_cgroups -- \
			timeout 8 nr-limit -p 50 --report report.json \
			"$common/bin/consume" "$kind" 1500
		[ "$status" -eq 86 ]
		[ "$(jq -r '.end, .limits.processes.by' report.json)" = $'processes\nsampling' ]
		run ! is_running consume
	done
}

@test "in a sandbox of an ordinary user the limit of processes holds in a container too" {
	[ "$(id -u)" -eq 0 ] || return 0
	local n
	for n in 15:0 100:11; do
		run --separate-stderr without_cgroups -p -f --mount-proc -- bash -c '
			cd ws && as nobody nr-limit -s workspace -p 20 --report ../report.json "$@"' \
			bash consume threads "${n%:*}"
		[ "$status" -eq "${n#*:}" ]
		[ "$(jq -r .limits.processes.by report.json)" = rlimit ]
	done
}

@test "10,000 short children are nothing" {
	limited self -p 100 consume children 10000
	[ "$status" -eq 0 ]
	[ "$(of_report .processes_reaped)" -eq 0 ]
}

@test "--cpu holds the share, and the report tells what was waited" {
	local user
	for user in $NR_USERS; do
		limited "$user" --cpu 20 -t 1 sh -c 'while :; do :; done'
		[ "$status" -eq 124 ]
		[ "$(of_report .limits.cpu_percent.limit)" -eq 20 ]
		case $(of_report .limits.cpu_percent.by) in
		cgroup*) [ "$(of_report '.user_seconds < 0.6 and .throttled_seconds > 0.2')" = true ] ;;
		affinity) ;;
		*) false ;;
		esac
	done
	limited "$user" --cpu 100 nproc
	if [ "$(of_report .limits.cpu_percent.by)" = affinity ]; then
		[ "$output" -eq 1 ]
	fi
}

@test "--file-size holds, in the command and in what it starts" {
	local user
	for user in $NR_USERS; do
		limited "$user" --file-size 1M dd if=/dev/zero of="big-$user" bs=64K count=100
		[ "$status" -eq 86 ]
		[ "$(of_report .end)" = file_size ]
		[ "$(stat -c %s "big-$user")" -le $((1 << 20)) ]
		limited "$user" -f 1M sh -c "yes >big-$user; exit \$?"
		[ "$status" -eq 86 ]
	done
}

@test "--open-files holds, and limits cannot be raised" {
	local user
	for user in $NR_USERS; do
		limited "$user" --open-files 20 consume files 100
		[ "$status" -eq 11 ]
		limited "$user" --open-files 100 consume files 50
		[ "$status" -eq 0 ]
	done
	limited "$user" --open-files 100 consume raise-limit 200
	[ "$(id -u)" -eq 0 ] && [ "$user" = self ] || [ "$status" -eq 11 ]
}

@test "control groups leave nothing behind" {
	local arguments name
	for arguments in '' '-t 0.3'; do
		# shellcheck disable=SC2086 # words
		limited self -m 64M -c 100 -p 50 $arguments \
			sh -c 'cat /proc/self/cgroup; sleep 0.5'
		# Its own alone: others may be at work.
		for name in $(grep -o 'necrocode-[0-9]*' <<<"$output" | sort -u); do
			[ -z "$(find /sys/fs/cgroup -name "$name")" ]
		done
	done
}

@test "nobody is moved between control groups but the command" {
	local own parent
	own=$(cat /proc/self/cgroup) parent=$(cat "/proc/$PPID/cgroup")
	limited self -m 64M -c 100 -p 50 true
	if [ "$(id -u)" -eq 0 ] && unshare -m true 2>/dev/null; then
		# As where version 1 is not mounted, and version 2 is bare.
		unshare -m sh -c 'for dir in memory cpu pids cpu,cpuacct; do
			umount -l "/sys/fs/cgroup/$dir" 2>/dev/null; done
			exec nr-limit -m 64M -c 100 -p 50 true'
	fi
	[ "$(cat /proc/self/cgroup)" = "$own" ]
	[ "$(cat "/proc/$PPID/cgroup")" = "$parent" ]
}

@test "the report goes to a descriptor that the command does not get" {
	nr-limit --report-fd 9 sh -c 'ls /proc/self/fd | tr "\n" " "' 9>report.json >fds
	[ "$(cat fds)" = '0 1 2 3 ' ]
	[ "$(jq -r .end report.json)" = exited ]
	nr-limit --report-fd 1 true >report.json
	[ "$(jq -r .end report.json)" = exited ]
}

@test "a report that cannot be written is exit 74" {
	run --separate-stderr nr-limit --report /dev/full true
	[ "$status" -eq 74 ]
	run --separate-stderr nr-limit --report /no/such/dir/file true
	[ "$status" -eq 74 ]
	[[ $stderr == *"cannot create '/no/such/dir/file': No such file or directory" ]]
}

@test "SIGTERM and SIGINT to nr-limit end the command, with 143 and 130" {
	local name code
	for name in TERM:143 INT:130 HUP:129; do
		rm -f started
		# SIGINT is ignored in a script's background jobs.
		python3 - "${name%:*}" <<-'EOF' &
			import signal, subprocess, sys, time, os
			signal.signal(signal.SIGINT, signal.SIG_DFL)
			p = subprocess.Popen(["nr-limit", "--report", "report.json", "sh", "-c",
			                      "echo $$ >started; setsid sleep 30; :"])
			while not os.path.exists("started") or not os.path.getsize("started"):
			    time.sleep(0.01)
			p.send_signal(getattr(signal, "SIG" + sys.argv[1]))
			sys.exit(p.wait())
		EOF
		code=0
		wait $! || code=$?
		[ "$code" -eq "${name#*:}" ]
		[ "$(jq -r .end report.json)" = cancelled ]
		[ ! -d "/proc/$(cat started)" ]
	done
}

@test "Ctrl-Z stops nr-limit, and fg lets it go on" {
	state() {
		local line
		line=$(cat "/proc/$1/stat")
		line=${line##*) }
		echo "${line%% *}"
	}
	local pid runner code=0
	mkfifo go
	nr-limit sh -c 'read -r line <go; exit 5' &
	pid=$!
	until runner=$(pgrep -P "$pid") && pgrep -P "$runner"; do sleep 0.01; done
	kill -TSTP "$pid"
	until [ "$(state "$pid")$(state "$runner")" = TT ]; do sleep 0.01; done
	kill -CONT "$pid"
	until [[ $(state "$pid")$(state "$runner") != *T* ]]; do sleep 0.01; done
	echo go >go
	wait "$pid" || code=$?
	[ "$code" -eq 5 ]
}

@test "nr-limit with closed standard descriptors runs the command all the same" {
	nr-limit --report report.json sh -c 'exit 4' <&- >&- 2>&- || :
	[ "$(jq .exit_code report.json)" -eq 4 ]
}

@test "wrong options are told, with 64" {
	local arguments
	for arguments in '--timeout 0 true' '--timeout x true' '--memory 12Q true' \
		'--memory 0 true' '--cpu -3 true' '--processes none true' \
		'--report-fd 77 true' '--nonsense true' ''; do
		# shellcheck disable=SC2086 # words
		run --separate-stderr nr-limit $arguments
		[ "$status" -eq 64 ]
		[ -z "$output" ]
		[[ $stderr == *nr-limit* ]]
	done
}

@test "a path for the sandbox that is not there is told, with 64" {
	local option
	for option in --write --read --hide; do
		run --separate-stderr nr-limit "$option" nowhere true
		[ "$status" -eq 64 ]
		[ "$stderr" = "nr-limit: cannot use 'nowhere': No such file or directory" ]
	done
}

@test "without a place for temporary files there is no sandbox, with 74" {
	TMPDIR=$PWD/nowhere run --separate-stderr nr-limit -s workspace true
	[ "$status" -eq 74 ]
	[ "$stderr" = "nr-limit: cannot create a temporary directory in '$PWD/nowhere': No such file or directory" ]
}

@test "temporary files that cannot be removed are warned of" {
	local user
	[ "$(id -u)" -ne 0 ] && user=self || user=nobody # root removes all
	as "$user" mkdir left
	TMPDIR=$PWD/left run --separate-stderr as "$user" nr-limit -w left chmod 555 left
	chmod 755 left
	[ "$status" -eq 0 ]
	[[ $stderr == "nr-limit: cannot remove '$PWD/left/nr-sandbox-"??????"': Permission denied" ]]
}

@test "sizes and times have units" {
	limited self -m 1.5GiB -f 10k -t 2h true
	[ "$(of_report .limits.memory_bytes.limit)" -eq 1610612736 ]
	[ "$(of_report .limits.file_size_bytes.limit)" -eq 10240 ]
}

@test "options behind the command are the command's" {
	limited self echo --timeout 5
	[ "$output" = '--timeout 5' ]
}
