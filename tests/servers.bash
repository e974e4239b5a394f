# Loaded after helper by the tests that need a server: `load servers`.
#
# start_server NAME [OPTIONS] starts tests/servers/NAME, which serves the
# repositories in $BATS_TEST_TMPDIR, and sets
#
#	git-http	$http_url $ca_file
#	git-bearer	$bearer_url $ca_file
#	git-daemon	$git_url
#	sshd		$ssh_url $ssh_port $ssh_dir $ssh_key $ssh_known_hosts
#	ssh-agent	$agent_socket
#	proxy		$proxy_url
#	bad-peer	$bad_url $ca_file
#	model		$model_url
#	services	$services_url $services_dir $ca_file
#	webdav		$webdav_url
#	s3rver, swift	$s3_url $s3_key_id $s3_key, a bucket `artifacts`
#
# and for each $server_url and $server_dir. `tests/servers/NAME --help` tells
# its options. A second server of a name takes the variables over: copy them
# before. Servers end with the test, by the teardown below, or when the shell
# that started them is gone: not for `run start_server`.

declare -gA server_pids=() server_dirs=()
server_count=0

teardown() {
	stop_servers
}

start_server() {
	local name=$1 word
	server_dir=$BATS_TEST_TMPDIR/servers/$1.$server_count
	shift
	mkdir -p "$server_dir"
	mkfifo "$server_dir/ready"
	set -- --state "$server_dir" --root "$BATS_TEST_TMPDIR" "$@"
	case $name in
	git-http | git-bearer | bad-peer | services)
		ca_file=$BATS_TEST_TMPDIR/servers/ca/ca.pem
		set -- --ca "${ca_file%/*}" "$@"
		;;
	esac

	# A pipe that is read to its end: no polling, and a server that fails
	# is noticed at once.
	setpriv --pdeathsig TERM "$ROOT/tests/servers/$name" "$@" \
		</dev/null >"$server_dir/ready" 2>"$server_dir/log" 3>&- &
	server_pids[$name.$server_count]=$!
	server_dirs[$name]=$server_dir
	server_count=$((server_count + 1))
	if ! read -r -t 20 word server_url <"$server_dir/ready" ||
		[ "$word" != ready ]; then
		echo "$name did not start:" >&2
		cat "$server_dir/log" >&2
		return 1
	fi
	name_server "$name"
}

# shellcheck disable=SC2034 # for the tests
name_server() {
	case $1 in
	git-http) http_url=$server_url ;;
	git-bearer) bearer_url=$server_url ;;
	git-daemon) git_url=$server_url ;;
	ssh-agent) agent_socket=$server_url ;;
	proxy) proxy_url=$server_url ;;
	bad-peer) bad_url=$server_url ;;
	model) model_url=$server_url ;;
	services)
		services_url=$server_url
		services_dir=$server_dir
		;;
	webdav) webdav_url=$server_url ;;
	s3rver | swift)
		s3_url=$server_url
		s3_key=$(cat "$server_dir/key")
		s3_key_id=test:tester
		[ "$1" = swift ] || s3_key_id=AKIDTESTS0000000
		;;
	sshd)
		ssh_url=$server_url
		ssh_port=${server_url##*@127.0.0.1:}
		ssh_port=${ssh_port%%/*}
		ssh_dir=$server_dir
		ssh_key=$ssh_dir/id_ed25519
		ssh_known_hosts=$ssh_dir/known_hosts
		;;
	esac
}

# stop_servers [NAME]: all of them, or those of that name; they have ended,
# and their logs are complete, when it returns.
stop_servers() {
	local key pid
	for key in "${!server_pids[@]}"; do
		[ "${key%.*}" = "${1:-${key%.*}}" ] || continue
		pid=${server_pids[$key]}
		# Its group, unless it failed before it had one.
		kill -TERM -- "-$pid" 2>/dev/null ||
			kill -TERM "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
		unset "server_pids[$key]"
	done
}

# server_requests NAME|DIR [JQ FILTER]: the requests the latest server of that
# name got, or that with that directory: {time, method, path, authorization,
# ...} where authorization is `Basic`, `Bearer` or `none`. All of git-http,
# which writes late, are ended for it.
server_requests() {
	case $1 in
	git-http | */git-http.*) stop_servers git-http ;;
	esac
	jq -c "${2:-.}" "${server_dirs[$1]:-$1}/requests.jsonl"
}

# request_count NAME|DIR [JQ CONDITION]
request_count() {
	server_requests "$1" "select(${2:-true})" | wc -l
}

# misbehave TIMES REGEX MODE [ARGUMENT...]: from now on, the latest of
# `services`; for the first TIMES requests (-: all) that match, each order for
# itself. \s stands for a space in REGEX.
misbehave() {
	echo "$*" >>"$services_dir/faults"
}

# behave: no more of it.
behave() {
	rm -f "$services_dir/faults"
}

# service_notes NAME [JQ FILTER]: what services keeps: artifacts, registry,
# pool, files, problems.
service_notes() {
	[ ! -e "$services_dir/$1.jsonl" ] || jq -c "${2:-.}" "$services_dir/$1.jsonl"
}

# secret_file FILE LINE: for --users (name:token) and --token-file; not an
# argument of any process.
secret_file() {
	(umask 077 && printf '%s\n' "$2" >"$1")
}

# refuse_ref REPOSITORY [PATTERN [MESSAGE]]: its server declines the refs that
# match the glob, each for itself; others of the same push are taken.
refuse_ref() {
	write_hook "$1" update <<-END
		case \$1 in
		${2:-*})
			echo '${3:-this ref is protected}' >&2
			exit 1
			;;
		esac
	END
}

# refuse_push REPOSITORY [MESSAGE]: its server declines every push as a whole.
refuse_push() {
	write_hook "$1" pre-receive <<-END
		cat >/dev/null
		echo '${2:-pushes are closed}' >&2
		exit 1
	END
}

# write_hook REPOSITORY NAME: a hook in sh, from standard input.
write_hook() {
	mkdir -p "$1/hooks"
	{ echo '#!/bin/sh' && cat; } >"$1/hooks/$2"
	chmod +x "$1/hooks/$2"
}
