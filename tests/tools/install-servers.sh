#!/bin/sh
# install-servers.sh DIRECTORY: installs the servers of
# tests/servers/npm/package.json there; does nothing when they are there
# already.
set -eu
list=$(dirname "$0")/../servers/npm/package.json
directory=$1

cmp -s "$list" "$directory/installed.json" && exit 0
command -v npm >/dev/null || {
	echo "a server of the tests comes from npm, which is not installed" >&2
	exit 1
}
rm -rf "$directory"
mkdir -p "$directory"
cp "$list" "$directory/package.json"
echo "installing servers of the tests from npm" >&2
npm install --prefix "$directory" --no-audit --no-fund --ignore-scripts \
	--loglevel=error >&2
cp "$list" "$directory/installed.json"
