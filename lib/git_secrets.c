/* SPDX-License-Identifier: MIT */
/*
 * Looks for known secret values in commits: their words, the paths they
 * change and the files they bring, each file as a stream. And for paths that
 * no commit may have, though a later one takes them out again.
 */
#define _GNU_SOURCE /* memmem */
#include "git_internal.h"

#include <nettle/sha1.h>
#include <stdio.h>

#include "dot_git.h"
#include "memory.h"

enum { CHUNK_BYTES = 64 * 1024, MAX_DEPTH = 1024 };

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
    size_t len, const struct mask *mask)
{
	size_t offset;
	const char *name = mask_find(mask, text, len, &offset);

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

/* Is the digest of what was read the object's name? */
static bool
is_named(struct sha1_ctx *digest, const git_oid *id)
{
	uint8_t bytes[SHA1_DIGEST_SIZE];

	sha1_digest(digest, sizeof bytes, bytes);
	return memcmp(bytes, id->id, sizeof bytes) == 0;
}

/*
 * Objects in packs cannot be read in pieces. In a file of its own an object
 * may say what it likes, while another of that name, in a pack, is sent: only
 * reading it whole tells that one, and whether it is what its name says.
 */
static int
feed(git_odb *odb, const git_oid *id, struct mask_stream *stream)
{
	git_odb_stream *object = NULL;
	struct sha1_ctx digest;
	git_object_t type;
	char *chunk;
	size_t len;
	int n;

	if (git_odb_open_rstream(&object, &len, &type, odb, id) < 0)
		return feed_whole(odb, id, stream);
	chunk = xmalloc(CHUNK_BYTES);
	n = snprintf(
	    chunk, CHUNK_BYTES, "%s %zu", git_object_type2string(type), len);
	sha1_init(&digest);
	sha1_update(&digest, (size_t)n + 1, (const uint8_t *)chunk);
	while ((n = git_odb_stream_read(object, chunk, CHUNK_BYTES)) > 0) {
		sha1_update(&digest, (size_t)n, (const uint8_t *)chunk);
		error_free(mask_stream_write(stream, chunk, (size_t)n));
	}
	free(chunk);
	git_odb_stream_free(object);
	if (n < 0)
		return n;
	return is_named(&digest, id) ? 0 : feed_whole(odb, id, stream);
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
		err = check_text(commit, "a path", delta->new_file.path,
		    strlen(delta->new_file.path), mask);
		if (err == NULL && delta->new_file.mode != GIT_FILEMODE_COMMIT)
			err = check_blob(git, commit, &delta->new_file, mask);
	}
	return err;
}

static struct error *check_directories(const struct git *git,
    const git_commit *commit, const git_tree *tree, const git_tree *before,
    const struct mask *mask, int depth);

static struct error *
check_directory(const struct git *git, const git_commit *commit,
    const git_tree_entry *entry, const git_tree_entry *old,
    const struct mask *mask, int depth)
{
	const char *name = git_tree_entry_name(entry);
	git_tree *tree = NULL, *before = NULL;
	struct error *err = NULL;
	int code = 0;

	if (!is_sane_path(name) || depth == MAX_DEPTH)
		return insane_path(commit, name);
	if (mask != NULL)
		err = check_text(commit, "a path", name, strlen(name), mask);
	if (err != NULL)
		return err;
	code =
	    git_tree_lookup(&tree, git->repository, git_tree_entry_id(entry));
	if (code == 0 && old != NULL &&
	    git_tree_entry_type(old) == GIT_OBJECT_TREE)
		code = git_tree_lookup(
		    &before, git->repository, git_tree_entry_id(old));
	if (code == 0)
		err = check_directories(
		    git, commit, tree, before, mask, depth + 1);
	git_tree_free(before);
	git_tree_free(tree);
	if (code < 0)
		return git_failure(
		    ERROR_WORKSPACE, code, "cannot read '%s'", name);
	return err;
}

/* Those without a file in them, in no difference to be seen, have names, too.
 * Of a tree made by hand nobody knows whether it is in order. */
static struct error *
check_directories(const struct git *git, const git_commit *commit,
    const git_tree *tree, const git_tree *before, const struct mask *mask,
    int depth)
{
	size_t n_before = before != NULL ? git_tree_entrycount(before) : 0;
	struct error *err = NULL;

	for (size_t i = 0; err == NULL && i < git_tree_entrycount(tree); i++) {
		const git_tree_entry *entry = git_tree_entry_byindex(tree, i);
		const git_tree_entry *old = n_before > 0
		    ? git_tree_entry_byname(before, git_tree_entry_name(entry))
		    : NULL;

		if (git_tree_entry_type(entry) == GIT_OBJECT_TREE &&
		    (old == NULL ||
			!git_oid_equal(
			    git_tree_entry_id(entry), git_tree_entry_id(old))))
			err = check_directory(
			    git, commit, entry, old, mask, depth);
	}
	return err;
}

/* All that is in the commit: to libgit2 its words end at a NUL. */
static struct error *
check_words(
    const struct git *git, const git_commit *commit, const struct mask *mask)
{
	git_odb *odb = NULL;
	git_odb_object *object = NULL;
	const char *text, *end;
	struct error *err;
	size_t len, n;
	int code = git_repository_odb(&odb, git->repository);

	if (code == 0)
		code = git_odb_read(&object, odb, git_commit_id(commit));
	git_odb_free(odb);
	if (code < 0)
		return git_failure(ERROR_WORKSPACE, code,
		    "cannot read the commits to be pushed");
	text = git_odb_object_data(object);
	len = git_odb_object_size(object);
	end = memmem(text, len, "\n\n", 2);
	n = end != NULL ? (size_t)(end - text) : len;
	err = check_text(commit, "the message", text + n, len - n, mask);
	if (err == NULL)
		err = check_text(commit, "the author", text, n, mask);
	git_odb_object_free(object);
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
			err = check_words(git, commit, mask);
		if (err == NULL)
			err = check_directories(
			    git, commit, tree, before, mask, 0);
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
