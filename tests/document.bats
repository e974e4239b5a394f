load helper

# Every stage reads documents with the same code; nr-test, which needs
# nothing but the document, stands for all in the table of bad ones.

refused() { # DOCUMENT TEXT...
	run --separate-stderr nr-test <<<"$1"
	[ "$status" -eq 65 ]
	[ -z "$output" ]
	shift
	local text message
	message=$(jq -r .msg <<<"$stderr")
	for text; do
		[[ $message == *"$text"* ]] || {
			printf 'expected %s in:\n%s\n' "$text" "$message"
			return 1
		}
	done
	[ ! -e "$XDG_STATE_HOME" ]
}

@test "a document that is empty is refused" {
	run --separate-stderr nr-test </dev/null
	[ "$status" -eq 65 ]
	[ -z "$output" ]
	[[ $stderr == *"the text is empty"* ]]
	refused '' 'the text is empty'
}

@test "a document that is no JSON is refused, with line and column" {
	refused $'{"task_id": "1",\n "title": nope}' 'line 2, column 11'
	refused '{"task_id": "1", "title": "x",}' 'expected a string'
	refused '{"task_id": "1", "title": NaN}' 'expected a JSON value'
	refused '{"task_id": "1", "title": "x", "timeout_seconds": 01}' 'line 1'
	refused '{"task_id": "1", "title": "x"} {}' 'found more text'
	refused $'\xef\xbb\xbf{"task_id": "1", "title": "x"}' 'line 1, column 1'
	refused $'{"task_id": "1", "title": "\xff"}' 'not valid UTF-8'
	refused $'{"task_id": "1", "title": "a\tb"}' 'control character'
	refused '{"task_id": "1", "title": "\x"}' 'no such escape'
}

@test "a document that is no object is refused" {
	refused '[]' 'expected an object, found array'
	refused '"task"' 'expected an object, found string'
	refused '17' 'expected an object, found number'
}

@test "a truncated document is refused, wherever the cut is" {
	local text='{"task_id":"1","title":"x","test_commands":["a\u00e9"],"n":-1.5e3,"b":true}'
	local i
	for ((i = 1; i < ${#text}; i++)); do
		run nr-test <<<"${text:0:i}"
		[ "$status" -eq 65 ]
	done
}

@test "a document nested 10,000 deep is refused" {
	printf '{"task_id":"1","title":"x","metadata":%s%s}' \
		"$(printf '%10000s' '' | tr ' ' '[')" \
		"$(printf '%10000s' '' | tr ' ' ']')" >deep.json
	stage nr-test -i deep.json
	[ "$status" -eq 65 ]
	[[ $stderr == *'nested more than 128 levels deep'* ]]
}

@test "a document of 64 MB is refused" {
	{
		printf '{"task_id":"1","title":"x","description":"'
		head -c 64000000 /dev/zero | tr '\0' x
		printf '"}'
	} >large.json
	stage nr-test -i large.json
	[ "$status" -eq 65 ]
	[ -z "$output" ]
	[[ $stderr == *'larger than'* ]]
}

@test "a key that stands twice is refused at any level" {
	refused '{"task_id":"1","title":"x","task_id":"2"}' '/task_id' 'twice'
	refused '{"task_id":"1","title":"x","metadata":{"a":{"b":1,"b":2}}}' \
		'/metadata/a/b' 'twice'
	refused '{"task_id":"1","title":"x","t\u0069tle":"y"}' '/title' 'twice'
}

@test "half a surrogate and a NUL are refused" {
	refused '{"task_id":"1","title":"x\ud800"}' '/title' 'surrogate'
	refused '{"task_id":"1","title":"x\udc00y"}' '/title' 'surrogate'
	refused '{"task_id":"1","title":"x\u0000y"}' '/title' 'NUL'
}

@test "every wrong member of a document is named, not only the first" {
	refused '{"title":7,"timeout_seconds":"soon","fail_fast":1,
		"test_commands":["a",2],"metadata":[],"branch_name":"a..b"}' \
		'7 problems' \
		'/task_id: expected' 'found nothing' \
		'/title: expected one line of text, not empty, found 7' \
		'/timeout_seconds: expected a whole number from 1 to 604800, found "soon"' \
		'/fail_fast: expected true or false, found 1' \
		'/test_commands: expected an array of strings, found an array ["a",2]' \
		'/branch_name: expected a branch name that git accepts, found "a..b"'
}

@test "a task id that is a path is refused" {
	for id in ../../etc a/b .. . -x '' 'a b' $'a\n' "$(printf '%0200d' 0)"; do
		refused "$(jq -n --arg id "$id" '{task_id: $id, title: "x"}')" '/task_id'
	done
}

@test "a branch name is refused exactly when git refuses it" {
	local name ours theirs
	while IFS= read -r name; do
		ours=0 theirs=0
		jq -n --arg n "$name" '{task_id: "1", title: "x", branch_name: $n,
			test_commands: ["true"], slot_path: "."}' >doc.json
		nr-test -i doc.json >/dev/null 2>&1 || ours=$?
		git check-ref-format --branch "$name" >/dev/null 2>&1 || theirs=65
		[ "$ours" -eq "$theirs" ] || {
			echo "'$name': ours $ours, git $theirs"
			false
		}
	done <"$ROOT/tests/document/branch-names"
}

@test "unknown members pass through a stage byte for byte" {
	printf '%s' '{ "x" : 1.10 , "big":9007199254740993,
	"task_id":"1","title":"caf\u00e9", "y":{"b":1,"a":[ 1e400 ]},
	"test_commands":["true"],"slot_path":"."}' >doc.json
	stage nr-test -i doc.json
	[ "$status" -eq 0 ]
	[[ $output == *'"x":1.10,"big":9007199254740993,'* ]]
	[[ $output == *'"title":"caf\u00e9","y":{"b":1,"a":[ 1e400 ]},'* ]]
}

@test "a document that failed passes through every stage untouched" {
	local doc='{"task_id":"1", "title":"x","error":{"type":"PushError","message":"m"}}'
	for program in nr-prepare nr-exec nr-test nr-push; do
		stage "$program" <<<"$doc"
		[ "$status" -eq 0 ]
		[ "$output" = '{"task_id":"1","title":"x","error":{"type":"PushError","message":"m"}}' ]
	done
	[ ! -e "$XDG_STATE_HOME" ]
}

@test "the names that NecroCode's Dispatcher uses are taken for title and description" {
	stage nr-test <<<'{"task_id":"1","task_title":"from outside","test_commands":["true"],"slot_path":"."}'
	[ "$status" -eq 0 ]
	[ "$(field .title)" = 'from outside' ]
	[ "$(field .task_title)" = 'from outside' ]
}

@test "an unknown option, and an argument too many, are usage errors" {
	for program in nr-prepare nr-exec nr-test nr-push nr-upload nr-report; do
		stage "$program" --no-such-option <<<'{}'
		[ "$status" -eq 64 ]
		[ -z "$output" ]
		[[ $stderr == *"$program --help"* ]]
		stage "$program" document.json <<<'{}'
		[ "$status" -eq 64 ]
		[[ $stderr == *'document.json'* ]]
		stage "$program" -i no-such-file
		[ "$status" -eq 64 ]
		[[ $stderr == *'no-such-file'* ]]
	done
}

# What was printed last has at most 24 lines of at most 80 columns.
fits_a_screen() {
	awk 'length > 80 { print "too long: " $0; bad = 1 }
		END { if (NR > 24) { print NR " lines: " $0; bad = 1 } exit bad }' \
		<<<"$output"
}

@test "every program has a help that fits a screen, and a version" {
	for program in "$NR_BIN"/nr-*; do
		stage "$program" --help
		[ "$status" -eq 0 ]
		[ -z "$stderr" ]
		[ "${#lines[@]}" -ge 5 ]
		fits_a_screen
		stage "$program" --version
		[ "$status" -eq 0 ]
		[ "$output" = "$(basename "$program") $(cat "$ROOT/VERSION")" ]
	done
	for command in allocate release; do
		stage nr-slot "$command" --help
		fits_a_screen
	done
}

@test "a full disk under standard output is exit 74" {
	jq -n '{task_id: "1", title: "x", slot_path: ".", test_commands: ["true"]}' >doc.json
	run -74 --separate-stderr sh -c 'nr-test -i doc.json >/dev/full'
	[[ $stderr == *'No space left on device'* ]]
	for program in "$NR_BIN"/nr-*; do
		run -74 --separate-stderr sh -c '"$1" --help >/dev/full' sh "$program"
	done
}

@test "documents of a run are valid by the JSON Schema" {
	make_slot
	task '.test_commands=["true","echo out; exit 3"] | .fail_fast=false' >task.json
	nr-prepare -i task.json >1.json
	nr-exec -i 1.json --agent-command 'echo hi >new.txt' >2.json
	nr-test -i 2.json >3.json || [ $? -eq 82 ]
	nr-upload -i 3.json --artifact-store-url "file://$PWD/store" >4.json
	nr-report -i 4.json >5.json || [ $? -eq 82 ]
	python3 - "$ROOT/share/schema/document.schema.json" task.json [1-5].json <<'PY'
import json, sys, jsonschema
schema = json.load(open(sys.argv[1]))
validator = jsonschema.Draft202012Validator(schema,
    format_checker=jsonschema.FormatChecker())
for path in sys.argv[2:]:
    errors = list(validator.iter_errors(json.load(open(path))))
    for error in errors:
        print(path, list(error.path), error.message)
    assert not errors
PY
}
