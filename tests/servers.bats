# The peers of the tests of git, proven with git and curl: when a test of a
# transport fails, it is not for the server.
load helper
load servers

prepare_test() {
	make_slot
	export GIT_TERMINAL_PROMPT=0 no_proxy='' GIT_SSH_COMMAND
}

# can_read URL, can_write URL: of a repository, with git.
can_read() {
	git ls-remote -q "$1" refs/heads/main | grep -q refs/heads/main
}

can_write() {
	git -C slot push -q "$1" HEAD:refs/heads/written 2>/dev/null &&
		remote_has_branch written
}

# More than git sends in one piece.
commit_large() {
	head -c 1500000 /dev/urandom >slot/large
	git -C slot add large
	git -C slot commit -qm large
}

@test "git reads and writes over http, and the log tells the requests" {
	start_server git-http
	can_read "$http_url/remote.git"
	can_write "$http_url/remote.git"
	[ "$(request_count git-http '.method == "POST"')" -eq 2 ]
	[ "$(request_count git-http '.authorization != "none"')" -eq 0 ]
}

@test "git-http lets in who has the token, and logs no secret" {
	secret_file users bob:sesame
	start_server git-http --users users
	run ! can_read "$http_url/remote.git"
	run ! can_read "http://bob:wrong@${http_url#*//}/remote.git"
	can_write "http://bob:sesame@${http_url#*//}/remote.git"
	[ "$(request_count git-http '.status == 401')" -ge 2 ]
	[ "$(request_count git-http '.authorization == "Basic"')" -ge 2 ]
	run ! grep -r "$(printf bob:sesame | base64)" servers
}

@test "git-http speaks TLS with a certificate of the test's own CA" {
	start_server git-http --tls
	run ! can_read "$http_url/remote.git"
	export GIT_SSL_CAINFO=$ca_file
	can_write "$http_url/remote.git"
	can_read "https://localhost:${http_url##*:}/remote.git"
}

@test "git-http can insist on TLS 1.3" {
	start_server git-http --tls --tls13
	run -35 curl -s --cacert "$ca_file" --tls-max 1.2 "$http_url/"
	GIT_SSL_CAINFO=$ca_file can_read "$http_url/remote.git"
}

@test "certificates can be expired, of another host, of another CA" {
	for kind in expired other-host; do
		start_server git-http --tls --certificate "$kind"
		run -60 curl -sv --cacert "$ca_file" "$http_url/"
	done
	start_server bad-peer --tls --ca "$PWD/other" good
	run -60 curl -s --cacert "$ca_file" "$bad_url/"
}

@test "git-bearer takes a bearer token only" {
	secret_file token sesame
	start_server git-bearer --token-file token
	run ! can_read "http://bob:sesame@${bearer_url#*//}/remote.git"
	git config --global http.extraHeader 'Authorization: Bearer sesame'
	can_write "$bearer_url/remote.git"
	[ "$(request_count git-bearer '.authorization == "Bearer"')" -eq 2 ]
}

@test "git goes through the proxy, plain and tunnelled" {
	secret_file users me:proxypass
	start_server proxy --users users
	start_server git-http
	export http_proxy=http://me:proxypass@${proxy_url#*//}
	can_write "$http_url/remote.git"
	start_server git-http --tls
	export https_proxy=$http_proxy GIT_SSL_CAINFO=$ca_file
	can_read "$http_url/remote.git"
	[ "$(request_count proxy '.method == "CONNECT"')" -ge 1 ]
	[ "$(request_count proxy '.method == "POST"')" -ge 1 ]
	https_proxy=$proxy_url run ! can_read "$http_url/remote.git"
}

@test "git reads and writes over ssh, with either key" {
	start_server sshd --rsa
	for kind in ed25519 rsa; do
		GIT_SSH_COMMAND="ssh -F none -oBatchMode=yes \
			-oIdentitiesOnly=yes -i $ssh_dir/id_$kind \
			-oUserKnownHostsFile=$ssh_known_hosts"
		can_read "$ssh_url/remote.git"
	done
	can_write "$ssh_url/remote.git"
}

@test "sshd turns away strangers, and a changed host key is noticed" {
	start_server sshd
	ssh-keygen -q -t ed25519 -N '' -f stranger
	options='-F none -oBatchMode=yes -oIdentitiesOnly=yes'
	known=-oUserKnownHostsFile=$ssh_known_hosts
	GIT_SSH_COMMAND="ssh $options -i stranger $known"
	run ! can_read "$ssh_url/remote.git"
	grep -q 'Connection closed by' "$ssh_dir/sshd.log"
	GIT_SSH_COMMAND="ssh $options -i $ssh_key $known.changed"
	run ! can_read "$ssh_url/remote.git"
	[[ $output == *'HOST IDENTIFICATION HAS CHANGED'* ]]
}

@test "an ssh-agent holds the key" {
	start_server sshd
	start_server ssh-agent
	export SSH_AUTH_SOCK=$agent_socket
	ssh-add -q "$ssh_key"
	rm "$ssh_key"
	GIT_SSH_COMMAND="ssh -F none -oBatchMode=yes \
		-oUserKnownHostsFile=$ssh_known_hosts"
	can_read "$ssh_url/remote.git"
}

@test "git reads and writes over git://" {
	start_server git-daemon
	can_write "$git_url/remote.git"
	can_read "$git_url/remote.git"
}

@test "a server ends with stop_servers, and its port is free" {
	start_server bad-peer good
	start_server git-daemon
	start_server git-http
	stop_servers
	for url in "$bad_url" "$http_url" "http://${git_url#*//}"; do
		run -7 curl -s "$url"
	done
}

@test "a server that cannot start fails at once, and says why" {
	run ! start_server bad-peer unheard-of
	[[ $output == *"no mode 'unheard-of'"* ]]
}

@test "bad-peer: nobody listens" {
	start_server bad-peer refuse
	run -7 curl -s "$bad_url"
}

@test "bad-peer: the connection is never made" {
	start_server bad-peer no-accept
	run -28 curl -sv --connect-timeout 0.4 "$bad_url"
	[[ $output != *Connected* ]]
}

@test "bad-peer: silence, garbage, and a reset" {
	start_server bad-peer silent
	run -28 curl -s -m 0.5 -u bob:sesame "$bad_url/x"
	[ "$(server_requests bad-peer '[.path, .authorization] | join(" ")')" \
		= '"/x Basic"' ]
	start_server bad-peer garbage
	run -1 curl -s "$bad_url"
	start_server bad-peer reset
	run -56 curl -s "$bad_url"
}

@test "bad-peer: 503 twice, then it works" {
	start_server bad-peer status 503 --retry-after 7 --times 2
	run ! can_read "$bad_url/remote.git"
	[[ $output == *503* ]]
	[ "$(curl -sw '%header{retry-after}' -o /dev/null "$bad_url")" = 7 ]
	can_read "$bad_url/remote.git"
	can_write "$bad_url/remote.git"
	[ "$(request_count bad-peer '.method == "GET"')" -ge 4 ]
}

@test "bad-peer: 429 on the request that matches only" {
	start_server bad-peer status 429 --on 'POST .*receive-pack'
	can_read "$bad_url/remote.git"
	run ! can_write "$bad_url/remote.git"
}

@test "bad-peer: a redirect to another host, which logs what came" {
	start_server bad-peer good
	good=$bad_url good_dir=$server_dir
	start_server bad-peer redirect "$good"
	can_read "http://bob:sesame@${bad_url#*//}/remote.git"
	[ "$(request_count "$good_dir" '.method == "GET"')" -eq 1 ]
	[ "$(request_count "$good_dir" '.authorization == "Basic"')" -eq 0 ]
}

@test "bad-peer: 401 whatever one brings, and a page to log in" {
	start_server bad-peer auth-loop
	run ! can_read "http://bob:sesame@${bad_url#*//}/remote.git"
	[ "$(request_count bad-peer '.authorization == "Basic"')" -ge 1 ]
	start_server bad-peer html
	run ! can_read "$bad_url/remote.git"
	curl -s "$bad_url" | grep -q 'Log in'
}

@test "bad-peer: a drip, and no end of headers, body and refs" {
	start_server bad-peer slow 20
	run -28 curl -s -m 0.5 \
		"$bad_url/remote.git/info/refs?service=git-upload-pack"
	start_server bad-peer huge-headers
	run curl -s -m 5 "$bad_url"
	[ "$status" -ne 28 ] # curl takes 300 KiB of headers
	start_server bad-peer huge-body
	curl -s -m 5 "$bad_url" | head -c 9000000 | wc -c | grep -qx 9000000
	start_server bad-peer huge-refs
	run -124 timeout 0.5 git ls-remote "$bad_url/remote.git"
}

@test "bad-peer: the pack ends early, silently, or broken" {
	for mode in reset-mid close-mid corrupt-mid; do
		start_server bad-peer "$mode"
		can_read "$bad_url/remote.git"
		run -128 git clone -q "$bad_url/remote.git" copy
	done
	start_server bad-peer silent-mid
	run -124 timeout 0.7 git clone -q "$bad_url/remote.git" copy
}

@test "bad-peer: an answer is cut once, at a byte of the body" {
	start_server bad-peer close-mid 5 --from body --times 1
	run ! can_read "$bad_url/remote.git"
	can_read "$bad_url/remote.git"
}

@test "bad-peer: a push is done, but the answer gets lost" {
	start_server bad-peer lost-reply
	run ! git -C slot push -q "$bad_url/remote.git" HEAD:refs/heads/written
	remote_has_branch written
}

@test "bad-peer: a push is reset, or not read any further" {
	start_server bad-peer reset-upload 2000
	commit_large
	run -1 git -C slot push -q "$bad_url/remote.git" HEAD:refs/heads/written
	start_server bad-peer silent-upload 2000
	truncate -s 9M nothing
	run -28 curl -s -m 0.5 -H Expect: -w '%{size_upload}\n' \
		--data-binary @nothing "$bad_url/remote.git/git-receive-pack"
	[ "$output" -lt 9000000 ]
	run ! remote_has_branch written
}

@test "bad-peer: being bad to those who are let in" {
	secret_file users bob:sesame
	start_server bad-peer --users users lost-reply --times 1
	run ! can_read "$bad_url/remote.git"
	run ! git -C slot push -q "http://bob:sesame@${bad_url#*//}/remote.git" \
		HEAD:refs/heads/written
	remote_has_branch written
}

@test "a hook refuses one ref of a push, or all of it" {
	start_server git-http
	refuse_ref remote.git 'refs/heads/feature/*' 'feature is frozen'
	run ! git -C slot push "$http_url/remote.git" HEAD:refs/heads/feature/x \
		HEAD:refs/heads/taken
	[[ $output == *'feature is frozen'* ]]
	run ! remote_has_branch feature/x
	remote_has_branch taken
	refuse_push remote.git 'closed on Sundays'
	run ! git -C slot push "$http_url/remote.git" HEAD:refs/heads/y
	[[ $output == *'closed on Sundays'* ]]
	run ! remote_has_branch y
}

@test "services keeps to the contract, and misbehaves on order" {
	start_server services
	[ "$(curl -s "$services_url/health")" = '{"status": "healthy"}' ]
	uri=$(curl -s -F type=log -F metadata={} -F file=@slot/README \
		"$services_url/artifacts" | jq -r .uri)
	[ "$(curl -s "$uri")" = hello ]
	curl -s -H 'Content-Type: application/json' \
		-d "{\"repo_url\":\"$PWD/remote.git\",\"required_by\":\"1\"}" \
		"$services_url/slots/allocate" | jq -e '.slot_id == "slot-1"'
	[ -z "$(service_notes problems)" ]
	curl -s -H 'Content-Type: application/json' -d '{"repo_url":1}' \
		"$services_url/slots/allocate"
	[ "$(service_notes problems | wc -l)" -eq 1 ]
	misbehave 1 /health status 503
	run ! curl -sf "$services_url/health"
	curl -sf "$services_url/health"
}
