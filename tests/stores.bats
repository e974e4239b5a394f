# nr-upload and the stores it knows over the network: S3 services that check
# signatures, a WebDAV server, NecroCode's Artifact Store.
load helper
load servers

prepare_test() {
	mkdir -p runs/r1
	run_dir=$PWD/runs/r1
	export RUNNER_RUN_DIR=$PWD/runs RUNNER_NETWORK_RETRY_COUNT=2
	unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_REGION \
		AWS_DEFAULT_REGION AWS_ENDPOINT_URL ARTIFACT_STORE_API_KEY
	export GIT_TOKEN=a-very-secret-token
	echo "+token $GIT_TOKEN" >runs/r1/changes.diff
	echo '{"msg":"a line"}' >runs/r1/run.log
	: >runs/r1/empty.log
	task | jq -c --arg dir "$run_dir" '. + {
		runner: {runner_id: "r1", run_dir: $dir},
		impl_result: {success: true, diff_path: ($dir + "/changes.diff"),
			attempts: [{stdout_path: ($dir + "/agent.stdout.log"),
				stderr_path: ($dir + "/empty.log")}]}}' >document.json
}

# agent_output BYTES: of the agent, which nothing can compress.
agent_output() {
	head -c "$1" /dev/urandom >runs/r1/agent.stdout.log
}

upload() {
	stage timeout 60 nr-upload "$@" <document.json
}

use_s3() {
	start_server "$1"
	export ARTIFACT_STORE_URL=s3://artifacts/a/b RUNNER_S3_ENDPOINT=$s3_url
	export AWS_ACCESS_KEY_ID=$s3_key_id AWS_SECRET_ACCESS_KEY=$s3_key
}

use_services() {
	start_server services
	export ARTIFACT_STORE_URL=$services_url
}

use_files() {
	start_server services
	export ARTIFACT_STORE_URL=$services_url/files RUNNER_ARTIFACT_STORE_TYPE=put
}

# s3_get KEY: as another program would.
s3_get() {
	python3 "$ROOT/tests/tools/s3-get.py" "$s3_url" "$1"
}

types='diff log agent_output document provenance manifest'

# What the document says of each artifact is so: $1 NAME URI prints it.
everything_is_there() {
	local name uri sum
	[ "$status" -eq 0 ]
	[ "$(field '.artifacts | map(.type) | join(" ")')" = "$types" ]
	[ "$(field .error)" = null ]
	valid_document
	while read -r name uri sum; do
		"$1" "$name" "$uri" >stored || return 1
		[ "$(sha256sum <stored | cut -d' ' -f1)" = "$sum" ]
	done < <(field '.artifacts[] | .name + " " + .uri + " " + .sha256')
	"$1" changes.diff "$(field '.artifacts[0].uri')" >stored
	[ "$(cat stored)" = "+token ***" ]
	! grep -rq "$GIT_TOKEN" servers || return 1
}

from_s3() { s3_get "artifacts/${2#s3://artifacts/}"; }
from_url() { curl -sf "$2"; }

@test "s3: s3rver takes our signatures, in every name there may be" {
	use_s3 s3rver
	agent_output 3000000
	jq -c '.spec_name = "a+b=c(d) é~*!&,:@$"' document.json >other.json
	mv other.json document.json
	upload
	everything_is_there from_s3
	[[ $(field '.artifacts[0].uri') == s3://artifacts/a/b/*/1.1/r1/changes.diff ]]
	[ "$(request_count s3rver '.status >= 300')" -eq 0 ]
	[ "$(request_count s3rver '.method == "PUT" and .authorization == "AWS4-HMAC-SHA256"')" -eq 6 ]
}

@test "s3: Swift takes our signatures, and checks what arrives" {
	use_s3 swift
	agent_output 3000000
	upload
	everything_is_there from_s3
	AWS_SECRET_ACCESS_KEY=wrong upload
	[ "$status" -eq 0 ]
	[[ $stderr == *"allows it not (HTTP 403): The request signature"* ]]
}

@test "s3: what is large is sent in parts, masked and compressed" {
	for server in s3rver swift; do
		use_s3 "$server"
		agent_output 12000000
		upload --s3-part-size-mb 5
		everything_is_there from_s3
		[ "$(request_count "$server" '(.path + .query) | test("partNumber=")')" -eq 3 ]
		upload --s3-part-size-mb 5 --artifact-compression gzip
		[ "$status" -eq 0 ]
		s3_get artifacts/a/b/demo/1.1/r1/agent.stdout.log.gz | gzip -dc | cmp - runs/r1/agent.stdout.log
	done
}

@test "s3: the bucket can be named by the host" {
	use_s3 swift
	agent_output 10
	upload --s3-endpoint "http://localhost:${s3_url##*:}" --s3-path-style=no
	everything_is_there from_s3
	[ "$(request_count swift '.host | startswith("artifacts.localhost:")')" -eq 6 ]
}

@test "s3: without a key it is a ConfigError that says which" {
	export ARTIFACT_STORE_URL=s3://artifacts
	upload
	[ "$status" -eq 78 ]
	[[ $(field .error.message) == *"set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"* ]]
}

@test "s3: a bucket that is not there is a warning with the store's own words" {
	use_s3 s3rver
	upload --artifact-store-url s3://nowhere
	[ "$status" -eq 0 ]
	[[ $stderr == *"HTTP 404: The specified bucket does not exist"* ]]
	upload --artifact-store-url s3://nowhere --strict
	[ "$status" -eq 84 ]
}

@test "s3: a part that fails is sent again alone, and an upload that fails is given up" {
	use_services
	export ARTIFACT_STORE_URL=s3://bucket RUNNER_S3_ENDPOINT=$services_url/files
	export AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=yyyyyyyyyyyy
	agent_output 12000000
	misbehave 1 partNumber=2 reset-upload 1000000
	upload --s3-part-size-mb 5
	[ "$status" -eq 0 ]
	[ "$(field '.artifacts | length')" = 6 ]
	[ "$(request_count services '.path | test("partNumber=1")')" -eq 1 ]
	[ "$(request_count services '.path | test("partNumber=2")')" -eq 2 ]
	misbehave - partNumber=2 status 400
	upload --s3-part-size-mb 5
	[ "$(field '.artifacts | length')" = 5 ]
	[ "$(service_notes files 'select(.kind == "abort") | .name')" = '"bucket/demo/1.1/r1/agent.stdout.log"' ]
	[ "$(cat runs/r1/upload.pending)" = agent.stdout.log ]
}

@test "gs: a token, or keys, and the same protocol" {
	use_services
	export ARTIFACT_STORE_URL=gs://bucket/x RUNNER_S3_ENDPOINT=$services_url/files
	ARTIFACT_STORE_API_KEY=ya29-token upload
	[ "$status" -eq 0 ]
	[ "$(field '.artifacts[0].uri')" = gs://bucket/x/demo/1.1/r1/changes.diff ]
	[ "$(request_count services '.authorization == "Bearer"')" -eq 5 ]
	[ "$(request_count services '.headers["content-md5"] != null')" -eq 5 ]
	AWS_ACCESS_KEY_ID=GOOG1 AWS_SECRET_ACCESS_KEY=keykeykey upload
	[ "$(request_count services '.authorization == "AWS4-HMAC-SHA256"')" -eq 5 ]
}

@test "put: a WebDAV server gets the files, and the directories they need" {
	secret_file users 'me:webdav-password-7'
	start_server webdav --users users
	export ARTIFACT_STORE_URL=$webdav_url/store RUNNER_ARTIFACT_STORE_TYPE=put
	export RUNNER_ARTIFACT_STORE_USER=me ARTIFACT_STORE_API_KEY=webdav-password-7
	mkdir "$server_dir/files/store"
	agent_output 3000000
	upload --artifact-parallel 1
	everything_is_there from_webdav
	[ "$(field '.artifacts[0].uri')" = "$webdav_url/store/demo/1.1/r1/changes.diff" ]
	rm -r "$server_dir"/files/store/*
	upload --mask-secrets=no
	cmp "$server_dir/files/store/demo/1.1/r1/agent.stdout.log" runs/r1/agent.stdout.log
	run ! grep -r webdav-password-7 runs "$server_dir" "$HOME"
	[[ $output$stderr != *webdav-password-7* ]]
}
from_webdav() { curl -sf -u me:webdav-password-7 "$2"; }

@test "put: a token is sent as one, and a checksum for Artifactory" {
	use_files
	agent_output 3000000
	ARTIFACT_STORE_API_KEY=artifactory-token upload
	everything_is_there from_url
	[ "$(request_count services '.method == "PUT" and .authorization == "Bearer"')" -eq 6 ]
	[ "$(server_requests services 'select(.path | endswith("changes.diff")) | .headers["x-checksum-sha256"]' | head -n 1)" = "\"$(field '.artifacts[0].sha256')\"" ]
}

@test "put: a store that kept half of a file is told to take it again" {
	use_files
	misbehave 1 changes.diff forget
	upload
	[ "$status" -eq 0 ]
	[[ $stderr == *"the store has 5 bytes of 11"* ]]
	[ "$(curl -sf "$(field '.artifacts[0].uri')")" = "+token ***" ]
}

@test "rest: the Artifact Store gets type, metadata and file, and names the place" {
	use_services
	agent_output 3000000
	ARTIFACT_STORE_API_KEY=store-token-12 upload
	everything_is_there from_url
	[ -z "$(service_notes problems)" ]
	[ "$(service_notes artifacts .type | sort | uniq -c | tr -s ' \n' ' ')" = ' 1 "diff" 5 "log" ' ]
	service_notes artifacts 'select(.metadata.name == "run.log")' | jq -e --arg sum "$(field '.artifacts[1].sha256')" '
		.metadata == {task_id: "1.1", spec_name: "demo", runner_id: "r1", name: "run.log",
			artifact_type: "log", content_type: "application/x-ndjson", size_bytes: 17, sha256: $sum}
		and .sha256 == $sum and .file_name == "run.log" and .content_type == "application/x-ndjson"'
	[ "$(request_count services '.method == "POST" and .authorization == "Bearer"')" -eq 6 ]
	run ! grep -rq store-token-12 servers runs
}

@test "rest: an answer that is none is a warning that says what to look at" {
	use_services
	for mode in html no-json wrong empty huge; do
		misbehave - /artifacts "$mode"
		upload --network-retry-count 0
		[ "$status" -eq 0 ]
		[ "$(field '.artifacts | length')" = 0 ]
		[ "$(wc -l <runs/r1/upload.pending)" -eq 3 ]
		behave
	done
	stage nr-upload --pending
	[ "$(field '[.stored, (.unsent | length)] | join(" ")')" = "5 0" ]
}

@test "every store is tried again where that may help, and only there" {
	for store in services files; do
		"use_$store"
		misbehave 1 changes.diff reset-upload 3
		misbehave 1 artifacts status 503
		misbehave 1 run.log lost-reply
		misbehave 1 document.json status 502
		upload
		[ "$status" -eq 0 ]
		[ "$(field '.artifacts | length')" = 5 ]
		behave
		misbehave - . status 413
		n=$(request_count services)
		upload --artifact-parallel 1
		[[ $stderr == *"HTTP 413"* ]]
		[ "$(field '.artifacts | length')" = 0 ]
		[ $(($(request_count services) - n)) -eq 3 ]
	done
}

@test "a store that is away costs the retries of one file, not of every file" {
	use_files
	misbehave - . status 503
	upload --artifact-parallel 1
	[ "$(request_count services)" -eq 5 ]
	[ "$(wc -l <runs/r1/upload.pending)" -eq 3 ]
}

@test "a store that says nothing does not outlive the deadline" {
	use_files
	misbehave - . silent
	jq -c '.timeout_seconds = 2' document.json >short.json
	mv short.json document.json
	upload
	[ "$status" -eq 0 ]
	[ "$(field '.artifacts | length')" = 0 ]
	[[ $stderr == *"the time for it is used up"* ]]
}

@test "a key is refused, and goes to no other server" {
	secret_file key the-right-token
	start_server services --key-file key
	export ARTIFACT_STORE_URL=$services_url
	ARTIFACT_STORE_API_KEY=a-wrong-token upload
	[[ $stderr == *"refused the credentials"* ]]
	ARTIFACT_STORE_API_KEY=the-right-token upload
	[ "$(field '.artifacts | length')" = 5 ]
	start_server services
	mkdir -p "$services_dir"
	local elsewhere=$services_url dir=$services_dir
	start_server services
	misbehave - . redirect "$elsewhere" 307
	for type in necrocode put; do
		ARTIFACT_STORE_API_KEY=the-right-token upload --artifact-store-url "$services_url/files" --artifact-store-type "$type"
		[[ $stderr == *"it is not here but at '$elsewhere/files/"* ]]
	done
	[ ! -s "$dir/requests.jsonl" ]
}

@test "a store over TLS must be one we trust" {
	start_server services --tls
	export ARTIFACT_STORE_URL=$services_url
	upload
	[[ $stderr == *"certificate is not trusted"* ]]
	SSL_CERT_FILE=$ca_file upload
	[ "$(field '.artifacts | length')" = 5 ]
}

@test "several files are on their way at once" {
	use_files
	for n in 1 2 3 4 5 6; do
		head -c 100000 /dev/urandom >"runs/r1/attempt-$n.log"
	done
	jq -c --arg dir "$run_dir" '.impl_result.attempts = [range(1; 7) | {stdout_path: "\($dir)/attempt-\(.).log"}]' document.json >many.json
	mv many.json document.json
	upload --artifact-parallel 3
	[ "$(field '.artifacts[2:8] | map(.name) | join(" ")')" = "attempt-1.log attempt-2.log attempt-3.log attempt-4.log attempt-5.log attempt-6.log" ]
	for n in 1 2 3 4 5 6; do
		curl -sf "$services_url/files/demo/1.1/r1/attempt-$n.log" | cmp - "runs/r1/attempt-$n.log"
	done
}

@test "memory does not depend on the size" {
	use_files
	head -c 60000000 /dev/zero >runs/r1/agent.stdout.log
	for option in --mask-secrets=yes --mask-secrets=no --artifact-compression=gzip --artifact-compression=zstd; do
		/usr/bin/python3 -c 'import os, resource, sys
code = os.spawnvp(os.P_WAIT, sys.argv[1], sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)' nr-upload -i document.json "$option" >out 2>errors
		jq -se '.[0].artifacts | length == 6' <(head -n 1 out)
		peak=$(tail -n 1 out)
		echo "$option: $peak KB"
		[ "${NR_SANITIZE-}" ] || [ "$peak" -le 12288 ]
	done
}

# run_job: nr-run on a task whose agent is slow, with $1 to end it.
run_job() {
	make_slot
	export RUNNER_SANDBOX=off RUNNER_GRACE_SECONDS=1 RUNNER_ID=job
	export RUNNER_AGENT_COMMAND="echo an agent at work; touch begun; sleep 60"
	task ".timeout_seconds = $1" >task.json
	nr-run -q task.json >result.json 2>errors.log 3>&- &
	job=$!
}

@test "what a run has made is stored also when it times out or is cancelled" {
	use_files
	run_job 6
	code=0
	wait "$job" || code=$?
	[ "$code" -eq 124 ]
	curl -sf "$services_url/files/demo/1.1/job/agent.stdout.log" | grep -q 'an agent at work'
	curl -sf "$services_url/files/demo/1.1/job/run.log" | grep -q TimeoutError
	rm -rf slot remote.git begun
	run_job 60
	while [ ! -e slot/begun ]; do sleep 0.05; done
	kill -TERM "$job"
	code=0
	wait "$job" || code=$?
	[ "$code" -eq 143 ]
	[ "$(jq -r .error.type result.json)" = CancelledError ]
	curl -sf "$services_url/files/demo/1.1/job-2/agent.stdout.log" | grep -q 'an agent at work'
}

@test "Google's token does not go where Amazon's variable leads" {
	start_server services
	https_proxy=http://127.0.0.1:1 AWS_ENDPOINT_URL=$services_url \
		RUNNER_NETWORK_RETRY_COUNT=0 ARTIFACT_STORE_API_KEY=ya29.token-of-google \
		upload --artifact-store-url gs://bucket/x
	[ "$(request_count services)" -eq 0 ]
	[ "$(field '.artifacts | length')" -eq 0 ]
}

@test "an S3 service that is no URL is refused" {
	AWS_ENDPOINT_URL=minio:9000 AWS_ACCESS_KEY_ID=a AWS_SECRET_ACCESS_KEY=abcdefgh \
		upload --artifact-store-url s3://bucket/x --s3-path-style=no
	[ "$status" -eq 78 ]
	[[ $(field .error.message) == *"cannot use 'minio:9000'"*AWS_ENDPOINT_URL* ]]
}
