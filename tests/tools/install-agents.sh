#!/bin/sh
# install-agents.sh DIRECTORY: installs the coding agents of
# tests/agents/package.json there; does nothing when they are there already.
set -eu
list=$(dirname "$0")/../agents/package.json
directory=$1

cmp -s "$list" "$directory/installed.json" && exit 0
command -v npm >/dev/null || {
	echo "the agents come from npm, which is not installed" >&2
	exit 1
}
rm -rf "$directory"
mkdir -p "$directory"
cp "$list" "$directory/package.json"
echo "installing coding agents from npm (about 1.4 GB)" >&2
npm install --prefix "$directory" --no-audit --no-fund --ignore-scripts \
	--loglevel=error >&2
# These two put their program in place when they are installed.
(cd "$directory/node_modules/@anthropic-ai/claude-code" && node install.cjs)
(cd "$directory/node_modules/opencode-ai" && node postinstall.mjs)
cp "$list" "$directory/installed.json"
