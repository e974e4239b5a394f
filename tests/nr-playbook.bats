load helper

prepare_test() {
	# Steps here leave notes outside of the slot.
	export RUNNER_SANDBOX=off
	make_slot
	task >task.json
}

# playbook YAML: as playbook.yaml; "steps" alone may be given as a list.
playbook() {
	printf 'name: Test playbook\n%s\n' "$1" >playbook.yaml
}

# play [OPTION...]: runs playbook.yaml on the task.
play() {
	stage nr-playbook -f playbook.yaml "$@" <task.json
}

# The member of the result of the step of a name: step NAME PATH
step() {
	jq -r --arg name "$1" "[.playbook_result.step_results[]
		| select(.name == \$name)][0]$2" <<<"$output"
}

wait_for() {
	local i
	for i in $(seq 200); do
		[ ! -s "$1" ] || return 0
		sleep 0.05
	done
	return 1
}

@test "NecroCode's own example playbook runs unchanged" {
	cat >playbook.yaml <<'END'
name: Custom Playbook

steps:
  - name: Install dependencies
    command: echo install
    timeout_seconds: 600

  - name: Run linter
    command: echo lint
    condition: lint_enabled == true
    fail_fast: false

  - name: Run tests
    command: test -e tried || { touch tried; exit 1; }
    condition: test_enabled == true
    retry_count: 2
END
	task '.metadata = {lint_enabled: false, test_enabled: true}' >task.json
	play
	[ "$status" -eq 0 ]
	[ "$(field .playbook_result.playbook_name)" = 'Custom Playbook' ]
	[ "$(field .playbook_result.success)" = true ]
	[ "$(step 'Install dependencies' .stdout)" = install ]
	[ "$(step 'Run linter' .skipped)" = true ]
	[ "$(step 'Run linter' .reason)" = "condition 'lint_enabled == true': lint_enabled is false" ]
	[ "$(step 'Run tests' .attempts)" -eq 2 ]
	valid_document
}

@test "every mistake in a playbook is told with file, line and column" {
	while IFS=$'\t' read -r told text; do
		[[ $told != \#* ]] || continue
		text=${text//¶/$'\n'} text=${text//→/$'\t'}
		printf '%s\n' "$text" >bad.yaml
		run --separate-stderr nr-playbook --check bad.yaml
		printf '%s\n-> %s\n' "$text" "$stderr"
		[ "$status" -eq 78 ]
		[ -z "$output" ]
		[[ $stderr == *"bad.yaml$told"* ]]
	done <"$BATS_TEST_DIRNAME/nr-playbook/bad"
}

@test "a playbook that is not there, or no file, is an error; no other is run instead" {
	for path in missing.yaml /missing/python.yaml ../x . missing; do
		task ".playbook_path = \"$path\"" >task.json
		stage nr-playbook <task.json
		[ "$status" -eq 78 ]
		[ "$(error_type)" = ConfigError ]
		[ "$(field .playbook_result)" = null ]
	done
	run --separate-stderr nr-playbook --check missing.yaml
	[ "$status" -eq 78 ]
}

@test "words that YAML 1.1 reads otherwise stay what they look like" {
	playbook 'variables: {country: no, mode: 017, time: 1:30}
steps:
  - {name: a, command: "printf %s, {{country}} {{mode}} {{time}}"}
  - {name: b, command: echo yes, condition: country == "no" and mode == "017"}'
	play
	[ "$status" -eq 0 ]
	[ "$(step a .stdout)" = no,017,1:30, ]
	[ "$(step b .stdout)" = yes ]
	[[ $stderr == *"playbook.yaml:2:22: 'no' is a string here"* ]]
}

@test "aliases work, a billion laughs and what holds itself do not" {
	playbook 'metadata: {limits: &limits {A: x}, command: &c echo "$A"}
steps:
  - {name: a, command: *c, env: *limits}'
	play
	[ "$(step a .stdout)" = x ]
	playbook 'metadata: {all: &all [{name: a, command: echo a}]}
steps: *all
on_failure: &some [{name: b, command: "false"}]
always: *some'
	play
	[ "$(field '[.playbook_result.step_results[].name] | join(",")')" = a,b ]
	{
		echo 'metadata: {'
		echo 'a0: &a0 [x,x,x,x,x,x,x,x,x],'
		for i in 1 2 3 4 5 6 7 8 9; do
			echo "a$i: &a$i [$(printf "*a$((i - 1)),%.0s" {1..9})],"
		done
		echo '}'
	} >laughs.yaml
	run --separate-stderr nr-playbook --check laughs.yaml
	[ "$status" -eq 78 ]
	[[ $stderr == *'too many values'* ]]
	echo 'metadata: {a: &a [*a]}' >self.yaml
	run --separate-stderr nr-playbook --check self.yaml
	[[ $stderr == *'self.yaml:1:19: *a: nothing before'* ]]
	{
		echo 'metadata: {'
		echo 'a0: &a0 [x],'
		for i in {1..100}; do echo "a$i: &a$i [*a$((i - 1))],"; done
		echo '}'
	} >deep.yaml
	run --separate-stderr nr-playbook --check deep.yaml
	[[ $stderr == *'nested too deep'* ]]
}

@test "an included playbook's steps are run in its place" {
	mkdir -p parts/more
	playbook 'variables: {who: me}
env: {A: main}
steps:
  - {name: first, command: "echo $A"}
  - include: parts/part.yaml
    condition: part != false
  - {name: last, command: "echo {{who}} {{what}}"}
always:
  - {name: own, command: echo}'
	echo 'variables: {who: other, what: thing}
env: {A: part}
steps:
  - {name: in part, command: "echo $A"}
  - include: more/deep.yaml
always:
  - {name: of part, command: echo}' >parts/part.yaml
	echo 'steps: [{name: deep, command: "echo $A"}]' >parts/more/deep.yaml
	play
	[ "$status" -eq 0 ]
	[ "$(field '[.playbook_result.step_results[].name] | join(",")')" = \
		'first,in part,deep,last,of part,own' ]
	[ "$(step 'in part' .stdout)" = part ]
	[ "$(step deep .stdout)" = part ]
	[ "$(step last .stdout)" = 'me thing' ]
	task '.metadata.part = false' >task.json
	play
	[ "$(step 'in part' .skipped)" = true ]
	[ "$(step deep .skipped)" = true ]
}

@test "a mistake in an included playbook is told of its own file; circles are refused" {
	playbook 'steps: [{include: part.yaml}]'
	echo 'steps: [{nam: x, command: y}]' >part.yaml
	run --separate-stderr nr-playbook --check playbook.yaml
	[ "$status" -eq 78 ]
	[[ $stderr == *"part.yaml:1:10: unknown key 'nam'"* ]]
	echo 'steps: [{include: playbook.yaml}]' >part.yaml
	run --separate-stderr nr-playbook --check playbook.yaml
	[ "$status" -eq 78 ]
	[[ $stderr == *"'playbook.yaml' includes itself"* ]]
}

@test "a playbook of many settings or mistakes is read soon" {
	{
		printf 'env:\n%s\nsteps:\n' "$(seq -f '  A%.0f: 1' 900)"
		seq -f '- {name: step %.0f, command: b, env: {A: 1}}' 15000
	} >many.yaml
	(ulimit -t 10 && nr-playbook --check many.yaml)
	sed -i 's/command: b/timeout_seconds: -1/' many.yaml
	(ulimit -t 10 && run -78 nr-playbook --check many.yaml)
	printf 'env:\n%s\n' "$(seq -f '  A%.0f: 1' 100000)" >many.yaml
	run -78 nr-playbook --check many.yaml
	[[ $output == *'many.yaml:2:3: env: more than 1000 variables'* ]]
}

@test "steps run in order; the first that fails ends them, with exit 85" {
	playbook 'steps:
  - {name: a, command: echo a >>order}
  - {name: b, command: "echo b >>order; echo oh no >&2; exit 7"}
  - {name: c, command: echo c >>order}'
	play
	[ "$status" -eq 85 ]
	[ "$(error_type)" = PlaybookExecutionError ]
	[ "$(field .error.message)" = "playbook 'Test playbook' failed: step 'b': exit code 7: oh no" ]
	[ "$(tr -d '\n' <slot/order)" = ab ]
	[ "$(step b .stderr)" = 'oh no' ]
	[ "$(step c .reason)" = 'a step before it failed' ]
	[ "$(field .playbook_result.success)" = false ]
}

@test "with fail_fast false the others run, and the playbook has failed" {
	playbook 'steps:
  - {name: a, command: "false", fail_fast: false}
  - {name: b, command: echo b}'
	play
	[ "$status" -eq 85 ]
	[ "$(step b .stdout)" = b ]
}

@test "on_failure runs after a failure, always in any case, each of their steps" {
	playbook 'steps: [{name: a, command: exit 1, condition: fail}]
on_failure: [{name: f, command: "false"}, {name: g, command: echo g}]
always: [{name: x, command: "false"}, {name: y, command: echo y}]'
	play
	[ "$status" -eq 85 ]
	[[ $(field .error.message) == *"step 'x'"* ]]
	[ "$(step g '')" = null ]
	[ "$(step y .stdout)" = y ]
	task '.metadata.fail = true' >task.json
	play
	[[ $(field .error.message) == *"step 'a'"* ]]
	[ "$(step g .stdout)" = g ]
	[ "$(step g .phase)" = on_failure ]
	[ "$(step y .phase)" = always ]
}

@test "blocks run one side, and say of the other why not" {
	playbook 'steps:
  - if: complexity == "high"
    then:
      - {name: a, command: echo a}
      - if: "false"
        then: [{name: b, command: echo b}]
    else:
      - {name: c, command: echo c}'
	task '.complexity = "high"' >task.json
	play
	[ "$(step a .stdout)" = a ]
	[ "$(step b .reason)" = "condition 'false'" ]
	[ "$(step c .reason)" = "condition 'complexity == \"high\"': complexity is \"high\"" ]
}

@test "outputs are read by later steps, also texts of several lines" {
	playbook 'steps:
  - name: build
    command: |
      echo "coverage=81.5" >>"$NR_OUTPUT"
      printf "notes<<END\n%s\n%s\nEND\n" "first line" "$(echo not an end: END)" >>"$NR_OUTPUT"
      echo "other=x" >>"$NR_OUTPUT"
    outputs: [coverage, notes, never]
  - {name: use, command: "printf \"%s|\" {{notes}} {{steps.build.outputs.coverage}} ${coverage}"}
  - {name: more, command: echo, condition: coverage > 80 and never == null}
  - {name: less, command: echo, condition: coverage < 80 or not steps.build.success}'
	RUNNER_SANDBOX=workspace play
	[ "$status" -eq 0 ]
	[ "$(step use .stdout)" = $'first line\nnot an end: END|81.5|81.5|' ]
	[ "$(step more .success)" = true ]
	[ "$(step less .skipped)" = true ]
	[ "$(step build .outputs.coverage)" = 81.5 ]
	[[ $stderr == *'does not declare: other'* ]]
	run ! ls "$(field .runner.run_dir)"/*.outputs
}

@test "outputs of an attempt that failed do not count" {
	playbook 'steps:
  - name: a
    command: |
      [ -e tried ] && echo "b=2" >>"$NR_OUTPUT" && exit
      touch tried; printf "a=1\nb=1\nno output" >>"$NR_OUTPUT"; exit 1
    outputs: [a, b]
    retry_count: 1'
	play
	[ "$status" -eq 0 ]
	[ "$(step a .outputs | tr -d ' \n')" = '{"b":"2"}' ]
}

@test "outputs that cannot be read fail their step" {
	for command in 'echo nonsense' 'printf "a<<END\nx\n"' 'echo "=x"' \
		'head -c 70000 /dev/zero | tr "\0" a' 'printf "a=\0\n"'; do
		playbook "steps: [{name: a, command: '$command >\"\$NR_OUTPUT\"', outputs: [a]}]"
		play
		[ "$status" -eq 85 ]
		[[ $(field .error.message) == *'cannot read its outputs'* ]]
	done
	playbook 'steps: [{name: a, command: "ln -sf /etc/passwd \"$NR_OUTPUT\"", outputs: [a]}]'
	play
	[ "$status" -eq 85 ]
}

@test "a value that looks like code is a value" {
	playbook 'steps:
  - name: a
    command: printf "%s\n" {{title}} "{{title}}" '\''{{title}}'\'' "${title}" "$IN_ENV"
    env: {IN_ENV: "{{title}}"}
    working_directory: "{{metadata.dir}}"'
	mkdir 'slot/a $(touch harm)'
	task '.title = "\"; touch harm; rm -rf /; $(touch harm) `touch harm` '\''"
		| .metadata.dir = "a $(touch harm)"' >task.json
	play
	[ "$status" -eq 0 ]
	[ "$(step a .stdout | sort | uniq -c)" = "      1 
      5 $(jq -r .title task.json)" ]
	[ -z "$(find . -name harm)" ]
}

@test "commands with quotes, newlines, unicode and here-documents are run as they are" {
	cat >playbook.yaml <<'END'
steps:
  - name: a
    command: |
      cat <<'EOF' | tr a-z A-Z
      it's "ü" $HOME `x` \n
      EOF
      if true; then
        printf '%s\n' "日本 'x' \"y\"" # it's a comment
      fi
  - name: b
    command: "printf '%s' \"tab\there\""
  - name: c
    command: >
      printf '%s %s'
      folded line
END
	play
	[ "$status" -eq 0 ]
	[ "$(step a .stdout)" = "IT'S \"ü\" \$HOME \`X\` \\N"$'\n'"日本 'x' \"y\"" ]
	[ "$(step b .stdout)" = $'tab\there' ]
	[ "$(step c .stdout)" = 'folded line' ]
}

@test "a name that nothing defines fails the step before it runs" {
	playbook 'steps: [{name: a, command: "rm -rf ./{{dir}}"}]'
	play
	[ "$status" -eq 85 ]
	[[ $(field .error.message) == *"'dir' is not defined"* ]]
	[ -e slot/README ]
}

@test "env, shell and working_directory are the step's own" {
	mkdir slot/sub
	playbook 'env: {A: outer, B: outer}
steps:
  - {name: a, command: "echo $A $B $NR_STEP_NAME $NR_TASK_ID; pwd", env: {A: 1.10}, working_directory: sub}
  - {name: b, command: "echo ${BASH_VERSION:+bash} $-", shell: bash -e}
  - {name: c, command: "import os; print(os.environ[\"T\"])", shell: [python3, -c], env: {T: "{{title}}"}}
  - {name: d, command: echo $A; pwd}
  - {name: e, command: "print(\"${a.b} ${title}\")", shell: python3 -c}'
	play
	[ "$status" -eq 0 ]
	[ "$(step a .stdout)" = "1.10 outer a 1.1"$'\n'"$PWD/slot/sub" ]
	[[ $(step b .stdout) == 'bash '*e* ]]
	[ "$(step c .stdout)" = 'Add a greeting' ]
	[ "$(step d .stdout)" = $'outer\n'"$PWD/slot" ]
	[ "$(step e .stdout)" = '${a.b} ${title}' ]
}

@test "a working_directory outside of the workspace, or not there, fails the step" {
	for dir in .. / ../../etc missing; do
		playbook "steps: [{name: a, command: touch ran, working_directory: $dir}]"
		play
		[ "$status" -eq 85 ]
		[[ $(field .error.message) == *"working_directory '$dir'"* ]]
	done
}

@test "a step that never ends is ended at its timeout, and tried again" {
	playbook 'steps:
  - {name: a, command: "echo x >>tries; sleep 60", timeout_seconds: 0.2, retry_count: 2, retry_delay_seconds: 0.05}
always:
  - {name: b, command: echo b}'
	play --grace-seconds 0
	[ "$status" -eq 85 ]
	[ "$(step a .attempts)" -eq 3 ]
	[ "$(step a .end)" = timeout ]
	[ "$(wc -l <slot/tries)" -eq 3 ]
	[ "$(step b .stdout)" = b ]
}

@test "a step may kill its shell, change directory, or delete the workspace" {
	playbook 'steps:
  - {name: cd, command: cd /; exit 0}
  - {name: pwd, command: pwd}
  - {name: kill, command: "kill -9 $$", fail_fast: false}
  - {name: all, command: "kill -TERM 0", fail_fast: false}
  - {name: delete, command: "rm -rf \"$NR_WORKSPACE\"", fail_fast: false}
  - {name: after, command: echo after}
always: [{name: x, command: echo x}]'
	play
	[ "$status" -eq 85 ]
	[ "$(step pwd .stdout)" = "$PWD/slot" ]
	[ "$(step kill .signal)" = SIGKILL ]
	[ "$(step delete .success)" = true ]
	[[ $(step after .message) == "cannot enter the workspace"* ]]
	[ "$(step x .success)" = false ]
	valid_document
}

@test "a step that prints without end is kept within the limit" {
	playbook 'steps: [{name: a, command: head -c 200000000 /dev/zero}]'
	play --output-limit-bytes 65536
	[ "$status" -eq 0 ]
	[ "$(step a .metrics.stdout_bytes)" -eq 200000000 ]
	[ "$(stat -c %s "$(step a .stdout_path)")" -lt 100000 ]
}

@test "a playbook of 10,000 steps is read, listed and run" {
	{
		echo 'steps:'
		seq -f '- {name: step %.0f, command: echo, condition: number == N}' 0 9999 |
			sed -E 's/step ([0-9]+)(.*)N/step \1\2\1/'
	} >playbook.yaml
	run --separate-stderr nr-playbook --check playbook.yaml
	[ "$output" = "playbook.yaml: playbook 'playbook.yaml', 10000 steps" ]
	task '.metadata.number = 9999' >task.json
	play --list
	[ "${#lines[@]}" -eq 20001 ]
	play
	[ "$status" -eq 0 ]
	[ "$(field '.playbook_result.step_results | length')" -eq 10000 ]
	[ "$(field '.playbook_result.step_results[9999].exit_code')" -eq 0 ]
	[ "${#output}" -lt 4000000 ]
}

@test "a cancel ends the step at work, and the always steps still run" {
	playbook 'steps:
  - {name: a, command: "echo started >../started; sleep 60"}
  - {name: b, command: echo b}
on_failure: [{name: f, command: echo f}]
always: [{name: x, command: "echo x; sleep 0.1; echo y"}]'
	nr-playbook -f playbook.yaml --grace-seconds 0 <task.json >out.json 2>log &
	local pid=$!
	wait_for started
	kill -TERM "$pid"
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 143 ]
	output=$(cat out.json)
	[ "$(error_type)" = CancelledError ]
	[ "$(step a .end)" = cancelled ]
	[ "$(step b .reason)" = 'the run was cancelled' ]
	[ "$(step f .stdout)" = f ]
	[ "$(step x .stdout)" = $'x\ny' ]
	valid_document
}

@test "a cancel ends the pause before another attempt" {
	playbook 'steps: [{name: a, command: "echo x >>../started; false", retry_count: 1, retry_delay_seconds: 20}]'
	nr-playbook -f playbook.yaml <task.json >out.json 2>log &
	local pid=$!
	wait_for started
	sleep 0.1
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$(wc -l <started)" -eq 1 ]
	[ "$status" -eq 143 ]
	task '.timeout_seconds = 10' >task.json
	play
	[ "$status" -eq 85 ]
	[[ $stderr == *"step 'a' failed and is not tried again: the task has not the time"* ]]
}

@test "at the task's deadline the always steps have half of the reserve" {
	playbook 'steps: [{name: a, command: sleep 60}, {name: b, command: echo b}]
always: [{name: x, command: echo x}, {name: y, command: sleep 60}]'
	task '.timeout_seconds = 6' >task.json
	play --grace-seconds 0
	[ "$status" -eq 124 ]
	[ "$(error_type)" = TimeoutError ]
	[ "$(step b .skipped)" = true ]
	[ "$(step x .stdout)" = x ]
	[ "$(step y .end)" = timeout ]
}

@test "a condition is evaluated when it is the step's turn" {
	playbook 'steps:
  - {name: a, command: "echo n=1 >>$NR_OUTPUT", outputs: [n]}
  - {name: b, command: "echo n=2 >>$NR_OUTPUT", outputs: [n], condition: n == 1}
  - {name: c, command: echo, condition: n == 1}
  - {name: d, command: echo, condition: n == 2}'
	play
	[ "$(step b .success)" = true ]
	[ "$(step c .skipped)" = true ]
	[ "$(step d .skipped)" = null ]
}

@test "--step runs one step alone, with the outputs of the run before" {
	playbook 'steps:
  - {name: a, command: "echo v=7 >>$NR_OUTPUT; touch a-ran", outputs: [v]}
  - {name: b, command: "echo {{v}}", condition: "false"}'
	play
	rm slot/a-ran
	stage nr-playbook -f playbook.yaml --step b <<<"$output"
	[ "$status" -eq 0 ]
	[ "$(step b .stdout)" = 7 ]
	[ ! -e slot/a-ran ]
	play --step missing
	[ "$status" -eq 64 ]
}

@test "--list says what would run, and --dry-run how much" {
	playbook 'steps:
  - {name: a, command: echo a}
  - {name: b, command: echo b, condition: title == "x"}
  - {name: c, command: echo c, condition: steps.a.success}
on_failure: [{name: f, command: echo f, outputs: [why]}]
always:
  - {name: x, command: echo x, condition: why == "a", outputs: [how]}
  - {name: y, command: echo y, condition: how == null}'
	play --list
	[ "$status" -eq 0 ]
	[ "${lines[1]}" = 'run      a: echo a' ]
	[ "${lines[2]}" = 'skip     b: echo b' ]
	[[ ${lines[3]} == *'title is "Add a greeting"' ]]
	[ "${lines[4]}" = 'may run  c: echo c' ]
	[[ $output == *'may run  x: echo x'*'may run  y: echo y'* ]]
	play --dry-run
	[ "$output" = "nr-playbook: would run playbook 'playbook.yaml' (6 steps) in '$PWD/slot'" ]
}

@test "--list shows blocks, includes, cleaning up, and what is not defined" {
	printf 'steps: [{name: i, command: "echo ${none.x} {{known}}"}]\n' >part.yaml
	playbook 'variables: {known: 1, on: true}
steps:
  - {name: a, command: "echo {{out}} {{none}} {{none}} ${later}", outputs: [out]}
  - name: Branch
    if: known == 1
    then: [{name: b, command: echo, condition: on}]
    else:
      - if: out
        then: [{name: c, command: "echo {{none}}"}]
  - {include: part.yaml, condition: not on}
  - include: part.yaml
on_failure: [{name: f, command: echo}]
always:
  - {name: x, command: echo, env: {A: "${none}"}, working_directory: "{{out}}"}
  - {name: y, command: "true", condition: known == 2}'
	play --list
	[ "$status" -eq 0 ]
	diff - <(echo "$output") <<'END'
playbook 'Test playbook' (playbook.yaml)
run      a: echo {{out}} {{none}} {{none}} ${later}
         'none' is not defined: the step would fail
if       Branch: condition 'known == 1': known is 1
  run      b: echo
           condition 'on': on is true
else
  if       depends on the steps before: condition 'out'
    skip     c: echo {{none}}
include  part.yaml: condition 'not on': on is true
  skip     i: echo ${none.x} {{known}}
include  part.yaml
  run      i: echo ${none.x} {{known}}
           'none.x' is not defined: the step would fail
on_failure, after a failure:
  may run  f: echo
always, at the end:
  run      x: echo
           'none' is not defined: the step would fail
  skip     y: true
           condition 'known == 2': known is 1
END
}

@test "the result is JUnit XML, too" {
	playbook 'steps:
  - {name: "a <&> \"b\"", command: "printf \"\\033[1mred\\n\"; false", fail_fast: false}
  - {name: s, command: echo, condition: "false"}
  - {name: c, command: echo c}'
	play
	python3 - "$(field .playbook_result.junit_path)" <<'END'
import sys, xml.etree.ElementTree as tree
suite = tree.parse(sys.argv[1]).getroot()[0]
assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("3", "1", "1")
assert suite[0].get("name") == 'a <&> "b"'
assert suite[0].find("failure").get("message").startswith("exit code 1")
assert suite[1].find("skipped") is not None
END
}

@test "secrets are masked in outputs, documents and JUnit XML" {
	printf 'hidden-value-&-1234' >secret
	playbook 'steps: [{name: a, command: "cat ../secret; echo \"o=$(cat ../secret)\" >>$NR_OUTPUT; exit 1", outputs: [o]}]'
	export GIT_TOKEN='hidden-value-&-1234'
	play
	[ "$status" -eq 85 ]
	run ! grep -rF 'hidden-value' "$(field .runner.run_dir)"
	[[ $output != *hidden-value* ]]
}

@test "a document that failed is passed on untouched" {
	task '.error = {type: "ImplementationError", message: "x", exit_code: 81}' >task.json
	playbook 'steps: [{name: a, command: touch ran}]'
	play
	[ "$status" -eq 0 ]
	[ ! -e slot/ran ]
	[ "$(field .playbook_result)" = null ]
}

@test "without a playbook the default one finds the project's own tests" {
	stage nr-playbook <task.json
	[ "$status" -eq 0 ]
	[ "$(field .playbook_result.playbook_name)" = Default ]
	[ "$(step Test .stdout)" = 'test -f README' ]
	rm slot/Makefile
	stage nr-playbook <task.json
	[ "$status" -eq 85 ]
	[[ $(field .error.message) == *"found no way to test this project"* ]]
}

@test "in nr-run the agent is told of the step that failed, and repairs it" {
	cat >agent.sh <<'END'
#!/bin/sh
cat >prompt
grep -q 'The step "Test" failed: exit code 4: no greeting' prompt && echo Hello >greeting.txt
rm prompt
echo work >work.txt
END
	chmod +x agent.sh
	cat >play.yaml <<'END'
name: Team
steps:
  - {name: Test, command: "test -e greeting.txt || { echo no greeting; exit 4; }"}
END
	task ".playbook_path = \"$PWD/play.yaml\"" >task.json
	run --separate-stderr nr-run --agent-command "$PWD/agent.sh" \
		--implementation-attempts 2 --artifact-store-url "file://$PWD/store" task.json
	[ "$status" -eq 0 ]
	[ "$(field '.impl_result.attempts | length')" -eq 2 ]
	[ "$(field .playbook_result.playbook_name)" = Team ]
	[ "$(field .test_result.success)" = true ]
	remote_has_branch feature/task-demo-1.1
	[ "$(field '[.artifacts[].type] | index("junit") != null')" = true ]
	grep -q 'passed: Team' "$(field .runner.run_dir)/summary.txt"
}

@test "without a playbook nr-run starts none" {
	printf '#!/bin/sh\necho work >work.txt\n' >agent.sh
	chmod +x agent.sh
	run --separate-stderr nr-run --agent-command "$PWD/agent.sh" --to test task.json
	[ "$status" -eq 0 ]
	[ "$(field .playbook_result)" = null ]
	[[ $stderr != *nr-playbook* ]]
}
