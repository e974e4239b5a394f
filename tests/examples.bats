load helper

# The scripts of share/examples, as a newcomer would start them.
example() {
	run --separate-stderr timeout 60 "$ROOT/share/examples/$1" "${@:2}" \
		"$BATS_TEST_TMPDIR/work"
	[ "$status" -eq 0 ]
}

@test "basic.sh does the whole job" {
	example basic.sh
	[ "${lines[0]}" = "success: true" ]
	[ "${lines[1]}" = "branch:  feature/task-hello-1.1" ]
}

@test "pipe-by-hand.sh does the same in a pipe" {
	example pipe-by-hand.sh
	[ "${lines[0]}" = "Task 1.1 of hello: Greet a person by name" ]
	grep -q 'passed: make check' <<<"$output"
}

@test "swap-a-stage.sh puts a stage of its own in the place of nr-exec" {
	example swap-a-stage.sh
	[ "$output" = $'feature/task-hello-1.1\nfeature/task-hello-1.2' ]
	git -C work/remote.git show feature/task-hello-1.2:greet.sh
}

@test "replay-a-stage.sh tests again what a run has saved" {
	example replay-a-stage.sh
	[ "${lines[-2]}" = true ]
	[[ ${lines[-1]} == "the tests failed: 'make check'"* ]]
}

@test "custom-playbook/run.sh has a task done that must pass a playbook of its own" {
	example custom-playbook/run.sh
	[ "${lines[0]}" = "$ROOT/share/examples/custom-playbook/playbook.yaml: playbook 'Custom Playbook', 6 steps" ]
	[ "${lines[1]}" = 'passed  Syntax' ]
	[ "${lines[4]}" = 'skipped Refuse long scripts' ]
	[ "${lines[-1]}" = 'branch:  feature/task-hello-1.1' ]
}

@test "the demo shows what came of a first task, and leaves the home alone" {
	example demo.sh
	[[ $output == *"The branch feature/task-hello-1.1 was pushed"* ]]
	[[ $output == *"feat(task-1.1): Greet a person by name"* ]]
	[[ $output == *"passed  make check"* ]]
	[[ $output == *"/artifacts/hello/1.1/demo/changes.diff"* ]]
	[ ! -e "$HOME/.necrocode" ]
	[ ! -e "$HOME/state" ]
}

@test "the next commands that the demo names can be run" {
	example demo.sh
	sed -n '/^Try next:/,$s/^  //p' <<<"$output" |
		grep -v '^man' >next.sh
	run sh -eu next.sh
	[ "$status" -eq 0 ]
	[[ $output == *"Task 1.1 of hello"* ]]
	[[ $output == *"nr-push: would"* ]]
}
