load helper

# The examples of a page run in a directory with a slot, its remote, a task
# and an agent, as the pages assume.
prepare_test() {
	make_slot
	task >task.json
	printf '#!/bin/sh\necho "Hello" >greeting.txt\n' >agent.sh
	chmod +x agent.sh
}

examples() {
	run "$ROOT/tests/tools/run-examples.py" "$ROOT/man/$1"
	echo "$output"
	[ "$status" -eq 0 ]
}

@test "the examples of nr(7) do what the page says" { examples nr.7; }
@test "the examples of nr-agent(1) do what the page says" { examples nr-agent.1; }
@test "the examples of nr-config(1) do what the page says" { examples nr-config.1; }
@test "the examples of nr-each(1) do what the page says" { examples nr-each.1; }
@test "the examples of nr-exec(1) do what the page says" { examples nr-exec.1; }
@test "the examples of nr-health(1) do what the page says" { examples nr-health.1; }
@test "the examples of nr-limit(1) do what the page says" { examples nr-limit.1; }
@test "the examples of nr-llm(1) do what the page says" { examples nr-llm.1; }
@test "the examples of nr-log(1) do what the page says" { examples nr-log.1; }
@test "the examples of nr-mask(1) do what the page says" { examples nr-mask.1; }
@test "the examples of nr-patterns(5) do what the page says" { examples nr-patterns.5; }
@test "the examples of nr-playbook(1) do what the page says" { examples nr-playbook.1; }
@test "the examples of nr-prepare(1) do what the page says" { examples nr-prepare.1; }
@test "the examples of nr-push(1) do what the page says" { examples nr-push.1; }
@test "the examples of nr-report(1) do what the page says" { examples nr-report.1; }
@test "the examples of nr-run(1) do what the page says" { examples nr-run.1; }
@test "the examples of nr-slot(1) do what the page says" { examples nr-slot.1; }
@test "the examples of nr-test(1) do what the page says" { examples nr-test.1; }
@test "the examples of nr-upload(1) do what the page says" { examples nr-upload.1; }

@test "every program has a page, tests, a place in nr(7), and every page is clean" {
	local program name
	for program in "$NR_BIN"/nr-*; do
		name=$(basename "$program")
		[ -f "$ROOT/man/$name.1" ]
		[ -f "$ROOT/tests/$name.bats" ]
		grep -q "^\.It Xr $name 1" "$ROOT/man/nr.7"
	done
	mandoc -T lint -W warning "$ROOT"/man/*.[1-9]
}

@test "every option of a program is in its page, and every page names only options there are" {
	local program name
	for program in "$NR_BIN"/nr-*; do
		name=$(basename "$program")
		"$program" --help | sed -n 's/^ *\(-.*\)/\1/p' | sed 's/  [^-].*//' |
			grep -oE -- '--[a-z][a-z0-9-]+' | sort -u >help
		sed -n 's/^\.It Fl //p' "$ROOT/man/$name.1" |
			grep -oE -- '-[a-z][a-z0-9-]+' | sed 's/^-/--/' |
			sort -u >page
		diff help page || {
			echo "$name: < only in --help, > only in the page"
			return 1
		}
	done
}
