# nr-agent against real coding agents, on one script of ten steps.
# Sourced by run.sh, which sets bench and work.
# shellcheck shell=sh disable=SC2154
printf 'A session of ten steps with a scripted model\n'
export OPENAI_API_KEY=sk-bench-12345678 ANTHROPIC_API_KEY=sk-bench-12345678
export CODEX_API_KEY=sk-bench-12345678
export NR_DATA_DIR="$bench/../../share"
PATH=$PATH:$NR_AGENTS/node_modules/.bin
python3 -B "$bench/agent-session.py" "$bench/../servers/model" \
	'nr-agent=exec nr-agent --llm-model gpt-5-mini --llm-endpoint {url}' \
	'codex=exec codex exec --json --skip-git-repo-check --dangerously-bypass-approvals-and-sandbox -m gpt-5-mini -c model_provider=local -c model_providers.local="{name=\"local\",base_url=\"{url}/v1\",env_key=\"CODEX_API_KEY\",wire_api=\"responses\"}" -' \
	'claude=ANTHROPIC_BASE_URL={url} CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 IS_SANDBOX=1 exec claude -p --output-format stream-json --verbose --dangerously-skip-permissions --model claude-sonnet-4-5'
