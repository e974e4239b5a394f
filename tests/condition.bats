load helper

# The conditions of playbooks, by tests/lib/condition.c and two tables.
: "${NR_TESTS:=$ROOT/build/tests}"

@test "a condition means what nr-playbook(5) says" {
	local table=$BATS_TEST_DIRNAME/condition/cases
	sed -n '1s/.*; over //p' "$table" >values
	sed 1d "$table" | sed 's/ | .*//' >expected
	sed 1d "$table" | sed 's/^[a-z]* | //' >conditions
	"$NR_TESTS/condition" "$(cat values)" <conditions >actual
	diff <(paste -d'|' expected conditions) <(paste -d'|' actual conditions)
}

@test "what is wrong with a condition is told with its place and a hint" {
	while IFS=$'\t' read -r offset told condition; do
		[[ $offset != \#* ]] || continue
		run "$NR_TESTS/condition" <<<"$condition"
		echo "$condition -> $output"
		[[ $output == "$offset: "*"$told"* ]]
	done <"$BATS_TEST_DIRNAME/condition/bad"
}

@test "a condition that is nested deep or long is refused" {
	printf '%s\n' "$(printf '%100s' '' | tr ' ' '(')" \
		"$(printf 'not %.0s' {1..100})true" \
		"$(printf '%100s' '' | tr ' ' '[')" >deep
	"$NR_TESTS/condition" <deep >out
	[ "$(grep -c 'nested too deep' out)" -eq 3 ]
	{ printf 'a%.0s' $(seq 17000); echo; } | "$NR_TESTS/condition" >out
	grep -q 'too long' out
}

@test "a long condition of many parts is read" {
	{ printf 'a == 1 or %.0s' $(seq 1500); echo true; } |
		"$NR_TESTS/condition" >out
	[ "$(cat out)" = true ]
}
