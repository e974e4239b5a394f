load helper

: "${NR_TESTS:=$ROOT/build/tests}"

# commands SHELL VALUE: every command of the table prints the value, and
# nothing else happens.
commands() {
	local command values
	values=$(jq -nc --arg v "$2" '{v: $v, o: {v: $v}}')
	while IFS= read -r command; do
		[[ $command != '# Each'* ]] || continue
		command=${command//¶/$'\n'}
		echo "$1: $command"
		TEST_SHELL=$1 "$NR_TESTS/template" "$values" "$command" >out
		diff <(printf '[%s]\n' "$2") out
	done <"$BATS_TEST_DIRNAME/template/commands"
	[ ! -e harm ]
}

@test "a value stays what it is wherever a command names it" {
	for value in plain 'two  words' '"; touch harm; "' "'; touch harm; '" \
		'$(touch harm)' '`touch harm`' '\' '*' '${HOME}' '{{v}}' \
		'"; rm -rf ./none; "' 'ü – 日本' '-n' '%s' $'a\nb' '&& touch harm'; do
		commands dash "$value"
	done
	commands bash '"; touch harm; "'\''$(touch harm)'
}

@test "where the shell calculates no value can be put" {
	local line before
	while IFS= read -r line; do
		[[ $line != \#* ]] || continue
		line=${line//¶/$'\n'}
		before=${line%%^*}
		run "$NR_TESTS/template" '{"v":1,"o":{"v":1}}' "$before${line#*^}"
		printf '%s\n-> %s\n' "$line" "$output"
		[ "$status" -eq 1 ]
		[[ $output == "${#before}: the shell calculates with what stands here"* ]]
	done <"$BATS_TEST_DIRNAME/template/refused"
}

@test "a name that is not defined is told, and one in a quoted here-document" {
	run "$NR_TESTS/template" '{}' 'echo {{titel}}'
	[ "$output" = 'undefined: titel' ]
	run "$NR_TESTS/template" '{"a":1}' $'cat <<"EOF"\n{{a}}\nEOF'
	[[ $output == '12: a here-document whose end is in quotes'* ]]
}

@test "what is not the playbook's is left to the shell and to others" {
	export TEST_SHELL=sh NAME=own
	run "$NR_TESTS/template" '{"NAME":"x","HOME":"x","end":1}' \
		'echo "${NAME}" "$NAME" "${none:-no}" "{{.Names}} {{"{{"}}end}}"'
	[ "$output" = 'own own no {{.Names}} {{end}}' ]
}

@test "arrays of the shell, and what stands in single quotes, are left to it" {
	export TEST_SHELL=bash
	run "$NR_TESTS/template" '{"b":["y"],"o":{"v":"z"}}' \
		'a=(x "y z"); i=1; echo "${a[0]} ${a[@]} ${a[i]} ${#a[1]} $((${a[0]} + 1))" ${b[0]}'
	[ "$output" = 'x x y z y z 3 1 y' ]
	run "$NR_TESTS/template" '{"o":{"v":"z"}}' \
		$'echo \'${o.v}\' "${o.v}" # it is ${none.x}\ncat <<\\E\n${o.v}\nE'
	[ "$output" = $'${o.v} z\n${o.v}' ]
}

@test "a large value can be named many times" {
	local value
	value=$(head -c 60000 /dev/zero | tr '\0' x)
	TEST_SHELL=sh run "$NR_TESTS/template" "{\"v\":\"$value\"}" \
		"$(printf 'v={{v}};%.0s' {1..100}) echo \${#v}"
	[ "$output" = 60000 ]
}

@test "in other texts the value itself is put in" {
	run "$NR_TESTS/template" '{"a":{"b":[1,"x"]},"n":1.5,"t":"it'\''s"}' \
		-t '{{a.b}} ${a.b[1]} {{n}} ${t} ${NONE} $t'
	[ "$output" = "[1,\"x\"] x 1.5 it's  \$t" ]
}
