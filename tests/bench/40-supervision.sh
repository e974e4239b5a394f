# What it costs to supervise /bin/true, over fork and exec: at most 1.5 ms with
# everything on; and how fast output passes through, against cat.
# Sourced by run.sh, which sets bench and work.
# shellcheck shell=sh disable=SC2154
: "${NR_TESTS:=$bench/../../build/tests}"
printf 'Supervising /bin/true\n'
mkdir -p supervised
git -C supervised init -q
(cd supervised && "$NR_TESTS/supervise" cost 200)

printf '\n1 GB of output\n'
"$bench/pairs.py" -n 5 'cat=head -c 1G /dev/zero | cat | tail -c 1' \
	'nr-limit=nr-limit --stall-timeout 60 head -c 1G /dev/zero | tail -c 1'
printf '{"task_id":"output","spec_name":"bench","title":"Print",
"slot_path":"%s","test_commands":["head -c 1G /dev/zero"]}' \
	"$work/supervised" >output.json
"$bench/pairs.py" -n 5 'cat=head -c 1G /dev/zero | cat >out.log' \
	'nr-test=nr-test <output.json >output.out'

# Text is looked through for secrets; zeros are passed over.
cat "$bench"/../../lib/*.[ch] >some.txt
for _ in $(seq 100); do cat some.txt; done >text.log
printf '{"task_id":"output","spec_name":"bench","title":"Print",
"slot_path":"%s","test_commands":["cat %s/text.log"]}' \
	"$work/supervised" "$PWD" >text.json
printf '\n%d MB of source text\n' "$(($(wc -c <text.log) / 1000000))"
"$bench/pairs.py" -n 5 'cat=cat text.log | cat >out.log' \
	'unmasked=RUNNER_MASK_SECRETS=false nr-test <text.json >output.out' \
	'masked=nr-test <text.json >output.out'
