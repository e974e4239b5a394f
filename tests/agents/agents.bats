# The presets against the real agents, with a model's server of ours in place
# of theirs. `make check-agents` installs them, and runs this.
load ../helper
load ../servers

prepare_test() {
	PATH=$NR_AGENTS/node_modules/.bin:$PATH
	export OPENAI_API_KEY=sk-of-the-agents-1 ANTHROPIC_API_KEY=sk-of-the-agents-1
	export GEMINI_API_KEY=sk-of-the-agents-1
	secret_file key sk-of-the-agents-1
	make_slot
	task '.test_commands = ["grep -q Hello greeting.txt"] | .timeout_seconds = 120' >task.json
	mkdir -p "$HOME/.gemini"
	echo '{"security": {"auth": {"selectedType": "gemini-api-key"}}}' >"$HOME/.gemini/settings.json"
}

# run_agent PRESET MODEL TURN...: the whole job, with a model that says so.
run_agent() {
	local preset=$1 model=$2
	shift 2
	(IFS=, && printf '[%s]' "$*") >script.json
	start_server model --script script.json --with-tools --key-file key
	stage nr-run --agent "$preset" --llm-model "$model" \
		--llm-endpoint "$model_url" --llm-retry-count 1 task.json
	echo "$stderr" | tail -n 5 >&2
}

greet='{"text":"I will","run":"echo Hello >greeting.txt","usage":{"input":1000,"output":50,"cached":400}}'
done='{"text":"all done","usage":{"input":1100,"output":20,"cached":900}}'
fail='{"status":401,"body":{"error":{"message":"wrong key","type":"authentication_error"}}}'

# does_the_job PRESET MODEL [USAGE]: what it tells of its tokens.
does_the_job() {
	local usage=${3-2100,1300,70}
	run_agent "$1" "$2" "$greet" "$done"
	[ "$status" -eq 0 ]
	[ "$(field .impl_result.driver)" = "$1" ]
	[ "$(field .impl_result.llm_model)" = "$2" ]
	[ "$(field '.impl_result.files_changed | join(" ")')" = greeting.txt ]
	[ "$(field '.impl_result.usage | [.input_tokens, .cached_tokens, .output_tokens] | @csv')" = "$usage" ]
	[ -z "${usage//,/}" ] || [ "$(field .impl_result.tokens_used)" -eq 2170 ]
	remote_has_branch feature/task-demo-1.1
	valid_document
	run ! grep -rq sk-of-the-agents "$(field .runner.run_dir)"
}

# sees_the_failure PRESET MODEL [MESSAGE]: the service fails when half is done.
sees_the_failure() {
	run_agent "$1" "$2" "$greet" "$fail"
	[ "$status" -eq 81 ]
	[[ $(field .error.message) == *"${3-wrong key}"* ]]
	run ! remote_has_branch feature/task-demo-1.1
}

@test "Codex does the whole job" { does_the_job codex gpt-5-mini; }
@test "Claude Code does the whole job" { does_the_job claude claude-sonnet-4-5; }
@test "Copilot CLI does the whole job" { does_the_job copilot gpt-5-mini ,,; }
@test "Gemini CLI does the whole job" { does_the_job gemini gemini-2.5-flash; }
@test "Qwen Code does the whole job" { does_the_job qwen qwen3-coder; }
@test "opencode does the whole job" { does_the_job opencode some-model; }
@test "nr-agent does the whole job" { does_the_job nr-agent gpt-5-mini; }

@test "Codex: a service that fails is no success" { sees_the_failure codex gpt-5-mini; }
@test "Claude Code: a service that fails is no success" { sees_the_failure claude claude-sonnet-4-5; }
@test "Copilot CLI: a service that fails is no success" { sees_the_failure copilot gpt-5-mini "Authentication failed"; }
@test "Gemini CLI: a service that fails is no success" { sees_the_failure gemini gemini-2.5-flash; }
@test "Qwen Code: a service that fails is no success" { sees_the_failure qwen qwen3-coder; }
@test "opencode: a service that fails is no success" { sees_the_failure opencode some-model; }
@test "nr-agent: a service that fails is no success" { sees_the_failure nr-agent gpt-5-mini; }
