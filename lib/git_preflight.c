/* SPDX-License-Identifier: MIT */
/*
 * What libgit2 would handle wrongly without saying so, found before anything
 * is touched: it reads only part of a partial clone, and stores files
 * without the filters (Git LFS) that git puts them through. Files under a
 * filter may be there, as long as none is to be written or committed.
 */
#include "git_internal.h"

#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "memory.h"
#include "text.h"

static struct error *
refuse(const struct git *git, const char *what, const char *remedy)
{
	return error_new(ERROR_WORKSPACE,
	    "cannot use slot '%s': it is %s, which is not supported; %s",
	    git->path, what, remedy);
}

static const char *
operation_name(int state)
{
	switch (state) {
	case GIT_REPOSITORY_STATE_MERGE:
		return "merge";
	case GIT_REPOSITORY_STATE_REVERT:
	case GIT_REPOSITORY_STATE_REVERT_SEQUENCE:
		return "revert";
	case GIT_REPOSITORY_STATE_CHERRYPICK:
	case GIT_REPOSITORY_STATE_CHERRYPICK_SEQUENCE:
		return "cherry-pick";
	case GIT_REPOSITORY_STATE_BISECT:
		return "bisect";
	case GIT_REPOSITORY_STATE_APPLY_MAILBOX:
		return "am";
	default:
		return "rebase";
	}
}

static struct error *
check_lock(const struct git *git, const char *directory, const char *name)
{
	char *path = xasprintf("%s/%s", directory, name);
	char age[CLOCK_TEXT_SIZE];
	struct error *err = NULL;
	struct stat info;

	if (lstat(path, &info) == 0) {
		clock_format_duration(
		    age, clock_now() - (double)info.st_mtim.tv_sec);
		err = error_new(ERROR_WORKSPACE,
		    "cannot use slot '%s': '%s' is there, %s old: a git "
		    "process is at work, or died; if none is at work in "
		    "the slot, remove that file",
		    git->path, path, age);
	}
	free(path);
	return err;
}

struct error *
git_check_idle(const struct git *git)
{
	int state = git_repository_state(git->repository);
	struct error *err;

	if (state != GIT_REPOSITORY_STATE_NONE) {
		const char *name = operation_name(state);

		return error_new(ERROR_WORKSPACE,
		    "cannot use slot '%s': it is in the middle of a %s; "
		    "finish it, or end it with: git -C '%s' %s %s",
		    git->path, name, git->path, name,
		    state == GIT_REPOSITORY_STATE_BISECT ? "reset" : "--abort");
	}
	err = check_lock(git, git->directory, "index.lock");
	if (err == NULL)
		err = check_lock(git, git->directory, "HEAD.lock");
	return err;
}

int
git_remove_locks(const struct git *git, double since)
{
	static const char *const names[] = { "index.lock", "HEAD.lock" };
	int n = 0;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		char *path = xasprintf("%s/%s", git->directory, names[i]);
		struct stat info;

		if (lstat(path, &info) == 0 &&
		    (double)info.st_mtim.tv_sec + 1 >= since &&
		    unlink(path) == 0)
			n++;
		free(path);
	}
	return n;
}

static bool
is_true(const git_config_entry *entry)
{
	int yes = 0;

	return git_config_parse_bool(&yes, entry->value) == 0 && yes;
}

struct features {
	bool partial, sparse, worktree_config;
};

static int
note_feature(const git_config_entry *entry, void *context)
{
	struct features *features = context;
	const char *name = entry->name;

	/* The names come in lower case but for the remote's own. */
	if (strcmp(name, "extensions.worktreeconfig") == 0)
		features->worktree_config = is_true(entry);
	else if (strcmp(name, "core.sparsecheckout") == 0)
		features->sparse = is_true(entry);
	else if (strcmp(name, "extensions.partialclone") == 0 ||
	    (strncmp(name, "remote.", 7) == 0 &&
		(text_ends_with(name, ".partialclonefilter") ||
		    (text_ends_with(name, ".promisor") && is_true(entry)))))
		features->partial = true;
	return 0;
}

static struct error *
read_features(const struct git *git, struct features *features)
{
	git_config *config = NULL, *own = NULL;
	char *path = NULL;
	int code = git_repository_config(&config, git->repository);

	if (code == 0)
		code = git_config_foreach(config, note_feature, features);
	if (code == 0 && features->worktree_config) {
		/* libgit2 does not read this file. */
		path = xasprintf("%s/config.worktree", git->directory);
		if (access(path, F_OK) == 0)
			code = git_config_open_ondisk(&own, path);
		if (code == 0 && own != NULL)
			code = git_config_foreach(own, note_feature, features);
	}
	git_config_free(own);
	git_config_free(config);
	free(path);
	if (code < 0)
		return git_failure(ERROR_WORKSPACE, code,
		    "cannot read the configuration of '%s'", git->path);
	return NULL;
}

static struct error *
filtered(const struct git *git, const char *path, const char *const *values)
{
	char *what;
	struct error *err;

	if (git_attr_value(values[0]) == GIT_ATTR_VALUE_STRING)
		what = xasprintf("filter=%s", values[0]);
	else
		what = xasprintf("working-tree-encoding=%s", values[1]);
	err = error_new(ERROR_WORKSPACE,
	    "cannot write or commit '%s' in '%s': it has the attribute %s, and "
	    "files that git converts (as Git LFS does) are not supported",
	    path, git->path, what);
	free(what);
	return err;
}

static struct error *
check_filter_in(
    const struct git *git, const char *path, git_attr_options *options)
{
	static const char *names[] = { "filter", "working-tree-encoding" };
	const char *values[2] = { NULL, NULL };
	int code = git_attr_get_many_ext(
	    values, git->repository, options, path, 2, names);

	if (code < 0)
		return git_failure(ERROR_WORKSPACE, code,
		    "cannot read the attributes of '%s' in '%s'", path,
		    git->path);
	if (git_attr_value(values[0]) == GIT_ATTR_VALUE_STRING ||
	    git_attr_value(values[1]) == GIT_ATTR_VALUE_STRING)
		return filtered(git, path, values);
	return NULL;
}

struct error *
git_check_filter(const struct git *git, const char *path)
{
	git_attr_options options = { .version = GIT_ATTR_OPTIONS_VERSION };

	return check_filter_in(git, path, &options);
}

static bool
is_attributes_file(const char *path)
{
	const char *slash = strrchr(path, '/');

	return strcmp(slash != NULL ? slash + 1 : path, ".gitattributes") == 0;
}

static bool
contains(git_blob *blob, const char *word)
{
	const char *text = git_blob_rawcontent(blob);
	size_t len = (size_t)git_blob_rawsize(blob), n = strlen(word);

	for (size_t i = 0; i + n <= len; i++)
		if (text[i] == *word && memcmp(text + i, word, n) == 0)
			return true;
	return false;
}

static bool
blob_matters(const struct git *git, const git_oid *id)
{
	git_blob *blob;
	bool yes;

	if (git_blob_lookup(&blob, git->repository, id) < 0)
		return true; /* look closer */
	yes =
	    contains(blob, "filter") || contains(blob, "working-tree-encoding");
	git_blob_free(blob);
	return yes;
}

static bool
info_attributes_matter(const struct git *git)
{
	char *path = xasprintf("%s/info/attributes", git->common);
	struct stat info;
	bool yes = stat(path, &info) == 0 && info.st_size > 0;

	free(path);
	return yes;
}

bool
git_index_has_attributes(git_index *index)
{
	for (size_t i = 0; i < git_index_entrycount(index); i++)
		if (is_attributes_file(git_index_get_byindex(index, i)->path))
			return true;
	return false;
}

bool
git_index_has_filters(const struct git *git, git_index *index)
{
	size_t n = git_index_entrycount(index);

	if (info_attributes_matter(git))
		return true;
	for (size_t i = 0; i < n; i++) {
		const git_index_entry *entry = git_index_get_byindex(index, i);

		if (is_attributes_file(entry->path) &&
		    blob_matters(git, &entry->id))
			return true;
	}
	return false;
}

static void
look_at_index(struct git *git, git_index *index)
{
	if (git_see_marked(git, index))
		git->sparse = true;
	git->filters = git_index_has_filters(git, index);
}

struct error *
git_check_features(struct git *git)
{
	struct features features = { 0 };
	git_index *index = NULL;
	struct error *err = read_features(git, &features);
	int code;

	if (err != NULL)
		return err;
	if (features.partial)
		return refuse(
		    git, "a partial clone", "clone it again without --filter");
	git->sparse = features.sparse;
	code = git_repository_index(&index, git->repository);
	if (code < 0 && strstr(git_reason(), "'link'") != NULL)
		return refuse(git, "a repository with a split index",
		    "end that with: git update-index --no-split-index");
	if (code < 0 && strstr(git_reason(), "'sdir'") != NULL)
		return refuse(git, "a repository with a sparse index",
		    "end that with: git sparse-checkout reapply "
		    "--no-sparse-index");
	if (code < 0)
		return git_failure(ERROR_WORKSPACE, code,
		    "cannot read the index of '%s'", git->path);
	look_at_index(git, index);
	git_index_free(index);
	return git_take_shallow(git);
}

static bool
brings_filters(const struct git *git, git_diff *diff)
{
	for (size_t i = 0; i < git_diff_num_deltas(diff); i++) {
		const git_diff_delta *delta = git_diff_get_delta(diff, i);

		if (delta->status != GIT_DELTA_DELETED &&
		    is_attributes_file(delta->new_file.path) &&
		    blob_matters(git, &delta->new_file.id))
			return true;
	}
	return false;
}

static struct error *
check_incoming(const struct git *git, git_diff *diff, git_commit *to)
{
	git_attr_options options = {
		.version = GIT_ATTR_OPTIONS_VERSION,
		.flags = GIT_ATTR_CHECK_INCLUDE_COMMIT,
		.attr_commit_id = *git_commit_id(to),
	};
	struct error *err = NULL;

	for (size_t i = 0; err == NULL && i < git_diff_num_deltas(diff); i++) {
		const git_diff_delta *delta = git_diff_get_delta(diff, i);

		if (delta->status != GIT_DELTA_DELETED)
			err = check_filter_in(
			    git, delta->new_file.path, &options);
	}
	return err;
}

struct error *
git_check_filters(const struct git *git, git_tree *from, git_commit *to)
{
	git_diff *diff = NULL;
	git_tree *tree = NULL;
	struct error *err = NULL;
	int code = git_commit_tree(&tree, to);

	if (code == 0)
		code = git_diff_tree_to_tree(
		    &diff, git->repository, from, tree, NULL);
	if (code < 0)
		err = git_failure(ERROR_WORKSPACE, code,
		    "cannot read the tree to check out in '%s'", git->path);
	else if (git->filters || brings_filters(git, diff))
		err = check_incoming(git, diff, to);
	git_diff_free(diff);
	git_tree_free(tree);
	return err;
}
