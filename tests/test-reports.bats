load helper

# What nr-test makes of the reports that tests leave.

prepare_test() {
	export RUNNER_SANDBOX=off
	mkdir slot
	reports=$BATS_TEST_DIRNAME/nr-test/reports
}

# tests COMMAND...: runs them as the tests of a task in `slot`.
tests() {
	jq -nc --arg slot "$PWD/slot" '{task_id: "1", title: "t",
		slot_path: $slot, test_commands: $ARGS.positional}' \
		--args -- "$@" >task.json
	stage nr-test <task.json
}

# What a jq filter makes of the first command's result.
result() {
	field ".test_result.test_results[0] | $1"
}

# "total passed failed errors skipped flaky"
counts() {
	result '.counts | if . then [.total, .passed, .failed, .errors, .skipped,
		.flaky] | join(" ") else "-" end'
}

message() {
	field .error.message
}

# suite FILE NAME [BODY]...: JUnit XML with these test cases.
suite() {
	local file=$1
	shift
	mkdir -p "$(dirname "$file")"
	{
		echo '<testsuite name="s">'
		while [ $# -gt 0 ]; do
			printf '<testcase classname="c" name="%s">%s</testcase>\n' "$1" "${2-}"
			shift 2 || shift
		done
		echo '</testsuite>'
	} >"$file"
}

# A line of tests/nr-test/reports/expected.
summary='.test_result | .test_results[0] as $first | [$file, .status,
	(.counts | if . then [.total, .passed, .failed, .errors, .skipped, .flaky]
		| join(" ") else "-" end),
	([$first.failed_cases[]? | "\(if .error then "!" else "" end
		)\(.suite // ""):\(.name)@\(.file // ""):\(.line // "")"] | join("; ")),
	([$first.flaky_cases[]?.name] | join("; "))] | join(" | ")'

@test "every report is counted, and what failed in it is named with its place" {
	local file
	for file in "$reports"/*.*; do
		rm -rf slot/*
		case $file in
		*.xml) tests "cat '$file' >junit.xml" ;;
		*) tests "cat '$file'" ;;
		esac
		jq -r --arg file "${file##*/}" "$summary" <<<"$output" >>found
	done
	diff <(grep -v '^#' "$reports/expected" | LC_ALL=C sort) <(LC_ALL=C sort found)
}

@test "the same report on standard error counts, too" {
	tests "cat '$reports/tap14.txt' >&2; exit 1"
	[ "$(counts)" = '7 3 1 0 3 0' ]
}

@test "a report is read however it is cut into pieces, and in colours" {
	tests "sed 's/not ok/\x1b[31mnot ok\x1b[0m/; s/\$/\r/' '$reports/tap12.txt' |
		while IFS= read -r line; do
			printf '%s' \"\${line%%[0-9]*}\"; sleep 0.01
			printf '%s\n' \"\${line#\"\${line%%[0-9]*}\"}\"
		done; exit 1"
	[ "$(counts)" = '3 2 1 0 0 0' ]
}

@test "real bats, prove, node and pytest are understood" {
	printf '@test "good" { :; }\n@test "bad" { false; }\n' >slot/a.bats
	printf 'print "1..2\\nok 1 - good\\nnot ok 2 - bad\\n";\n' >slot/a.t
	printf 'require("node:test")("good", () => {});
		require("node:test")("bad", () => { throw new Error("x"); });' >slot/a.js
	printf 'def test_good(): pass\ndef test_bad(): assert 1 == 2\n' >slot/test_a.py
	local command
	for command in 'bats a.bats' 'bats --report-formatter junit a.bats' \
		'prove -v a.t' 'node --test-reporter=tap a.js' \
		'python3 -m pytest' 'python3 -m pytest -q' \
		'python3 -m pytest --junitxml=junit.xml >/dev/null'; do
		echo "command: $command"
		tests "$command"
		[ "$status" -eq 82 ]
		[ "$(counts)" = '2 1 1 0 0 0' ]
		[ "$(result '.failed_cases | length')" -eq 1 ]
		[[ $(result '.failed_cases[0].name') == *bad ]]
		[[ $(message) == *'1 of 2 tests failed: '*bad ]]
	done
	[ "$(result '.failed_cases[0] | "\(.file):\(.line)"')" = test_a.py:2 ]
}

@test "what only looks like a report is none" {
	local text
	for text in 'ok 1 - fine' 'not ok 1 - bad' '1..5' 'ok' '# Subtest: x' \
		'Bail out!' '{"Action":"fail"}' '{"Action":"fail","Package":' \
		'test a ... FAILED' 'running 3 tests of mine' 'running 3 tests' \
		'test result: FAILED. 1 passed; 1 failed' '--- FAIL: TestX (0.00s)' \
		'FAILED tests/x.py::test_y' '5 failed in the last year' \
		'===== 1 failure =====' 'FAIL	x'; do
		echo "text: $text"
		tests "printf '%s\n' '$text'"
		[ "$status" -eq 0 ]
		[[ $output == *'"status":"passed"'* ]]
		[[ $output != *'"counts"'* && $output != *'"reports"'* ]]
	done
}

@test "a command that exits with 0 although its report tells of a failure has failed" {
	tests "cat '$reports/tap12.txt'"
	[ "$status" -eq 82 ]
	[ "$(error_type)" = TestExecutionError ]
	[ "$(result .success)" = false ]
	[ "$(result .exit_code)" -eq 0 ]
	[[ $(message) == *'exit code 0, but its report tells of failures: 1 of 3 tests failed: test 2' ]]
}

@test "a command that fails although all of its tests passed has failed" {
	tests "echo 1..1; echo ok 1; echo 'coverage is too low'; exit 2"
	[ "$status" -eq 82 ]
	[ "$(result .status)" = failed ]
	[[ $(message) == *'exit code 2: coverage is too low' ]]
}

@test "a run that found no tests, or skipped them all, is no success" {
	tests "cat '$reports/go-1.19-none.txt'"
	[ "$status" -eq 82 ]
	[ "$(error_type)" = TestExecutionError ]
	[ "$(field .test_result.success)" = false ]
	[ "$(field .test_result.status)" = no_tests ]
	[[ $(message) == *'no test was run'*'no_tests: success'*'there are no tests' ]]
	tests "cat '$reports/tap-skip-all.txt'"
	[ "$status" -eq 82 ]
	[ "$(field .test_result.status)" = all_skipped ]
	[[ $(message) == *'all 1 tests were skipped' ]]
}

@test "with no_tests success it is one, and so is exit code 5 of pytest" {
	export RUNNER_NO_TESTS=success
	tests "cat '$reports/go-1.19-none.txt'"
	[ "$status" -eq 0 ]
	[ "$(field '.test_result | "\(.success) \(.status)"')" = 'true no_tests' ]
	tests "cat '$reports/pytest-7.2-none.txt'; exit 5"
	[ "$status" -eq 0 ]
	[ "$(field .test_result.status)" = no_tests ]
	tests "cat '$reports/pytest-7.2-none.txt'; exit 4"
	[ "$status" -eq 82 ]
	tests 'exit 5'
	[ "$status" -eq 82 ]
}

@test "a command without tests beside one that has some is told, and no error" {
	tests "cat '$reports/tap-none.txt'" "cat '$reports/tap-plan-last.txt'"
	[ "$status" -eq 0 ]
	[ "$(field '.test_result.test_results | map(.status) | join(" ")')" = 'no_tests passed' ]
	[ "$(field .test_result.counts.total)" -eq 3 ]
	tests true "cat '$reports/tap-none.txt'"
	[ "$status" -eq 82 ]
}

@test "a report that is cut off is a warning that says where, and no verdict" {
	suite slot/x good '' bad '<failure/>'
	tests "head -c 80 x >junit.xml"
	[ "$status" -eq 0 ]
	[ "$(counts)" = '1 1 0 0 0 0' ]
	[[ $(result '.reports[0].problem') == junit.xml:3:*': '* ]]
	[[ $stderr == *test_report_problem*junit.xml:3:* ]]
	tests 'echo 1..3; echo ok 1; echo spoilt ok 2; echo ok 3'
	[ "$status" -eq 0 ]
	[[ $(result '.reports[0].problem') == 'line 4: 3 tests were planned, 2 were told of' ]]
	# What was cut off may have been tests.
	tests 'echo TAP version 14'
	[ "$status" -eq 0 ]
	: >slot/x
	tests 'cp x junit.xml'
	[ "$status" -eq 0 ]
	[[ $(result '.reports[0].problem') == *'no element found' ]]
}

@test "tests that end before all of them have run have failed" {
	tests 'echo 1..3; echo ok 1'
	[ "$status" -eq 82 ]
	[ "$(message)" = "the tests failed: 'echo 1..3; echo ok 1': exit code 0, but its report is not whole: line 2: 3 tests were planned, 1 were told of" ]
	tests 'echo running 2 tests; echo "test a ... ok"'
	[ "$status" -eq 82 ]
	[[ $(message) == *": line 2: the output ends before its 'test result:'" ]]
	[ "$(counts)" = '1 1 0 0 0 0' ]
	tests 'echo running 2 tests; echo "test a ... ok"; exit 3'
	[[ $(message) == *': exit code 3: test a ... ok' ]]
}

@test "only JUnit files that the command wrote are read, where test_reports says" {
	suite slot/old/junit.xml bad '<failure/>'
	mkdir -p slot/a/target/surefire-reports slot/node_modules slot/.git
	tests "cp old/junit.xml a/target/surefire-reports/other.xml
		cp old/junit.xml node_modules/junit.xml
		cp old/junit.xml .git/junit.xml"
	[ "$status" -eq 0 ]
	[ "$(result 'has("reports")')" = false ]
	tests 'cp -p old/junit.xml a/target/surefire-reports/TEST-x.xml'
	[ "$status" -eq 82 ]
	[ "$(result '.reports[0] | "\(.n_files) \(.files[0])"')" = '1 a/target/surefire-reports/TEST-x.xml' ]
	RUNNER_TEST_REPORTS='[]' tests 'cp old/junit.xml junit.xml'
	[ "$status" -eq 0 ]
	RUNNER_TEST_REPORTS='/out/*.results' tests 'mkdir out; cp old/junit.xml out/x.results'
	[ "$status" -eq 82 ]
}

@test "a command that ends at once does not get the files of the one before it" {
	suite slot/x a ''
	tests 'cp x junit.xml' true 'cp x y.junit.xml' 'cp x junit.xml' true
	[ "$status" -eq 0 ]
	[ "$(field '[.test_result.test_results[] | .counts.total // 0] | join(" ")')" = '1 0 1 1 0' ]
}

@test "XML that is no JUnit is none of ours" {
	tests 'echo "<coverage><testcase/></coverage>" >junit.xml'
	[ "$status" -eq 0 ]
	[ "$(result 'has("reports")')" = false ]
}

@test "a suite within a suite ends before the tests behind it" {
	echo '<testsuites><testsuite name="outer" file="o.t"><testsuite name="inner"
		><testcase name="a"/></testsuite><testcase name="b"><properties
		/><failure>boo</failure></testcase><testcase name="c"/></testsuite
		></testsuites>' >slot/x
	tests 'cp x junit.xml; exit 1'
	[ "$(counts)" = '3 2 1 0 0 0' ]
	[ "$(result '.failed_cases[0] | [.suite, .name, .file] | join(" ")')" = 'outer b o.t' ]
}

@test "tests that output and file both tell of are counted once" {
	suite slot/x one '' two '<failure message="m"/>'
	tests "echo 1..2; echo ok 1 - one; echo not ok 2 - two; cp x junit.xml; exit 1"
	[ "$(counts)" = '2 1 1 0 0 0' ]
	[ "$(result '[.failed_cases[].name] | join(" ")')" = two ]
	[ "$(result '.failed_cases[0].message')" = m ]
	tests "echo 1..3; echo ok 1; echo ok 2; echo not ok 3 - three; cp x junit.xml; exit 1"
	[ "$(counts)" = '3 2 1 0 0 0' ]
}

@test "a command that failed is run again, and is flaky if it passes then" {
	export RUNNER_TEST_RETRY_COUNT=3
	tests 'echo 1..2; echo ok 1 - sure
		if [ -e ran ]; then echo ok 2 - shaky
		else touch ran; echo not ok 2 - shaky; exit 1; fi'
	[ "$status" -eq 0 ]
	[ "$(result .flaky)" = true ]
	[ "$(counts)" = '2 2 0 0 0 1' ]
	[ "$(result '.flaky_cases[0].name')" = shaky ]
	[ "$(result '.earlier_attempts | length')" -eq 1 ]
	[ "$(result '.earlier_attempts[0] | "\(.exit_code) \(.failed_cases[0].name)"')" = '1 shaky' ]
	grep -qx 'not ok 2 - shaky' "$(result '.earlier_attempts[0].stdout_path')"
	grep -qx 'ok 2 - shaky' "$(result .stdout_path)"
	[[ $stderr == *test_retry*'trying again (1 of 3)'* ]]
	valid_document
}

@test "a test of Go with < in its name is known again" {
	local event='{"Action":"%s","Package":"p","Test":"T/a\\u003cb"}\n'
	tests "printf '$event$event' fail pass"
	[ "$status" -eq 0 ]
	[ "$(counts)" = '1 1 0 0 0 1' ]
	[ "$(result '.flaky_cases[0].name')" = 'T/a<b' ]
}

@test "a command that failed has not passed when it runs no tests then" {
	local again='if [ -e m ]; then rm m; echo 1..0; else : >m; false; fi'
	export RUNNER_TEST_RETRY_COUNT=3
	tests 'echo 1..1; echo ok 1' "$again"
	[ "$status" -eq 82 ]
	[ "$(field .test_result.status)" = no_tests ]
	[ "$(field '.test_result.test_results[1] | [.success, .flaky] | join(" ")')" = 'false false' ]
	RUNNER_NO_TESTS=success tests "$again"
	[ "$status" -eq 82 ]
}

@test "a command that goes on failing was tried so often, and is not flaky" {
	RUNNER_TEST_RETRY_COUNT=2 tests 'echo x >>ran; exit 1'
	[ "$status" -eq 82 ]
	[ "$(wc -l <slot/ran)" -eq 3 ]
	[ "$(result '.earlier_attempts | length')" -eq 2 ]
	[ "$(result .flaky)" = false ]
}

@test "what cannot go another way is not run again" {
	local command
	for command in true ./none 'echo 1..0'; do
		RUNNER_TEST_RETRY_COUNT=2 tests "echo x >>ran; $command"
		[ "$(wc -l <slot/ran)" -eq 1 ]
		rm slot/ran
	done
}

@test "a retry holds the deadline" {
	jq -nc --arg slot "$PWD/slot" '{task_id: "1", title: "t",
		slot_path: $slot, timeout_seconds: 2,
		test_commands: ["echo x >>ran; sleep 0.3; exit 1"]}' >task.json
	RUNNER_TEST_RETRY_COUNT=100 stage nr-test <task.json
	[ "$status" -eq 82 ] || [ "$status" -eq 124 ]
	[ "$(wc -l <slot/ran)" -lt 8 ]
	[ "$(result '.earlier_attempts | length')" -ge 1 ]
}

@test "the prompt of nr-exec --fix begins with the tests that failed" {
	git -C slot init -q
	git -C slot commit -q --allow-empty -m first
	suite slot/x 'adds up' '<failure message="3 is not 4"/>'
	tests 'cp x junit.xml; echo much output; exit 1'
	nr-exec --fix --agent-command 'cat >../prompt' <<<"$output" >/dev/null || :
	grep -A5 'The tests that failed in it:' prompt >cases
	grep -qxF -- '- c: `adds up`' cases
	grep -qx '3 is not 4' cases
	[ "$(grep -n 'adds up' prompt | head -n 1 | cut -d: -f1)" -lt \
		"$(grep -n '^much output' prompt | cut -d: -f1)" ]
}

@test "the summary tells how many failed, and which" {
	suite slot/x 'adds up' '<failure message="3 is not 4"/>' fine ''
	tests 'cp x junit.xml; exit 1'
	nr-report --summary summary <<<"$output" >/dev/null || :
	grep -q ': 1 of 2 tests failed$' summary
	grep -q 'failed  *adds up$' summary
}

@test "nr-test's own JUnit XML has the tests that are known" {
	suite slot/x 'a &lt; b' '<failure message="no &amp; no"/>' broke '<error/>' fine ''
	tests 'cp x junit.xml; exit 1'
	python3 - "$(field .test_result.junit_path)" <<'END'
import sys, xml.etree.ElementTree as tree
commands, cases = tree.parse(sys.argv[1]).getroot()
assert commands.get("tests") == "1"
assert [cases.get(n) for n in ("tests", "failures", "errors")] == ["2", "1", "1"]
found = cases.findall("testcase")
assert (found[0].get("classname"), found[0].get("name")) == ("c", "a < b")
assert found[0].find("failure").text == "no & no"
assert found[1].find("error") is not None
counts = {p.get("name"): p.get("value") for p in cases.iter("property")}
assert counts["total"] == "3" and counts["passed"] == "1"
END
}

@test "nr-test's own JUnit XML is XML whatever a test prints" {
	tests "printf '1..1\nnot ok 1 - a\357\277\277b\357\277\276\357\277\275\001\377\n'; exit 1"
	python3 -c 'import sys, xml.etree.ElementTree as tree
print(ascii([c.get("name") for c in tree.parse(sys.argv[1]).iter("testcase")][1]))' \
		"$(field .test_result.junit_path)" >names
	grep -qxF "'a?b?\ufffd?\ufffd'" names
}

@test "nr-test --list says why, and which report is expected" {
	touch slot/go.mod
	jq -nc --arg slot "$PWD/slot" '{task_id: "1", title: "t", slot_path: $slot}' >task.json
	stage nr-test --list <task.json
	[ "$output" = $'go test ./...\tthere is go.mod\tgo test, failures alone' ]
	tests_of=$(jq '.test_commands = ["bats tests", "./x\ny"]' task.json)
	stage nr-test --list <<<"$tests_of"
	[ "${lines[0]}" = $'bats tests\tthe task names it\tTAP' ]
	[ "${lines[1]}" = $'./x\\x0ay\tthe task names it\tJUnit XML, where it writes any' ]
}

# --- Hostile reports ---

@test "a report cannot have files read: no entities, no links, no pipes" {
	echo 'secret <of> the host' >outside
	suite elsewhere/junit.xml bad '<failure/>'
	tests "cat >junit.xml <<-END
		<?xml version='1.0'?><!DOCTYPE t [<!ENTITY x SYSTEM 'file://$PWD/outside'>]>
		<testsuite><testcase name='&x;'><failure>&x;</failure></testcase></testsuite>
		END"
	[ "$status" -eq 0 ]
	[[ $(result '.reports[0].problem') == *DOCTYPE* ]]
	[[ $output$stderr != *'of> the host'* ]]
	rm slot/junit.xml
	tests "ln -s ../elsewhere/junit.xml junit.xml; ln -s /etc/passwd TEST-x.xml
		ln -s ../elsewhere test-results; mkfifo TEST-y.xml; mkdir TEST-z.xml"
	[ "$status" -eq 0 ]
	[ "$(result 'has("reports")')" = false ]
}

@test "a billion laughs, deep nesting, a huge tag and bytes that are no UTF-8 are refused" {
	local program problem
	while IFS='|' read -r program problem; do
		tests "python3 -c 'import sys; w = sys.stdout.buffer.write; $program' >junit.xml"
		echo "program: $program"
		[ "$status" -eq 0 ]
		[[ $(result '.reports[0].problem') == junit.xml:*"$problem"* ]]
	done <<'END'
w(b"<!DOCTYPE l [<!ENTITY a \"" + b"ha" * 50 + b"\">" + b"".join(b"<!ENTITY %c \"%s\">" % (98 + i, b"&%c;" % (97 + i) * 10) for i in range(9)) + b"]><testsuite><testcase name=\"&j;\"/></testsuite>")|DOCTYPE
w(b"<testsuite>" + b"<x>" * 1000000)|nested too deeply
w(b"<testsuite><testcase name=\"" + b"x" * 30000000)|a tag larger than 256 KiB
w(b"<testsuite><testcase name=\"\xff\xfe\"/></testsuite>")|invalid token
w(b"<testsuite><testcase name=\"a\x00b\"/></testsuite>")|invalid token
w(b"<testsuite><!--" + b"-" * 30000000)|
END
}

@test "a line without an end, in a file or on standard output, is read in bounds" {
	tests '(echo "<testsuite><testcase name=\"x\"><system-out>"
		head -c 100000000 /dev/zero | tr "\0" x) >junit.xml'
	[ "$status" -eq 0 ]
	[[ $(result '.reports[0].problem') == *'larger than 64 MiB'* ]]
	rm slot/junit.xml
	tests '(echo 1..2; echo ok 1; printf "not ok 2 "
		head -c 100000000 /dev/zero | tr "\0" x; echo; echo "# said") | cat'
	[ "$status" -eq 82 ]
	[ "$(counts)" = '2 1 1 0 0 0' ]
	[ "$(result '.failed_cases[0].name | length')" -lt 400 ]
}

@test "many failures with long messages leave the document small" {
	cat >slot/many.py <<-'END'
		print("1..20000")
		for i in range(20000):
		    print("not ok %d - %s%d" % (i + 1, "n" * 1000, i))
		    print("# " + "m" * 10000)
	END
	tests 'python3 many.py'
	[ "$status" -eq 82 ]
	[ "$(counts)" = '20000 0 20000 0 0 0' ]
	[ "$(result '.failed_cases | length')" -eq 100 ]
	[ "${#output}" -lt 200000 ]
	[ "${#output}" -gt 64000 ]
}

@test "many commands and attempts that fail at length leave a document to read" {
	local n pad
	pad=$(printf '\001%.0s' {1..640})
	{
		echo 1..100
		for n in {1..100}; do
			printf 'not ok %d - n%d\n# %s\n' $n $n "$pad"
		done
	} >slot/x
	jq -nc --arg slot "$PWD/slot" '{task_id: "1", title: "t", slot_path: $slot,
		fail_fast: false, test_commands: [range(30) | "cat x; exit 1"]}' >task.json
	RUNNER_TEST_RETRY_COUNT=1 stage nr-test <task.json
	[ "$status" -eq 82 ]
	[ "${#output}" -lt 6000000 ]
	[ "$(result '.failed_cases | length')" -eq 100 ]
	[ "$(field '.test_result.test_results[29] | has("failed_cases"), .counts.failed,
		(.stdout_path | length > 0)' | paste -sd ' ')" = 'false 100 true' ]
	[ "$(field .test_result.counts.failed)" -eq 3000 ]
}

@test "a secret in a report is masked, also where it is cut" {
	suite slot/x 'is hunter2hunter2' '<failure message="got hunter2hunter2">PAD</failure>'
	sed -i "s/PAD/$(printf 'x%.0s' {1..2015})hunter2hunter2/" slot/x
	MY_TOKEN=hunter2hunter2 RUNNER_MASK_ENV=MY_TOKEN tests 'cp x junit.xml'
	[ "$status" -eq 82 ]
	[ "$(result '.failed_cases[0].name')" = 'is ***' ]
	[[ $(result '.failed_cases[0].message') == 'got ***'* ]]
	[[ $output$stderr != *hunter2* ]]
	run ! grep -r hunter2 "$XDG_STATE_HOME"
}

@test "output with NULs in it is read in bounds" {
	tests "printf '1..1\nnot ok 1 - a\000b\n{\"Action\":\"fail\",\"Package\":\"a\000b\",\"Test\":\"c\000d\"}\n'
		printf 'running 1 test\ntest b\000 ... FAILED\n'; exit 1"
	[ "$status" -eq 82 ]
	[ "$(result '[.failed_cases[].name] | join(" ")')" = 'a b' ]
	[ "$(counts)" = '2 0 2 0 0 0' ]
}

@test "text from a report cannot control a terminal or break a message" {
	tests "printf '1..1\nnot ok 1 - \033[2Jbell\007\n'; exit 1"
	[ "$status" -eq 82 ]
	[[ $(message) != *$'\e'* && $(message) != *$'\a'* ]]
	nr-report --summary summary <<<"$output" >/dev/null || :
	grep -q bell summary
	run ! grep -q $'[\e\a]' summary
}
