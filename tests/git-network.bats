#!/usr/bin/env bats
# How nr-prepare and nr-push talk to remotes, good and bad ones.
load helper
load servers

token=ghp_0123456789abcdefghijklmnopqrstuvwxyz
branch=feature/task-demo-1.1

prepare_test() {
	make_slot
	export RUNNER_GIT_RETRY_COUNT=0 RUNNER_CONNECT_TIMEOUT_SECONDS=2 \
		RUNNER_NETWORK_TIMEOUT_SECONDS=2
	export RUNNER_ID=r1 no_proxy='' NO_PROXY=''
}

# prepare URL [OPTIONS]: nr-prepare on the slot with that repo_url.
prepare() {
	task ".repo_url = \"$1\"" >task.json
	shift
	stage timeout --foreground 60 nr-prepare "$@" <task.json
}

# push URL [OPTIONS]: nr-push of one more change, made in a prepared slot.
push() {
	if [ ! -e prepared.json ]; then
		task | nr-prepare >prepared.json 2>prepare.log
	fi
	echo "$1 $RANDOM" >>slot/greeting.txt
	jq ".repo_url = \"$1\"" prepared.json >ready.json
	shift
	stage timeout --foreground 60 nr-push "$@" <ready.json
}

pushed() {
	[ "$status" -eq 0 ]
	[ "$(field .push_result.pushed)" = true ]
	[ "$(git -C remote.git rev-parse "$branch")" = \
		"$(git -C slot rev-parse HEAD)" ]
}

# failed CODE PATTERN: with that exit code, and a message that matches.
failed() {
	printf '%s: %s\n' "$status" "$(field .error.message)"
	[ "$status" -eq "$1" ]
	[[ "$(field .error.message)" == *$2* ]]
}

# works URL: a commit of somebody else's comes in, one of ours goes out.
works() {
	git -C slot checkout -q main
	git -C slot branch -qD "$branch" 2>/dev/null || :
	commit_upstream "news$RANDOM.txt" "$1"
	prepare "$1"
	[ "$status" -eq 0 ]
	[ "$(git -C slot rev-parse HEAD)" = \
		"$(git -C remote.git rev-parse main)" ]
	printf '%s\n' "$output" >prepared.json
	push "$1"
	pushed
	git -C remote.git update-ref -d "refs/heads/$branch"
}

# retries: the events of that name.
retries() {
	grep '"event":"retry"' <<<"$stderr"
}

users() {
	secret_file users "${2:-x-access-token}:$1"
}

@test "fetch and push go over a path, file://, git:// and http" {
	works "$PWD/remote.git"
	works "file://$PWD/remote.git"
	start_server git-daemon
	works "$git_url/remote.git"
	start_server git-http
	works "$http_url/remote.git"
	works "$http_url/remote.git/"
}

@test "fetch and push go over https with TLS 1.3, by address and by name" {
	users "$token"
	start_server git-http --tls --tls13 --users users
	export SSL_CERT_FILE=$ca_file GIT_TOKEN=$token
	works "$http_url/remote.git"
	works "https://localhost:${http_url##*:}/remote.git"
	# Nobody is asked twice: the token comes with the first request.
	[ "$(request_count git-http '.authorization == "none"')" -eq 0 ]
}

@test "a certificate that is not trusted is refused, and not tried again" {
	export GIT_TOKEN=$token RUNNER_GIT_RETRY_COUNT=3
	start_server bad-peer --tls good
	prepare "$bad_url/remote.git"
	failed 77 'certificate is not trusted'
	[[ "$(field .error.message)" == *SSL_CERT_FILE* ]]
	push "$bad_url/remote.git"
	failed 77 'certificate is not trusted'
	SSL_CERT_FILE=$ca_file prepare "$bad_url/remote.git"
	[ "$status" -eq 0 ]
	for kind in expired other-host; do
		start_server bad-peer --tls --certificate "$kind" good
		SSL_CERT_FILE=$ca_file prepare "$bad_url/remote.git"
		failed 77 'certificate is not trusted'
		[ "$(request_count bad-peer)" -eq 0 ]
		[[ "$stderr" != *'"event":"retry"'* ]]
	done
}

@test "a large push is sent whole" {
	start_server git-http
	head -c 3000000 /dev/urandom >slot/large
	task | nr-prepare --clean >prepared.json
	head -c 3000000 /dev/urandom >slot/large
	push "$http_url/remote.git"
	pushed
	git -C remote.git fsck --no-dangling
}

@test "the user's name is configured, and so is a bearer" {
	users "$token" bob
	start_server bad-peer --users users good
	GIT_TOKEN=$token prepare "$bad_url/remote.git"
	failed 77 'refused the credentials'
	GIT_TOKEN=$token prepare "$bad_url/remote.git" --git-username bob
	[ "$status" -eq 0 ]
	secret_file bearer "$token"
	start_server git-bearer --token-file bearer
	export GIT_TOKEN=$token RUNNER_GIT_AUTH=bearer
	works "$bearer_url/remote.git"
	RUNNER_GIT_AUTH=basic prepare "$bearer_url/remote.git"
	failed 77 'refused the credentials'
}

@test "a wrong token, or none, is told and not tried again" {
	users "$token"
	export RUNNER_GIT_RETRY_COUNT=3
	start_server bad-peer --users users good
	prepare "$bad_url/remote.git"
	failed 77 'asks for credentials, and there are none'
	GIT_TOKEN=wrong-0123456789 prepare "$bad_url/remote.git"
	failed 77 'refused the credentials'
	GIT_TOKEN=wrong-0123456789 push "$bad_url/remote.git"
	failed 77 'refused the credentials'
	[ "$(request_count bad-peer)" -eq 3 ]
	start_server bad-peer auth-loop
	GIT_TOKEN=$token prepare "$bad_url/remote.git"
	failed 77 'refused the credentials'
}

@test "a missing repository is told and not tried again" {
	export RUNNER_GIT_RETRY_COUNT=3
	start_server git-http
	start_server git-daemon
	for url in "$http_url" "$git_url" "file://$PWD" "$PWD"; do
		prepare "$url/none.git"
		[ "$status" -eq 80 ]
		[[ "$stderr" != *'"event":"retry"'* ]]
	done
	prepare "$http_url/none.git"
	failed 80 'there is no such repository, or none that the credentials may see'
	push "$http_url/none.git"
	failed 83 'there is no such repository'
}

@test "the token does not follow a redirect to another server" {
	export GIT_TOKEN=$token
	start_server bad-peer good
	other=$bad_url other_dir=$server_dir
	start_server bad-peer redirect "$other"
	prepare "$bad_url/remote.git"
	[ "$status" -eq 0 ]
	push "$bad_url/remote.git"
	pushed
	[ "$(request_count "$other_dir" '.authorization != "none"')" -eq 0 ]
	[ "$(request_count "$other_dir" '.method == "POST"')" -ge 1 ]
	[ "$(request_count bad-peer '.authorization == "Basic"')" -ge 2 ]

	users "$token"
	start_server bad-peer --users users good
	other=$bad_url other_dir=$server_dir
	start_server bad-peer redirect "$other"
	prepare "$bad_url/remote.git"
	failed 77 "redirects to '$other/remote.git"
	[ "$(request_count "$other_dir" '.authorization != "none"')" -eq 0 ]
}

@test "no redirect leads from https to http" {
	start_server bad-peer good
	start_server bad-peer --tls redirect "$bad_url"
	SSL_CERT_FILE=$ca_file prepare "$bad_url/remote.git"
	[ "$status" -eq 80 ]
}

@test "the token is only for the hosts that are configured" {
	export GIT_TOKEN=$token
	start_server bad-peer good
	prepare "$bad_url/remote.git" --git-token-hosts git.example.org,127.0.0.1:1
	[ "$status" -eq 0 ]
	[ "$(request_count bad-peer '.authorization != "none"')" -eq 0 ]
	[[ "$stderr" == *token_withheld* ]]
	prepare "$bad_url/remote.git" --git-token-hosts \
		"git.example.org,${bad_url#*//}"
	[ "$(request_count bad-peer '.authorization == "Basic"')" -ge 1 ]
}

@test "the token is not for a URL that only the slot knows after the agent" {
	export GIT_TOKEN=$token
	start_server bad-peer good
	task | nr-prepare >prepared.json
	git -C slot config remote.origin.url "$bad_url/remote.git"
	git -C slot config remote.origin.pushurl "$bad_url/remote.git"
	git -C slot config "url.$bad_url/.insteadOf" "$PWD/"
	git -C slot config http.proxy "$bad_url"
	git -C slot config http.extraHeader 'X-Planted: yes'
	echo one >slot/one
	stage nr-push <prepared.json
	pushed
	[ ! -s "$server_dir/requests.jsonl" ]
	echo two >slot/two
	task >task.json
	stage nr-push <task.json
	pushed
	[ "$(request_count bad-peer)" -ge 1 ]
	[ "$(request_count bad-peer '.authorization != "none"')" -eq 0 ]
	[[ "$stderr" == *token_withheld* ]]
}

@test "nr-prepare says so when it cannot note which server the token was for" {
	export GIT_TOKEN=$token
	start_server bad-peer good
	git -C slot config remote.origin.url "$bad_url/remote.git"
	mkdir -p "$XDG_STATE_HOME/necrocode"
	echo x >"$XDG_STATE_HOME/necrocode/slots"
	stage nr-prepare < <(task)
	[ "$status" -eq 0 ]
	[[ "$stderr" == *remote_not_noted*"$XDG_STATE_HOME/necrocode/slots"* ]]
}

@test "the token is not for a server that an agent of an earlier task put into the slot" {
	export GIT_TOKEN=$token
	start_server bad-peer good
	good=$bad_url good_dir=$server_dir
	start_server bad-peer good
	git -C slot config remote.origin.url "$good/remote.git"
	stage nr-prepare < <(task)
	[ "$status" -eq 0 ]
	[ "$(request_count "$good_dir" '.authorization == "Basic"')" -ge 1 ]
	for setting in remote.origin.url remote.origin.pushurl; do
		git -C slot config remote.origin.url "$good/remote.git"
		git -C slot config "$setting" "$bad_url/remote.git"
		stage nr-prepare < <(task)
		failed 77 "cannot use the token for '$bad_url/remote.git', which only the slot's configuration names"
		[[ "$(field .error.message)" == *"was on another server before ($good)"* ]]
		[ ! -s "$server_dir/requests.jsonl" ]
	done
	git -C slot config --unset remote.origin.pushurl
	# It is right when somebody says so.
	stage nr-prepare --git-token-hosts "${bad_url#*//}" < <(task)
	[ "$status" -eq 0 ]
	stage nr-prepare < <(task ".repo_url = \"$bad_url/remote.git\"")
	[ "$status" -eq 0 ]
	rm "$XDG_STATE_HOME"/necrocode/slots/*.remote
	stage nr-prepare < <(task)
	[ "$status" -eq 0 ]
}

@test "where it cannot be read which server the token was for, no server gets it" {
	export GIT_TOKEN=$token
	start_server bad-peer good
	git -C slot config remote.origin.url "$bad_url/remote.git"
	stage nr-prepare < <(task)
	[ "$status" -eq 0 ]
	for known in "$XDG_STATE_HOME"/necrocode/slots/*.remote; do
		rm "$known"
		mkdir "$known"
	done
	before=$(request_count bad-peer)
	stage nr-prepare < <(task)
	failed 74 "cannot use the token for '$bad_url/remote.git'"
	[ "$(request_count bad-peer)" -eq "$before" ]
}

@test "a slot whose remote was no server gets no token for one" {
	export GIT_TOKEN=$token
	start_server bad-peer good
	nr-prepare < <(task) >/dev/null 2>&1
	git -C slot config remote.origin.url "$bad_url/remote.git"
	stage nr-prepare < <(task)
	failed 77 "cannot use the token for"
	[ ! -s "$server_dir/requests.jsonl" ]
	unset GIT_TOKEN
	stage nr-prepare < <(task)
	[ "$status" -eq 0 ]
}

@test "http and https go through a proxy with credentials" {
	secret_file proxy-users me:proxy-pass-0123
	start_server proxy --users proxy-users
	users "$token"
	start_server bad-peer --users users good
	export GIT_TOKEN=$token http_proxy=http://me:proxy-pass-0123@${proxy_url#*//}
	works "$bad_url/remote.git"
	[ "$(request_count proxy '.method == "POST" and .end_authorization == "Basic"')" -ge 1 ]
	start_server bad-peer --tls --users users good
	export SSL_CERT_FILE=$ca_file https_proxy=$http_proxy
	works "$bad_url/remote.git"
	[ "$(request_count proxy '.method == "CONNECT"')" -ge 1 ]
	[ "$(request_count proxy '.method == "CONNECT" and .end_authorization != "none"')" -eq 0 ]
	https_proxy=$proxy_url prepare "$bad_url/remote.git"
	failed 77 'proxy refused its credentials'
	https_proxy=$proxy_url no_proxy=127.0.0.1 prepare "$bad_url/remote.git"
	[ "$status" -eq 0 ]
}

@test "fetch and push go over ssh, with a key of either kind" {
	start_server sshd --rsa
	export RUNNER_GIT_SSH_KNOWN_HOSTS_FILE=$ssh_known_hosts
	for kind in ed25519 rsa; do
		export RUNNER_GIT_SSH_KEY_FILE=$ssh_dir/id_$kind
		works "$ssh_url/remote.git"
	done
	# Names with blanks and what ssh would expand.
	mkdir 'my %h keys'
	cp "$ssh_dir/id_ed25519" "$ssh_known_hosts" 'my %h keys/'
	prepare "$ssh_url/remote.git" \
		--git-ssh-key-file "$PWD/my %h keys/id_ed25519" \
		--git-ssh-known-hosts-file "$PWD/my %h keys/known_hosts"
	[ "$status" -eq 0 ]
}

@test "an agent of ssh has the key" {
	start_server sshd
	start_server ssh-agent
	export SSH_AUTH_SOCK=$agent_socket
	export RUNNER_GIT_SSH_KNOWN_HOSTS_FILE=$ssh_known_hosts
	ssh-add -q "$ssh_key"
	rm "$ssh_key"
	works "$ssh_url/remote.git"
}

@test "an unknown host, a changed host key and an unknown key are refused" {
	start_server sshd
	export RUNNER_GIT_RETRY_COUNT=3 RUNNER_GIT_SSH_KEY_FILE=$ssh_key
	: >none
	prepare "$ssh_url/remote.git" --git-ssh-known-hosts-file none
	failed 77 "host key of '127.0.0.1' is not known here"
	[ ! -s none ]
	prepare "$ssh_url/remote.git" \
		--git-ssh-known-hosts-file "$ssh_known_hosts.changed"
	failed 77 "host key of '127.0.0.1' has changed"
	ssh-keygen -q -t ed25519 -N '' -f stranger
	prepare "$ssh_url/remote.git" --git-ssh-key-file stranger \
		--git-ssh-known-hosts-file "$ssh_known_hosts"
	failed 77 'Permission denied (publickey'
	prepare "$ssh_url/none.git" --git-ssh-known-hosts-file "$ssh_known_hosts"
	[ "$status" -eq 80 ]
	[[ "$stderr" != *'"event":"retry"'* ]]
}

@test "a host that would be an option is refused" {
	for url in ssh://-oProxyCommand=x/y.git -oProxyCommand=x:y.git \
		git://-x/y.git https://-x/y.git ssh://-lx@host/y.git; do
		prepare "$url"
		failed 80 'cannot use'
	done
}

@test "a peer that is silent, or cannot be connected to, has failed" {
	start_server bad-peer silent
	for url in "$bad_url" "git://${bad_url#*//}" "ssh://me@${bad_url#*//}"; do
		prepare "$url/remote.git" --network-timeout-seconds 0.3 \
			--connect-timeout-seconds 1
		[ "$status" -eq 80 ]
	done
	prepare "git://${bad_url#*//}/x" --network-timeout-seconds 0.3
	failed 80 'no byte came or went for 0.3 s'
	start_server bad-peer no-accept
	for url in "$bad_url" "git://${bad_url#*//}"; do
		prepare "$url/remote.git" --connect-timeout-seconds 0.3
		[ "$status" -eq 80 ]
		# libcurl has several words for it.
		grep -qi 'timed out\|timeout' <<<"$(field .error.message)" || {
			echo "$output"
			return 1
		}
	done
	start_server bad-peer refuse
	for url in "$bad_url" "git://${bad_url#*//}"; do
		prepare "$url/remote.git"
		[ "$status" -eq 80 ]
	done
}

@test "the deadline is above all limits" {
	start_server bad-peer slow 20
	task ".repo_url = \"$bad_url/remote.git\" | .timeout_seconds = 2" >task.json
	stage timeout --foreground 60 nr-prepare --network-timeout-seconds 600 <task.json
	failed 124 'the time for it is used up'
	[ "$(error_type)" = TimeoutError ]
}

@test "SIGTERM ends a fetch over http and git:// that hangs" {
	start_server bad-peer silent
	for url in "$bad_url" "git://${bad_url#*//}"; do
		: >"$server_dir/requests.jsonl"
		task ".repo_url = \"$url/remote.git\"" >task.json
		nr-prepare --network-timeout-seconds 600 <task.json >out.json &
		runner=$!
		for _ in $(seq 200); do
			[ ! -s "$server_dir/requests.jsonl" ] || break
			sleep 0.05
		done
		kill -TERM "$runner"
		code=0
		wait "$runner" || code=$?
		[ "$code" -eq 143 ]
		[ "$(jq -r .error.type out.json)" = CancelledError ]
	done
}

@test "an answer that is silent half way has failed" {
	start_server bad-peer silent-mid
	prepare "$bad_url/remote.git" --network-timeout-seconds 0.3
	[ "$status" -eq 0 ] # nothing new: no pack was needed
	commit_upstream more.txt more
	prepare "$bad_url/remote.git" --network-timeout-seconds 0.3
	failed 80 'no byte came or went for 0.3 s'
	git -C slot fsck --no-dangling
}

@test "a connection that breaks in the middle is made again" {
	export RUNNER_GIT_RETRY_COUNT=1
	for mode in reset-mid close-mid; do
		start_server bad-peer "$mode" --times 1
		commit_upstream "$mode" more
		prepare "$bad_url/remote.git"
		[ "$status" -eq 0 ]
		[ "$(retries | wc -l)" -eq 1 ]
		[ -e "slot/$mode" ]
	done
	git -C slot fsck --no-dangling
}

@test "503 twice is tried again, and tells attempt, delay and reason" {
	start_server bad-peer status 503 --times 2
	prepare "$bad_url/remote.git" --git-retry-count 2
	[ "$status" -eq 0 ]
	[ "$(retries | jq -s -c 'map([.attempt, .delay_seconds > 0.4, (.reason | contains("503"))])')" \
		= '[[2,true,true],[3,true,true]]' ]
	start_server bad-peer status 503
	prepare "$bad_url/remote.git"
	failed 80 'HTTP 503'
	start_server bad-peer status 400
	prepare "$bad_url/remote.git" --git-retry-count 2
	failed 80 'HTTP 400'
	[ "$(request_count bad-peer)" -eq 1 ]
}

@test "429 is tried again after the pause that the server asks for" {
	start_server bad-peer status 429 --retry-after 2 --times 1
	push "$bad_url/remote.git" --git-retry-count 1
	pushed
	[ "$(retries | jq .delay_seconds)" = 2 ]
	[ "$(field .push_result.retry_count)" -eq 1 ]
}

@test "403 is tried again if it names a pause, and else means refused" {
	start_server bad-peer status 403 --retry-after 1 --times 1
	push "$bad_url/remote.git" --git-retry-count 1
	pushed
	[ "$(field .push_result.retry_count)" -eq 1 ]
	start_server bad-peer status 403 --times 1
	push "$bad_url/remote.git" --git-retry-count 1
	failed 77 'HTTP 403'
}

@test "a pause that goes beyond the deadline is not waited for" {
	start_server bad-peer status 429 --retry-after 86400
	prepare "$bad_url/remote.git" --git-retry-count 3
	failed 80 'HTTP 429'
	[[ "$stderr" != *'"event":"retry"'* ]]
}

@test "what is no git repository is told as that" {
	export RUNNER_GIT_RETRY_COUNT=3
	start_server bad-peer html
	prepare "$bad_url/remote.git"
	failed 80 "the answer is no git but 'text/html'"
	start_server bad-peer garbage
	RUNNER_GIT_RETRY_COUNT=0 prepare "$bad_url/remote.git"
	[ "$status" -eq 80 ]
	RUNNER_GIT_RETRY_COUNT=0 prepare "git://${bad_url#*//}/remote.git"
	[ "$status" -eq 80 ]
}

@test "what has no end is not read to the end" {
	for mode in huge-headers huge-body huge-refs; do
		start_server bad-peer "$mode"
		prepare "$bad_url/remote.git"
		[ "$status" -eq 80 ]
	done
	failed 80 'list of references is longer than 32 MiB'
}

@test "a hook that declines is told with its words, over http and ssh" {
	refuse_ref remote.git 'refs/heads/feature/*' 'feature is frozen'
	start_server git-http
	start_server sshd
	export RUNNER_GIT_SSH_KNOWN_HOSTS_FILE=$ssh_known_hosts \
		RUNNER_GIT_SSH_KEY_FILE=$ssh_key RUNNER_GIT_RETRY_COUNT=3
	for url in "$http_url" "$ssh_url"; do
		push "$url/remote.git"
		failed 83 'remote rejected (hook declined)'
		[[ "$(field .error.message)" == *'feature is frozen'* ]]
		[ "$(field .push_result.pushed)" = false ]
		[ "$(field .push_result.retry_count)" -eq 0 ]
	done
}

@test "a branch in the way of the task's is told and not tried again" {
	git -C remote.git update-ref refs/heads/feature refs/heads/main
	push "$PWD/remote.git" --git-retry-count 3
	failed 83 'remote rejected (failed to update ref)'
	[[ "$(field .error.message)" == *"'refs/heads/feature' exists"* ]]
	[ "$(field .push_result.retry_count)" -eq 0 ]
}

@test "a push whose answer gets lost is found done by the next attempt" {
	start_server bad-peer lost-reply --times 1
	push "$bad_url/remote.git" --git-retry-count 1
	pushed
	[ "$(field .push_result.retry_count)" -eq 1 ]
}

@test "a push that breaks, or is not read any further, has failed" {
	task | nr-prepare >prepared.json
	head -c 9000000 /dev/urandom >slot/large
	start_server bad-peer silent-upload 2000
	push "$bad_url/remote.git" --network-timeout-seconds 0.5 \
		--max-diff-bytes 100000000
	failed 83 'no byte came or went for 0.5 s'
	start_server bad-peer reset-upload 2000 --times 1
	push "$bad_url/remote.git" --git-retry-count 1 \
		--max-diff-bytes 100000000
	pushed
}

# What a program that runs beside the runner can see of other processes.
watch_processes() {
	cat >watch <<-END
		for _ in 1 2 3 4 5; do
			cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ \
				>>'$PWD/seen' 2>/dev/null
		done
		env >>'$PWD/seen'
	END
}

@test "after a whole run over https the token is nowhere" {
	# One that no other test on this machine has.
	token=glpat-$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')
	users "$token"
	secret_file token "$token"
	start_server git-http --tls --users users
	git -C slot remote set-url origin "$http_url/remote.git"
	export SSL_CERT_FILE=$ca_file GIT_TOKEN_FILE=$PWD/token
	watch_processes
	watch=". '$PWD/watch'"
	(
		while [ ! -e finished ]; do
			cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ
		done >>seen 2>/dev/null
	) 3>&- &
	watcher=$!
	task ".test_commands = [\"$watch\"]" >task.json
	# Without the sandbox: it would hide much of what is looked for.
	stage nr-run --sandbox off \
		--agent-command "$watch; echo hello >hello.txt" \
		--artifact-store-url "file://$PWD/store" --log-level DEBUG task.json
	touch finished
	wait "$watcher" || true
	printf '%s\n' "$stderr"
	[ "$status" -eq 0 ]
	pushed
	grep -qa nr-exec seen
	printf '%s' "$output" >output
	printf '%s' "$stderr" >log
	# Its half in base64 is the same with and without "x-access-token:".
	encoded=$(printf %s "$token" | base64 -w0)
	for secret in "$token" "${encoded:0:36}"; do
		run ! grep -rlaF -- "$secret" slot remote.git home store seen \
			output log task.json
	done
}
