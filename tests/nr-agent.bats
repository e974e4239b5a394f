load helper
load servers

prepare_test() {
	export RUNNER_LLM_MODEL=gpt-5-mini
	make_slot
	workspace=$PWD/slot
}

# serve TURN...: a model that answers so, one turn a request.
serve() {
	(IFS=, && printf '[%s]' "$*") >script.json
	start_server model --script script.json
	export RUNNER_LLM_ENDPOINT=$model_url
}

# call NAME ARGUMENTS...: a turn with one call; name=value, or name:=json.
call() {
	local name=$1
	shift
	jq -nc --arg name "$name" '{calls: [{name: $name, arguments: ($ARGS.positional
		| map(if test("^[a-z_]+:=") then capture("^(?<k>[a-z_]+):=(?<v>.*)$"; "s") | {(.k): (.v | fromjson)}
		else capture("^(?<k>[a-z_]+)=(?<v>.*)$"; "s") | {(.k): .v} end) | add // {})}]}' --args "$@"
}

done='{"text":"all done"}'

# agent [OPTIONS]: in the slot, on a prompt.
agent() {
	run --separate-stderr sh -c 'cd slot && echo "Do it." | nr-agent "$@"' sh "$@"
}

# The output of the nth call, from 1.
result() {
	jq -rs "[.[] | select(.type == \"tool\")][$1 - 1] | ${2:-.output}" <<<"$output"
}

# The member of the last event.
ending() {
	jq -rs ".[-1] | $1" <<<"$output"
}

@test "nr-agent does what the model asks for, until it asks for nothing more" {
	printf 'int main;\n' >slot/main.c
	chmod 755 slot/main.c
	serve '{"text":"I look around","calls":[{"name":"list","arguments":{}},{"name":"search","arguments":{"pattern":"int +main"}}],"usage":{"input":100,"output":20,"cached":50}}' \
		"$(call read path=main.c)" "$(call edit path=main.c 'old=int main;' 'new=int main(void);')" \
		"$(call write path=doc/new.txt content=text)" "$(call run 'command=cat doc/new.txt; exit 3')" "$done"
	agent
	[ "$status" -eq 0 ]
	[ "$(cat slot/main.c)" = 'int main(void);' ]
	[ -x slot/main.c ]
	[ "$(cat slot/doc/new.txt)" = text ]
	[[ $(result 1) == *README* ]]
	[[ $(result 2) == *main.c:1:int\ main* ]]
	[ "$(result 3)" = 'int main;' ]
	[[ $(result 6) == text$'\n[exit code 3, '*']' ]]
	[ "$(ending '[.outcome, .text, .steps, .usage.input_tokens, .usage.cached_tokens, .usage.output_tokens] | @csv')" = \
		'"done","all done",6,600,50,70' ]
	[ "$(ending '.cost_usd > 0')" = true ]
	[ "$(jq -r '.event | select(startswith("llm"))' <<<"$stderr" | sort | uniq -c | tr -s ' ' | paste -sd,)" = \
		' 6 llm_request, 6 llm_response' ]
	[[ $stderr != *"I look"* ]]
}

@test "the model is given the results of its calls, and the tools" {
	serve "$(call read path=README)" "$done"
	agent
	server_requests model .body | tail -1 >body.json
	jq -e '[.messages[].role] == ["system", "user", "assistant", "tool"]' body.json
	jq -e '.messages[1].content == "Do it.\n" and .messages[3].content == "hello\n" and .messages[3].tool_call_id == "call_0"' body.json
	jq -e '[.tools[].function.name] == ["run", "read", "write", "edit", "search", "list"]' body.json
}

@test "with --text the last answer alone is printed" {
	serve "$done"
	agent -t
	[ "$output" = 'all done' ]
}

@test "it works with Anthropic's messages, too" {
	export RUNNER_LLM_PROVIDER=anthropic ANTHROPIC_API_KEY=key-anthropic-1
	serve "$(call write path=new content=x)" "$(call run command=true)" "$done"
	agent
	[ "$status" -eq 0 ]
	[ -f slot/new ]
	[ "$(server_requests model .path | sort -u)" = '"/v1/messages"' ]
}

@test "commands do not get the key, whatever pass_env says" {
	export OPENAI_API_KEY=sk-not-for-commands-1 MY_SETTING=seen
	serve "$(call run 'command=env; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | tr "\0" "\n" | grep -a "sk-not-for[-]commands"')" "$done"
	agent --pass-env OPENAI_API_KEY,MY_SETTING
	[ "$status" -eq 0 ]
	[[ $(result 1) == *MY_SETTING=seen* ]]
	[[ $(result 1) != *OPENAI* ]]
	[[ $(result 1) != *"***"* ]]
	[ "$(server_requests model '.body.messages[]?.content' | grep -c sk-not-for-commands-1)" -eq 0 ]
}

@test "what looks like a secret is seen by the model as it is, and told without it" {
	export MY_TOKEN=value-of-my-token
	printf 'token value-of-my-token\n' >slot/file
	serve "$(call read path=file)" "$done"
	agent
	[ "$(result 1)" = 'token ***' ]
	[ "$(server_requests model '.body.messages[3].content // empty')" = '"token value-of-my-token\n"' ]
}

@test "commands write to the workspace alone, and nothing of them is left running" {
	serve "$(call run "command=echo x >../outside; echo x >.git/hooks/pre-commit; echo ok >inside; setsid sleep 300 & echo \$! >pid")" "$done"
	agent
	[ ! -e outside ]
	[ ! -e slot/.git/hooks/pre-commit ]
	[ -e slot/inside ]
	run ! kill -0 "$(cat slot/pid)"
}

@test "a command that takes too long is ended, and the model told so" {
	serve "$(call run 'command=echo begun; sleep 300' timeout_seconds:=0.3)" "$(call run 'command=sleep 300')" "$done"
	agent --agent-command-timeout-seconds 1
	[ "$status" -eq 0 ]
	[[ $(result 1) == begun*'timed out after 0.3 s'* ]]
	[[ $(result 2) == *'timed out after 1 s'* ]]
	[ "$(result 1 .success)" = false ]
}

@test "of long output the model is shown head and tail, and how much lies between" {
	seq 100000 >slot/long
	serve "$(call read path=long)" "$(call run 'command=cat long')" "$(call read path=long first_line:=70000 n_lines:=2)" "$done"
	agent --agent-output-bytes 2000
	[[ $(result 1) == 1$'\n'2$'\n'*$'\n[... 586895 bytes left out ...]\n'*$'\n'100000 ]]
	[[ $(result 2) == 1$'\n'2$'\n'*'[... 586895 bytes left out ...]'*100000$'\n[exit code 0,'* ]]
	[ "$(result 3)" = $'70000\n70001' ]
}

@test "paths out of the workspace, or into .git, are refused" {
	ln -s /etc slot/link-out
	ln -s .git slot/link-git
	ln -s /etc/passwd slot/link-file
	ln -s /nowhere/at/all slot/link-nowhere
	mkfifo slot/fifo
	mkdir slot/sub
	ln -s README slot/link-in
	local path reason n=0 turns=()
	while IFS=$'\t' read -r path reason; do
		turns+=("$(call write "path=$path" content=x)" "$(call read "path=$path")")
	done < <(grep -v '^#' "$ROOT/tests/nr-agent/paths")
	serve "${turns[@]}" "$(call read path=link-in)" "$(call read "path=$workspace/README")" \
		"$(call write path=link-in content=new)" "$done"
	agent --agent-max-errors 0
	[ "$status" -eq 0 ]
	jq -r 'select(.type == "tool") | "\(.success) \(.output)"' <<<"$output" >results
	while IFS=$'\t' read -r path reason; do
		for _ in write read; do
			n=$((n + 1))
			line=$(sed -n "${n}p" results)
			echo "$path: $line"
			[[ $line == "false error: "*"$reason"* ]]
		done
	done < <(grep -v '^#' "$ROOT/tests/nr-agent/paths")
	[ "$(result $((n + 1)))" = hello ]
	[ "$(result $((n + 2)))" = hello ]
	[ "$(cat slot/README)" = new ]
	[ -L slot/link-in ]
	[ ! -e outside ]
}

@test "a call that makes no sense is told to the model, which may try again" {
	printf 'a\0b' >slot/binary
	yes a | head -n 50 >slot/big
	local long
	long=$(head -c 400000 /dev/zero | tr '\0' x)
	serve '{"calls":[{"name":"read","arguments":"{broken"},{"name":"fly","arguments":{}},{"name":"read","arguments":{}},{"name":"edit","arguments":{"path":"README","old":"nothing","new":"x"}},{"name":"edit","arguments":{"path":"README","old":"l","new":"x"}},{"name":"edit","arguments":{"path":"README","old":"l","new":"L","all":true}},{"name":"run","arguments":{"command":7}},{"name":"read","arguments":{"path":"README","first_line":"x"}},
		{"name":"edit","arguments":{"path":"README","old":"","new":"x"}},{"name":"edit","arguments":{"path":"binary","old":"a","new":"x"}},
		{"name":"edit","arguments":{"path":"big","old":"a","new":"'"$long"'","all":true}},{"name":"read","arguments":{"path":"nothing"}},
		{"name":"search","arguments":{"pattern":"not there"}},{"name":"search","arguments":{"pattern":"(broken"}},{"name":"list","arguments":{"path":"nothing"}}]}' "$done"
	agent
	[ "$status" -eq 0 ]
	[[ $(result 1) == *"not a JSON object: {broken"* ]]
	[[ $(result 2) == *"there is no tool 'fly'"* ]]
	[[ $(result 3) == *"'read' wants the argument 'path', a string"* ]]
	[[ $(result 4) == *"'old' is not in the file"* ]]
	[[ $(result 5) == *"'old' is in the file 2 times"* ]]
	[ "$(result 6)" = 'done' ]
	[[ $(result 7) == "error: 'run' wants the argument 'command', a string" ]]
	[[ $(result 8) == "error: 'read' wants the argument 'first_line', an integer" ]]
	[ "$(result 9)" = "error: 'old' is empty" ]
	[ "$(result 10)" = "error: 'binary' is no text" ]
	[ "$(result 11)" = "error: it grows too large" ]
	[ "$(result 12)" = "error: cannot open 'nothing': No such file" ]
	[[ $(result 13 '"\(.success) \(.output)"') == 'true nothing found'* ]]
	[[ $(result 14 '"\(.success) \(.output)"') == 'true grep: '* ]]
	[[ $(result 15 '"\(.success) \(.output)"') == 'true ls: '*"'nothing'"* ]]
	[ "$(cat slot/README)" = heLLo ]
}

@test "steps, tokens, money, time and errors each have a limit" {
	serve "$(call run command=true)"
	agent --agent-max-steps 3
	[ "$status" -eq 81 ]
	[ "$(ending '[.outcome, .steps] | @csv')" = '"steps",3' ]
	[[ $stderr == *"not done after 3 steps (agent_max_steps)"* ]]
	agent --agent-max-tokens 300
	[ "$(ending '[.outcome, .steps] | @csv')" = '"tokens",3' ]
	[[ $stderr == *"not done after 330 tokens (agent_max_tokens)"* ]]
	agent --agent-max-cost-usd 0.0001
	[ "$status" -eq 81 ]
	[ "$(ending '[.outcome, .steps] | @csv')" = '"cost",3' ]
	[[ $stderr == *"not done for 0.0001 USD (agent_max_cost_usd)"* ]]
	serve "$(call read path=nothing)"
	agent --agent-max-errors 4
	[ "$status" -eq 81 ]
	[ "$(ending '[.outcome, .steps] | @csv')" = '"errors",4' ]
	[[ $stderr == *"4 calls failed in a row (agent_max_errors)"* ]]
	serve "$(call run 'command=sleep 300')"
	agent --agent-max-seconds 1
	[ "$status" -eq 124 ]
	[ "$(ending .outcome)" = time ]
	[[ $stderr == *"not done after 1 s (agent_max_seconds)"* ]]
}

@test "a limit of money that cannot be kept is refused" {
	serve "$done"
	agent --agent-max-cost-usd 1 --llm-model nobody-knows
	[ "$status" -eq 78 ]
	[[ $stderr == *"what 'nobody-knows' costs is not known"* ]]
	[ -z "$output" ]
}

@test "a limit of tokens or money ends the work when the service does not tell them" {
	local body='data: {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"list","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}'
	serve "$(jq -nc --arg raw "$body"$'\n\n' '{raw: $raw, type: "text/event-stream"}')"
	agent --agent-max-steps 3
	[ "$(ending '[.outcome, .steps, .cost_usd] | @csv')" = '"steps",3,' ]
	agent --agent-max-tokens 1000000
	[ "$status" -eq 81 ]
	[ "$(ending '[.outcome, .steps] | @csv')" = '"tokens",1' ]
	[[ $stderr == *"agent_max_tokens cannot be kept: the service does not tell how many tokens"* ]]
	agent --agent-max-cost-usd 1000
	[ "$status" -eq 81 ]
	[ "$(ending '[.outcome, .steps] | @csv')" = '"cost",1' ]
	[[ $stderr == *"agent_max_cost_usd cannot be kept: the service does not tell what an answer costs"* ]]
}

@test "an answer that was cut goes on" {
	serve '{"text":"half of","finish":"length"}' "$done"
	agent
	[ "$status" -eq 0 ]
	[ "$(server_requests model '.body.messages[-1].content' | tail -1)" = '"Your answer was cut, as it was too long. Go on from there."' ]
}

@test "old output leaves a conversation that grows too long" {
	seq 4000 >slot/long
	serve $(for i in $(seq 12); do call read path=long; done) "$done"
	agent --agent-context-bytes 60000
	[ "$status" -eq 0 ]
	server_requests model .body | tail -1 >body.json
	[ "$(wc -c <body.json)" -lt 130000 ]
	jq -e '[.messages[] | select(.role == "tool")] | (.[0].content | startswith("[this output was left out")) and (.[-1].content | startswith("1\n2"))' body.json
	[[ $stderr == *context_shortened* ]]
}

@test "room is made for many calls at once, whatever their output is made of" {
	# A byte of it takes two in the request.
	yes '"' | head -n 700 >slot/quotes
	serve $(for i in $(seq 30); do call read path=quotes; done) "$done"
	agent --agent-context-bytes 56000
	[ "$status" -eq 0 ]
	[ "$(grep -c context_shortened <<<"$stderr")" -eq 2 ]
	serve $(for i in $(seq 30); do call read path=quotes; done) "$done"
	agent --agent-context-bytes 16384
	[ "$status" -eq 0 ]
	[ "$(grep -c context_shortened <<<"$stderr")" -eq 24 ]
	[[ $stderr == *"the output of 1 calls left"* ]]
}

@test "a service that fails for good ends it, with what was done so far told" {
	serve "$(call write path=new content=x)" '{"status":400,"body":{"error":{"message":"no more"}}}'
	agent
	[ "$status" -eq 69 ]
	[ "$(ending '[.outcome, .steps] | @csv')" = '"failed",2' ]
	[[ $(ending .error) == *"no more"* ]]
	[ -f slot/new ]
}

@test "SIGTERM ends it and the command at work" {
	serve "$(call run 'command=echo $$ >pid; sleep 300')" "$done"
	(cd slot && exec nr-agent <<<x >../out 2>../err) &
	while [ ! -s slot/pid ]; do sleep 0.05; done
	kill $!
	code=0
	wait $! || code=$?
	[ "$code" -eq 143 ]
	[ "$(tail -1 out | jq -r .outcome)" = cancelled ]
	run ! kill -0 "$(cat slot/pid)"
}

@test "SIGTERM ends --single, too" {
	serve '{"mode":"silent"}'
	(cd slot && exec nr-agent --single <<<x >../out 2>../err) &
	while [ "$(request_count model)" -lt 1 ]; do sleep 0.05; done
	kill $!
	code=0
	wait $! || code=$?
	[ "$code" -eq 143 ]
	[ "$(tail -1 out | jq -r .outcome)" = cancelled ]
}

@test "settings of the repository that a command changes are put back, also when nr-agent is killed" {
	local before
	before=$(cat slot/.git/config)
	serve "$(call run "command=git config alias.st '!false'; echo \$\$ >pid; sleep 300")" "$done"
	(cd slot && exec nr-agent --sandbox off <<<x >../out 2>../err) &
	while [ ! -s slot/pid ]; do sleep 0.05; done
	# The one that works; the other one would have it clean up.
	kill -9 "$(pgrep -P $!)"
	wait $! || :
	grep -q alias slot/.git/config
	rm slot/pid
	stage nr-prepare < <(task)
	[[ $stderr == *settings_restored*"a run that was killed left settings"* ]]
	[ "$(cat slot/.git/config)" = "$before" ]
	serve "$(call run "command=git config alias.st '!false'")" "$done"
	agent --sandbox off
	[ "$status" -eq 0 ]
	[[ $stderr == *"the model's commands changed settings of the repository, which are put back: config"* ]]
	[ "$(cat slot/.git/config)" = "$before" ]
	[ -z "$(find "$XDG_STATE_HOME/necrocode/slots" -name '*settings*')" ]
}

# single JSON: the model answers with this text.
single() {
	serve "$(jq -nc --arg text "$1" '{text: $text}')"
	agent --single
}

@test "--single applies all changes of one answer" {
	echo old >slot/file
	single '{"code_changes":[{"file_path":"a/b.txt","operation":"create","content":"new\n"},
		{"file_path":"README","operation":"modify","content":"changed\n"},
		{"file_path":"file","operation":"delete"}],"explanation":"did it"}'
	[ "$status" -eq 0 ]
	[ "$(cat slot/a/b.txt slot/README)" = $'new\nchanged' ]
	[ ! -e slot/file ]
	[ "$(ending .text)" = 'did it' ]
	[ "$(request_count model)" -eq 1 ]
	single $'Here you are:\n```json\n{"code_changes":[{"file_path":"c","operation":"create","content":"x"}],"explanation":"x"}\n```\nEnjoy.'
	[ "$status" -eq 0 ]
	[ -e slot/c ]
}

@test "--single applies nothing when one change is wrong" {
	local first='{"file_path":"new/good","operation":"create","content":"x"},{"file_path":"Makefile","operation":"delete"}'
	local text code message n=0
	mkdir slot/sub
	ln -s README slot/link
	git -C slot add link
	git -C slot commit -qm link
	{
		grep -v '^#' "$ROOT/tests/nr-agent/bad-answers"
		grep -v '^#' "$ROOT/tests/nr-agent/bad-changes" |
			sed "s|^[^\t]*|{\"code_changes\":[$first,&]}|"
	} >cases
	while IFS=$'\t' read -r text code message; do
		jq -nc --arg n "$((n += 1))" --arg text "$text" '{($n): [{text: $text}]}'
	done <cases | jq -s add >script.json
	start_server model --script script.json
	n=0
	while IFS=$'\t' read -r text code message; do
		agent --single --llm-endpoint "$model_url/$((n += 1))/v1"
		echo "$text: $status ${stderr##*$'\n'}"
		[ "$status" -eq "$code" ]
		[[ $stderr == *"$message"* ]]
		[ "$(ending .error)" != null ]
		[ "$(git -C slot status --porcelain)" = '' ]
	done <cases
	[ "$n" -gt 20 ]
}

@test "nr-exec runs nr-agent as any agent, and nr-run the whole job with it" {
	export OPENAI_API_KEY=sk-for-the-agent-1
	task >task.json
	serve "$(call write path=greeting.txt content=Hello)" "$(call run 'command=make check')" "$done"
	stage nr-run --agent-command nr-agent --pass-env 'OPENAI_API_KEY,RUNNER_LLM_MODEL,RUNNER_LLM_ENDPOINT' task.json
	echo "$stderr" >&2
	[ "$status" -eq 0 ]
	[ "$(field '.impl_result.files_changed | join(" ")')" = greeting.txt ]
	[ "$(tail -n 1 "$(field '.impl_result.attempts[0].stdout_path')" | jq -r .outcome)" = 'done' ]
	# The conversation is an artifact, and the key is in none.
	path=$(field '.artifacts[] | select(.type == "agent_output") | .uri | select(endswith("stdout.log"))')
	jq -se 'map(.type) | first == "start" and last == "result" and contains(["message", "tool"])' "${path#file://}"
	run ! grep -rq sk-for-the-agent-1 "$(field .runner.run_dir)" "$HOME/.necrocode/artifacts"
	[ "$(server_requests model .authorization | sort -u)" = '"Bearer"' ]
}

@test "a limit of nr-agent is what nr-exec tells" {
	export OPENAI_API_KEY=sk-for-the-agent-1
	serve "$(call run 'command=echo x >>file')"
	RUNNER_AGENT_MAX_STEPS=2 stage nr-exec --agent nr-agent < <(task)
	[ "$status" -eq 81 ]
	[[ $(field .error.message) == "the agent 'nr-agent' failed: exit code 81: not done after 2 steps (agent_max_steps)" ]]
	[ "$(field .impl_result.tokens_used)" -eq 220 ]
	[ "$(field '.impl_result.files_changed[0]')" = file ]
}

@test "tests that fail go back to nr-agent, which puts the work right" {
	export OPENAI_API_KEY=sk-for-the-agent-1
	task '.test_commands = ["grep -q Hello greeting.txt || { echo no Hello in it; exit 1; }"]' >task.json
	serve "$(call write path=greeting.txt content=Bye)" "$done" \
		"$(call edit path=greeting.txt old=Bye new=Hello)" "$done"
	stage nr-run --agent nr-agent --llm-max-tokens 500 task.json
	echo "$stderr" >&2
	[ "$status" -eq 0 ]
	[ "$(field '.impl_result | [.driver, (.attempts | length), .tokens_used] | @csv')" = '"nr-agent",2,440' ]
	[ "$(field '.impl_result.cost_usd')" = 0.00018 ]
	server_requests model '.body | select(.messages[1].content | contains("no Hello in it")) | .max_completion_tokens // .max_tokens' >limits
	[ "$(sort -u limits)" = 500 ]
	valid_document
}

@test "--single takes back what it has done when a change cannot be made" {
	chmod 755 slot/README && git -C slot commit -qam mode
	serve "$(jq -nc '{text: ({code_changes: [
		{file_path: "README", operation: "modify", content: "changed\n"},
		{file_path: "Makefile", operation: "delete"},
		{file_path: "new", operation: "create", content: "x"},
		{file_path: "large", operation: "create", content: ("x" * 200000)}]} | tojson)}')"
	run --separate-stderr sh -c 'cd slot && ulimit -f 100 && echo "Do it." | nr-agent --single'
	[ "$status" -eq 74 ]
	[[ $stderr == *"File too large"* ]]
	[ "$(git -C slot status --porcelain)" = '' ]
	[ "$(cat slot/README)" = hello ]
	[ -x slot/README ]
	[ "$(ls -A slot | paste -sd' ')" = '.git Makefile README' ]
}

@test "a machine that has no place for the work is told of" {
	serve "$(call run command=true)" "$done"
	TMPDIR=/nowhere/at/all agent
	[ "$status" -eq 74 ]
	[[ $stderr == *"cannot make a directory in '/nowhere/at/all': No such file or directory"* ]]
	mkdir gone
	run --separate-stderr sh -c 'cd gone && rmdir ../gone && echo x | nr-agent'
	[ "$status" -eq 80 ]
	[[ $stderr == *"cannot use the current directory: No such file or directory"* ]]
}

@test "an empty prompt, no model, and a dry run" {
	serve "$done"
	run -65 nr-agent </dev/null
	[[ $output == *"the prompt is empty"* ]]
	run -64 nr-agent -i nowhere
	[[ $output == *"cannot open 'nowhere': No such file or directory"* ]]
	run -74 sh -c 'dd if=/dev/zero bs=1M count=17 2>/dev/null | nr-agent'
	[[ $output == *"standard input"* ]]
	RUNNER_LLM_MODEL='' agent
	[ "$status" -eq 78 ]
	agent --dry-run
	[ "$output" = "nr-agent: would work in '$workspace' with 'gpt-5-mini' at '$model_url/v1/chat/completions'" ]
	[ ! -s "$server_dir/requests.jsonl" ]
}
