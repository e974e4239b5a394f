load helper
load servers

prepare_test() {
	export RUNNER_LLM_MODEL=gpt-5-mini
	request='{"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Say hello."}]}'
	answer='{"text":"Hello","usage":{"input":100,"output":5,"cached":40}}'
}

# serve TURN...: a model that answers so, one turn a request.
serve() {
	(IFS=, && printf '[%s]' "$*") >script.json
	start_server model --script script.json
	export RUNNER_LLM_ENDPOINT=$model_url
}

# ask [OPTIONS]: the request, once.
ask() {
	stage nr-llm "$@" <<<"$request"
}

# sent [JQ FILTER]: of the requests that the model got.
sent() {
	server_requests model "${1:-.body}"
}

@test "nr-llm sends the request, and writes message, reason, tokens and cost" {
	serve "$answer"
	ask
	[ "$status" -eq 0 ]
	[ "$(field .message.content)" = Hello ]
	[ "$(field .message.role)" = assistant ]
	[ "$(field .finish_reason)" = stop ]
	[ "$(field '.usage | [.input_tokens, .output_tokens, .cached_tokens] | @csv')" = 100,5,40 ]
	[ "$(field .cost_usd)" = 2.6e-05 ]
	[ "$(field .attempts)" -eq 1 ]
	[ "$(sent '.body | [.model, .stream, .messages[1].content] | @csv')" = '"\"gpt-5-mini\",true,\"Say hello.\""' ]
}

@test "the answer is a message of the next request, and nothing else of it is sent" {
	serve '{"text":"I look","reasoning":"hm","calls":[{"name":"ls","arguments":{"path":"."}},{"name":"cat","arguments":"{broken"}]}' "$answer"
	ask
	[ "$(field .message.reasoning)" = hm ]
	[ "$(field '.message.tool_calls[0].function | .name + .arguments')" = 'ls{"path": "."}' ]
	[[ $(field '.problems[0]') == "the arguments of the call 'call_1' of 'cat' are not a JSON object: {broken" ]]
	request=$(jq --argjson m "$(field .message)" '.messages += [$m, {role: "tool", tool_call_id: "call_0", content: "file"}]' <<<"$request")
	ask
	[ "$(sent '.body.messages[2] // empty | keys' | tail -1)" = '["content","role","tool_calls"]' ]
	[ "$(sent '.body.messages[2].tool_calls[1].function.arguments // empty' | tail -1)" = '"{}"' ]
}

@test "with --text a question goes in and the answer comes out" {
	serve '{"text":"Hello\nyou"}'
	run --separate-stderr nr-llm -t <<<'Say hello.'
	[ "$status" -eq 0 ]
	[ "$output" = $'Hello\nyou' ]
	[ "$(sent .body.messages)" = '[{"role":"user","content":"Say hello.\n"}]' ]
}

@test "the answer is shown on standard error as it comes with --show" {
	serve "$answer"
	RUNNER_LOG_LEVEL=error ask --show
	[ "$stderr" = Hello ]
}

@test "the answer comes in one piece with --no-stream, or when the server does not stream" {
	serve "$answer"
	ask --no-stream
	[ "$(field .message.content)" = Hello ]
	[ "$(sent .body.stream)" = false ]
	start_server model --script script.json --no-stream
	ask --llm-endpoint "$model_url"
	[ "$(field .message.content)" = Hello ]
	[ "$(field .usage.cached_tokens)" -eq 40 ]
}

@test "Anthropic's messages: system, tools, thinking, results, and the cache" {
	export RUNNER_LLM_PROVIDER=anthropic RUNNER_LLM_MODEL=claude-sonnet-4-5 ANTHROPIC_API_KEY=key-anthropic-1
	request=$(jq '.tools = [{type: "function", function: {name: "ls", description: "lists", parameters: {type: "object"}}}]
		| .tool_choice = "required" | .stop = "END"' <<<"$request")
	serve '{"reasoning":"hm","text":"I look","calls":[{"name":"ls","arguments":{"path":"."}}],"usage":{"input":100,"output":5,"cached":40}}' '{"text":"done"}'
	ask
	[ "$status" -eq 0 ]
	[ "$(field .finish_reason)" = tool_calls ]
	[ "$(field '.message.tool_calls[0].function.arguments')" = '{"path": "."}' ]
	[ "$(field '.usage | [.input_tokens, .cached_tokens] | @csv')" = 100,40 ]
	[ "$(field .cost_usd)" = 0.000267 ]
	request=$(jq --argjson m "$(field .message)" '.messages += [$m, {role: "tool", tool_call_id: "call_0", content: "file"}]' <<<"$request")
	ask
	[ "$(field .message.content)" = 'done' ]
	[ "$(sent '[.path, .authorization, .headers["anthropic-version"]] | @csv' | tail -1)" = '"\"/v1/messages\",\"x-api-key\",\"2023-06-01\""' ]
	sent .body | tail -1 >body.json
	jq -e '.system == [{type: "text", text: "Be brief.", cache_control: {type: "ephemeral"}}]' body.json
	jq -e '.tools == [{name: "ls", description: "lists", input_schema: {type: "object"}}]' body.json
	jq -e '.tool_choice == {type: "any"} and .stop_sequences == ["END"] and .max_tokens == 8192' body.json
	jq -e '[.messages[].role] == ["user", "assistant", "user"]' body.json
	jq -e '[.messages[1].content[].type] == ["thinking", "text", "tool_use"] and .messages[1].content[0].signature == "signed"' body.json
	jq -e '.messages[2].content[0] | .type == "tool_result" and .tool_use_id == "call_0" and .cache_control.type == "ephemeral"' body.json
}

@test "Anthropic's errors within a stream, broken calls, and answers in one piece" {
	export RUNNER_LLM_PROVIDER=anthropic ANTHROPIC_API_KEY=key-anthropic-1
	serve '{"text":"x","event":{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}}' \
		'{"calls":[{"name":"ls","arguments":"{\"a\":"}]}' '{"mode":"cut","text":"abc"}' "$answer"
	ask
	[ "$(field .attempts)" -eq 2 ]
	[ "$(field '.problems | length')" -eq 1 ]
	ask --no-stream
	[ "$(field .message.content)" = abc ]
	ask
	[ "$(field '[.message.content, .attempts] | @csv')" = '"Hello",1' ]
	serve '{"raw":"{\"type\":\"message\"}"}'
	ask --llm-retry-count 0
	[ "$status" -eq 69 ]
	[[ $stderr == *"the answer is no message: it has no content"* ]]
}

@test "Anthropic's thinking has an end, whatever it is made of" {
	local events start='{type: "content_block_start", index: 0, content_block: {type: "thinking", thinking: "", signature: ""}}'
	export RUNNER_LLM_PROVIDER=anthropic ANTHROPIC_API_KEY=key-anthropic-1
	for events in "[$start, {type: \"content_block_delta\", index: 0, delta: {type: \"thinking_delta\", thinking: (\"x\" * 60000)}}]" \
		"[$start, {type: \"content_block_delta\", index: 0, delta: {type: \"signature_delta\", signature: (\"x\" * 60000)}}]" \
		'[{type: "content_block_start", index: 0, content_block: {type: "redacted_thinking", data: ("x" * 60000)}}]'; do
		serve "$(jq -nc "{mode: \"huge\", events: $events}")"
		ask --llm-timeout-seconds 30
		echo "$events: $status ${stderr##*$'\n'}"
		[ "$status" -eq 69 ]
		[[ $stderr == *"larger than the 32 MiB allowed"* ]]
	done
}

@test "Anthropic's thinking goes back in its blocks, as it came in pieces" {
	local think='event: content_block_start\ndata: {"type":"content_block_start","index":%d,"content_block":{"type":"thinking","thinking":"%s","signature":""}}\n\n'
	local add='data: {"type":"content_block_delta","index":%d,"delta":{"type":"%s_delta","%s":"%s"}}\n\n'
	export RUNNER_LLM_PROVIDER=anthropic ANTHROPIC_API_KEY=key-anthropic-1
	{
		printf "$think" 0 so
		printf "$add" 0 thinking thinking ' I' 0 thinking thinking ' look' 0 signature signature sig 0 signature signature ned
		printf 'data: {"type":"content_block_stop","index":0}\n\n'
		printf 'data: {"type":"content_block_start","index":1,"content_block":{"type":"redacted_thinking","data":"zz"}}\n\n'
		printf "$think" 2 ''
		printf "$add" 2 thinking thinking more
		printf 'data: {"type":"content_block_start","index":3,"content_block":{"type":"text","text":"yes"}}\n\n'
		printf 'data: {"type":"message_delta","delta":{"stop_reason":"end_turn"}}\n\ndata: {"type":"message_stop"}\n\n'
	} >stream
	serve "$(jq -Rsc '{raw: ., type: "text/event-stream"}' stream)"
	ask
	[ "$status" -eq 0 ]
	[ "$(field .message.thinking)" = "$(jq -n '[{type: "thinking", thinking: "so I look", signature: "signed"},
		{type: "redacted_thinking", data: "zz"}, {type: "thinking", thinking: "more", signature: ""}]')" ]
	[ "$(field .message.content)" = yes ]
}

@test "every way in which a service fails has its outcome" {
	local name turn requests code message
	grep -v '^#' "$ROOT/tests/nr-llm/outcomes" >cases
	while IFS=$'\t' read -r name turn requests code message; do
		second=$turn
		[ "$requests" != again ] || second='{"text":"yes"}'
		printf '"%s":[%s,%s]\n' "$name" "$turn" "$second"
	done <cases | paste -sd, | sed 's/.*/{&}/' >script.json
	start_server model --script script.json
	while IFS=$'\t' read -r name turn requests code message; do
		{
			code=0
			nr-llm --llm-endpoint "$model_url/$name/v1" \
				--llm-retry-count 1 --llm-timeout-seconds 20 \
				<<<"$request" >"$name.out" 2>"$name.err" || code=$?
			echo "$code" >"$name.status"
		} &
	done <cases
	wait $(jobs -p | grep -vx "${server_pids[model.0]}")
	while IFS=$'\t' read -r name turn requests code message; do
		[ "$requests" != again ] || requests=2
		echo "$name: $(cat "$name.status")" && tail -n 1 "$name.err"
		[ "$(cat "$name.status")" -eq "$code" ]
		grep -qF "$message" "$name.err"
		[ "$(request_count model ".path | startswith(\"/$name/\")")" -eq "$requests" ]
		if [ "$code" -eq 0 ]; then
			[ "$(jq -r .message.content "$name.out")" = yes ]
		else
			[ ! -s "$name.out" ]
		fi
	done <cases
}

@test "streams are understood as servers in the wild send them" {
	local name body expected
	grep -v '^#' "$ROOT/tests/nr-llm/streams" >cases
	while IFS=$'\t' read -r name body expected; do
		printf '%b' "$body" | jq -Rs --arg name "$name" \
			'{($name): [{raw: ., type: "text/event-stream"}]}'
	done <cases | jq -s add >script.json
	start_server model --script script.json
	while IFS=$'\t' read -r name body expected; do
		ask --llm-endpoint "$model_url/$name/v1" --llm-retry-count 0
		echo "$name: $output$stderr"
		[ "$(field '[.message.content, .finish_reason, [.message.tool_calls // [] | .[] | [.id, .function.name, .function.arguments]]] | tojson')" = "$expected" ]
	done <cases
}

@test "silence before the first byte, and between bytes, ends an attempt" {
	local turn
	for turn in '{"mode":"silent"}' '{"mode":"stall-first"}' '{"mode":"stall","text":"some words"}'; do
		serve "$turn" "$answer"
		ask --llm-first-byte-timeout-seconds 0.3 --llm-idle-timeout-seconds 0.3
		[ "$status" -eq 0 ]
		[ "$(field .attempts)" -eq 2 ]
		[ "$(field .message.content)" = Hello ]
		[[ $stderr == *'no byte came or went for 0.3 s'* ]]
	done
}

@test "an answer has to be there by llm.timeout_seconds" {
	serve '{"mode":"silent"}'
	ask --llm-timeout-seconds 1
	[ "$status" -eq 124 ]
	[[ $stderr == *"the time for it is used up"* ]]
	[ -z "$output" ]
}

@test "the key comes from the variable, a file, or the secrets directory, and is wanted" {
	secret_file key key-from-somewhere
	printf '[%s]' "$answer" >script.json
	start_server model --script script.json --key-file key
	export RUNNER_LLM_ENDPOINT=$model_url
	ask
	[ "$status" -eq 77 ]
	[[ $stderr == *"wrong key"* ]]
	OPENAI_API_KEY=key-from-somewhere ask
	[ "$status" -eq 0 ]
	OPENAI_API_KEY_FILE=key ask
	[ "$status" -eq 0 ]
	mkdir secrets && cp key secrets/MY_KEY
	RUNNER_SECRETS_DIR=$PWD/secrets ask --llm-api-key-env MY_KEY
	[ "$status" -eq 0 ]
	OPENAI_API_KEY=$'two\nlines' ask
	[ "$status" -eq 78 ]
	[[ $stderr == *"the key in OPENAI_API_KEY has more than one line"* ]]
	ask --llm-api-key-env NO_KEY
	[ "$status" -eq 78 ]
	[[ $stderr == *"there is no key for 'openai': set NO_KEY"* ]]
	RUNNER_LLM_ENDPOINT='' ask
	[ "$status" -eq 78 ]
}

@test "requests go below the endpoint, and its query stays" {
	local endpoint provider expected
	RUNNER_LOG_LEVEL=info
	start_server bad-peer refuse
	while IFS=$'\t' read -r endpoint expected; do
		[ "$endpoint" != - ] || endpoint=
		ask --llm-endpoint "$bad_url$endpoint" --llm-retry-count 0
		echo "$endpoint: $stderr"
		[ "$(jq -r 'select(.event == "llm_request") | .url' <<<"$stderr")" = "$bad_url$expected" ]
	done < <(grep -v '^#' "$ROOT/tests/nr-llm/endpoints")
	serve "$answer"
	ask --llm-endpoint "$model_url/v1/?api-version=1&x=/"
	[ "$status" -eq 0 ]
	[ "$(sent .path)" = '"/v1/chat/completions?api-version=1&x=/"' ]
}

@test "a key that goes to another machine without TLS is worth a warning" {
	local url
	export OPENAI_API_KEY=sk-for-nobody-else-1
	for url in http://localhost.example.com http://127.example.com/v1 http://1.2.3.4 HTTP://example.com; do
		ask --dry-run --llm-endpoint "$url"
		echo "$url: $stderr"
		[ "$status" -eq 0 ]
		[[ $stderr == *"key_in_the_clear"*"without TLS: anybody on the way can read it"* ]]
	done
	for url in https://localhost.example.com http://localhost http://LOCALHOST:80/v1 http://127.0.0.1 \
		http://127.1.2.3:8080/v1 'http://[::1]:8000/v1' http://localhost?x=@example.com; do
		ask --dry-run --llm-endpoint "$url"
		echo "$url: $stderr"
		[ -z "$stderr" ]
	done
	unset OPENAI_API_KEY
	ask --dry-run --llm-endpoint http://example.com
	[ -z "$stderr" ]
}

@test "the key is in no argument, and is hidden wherever it comes back" {
	export OPENAI_API_KEY=sk-do-not-show-me-1
	serve '{"text":"your key is sk-do-not-show-me-1."}' \
		'{"status":400,"body":{"error":{"message":"bad: sk-do-not-show-me-1"}}}' \
		'{"mode":"silent"}'
	ask --show --log-level debug
	[ "$(field .message.content)" = 'your key is ***.' ]
	[[ $stderr == *"your key is ***"* ]]
	! grep -q show-me <<<"$output$stderr" || false
	ask --log-level debug
	[ "$status" -eq 69 ]
	! grep -q show-me <<<"$stderr" || false
	nr-llm <<<"$request" 2>/dev/null &
	while [ "$(request_count model)" -lt 3 ]; do sleep 0.05; done
	! grep -qa show-me /proc/$!/cmdline || false
	kill $!
	code=0
	wait $! || code=$?
	[ "$code" -eq 143 ]
}

@test "events hold no contents at info level, and all of them at debug" {
	serve "$answer"
	ask
	[ "$(jq -r .event <<<"$stderr" | paste -sd,)" = llm_request,llm_response ]
	! grep -qE 'Hello|Be brief' <<<"$stderr" || false
	[ "$(jq -r 'select(.event == "llm_response") | .usage.cached_tokens' <<<"$stderr")" -eq 40 ]
	ask --log-level debug
	grep -q 'Be brief' <<<"$stderr"
	grep -q 'Hello' <<<"$stderr"
}

@test "--dry-run shows what would be sent, and sends nothing" {
	serve "$answer"
	OPENAI_API_KEY=key-to-hide-1 ask --dry-run --llm-max-tokens 50
	[ "$(field '[.model, .max_tokens, .stream] | @csv')" = '"gpt-5-mini",50,true' ]
	RUNNER_LLM_ENDPOINT='' OPENAI_API_KEY=key-to-hide-1 ask --dry-run --llm-max-tokens 50
	[ "$(field .max_completion_tokens)" -eq 50 ]
	[ ! -s "$server_dir/requests.jsonl" ]
	[[ $output != *key-to-hide* ]]
}

@test "prices come from a file of one's own, and an unknown model has none" {
	serve "$answer"
	printf 'models:\n  mine*: {input: 1000000, output: 2000000}\n' >prices.yaml
	ask --llm-prices prices.yaml --llm-model mine-1
	[ "$(field .cost_usd)" -eq 110 ]
	ask --llm-model nobody-knows
	[ "$(field .cost_usd)" = null ]
	mkdir -p "$XDG_CONFIG_HOME/necrocode"
	cp prices.yaml "$XDG_CONFIG_HOME/necrocode/"
	ask --llm-model mine-2
	[ "$(field .cost_usd)" -eq 110 ]
}

@test "members of a request that nr-llm does not know are sent as they are" {
	serve "$answer"
	request=$(jq '. + {temperature: 0.5, response_format: {type: "json_object"}, model: "other", max_tokens: 7}' <<<"$request")
	ask --llm-max-tokens 50
	[ "$(sent '.body | [.temperature, .response_format.type, .model, .max_tokens] | tojson')" = '"[0.5,\"json_object\",\"other\",7]"' ]
}

@test "a request that cannot be used is told so, and nothing is sent" {
	serve "$answer"
	request='{"messages":[]}' ask
	[ "$status" -eq 65 ]
	[[ $stderr == *"/messages: expected an array of messages, found an empty one"* ]]
	request='{"messages":[{"content":"x"}]}' ask
	[ "$status" -eq 65 ]
	request='{"messages":' ask
	[ "$status" -eq 65 ]
	run -65 nr-llm -t </dev/null
	[[ $output == *"the input is empty"* ]]
	run -64 nr-llm -i nowhere
	[[ $output == *"cannot open 'nowhere': No such file or directory"* ]]
	mkdir directory
	run -74 nr-llm -i directory
	[[ $output == *"cannot read 'directory': Is a directory"* ]]
	RUNNER_LLM_MODEL='' ask
	[ "$status" -eq 78 ]
	[[ $stderr == *"no model is named"* ]]
	ask --llm-provider opanai
	[ "$status" -eq 78 ]
	[[ $stderr == *"unknown llm.provider 'opanai': it is one of openai, anthropic, openrouter, ollama, vllm, llama.cpp; any other"* ]]
	[ ! -s "$server_dir/requests.jsonl" ]
}

@test "a certificate that is not trusted, and a port where nobody listens" {
	export OPENAI_API_KEY=sk-for-nobody-else-1
	start_server bad-peer --tls good
	ask --llm-endpoint "$bad_url"
	[ "$status" -eq 77 ]
	[[ $stderr == *"certificate is not trusted"* ]]
	[ "$(request_count bad-peer)" -eq 0 ]
	start_server bad-peer refuse
	ask --llm-endpoint "$bad_url" --llm-retry-count 0
	[ "$status" -eq 69 ]
	[[ $stderr == *"cannot get an answer from '$bad_url/v1/chat/completions'"* ]]
}

@test "a full disk is no success" {
	serve "$answer"
	run -74 sh -c 'nr-llm >/dev/full' <<<"$request"
}
