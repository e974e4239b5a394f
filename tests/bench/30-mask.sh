# nr-mask in `cat | X | cat` against cat, sed with 6 rules and rg, on a
# generated corpus full of keywords, on real logs made on the spot, and on
# hostile input; then what it masks in the real logs, to be judged by a person.
# Sourced by run.sh, which sets bench and work.
# shellcheck shell=sh disable=SC2154
corpus() {
	python3 "$bench/mask-corpus.py" "$@"
}

real_logs() {
	cat /var/log/dpkg.log* /var/log/apt/*.log 2>/dev/null || :
	apt-cache dumpavail 2>/dev/null | head -c 8000000 || :
	find /usr/share/doc -name 'changelog*' -exec zcat -f {} + 2>/dev/null |
		head -c 8000000 || :
	make -C "$bench/../.." -s BUILD="$work/build" BIN="$work/bin" V=1 -n all
	(cd "$bench/../.." && for source in lib/mask*.c; do
		cc -v -H -Wall -Wextra -Wconversion -fsyntax-only -iquote lib \
			"$source"
	done) 2>&1
	if bats --version >/dev/null 2>&1; then
		bats --tap "$bench/../nr-mask.bats" 2>&1 || :
	fi
	cat "$HOME"/.npm/_logs/*.log 2>/dev/null || :
	npm --loglevel silly --offline ls 2>&1 || :
	for _ in 1 2 3; do
		find /usr -xdev -ls 2>/dev/null | head -c 4000000 || :
	done
	env LC_ALL=C git -C "$bench/../.." log -p --no-color \
		-- lib src bin share man 2>/dev/null |
		head -c 12000000 || :
}

export A_SECRET=known-value-0123456789
sed_rules='s/ghp_[A-Za-z0-9]{36}/***/g;s/AKIA[A-Z2-7]{16}/***/g
s/(Bearer) [A-Za-z0-9._~+\/=-]{16,}/\1 ***/g;s/known-value-0123456789/***/g
s/(password|token|secret)=[^ &]{8,}/\1=***/g;s/:\/\/([^:@ ]+):[^@ ]+@/:\/\/\1:***@/g'
rg_rules='ghp_[A-Za-z0-9]{36}|AKIA[A-Z2-7]{16}|Bearer [A-Za-z0-9._~+/=-]{16,}|known-value-0123456789|(password|token|secret)=[^ &]{8,}|://[^:@ ]+:[^@ ]+@'

corpus stress 100 >stress.log
real_logs >real.log
for log in stress real; do
	printf '%s log, %s bytes, cat | X | cat, median of 7 runs\n' "$log" \
		"$(wc -c <$log.log)"
	python3 "$bench/pairs.py" -n 7 \
		"cat=cat $log.log | cat | cat >/dev/null" \
		"nr-mask=cat $log.log | nr-mask | cat >/dev/null" \
		"values only=cat $log.log | nr-mask -n | cat >/dev/null" \
		"sed, 6 rules=cat $log.log | LC_ALL=C sed -E '$sed_rules' | cat >/dev/null" \
		"rg, 6 rules=cat $log.log | rg --passthru -N -r '***' '$rg_rules' | cat >/dev/null"
done

printf 'Start-up, nothing to read\n'
python3 "$bench/pairs.py" -n 50 'cat=cat </dev/null' 'nr-mask=nr-mask </dev/null'

printf 'A write of a line, or a part of one, until it is read again, in us\n'
python3 "$bench/mask-latency.py" cat nr-mask

printf 'Hostile input, MB/s of nr-mask alone (wall, best of 3), peak MB\n'
for kind in $(corpus list 0); do
	corpus "$kind" 20 >hostile.log
	python3 "$bench/mask-speed.py" "$kind" hostile.log
done

printf 'Masked in %s bytes of real logs, by kind:\n' "$(wc -c <real.log)"
nr-mask --stats <real.log 2>&1 >real.masked | grep -v ' 0$' || :
diff --speed-large-files --text real.log real.masked |
	grep -a '^>' | cut -c1-160 | sort | uniq -c | sort -rn | head -n 40 || :
