load helper

# config ARGS: like stage, with nothing on standard input.
config() {
	run --separate-stderr nr-config "$@" </dev/null
}

# Each line of a table in tests/nr-config/ but comments, cut at its last tab:
# CHECK LEFT RIGHT. One failure shows its line; the rest are tried, too.
each_line() { # FILE CHECK
	local line failed=0
	while IFS= read -r line; do
		[[ $line != '#'* ]] || continue
		if ! "$2" "${line%%$'\t'*}" "${line#*$'\t'}"; then
			echo "wrong: $line"
			echo "found: $found"
			failed=1
		fi
	done <"$ROOT/tests/nr-config/$1"
	[ "$failed" -eq 0 ]
}

user_config() {
	mkdir -p "$XDG_CONFIG_HOME/necrocode"
	cat >"$XDG_CONFIG_HOME/necrocode/runner.yaml"
}

# --- Showing ---

@test "nr-config shows every key with its value and its origin" {
	config
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[[ $output == *"default_timeout_seconds"*" 1800 "*" default"* ]]
	[ "$(wc -l <<<"$output")" -eq "$(awk '{ print $1 }' <<<"$output" |
		sort -u | wc -l)" ]
	[[ $(grep '^agent ' <<<"$output") =~ ^agent\ +-\ +default$ ]]
}

@test "nr-config prints the values of the keys it is given, one a line" {
	config log_level agent artifact_store_url clean
	[ "$status" -eq 0 ]
	[ "$output" = "INFO

file://$HOME/.necrocode/artifacts
false" ]
}

@test "nr-config shows values and origins as JSON" {
	config --format json log_level llm.model
	[ "$(jq -S . <<<"$output")" = "$(jq -S . <<<'{
		"llm.model": {"value": null, "origin": "default"},
		"log_level": {"value": "INFO", "origin": "default"}}')" ]
	config -f json
	[ "$(field '.allowed_branches.value | join(" ")')" = 'feature/* task/*' ]
}

@test "an option wins over the environment, and that over the file" {
	user_config <<<$'# mine\nlog_level: warn\nagent: a\nllm: {model: m}\nclean: true'
	export RUNNER_AGENT=b RUNNER_LLM_MODEL=n
	config -f json -- --agent c
	[ "$(field '.agent | .value, .origin' | paste -sd,)" = 'c,option --agent' ]
	[ "$(field '.["llm.model"] | .value, .origin' | paste -sd,)" = \
		'n,environment RUNNER_LLM_MODEL' ]
	[ "$(field '.log_level | .value, .origin' | paste -sd,)" = \
		"WARN,$XDG_CONFIG_HOME/necrocode/runner.yaml:2" ]
	[ "$(field .clean.value)" = true ]
}

@test "an empty option takes a setting back to its default" {
	user_config <<<'agent: a'
	config agent -- --agent=
	[ "$output" = '' ]
	RUNNER_AGENT='' config agent
	[ "$output" = a ]
	RUNNER_AGENT=None config agent
	[ "$output" = '' ]
}

@test "the file is found where it is named, else in the usual places" {
	config agent
	[ "$output" = '' ]
	mkdir -p "$HOME/.config/necrocode"
	echo 'agent: home' >"$HOME/.config/necrocode/runner.yaml"
	XDG_CONFIG_HOME='' config agent
	[ "$output" = home ]
	user_config <<<'agent: xdg'
	config agent
	[ "$output" = xdg ]
	echo 'agent: variable' >variable.yaml
	export NR_CONFIG=variable.yaml
	config agent
	[ "$output" = variable ]
	echo 'agent: option' >option.yaml
	config --config option.yaml agent
	[ "$output" = option ]
	config agent -- --config=option.yaml
	[ "$output" = option ]
}

@test "a file that is named must exist" {
	config --config nope.yaml
	[ "$status" -eq 78 ]
	[ -z "$output" ]
	[ "$stderr" = "nr-config: cannot read 'nope.yaml': No such file or directory" ]
	NR_CONFIG=nope.yaml config
	[ "$status" -eq 78 ]
}

@test "an empty file, one of comments, and /dev/null are good files" {
	: >empty.yaml
	printf '# nothing\n---\n' >comments.yaml
	printf '\xef\xbb\xbfagent: ~\nllm:\n' >nulls.yaml
	for file in empty.yaml comments.yaml nulls.yaml /dev/null; do
		config --check "$file"
		[ "$status" -eq 0 ]
		[ "$output" = "$file: no problems" ]
	done
}

@test "a directory, a FIFO, a file without permission are told apart" {
	config --check .
	[ "$status" -eq 78 ]
	[ "$stderr" = "nr-config: cannot read '.': it is a directory; name the file in it" ]
	mkfifo fifo
	run --separate-stderr timeout 20 nr-config --check fifo
	[ "$status" -eq 78 ]
	[ "$stderr" = "nr-config: cannot read 'fifo': it is no regular file" ]
	echo 'agent: x' >closed.yaml
	chmod 0 closed.yaml
	local as=()
	[ "$(id -u)" -ne 0 ] ||
		as=(setpriv --bounding-set=-dac_override,-dac_read_search)
	run --separate-stderr "${as[@]}" "$NR_BIN/nr-config" --check closed.yaml
	[ "$status" -eq 78 ]
	[ "$stderr" = "nr-config: cannot read 'closed.yaml': Permission denied" ]
}

@test "paths of a file start from its directory, others from the working one" {
	mkdir conf
	printf 'default_playbook_path: p.yaml\nrun_dir: /abs\nsecrets_dir: ~/s\n' \
		>conf/runner.yaml
	config --config conf/runner.yaml default_playbook_path run_dir secrets_dir
	[ "$output" = "$PWD/conf/p.yaml
/abs
$HOME/s" ]
	cd conf
	config --config runner.yaml default_playbook_path -- --run-dir=x
	[ "$output" = "$PWD/p.yaml" ]
	config run_dir -- --run-dir=x
	[ "$output" = "$PWD/x" ]
}

# --- What is wrong ---

says() { # YAML MESSAGE
	printf '%b\n' "$1" >f.yaml
	config --check f.yaml
	found=$stderr
	[ "$status" -eq 78 ] && [ -z "$output" ] &&
		[[ $stderr == "nr-config: f.yaml$2"* ]]
}

@test "bad YAML is refused with its place and what to do" {
	each_line bad-yaml says
}

@test "a wrong setting is refused with its place, what is expected and found" {
	each_line bad-settings says
}

@test "all problems of a file are told at once, from top to bottom" {
	printf 'zz: 1\nclean: 2\nagnet: x\nllm:\n  a: 1\nlog_level: no\n' >f.yaml
	RUNNER_CLEAN=maybe config --config f.yaml -- --strict=perhaps
	[ "$status" -eq 78 ]
	[ "$stderr" = "nr-config: the configuration is wrong:
  f.yaml:1:1: unknown key 'zz'
  f.yaml:2:8: 'clean' must be true or false, found the number '2'
  f.yaml:3:1: unknown key 'agnet'; did you mean 'agent'?
  f.yaml:5:3: unknown key 'llm.a'
  f.yaml:6:12: 'log_level' must be one of DEBUG, INFO, WARN, WARNING, ERROR, found the string 'no'
  environment RUNNER_CLEAN: 'clean' must be true or false, found the string 'maybe'
  option --strict: 'strict' must be true or false, found the string 'perhaps'" ]
}

@test "a token in the wrong place is not repeated in the message" {
	printf 'git_token_env_var: ghp_abcdefgh\nllm: {api_key_env: sk-abcdefgh}\nartifact_store_url: https://x:abcdefgh@h/\nrepo_pool_url: abcdefgh\npass_env: [abc-defgh]\nmask_env: abcdefgh\n' >f.yaml
	config --config f.yaml
	[ "$status" -eq 78 ]
	[[ $stderr != *defgh* ]]
	GIT_TOKEN=abcdefgh config
	[[ $output$stderr != *abcdefgh* ]]
}

is_scalar() { # SCALAR EXPECTED
	printf 'git_author_name: %s\n' "$1" >f.yaml
	config --check f.yaml
	local kind=string
	case $stderr in
	*"found the "*) kind=$(sed -n "s/.*found the \(.*\) '\(.*\)'/\1 \2/p" \
		<<<"$stderr") ;;
	*warning:*) kind='string!' ;;
	?*) kind=error ;;
	esac
	config --config f.yaml -f json git_author_name
	[[ $output != *'{"value":null,'* ]] || kind=null
	found=$kind
	[ "$found" = "$2" ]
}

@test "plain scalars are what the YAML 1.2 core schema says" {
	each_line scalars is_scalar
}

@test "a scalar that YAML 1.1 reads otherwise is a warning" {
	echo 'git_author_name: no' >f.yaml
	config --config f.yaml git_author_name
	[ "$status" -eq 0 ]
	[ "$output" = no ]
	[ "$stderr" = "nr-config: warning: f.yaml:1:18: 'no' is a string here, and a boolean in YAML 1.1; write true or false, or put it in quotes" ]
}

@test "numbers in lists and objects are taken as they are written" {
	printf 'agent_command: [a, --turns, 30, 1.10, true, 0x1f]\nk8s_resource_limits: {cpu: 2, "a/b": 1.10}\n' >f.yaml
	config --config f.yaml agent_command k8s_resource_limits
	[ "$output" = '["a","--turns","30","1.10","true","0x1f"]
{"cpu":"2","a/b":"1.10"}' ]
}

hostile() { # EXPECTED < YAML
	cat >h.yaml
	run --separate-stderr timeout 20 nr-config --check h.yaml
	[ "$status" -eq 78 ]
	[[ $stderr == *"$1"* ]] || {
		echo "$stderr"
		return 1
	}
	[ "${#stderr}" -lt 8000 ]
}

@test "hostile YAML is refused before it costs anything" {
	printf '%20000s' '' | tr ' ' '[' | hostile 'nested deeper than 64 levels'
	printf '%20000s' '' | tr ' ' '{' | hostile 'a key must be a text'
	printf '%20000s' '' | sed 's/ /- /g' | hostile 'nested deeper than 64'
	printf '%20000s' '' | sed 's/ /? /g' | hostile 'a key must be a text'
	printf '%20000s' '' | sed 's/ /!!x /g' | hostile 'h.yaml:1:'
	{
		echo 'a: &a [x, x, x, x, x, x, x, x, x]'
		for n in {1..12}; do
			echo "a$n: &a$n [*a, *a, *a, *a, *a, *a, *a, *a, *a]"
		done
	} | hostile 'anchors and aliases are not supported'
	seq -f 'k%.0f: 1' 60000 | hostile 'more than 100000 values'
	yes 'a: 1' | head -n 40000 | hostile 'more problems'
	yes '# comment' | head -c 1100000 | hostile 'larger than the 1048576 bytes'
	{
		printf 'agent: '
		printf '%300000s' '' | tr ' ' x
	} | hostile 'a text of 300000 bytes; at most 262144 are allowed'
	{
		printf '? '
		printf '%2000s' '' | tr ' ' x
		printf '\n: y\n'
	} | hostile 'a text of 2000 bytes; at most 1024 are allowed'
	run --separate-stderr timeout 20 nr-config --check /dev/zero
	[ "$status" -eq 78 ]
	[[ $stderr == *'larger than the 1048576 bytes allowed'* ]]
}

@test "a truncated or damaged file never crashes" {
	local text i status_ok=0
	text=$'agent_command: ["a", \'b\']\nllm:\n  model: "x\\n\xc3\xbc"\npass_env:\n- A\n- !!str B\nk8s_secrets: |\n  x\n'
	for ((i = 0; i < ${#text}; i += 3)); do
		printf '%s' "${text:0:i}" >cut.yaml
		run nr-config --check cut.yaml
		[ "$status" -eq 0 ] || [ "$status" -eq 78 ]
		printf '%s\x00%s' "${text:0:i}" "${text:i+1}" >cut.yaml
		run nr-config --check cut.yaml
		[ "$status" -eq 78 ]
	done
}

# --- The environment ---

@test "RUNNER_ and a key sets it, in any case, as NecroCode's Dispatcher does" {
	export RUNNER_max_memory_mb=7 RUNNER_CLEAN=True RUNNER_llm_model=m
	export RUNNER_PASS_ENV="['A', 'B']" RUNNER_AGENT=None
	export RUNNER_K8S_RESOURCE_LIMITS="{'cpu': '500m', 'memory': '1Gi'}"
	config max_memory_mb clean llm.model pass_env agent k8s_resource_limits
	[ -z "$stderr" ]
	[ "$output" = '7
true
m
["A","B"]

{"cpu":"500m","memory":"1Gi"}' ]
	RUNNER_MAX_MEMORY_MB=8 config -f json max_memory_mb
	[ "$(field '.max_memory_mb | "\(.value) \(.origin)"')" = \
		'8 environment RUNNER_MAX_MEMORY_MB' ]
}

@test "NecroCode's other names count, after RUNNER_ and the key" {
	export RUNNER_TIMEOUT=60 ARTIFACT_STORE_URL=https://store.example.org
	export TASK_REGISTRY_URL=https://r.example.org
	config default_timeout_seconds artifact_store_url task_registry_url
	[ "$output" = '60
https://store.example.org
https://r.example.org' ]
	RUNNER_DEFAULT_TIMEOUT_SECONDS=70 config default_timeout_seconds
	[ "$output" = 70 ]
}

@test "an unknown RUNNER_ variable is a warning that names the nearest" {
	RUNNER_AGENT_COMAND=x config agent_command
	[ "$status" -eq 0 ]
	[ "$stderr" = "nr-config: warning: environment RUNNER_AGENT_COMAND: no such setting; did you mean 'RUNNER_AGENT_COMMAND'?" ]
}

@test "the variables of GitHub Actions, GitLab and a run are left alone" {
	local names=(ID TASK_ID OS ARCH TEMP NAME TOOL_CACHE WORKSPACE
		ENVIRONMENT DEBUG TRACKING_ID TEMP_PROJECT_DIR)
	local name assignments=()
	for name in "${names[@]}"; do
		assignments+=("RUNNER_$name=x")
	done
	run --separate-stderr env "${assignments[@]}" nr-config log_level
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
}

@test "a wrong value in the environment names its variable" {
	RUNNER_TIMEOUT=soon config
	[ "$status" -eq 78 ]
	[ "$stderr" = "nr-config: environment RUNNER_TIMEOUT: 'default_timeout_seconds' must be an integer from 1 to 604800, found the string 'soon'" ]
}

@test "nr-config works in an empty environment" {
	run --separate-stderr env -i "$NR_BIN/nr-config" log_level artifact_store_url
	[ "$status" -eq 0 ]
	[[ $output == INFO*file:///* ]]
}

# --- Options ---

is_value() { # OPTION=TEXT JSON
	config -f json -- "--$1"
	local key=${1%%=*}
	key=${key//-/_}
	key=${key/#llm_model/llm.model}
	found=error
	if [ "$status" -eq 0 ]; then
		found=$(jq -cr --arg key "$key" '.[$key].value | tojson' <<<"$output")
	elif [ "$status" -ne 64 ]; then
		found="exit $status"
	fi
	local expected=${2//HOME/$HOME}
	[ "$found" = "${expected//HERE/$PWD}" ]
}

@test "values are read from the text of options" {
	each_line texts is_value
}

@test "an option that is wrong is a usage error that names the nearest" {
	config -- --agent-comand x
	[ "$status" -eq 64 ]
	[ "$stderr" = "nr-config: unknown option '--agent-comand'; did you mean '--agent-command'?" ]
	config -- --llm-modle=x
	[[ $stderr == *"did you mean '--llm-model'?" ]]
	config -- --agent
	[ "$status" -eq 64 ]
	[ "$stderr" = "nr-config: option '--agent' needs a value" ]
	config -- --default-timeout-seconds 0
	[ "$status" -eq 64 ]
	[[ $stderr == "nr-config: option --default-timeout-seconds: "* ]]
	config -- operand
	[ "$status" -eq 64 ]
}

@test "a key that is wrong is a usage error that names the nearest" {
	config log_levle
	[ "$status" -eq 64 ]
	[ "$stderr" = "nr-config: unknown key 'log_levle'; did you mean 'log_level'?" ]
	config --check f.yaml agent
	[ "$status" -eq 64 ]
	config --format xml
	[ "$status" -eq 64 ]
	config --frobnicate
	[ "$status" -eq 64 ]
}

# --- For scripts ---

@test "--sh quotes any value so that sh gets it back" {
	local nasty=$'it\'s "$(touch pwned)" `touch pwned` \\ \n\t; *\''
	config --sh agent_command llm.model -- --agent-command "$nasty"
	[ "$status" -eq 0 ]
	echo "$output" >settings.sh
	run sh -c '. ./settings.sh; printf %s "$agent_command"'
	[ "$output" = "$nasty" ]
	run sh -c '. ./settings.sh; printf "<%s>" "$llm_model"'
	[ "$output" = '<>' ]
	[ ! -e pwned ]
}

@test "--sh exports the options, so that a stage sees the same values" {
	user_config <<<$'agent: file\nclean: true\nllm: {model: file}'
	echo 'log_level: error' >other.yaml
	local options=(--agent-command '["a", 1.10]' --clean=no --llm-model=
		--pass-env A,B --k8s-resource-limits 'cpu=1' --grace-seconds 0.1
		--agent one --agent=two --secrets-dir s)
	config --sh -- "${options[@]}"
	[ "$status" -eq 0 ]
	echo "$output" >settings.sh
	config -f json -- "${options[@]}"
	direct=$(jq -c 'map_values(.value)' <<<"$output")
	run --separate-stderr sh -c \
		'. "$PWD/settings.sh"; cd /; exec nr-config -f json'
	[ "$(jq -c 'map_values(.value)' <<<"$output")" = "$direct" ]
	[ "$(field .agent.origin)" = 'environment RUNNER_AGENT' ]
	config --sh -- --config other.yaml
	[ "$(head -n 1 <<<"$(grep NR_CONFIG <<<"$output")")" = \
		"export NR_CONFIG='$PWD/other.yaml'" ]
}

@test "--sh hands the operands among the options back" {
	config --sh -- --clean task.json --agent x -- --odd
	[ "$status" -eq 0 ]
	[ "$(tail -n 1 <<<"$output")" = "set -- 'task.json' '--odd'" ]
}

@test "--new-run makes a directory of the owner alone, and another beside it" {
	export RUNNER_ID=r
	config --sh --new-run run_dir -- --run-dir "$PWD/runs/of mine"
	eval "$output"
	[ "$run_dir" = "$PWD/runs/of mine/r" ]
	[ "$(stat -c %a "$run_dir")" = 700 ]
	[ -p "$run_dir/in.fifo" ]
	[ -z "$(find "$run_dir" -type p ! -perm 600)" ]
	config --sh --new-run -- --run-dir "$PWD/runs/of mine"
	eval "$output"
	[ "$RUNNER_ID" = r ]
	[ "$run_dir" = "$PWD/runs/of mine/r-2" ]
	touch file
	run --separate-stderr nr-config --sh --new-run -- --run-dir "$PWD/file"
	[ "$status" -eq 74 ]
	[ -z "$output" ]
	run --separate-stderr nr-config --new-run
	[ "$status" -eq 64 ]
}

@test "--sh prints nothing when the configuration is wrong" {
	RUNNER_CLEAN=maybe config --sh clean
	[ "$status" -eq 78 ]
	[ -z "$output" ]
}

@test "nr-config tells when standard output cannot be written" {
	run --separate-stderr sh -c 'nr-config >/dev/full'
	[ "$status" -eq 74 ]
	[[ $stderr == "nr-config: cannot write standard output: "* ]]
}

@test "nr-config has --help and --version" {
	config --help
	[ "$status" -eq 0 ]
	[[ $output == "usage: nr-config "* ]]
	config --version
	[ "$output" = "nr-config $(cat "$ROOT/VERSION")" ]
}

@test "nr-config loads neither git nor HTTP libraries" {
	run ldd "$NR_BIN/nr-config"
	[[ $output != *git2* ]]
	[[ $output != *curl* ]]
}

# --- What follows the table ---

@test "the schema of the configuration is the one that nr-config prints" {
	nr-config --schema | diff - "$ROOT/share/schema/config.schema.json"
}

# Settings in the example that are commented out stand behind # alone.
uncommented() {
	sed 's/^#\([a-z]\|  [a-z]\)/\1/' "$ROOT/share/examples/runner.yaml"
}

@test "the example configuration is valid, also with all it offers" {
	config --check "$ROOT/share/examples/runner.yaml"
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	uncommented >all.yaml
	config --check all.yaml
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	python3 - all.yaml "$ROOT/share/schema/config.schema.json" <<-'END'
		import json, sys, yaml, jsonschema
		jsonschema.validate(yaml.safe_load(open(sys.argv[1])),
		    json.load(open(sys.argv[2])))
	END
}

@test "the example configuration and nr-config(5) have every key" {
	uncommented >all.yaml
	config --config all.yaml
	local key value origin
	while read -r key value origin; do
		[[ $origin == all.yaml:* ]] || [[ $value == *all.yaml:* ]] ||
			grep -q "^#\? *${key#*.}:" "$ROOT/share/examples/runner.yaml" || {
			echo "not in the example: $key"
			return 1
		}
		grep -q "^.It Cm $key Pq " "$ROOT/man/nr-config.5" || {
			echo "not in nr-config(5): $key"
			return 1
		}
	done <<<"$output"
}

@test "nr-config(5) tells the default of every key" {
	config -f json
	local key value
	while IFS=$'\t' read -r key value; do
		value=${value//"$HOME"/\~}
		grep -qF -- ".It Cm $key Pq " "$ROOT/man/nr-config.5"
		grep "^.It Cm ${key/./\\.} Pq " "$ROOT/man/nr-config.5" |
			sed 's/\\(dq/"/g; s/, /,/g' | grep -qF -- "; $value" || {
			echo "$key: $value"
			return 1
		}
	done < <(jq -r 'to_entries[] | [.key, (.value.value | if . == null
		then "unset" elif type == "string" then .
		else tojson end)] | @tsv' <<<"$output")
}
