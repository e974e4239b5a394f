load helper

: "${NR_TESTS:=$ROOT/build/tests}"

prepare_test() {
	unset GIT_TOKEN OPENAI_API_KEY ARTIFACT_STORE_API_KEY
	mkdir -p secrets config/necrocode
	export RUNNER_SECRETS_DIR=$PWD/secrets
}

secrets() {
	run --separate-stderr "$NR_TESTS/secrets" "$@"
}

@test "a secret comes from its variable, else from NAME_FILE, else from secrets_dir" {
	printf 'from-the-directory\n' >secrets/GIT_TOKEN
	secrets GIT_TOKEN <<<'from-the-directory from-a-file from-env'
	[ "$output" = $'GIT_TOKEN 18\n*** from-a-file from-env' ]
	printf 'from-a-file\r\n' >file
	GIT_TOKEN_FILE=file secrets GIT_TOKEN \
		<<<'from-the-directory from-a-file from-env'
	[ "$output" = $'GIT_TOKEN 11\n*** *** from-env' ]
	GIT_TOKEN=from-env-it-is GIT_TOKEN_FILE=file secrets GIT_TOKEN \
		<<<'from-the-directory from-a-file from-env-it-is'
	[ "$output" = $'GIT_TOKEN 14\n*** *** ***' ]
}

@test "variables that the configuration names are secrets, whatever they are called" {
	export RUNNER_GIT_TOKEN_ENV_VAR=OTHER RUNNER_MASK_ENV=ONE,TWO
	export OTHER=value-of-other ONE=value-of-one TWO=value-of-two
	secrets OTHER GIT_TOKEN <<<'value-of-other value-of-one value-of-two'
	[ "$output" = $'OTHER 14\nGIT_TOKEN none\n*** *** ***' ]
}

@test "a named secret that cannot be read is a ConfigError" {
	GIT_TOKEN_FILE=absent secrets <<<text
	[ "$status" -eq 78 ]
	[ -z "$output" ]
	[[ $stderr == *"cannot read the secret file 'absent': No such file"* ]]
	RUNNER_SECRETS_DIR=absent secrets <<<text
	[ "$status" -eq 78 ]
	[[ $stderr == *"cannot read the secrets directory"* ]]
}

@test "the values are known, for checks, also when output is not to be masked" {
	GIT_TOKEN=some-long-value RUNNER_MASK_SECRETS=no secrets GIT_TOKEN \
		<<<some-long-value
	[ "$output" = $'GIT_TOKEN 15\n***' ]
}

@test "a process with secrets cannot be read by its neighbours" {
	mkfifo in
	"$NR_TESTS/secrets" <in >out &
	exec 7>in
	echo ready >&7
	until [ -s out ]; do sleep 0.01; done
	[ "$(stat -c %U "/proc/$!/mem")" = root ]
	exec 7>&-
	wait
}
