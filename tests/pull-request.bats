# nr-report opens a pull request for what was pushed.
load helper
load servers

prepare_test() {
	mkdir -p runs/r1
	start_server services
	export GIT_TOKEN=very-secret-forge-token RUNNER_NETWORK_RETRY_COUNT=1
	export TASK_REGISTRY_URL=file:///dev/null
}

# What a run has at its end, changed by a jq filter.
ended() {
	task | jq -c --arg dir "$PWD/runs/r1" --arg url "$services_url" '. + {
		repo_url: "\($url)/ada/greeter.git",
		runner: {runner_id: "r1", run_dir: $dir,
			started_at: (now - 90 | todate)},
		test_result: {success: true, test_results: [{
			command: "make check", success: true, exit_code: 0,
			duration_seconds: 1}]},
		push_result: {success: true, pushed: true,
			branch_name: "feature/task-demo-1.1",
			commit_hash: "0123456789012345678901234567890123456789"}}' |
		jq -c "${1:-.}"
}

# report FORGE [FILTER [OPTION...]]
report() {
	local forge=$1
	ended "${2:-.}" >document.json
	shift "$(($# > 1 ? 2 : 1))"
	stage nr-report --pull-request "$forge" "$@" <document.json
}

warnings() {
	jq -r 'select(.event == "no_pull_request") | .msg' <<<"$stderr"
}

opened() {
	service_notes pulls "$1"
}

@test "every forge gets a draft, and it is found the next time" {
	for forge in github gitlab gitea; do
		stop_servers
		start_server services
		report "$forge"
		[ "$status" -eq 0 ]
		[ -z "$(warnings)" ]
		[ "$(field '.pull_request | [.url, .number, .created] | tostring')" = \
			"[\"$services_url/ada/greeter/1\",1,true]" ]
		valid_document
		report "$forge"
		[ "$(field .pull_request.created)" = false ]
		[ "$(field .pull_request.number)" -eq 1 ]
		[ "$(opened .branch)" = '"feature/task-demo-1.1"' ]
		[ "$(opened .base)" = '"main"' ]
		[ -z "$(service_notes problems)" ]
	done
	[ "$(opened .title)" = '"WIP: Add a greeting"' ]
}

@test "GitHub's drafts are a member, GitLab's a word of the title" {
	report github
	report gitlab '.branch_name = "other" | .push_result.branch_name = "other"'
	[ "$(opened '[.title, .draft]')" = '["Add a greeting",true]
["Draft: Add a greeting",null]' ]
}

@test "pull_request_draft = no opens one that is ready" {
	report github . --pull-request-draft=no
	[ "$(opened .draft)" = false ]
	report gitlab '.push_result.branch_name = "x"' --pull-request-draft=no
	[ "$(opened .title | tail -n 1)" = '"Add a greeting"' ]
}

@test "it tells the task, its criteria and its tests, and nothing of this machine" {
	report github
	text=$(opened .text | jq -r .)
	[[ $text == *"Say hello."*"- [ ] greets"*"passed: make check"*"Task 1.1 of demo, run r1"* ]]
	[[ $text != *"$PWD"* ]]
}

@test "secrets are masked in it, and the token is told nowhere" {
	secret_file key very-secret-forge-token
	stop_servers
	start_server services --key-file "$PWD/key"
	MY_TOKEN=sesame-open-sesame report github \
		'.description = "use sesame-open-sesame" | .title = "b sesame-open-sesame"'
	[ "$(opened .title)" = '"b ***"' ]
	[[ $(opened .text) == *'use ***'* ]]
	run ! grep -rE 'sesame-open|very-secret' runs "$HOME" "$services_dir"
	[[ $output$stderr != *very-secret* ]]
}

@test "a long description is cut where no secret is, and the rest stays" {
	long=$(printf '%059980d' 0)
	report github ".description = \"$long very-secret-forge-token\""
	text=$(opened .text | jq -r .)
	[[ $text != *very* ]]
	[[ $text == *"passed: make check"*"Task 1.1 of demo, run r1"* ]]
	[ "${#text}" -le 60002 ]
}

@test "a long title has room for what says that it is a draft" {
	report gitlab ".title = \"$(printf '%0300d' 0)\""
	title=$(opened .title | jq -r .)
	[ "${#title}" -gt 200 ]
	[ "${#title}" -le 255 ]
}

@test "the summary and the registry know it" {
	report github . --format markdown --save saved.json
	[[ $output == *"- **request**: $services_url/ada/greeter/1"* ]]
}

@test "nothing is opened for a task that failed, or pushed nothing" {
	report github '.error = {type: "PushError"}'
	report github '.push_result.pushed = false'
	report github 'del(.push_result.branch_name)'
	[ "$status" -eq 0 ]
	report none
	[ "$(request_count services)" -eq 0 ]
}

@test "one whose answer was lost is found" {
	misbehave 1 'POST\s/api/v3' lost-reply
	report github
	[ -z "$(warnings)" ]
	[ "$(field .pull_request.created)" = false ]
	[ "$(opened .number)" = 1 ]
}

@test "a stranger's request, from a fork's branch of the same name, is not taken for it" {
	for forge in gitlab gitea; do
		stop_servers
		start_server services
		report "$forge" ".repo_url = \"$services_url/forked/greeter\""
		[ "$(field '.pull_request | [.number, .created] | tostring')" = '[1,true]' ]
		report "$forge" ".repo_url = \"$services_url/forked/greeter\""
		[ "$(field '.pull_request | [.number, .created] | tostring')" = '[1,false]' ]
		[ -z "$(service_notes problems)" ]
	done
}

@test "an answer whose URL is no link, or whose number is none, is no pull request" {
	for project in odd/url odd/number; do
		report github ".repo_url = \"$services_url/$project\""
		[ "$status" -eq 0 ]
		[[ $(warnings) == *"without a usable 'html_url' and 'number'"* ]]
		[ "$(field .pull_request)" = null ]
	done
}

@test "what the forge declines is a warning with its words" {
	misbehave - 'POST\s/api/v3' status 422
	report github
	[ "$status" -eq 0 ]
	[[ $(warnings) == *"HTTP 422: told to answer 422"* ]]
	[ "$(field .pull_request)" = null ]
	misbehave - 'GET\s/api/v4' html
	report gitlab
	[[ $(warnings) == *"cannot open a pull request"* ]]
}

@test "without a token it says where one is looked for" {
	unset GIT_TOKEN
	report github . --pull-request-token-env FORGE_TOKEN
	[[ $(warnings) == *"set FORGE_TOKEN, or FORGE_TOKEN_FILE"* ]]
	[ "$(request_count services)" -eq 0 ]
	FORGE_TOKEN=abcdefgh report github . --pull-request-token-env FORGE_TOKEN
	[ "$(field .pull_request.number)" -eq 1 ]
}

@test "a server that only the slot names, by ssh, gets no token" {
	report github 'del(.repo_url) | .workspace = {path: "/x",
		remote_url: "git@evil.example.org:ada/greeter.git"}'
	[[ $(warnings) == *"only the slot's configuration names it"* ]]
	report github 'del(.repo_url) | .workspace = {path: "/x",
		remote_url: "https.evil.invalid:ada/greeter.git"}'
	[[ $(warnings) == *"only the slot's configuration names it"* ]]
	report github 'del(.repo_url) | .workspace = {path: "/x",
		remote_url: "git@example.org:ada/greeter.git"}' \
		--pull-request-api-url "$services_url/api/v3"
	[ "$(opened .project)" = '"ada/greeter"' ]
}

@test "a server that an agent of an earlier task put into the slot gets no token" {
	make_slot
	unset GIT_TOKEN
	export FORGE_TOKEN=very-secret-forge-token
	for url in "$services_url/ada/greeter" http://localhost:1/ada/greeter \
		"$services_url/ada/other"; do
		report github "del(.repo_url) | .workspace = {path: \"$PWD/slot\",
			remote_url: \"$url\"}" --pull-request-token-env FORGE_TOKEN
		jq -n --argjson got "$(field '.pull_request.number')" --arg why "$(warnings)" \
			'"\($got) \($why)"' >>told
	done
	grep -qx '"1 "' told
	grep -q '"null .*was on another server before' told
	grep -qx '"2 "' told
}

@test "a host that is not among git_token_hosts gets no token" {
	report github . --git-token-hosts example.org
	[[ $(warnings) == *"not among git_token_hosts"* ]]
	[ "$(request_count services)" -eq 0 ]
	report github . --git-token-hosts 127.0.0.1
	[ "$(field .pull_request.number)" -eq 1 ]
}

@test "a path is no repository of a forge" {
	report gitea '.repo_url = "/srv/greeter"'
	[[ $(warnings) == *"OWNER/REPOSITORY"* ]]
	report gitea '.repo_url = "https://example.org/greeter"'
	[[ $(warnings) == *"OWNER/REPOSITORY"* ]]
}

@test "GitHub is known however its URL is written" {
	# Nothing listens there: the message tells who was to be asked.
	export https_proxy=http://127.0.0.1:1
	for url in https://GitHub.com/ada/greeter HTTPS://github.com:443/ada/greeter \
		git@GitHub.com:ada/greeter.git; do
		report github ".repo_url = \"$url\"" --network-retry-count 0
		[[ $(warnings) == *"the forge at 'https://api.github.com'"* ]]
	done
}

@test "GitLab's groups are part of the project" {
	report gitlab ".repo_url = \"$services_url/a/b/c.git/\""
	[ "$(opened .project)" = '"a/b/c"' ]
}

@test "a dry run opens nothing" {
	report github . --dry-run
	[[ $output == *"would open a pull request"* ]]
	[ "$(request_count services)" -eq 0 ]
}
