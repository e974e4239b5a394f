load helper

# The playbooks of share/playbooks, on small projects. go, cargo, npm and yarn
# are stood in for: what they are asked is what counts here.
prepare_test() {
	mkdir slot tools
	task 'del(.test_commands)' >task.json
	export RUNNER_SANDBOX=off
}

# tool NAME: prints how it was called into `calls`.
tool() {
	printf '#!/bin/sh\nprintf "%%s\\n" "%s $*" >>%s/calls\n' "$1" "$PWD" >"tools/$1"
	chmod +x "tools/$1"
}

# play NAME: the toolkit's playbook of this name on the slot.
play() {
	task ".playbook_path = \"$1\"" >task.json
	PATH=$PWD/tools:$PATH stage nr-playbook <task.json
}

# The names of the steps that were run.
ran() {
	field '[.playbook_result.step_results[] | select(.skipped | not) | .name] | join(", ")'
}

@test "every playbook of the toolkit is without mistakes, and as the schema says" {
	for file in "$ROOT"/share/playbooks/*.yaml "$ROOT"/share/examples/*/playbook.yaml; do
		run --separate-stderr nr-playbook --check "$file"
		[ "$status" -eq 0 ]
		[ -z "$stderr" ]
		python3 -c 'import json, sys, jsonschema, yaml
jsonschema.Draft202012Validator(json.load(open(sys.argv[1]))).validate(
	yaml.safe_load(open(sys.argv[2])))' "$ROOT/share/schema/playbook.schema.json" "$file"
	done
}

@test "the playbook for C builds and tests with make" {
	printf 'all: a\na: a.c\n\tcc -o a a.c\ntest: a\n\t./a\n' >slot/Makefile
	echo 'int main(void) { return 0; }' >slot/a.c
	play c
	[ "$status" -eq 0 ]
	[ "$(ran)" = 'Find the build system, Build and test with make' ]
	echo 'int main(void) { return 3; }' >slot/a.c
	play c
	[ "$status" -eq 85 ]
	rm slot/*
	play c
	[[ $(field .error.message) == *'found no CMakeLists.txt'* ]]
}

@test "the playbook for C builds and tests with Meson" {
	printf "project('x', 'c')\nt = executable('t', 't.c')\ntest('t', t)\n" >slot/meson.build
	echo 'int main(void) { return 0; }' >slot/t.c
	play c
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(ran)" = 'Find the build system, Build and test with Meson' ]
	[ "$(ls slot)" = $'meson.build\nt.c' ]
	echo 'int main(void) { return 3; }' >slot/t.c
	play c
	[ "$status" -eq 85 ]
}

@test "the playbook for Python compiles, and tests with what is there" {
	printf 'import unittest\nclass T(unittest.TestCase):\n    def test_it(self):\n        self.assertEqual(1, 1)\n' >slot/test_it.py
	play python
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $(ran) == *Compile*Test* ]]
	echo 'def x(:' >slot/bad.py
	play python
	[ "$status" -eq 85 ]
	[[ $(field .error.message) == *"step 'Compile'"*'bad.py:1'* ]]
}

@test "the playbook for Go formats, vets, builds and tests" {
	tool go
	tool gofmt
	touch slot/go.mod
	play go
	[ "$status" -eq 0 ]
	[ "$(ran)" = 'Format, Vet, Build, Test' ]
	[ "$(tr '\n' ';' <calls)" = 'gofmt -l .;go vet ./...;go build ./...;go test ./...;' ]
	printf '#!/bin/sh\necho a.go\n' >tools/gofmt
	play go
	[[ $(field .error.message) == *'not formatted: a.go'* ]]
}

@test "the playbook for Rust checks what its tools can" {
	tool cargo
	play rust
	[ "$status" -eq 0 ]
	[ "$(ran)" = 'Look at the tools, Format, Lint, Test' ]
	printf '#!/bin/sh\n[ "$1" = test ]\n' >tools/cargo
	play rust
	[ "$status" -eq 0 ]
	[ "$(ran)" = 'Look at the tools, Test' ]
}

@test "the playbook for web projects runs the scripts that there are" {
	tool npm
	echo '{"scripts": {"test": "node -e 0", "lint": "x"}}' >slot/package.json
	play frontend
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(ran)" = 'Look at package.json, Lint, Test' ]
	tool yarn
	touch slot/yarn.lock
	echo '{"scripts": {"build": "x"}, "devDependencies": {"x": "1"}}' >slot/package.json
	play frontend
	[ "$(ran)" = 'Look at package.json, Install, Build' ]
	[ "$(tail -n 2 calls | tr '\n' ';')" = 'yarn install --frozen-lockfile;yarn run build;' ]
	tool pnpm
	touch slot/pnpm-lock.yaml
	play frontend
	[ "$(tail -n 2 calls | tr '\n' ';')" = 'pnpm install --frozen-lockfile;pnpm run build;' ]
}

@test "the playbook for services goes by the language" {
	tool go
	tool gofmt
	touch slot/go.mod
	play backend
	[ "$status" -eq 0 ]
	[ "$(ran)" = 'Find the language, Format, Vet, Build, Test' ]
	rm slot/go.mod
	printf 'test:\n\techo tested\n' >slot/Makefile
	play backend
	[ "$(ran)" = 'Find the language, Another language' ]
	tool docker
	touch slot/compose.test.yaml
	play backend
	[ "$(ran)" = 'Find the language, Start services, Another language, Stop services' ]
}
