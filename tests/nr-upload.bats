load helper

prepare_test() {
	mkdir -p runs/r1
	run_dir=$PWD/runs/r1
	store=$PWD/store
	export ARTIFACT_STORE_URL=file://$store
	echo 'a diff' >runs/r1/changes.diff
	echo '{"msg":"a line"}' >runs/r1/run.log
	echo 'test output' >runs/r1/test.stdout.log
	: >runs/r1/test.stderr.log
	echo 'agent output' >runs/r1/agent.stdout.log
	echo 'a prompt' >runs/r1/prompt.md
}

# document [FILTER]: what a run that went well hands to nr-upload.
document() {
	task | jq -c --arg dir "$run_dir" '. + {
		runner: {runner_id: "r1", run_dir: $dir},
		impl_result: {success: true, diff_path: ($dir + "/changes.diff"),
			attempts: [{stdout_path: ($dir + "/agent.stdout.log"),
				stderr_path: ($dir + "/agent.stderr.log"),
				prompt_path: ($dir + "/prompt.md")}]},
		test_result: {success: true, test_results: [{
			command: "make", success: true, exit_code: 0,
			stdout_path: ($dir + "/test.stdout.log"),
			stderr_path: ($dir + "/test.stderr.log")}]}}' |
		jq -c "${1:-.}"
}

upload() {
	document "$1" >document.json
	shift
	stage nr-upload "$@" <document.json
}

@test "diff, log, test result and outputs are stored" {
	upload .
	[ "$status" -eq 0 ]
	run ls store/demo/1.1/r1
	[ "${lines[*]}" = "SHA256SUMS agent.stdout.log changes.diff document.json manifest.json prompt.md provenance.intoto.json run.log test-result.json test.stdout.log" ]
	cmp runs/r1/changes.diff store/demo/1.1/r1/changes.diff
	[ "$(jq .success store/demo/1.1/r1/test-result.json)" = true ]
	jq -e '.task_id == "1.1" and .artifacts == null' \
		store/demo/1.1/r1/document.json
}

@test "the document lists what was stored, with size and checksum" {
	upload .
	[ "$(field '.artifacts | map(.type) | join(" ")')" = "diff log test_result test_output prompt agent_output document provenance manifest" ]
	[ "$(field '.artifacts[0].uri')" = "file://$store/demo/1.1/r1/changes.diff" ]
	[ "$(field '.artifacts[0].size_bytes')" = 7 ]
	[ "$(field '.artifacts[0].sha256')" = "$(sha256sum <runs/r1/changes.diff | cut -d' ' -f1)" ]
	[[ $(field '.artifacts[0].created_at') == 20*Z ]]
}

@test "the checksums can be checked" {
	upload .
	cd store/demo/1.1/r1
	run sha256sum --strict -c SHA256SUMS
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 9 ]
}

@test "secrets are masked on the way" {
	export GIT_TOKEN=a-very-secret-token
	echo "+token $GIT_TOKEN" >runs/r1/changes.diff
	upload '.description = env.GIT_TOKEN'
	[ "$(cat store/demo/1.1/r1/changes.diff)" = "+token ***" ]
	[ "$(field '.artifacts[0].size_bytes')" = 11 ]
}

@test "a failed task's artifacts are stored, and its error stays" {
	upload '.error = {type: "TestExecutionError", message: "m"}'
	[ "$status" -eq 0 ]
	[ "$(error_type)" = TestExecutionError ]
	[ -f store/demo/1.1/r1/run.log ]
}

@test "a task that did not get far has what there is stored" {
	rm -r runs/r1/*
	upload 'del(.impl_result, .test_result)'
	[ "$status" -eq 0 ]
	[ "$(field '.artifacts | map(.type) | join(" ")')" = "document provenance manifest" ]
}

@test "storing twice is storing once" {
	upload .
	echo more >>runs/r1/run.log
	stage nr-upload <<<"$output"
	[ "$(field '.artifacts | length')" = 9 ]
	[ "$(field '.artifacts[1].size_bytes')" = "$(stat -c %s runs/r1/run.log)" ]
	cd store/demo/1.1/r1
	sha256sum --strict --quiet -c SHA256SUMS
}

@test "artifacts of others stay in the list" {
	upload '.artifacts = [{type: "video", uri: "https://example.org/v",
		size_bytes: 1, sha256: ("0" * 64), created_at: "2026-01-31T12:00:00Z"}]'
	[ "$(field '.artifacts[0].type')" = video ]
	[ "$(field '.artifacts | length')" = 10 ]
}

@test "any spec name becomes one directory" {
	upload '.spec_name = "../a b/デモ"'
	[ -d "store/_.-a-b-デモ/1.1/r1" ]
	[[ $(field '.artifacts[0].uri') == "file://$store/_.-a-b-%E3%83%87%E3%83%A2/1.1/"* ]]
	upload 'del(.spec_name)'
	[ -d store/_/1.1/r1 ]
}

@test "a symbolic link is not followed" {
	echo private >private
	ln -sf "$PWD/private" runs/r1/agent.stdout.log
	upload .
	[ "$status" -eq 0 ]
	run ! grep -r private store
	[[ $stderr == *"agent.stdout.log' is no file of a run"* ]]
}

@test "a document cannot have other files stored" {
	echo private >private
	upload ".impl_result.diff_path = \"$PWD/private\""
	[ "$status" -eq 0 ]
	run ! grep -r private store/demo/1.1/r1/changes.diff
	upload ".impl_result.diff_path = \"$run_dir/../../private\""
	[ ! -e store/demo/1.1/r1/changes.diff ]
}

@test "a document that names another run directory has nothing beside it stored" {
	mkdir keys
	echo private >keys/id
	upload ".runner.run_dir = \"$PWD/keys/x\" | .impl_result.diff_path = \"$PWD/keys/id\""
	[ "$status" -eq 0 ]
	[[ $stderr == *"is no file of a run"* ]]
	run ! grep -r private store
}

@test "files of a run that this one goes on with are stored" {
	mkdir runs/r2
	NR_RUN_DIR=$PWD/runs/r2 upload .
	cmp runs/r1/changes.diff store/demo/1.1/r2/changes.diff
}

@test "what cannot be stored is a warning, and stays" {
	echo file >store
	upload .
	[ "$status" -eq 0 ]
	[ "$(field .error)" = null ]
	[ "$(field '.artifacts | length')" = 0 ]
	[[ $stderr == *'"level":"warn"'*"it stays in '$run_dir'"* ]]
}

@test "with --strict it is an error" {
	echo file >store
	upload . --strict
	[ "$status" -eq 84 ]
	[ "$(error_type)" = ArtifactUploadError ]
}

@test "a store that is full is told" {
	mkdir full
	mount -t tmpfs -o size=64k tmpfs full 2>/dev/null ||
		{ rmdir full && ln -s /dev/full full; }
	head -c 200000 /dev/urandom >runs/r1/agent.stdout.log
	upload . --strict --artifact-store-url "file://$PWD/full"
	umount full 2>/dev/null || true
	[ "$status" -eq 84 ]
	[ "$(error_type)" = ArtifactUploadError ]
}

@test "no half written file is ever seen under its name" {
	upload .
	run find store -name '*.??????' -newer document.json
	[[ $output != *changes.diff.* ]]
	[ -z "$(find runs/r1 -name 'upload.*')" ]
}

@test "a store that this version does not know is a ConfigError" {
	for url in ftp://host/x file://host/x s3:///x; do
		upload . --artifact-store-url "$url"
		[ "$status" -eq 78 ]
		[ "$(error_type)" = ConfigError ]
		[[ $(field .error.message) == *"artifact_store_url '$url' cannot be used"* ]]
	done
}

@test "a file URL may have escapes" {
	upload . --artifact-store-url "file://localhost$PWD/a%20b"
	[ -d "a b/demo" ]
	[[ $(field '.artifacts[0].uri') == *"/a%20b/demo/"* ]]
}

@test "a dry run says where, and stores nothing" {
	upload . --dry-run
	[ "$status" -eq 0 ]
	[ "$output" = "nr-upload: would store diff, log and results in file://$store/demo/1.1/r1/" ]
	[ ! -e store ]
}

@test "a manifest lists what was stored, with digests" {
	upload .
	manifest=store/demo/1.1/r1/manifest.json
	jq -e '.task_id == "1.1" and .runner_id == "r1"' $manifest
	jq -r '.artifacts[] | .sha256 + "  " + .name' $manifest >sums
	[ "$(wc -l <sums)" -eq 8 ]
	(cd store/demo/1.1/r1 && sha256sum --strict -c ../../../../sums)
	[ "$(jq -c '.artifacts[:8]' <<<"$output")" = "$(jq -c .artifacts $manifest)" ]
}

@test "the provenance of a run is an in-toto statement about its commit and diff" {
	upload '.push_result = {success: true, branch_name: "feature/x", commit_hash: ("a" * 40)}
		| .workspace = {path: "/slot", remote_url: "https://example.org/r.git", base_commit: ("b" * 40)}'
	statement=store/demo/1.1/r1/provenance.intoto.json
	jq -e '._type == "https://in-toto.io/Statement/v1"
		and .predicateType == "https://slsa.dev/provenance/v1"
		and .subject == [
			{name: "changes.diff", digest: {sha256: $sum}},
			{name: "feature/x", digest: {gitCommit: ("a" * 40)}}]
		and .predicate.buildDefinition.externalParameters.task_id == "1.1"
		and .predicate.buildDefinition.resolvedDependencies == [{
			uri: "git+https://example.org/r.git@refs/heads/main",
			digest: {gitCommit: ("b" * 40)}}]
		and .predicate.runDetails.metadata.invocationId == "r1"
		and (.predicate.runDetails.byproducts | map(.name) | index("run.log"))' \
		--arg sum "$(sha256sum <runs/r1/changes.diff | cut -d' ' -f1)" "$statement"
	[ "$(jq -r '.predicate.buildDefinition.buildType | startswith("https://")' "$statement")" = true ]
}

@test "artifacts can be compressed; what tells of them is not" {
	head -c 300000 /dev/zero | tr '\0' x >runs/r1/agent.stdout.log
	upload . --artifact-compression gzip
	cd store/demo/1.1/r1
	gzip -dc agent.stdout.log.gz | cmp - ../../../../runs/r1/agent.stdout.log
	[ "$(stat -c %s agent.stdout.log.gz)" -lt 10000 ]
	[ "$(field '.artifacts[] | select(.name == "changes.diff.gz") | .compression + " " + .content_type')" = "gzip application/gzip" ]
	sha256sum --strict --quiet -c SHA256SUMS
	[ -f manifest.json ]
	cd ../../../..
	upload . --artifact-compression zstd
	zstd -qdc store/demo/1.1/r1/agent.stdout.log.zst | cmp - runs/r1/agent.stdout.log
}

@test "secrets are masked before they are compressed" {
	export GIT_TOKEN=a-very-secret-token
	echo "+token $GIT_TOKEN" >runs/r1/changes.diff
	upload . --artifact-compression gzip
	[ "$(gzip -dc store/demo/1.1/r1/changes.diff.gz)" = "+token ***" ]
}

@test "what was not stored is sent later by --pending" {
	export RUNNER_RUN_DIR=$PWD/runs
	echo file >store
	upload .
	[[ $stderr == *"'nr-upload --pending' sends them later"* ]]
	[ -s runs/r1/upload.pending ]
	stage nr-upload --pending
	[ "$status" -eq 84 ]
	[ "$(field .stored)" = 0 ]
	rm store
	stage nr-upload --pending --dry-run
	[ "$output" = "nr-upload: would store diff, log and results in file://$store/demo/1.1/r1/" ]
	stage nr-upload --pending
	[ "$status" -eq 0 ]
	[ "$(field '[.run, .stored, (.unsent | length)] | join(" ")')" = "r1 9 0" ]
	[ "$(field .uri)" = "file://$store/demo/1.1/r1/" ]
	(cd store/demo/1.1/r1 && sha256sum --strict --quiet -c SHA256SUMS)
	[ ! -e runs/r1/upload.pending ]
	[ ! -e runs/r1/upload.document.json ]
	stage nr-upload --pending
	[ -z "$output" ]
}

@test "--pending sends what is missing, and nothing twice" {
	export RUNNER_RUN_DIR=$PWD/runs
	mkdir -p store/demo/1.1/r1/run.log
	upload .
	[ "$(cat runs/r1/upload.pending)" = run.log ]
	rmdir store/demo/1.1/r1/run.log
	touch -d 2001-01-01 store/demo/1.1/r1/changes.diff
	stage nr-upload --pending
	[ "$(field .stored)" = 3 ]
	[ -s store/demo/1.1/r1/run.log ]
	[ "$(stat -c %y store/demo/1.1/r1/changes.diff | cut -c1-4)" = 2001 ]
	[ "$(jq '.artifacts | length' store/demo/1.1/r1/manifest.json)" -eq 9 ]
	(cd store/demo/1.1/r1 && sha256sum --strict --quiet -c SHA256SUMS)
	[ "$(wc -l <store/demo/1.1/r1/SHA256SUMS)" -eq 9 ]
}

@test "--pending sends a run that was killed before its upload, once" {
	export RUNNER_RUN_DIR=$PWD/runs
	gone=$(sh -c 'setsid sh -c "echo \$\$"')
	document ".runner += {hostname: \"$(uname -n)\", process_group: $gone}" >runs/r1/20-exec.json
	: >runs/r1/30-test.json
	stage nr-upload --pending
	[ "$(field .run)" = r1 ]
	[ -s store/demo/1.1/r1/changes.diff ]
	stage nr-upload --pending
	[ -z "$output" ]
	rm runs/r1/50-upload.json
	document ".runner += {hostname: \"$(uname -n)\", process_group: $(ps -o pgid= $$ | tr -d ' ')}" >runs/r1/20-exec.json
	stage nr-upload --pending
	[ -z "$output" ]
}

@test "a log that grows while it is stored is stored as it was" {
	upload . --log-level debug
	[ "$(field '.artifacts[1].size_bytes')" = "$(stat -c %s store/demo/1.1/r1/run.log)" ]
}

@test "what it does not know it passes on byte for byte" {
	document | sed 's/}$/,"x": 1.10, "big":12345678901234567890}/' >odd.json
	stage nr-upload <odd.json
	[[ $output == *'"x":1.10,"big":12345678901234567890'* ]]
}
