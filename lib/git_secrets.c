/* SPDX-License-Identifier: MIT */
/*
 * Looks for known secret values in commits: their words, the paths they
 * change and the files they bring, each file as a stream. And for paths that
 * no commit may have, though a later one takes them out again.
 */
#include "git_internal.h"

#include "dot_git.h"
#include "memory.h"

enum { CHUNK_BYTES = 64 * 1024 };

static struct error *
found(const git_commit *commit, const char *what, const char *name)
{
	char id[GIT_ID_TEXT];

	git_oid_tostr(id, sizeof id, git_commit_id(commit));
	return error_new(ERROR_SECURITY,
	    "the value of %s is in %s of commit %.12s; take it out of the "
	    "branch's history; commit and branch are left in the slot",
	    name, what, id);
}

static struct error *
check_text(const git_commit *commit, const char *what, const char *text,
    const struct mask *mask)
{
	size_t offset;
	const char *name = mask_find(mask, text, strlen(text), &offset);

	return name != NULL ? found(commit, what, name) : NULL;
}

static int
feed_whole(git_odb *odb, const git_oid *id, struct mask_stream *stream)
{
	git_odb_object *object;
	int code = git_odb_read(&object, odb, id);

	if (code < 0)
		return code;
	error_free(mask_stream_write(
	    stream, git_odb_object_data(object), git_odb_object_size(object)));
	git_odb_object_free(object);
	return 0;
}

/* Objects in packs cannot be read in pieces. */
static int
feed(git_odb *odb, const git_oid *id, struct mask_stream *stream)
{
	git_odb_stream *object = NULL;
	git_object_t type;
	char *chunk;
	size_t len;
	int n;

	if (git_odb_open_rstream(&object, &len, &type, odb, id) < 0)
		return feed_whole(odb, id, stream);
	chunk = xmalloc(CHUNK_BYTES);
	while ((n = git_odb_stream_read(object, chunk, CHUNK_BYTES)) > 0)
		error_free(mask_stream_write(stream, chunk, (size_t)n));
	free(chunk);
	git_odb_stream_free(object);
	return n < 0 ? n : 0;
}

static struct error *
check_blob(const struct git *git, const git_commit *commit,
    const git_diff_file *file, const struct mask *mask)
{
	struct mask_stream *stream = mask_stream_new(mask, mask_discard, NULL);
	git_odb *odb = NULL;
	struct error *err = NULL;
	char *what;
	int code = git_repository_odb(&odb, git->repository);

	if (code == 0)
		code = feed(odb, &file->id, stream);
	error_free(mask_stream_end(stream));
	if (code < 0) {
		err = git_failure(
		    ERROR_WORKSPACE, code, "cannot read '%s'", file->path);
	} else if (mask_stream_hits(stream) > 0) {
		what = xasprintf("'%s'", file->path);
		err = found(commit, what, "a secret");
		free(what);
	}
	mask_stream_free(stream);
	git_odb_free(odb);
	return err;
}

/* A tree can be made by hand, with names that no checkout survives. */
static bool
is_sane_path(const char *path)
{
	for (;;) {
		size_t len = strcspn(path, "/");

		if (len == 0 || (len == 1 && *path == '.') ||
		    (len == 2 && strncmp(path, "..", 2) == 0) ||
		    is_dot_git(path, len))
			return false;
		if (path[len] == '\0')
			return true;
		path += len + 1;
	}
}

static struct error *
insane_path(const git_commit *commit, const char *path)
{
	char id[GIT_ID_TEXT];

	git_oid_tostr(id, sizeof id, git_commit_id(commit));
	return error_new(ERROR_SECURITY,
	    "commit %.12s has a path that no repository may have, '%s'; "
	    "commit and branch are left in the slot",
	    id, path);
}

static struct error *
check_files(const struct git *git, const git_commit *commit, git_diff *diff,
    const struct mask *mask)
{
	struct error *err = NULL;

	for (size_t i = 0; err == NULL && i < git_diff_num_deltas(diff); i++) {
		const git_diff_delta *delta = git_diff_get_delta(diff, i);

		if (delta->status == GIT_DELTA_DELETED)
			continue;
		if (!is_sane_path(delta->new_file.path))
			return insane_path(commit, delta->new_file.path);
		if (mask == NULL)
			continue;
		err = check_text(commit, "a path", delta->new_file.path, mask);
		if (err == NULL && delta->new_file.mode != GIT_FILEMODE_COMMIT)
			err = check_blob(git, commit, &delta->new_file, mask);
	}
	return err;
}

/* A merge is compared with its first parent: more than it brings itself. */
static struct error *
check_commit(const struct git *git, const git_oid *id, const struct mask *mask)
{
	git_commit *commit = NULL, *parent = NULL;
	git_tree *tree = NULL, *before = NULL;
	git_diff *diff = NULL;
	struct error *err = NULL;
	int code = git_commit_lookup(&commit, git->repository, id);

	if (code == 0)
		code = git_commit_tree(&tree, commit);
	if (code == 0 && git_commit_parentcount(commit) > 0)
		code = git_commit_parent(&parent, commit, 0);
	if (code == 0 && parent != NULL)
		code = git_commit_tree(&before, parent);
	if (code == 0)
		code = git_diff_tree_to_tree(
		    &diff, git->repository, before, tree, NULL);
	if (code < 0) {
		err = git_failure(ERROR_WORKSPACE, code,
		    "cannot read the commits to be pushed");
	} else {
		if (mask != NULL)
			err = check_text(commit, "the message",
			    git_commit_message_raw(commit), mask);
		if (err == NULL && mask != NULL)
			err = check_text(commit, "the author",
			    git_commit_raw_header(commit), mask);
		if (err == NULL)
			err = check_files(git, commit, diff, mask);
	}
	git_diff_free(diff);
	git_tree_free(before);
	git_tree_free(tree);
	git_commit_free(parent);
	git_commit_free(commit);
	return err;
}

struct error *
git_check_commits(const struct git *git, const git_oid *tip,
    const git_oid *known, size_t n_known, const struct mask *mask)
{
	git_revwalk *walk = NULL;
	struct error *err = NULL;
	git_oid id;
	int code;

	if (mask != NULL && mask_count(mask) == 0)
		mask = NULL;
	code = git_revwalk_new(&walk, git->repository);
	if (code == 0)
		code = git_revwalk_push(walk, tip);
	for (size_t i = 0; code == 0 && i < n_known; i++)
		code = git_revwalk_hide(walk, &known[i]);
	while (code == 0 && err == NULL) {
		code = git_revwalk_next(&id, walk);
		if (code == 0)
			err = check_commit(git, &id, mask);
	}
	git_revwalk_free(walk);
	if (err == NULL && code != GIT_ITEROVER)
		return git_failure(ERROR_WORKSPACE, code,
		    "cannot read the commits to be pushed");
	return err;
}
