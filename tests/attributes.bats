#!/usr/bin/env bats
# Attributes count wherever git finds them, in the difference and the commit.
load helper

prepare_test() {
	make_slot
	mkdir -p slot/dir/deep
	printf 'one\n' | tee slot/a.dat slot/dir/a.dat >slot/dir/deep/a.dat
	git -C slot add -A
	git -C slot commit -qm files
	git -C slot push -q origin HEAD:main
	task >task.json
}

# with PLACE COMMAND: the attributes are written in the slot before the task,
# or by the agent; then all is as git says.
with() {
	cp -a slot kept
	eval "${2:-:}"
	nr-prepare <task.json >prepared.json 2>err || { cat err; return 1; }
	cat >agent.sh <<-END
		for file in a.dat dir/a.dat dir/deep/a.dat new.dat dir/new.dat; do
			printf 'two\r\n' >\$file
		done
		${3:-:}
	END
	cp -a slot by-git
	(cd by-git && sh ../agent.sh && git add -A && git diff --cached --numstat >../numstat)
	RUNNER_SANDBOX=off stage nr-exec --agent-command "sh $PWD/agent.sh" <prepared.json
	[ "$status" -eq 0 ] || { echo "$1: $output $stderr"; return 1; }
	diff <(grep -c '^Binary files' "$(field .impl_result.diff_path)" || :) <(grep -c '^-' numstat || :) ||
		{ echo "$1: the difference"; return 1; }
	stage nr-push <<<"$output"
	[ "$status" -eq 0 ] || { echo "$1: $output $stderr"; return 1; }
	[ "$(git -C slot rev-parse HEAD^{tree})" = "$(git -C by-git write-tree)" ] || { echo "$1: the commit"; return 1; }
	stage nr-report <<<"$output"
	git -C remote.git update-ref -d refs/heads/feature/task-demo-1.1
	rm -rf slot by-git
	mv kept slot
}

@test "attributes count wherever they are" {
	with nowhere
	for attribute in binary 'text eol=lf' -text; do
		line="echo '*.dat $attribute'"
		with tracked "$line >slot/.gitattributes; git -C slot add -A; git -C slot commit -qm a"
		with 'tracked below' "$line >slot/dir/.gitattributes; git -C slot add -A; git -C slot commit -qm a"
		with new : "$line >.gitattributes"
		with 'new below' : "$line >dir/.gitattributes"
		with 'new at the bottom' : "$line >dir/deep/.gitattributes"
		with ignored "echo .gitattributes >slot/.git/info/exclude; $line >slot/dir/.gitattributes"
		with info "$line >slot/.git/info/attributes"
		with configured "$line >file; git -C slot config core.attributesFile '$PWD/file'"
		mkdir -p "$HOME/.config/git" "$XDG_CONFIG_HOME/git"
		with "the user's" "$line >'$XDG_CONFIG_HOME/git/attributes'"
		rm "$XDG_CONFIG_HOME/git/attributes"
		with 'global' "$line >file; git config --global core.attributesFile '$PWD/file'"
		git config --global --unset core.attributesFile
	done
}

@test "without attributes the configuration's end of lines counts" {
	with autocrlf 'git -C slot config core.autocrlf input'
	with none 'git -C slot config core.autocrlf false'
}
