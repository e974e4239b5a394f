#!/bin/sh
# SPDX-License-Identifier: MIT
# nr-run: the whole job, from a task to a pushed branch (nr-run(1)).
#
# One script, of this file, the others here, and main.sh; `make` joins them.
# Every program that is started costs about a millisecond, so what the shell
# can do it does itself; jq is called only where a run is resumed or a stage
# of ours has failed.
set -eu

# die CODE MESSAGE
die() {
	[ -z "$unused" ] || discard_run
	printf 'nr-run: %s\n' "$2" >&2
	exit "$1"
}

# say LEVEL EVENT MESSAGE: an event of our own; the text needs no escaping.
say() {
	printf '{"level":"%s","stage":"nr-run","event":"%s","msg":"%s"}\n' \
		"$1" "$2" "$3" >&2 || :
}

# program NAME: where it is, in $program: beside this script, or on PATH.
program() {
	program=$here/$1
	[ -x "$program" ] || program=$1
}
