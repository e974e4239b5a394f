load helper

# One member of every event on standard output.
each() {
	jq -r "$1" <<<"$output"
}

# A program whose standard error is a pipe that nobody reads.
unread() {
	mkfifo unread
	exec 7<>unread
	"$@" >&7
}

log_text() {
	stage nr-log "$@" <<<"$text"
}

@test "an event passes as it came" {
	text='{"ts":"2026-01-31T12:00:00.000Z","level":"info","n":1.10,"big":12345678901234567890}'
	log_text
	[ "$status" -eq 0 ]
	[ "$output" = "$text" ]
}

@test "an event gets what it lacks" {
	text='{"msg":"hi","runner_id":"mine"}'
	log_text --stage nr-exec --field runner_id=r1 --field task_id=1.1
	[ "$(each .level)" = info ]
	[ "$(each .stage)" = nr-exec ]
	[ "$(each .runner_id)" = mine ]
	[ "$(each .task_id)" = 1.1 ]
	[[ $(each .ts) == 20*Z ]]
}

@test "a line that is not JSON is wrapped" {
	text='make: *** [all] "Error" 2'
	log_text
	[ "$(each .event)" = output ]
	[ "$(each .msg)" = "$text" ]
}

@test "an object with a key twice is not taken for an event" {
	text='{"level":"error","level":"info"}'
	log_text
	[ "$(each .event)" = output ]
	[ "$(each .msg)" = "$text" ]
}

@test "what a program says before it has a log is an error of that stage" {
	text=$'nr-push: cannot open \'x\'\n  /title: expected a string\nother'
	log_text -l error
	[ "$(each .stage)" = $'nr-push\nnr-push' ]
	[ "$(each .msg)" = $'cannot open \'x\'\n  /title: expected a string' ]
}

@test "lines below the level are dropped" {
	text=$'{"level":"debug","msg":"d"}\n{"level":"warning","msg":"w"}\nplain'
	log_text -l warn
	[ "$(each .msg)" = w ]
}

@test "any bytes become valid JSON" {
	head -c 100000 /dev/urandom >noise
	stage nr-log <noise
	[ "$status" -eq 0 ]
	jq -es 'map(type) | unique == ["object"]' <<<"$output"
}

@test "bytes that are not UTF-8, and NUL, become the replacement character" {
	printf 'a\377b\0c\n' >line
	stage nr-log <line
	[ "$(each .msg)" = $'a\ufffdb\ufffdc' ]
}

@test "a very long line is cut, and says so" {
	head -c 1000000 /dev/zero | tr '\0' x >line
	stage nr-log <line
	[ "$(each '.msg | length')" -lt 66000 ]
	[[ $(each .msg) == *"[... 934464 bytes left out]" ]]
}

@test "a last line without a newline is not lost" {
	stage nr-log < <(printf 'end')
	[ "$(each .msg)" = end ]
}

@test "logfmt quotes what needs it" {
	text='{"ts":"t","level":"info","msg":"two words","a":"b=c","n":1,"o":{"x":[1]}}'
	log_text -f logfmt
	[ "$output" = 'ts=t level=info msg="two words" a="b=c" n=1 o="{\"x\":[1]}"' ]
}

@test "a pretty line is for people" {
	text='{"ts":"2026-01-31T12:00:00.000Z","level":"warn","stage":"nr-push","msg":"retrying"}'
	TZ=UTC log_text -f pretty
	[ "$output" = '12:00:00 push    warning: retrying' ]
}

@test "a message cannot control the terminal" {
	text='{"level":"info","stage":"x\u001b]0;t\u0007","msg":"a\u001b[2Jb\u009bc\rd\u202ee"}'
	log_text -f pretty
	[[ $output == *'a\u001b[2Jb\u009bc\u000dd\u202ee' ]]
	run ! grep -q $'\033' <<<"$output"
	printf '{"msg":"\302\2332J"}' >line
	stage nr-log <line
	[ "$(each '.msg | explode | .[0]')" -eq 155 ]
	run ! grep -q $'\302\233' <<<"$output"
}

@test "colour is for terminals alone" {
	text='{"level":"error","msg":"x"}'
	log_text -f pretty
	run ! grep -q $'\033' <<<"$output"
	stage script -qec "nr-log --no-progress" /dev/null <<<"$text"
	grep -q $'\033\[31m' <<<"$output"
	NO_COLOR=1 stage script -qec "nr-log --no-progress" /dev/null <<<"$text"
	run ! grep -q $'\033' <<<"$output"
}

@test "on a terminal a status line shows the stage and its last output" {
	cat >events <<-'END'
		{"event":"stage_start","stage":"nr-exec","level":"info","msg":"go"}
		{"event":"output","stage":"nr-exec","level":"debug","msg":"compiling\u001b[2J things"}
	END
	printf 'nr-log -l info <events\n' >show
	stage script -qec "stty cols 30; sh show" /dev/null </dev/null
	[[ $output == *$'\rexec 0s  compiling\\u001b[2J t\033[K'* ]]
	[[ $output == *$'\r\033[K' ]]
}

@test "the status line fits wide characters" {
	cat >events <<-'END'
		{"event":"stage_start","stage":"nr-exec","level":"debug"}
		{"event":"output","level":"debug","msg":"日本語日本語日本語日本語"}
	END
	printf 'nr-log -l info <events\n' >show
	stage script -qec "stty cols 20; sh show" /dev/null </dev/null
	[[ $output == *$'\rexec 0s  日本語日本\033[K'* ]]
}

@test "with -o the events go to a file of the owner alone as well" {
	text=$'one\ntwo'
	log_text -o log
	log_text -o log -f pretty
	[[ $output == *two ]]
	[ "$(jq -r .msg log)" = $'one\ntwo\none\ntwo' ]
	[ "$(stat -c %a log)" = 600 ]
}

@test "a reader that sleeps does not delay the file" {
	seq 200000 >lines
	unread nr-log -o log <lines
	[ "$(grep -c '"event":"output"' log)" -eq 200000 ]
	[ "$(tail -n 1 log | jq -r .event)" = lines_not_delivered ]
	[ "$(tail -n 1 log | jq .lines)" -gt 1000 ]
}

@test "a reader that is gone does not end the file" {
	seq 100000 >lines
	nr-log -o log <lines | true
	[ "$(grep -c '"event":"output"' log)" -eq 100000 ]
}

@test "closed standard output and standard error are no harm" {
	nr-log -o log <<<one >&- 2>&-
	[ "$(jq -r .msg <<<"$(head -n 1 log)")" = one ]
}

@test "a full disk is told once, and the rest goes on" {
	seq 1000 >lines
	stage nr-log -o /dev/full -f pretty <lines
	[ "$status" -eq 74 ]
	[ "$(grep -c . <<<"$output")" -eq 1000 ]
	[ "$stderr" = "nr-log: cannot write /dev/full: No space left on device" ]
}

@test "a file that cannot be opened is told, and the rest goes on" {
	stage nr-log -o no/such/file <<<one
	[ "$status" -eq 74 ]
	[ "$(each .msg)" = one ]
	[[ $stderr == "nr-log: cannot open 'no/such/file': "* ]]
}

@test "a full standard output is an error" {
	run --separate-stderr sh -c 'seq 10 | nr-log >/dev/full'
	[ "$status" -eq 74 ]
	[ "$stderr" = "nr-log: cannot write standard output: No space left on device" ]
}

@test "quiet shows errors alone, and the file has the rest" {
	text=$'{"level":"info","msg":"i"}\n{"level":"error","msg":"e"}'
	log_text -q -o log
	[ "$(each .msg)" = e ]
	[ "$(grep -c . log)" -eq 2 ]
}

@test "a line can end the log while the input stays open" {
	mkfifo open
	exec 7<>open
	printf 'one\npartEND\ntwo\n' >&7
	stage timeout 20 nr-log --until END <open
	[ "$status" -eq 0 ]
	[ "$(each .msg)" = $'one\npart' ]
}

@test "a line can ask whether the file has everything before it" {
	mkfifo open
	exec 7<>open
	nr-log -o log --sync SYNC <open 3>answer >/dev/null 7>&- &
	printf 'one\nSYNC\n' >&7
	local n=0
	until [ -s answer ]; do
		sleep 0.02
		n=$((n + 1))
		[ "$n" -lt 400 ]
	done
	[ "$(jq -r .msg log)" = one ]
	exec 7>&-
	wait $!
	[ "$(jq -r .msg log)" = one ]
}

@test "the fifo that it reads can be removed" {
	mkfifo fifo
	echo one >fifo &
	stage nr-log --unlink fifo <fifo
	[ "$(each .msg)" = one ]
	[ ! -e fifo ]
}

@test "wrong options are refused" {
	for options in '-l loud' '-f xml' '--field x' 'file' '--no-such'; do
		# shellcheck disable=SC2086
		stage nr-log $options </dev/null
		[ "$status" -eq 64 ]
		[ -z "$output" ]
		[[ $stderr == nr-log:* ]]
	done
}

@test "--help and --version answer on standard output" {
	stage nr-log --help
	[ "$status" -eq 0 ]
	[[ $output == usage:* ]]
	stage nr-log --version
	[ "$output" = "nr-log $(cat "$ROOT/VERSION")" ]
}
