# SPDX-License-Identifier: MIT
# The command line and the configuration.

from=prepare to=report resume='' dry_run='' quiet=''
# What nr-config tells.
artifact_store_api_key_env='' artifact_store_url='' default_playbook_path=''
execution_mode='' git_token_env_var='' implementation_attempts=''
llm_api_key_env='' log_level='' mask_env='' mask_secrets='' secrets_dir=''
pull_request_token_env='' repo_pool_api_key_env='' structured_logging=''
task_registry_api_key_env=''

usage() {
	cat <<'END'
usage: nr-run [options] [task.json | -]
Has a task done: a branch that is tested and pushed, and a report.
Reads the task from the file, or from $TASK_CONTEXT when that is set, or from
standard input; writes the result to standard output.

      --from STAGE, --to STAGE   a part of prepare exec playbook test push
                                 upload report
      --resume RUN_ID            go on where that run stopped
      --stage STAGE=COMMAND      run your own command as this stage
      --dry-run                  say what would be done
      --keep                     leave a failed task's workspace as it is
      --config FILE              the configuration; see nr-config(5)
      --KEY VALUE                a configuration key, with dashes for _
  -q, --quiet                    show errors alone
  -h, --help                 show this
  -V, --version              show the version
END
}

is_stage() {
	case " $stages " in *" $1 "*) ;; *) return 1 ;; esac
}

need_stage() {
	is_stage "$2" || die 64 "$1: expected one of $stages, found '$2'"
}

swap_stage() {
	case $1 in *=?*) ;; *) die 64 "--stage: expected STAGE=COMMAND, found '$1'" ;; esac
	need_stage --stage "${1%%=*}"
	eval "command_${1%%=*}=\${1#*=}"
}

# own_option NAME VALUE
own_option() {
	case $1 in
	--from) need_stage "$1" "$2" && from=$2 ;;
	--to) need_stage "$1" "$2" && to=$2 ;;
	--resume) resume=$2 ;;
	--stage) swap_stage "$2" ;;
	--config) export NR_CONFIG="$2" ;;
	esac
}

show_version() {
	program nr-log
	version=$("$program" --version)
	echo "nr-run ${version#* }" || exit 74
	exit
}

own_flag() {
	case $1 in
	-h | --help) usage || exit 74 && exit ;;
	-V | --version) show_version ;;
	-q | --quiet) quiet=-q ;;
	--dry-run) dry_run=yes ;;
	--keep) export RUNNER_KEEP_WORKSPACE=true ;;
	esac
}

# Takes our own options out and hands the rest on, in its order.
parse() {
	left=$#
	while [ "$left" -gt 0 ]; do
		option=$1
		shift
		left=$((left - 1))
		case $option in
		--from | --to | --resume | --stage | --config)
			[ "$left" -gt 0 ] || die 64 "$option needs a value"
			own_option "$option" "$1"
			shift
			left=$((left - 1))
			;;
		--from=* | --to=* | --resume=* | --stage=* | --config=*)
			own_option "${option%%=*}" "${option#*=}" ;;
		-h | --help | -V | --version | -q | --quiet | --dry-run | --keep)
			own_flag "$option" ;;
		*) set -- "$@" "$option" ;;
		esac
	done
	configure "$@"
}

# The configuration's values become variables, its options RUNNER_ variables
# for the stages, and what is no option the operands.
configure() {
	program nr-config
	[ -n "$dry_run$resume" ] || unused=yes
	settings=$("$program" --sh ${unused:+--new-run} artifact_store_api_key_env \
		artifact_store_url default_playbook_path execution_mode git_token_env_var \
		implementation_attempts llm.api_key_env log_level mask_env \
		mask_secrets pull_request_token_env repo_pool_api_key_env run_dir \
		secrets_dir structured_logging task_registry_api_key_env \
		-- "$@") || exit
	eval "$settings"
	if [ -n "$unused" ]; then
		runs=${run_dir%/*}
	else
		runs=${run_dir:-${XDG_STATE_HOME:-$HOME/.local/state}/necrocode/runs}
	fi
	[ $# -le 1 ] || die 64 "expected one task, found $#: '$1', '$2'"
	task=${1-}
	selected "$to" || die 64 "--from $from comes after --to $to"
	[ "$execution_mode" = local-process ] || die 78 \
		"execution_mode '$execution_mode' is not available in this version; use local-process"
	case $artifact_store_url in
	'' | /* | [Ff][Ii][Ll][Ee]:* | [Hh][Tt][Tt][Pp]:* | [Hh][Tt][Tt][Pp][Ss]:* | [Ss]3:* | [Gg][Ss]:*) ;;
	*) die 78 "artifact_store_url '$artifact_store_url' cannot be used; it is one of file:///directory, https://host/path, s3://bucket/prefix and gs://bucket/prefix" ;;
	esac
}
