# The HTTP layer, as the programs use it, against a server that keeps to the
# contract or breaks it on order.
load helper
load servers

prepare_test() {
	start_server services
	export RUNNER_NETWORK_RETRY_COUNT=2
}

# ask METHOD SEGMENT...: of the server; $output is "STATUS ANSWER".
ask() {
	local method=$1
	shift
	run --separate-stderr "${NR_TESTS:-$ROOT/build/tests}/http" "$method" "${base:-$services_url}" "$@"
}

# The members of the last http_request event.
event() {
	jq -r "select(.event == \"http_request\") | $1" <<<"$stderr" | tail -n 1
}

@test "a service is asked in JSON and answers in JSON" {
	BODY='{"status":"done","metadata":{},"updated_at":1}' ask PUT tasks 1.1 status
	[ "$output" = '200 {"ok":true}' ]
	ask GET tasks 1.1
	[[ $output == *'"status":"done"'* ]]
	[ -z "$(service_notes problems)" ]
}

@test "names in a path are encoded" {
	BODY='{"status":"done","metadata":{},"updated_at":1}' ask PUT tasks 'a/b c?d#é' status
	[ "$status" -eq 0 ]
	[ "$(service_notes registry .task_id)" = '"a/b c?d#é"' ]
	base=$services_url/ ask GET tasks ..
	[ "$(server_requests services .path | tail -n 1)" = '"/tasks/%2E%2E"' ]
}

@test "every call is an event with method, host, path, status, attempts and sizes" {
	ask GET health
	[ "$(event '[.method, .host, .path, .status, .attempts, .received_bytes] | join(" ")')" = "GET ${services_url#*//} /health 200 1 21" ]
	[ "$(event '.duration_seconds >= 0')" = true ]
}

@test "what may pass is tried again" {
	misbehave 1 . reset
	misbehave 1 . status 503
	ask GET health
	[ "$status" -eq 0 ]
	[ "$(event .attempts)" = 3 ]
	[ "$(grep -c '"event":"retry"' <<<"$stderr")" -eq 2 ]
}

@test "retries end, and the error is one that a person can use" {
	misbehave - . status 500
	ask GET health
	[ "$status" -eq 69 ]
	[ "$output" = "500 ServiceUnavailableError retryable: the service at '$services_url': the server answered HTTP 500: told to answer 500" ]
	[ "$(request_count services)" -eq 3 ]
}

@test "a pause that the server asks for is kept, unless the deadline comes first" {
	misbehave 1 . status 429 2
	WITHIN=60 ask GET health
	[ "$status" -eq 0 ]
	[[ $stderr == *'"delay_seconds":2'* ]]
	behave
	misbehave 1 . status 429 3000
	WITHIN=5 ask GET health
	[ "$status" -eq 69 ]
	[ "$(event .attempts)" = 1 ]
}

@test "a refusal is not tried again" {
	for code in 400 401 403 404 405 409 413 422 501; do
		behave
		misbehave - . status "$code"
		ask GET health
		[ "$status" -ne 0 ]
		[[ $output != *retryable* ]]
		[ "$(event .attempts)" = 1 ]
	done
}

@test "a POST that may have been done is not sent again" {
	export BODY='{"event_type":"TaskStarted","data":{},"timestamp":1}'
	misbehave 1 POST lost-reply
	ask POST tasks 1 events
	[ "$status" -eq 69 ]
	[ "$(service_notes registry | wc -l)" -eq 1 ]
	behave
	misbehave 1 POST status 503
	ask POST tasks 1 events
	[ "$status" -eq 0 ]
	# Nor by libcurl itself, on a connection that served before.
	behave
	misbehave 1 POST status 503
	misbehave 1 POST lost-reply
	ask POST tasks 2 events
	[ "$status" -eq 69 ]
	[ "$(service_notes registry 'select(.task_id == "2")' | wc -l)" -eq 1 ]
	behave
	misbehave 1 'POST ' status 502
	REPEATABLE=1 ask POST tasks 1 events
	[ "$status" -eq 0 ]
}

@test "an answer that is no JSON, or too long, or none, is told" {
	misbehave 1 . html
	ask GET health
	[[ $output == *"no JSON; is the URL that of the service?" ]]
	misbehave 1 . no-json
	ask GET health
	[ "$status" -eq 69 ]
	misbehave 1 . huge
	ask GET health
	[[ $output == *"longer than 1048576 bytes" ]]
	misbehave 1 . empty
	ask GET health
	[ "$output" = '204 null' ]
}

@test "an answer that breaks off, or stops, is tried again" {
	export RUNNER_NETWORK_TIMEOUT_SECONDS=0.5
	misbehave 1 . close-mid
	misbehave 1 . silent-mid
	ask GET health
	[ "$status" -eq 0 ]
	[ "$(event .attempts)" = 3 ]
}

@test "a key goes where it belongs, and with no redirect" {
	secret_file key sesame-opens
	start_server services --key-file key
	for AUTH in bearer X-Api-Key PRIVATE-TOKEN; do
		export AUTH KEY=sesame-opens
		ask GET health
		[ "$status" -eq 0 ]
		KEY=wrong ask GET health
		[ "$status" -eq 77 ]
	done
	first=$services_url
	start_server services
	elsewhere=$services_url
	services_dir=$BATS_TEST_TMPDIR/servers/services.1
	misbehave - . redirect "$elsewhere"
	base=$first ask GET health
	[ "$status" -eq 69 ]
	[[ $output == *"HTTP 302: it is not here but at '$elsewhere/health'; set the URL to where it is" ]]
	[ "$(request_count services)" -eq 0 ]
	run ! grep -r sesame-opens servers/*/requests.jsonl
}

@test "a key that goes in the clear to another machine is warned of" {
	base=http://127.example.invalid/ KEY=secret-key-of-it WITHIN=1 ask GET health
	[[ $stderr == *key_in_the_clear* ]]
	KEY=secret-key-of-it ask GET health
	[[ $stderr != *key_in_the_clear* ]]
}

@test "TLS is checked, and a private authority is named by SSL_CERT_FILE" {
	start_server services --tls
	ask GET health
	[ "$status" -eq 77 ]
	SSL_CERT_FILE=$ca_file ask GET health
	[ "$output" = '200 {"status":"healthy"}' ]
}

@test "a proxy is gone through" {
	start_server proxy
	export no_proxy='' http_proxy=$proxy_url
	ask GET health
	[ "$status" -eq 0 ]
	[ "$(request_count proxy)" -eq 1 ]
}
