# A file of 2 GiB to a WebDAV server on this machine: nr-upload, without and
# with masking, against curl -T. At most 1.15 times the time without masking,
# and at most 12 MB resident either way.
# Sourced by run.sh, which sets bench and work.
# shellcheck shell=sh disable=SC2154
printf 'Upload of 2 GiB by PUT; server: lighttpd\n'
run_dir=$work/runs/upload
mkdir -p "$run_dir" served
head -c 2147483648 /dev/urandom >"$run_dir/agent.stdout.log"
jq -n --arg dir "$run_dir" '{task_id: "upload", title: "t",
	timeout_seconds: 600, runner: {runner_id: "upload", run_dir: $dir,
		timeout_seconds: 600},
	impl_result: {success: true, attempts: [
		{stdout_path: ($dir + "/agent.stdout.log")}]}}' >upload.json
mkfifo ready
setpriv --pdeathsig TERM "$bench/../servers/webdav" --state "$work/served" \
	>ready 2>>"$BENCH_LOG" &
server=$!
read -r _ url <ready
mkdir -p "$work/served/files/_/upload/upload"
nr="nr-upload -i upload.json --artifact-store-url $url --artifact-store-type put"
python3 "$bench/pairs.py" -n 3 -b "find '$work/served/files' -type f -delete" \
	"curl=curl -sSf -o /dev/null -T '$run_dir/agent.stdout.log' $url/c.log" \
	"nr-upload=$nr --strict --mask-secrets=no" \
	"masked=$nr --strict"
kill "$server"
wait "$server" || :
rm -rf "$run_dir" served
