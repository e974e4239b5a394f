load helper

: "${NR_TESTS:=$ROOT/build/tests}"

prepare_test() {
	# The secrets of whoever runs the tests are not those of the tests.
	for name in $(compgen -e); do
		case ${name^^} in
		*TOKEN* | *SECRET* | *PASS* | *KEY* | *CREDENTIAL* | *_PAT | \
			*_DSN | *CONNECTION* | *_URL | *_PROXY)
			unset "$name"
			;;
		esac
	done
	TOKEN=ghp_16C7e42F292c6912E7710c838347Ae178B4a
	export GIT_TOKEN=$TOKEN
	data=$ROOT/tests/nr-mask
}

masked() {
	run --separate-stderr nr-mask "$@"
}

@test "nr-mask hides the value of a variable that is named like a secret" {
	masked <<<"token: $TOKEN, twice: $TOKEN."
	[ "$status" -eq 0 ]
	[ "$output" = "token: ***, twice: ***." ]
	[ -z "$stderr" ]
}

@test "nr-mask knows which names are those of secrets" {
	while read -r verdict name; do
		result=$(echo 'a value-of-it b' | env "$name=value-of-it" nr-mask)
		case $verdict in
		secret) [ "$result" = 'a *** b' ] ;;
		open) [ "$result" = 'a value-of-it b' ] ;;
		esac || { echo "$name"; return 1; }
	done <"$data/names"
}

@test "nr-mask hides any variable that --env names, and what NAME_FILE holds" {
	printf 'from-a-file\n' >secret
	export OTHER=plain-name-value MORE_FILE=$PWD/secret
	masked --env OTHER --env MORE <<<'plain-name-value from-a-file'
	[ "$output" = '*** ***' ]
}

@test "nr-mask reads NAME_FILE of a name that looks like a secret's" {
	printf 'from-a-file\n' >secret
	API_TOKEN_FILE=$PWD/secret masked <<<'x from-a-file'
	[ "$output" = 'x ***' ]
}

@test "nr-mask says when a variable of --env is not set" {
	masked --env NO_SUCH_VARIABLE <<<hello
	[ "$status" -eq 0 ]
	[ "$output" = hello ]
	[[ $stderr == *"'NO_SUCH_VARIABLE' is not set"* ]]
}

@test "nr-mask hides what files and directories of secrets hold" {
	mkdir secrets secrets/..data
	printf 'value-of-one\n' >secrets/one
	printf 'value-of-two' >secrets/..data/two
	ln -s ..data/two secrets/two
	printf 'value-of-three\r\n' >three
	masked -d secrets -f three -l \
		<<<'value-of-one value-of-two value-of-three'
	[ "$output" = '***one*** ***two*** ***three***' ]
}

@test "nr-mask hides a value without the white space around it" {
	export A_SECRET='  a-secret-value 	' B_SECRET=$'\tx7y2 '
	masked <<<'a-secret-value, (x7y2)'
	[ "$output" = '***, (***)' ]
}

@test "nr-mask writes nothing when a secret cannot be read" {
	for options in '-f absent' '-d absent' '-f .'; do
		# shellcheck disable=SC2086
		masked $options <<<hello
		[ "$status" -eq 78 ]
		[ -z "$output" ]
		[[ $stderr == *"cannot read the secret"* ]]
	done
	API_TOKEN_FILE=absent masked <<<hello
	[ "$status" -eq 78 ]
	[ -z "$output" ]
	head -c 2000000 /dev/zero >large
	masked -f large <<<hello
	[ "$status" -eq 78 ]
}

@test "nr-mask hides the password in a URL, not the URL" {
	export DATABASE_URL='postgres://app:s3cr%40t-pass@db.example.org/app'
	masked <<<"$DATABASE_URL is s3cr@t-pass at db.example.org"
	[ "$output" = 'postgres://app:***@db.example.org/app is *** at db.example.org' ]
	export REDIS_URL=redis://:an0ther-one@cache
	masked <<<"an0ther-one $REDIS_URL"
	[ "$output" = '*** redis://:***@cache' ]
}

@test "nr-mask hides the key in a connection string" {
	export STORE_CONNECTION_STRING='Name=x;AccountKey=abc/def+123==;Suffix=y'
	masked <<<"$STORE_CONNECTION_STRING abc/def+123== Suffix=y"
	[ "$output" = '*** *** Suffix=y' ]
}

@test "nr-mask leaves what only looks like a secret" {
	while read -r setting; do
		export "${setting?}"
	done <"$data/common-values"
	nr-mask <"$data/untouched" >out 2>err
	cmp "$data/untouched" out
	[ "$(grep -c 'is shorter than 4 bytes and is not masked' err)" -eq 2 ]
	[ "$(wc -l <err)" -eq 2 ]
}

@test "nr-mask hides short values only where they stand alone" {
	export PIN_SECRET=q7x2
	masked <<<'q7x2 aq7x2 q7x2b (q7x2) _q7x2. q7x2'
	[ "$output" = '*** aq7x2 q7x2b (***) _***. ***' ]
	masked <<<$'\e[31mq7x2\e[0m "line\\nq7x2"'
	[ "$output" = $'\e[31m***\e[0m "line\\n***"' ]
}

@test "nr-mask hides values in every encoding that programs print them in" {
	NR_TESTS=$NR_TESTS run python3 "$data/forms.py"
	[ "$status" -eq 0 ] || { echo "$output"; return 1; }
}

@test "nr-mask hides values of which each character is escaped in another way" {
	NR_TESTS=$NR_TESTS run python3 "$data/loose.py" 1 2000
	[ "$status" -eq 0 ] || { echo "$output"; return 1; }
}

@test "nr-mask hides a value in UTF-16" {
	for order in utf-16le utf-16be; do
		echo "a $TOKEN b" | iconv -t $order | nr-mask | tr -d '\0' >out
		[ "$(<out)" = 'a *** b' ]
	done
}

@test "nr-mask hides a value with terminal colours in it" {
	masked <<<"a "$'\e[1;31m'"${TOKEN:0:7}"$'\e[0m\e[K'"${TOKEN:7}"$'\e[m'" b"
	[ "$output" = $'a \e[1;31m***\e[m b' ]
}

@test "nr-mask puts one mask for adjacent and overlapping values" {
	masked <<<"$TOKEN$TOKEN$TOKEN"
	[ "$output" = '***' ]
	export A_TOKEN=aabaabaabX B_TOKEN=aabXYZ99 C_TOKEN=aabXYZ99longer
	masked <<<'aabaabaabaabX, aabaabaabXYZ99, aabXYZ99long, aabXYZ99longer'
	[ "$output" = 'aab***, ***, ***long, ***' ]
}

@test "nr-mask hides a value that is cut short at the end" {
	printf '%s' "a ${TOKEN:0:16}" | { masked; [ "$output" = 'a ***' ]; }
	printf '%s' "a ${TOKEN:0:39}" | { masked; [ "$output" = 'a ***' ]; }
	printf '%s' "a ${TOKEN:0:8}" | { masked; [ "$output" = "a ${TOKEN:0:8}" ]; }
	export A_TOKEN=12345678x
	printf 'a 12345' | { masked; [ "$output" = 'a ***' ]; }
}

@test "nr-mask finds a value however it is cut into writes" {
	for at in 1 13 39; do
		result=$( (printf 'x %s' "${TOKEN:0:at}"; sleep 0.02
			printf '%s y' "${TOKEN:at}") | nr-mask)
		[ "$result" = 'x *** y' ]
	done
}

@test "nr-mask finds a value at the edges of its buffers" {
	python3 - "$TOKEN" <<-'END' >in
	import sys
	for edge in (65536, 65536 * 2, 65536 * 3, 2048):
	    for before in range(0, 45, 3):
	        out = sys.stdout.write("x" * (edge - before) + sys.argv[1] + "\n")
	END
	sed "s/$TOKEN/***/" in >want
	nr-mask <in | cmp - want
	nr-mask <in | cat | nr-mask --no-rules | cmp - want
}

@test "nr-mask hides values with stars in them, and once" {
	while IFS= read -r value; do
		printf 'one %s, "%s" ***%s*** end %s' \
			"$value" "$value" "$value" "$value" >in
		"$NR_TESTS/mask_splits" "$value" <in >out
		[ "$(<out)" = 'one ***, "***" ********* end ***' ] ||
			{ echo "$value: $(<out)"; return 1; }
	done <<-'END'
	ab*cd*ef1
	***hello***
	*x*y*z*1
	END
	A_SECRET='********' masked <<<'a rule: ********'
	[ "$output" = 'a rule: ********' ]
}

@test "nr-mask passes on at once what cannot be a part of a secret" {
	mkfifo in out
	nr-mask <in >out &
	exec 7>in 8<out
	printf 'a line\nthe start of ' >&7
	read -r -t 20 -N 20 text <&8
	[ "$text" = $'a line\nthe start of ' ]
	printf '%s, and' "$TOKEN" >&7
	read -r -t 20 -N 8 text <&8
	[ "$text" = '***, and' ]
	exec 7>&- 8<&-
	wait
}

@test "nr-mask hides a value of several lines, however it is printed" {
	printf -- '-----BEGIN KEY-----\n%s\n%s\n%s\n-----END KEY-----\n' \
		aaaabbbbccccddddeeeeffffgggg hhhhiiiijjjjkkkkllllmmmmnnnn Zx9= >key
	masked -f key <key
	[ "$output" = $'-----BEGIN KEY-----\n***\n-----END KEY-----' ]
	sed 's/$/\r/' key >crlf
	masked -f key <crlf
	[ "$output" = $'-----BEGIN KEY-----\r\n***\r\n-----END KEY-----\r' ]
	masked -f key <<<"+ echo $(paste -sd ' ' key)"
	[ "$output" = '+ echo -----BEGIN KEY----- *** -----END KEY-----' ]
	masked -f key <<<"$(jq -Rs . <key)"
	[ "$output" = '"-----BEGIN KEY-----\n***\n-----END KEY-----\n"' ]
	sed 's/^/12:00:01 stdout | /' key >prefixed
	masked -f key <prefixed
	[ "$output" = '12:00:01 stdout | -----BEGIN KEY-----
12:00:01 stdout | ***
12:00:01 stdout | ***
12:00:01 stdout | ***
12:00:01 stdout | -----END KEY-----' ]
	masked -f key <<<'the end: Zx9='
	[ "$output" = 'the end: Zx9=' ]
}

@test "nr-mask does not wait for the end of a run of blanks" {
	printf 'the-first-line\nthe-second-line' >secret
	(printf 'the-first-line'; head -c 8000000 /dev/zero | tr '\0' ' '
		printf x) | nr-mask -f secret >out
	[ "$(wc -c <out)" -eq 8000004 ]
}

@test "nr-mask hides the secret members of a value that is a JSON document" {
	cat >key.json <<-'END'
	{"type": "service_account", "project_id": "demo",
	 "private_key": "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0B\n-----END PRIVATE KEY-----\n",
	 "token_uri": "https://oauth2.example.org/token"}
	END
	masked -f key.json <key.json
	jq -e '.private_key == "***" and .type == "service_account"
		and .token_uri == "https://oauth2.example.org/token"' <<<"$output"
	masked -f key.json <<<"type: service_account, hkiG9w0B"
	[ "$output" = 'type: service_account, ***' ]
	base64 -w0 key.json >encoded
	masked -f key.json <encoded
	[[ $output =~ ^\*\*\*.{0,4}$ ]]
}

@test "nr-mask leaves JSON that is JSON" {
	while IFS=$'\t' read -r value text want; do
		export A_SECRET=$value
		nr-mask <<<"$text" >out
		jq -e . out >parsed || { echo "$value: $(<out)"; return 1; }
		[ "$(<out)" = "$want" ] || { echo "$value: $(<out)"; return 1; }
	done <"$data/json"
}

@test "a masked text that was JSON is JSON, whatever the value is" {
	while IFS=$'\t' read -r value text want; do
		"$NR_TESTS/mask_text" "$value" <<<"$text" >out
		jq -e . out >parsed || { echo "$value: $(<out)"; return 1; }
		[ "$(<out)" = "$want" ] || { echo "$value: $(<out)"; return 1; }
	done <"$data/json-texts"
}

@test "nr-mask --json keeps the shape of JSON, whatever the value is" {
	while IFS=$'\t' read -r value text want; do
		export A_SECRET=$value
		printf '%s\n%s' "$text" "$text" >in
		nr-mask --json <in >out
		[ "$(<out)" = "$want"$'\n'"$want" ] ||
			{ echo "$value: $(<out)"; return 1; }
		for at in 1 5 9 13; do
			(head -c "$at" in; sleep 0.01; tail -c +$((at + 1)) in) |
				nr-mask --json | cmp - out
		done
	done <"$data/json-texts"
}

@test "nr-mask --json stops at what is no JSON, and shows nothing of it" {
	for text in '{"a": 1} hello' '{"a": "b
c"}' "{'a': 1}" '{"a": 0x12}' '{"a": nul}'; do
		masked --json <<<"$text"
		[ "$status" -eq 65 ] || { echo "$text"; return 1; }
		[ "$stderr" = 'nr-mask: the input is no JSON: mask it without --json' ]
		[ "${text#"$output"}" != "$text" ]
	done
	[ "$output" = '{"a": ' ]
}

@test "nr-mask --json tells JSON that is cut short or unbalanced from JSON" {
	while IFS=$'\t' read -r verdict text; do
		for size in 1 3 1000; do
			run --separate-stderr bash -c 'printf %s "$1" |
				dd bs="$2" status=none | nr-mask --json' - \
				"$text" "$size"
			case $verdict in
			json) [ "$status" -eq 0 ] && [ "$output" = "$text" ] ;;
			none) [ "$status" -eq 65 ] && [ -n "$stderr" ] ;;
			esac || { echo "$verdict $text: $status $output"; return 1; }
		done
	done <"$data/json-verdicts"
	python3 -c 'print("[" * 1024 + "1" * 4096 + "]" * 1024)' >deep
	nr-mask --json <deep | cmp - deep
	masked --json <<<"[$(<deep)]"
	[ "$status" -eq 65 ]
	printf '' | { masked --json; [ "$status" -eq 0 ]; }
}

@test "nr-mask --idle shows a small beginning of a value to who waits" {
	mkfifo in out
	nr-mask --idle 20 <in >out &
	exec 7>in 8<out
	printf 'a path: gh' >&7
	read -r -t 20 -N 10 text <&8
	[ "$text" = 'a path: gh' ]
	printf '%s, x' "${TOKEN:2}" >&7
	read -r -t 20 -N 6 text <&8
	[ "$text" = '***, x' ]
	printf '%s' "${TOKEN:0:20}" >&7
	run -142 read -r -t 0.3 -N 1 <&8
	exec 7>&- 8<&-
	wait
	masked --idle soon <<<hello
	[ "$status" -eq 64 ]
	[ "$stderr" = "nr-mask: --idle needs milliseconds, up to an hour, not 'soon'" ]
}

@test "nr-mask passes bytes that are no text" {
	head -c 1000000 /dev/urandom >bytes
	printf '\0\377\376%s\0\303\n' "$TOKEN" >>bytes
	nr-mask <bytes >out
	head -c 1000000 bytes >want
	printf '\0\377\376***\0\303\n' >>want
	cmp want out
}

@test "masking twice is masking once" {
	{ cat "$data/untouched"; echo "$TOKEN*$TOKEN"; } >in
	nr-mask <in >once
	nr-mask <once >twice
	cmp once twice
	[ "$(tail -n 1 once)" = '*******' ]
}

@test "masking is the same for every split, and what brute force finds" {
	"$NR_TESTS/mask_property" 1 40
}

@test "one set of secrets serves texts, files and streams, and can grow" {
	"$NR_TESTS/mask_library"
}

@test "JSON stays JSON of the same shape, whatever is in it" {
	run python3 "$data/json_property.py" 1 2000
	[ "$status" -eq 0 ] || { echo "$output"; return 1; }
}

@test "nr-mask hides tokens of every kind it knows, by their form" {
	run python3 "$data/tokens.py" "$ROOT/share/patterns/default.rules"
	[ "$status" -eq 0 ] || { echo "$output"; return 1; }
}

@test "nr-mask hides what rules find, however it is cut, and no more" {
	for text in "$data"/rules/*.in; do
		"$NR_TESTS/mask_splits" <"$text" >out
		cmp "${text%.in}.out" out || {
			diff "${text%.in}.out" out
			return 1
		}
	done
}

@test "nr-mask leaves JSON that is JSON where rules match" {
	for kind in names json; do
		grep '^[{[]' "$data/rules/$kind.in" >lines
		while read -r line; do
			nr-mask <<<"$line" | jq -e 'keys' >masked
			jq keys <<<"$line" | cmp - masked
		done <lines
	done
}

@test "nr-mask needs no memory for a token of any length" {
	(printf 'Bearer a1'; head -c 30000000 /dev/zero | tr '\0' x
		echo ' end') | nr-mask >out
	[ "$(<out)" = 'Bearer *** end' ]
	(printf '"password": "'; head -c 30000000 /dev/zero | tr '\0' '\\'
		echo '" end') | nr-mask >out
	[ "$(<out)" = '"password": "***" end' ]
}

@test "a token that is cut short at the end is hidden" {
	printf 'a ghp_26C7e42F292c6912E7' | { masked; [ "$output" = 'a ghp_***' ]; }
	printf 'a ghp_26C7' | { masked; [ "$output" = 'a ghp_26C7' ]; }
}

@test "nr-mask --no-rules hides known values only" {
	masked --no-rules <<<"password=hunter2hunter2 $TOKEN"
	[ "$output" = 'password=hunter2hunter2 ***' ]
}

@test "nr-mask --rules adds kinds of secrets to the known ones" {
	cat >mine.rules <<-'END'
	# ours
	set x A-F
	token acme x 8 acme_
	key licence licence
	except *_dummy
	END
	masked --rules mine.rules --label \
		<<<'acme_ABCDEFAB, licence: "x", ghp_16C7e42F292c6912E7710c838347Ae178B4b token_dummy=a1b2c3d4'
	[ "$output" = 'acme_***acme***, licence: "***licence***", ghp_***github*** token_dummy=a1b2c3d4' ]
	masked --no-rules --rules mine.rules <<<'acme_ABCDEFAB password=a1b2c3d4'
	[ "$output" = 'acme_*** password=a1b2c3d4' ]
}

@test "nr-mask refuses a bad rule before it writes anything" {
	while IFS=$'\t' read -r rule message; do
		printf 'set a a-z\n%s\n' "$rule" >bad.rules
		masked --rules bad.rules <<<hello
		[ "$status" -eq 78 ] || { echo "$rule"; return 1; }
		[ -z "$output" ]
		[ "$stderr" = "nr-mask: bad.rules:2: $message: see nr-patterns(5)" ] ||
			{ echo "$rule: $stderr"; return 1; }
	done <"$data/bad-rules"
	masked --rules absent <<<hello
	[ "$status" -eq 78 ]
	[[ $stderr == *"cannot read the rules 'absent': No such file"* ]]
}

@test "nr-mask --check tells a kind of secret from a known value" {
	masked --check <<<'a ghp_16C7e42F292c6912E7710c838347Ae178B4b'
	[ "$status" -eq 77 ]
	[[ $stderr == *"what looks like a secret of kind 'github' is at line 1, column 7"* ]]
	masked --stats <<<'password=a1b2c3d4 pwd=a1b2c3d4'
	[ "$stderr" = $'GIT_TOKEN 0\npassword 2' ]
}

@test "nr-mask --check says where a secret is, and not what it is" {
	printf 'one\ntwo %s\n' "$TOKEN" >in
	masked --check <in
	[ "$status" -eq 77 ]
	[ -z "$output" ]
	[[ $stderr == *"the value of 'GIT_TOKEN' is at line 2, column 5"* ]]
	[[ $stderr != *"$TOKEN"* ]]
	masked --check <<<clean
	[ "$status" -eq 0 ]
	[ -z "$output$stderr" ]
}

@test "nr-mask --label names the value, in a way that needs no quoting" {
	masked --label <<<"$TOKEN"
	[ "$output" = '***GIT_TOKEN***' ]
	printf %s file-with-a-secret >'a "name"'
	masked --label -f 'a "name"' <<<file-with-a-secret
	[ "$output" = '***a__name_***' ]
}

@test "nr-mask --label shows no secret that is part of a name" {
	printf %s deadbeef99 >key-deadbeef99
	masked --label -f key-deadbeef99 <<<"a deadbeef99 $TOKEN"
	[ "$output" = 'a *** ***GIT_TOKEN***' ]
}

@test "nr-mask --stats counts by name" {
	export A_SECRET=another-one
	masked --stats <<<"$TOKEN $TOKEN another-one"
	[ "$output" = '*** *** ***' ]
	[ "$(sort <<<"$stderr")" = $'A_SECRET 1\nGIT_TOKEN 2' ]
}

@test "nr-mask copes with 10,000 values" {
	mkdir secrets
	python3 - <<-'END'
	import hashlib
	for i in range(10000):
	    token = "ghp_" + hashlib.sha256(b"%d" % i).hexdigest()[:36]
	    open("secrets/%d" % i, "w").write(token)
	    open("all", "a").write("%s\n" % token)
	END
	nr-mask -d secrets <all >out
	[ "$(sort -u out)" = '***' ]
	[ "$(wc -l <out)" -eq 10000 ]
}

@test "nr-mask needs little memory for a line of any length" {
	run python3 "$data/memory.py"
	[ "$status" -eq 0 ] || { echo "$output"; return 1; }
}

@test "nr-mask works on pipes that do not block" {
	run python3 "$data/nonblocking.py"
	[ "$status" -eq 0 ] || { echo "$output"; return 1; }
}

@test "nr-mask notices a full disk" {
	run --separate-stderr bash -c 'echo hello | nr-mask >/dev/full'
	[ "$status" -eq 74 ]
	[[ $stderr == *"cannot write the output: No space left on device"* ]]
}

@test "nr-mask ends quietly when nobody reads its output" {
	run --separate-stderr bash -c 'set -o pipefail
		yes "$GIT_TOKEN" | { nr-mask; echo "$?" >&2; } | head -n 1'
	[ "$output" = '***' ]
	[ "$stderr" = 74 ]
}

@test "nr-mask says when it cannot read its input" {
	masked <.
	[ "$status" -eq 74 ]
	[[ $stderr == *"cannot read the input: Is a directory"* ]]
}

@test "nr-mask explains itself" {
	masked --help
	[ "$status" -eq 0 ]
	[[ $output == usage:*--secret-file* ]]
	masked --version
	[ "$output" = "nr-mask $(<"$ROOT/VERSION")" ]
	masked --no-such-option
	[ "$status" -eq 64 ]
	[ -z "$output" ]
	masked argument
	[ "$status" -eq 64 ]
	[[ $stderr == *"unexpected argument 'argument'"* ]]
}
