/* SPDX-License-Identifier: MIT */
/*
 * Sparse checkouts, of which libgit2 knows nothing: files that are left out
 * of the work tree look deleted to it, and which of those that come with
 * another commit are to be left out it cannot tell. So the first is seen to
 * here, and from commit to commit goes git itself.
 */
#include "git_internal.h"

#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "memory.h"
#include "process.h"

enum { MAX_SAID = 4096, SECONDS = 600, N_ARGUMENTS = 20 };

bool
git_is_left_out(const struct git *git, const char *path)
{
	git_index *index = NULL;
	const git_index_entry *entry = NULL;
	struct stat info;
	char *full;
	bool yes;

	if (!git->sparse || git_repository_index(&index, git->repository) < 0)
		return false;
	entry = git_index_get_bypath(index, path, 0);
	yes = entry != NULL &&
	    (entry->flags_extended & GIT_INDEX_ENTRY_SKIP_WORKTREE) != 0;
	git_index_free(index);
	if (!yes)
		return false;
	full = file_join(git->path, path);
	yes = lstat(full, &info) != 0;
	free(full);
	return yes;
}

int
git_leave_out(const git_diff *diff, const git_diff_delta *delta,
    const char *pattern, void *git)
{
	(void)diff;
	(void)pattern;
	return delta->status == GIT_DELTA_DELETED &&
		git_is_left_out(git, delta->old_file.path)
	    ? 1
	    : 0;
}

static void
unmark(const struct git *git, git_index *index, const git_index_entry *marked)
{
	char *path = file_join(git->path, marked->path);
	git_index_entry entry = *marked;
	struct stat info;

	entry.flags &= (uint16_t) ~(unsigned)GIT_INDEX_ENTRY_VALID;
	if (lstat(path, &info) == 0)
		entry.flags_extended &=
		    (uint16_t) ~(unsigned)GIT_INDEX_ENTRY_SKIP_WORKTREE;
	if (entry.flags != marked->flags ||
	    entry.flags_extended != marked->flags_extended)
		git_index_add(index, &entry);
	free(path);
}

bool
git_see_marked(const struct git *git, git_index *index)
{
	bool sparse = false;

	for (size_t i = 0; i < git_index_entrycount(index); i++) {
		const git_index_entry *entry = git_index_get_byindex(index, i);
		bool skip = (entry->flags_extended &
				GIT_INDEX_ENTRY_SKIP_WORKTREE) != 0;

		if (skip || (entry->flags & GIT_INDEX_ENTRY_VALID) != 0)
			unmark(git, index, entry);
		sparse = sparse || skip;
	}
	return sparse;
}

/* Nothing that the slot's configuration names is run. */
static size_t
fill_arguments(
    char *argv[], const struct git *git, const char *mode, const char *option)
{
	const char *const words[] = { "git", "-C", git->path, "-c",
		"core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c",
		"submodule.recurse=false", "-c", "protocol.allow=never",
		"read-tree", mode, option };
	size_t n = sizeof words / sizeof words[0];

	for (size_t i = 0; i < n; i++)
		argv[i] = xstrdup(words[i]);
	return n;
}

static char *
tree_text(const git_oid *id)
{
	char text[GIT_ID_TEXT];

	git_oid_tostr(text, sizeof text, id);
	return xstrdup(text);
}

/* The first words of git, as the reason of libgit2. */
static int
failed(
    const struct process_result *result, const struct process_options *options)
{
	struct buffer said = BUFFER_INIT(MAX_SAID);
	char *how = process_describe(result, options), *text;

	error_free(file_read(&said, options->stderr_path));
	for (size_t i = 0; i < said.len; i++)
		if (said.data[i] == '\n' || said.data[i] == '\t')
			said.data[i] = ' ';
	text = xasprintf("git read-tree: %s%s%s", how, said.len > 0 ? ": " : "",
	    said.len > 0 ? said.data : "");
	git_error_set_str(GIT_ERROR_CHECKOUT, text);
	free(text);
	free(how);
	buffer_release(&said);
	return GIT_ERROR;
}

static int
read_index_again(const struct git *git)
{
	git_index *index = NULL;
	int code = git_repository_index(&index, git->repository);

	if (code == 0)
		code = git_index_read(index, 1);
	git_index_free(index);
	return code;
}

static int
run(const struct git *git, char *const argv[])
{
	char *log = file_join(git->directory, "necrocode-git.log");
	char **environment = process_environment(NULL, NULL, NULL);
	struct process_options options = {
		.argv = argv,
		.environment = environment,
		.stdout_path = "/dev/null",
		.stderr_path = log,
		.timeout_seconds = git_seconds_left(git, SECONDS),
	};
	struct process_result result = { 0 };
	struct error *err;
	int code = 0;

	/* A link that somebody left there would not be written to. */
	unlink(log);
	err = process_run(&result, &options);
	if (err != NULL) {
		git_error_set_str(GIT_ERROR_OS, err->message);
		code = GIT_ERROR;
	} else if (result.end != PROCESS_EXITED || result.exit_code != 0) {
		code = failed(&result, &options);
	}
	error_free(err);
	unlink(log);
	process_environment_free(environment);
	free(log);
	return code == 0 ? read_index_again(git) : code;
}

/* git overwrites what is there without a word (2.39, in sparse checkouts). */
static int
check_free(const struct git *git, const git_diff *diff,
    const git_checkout_options *options)
{
	int code = 0;

	for (size_t i = 0; i < git_diff_num_deltas(diff); i++) {
		const git_diff_delta *delta = git_diff_get_delta(diff, i);
		char *path = file_join(git->path, delta->new_file.path);
		struct stat info;

		if (delta->status == GIT_DELTA_ADDED &&
		    lstat(path, &info) == 0) {
			code = GIT_ECONFLICT;
			if (options->notify_cb != NULL)
				options->notify_cb(GIT_CHECKOUT_NOTIFY_CONFLICT,
				    delta->new_file.path, NULL, NULL, NULL,
				    options->notify_payload);
		}
		free(path);
	}
	return code;
}

static int
see_free(const struct git *git, git_tree *from, git_object *to,
    const git_checkout_options *options)
{
	git_diff *diff = NULL;
	int code = git_diff_tree_to_tree(
	    &diff, git->repository, from, (git_tree *)to, NULL);

	if (code == 0)
		code = check_free(git, diff, options);
	git_diff_free(diff);
	return code;
}

static int
check_out_by_git(const struct git *git, git_tree *from, const git_object *to,
    const git_checkout_options *options)
{
	bool by_force = options->checkout_strategy == GIT_CHECKOUT_FORCE;
	char *argv[N_ARGUMENTS] = { NULL };
	git_object *tree = NULL;
	size_t n = 0;
	int code = git_object_peel(&tree, to, GIT_OBJECT_TREE);

	if (code == 0 && !by_force)
		code = see_free(git, from, tree, options);
	if (code < 0) {
		git_object_free(tree);
		return code;
	}
	n = fill_arguments(argv, git, by_force ? "--reset" : "-m", "-u");
	if (!by_force && from != NULL)
		argv[n++] = tree_text(git_tree_id(from));
	argv[n++] = tree_text(git_object_id(tree));
	git_object_free(tree);
	code = run(git, argv);
	for (char **argument = argv; *argument != NULL; argument++)
		free(*argument);
	return code;
}

int
git_check_out(
    const struct git *git, git_object *to, const git_checkout_options *options)
{
	git_commit *head = NULL;
	git_tree *from = NULL;
	int code;

	if (!git->sparse)
		return git_checkout_tree(git->repository, to, options);
	if (options->baseline != NULL)
		return check_out_by_git(git, options->baseline, to, options);
	/* From what HEAD has, as libgit2 does it. */
	error_free(git_head_commit(git, &head));
	code = head != NULL ? git_commit_tree(&from, head) : 0;
	if (code == 0)
		code = check_out_by_git(git, from, to, options);
	git_tree_free(from);
	git_commit_free(head);
	return code;
}
