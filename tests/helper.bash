# Loaded by every test file: `load helper`.
bats_require_minimum_version 1.5.0

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export ROOT
: "${NR_BIN:=$ROOT/bin}"
export NR_BIN
# Debian's own tools, which `make deps` installs, before any others.
PATH=$NR_BIN:/usr/bin:/bin:$PATH

# Leaks that are not ours; only the sanitizers' builds read this.
export LSAN_OPTIONS=suppressions=$ROOT/tests/lsan.supp:print_suppressions=0

# One locale for all: bash writes $'\u...' as it says.
export LC_ALL=C.UTF-8

# Tests see none of the caller's settings and write only below their own
# directory.
export NR_DATA_DIR=$ROOT/share # for programs built elsewhere
unset NR_CONFIG NR_RUN_DIR NR_RUN_PID TASK_CONTEXT TRACEPARENT
for name in $(env | sed -n 's/^\(RUNNER_[A-Z_]*\)=.*/\1/p'); do
	unset "$name"
done

setup() {
	export HOME=$BATS_TEST_TMPDIR/home
	mkdir -p "$HOME"
	export XDG_STATE_HOME=$HOME/state XDG_CONFIG_HOME=$HOME/config
	export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=$HOME/.gitconfig
	git config --global user.name Tester
	git config --global user.email tester@example.org
	git config --global init.defaultBranch main
	cd "$BATS_TEST_TMPDIR" || exit
	if declare -F prepare_test >/dev/null; then
		prepare_test
	fi
}

# stage PROGRAM [ARGS]: runs it on standard input; $output is its standard
# output, $stderr the rest, $status its exit code.
stage() {
	run --separate-stderr "$@"
}

# The value at a jq path of $output.
# shellcheck disable=SC2154 # bats sets it
field() {
	jq -r "$1" <<<"$output"
}

error_type() {
	field .error.type
}

# Is $output a document as share/schema/document.schema.json describes it?
valid_document() {
	python3 -c 'import json, sys, jsonschema
schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator(schema).validate(json.loads(sys.argv[2]))' \
		"$ROOT/share/schema/document.schema.json" "$output"
}

# A bare remote `remote.git` with a first commit on main, and a clone of it
# as `slot`.
make_slot() {
	git init -q --bare remote.git
	git clone -q remote.git slot 2>/dev/null
	git -C slot symbolic-ref HEAD refs/heads/main
	echo hello >slot/README
	printf 'check:\n\ttest -f README\n' >slot/Makefile
	git -C slot add -A
	git -C slot commit -qm 'first commit'
	git -C slot push -q origin HEAD:refs/heads/main 2>/dev/null
	git -C remote.git symbolic-ref HEAD refs/heads/main
}

# commit_upstream FILE TEXT: one more commit on the remote's main.
commit_upstream() {
	rm -rf upstream
	git clone -q remote.git upstream
	printf '%s\n' "$2" >"upstream/$1"
	git -C upstream add -A
	git -C upstream commit -qm "upstream: $1"
	git -C upstream push -q origin HEAD:main
}

# task [JQ FILTER]: a task for the slot, changed by a jq filter.
task() {
	jq -n --arg slot "$BATS_TEST_TMPDIR/slot" '{task_id: "1.1",
		spec_name: "demo", title: "Add a greeting",
		description: "Say hello.",
		acceptance_criteria: ["greets", "is tested"],
		slot_path: $slot, test_commands: ["make check"],
		timeout_seconds: 60}' | jq -c "${1:-.}"
}

remote_has_branch() {
	git -C remote.git rev-parse -q --verify "refs/heads/$1" >/dev/null
}
