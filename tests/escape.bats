load helper
load users
: "${NR_TESTS:=$ROOT/build/tests}"

prepare_test() {
	make_common
	export common
	mkdir ws outside home hidden
	mkdir home/.ssh
	echo precious >outside/file
	echo secret >hidden/secret
	echo secret >home/.ssh/id
	echo secret >home/.netrc
	echo mine >home/.bashrc
	echo mine >ws/file
	echo mine >ws/own-file
	ln -s ../outside/file ws/link-to-outside
	chmod -R a+rwX ws outside home hidden
	common_home=$PWD/home
}

# boxed USER [ARGS]: in the sandbox, with the workspace as current directory.
boxed() {
	local user=$1
	shift
	rm -f report.json
	run --separate-stderr as "$user" env HOME="$common_home" sh -c 'cd ws && exec "$@"' sh \
		nr-limit -s workspace --hide "$common/hidden" --report ../report.json "$@"
}

# boxed_elsewhere USER [ARGS]: the same, where nothing of it lies in /tmp. For
# root.
boxed_elsewhere() {
	local user=$1
	shift
	rm -f report.json
	export -f as
	# shellcheck disable=SC2016 # for the inner shell
	run --separate-stderr unshare -m bash -c '
		mount --bind "$common" /mnt && cd /mnt/ws && PATH=/mnt/bin:$PATH && as "$@"' bash \
		"$user" env HOME=/mnt/home nr-limit -s workspace --hide /mnt/hidden \
		--report ../report.json "$@"
}

# boxed_bare self [ARGS]: the same where nothing can be mounted, so that the
# rules alone have to hold what otherwise mounts hold. For root.
boxed_bare() {
	shift
	rm -f report.json
	# shellcheck disable=SC2016 # for the inner shell
	run --separate-stderr unshare -m bash -c '
		mount --bind "$common" /mnt && cd /mnt/ws && PATH=/mnt/bin:$PATH && exec "$@"' bash \
		setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin \
		env HOME=/mnt/home XDG_STATE_HOME=/mnt nr-limit -s workspace --hide /mnt/hidden \
		--report ../report.json "$@"
}

# The task of helper.bash, for a slot in this directory.
task_here() {
	task ".slot_path = \"$PWD/slot\" | ${1:-.}"
}

# One that does what it must not do when there is no sandbox.
is_precious() {
	[ "$(cat outside/file)" = precious ]
	[ "$(ls outside)" = file ]
}

@test "what hides from the supervisor is found and ended, every way" {
	local user way pid ways='session daemon output deaf stopped stops-itself thread
		name vfork runs-away numbers reaper comes-back'
	for user in $NR_USERS; do
		rm -f pids.* status.* errors.*
		for way in $ways; do
			(
				code=0
				as "$user" timeout 30 nr-limit -t 0.5 -k 0.1 \
					"$common/bin/hide" "$way" "pids.$way" 2>"errors.$way" || code=$?
				echo "$code" >"status.$way"
			) &
		done
		wait
		for way in $ways; do
			[[ $(cat "status.$way") =~ ^(0|124)$ ]] || {
				echo "$user: $way: $(cat "status.$way")"
				return 1
			}
			run ! grep 'cannot end' "errors.$way"
			[ -s "pids.$way" ]
			while read -r pid; do
				[ ! -d "/proc/$pid" ] || {
					echo "$user: $way: $pid is left"
					return 1
				}
			done <"pids.$way"
		done
		run ! is_running hide
	done
}

@test "what hides is ended too when the runner is cancelled" {
	local way pid
	for way in deaf daemon stopped reaper; do
		rm -f pids
		nr-limit -k 0.1 sh -c "$common/bin/hide $way pids; sleep 60" &
		pid=$!
		while [ ! -s pids ]; do sleep 0.02; done
		kill -TERM "$pid"
		wait "$pid" || :
		run ! is_running hide
	done
}

@test "what hides is ended too when the runner is killed, or its guard, or the whole group" {
	local user guard runner group victim i
	for user in $NR_USERS; do
		for victim in guard runner group; do
			rm -f pids guard
			mkdir -p -m 777 left
			TMPDIR=$common/left as "$user" setsid sh -c 'echo $$ >guard; exec nr-limit -k 0.1 -m 1G \
				-w . sh -c "$1 deaf pids; sleep 60"' sh "$common/bin/hide" &
			while [ ! -s pids ]; do sleep 0.02; done
			guard=$(cat guard) group=-$guard
			runner=$(pgrep -P "$guard")
			kill -KILL -- "${!victim}"
			wait $! || :
			for i in $(seq 200); do
				is_running hide || [ -d "/proc/$runner" ] || break
				sleep 0.05
			done
			run ! is_running hide
			[ ! -d "/proc/$runner" ]
			for i in $(seq 100); do
				[ "$(ls -A left)" ] || break
				sleep 0.05
			done
			[ -z "$(ls -A left)" ]
			[ -z "$(find /sys/fs/cgroup -name "necrocode-$runner" 2>/dev/null)" ]
		done
	done
}

@test "the guard of a runner that was killed removes nothing that is not its own any more" {
	can_mount || return 0 # nothing is hidden by a directory of its own
	local guard masks
	mkfifo full
	exec 5<>full
	head -c 65536 /dev/zero >&5
	# shellcheck disable=SC2016 # for the inner shell
	nr-limit --report-fd 5 --hide hidden awk '$5 ~ "/hidden$" { print $4 }' /proc/self/mountinfo >masks &
	guard=$!
	while [ ! -s masks ] || [ -e "/dev/shm$(cat masks)" ]; do sleep 0.02; done
	masks=/dev/shm$(dirname "$(cat masks)")
	while ! mkdir "$masks" 2>/dev/null; do sleep 0.02; done
	kill -KILL "$(pgrep -P "$guard")"
	wait "$guard" || :
	rmdir "$masks"
	exec 5>&-
}

# denied BOXED USER: every attempt of the table is.
denied() {
	local what argument
	while IFS='|' read -r what argument; do
		case $argument in
		ws/*) argument=${argument#ws/} ;;
		/* | '' | x) ;;
		*) argument=../$argument ;;
		esac
		"$1" "$2" attempt "$what" "$argument" </dev/null
		[ "$status" -eq 1 ] || {
			echo "$1 $2: $what $argument: $status $output $stderr"
			return 1
		}
	done < <(grep -v '^#' "$ROOT/tests/escape.denied")
	is_precious
	[ "$(cat home/.bashrc)" = mine ]
	[ ! -u ws/file ]
}

@test "the sandbox denies every attempt of the table, to root and to others" {
	local user
	for user in $NR_USERS; do
		denied boxed "$user"
		[ "$(id -u)" -ne 0 ] || denied boxed_elsewhere "$user"
	done
	[ "$(id -u)" -ne 0 ] || denied boxed_bare self
}

@test "the same attempts mostly work without a sandbox, so that the table means something" {
	local what
	for what in 'write outside/file' 'create outside/new' 'truncate outside/file' \
		'read hidden/secret' 'write home/.bashrc' 'read home/.ssh/id' \
		'set-user-id ws/file' 'bind-path outside/socket'; do
		# shellcheck disable=SC2086 # words
		run nr-limit attempt $what
		[ "$status" -eq 0 ]
	done
}

@test "nothing outside is changed by links, renames and open descriptors" {
	local user
	for user in $NR_USERS; do
		boxed "$user" sh -c '
			ln ../outside/file hard && echo x >hard
			mv ../outside/file stolen
			mv file ../outside/given
			ln -s ../outside dir && echo x >dir/new
			echo x >>/proc/self/cwd/../outside/file
			exec 5<../outside/file && echo x >/proc/self/fd/5
			rm -f ../outside/file
			rmdir ../outside
			mkdir ../outside/dir
			mkfifo ../outside/pipe
			tar -C .. -cf x.tar outside/file && tar -C .. -xf x.tar --overwrite
			cp file ../outside/file
			:'
		[ "$status" -eq 0 ]
		is_precious
		rm -rf ws/dir ws/x.tar ws/hard
	done
}

@test "modes, owners and times of what is outside stay as they are" {
	can_mount || return 0 # rules about files know nothing of them
	local user before
	mv outside/file outside/mine
	before=$(stat -c '%a %u %Y' outside outside/mine)
	for user in $NR_USERS; do
		[ "$user" = self ] || chown 65534 outside outside/mine
		before=$(stat -c '%a %u %Y' outside outside/mine)
		boxed "$user" sh -c 'chmod 777 ../outside/mine; chmod 700 ../outside; touch -t 202001010000 ../outside/mine
			chown 65534 ../outside; setfattr -n user.x -v y ../outside/mine; chmod 600 own-file; chmod 700 .'
		[ "$(stat -c '%a %u %Y' outside outside/mine)" = "$before" ]
		[ "$(stat -c %a ws/own-file)" -eq 600 ] || [ "$user" != self ]
		chmod 666 ws/own-file
		chmod 777 ws
	done
}

@test "in the workspace files can be made, renamed, linked, removed" {
	local user
	for user in $NR_USERS; do
		boxed "$user" sh -euc '
			mkdir -p a/b && echo 1 >a/one && mv a/one a/b/two && ln a/b/two three
			ln -s three four && mkfifo pipe && truncate -s 0 three && cat four
			echo 1 >a/b/five && mv a/b ../ws/c && rm -r c a three four pipe
			python3 -c "import socket; socket.socket(socket.AF_UNIX).bind(\"s\")"
			rm s; touch own; chmod 600 own; touch -t 202001010000 own; rm own
			echo fine >/dev/null'
		[ "$status" -eq 0 ]
	done
}

@test "output that is a file can be opened again by its name in /dev" {
	nr-limit -w ws sh -c 'echo one; echo two >>/dev/stdout' >out
	[ "$(cat out)" = $'one\ntwo' ]
}

@test "/tmp and /var/tmp can be written to by name, and are its own" {
	can_mount || return 0 # the test of where nothing can be mounted tells
	local user boxed=boxed theirs
	theirs=$(mktemp /tmp/nr-test.XXXXXX)
	for user in $NR_USERS; do
		for boxed in boxed boxed_elsewhere; do
			[ "$(id -u)" -eq 0 ] || [ "$boxed" = boxed ] || continue
			"$boxed" "$user" sh -euc 'echo a >/tmp/nr-test.fixed; cat /var/tmp/nr-test.fixed
				mktemp /tmp/jo.XXXX >/dev/null; mktemp >/dev/null; ! ls /tmp/nr-test.?????? 2>&-
				mkdir -p "$TMPDIR/a/b"; chmod 0 "$TMPDIR/a"; echo "$TMPDIR"'
			[ "$output" = $'a\n/tmp' ]
			[ "$(jq -r .sandbox.tmp report.json)" = mounts ]
			[ ! -e /tmp/nr-test.fixed ]
		done
	done
	rm "$theirs"
	[ -z "$(find /tmp -maxdepth 1 -name 'nr-sandbox-*' -newer "$common/home" -user "$(id -u)" -empty)" ]
}

@test "the commands of one run share their /tmp, and links in it lead nowhere" {
	can_mount || return 0 # there is none of their own
	make_slot
	stage nr-test < <(task_here '.test_commands = ["echo 1 >/tmp/one; ln -s /etc /tmp/link; mkdir -m 0 /tmp/shut",
		"cat /tmp/one; echo x >/tmp/link/nr-test; test ! -e /etc/nr-test"]')
	[ "$status" -eq 0 ]
	[ "$(field '.test_result.test_results[1].stdout')" = 1 ]
	[ ! -e /tmp/one ]
}

@test "what arguments and environment name in /tmp is there, to be read" {
	local user theirs
	theirs=$(mktemp -d /tmp/nr-test.XXXXXX)
	chmod 755 "$theirs"
	echo 'echo "$0"; echo x >"$0"; cat "${DATA#:}"' >"$theirs/script"
	echo data >"$theirs/data"
	ln -s "$theirs" "$theirs.link"
	for user in $NR_USERS; do
		boxed "$user" sh "$theirs/script" </dev/null
		[ "${lines[0]}" = "$theirs/script" ]
		DATA=:$theirs.link/data boxed "$user" sh -c 'cat "${DATA#:}"; echo x >"${DATA#:}"'
		[ "$output" = data ]
		[ "$(cat "$theirs/data")" = data ]
	done
	rm -r "$theirs" "$theirs.link"
}

@test "however a path in /tmp is written, what is hidden stays hidden" {
	local user path secret=$common/hidden/secret
	for user in $NR_USERS; do
		for path in /tmp/.. /tmp/../ /tmp/./x /tmp//x "/tmp/./${secret#/tmp/}" "/tmp//${secret#/tmp/}"; do
			boxed "$user" --hide /etc/hostname sh -c 'cat /../etc/hostname /etc/hostname "$0"' "$secret" "$path"
			[ -z "$output" ]
			X=a:$path boxed "$user" --hide /etc/hostname sh -c 'cat /../etc/hostname /etc/hostname "$0"' "$secret"
			[ -z "$output" ]
		done
		boxed "$user" cat "/tmp//./${common#/tmp/}/ws/file"
		[ "$output" = mine ]
	done
}

@test "of what is hidden in /tmp only what may be read is there" {
	mkdir -p runs/own runs/other
	echo own >runs/own/log
	echo other >runs/other/log
	chmod -R a+rwX runs
	local user boxed expected=$'own\nown'
	# Rules about files hide contents, but no names.
	can_mount || expected=$'own\nother\nown'
	for user in $NR_USERS; do
		boxed "$user" --hide ../runs --read ../runs/own sh -c 'cat ../runs/*/log
			echo x >../runs/own/log; echo x >../runs/new; cat "../runs/other/log"; ls ../runs'
		[ "$output" = "$expected" ]
		[ "$(cat runs/own/log)" = own ]
		[ "$(ls runs)" = $'other\nown' ]
	done
}

@test "where nothing can be mounted /tmp is the machine's, unless the workspace is in there" {
	[ "$(id -u)" -eq 0 ] || return 0
	local elsewhere bare='setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin'
	# shellcheck disable=SC2086 # words
	run --separate-stderr $bare nr-limit -s workspace -w ws --report report.json \
		sh -c 'echo x >>/tmp/nr-test.no; mktemp; echo x >ws/new; cat ws/new'
	[ "$(jq -r .sandbox.tmp report.json)" = null ]
	[[ ${lines[0]} == /tmp/nr-sandbox-??????/* ]]
	[ "${lines[1]}" = x ]
	[[ $stderr == *'cannot write to /tmp, only to their TMPDIR'* ]]
	[ ! -e /tmp/nr-test.no ]
	elsewhere=$(mktemp -d /srv/nr-test.XXXXXX)
	mkdir "$elsewhere/ws"
	cp -r home "$elsewhere"
	# shellcheck disable=SC2016,SC2086 # for the inner shell; words
	run --separate-stderr env XDG_STATE_HOME="$elsewhere" HOME="$elsewhere/home" sh -c '
		cd "$1/ws" && shift && exec "$@"' sh "$elsewhere" \
		$bare nr-limit -s workspace --report ../report.json \
		sh -c "mktemp /tmp/nr-test.XXXXXX && cat ../home/.ssh/id"
	[ "$(jq -r .sandbox.tmp "$elsewhere/report.json")" = Landlock ]
	rm -r "$elsewhere"
	[[ $output == /tmp/nr-test.?????? ]]
	rm "$output"
}

@test "a /tmp that somebody else mounted there is no sandbox's, whatever it is called" {
	[ "$(id -u)" -eq 0 ] || return 0
	mkdir -p home/nr-runner/tmp/ws
	# shellcheck disable=SC2016 # for the inner shell
	run --separate-stderr unshare -m bash -c '
		mount --bind "$PWD" /mnt && mount --bind home/nr-runner/tmp /tmp && cd /tmp/ws && PATH=/mnt/bin:$PATH && exec "$@"' bash \
		setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin \
		env HOME=/mnt/home XDG_STATE_HOME=/mnt nr-limit -s workspace --report /mnt/report.json \
		sh -c 'echo x >/tmp/nr-test.no; echo x >new; cat new'
	[ "$output" = x ]
	[ "$(jq -r .sandbox.tmp report.json)" = null ]
	[ ! -e home/nr-runner/tmp/nr-test.no ]
}

@test "neither environment nor memory nor descriptors of the runner can be had" {
	local user pid
	for user in $NR_USERS; do
		boxed "$user" sh -c '
			cat "/proc/$PPID/environ" && echo environ
			attempt memory "$PPID" && echo memory
			attempt trace "$PPID" && echo trace
			attempt descriptor "$PPID" && echo descriptor
			attempt signal "$PPID" && echo signal
			cat "/proc/$PPID/fd/0" && echo fd
			:' </dev/null
		[ "$status" -eq 0 ]
		[[ $output != *[a-z]* ]]
	done
}

@test "a process of the same user outside cannot be signalled, traced or read" {
	local user pid
	for user in $NR_USERS; do
		as "$user" sh -c 'echo $$ >pid; TOKEN=abc exec sleep 60' &
		while [ ! -s pid ]; do sleep 0.02; done
		pid=$(cat pid)
		boxed "$user" sh -c "attempt signal $pid; attempt trace $pid; attempt memory $pid
			tr '\\0' '\\n' </proc/$pid/environ | grep TOKEN; kill -9 $pid; :"
		[[ $output != *TOKEN* ]]
		[ "$(grep -c . <<<"$output")" -eq 3 ]
		kill "$pid"
		wait $! || :
		rm -f pid
	done
}

@test "setuid programs give nothing" {
	cp "$(command -v id)" bin/suid-id
	chmod 4755 bin/suid-id
	local user
	for user in $NR_USERS; do
		boxed "$user" suid-id -u
		[ "$output" = "$(as "$user" id -u)" ]
		boxed "$user" grep NoNewPrivs /proc/self/status
		[ "$output" = $'NoNewPrivs:\t1' ]
	done
}

@test "root has no capabilities over the machine" {
	boxed self sh -c 'sed -n "s/^Cap[PEIA].*:.//p" /proc/self/status'
	local set
	# All but chown, files of others, kill, identity, low ports, chroot.
	while read -r set; do
		[ $((0x$set & ~0x404ff)) -eq 0 ]
	done <<<"$output"
}

@test "who is watched is told by abstract sockets of others no more than by their processes" {
	python3 -c 'import socket, time
s = socket.socket(socket.AF_UNIX)
s.bind(b"\0necrocode-test-'$$'")
s.listen()
open("listening", "w")
time.sleep(60)' &
	local server=$! user
	while [ ! -e listening ]; do sleep 0.02; done
	run attempt connect-name "necrocode-test-$$"
	[ "$status" -eq 0 ]
	for user in $NR_USERS; do
		boxed "$user" attempt connect-name "necrocode-test-$$"
		[ "$status" -eq 1 ]
	done
	kill "$server"
}

@test "--no-network: nobody outside is reached, with and without a sandbox" {
	python3 -m http.server 0 --bind 127.0.0.1 >server.log 2>&1 &
	local server=$! port user mode
	while ! port=$(grep -om1 'port [0-9]*' server.log | cut -d' ' -f2) || [ -z "$port" ]; do
		sleep 0.05
		ss -ltnp >server.log.2 2>/dev/null || :
		port=$(python3 - "$server" <<-'EOF'
			import os, sys
			inodes = {os.readlink(f"/proc/{sys.argv[1]}/fd/{f}")
			          for f in os.listdir(f"/proc/{sys.argv[1]}/fd")}
			for line in open("/proc/net/tcp").readlines()[1:]:
			    w = line.split()
			    if f"socket:[{w[9]}]" in inodes and w[3] == "0A":
			        print(int(w[1].split(":")[1], 16))
		EOF
		)
		[ -z "$port" ] || break
	done
	run attempt connect "$port"
	[ "$status" -eq 0 ]
	for user in $NR_USERS; do
		for mode in off workspace; do
			limited "$user" -s "$mode" -w "$common" --no-network attempt connect "$port"
			[ "$status" -eq 1 ]
			[ "$(of_report .sandbox.network)" != allowed ]
			limited "$user" -s "$mode" -w "$common" --no-network attempt datagram 127.0.0.53
			limited "$user" -s "$mode" -w "$common" --no-network attempt datagram 192.0.2.1
			[ "$status" -eq 1 ]
		done
	done
	kill "$server"
}

@test "--no-network leaves a loopback, where there can be a namespace" {
	local user
	for user in $NR_USERS; do
		limited "$user" --no-network python3 -c '
import socket
s = socket.create_server(("127.0.0.1", 0))
socket.create_connection(s.getsockname())
print("connected")'
		case $(of_report .sandbox.network) in
		namespace) [ "$output" = connected ] ;;
		seccomp) [ "$status" -ne 0 ] ;;
		*) false ;;
		esac
	done
}

@test "what makes git run code is as it was, while git itself works" {
	local user may
	can_mount && may=no || may=yes
	git init -q ws
	git -C ws add file
	git -C ws commit -qm first
	git -C ws config core.precious yes
	chmod -R a+rwX ws
	for user in $NR_USERS; do
		# The repository must be the user's own for git.
		[ "$user" = self ] || chown -R 65534:65534 ws
		cp ws/.git/config config
		boxed "$user" sh -c '
			export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a
			echo "$$" >new && git add new && git commit -qm second && git switch -qc b$$ &&
				git status >/dev/null && git diff HEAD~1 >/dev/null && echo works
			echo "[core] hooksPath = /evil" >>.git/config
			git config core.fsmonitor /evil
			echo "#!/bin/sh" >.git/hooks/pre-commit; chmod +x .git/hooks/pre-commit
			mkdir -p .git/info; echo "* filter=evil" >.git/info/attributes
			mv .git/hooks .git/hooks2; mv .git git2; rm -rf .git/config
			:'
		[[ $output == *works* ]]
		# Rules about files cannot tell .git/config from its directory: where
		# nothing can be mounted it is nr-exec that puts things back.
		[ "$may" = no ] || {
			[ "$(jq .sandbox.git report.json)" = null ]
			return 0
		}
		cmp ws/.git/config config
		[ ! -e ws/.git/hooks/pre-commit ]
		[ ! -e ws/.git/info/attributes ]
		[ -d ws/.git/hooks ]
		[ ! -e ws/git2 ]
		git config --global safe.directory '*'
		git -C ws fsck --no-progress
	done
}

@test "settings of submodules are out of reach, whatever their names" {
	can_mount || return 0 # as above
	git init -q repository
	for name in plain libs/foo libs/foo/modules/inner; do
		git init -q --bare "repository/.git/modules/$name"
	done
	touch repository/.git/modules/libs/HEAD # hides nothing
	run --separate-stderr nr-limit -s workspace -w repository sh -c 'cd repository/.git/modules
		for name in plain libs/foo libs/foo/modules/inner; do
			echo x >>$name/config || echo x >$name/hooks/pre-commit || echo kept
		done'
	[ "$output" = $'kept\nkept\nkept' ]
}

@test "in a worktree git works, and its repository's settings are as they were" {
	git init -q repository
	git -C repository commit -q --allow-empty -m first
	git -C repository worktree add -q ../tree
	cp repository/.git/config config
	cp tree/.git pointer
	cp repository/.git/worktrees/tree/commondir commondir
	run --separate-stderr sh -c 'cd tree && exec "$@"' sh nr-limit -s workspace sh -c '
		echo new >new && git add new && git -c user.name=a -c user.email=a commit -qm second && echo works
		git config core.fsmonitor /evil
		echo "gitdir: /evil" >.git
		for dir in ../repository/.git ../repository/.git/worktrees/tree; do
			echo "[core] hooksPath = /evil" >>$dir/config
			echo x >$dir/hooks/pre-commit
		done
		echo /evil >../repository/.git/worktrees/tree/commondir
		echo x >../repository/file'
	[[ $output == *works* ]]
	[ ! -e repository/file ]
	can_mount || return 0 # as above
	cmp repository/.git/config config
	cmp tree/.git pointer
	cmp repository/.git/worktrees/tree/commondir commondir
	[ ! -e repository/.git/hooks/pre-commit ]
	[ ! -e repository/file ]
	git -C tree log --format=%s | grep -qx second
}

@test "hidden is hidden by any name, and --read shows it" {
	boxed self sh -c 'cat ../hidden/secret; cat ../ws/../hidden/secret; ln ../hidden/secret s && cat s
		ln -s ../hidden/secret t && cat t; cp -r ../hidden . && cat hidden/secret; cd ../hidden && cat secret'
	[[ $output != *secret* ]]
	boxed self --read "$common/home/.netrc" cat ../home/.netrc
	[ "$output" = secret ]
}

@test "runs of others are not read" {
	mkdir -p "$XDG_STATE_HOME/necrocode/runs/other"
	echo other >"$XDG_STATE_HOME/necrocode/runs/other/run.log"
	boxed self cat "$XDG_STATE_HOME/necrocode/runs/other/run.log"
	[ "$status" -ne 0 ]
}

@test "a strict sandbox reads the system alone, or is refused" {
	limited self -s strict -w ws --read "$common/bin" sh -c 'cat ws/file; cat outside/file; ls /
		cat home/.bashrc; unshare -U true && echo namespace; echo x >/dev/shm/x'
	if [ "$status" -eq 77 ]; then
		[[ $stderr == *'cannot make a strict sandbox'* ]]
	else
		[ "$output" = mine ]
		[ ! -e /dev/shm/x ]
	fi
}

@test "a sandbox in a sandbox works" {
	local user
	for user in $NR_USERS; do
		boxed "$user" nr-limit -s workspace -w . -t 10 sh -c 'echo inner >inner
			mktemp /tmp/inner.XXX; mktemp; echo x >../outside/new'
		[ "$(cat ws/inner)" = inner ]
		! can_mount || {
			[[ $output == /tmp/inner.* ]]
			[[ $stderr != *TMPDIR* ]]
		}
		is_precious
		rm ws/inner
	done
}

@test "limits hold inside a sandbox" {
	local user
	for user in $NR_USERS; do
		boxed "$user" -m 64M consume memory 1000
		[ "$status" -eq 86 ]
		boxed "$user" -n 30 consume raise-limit 200
		[ "$status" -eq 11 ]
		boxed "$user" -p 30 -t 1 -k 0.1 "$common/bin/consume" bomb 300
		[ "$status" -eq 124 ] || [ "$status" -eq 86 ]
		run ! is_running consume
	done
}

@test "gigabytes of output cost no disk and no memory" {
	nr-limit --stall-timeout 60 --report report.json head -c 2G /dev/zero | tail -c 1 >last
	[ "$(jq .written_bytes report.json)" -lt 1000000 ]
	[ "$(stat -c %s last)" -eq 1 ]
}

@test "1,000 supervised commands leak neither descriptors nor memory nor files" {
	mkdir leak tmp
	cd leak
	TMPDIR=$common/tmp run "$NR_TESTS/supervise" leak 1000
	echo "$output"
	[ "$status" -eq 0 ]
	[ -z "$(ls -A "$common/tmp")" ]
}

@test "an agent and a test of the pipeline are in the sandbox" {
	make_slot
	printf '#!/bin/sh\necho x >../outside/agent; echo new >file; echo "$TMPDIR" >>file\n' >agent.sh
	chmod +x agent.sh
	stage nr-exec --agent-command ./agent.sh < <(task_here)
	[ "$status" -eq 0 ]
	is_precious
	[ "$(field '.impl_result.files_changed[0]')" = file ]
	stage nr-test < <(task_here '.test_commands = ["echo x >../outside/test"]')
	[ "$status" -eq 82 ]
	is_precious
	stage nr-test --sandbox off < <(task_here '.test_commands = ["echo x >../outside/test"]')
	[ "$status" -eq 0 ]
}

@test "an agent or a test over its memory limit is a ResourceLimitError" {
	make_slot
	stage nr-exec --max-memory-mb 64 --agent-command "$common/bin/consume memory 1000" < <(task_here)
	[ "$status" -eq 86 ]
	[ "$(error_type)" = ResourceLimitError ]
	[[ $(field .error.message) == *'limit of 64 MiB (peak '* ]]
	[ "$(field '.impl_result.attempts[0].end')" = memory ]
	stage nr-test --max-memory-mb 64 < <(task_here ".test_commands = [\"$common/bin/consume memory 1000\"]")
	[ "$status" -eq 86 ]
	[ "$(error_type)" = ResourceLimitError ]
	[ "$(field '.test_result.test_results[0].end')" = memory ]
	[ "$(field '.test_result.test_results[0].metrics.limits.memory_bytes.limit')" -eq $((64 << 20)) ]
	[ "$(field '.test_result.test_results[0].metrics.limits.memory_bytes.by')" != null ]
}

@test "sandbox_network: deny, sandbox_write and sandbox_read reach agents and tests" {
	make_slot
	mkdir cache
	stage nr-test --sandbox-write "$PWD/cache" --sandbox-read "$PWD/home/.netrc" \
		--sandbox-network deny < <(task_here '.test_commands = ["echo x >../cache/x",
			"! attempt datagram 192.0.2.1"]')
	[ "$status" -eq 0 ]
	[ -e cache/x ]
}
