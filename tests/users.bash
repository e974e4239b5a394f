# For tests of what must hold for root and for an ordinary user: `load users`.
# Root also runs things as nobody, with copies of the programs that nobody can
# get at. Sets NR_USERS to who there is to try.

# shellcheck disable=SC2034 # for those who load this
if [ "$(id -u)" -eq 0 ]; then
	NR_USERS='self nobody'
else
	NR_USERS=self
fi

# A directory that all users may write to, with the programs in bin/.
make_common() {
	common=$BATS_TEST_TMPDIR/common
	mkdir -p "$common/bin"
	# Only the directories above; files beside them come and go.
	chmod o+x "$BATS_RUN_TMPDIR" "${BATS_TEST_TMPDIR%/*}" \
		"$BATS_TEST_TMPDIR"
	chmod 1777 "$common"
	cp "$NR_BIN/nr-limit" "$NR_TESTS"/escape/* "$common/bin"
	chmod -R go+rX "$common/bin"
	export PATH="$common/bin:$PATH"
	cd "$common" || exit
}

# as USER COMMAND...
as() {
	local user=$1
	shift
	case $user in
	self) "$@" ;;
	nobody) HOME=$common setpriv --reuid=65534 --regid=65534 --clear-groups "$@" ;;
	esac
}

# limited USER [ARGS]: nr-limit as that user, its report in $report.
limited() {
	local user=$1
	shift
	rm -f report.json
	run --separate-stderr as "$user" nr-limit --report report.json "$@"
	report=$(cat report.json)
}

# The value at a jq path of the report.
of_report() {
	jq -r "$1" <<<"$report"
}

# Does a program of this test still run? All are started by their whole path,
# which is this test's alone: others may run programs of the same name.
is_running() {
	pgrep -f "^$common/bin/$1( |\$)"
}

# Can the sandbox mount here? In a chroot, and in most containers, it cannot;
# what holds there instead is said by the tests that ask.
can_mount() {
	nr-limit -s workspace --report mounts.json true 2>/dev/null
	[ "$(jq -r .sandbox.tmp mounts.json)" = mounts ]
}

# without_cgroups [UNSHARE OPTION]... -- COMMAND...: where no control group is
# mounted. If nothing can be mounted to hide them, there must be none.
without_cgroups() {
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	if unshare -m true 2>/dev/null; then
		# shellcheck disable=SC2016 # for the inner shell
		unshare -m "${options[@]}" bash -c \
			'mount -t tmpfs none /sys/fs/cgroup && exec "$@"' bash "$@"
	else
		[ ! -e /sys/fs/cgroup/cgroup.procs ]
		"$@"
	fi
}
