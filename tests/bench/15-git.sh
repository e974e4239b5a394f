# nr-prepare, nr-exec and nr-push on a large repository, 50,000 commits and
# 5,000 files, against a plain sh script with the git commands for the same:
# at most 1.1 times the wall time each, and 64 MB.
# Sourced by run.sh, which sets bench and work.
# shellcheck shell=sh disable=SC2154,SC1091
. "$bench/make-repository.sh"
make_repository 5000 50000 big.git
git -C big.git repack -adq
git -C big.git update-ref refs/start main
for who in nr git; do
	git clone -q big.git "big-$who"
	find "big-$who/.git/objects" -type f >"packs-$who"
done
cat >big.yaml <<EOF
agent_command: cat >/dev/null
no_changes: success
EOF
cp "$bench/git-steps.sh" steps.sh

# forward COMMITS: so many more on the remote's main branch.
forward() {
	awk -v commits="$1" 'BEGIN {
		for (c = 1; c <= commits; c++) {
			printf "commit refs/heads/main\n"
			printf "committer Bench <bench@example.org> %d +0000\n", \
				1800000000 + c
			printf "data 4\nmore\n"
			if (c == 1)
				print "from refs/heads/main^0"
			text = "more " c
			printf "M 100644 inline dir-%d/file-%d.txt\ndata %d\n%s\n", \
				c % 40 + 2, (c % 40 + 2) * 100, length(text), text
		}
		print "done"
	}' | git -C big.git fast-import --quiet --done
}

# compare TITLE STEP [FILES]: before each run both slots are as they were,
# and for the steps after prepare FILES files are changed.
compare() {
	printf '\n%s\n' "$1"
	python3 "$bench/pairs.py" -n "${BENCH_RUNS:-7}" \
		-b "sh $work/steps.sh before $2 ${3:-0} {name} {n}" \
		"git=sh $work/steps.sh git $2 {n}" "nr=sh $work/steps.sh nr $2 {n}"
}

printf 'A repository of 50,000 commits and 5,000 files\n'
compare 'prepare, nothing new' prepare
forward 1
compare 'prepare, 1 new commit' prepare
forward 999
compare 'prepare, 1,000 new commits' prepare
git -C big.git update-ref refs/heads/main refs/start
compare 'diff of 1,000 changed files' exec 1000
compare 'commit and push of 1 changed file' push 1
compare 'commit and push of 1,000 changed files' push 1000
awk 'BEGIN { for (t = 1; t <= 1000; t++)
	printf "reset refs/tags/t%d\nfrom main~%d\n", t, t * 10 + 1
	print "done" }' | git -C big.git fast-import --quiet --done
compare 'commit and push of 1 changed file, 1,000 tags' push 1
