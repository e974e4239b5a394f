#!/bin/sh
# Measures the toolkit against what people would use instead, in one run.
# Prints medians and ratios; judges nothing. Arguments: topics, such as
# 50-each; none: all of them.
set -eu
bench=$(cd "$(dirname "$0")" && pwd)
# Debian's own tools, which `make deps` installs, before any others.
PATH=$NR_BIN:/usr/bin:/bin:$PATH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export BENCH_LOG="$work/log" HOME="$work/home"
export GIT_CONFIG_NOSYSTEM=1
mkdir "$HOME"
git config --global user.name Bench
git config --global user.email bench@example.org

for topic in "$bench"/[0-9]*.sh; do
	name=${topic##*/}
	case " ${*:-${name%.sh}} " in *" ${name%.sh} "*) ;; *) continue ;; esac
	printf '\n'
	# shellcheck disable=SC1090 # a topic is found by its number
	(cd "$work" && . "$topic") || {
		tail -n 20 "$BENCH_LOG" >&2
		exit 1
	}
done
