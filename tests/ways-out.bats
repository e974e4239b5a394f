load helper
load servers

# A secret is planted wherever something goes out, and looked for in all that
# a run leaves behind: documents, logs, prompts, diffs, artifacts, commits,
# messages. It is looked for as it is and as it is encoded.
prepare_test() {
	export RUNNER_SANDBOX=off # agents leave notes outside
	make_slot
	SECRET='pla"nted/42+secret'
	export MY_TOKEN=$SECRET GIT_TOKEN=git-token-of-the-tests
	export RUNNER_PASS_ENV=MY_TOKEN
	export ARTIFACT_STORE_URL=file://$PWD/store RUNNER_ID=r1
	export RUNNER_LOG_LEVEL=debug RUNNER_IMPLEMENTATION_ATTEMPTS=1
	cat >agent.sh <<-'END'
	#!/bin/sh
	cat >/dev/null
	echo "to standard output: $MY_TOKEN"
	echo "to standard error: $MY_TOKEN" >&2
	printf %s "user:$MY_TOKEN" | base64 -w0
	printf '\n%s\n' "$MY_TOKEN" | sed 's/"/\\"/'
	printf %s "$MY_TOKEN" | xxd -p
	echo Hello >greeting.txt
	END
	chmod +x agent.sh
	export RUNNER_AGENT_COMMAND=$PWD/agent.sh
	task >task.json
}

whole_run() {
	run --separate-stderr timeout 60 nr-run "$@"
	printf '%s\n' "$output" >seen.output
	printf '%s\n' "$stderr" >seen.errors
	git -C remote.git log --all --format='%B%an%ae%d' >seen.commits
	git -C remote.git log --all -p >seen.patches
}

# Every form of it, and what each alignment of base64 has of it.
forms() {
	printf '%s\n' "$SECRET" 'pla\"nted/42+secret' 'pla\"nted\/42+secret' \
		'pla\\\"nted/42+secret' 'pla%22nted%2F42%2Bsecret' \
		"$(printf %s "$SECRET" | xxd -p)" nted/42 "$GIT_TOKEN"
	for before in '' a ab; do
		printf '%s%s' "$before" "$SECRET" | base64 -w0 | cut -c5-20
	done
}

# The documents pass on what the caller wrote in the task as it came; what
# stages added to them is looked at without that.
own_sections() {
	for file in "$XDG_STATE_HOME"/necrocode/runs/r1/*.json seen.output; do
		jq -c 'del(.title, .description, .metadata, .acceptance_criteria)' \
			<"$file" >sections
		mv sections "$file"
	done
}

# It is nowhere but in the task and in the workspace.
nothing_shown() {
	forms >forms
	run grep -rFl --exclude-dir=slot --exclude-dir=remote.git \
		--exclude=task.json --exclude=forms --exclude=agent.sh \
		-f forms .
	[ -z "$output" ] || { echo "$output"; return 1; }
	run grep -rFq -- '***' "$XDG_STATE_HOME" seen.output
	[ "$status" -eq 0 ]
}

@test "a secret in a task, and what agent and tests print, goes nowhere" {
	task '.title = "Say " + env.MY_TOKEN
		| .description = "with " + env.MY_TOKEN + " and " + (env.MY_TOKEN | @base64)
		| .metadata = {note: env.MY_TOKEN}
		| .acceptance_criteria = [env.MY_TOKEN]
		| .test_commands = ["cat greeting.txt; echo $MY_TOKEN; echo $MY_TOKEN >&2"]' >task.json
	whole_run task.json
	[ "$status" -eq 0 ]
	own_sections
	nothing_shown
	[ "$(grep -c 'Say \*\*\*' seen.commits)" -eq 1 ]
}

@test "a secret in what failed tests print goes nowhere" {
	task '.test_commands = ["echo $MY_TOKEN; echo $MY_TOKEN >&2; false"]' >task.json
	whole_run task.json
	[ "$status" -eq 82 ]
	nothing_shown
}

@test "a secret in what an agent that failed says goes nowhere" {
	echo 'exit 3' >>agent.sh
	whole_run task.json
	[ "$status" -eq 81 ]
	nothing_shown
}

@test "a secret that an agent writes to a file is pushed and stored nowhere" {
	# shellcheck disable=SC2016
	echo 'echo "key = $MY_TOKEN" >settings.txt' >>agent.sh
	whole_run task.json
	[ "$status" -eq 77 ]
	nothing_shown
	grep -rq '^+key = \*\*\*' store
}

@test "a secret in a command, a path and an address is in no message" {
	# shellcheck disable=SC2016
	echo 'mkdir -p "dir/$MY_TOKEN"; echo x >"dir/$MY_TOKEN/file"' >>agent.sh
	task '.test_commands = ["ls dir/*"]' >task.json
	whole_run task.json
	[ "$status" -eq 77 ]
	nothing_shown
	export ARTIFACT_STORE_URL="http://user:$GIT_TOKEN@127.0.0.1:1/x"
	rm -r slot remote.git
	make_slot
	task '.base_branch = "no/" + env.GIT_TOKEN' >task.json
	whole_run task.json
	[ "$status" -ne 0 ]
	nothing_shown
}

@test "a secret on its way to any store, and that store's keys, go nowhere" {
	start_server services
	# shellcheck disable=SC2016
	task '.test_commands = ["echo $MY_TOKEN; echo $MY_TOKEN >&2; false"]' >task.json
	export ARTIFACT_STORE_API_KEY=artifact-store-token-1
	export AWS_ACCESS_KEY_ID=AKIDTESTS0000000 AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMIK7MDENGbPxRfiCYsecret1
	export AWS_SESSION_TOKEN=a-session-token-of-the-tests RUNNER_S3_ENDPOINT=$services_url/files
	for url in "$services_url" "$services_url/files" s3://bucket gs://bucket; do
		export ARTIFACT_STORE_URL=$url RUNNER_ARTIFACT_STORE_TYPE=necrocode
		[ "$url" != "$services_url/files" ] || export RUNNER_ARTIFACT_STORE_TYPE=put
		whole_run task.json
		[ "$status" -eq 82 ]
		[ "$(field '.artifacts | length > 8')" = true ]
		nothing_shown
		run grep -rFl --exclude-dir=slot --exclude-dir=remote.git -e "$ARTIFACT_STORE_API_KEY" \
			-e "$AWS_SECRET_ACCESS_KEY" -e "$AWS_SESSION_TOKEN" .
		[ -z "$output" ] || { echo "$output"; return 1; }
		rm -rf "$XDG_STATE_HOME" slot remote.git
		make_slot
	done
}

@test "a secret that a store says back is in no message" {
	start_server services
	misbehave - . redirect "http://127.0.0.1:1/?token=$GIT_TOKEN"
	export ARTIFACT_STORE_URL=$services_url ARTIFACT_STORE_API_KEY=$GIT_TOKEN
	whole_run task.json
	[ "$status" -eq 0 ]
	[[ $(cat seen.errors) == *"cannot store the diff"* ]]
	rm "$services_dir/faults"
	nothing_shown
}

@test "secrets of every name that the configuration gives are masked in the log" {
	for key in GIT_TOKEN_ENV_VAR LLM_API_KEY_ENV ARTIFACT_STORE_API_KEY_ENV \
		TASK_REGISTRY_API_KEY_ENV PULL_REQUEST_TOKEN_ENV \
		REPO_POOL_API_KEY_ENV; do
		export "RUNNER_$key=PLAIN_$key" "PLAIN_$key=said-of-$key-aloud"
	done
	run --separate-stderr timeout 60 nr-run --to prepare \
		--stage prepare='cat; env | grep ^PLAIN >&2' task.json
	[ "$(grep -c '^PLAIN' <<<"$(nr-config --sh git_token_env_var \
		llm.api_key_env artifact_store_api_key_env \
		task_registry_api_key_env pull_request_token_env \
		repo_pool_api_key_env | sed "s/.*='\{0,1\}//")")" -eq 6 ]
	[ "$(grep -c 'PLAIN_[A-Z_]*=\*\*\*' <<<"$stderr")" -eq 6 ]
	run ! grep -r 'said-of' "$XDG_STATE_HOME"
}
