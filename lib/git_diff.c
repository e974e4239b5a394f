/* SPDX-License-Identifier: MIT */
#include "git_attributes.h"

#include <fcntl.h>
#include <unistd.h>

#include "file.h"
#include "json.h"
#include "memory.h"

enum {
	MAX_TEXT_BYTES = 4 * 1024 * 1024,
	OUT_BYTES = 64 * 1024,
};

struct patch {
	const char *path;
	int fd;
	struct buffer out;
	struct mask_stream *stream;
	struct git_changes *changes;
	struct error *err;
};

static struct error *
flush(struct patch *patch)
{
	struct error *err;

	if (patch->out.len == 0)
		return NULL;
	err = file_write_all(
	    patch->fd, patch->out.data, patch->out.len, patch->path);
	buffer_clear(&patch->out);
	return err;
}

static struct error *
collect(void *context, const char *bytes, size_t len)
{
	struct patch *patch = context;
	struct error *err = NULL;

	if (len >= OUT_BYTES) {
		err = flush(patch);
		if (err == NULL)
			err =
			    file_write_all(patch->fd, bytes, len, patch->path);
		return err;
	}
	if (patch->out.len + len > OUT_BYTES)
		err = flush(patch);
	buffer_append(&patch->out, bytes, len);
	return err;
}

static int
print_line(const git_diff_delta *delta, const git_diff_hunk *hunk,
    const git_diff_line *line, void *context)
{
	struct patch *patch = context;

	(void)delta;
	(void)hunk;
	if (line->origin == GIT_DIFF_LINE_ADDITION)
		patch->changes->lines_added++;
	if (line->origin == GIT_DIFF_LINE_DELETION)
		patch->changes->lines_removed++;
	if (line->origin == GIT_DIFF_LINE_ADDITION ||
	    line->origin == GIT_DIFF_LINE_DELETION ||
	    line->origin == GIT_DIFF_LINE_CONTEXT)
		patch->err = mask_stream_write(patch->stream, &line->origin, 1);
	if (patch->err == NULL)
		patch->err = mask_stream_write(
		    patch->stream, line->content, line->content_len);
	return patch->err == NULL ? 0 : GIT_EUSER;
}

static int
compare(struct git *git, git_diff **diff, git_commit *from)
{
	git_diff_options options = {
		.version = GIT_DIFF_OPTIONS_VERSION,
		.flags = GIT_DIFF_INCLUDE_UNTRACKED |
		    GIT_DIFF_RECURSE_UNTRACKED_DIRS |
		    GIT_DIFF_SHOW_UNTRACKED_CONTENT |
		    GIT_DIFF_INCLUDE_TYPECHANGE,
		.ignore_submodules = GIT_SUBMODULE_IGNORE_UNSPECIFIED,
		.context_lines = 3,
		.max_size = MAX_TEXT_BYTES,
		.notify_cb = git_leave_out,
		.payload = git,
	};
	git_diff_find_options similar = {
		.version = GIT_DIFF_FIND_OPTIONS_VERSION,
		.flags = GIT_DIFF_FIND_RENAMES | GIT_DIFF_FIND_FOR_UNTRACKED,
	};
	git_tree *tree = NULL;
	int code = git_commit_tree(&tree, from);

	if (code == 0)
		code = git_diff_tree_to_workdir_with_index(
		    diff, git->repository, tree, &options);
	if (code == 0)
		code = git_diff_find_similar(*diff, &similar);
	git_tree_free(tree);
	return code;
}

static void
name_files(struct git_changes *changes, const git_diff *diff)
{
	size_t kept = 0;

	changes->files =
	    xcalloc(GIT_CHANGES_MAX_FILES + 1, sizeof *changes->files);
	for (size_t i = 0; i < git_diff_num_deltas(diff); i++) {
		const char *path = git_diff_get_delta(diff, i)->new_file.path;

		/* A repository of its own: not committed either. */
		if (path[strlen(path) - 1] == '/')
			continue;
		changes->n_files++;
		if (kept < GIT_CHANGES_MAX_FILES)
			changes->files[kept++] = xstrdup(path);
	}
}

static struct error *
print(struct patch *patch, git_diff *diff, const struct mask *mask)
{
	int code;

	patch->fd =
	    open(patch->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (patch->fd < 0)
		return error_errno(ERROR_IO, "cannot write '%s'", patch->path);
	patch->stream = mask_stream_new(mask, collect, patch);
	code = git_diff_print(diff, GIT_DIFF_FORMAT_PATCH, print_line, patch);
	if (patch->err == NULL && code < 0)
		patch->err = git_failure(ERROR_WORKSPACE, code,
		    "cannot write the difference to '%s'", patch->path);
	if (patch->err == NULL)
		patch->err = mask_stream_end(patch->stream);
	if (patch->err == NULL)
		patch->err = flush(patch);
	mask_stream_free(patch->stream);
	buffer_release(&patch->out);
	if (close(patch->fd) != 0 && patch->err == NULL)
		patch->err =
		    error_errno(ERROR_IO, "cannot write '%s'", patch->path);
	return patch->err;
}

struct error *
git_diff_to_file(struct git *git, struct git_changes *changes,
    const char *commit, const char *path, const struct mask *mask)
{
	struct patch patch = {
		.path = path,
		.out = BUFFER_INIT(OUT_BYTES),
		.changes = changes,
	};
	git_commit *from = NULL;
	git_diff *diff = NULL;
	int code;
	struct error *err = git_commit_by_text(git, &from, commit);

	*changes = (struct git_changes){ 0 };
	if (err != NULL)
		return err;
	code = compare(git, &diff, from);
	if (code < 0) {
		err = git_failure(ERROR_WORKSPACE, code,
		    "cannot compare '%s' with commit '%s'", git->path, commit);
	} else {
		name_files(changes, diff);
		git_attributes_begin(git, diff);
		err = print(&patch, diff, mask);
		git_attributes_end();
	}
	git_diff_free(diff);
	git_commit_free(from);
	return err;
}

void
git_changes_release(struct git_changes *changes)
{
	json_strings_free(changes->files);
	*changes = (struct git_changes){ 0 };
}
