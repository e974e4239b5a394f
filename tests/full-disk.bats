load helper

# A disk that is really full: a small tmpfs in a mount namespace of the
# test's own.
prepare_test() {
	make_slot
	mkdir small
	task >task.json
}

# on_small_disk SIZE COMMAND: the command is for sh, with SIZE bytes at small/.
on_small_disk() {
	local options=(--mount)
	[ "$(id -u)" -eq 0 ] || options+=(--map-root-user)
	# In a chroot the root is no mount point, and cannot be made private.
	unshare "${options[@]}" true 2>/dev/null ||
		options+=(--propagation unchanged)
	run --separate-stderr unshare "${options[@]}" sh -c '
		mount -t tmpfs -o size="$1" tmpfs small || exit 99
		shift
		eval "$1"' sh "$1" "$2"
	[ "$status" -ne 99 ]
}

@test "a run directory on a full disk fails the run with exit 74, and the slot stays usable" {
	on_small_disk 64k '
		nr-run --run-dir "$PWD/small/runs" --agent-command \
			"head -c 1000000 /dev/zero; echo x >new.txt" task.json'
	[ "$status" -eq 74 ]
	[[ $stderr == *'No space left on device'* ]]
	run ! remote_has_branch feature/task-demo-1.1
	nr-prepare -i task.json >prepared.json 2>log
	[ -z "$(git -C slot status --porcelain)" ]
}

@test "a disk with no room at all ends the run before anything is touched" {
	on_small_disk 4k '
		mkdir small/runs
		head -c 100000 /dev/zero >small/fill 2>/dev/null
		nr-run --run-dir "$PWD/small/runs" --agent-command true task.json'
	[ "$status" -eq 74 ]
	[ -z "$output" ]
	[ "$(git -C slot symbolic-ref HEAD)" = refs/heads/main ]
}

@test "a run directory that cannot be completed is not left behind" {
	on_small_disk 64k,nr_inodes=5 '
		mkdir small/runs
		nr-run --run-dir "$PWD/small/runs" --agent-command true task.json
		echo $?
		ls -A small/runs'
	[ "$output" = 74 ]
	[[ $stderr == *'cannot create the pipe '*": No space left on device" ]]
}

@test "an artifact store on a full disk is a warning, and the artifacts stay in the run directory" {
	on_small_disk 8k '
		nr-run --artifact-store-url "file://$PWD/small/store" \
			--agent-command "seq 9000 >new.txt" task.json'
	[ "$status" -eq 0 ]
	[[ $stderr == *'No space left on device'* ]]
	[ "$(field .success)" = true ]
	[ -s "$(field .impl_result.diff_path)" ]
	remote_has_branch feature/task-demo-1.1
}

@test "with --strict a full artifact store fails the task with exit 84" {
	on_small_disk 8k '
		nr-run --strict --artifact-store-url "file://$PWD/small/store" \
			--agent-command "seq 9000 >new.txt" task.json'
	[ "$status" -eq 84 ]
	[ "$(error_type)" = ArtifactUploadError ]
}

@test "a stage whose document does not fit on the disk exits 74 and leaves no half document in use" {
	on_small_disk 4k '
		head -c 4096 /dev/zero >small/fill
		nr-prepare -i task.json >small/out.json'
	[ "$status" -eq 74 ]
	[[ $stderr == *'No space left on device'* ]]
}

@test "a workspace on a full disk is refused, and the slot is as it was" {
	on_small_disk 300k '
		git clone -q remote.git small/slot
		(cd upstream 2>/dev/null || git clone -q remote.git upstream)
		seq 200000 >upstream/big.txt
		git -C upstream add -A
		git -C upstream commit -qm big
		git -C upstream push -q origin HEAD:main
		head -c 1000000 /dev/zero >small/fill 2>/dev/null
		jq --arg s "$PWD/small/slot" ".slot_path = \$s" task.json |
			nr-prepare >out.json
		code=$?
		rm small/fill
		git -C small/slot fsck 2>&1
		git -C small/slot status --porcelain
		exit $code'
	[ "$status" -eq 80 ] || [ "$status" -eq 74 ]
	[[ $stderr == *'No space left on device'* ]]
	[ -z "$output" ]
}
