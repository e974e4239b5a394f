# The whole of nr-run with an agent that changes one file, on a repository of
# 200 files with a local bare remote, against the same work done by a plain
# sh script with the git command, and by a Python script through GitPython.
# Sourced by run.sh, which sets bench and work.
# shellcheck shell=sh disable=SC2154,SC1091
printf 'The whole job: 200 files, local bare remote, median of 20 runs\n'
. "$bench/make-repository.sh"
make_repository 200 20 remote.git
for who in nr sh python; do
	git clone -q remote.git "slot-$who"
done
cat >config.yaml <<EOF
agent_command: echo change >>file-1.txt
artifact_store_url: file://$work/store
EOF
cat >task.sh <<EOF
printf '{"task_id":"%s","spec_name":"bench","title":"Change a file",
"slot_path":"$work/slot-nr","test_commands":["test -f file-1.txt"]}' "\$1" >task.json
EOF
python3 "$bench/pairs.py" -n 20 -b 'sh task.sh {n}' \
	"sh+git=sh $bench/whole-job.sh $work/slot-sh $work/store-sh {n}" \
	"nr-run=nr-run --config $work/config.yaml task.json" \
	"without sandbox=nr-run --config $work/config.yaml --sandbox off task.json" \
	"GitPython=python3 $bench/whole-job.py $work/slot-python $work/store-py {n}"
