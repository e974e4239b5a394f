# make_repository FILES COMMITS DIR: a bare repository from generated data,
# always the same, by git fast-import. For other scripts to source.
# shellcheck shell=sh
make_repository() {
	git init -q --bare -b main "$3"
	awk -v files="$1" -v commits="$2" 'BEGIN {
		for (f = 1; f <= files; f++) {
			text = ""
			for (l = 1; l <= 40; l++)
				text = text "line " l " of file " f "\n"
			printf "blob\nmark :%d\ndata %d\n%s", f, length(text), text
		}
		for (c = 1; c <= commits; c++) {
			printf "commit refs/heads/main\nmark :%d\n", files + c
			printf "committer Bench <bench@example.org> %d +0000\n", \
				1700000000 + c
			message = "commit " c
			printf "data %d\n%s\n", length(message), message
			if (c == 1)
				for (f = 1; f <= files; f++)
					printf "M 100644 :%d %s\n", f, path(f)
			else {
				f = c % files + 1
				text = "line of commit " c "\n"
				printf "M 100644 inline %s\ndata %d\n%s\n", \
					path(f), length(text), text
			}
		}
		print "done"
	}
	function path(f) {
		return f <= 100 ? "file-" f ".txt" : \
			"dir-" int(f / 100) "/file-" f ".txt"
	}' | git -C "$3" fast-import --quiet --done
}
