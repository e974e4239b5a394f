#!/bin/sh
# install-packages.sh PACKAGE...: installs the Debian packages that are
# missing; does nothing, and needs neither root nor network, when none is.
set -eu

missing=
for package; do
	case $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || :) in
	*' installed') ;;
	*) missing="$missing $package" ;;
	esac
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -eq 0 ]; then
	as_root=
elif command -v sudo >/dev/null; then
	as_root='sudo'
else
	echo "missing packages; as root, run: apt-get install$missing" >&2
	exit 1
fi

echo "installing:$missing" >&2
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # both are lists of words
{
	$as_root apt-get -qq update
	$as_root apt-get -qq install -y --no-install-recommends $missing \
		>/dev/null
} </dev/null
