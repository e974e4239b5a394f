# Presets of agents, with agents of ours in the place of the real ones, which
# tests/agents has.
load helper

prepare_test() {
	make_slot
	mkdir bin "$XDG_CONFIG_HOME" "$XDG_CONFIG_HOME/necrocode" "$XDG_CONFIG_HOME/necrocode/agents"
	PATH=$PWD/bin:$PATH
}

# program NAME SHELL CODE
program() {
	printf '#!/bin/sh\n%s\n' "$2" >"bin/$1"
	chmod +x "bin/$1"
}

# preset NAME: a person's own, from standard input.
preset() {
	cat >"$XDG_CONFIG_HOME/necrocode/agents/$1.yaml"
}

with() {
	stage nr-exec "$@" < <(task)
}

@test "--agent runs a preset: its arguments, its key, its variables, and the tokens it tells" {
	program codex 'printf "%s\n" "$@" >args; env >env; cat >prompt
echo "{\"type\":\"turn.completed\",\"usage\":{\"input_tokens\":1,\"output_tokens\":1,\"cached_input_tokens\":0}}"
echo "no event"
echo "{\"type\":\"turn.completed\",\"usage\":{\"input_tokens\":1000,\"output_tokens\":50,\"cached_input_tokens\":400}}"'
	export OPENAI_API_KEY=sk-the-key-of-mine
	with --agent codex --llm-model gpt-5-mini --llm-endpoint http://127.0.0.1:9/
	[ "$status" -eq 0 ]
	[ "$(paste -sd' ' slot/args)" = 'exec --json --skip-git-repo-check --dangerously-bypass-approvals-and-sandbox - --model gpt-5-mini -c model_provider=necrocode -c model_providers.necrocode={name="necrocode",base_url="http://127.0.0.1:9/v1",env_key="CODEX_API_KEY",wire_api="responses"}' ]
	grep -q '^# Task 1.1' slot/prompt
	[ "$(grep -c =sk-the-key-of-mine slot/env)" -eq 2 ]
	[ "$(field '.impl_result | [.driver, .llm_model, .tokens_used, .cost_usd] | @csv')" = '"codex","gpt-5-mini",1052,0.00026225' ]
	[ "$(field '.impl_result.usage | [.input_tokens, .output_tokens, .cached_tokens] | @csv')" = 1001,51,400 ]
	[ "$(field '.impl_result.attempts[0].usage.input_tokens')" -eq 1001 ]
	valid_document
	[ "$(jq 'select(.event == "agent_usage") | .output_tokens' <<<"$stderr")" -eq 51 ]
	run ! grep -q sk-the-key <<<"$output$stderr"
}

@test "what has no value is left out of the command and of the environment" {
	program claude 'echo "$@" >args; env >env'
	with --agent claude
	[ "$status" -eq 0 ]
	[ "$(field .impl_result.tokens_used)" = null ]
	[ "$(field .impl_result.cost_usd)" = null ]
	run ! grep -qE 'model|\{' slot/args
	run ! grep -qE 'ANTHROPIC|\{' slot/env
}

@test "a preset of one's own takes a few lines, and wins over one of the toolkit" {
	preset codex <<-'END'
		command: [my-agent, "--for={model}"]
		options:
		- [--at, "{endpoint_root}"]
		- [--nowhere, "{!endpoint}"]
		prompt: argument
		key: [MY_KEY]
		set: {MY_SETTING: "a {brace} and {model}"}
		directories: [~/.my-agent, "{state_home}/my"]
		usage:
		  event: {kind: end}
		  input_tokens: [in, cached]
		  output_tokens: [out]
		  cost_usd: money
	END
	program my-agent 'printf "%s\n" "$@" >args; echo "$MY_KEY $MY_SETTING" >env; touch ~/.my-agent/x "$XDG_STATE_HOME/my/x"
echo "{\"kind\":\"end\",\"in\":7,\"cached\":2,\"out\":1,\"money\":0.5}"'
	export MY_KEY=key-of-my-own
	with --agent codex --llm-model m --llm-endpoint http://127.0.0.1:9/v1
	[ "$status" -eq 0 ]
	[ "$(head -n 4 slot/args | paste -sd' ')" = '--for=m --at http://127.0.0.1:9 # Task 1.1: Add a greeting' ]
	[ "$(cat slot/env)" = 'key-of-my-own a {brace} and m' ]
	[ -e "$HOME/.my-agent/x" ]
	[ -e "$XDG_STATE_HOME/my/x" ]
	[ "$(field '.impl_result | [.tokens_used, .cost_usd] | @csv')" = 10,0.5 ]
}

@test "an agent that says it failed has failed, whatever its exit code" {
	program qwen 'echo half >file; echo "{\"type\":\"result\",\"result\":\"[API Error: no more]\",\"is_error\":false}"'
	with --agent qwen
	[ "$status" -eq 81 ]
	[[ $(field .error.message) == "the agent 'qwen' failed, as it says itself: [API Error: no more]" ]]
	[ "$(field '.impl_result.files_changed[0]')" = file ]
}

@test "an agent that is not installed is told so" {
	PATH=$NR_BIN:/usr/bin:/bin with --agent codex
	[ "$status" -eq 81 ]
	[[ $(field .error.message) == *"check that it is installed" ]]
}

@test "the key may come from llm.api_key_env, a file or the secrets directory" {
	program qwen 'echo "$OPENAI_API_KEY" >key'
	OTHER=key-from-other with --agent qwen --llm-api-key-env OTHER
	[ "$(cat slot/key)" = key-from-other ]
	echo key-from-file >file
	OPENAI_API_KEY_FILE=$PWD/file with --agent qwen
	[ "$(cat slot/key)" = key-from-file ]
	mkdir secrets && echo key-from-secrets >secrets/OPENAI_API_KEY
	RUNNER_SECRETS_DIR=$PWD/secrets with --agent qwen
	[ "$(cat slot/key)" = key-from-secrets ]
}

@test "what was set later counts: agent or agent_command" {
	program qwen 'echo preset >who'
	printf 'agent: qwen\nagent_command: echo command >who\n' >both.yaml
	with --config both.yaml
	[ "$(cat slot/who)" = command ]
	with --config both.yaml --agent qwen
	[ "$(cat slot/who)" = preset ]
	RUNNER_AGENT=qwen with --config both.yaml
	[ "$(cat slot/who)" = preset ]
	RUNNER_AGENT=qwen with --agent-command 'echo option >who'
	[ "$(cat slot/who)" = option ]
}

@test "a preset that is not there, or has a mistake, is a ConfigError that says which" {
	local text expected
	with --agent nobody
	[ "$status" -eq 78 ]
	[[ $stderr == *"there is no preset of an agent 'nobody'; there are "*codex* ]]
	with --agent ../codex
	[ "$status" -eq 78 ]
	while IFS=$'\t' read -r text expected; do
		printf "$text" | preset mine
		with --agent mine
		echo "$text: $stderr"
		[ "$status" -eq 78 ]
		[[ $stderr == *"mine.yaml:$expected"* ]]
	done <<-'END'
		command: ls\n	1:1: 'command' must be a list of strings
		commands: [ls]\n	1:1: 'commands' is nothing that a preset has
		command: [ls]\nusage:\n  input: x\n	3:3: 'usage.input' is nothing
		command: [ls]\nprompt: file\n	2:1: 'prompt' must be stdin or argument
		command: [ls]\nset: {A: 1}\n	2:1: 'set' must be an object of strings
		command: [ls]\noptions: [a]\n	2:1: 'options' must be a list of lists
		prompt: stdin\n	 there is no 'command'
		command: [ls\n	2:1:
	END
}

@test "every preset of the toolkit can be read, and nr-exec(1) names it" {
	local file name n=0
	for file in "$ROOT"/share/agents/*.yaml; do
		name=$(basename "$file" .yaml)
		stage nr-exec --dry-run --agent "$name" --llm-model m --llm-endpoint http://127.0.0.1:9 < <(task)
		[ "$status" -eq 0 ]
		[[ $output == "nr-exec: would run the agent '$name' in '"* ]]
		grep -q "^\.It Cm $name\( \|$\)" "$ROOT/man/nr-exec.1"
		n=$((n + 1))
	done
	[ "$n" -ge 6 ]
}

@test "tokens and cost of all attempts are added up, and outputs are artifacts" {
	git -C slot checkout -q main
	program qwen 'n=$NR_ATTEMPT; echo "$n" >count; echo "{\"type\":\"result\",\"usage\":{\"input_tokens\":10,\"output_tokens\":$n}}"'
	task '.test_commands = ["grep -q 2 count"]' >task.json
	stage nr-run --agent qwen --llm-model gpt-5-mini task.json
	[ "$status" -eq 0 ]
	[ "$(field '.impl_result | [.tokens_used, .usage.input_tokens, (.attempts | length)] | @csv')" = 23,20,2 ]
	[ "$(field '.impl_result.cost_usd')" = 1.1e-05 ]
	[ "$(field '[.artifacts[] | select(.type == "agent_output")] | length')" -ge 2 ]
}

@test "the preset that nr-exec(1) shows does for an agent of one's own" {
	sed -n '/^command: \[my-agent/,/^\.Ed/p' "$ROOT/man/nr-exec.1" | sed '$d' >preset.yaml
	[ "$(wc -l <preset.yaml)" -eq 12 ]
	preset mine <preset.yaml
	program my-agent 'printf "%s\n" "$@" >args; cat >prompt; echo "$MY_API_KEY" | wc -c >key
echo "{\"type\":\"step\"}"; echo "{\"type\":\"end\",\"usage\":{\"in\":70,\"out\":5}}"'
	export MY_API_KEY=key-of-my-own
	with --agent mine --llm-model m --llm-endpoint http://127.0.0.1:9
	[ "$status" -eq 0 ]
	[ "$(paste -sd' ' slot/args)" = '--json --yes --model m --base-url http://127.0.0.1:9/v1' ]
	grep -q '^# Task 1.1' slot/prompt
	[ "$(cat slot/key)" -eq 14 ]
	[ "$(field '.impl_result | [.driver, .llm_model, .tokens_used] | @csv')" = '"mine","m",75' ]
	program my-agent 'echo x >file; echo "{\"type\":\"error\",\"text\":\"no more credit\"}"'
	with --agent mine
	[ "$status" -eq 81 ]
	[[ $(field .error.message) == *"no more credit"* ]]
}
