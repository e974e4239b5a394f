/* SPDX-License-Identifier: MIT */
/*
 * What may be pushed: the difference between where the branch left the base
 * branch and its tip, as it really goes to the remote, whatever the work
 * tree or the document say.
 */
#include "git_internal.h"

#include <git2/sys/path.h>

#include "git_modules.h"
#include "memory.h"
#include "path_pattern.h"

enum {
	MAX_NAMED_PATHS = 10,
	MAX_TEXT_BYTES = 64 * 1024 * 1024, /* larger files count as binary */
	MAX_LINK_BYTES = 64 * 1024,
};

static const char left[] = "commit and branch are left in the slot";

struct check {
	const struct git *git;
	const struct git_policy *policy;
	const git_oid *tip;
	git_diff *diff;
	size_t n_bytes;
};

static struct error *
unreadable(int code)
{
	return git_failure(
	    ERROR_WORKSPACE, code, "cannot read what is to be pushed");
}

static struct error *
check_count(const struct check *check)
{
	size_t n = git_diff_num_deltas(check->diff);
	size_t max = check->policy->max_changed_files;

	if (max == 0 || n <= max)
		return NULL;
	return error_new(ERROR_SECURITY,
	    "it changes %zu files, more than the %zu of max_changed_files; %s",
	    n, max, left);
}

static struct error *
check_protected(const struct check *check)
{
	char *const *patterns = check->policy->protected_paths;
	struct buffer names = BUFFER_INIT(8192);
	struct error *err = NULL;
	size_t n = 0;

	for (size_t i = 0; i < git_diff_num_deltas(check->diff); i++) {
		const git_diff_delta *delta =
		    git_diff_get_delta(check->diff, i);
		const char *path = delta->new_file.path;
		const char *pattern = path_pattern_find(patterns, path);

		if (pattern == NULL) {
			path = delta->old_file.path;
			pattern = path_pattern_find(patterns, path);
		}
		if (pattern != NULL && n++ < MAX_NAMED_PATHS)
			buffer_appendf(&names, "%s'%s' (%s)", n > 1 ? ", " : "",
			    path, pattern);
	}
	if (n > 0)
		err = error_new(ERROR_SECURITY,
		    "it changes what protected_paths protects: %s%s; a person "
		    "has to do that; %s",
		    names.data, n > MAX_NAMED_PATHS ? " and more" : "", left);
	buffer_release(&names);
	return err;
}

/* Does a link at `path` lead out of the repository, or may it, by way of
 * another link? Behind a name nobody knows where ".." leads. */
static bool
leads_out(const char *path, const char *target)
{
	bool named = false;
	int depth = 0;

	if (*target == '/')
		return true;
	for (; *path != '\0'; path++)
		depth += *path == '/';
	while (*target != '\0') {
		size_t len = strcspn(target, "/");

		if (len == 2 && strncmp(target, "..", 2) == 0) {
			if (named || depth-- == 0)
				return true;
		} else if (len > 0 && !(len == 1 && *target == '.')) {
			named = true;
		}
		target += len;
		target += *target == '/';
	}
	return false;
}

/* The text of a small blob; NULL if it is not small. */
static struct error *
blob_text(
    const struct check *check, char **text, size_t *len, const git_oid *id)
{
	git_blob *blob = NULL;
	int code = git_blob_lookup(&blob, check->git->repository, id);

	*text = NULL;
	*len = 0;
	if (code < 0)
		return unreadable(code);
	if (git_blob_rawsize(blob) <= MAX_LINK_BYTES) {
		*len = (size_t)git_blob_rawsize(blob);
		*text = xcalloc(*len + 1, 1);
		if (*len > 0)
			memcpy(*text, git_blob_rawcontent(blob), *len);
	}
	git_blob_free(blob);
	return NULL;
}

static struct error *
check_link(const struct check *check, const git_diff_file *file)
{
	char *target = NULL;
	size_t len;
	struct error *err = blob_text(check, &target, &len, &file->id);

	if (err == NULL && (target == NULL || leads_out(file->path, target)))
		err = error_new(ERROR_SECURITY,
		    "'%s' is a symbolic link out of the repository, to '%s'; "
		    "%s",
		    file->path, target != NULL ? target : "nowhere", left);
	free(target);
	return err;
}

static struct error *
check_modules(const struct check *check, const git_diff_file *file)
{
	struct error *err = NULL;
	bool bad = file->mode == GIT_FILEMODE_LINK;
	char *text = NULL;
	size_t len;

	if (!bad)
		err = blob_text(check, &text, &len, &file->id);
	if (err != NULL)
		return err;
	bad = bad || text == NULL || git_modules_are_bad(text, len);
	free(text);
	if (bad)
		err = error_new(ERROR_SECURITY,
		    "'%s' has a submodule that git would refuse, or that "
		    "would run a program; %s",
		    file->path, left);
	return err;
}

/* Does .gitmodules at the tip speak of a submodule at this path? */
static bool
is_submodule(const struct check *check, const char *path)
{
	git_tree_entry *entry = NULL;
	git_commit *commit = NULL;
	git_tree *tree = NULL;
	char *text = NULL;
	size_t len = 0;
	bool yes;

	if (git_commit_lookup(&commit, check->git->repository, check->tip) ==
		0 &&
	    git_commit_tree(&tree, commit) == 0 &&
	    git_tree_entry_bypath(&entry, tree, ".gitmodules") == 0)
		error_free(
		    blob_text(check, &text, &len, git_tree_entry_id(entry)));
	yes = text != NULL && git_modules_have(text, len, path);
	free(text);
	git_tree_entry_free(entry);
	git_tree_free(tree);
	git_commit_free(commit);
	return yes;
}

/* Somebody's commit of a repository that happens to lie there. */
static struct error *
check_link_to_commit(const struct check *check, const git_diff_delta *delta)
{
	const char *path = delta->new_file.path;

	if (delta->old_file.mode == GIT_FILEMODE_COMMIT ||
	    is_submodule(check, path))
		return NULL;
	return error_new(ERROR_SECURITY,
	    "'%s' is a git repository of its own that was committed as a "
	    "submodule, which .gitmodules knows nothing of; %s",
	    path, left);
}

/* Is it .gitmodules on some file system or other? */
static bool
is_modules(const char *path)
{
	return strchr(path, '/') == NULL &&
	    git_path_is_gitfile(path, strlen(path), GIT_PATH_GITFILE_GITMODULES,
		GIT_PATH_FS_GENERIC) > 0;
}

static struct error *
check_paths(const struct check *check)
{
	struct error *err = NULL;

	for (size_t i = 0; err == NULL && i < git_diff_num_deltas(check->diff);
	     i++) {
		const git_diff_delta *delta =
		    git_diff_get_delta(check->diff, i);
		const git_diff_file *file = &delta->new_file;

		if (delta->status == GIT_DELTA_DELETED)
			continue;
		if (is_modules(file->path))
			err = check_modules(check, file);
		else if (file->mode == GIT_FILEMODE_LINK)
			err = check_link(check, file);
		else if (file->mode == GIT_FILEMODE_COMMIT)
			err = check_link_to_commit(check, delta);
	}
	return err;
}

static bool
is_over(const struct check *check)
{
	return check->policy->max_diff_bytes > 0 &&
	    check->n_bytes > check->policy->max_diff_bytes;
}

static int
count_line(const git_diff_delta *delta, const git_diff_hunk *hunk,
    const git_diff_line *line, void *context)
{
	struct check *check = context;

	(void)hunk;
	check->n_bytes += line->content_len;
	if (line->origin == GIT_DIFF_LINE_ADDITION ||
	    line->origin == GIT_DIFF_LINE_DELETION ||
	    line->origin == GIT_DIFF_LINE_CONTEXT)
		check->n_bytes++;
	/* The patch says only that they differ. */
	if (line->origin == GIT_DIFF_LINE_BINARY &&
	    !git_oid_equal(&delta->old_file.id, &delta->new_file.id))
		check->n_bytes += (size_t)delta->new_file.size;
	return is_over(check) ? GIT_EUSER : 0;
}

static struct error *
check_size(struct check *check)
{
	int code;

	if (check->policy->max_diff_bytes == 0)
		return NULL;
	code = git_diff_print(
	    check->diff, GIT_DIFF_FORMAT_PATCH, count_line, check);
	if (is_over(check))
		return error_new(ERROR_SECURITY,
		    "its difference is larger than the %zu bytes of "
		    "max_diff_bytes; %s",
		    check->policy->max_diff_bytes, left);
	return code < 0 ? unreadable(code) : NULL;
}

/* The tree where the branch left the base; NULL when there is no base. */
static struct error *
tree_before(const struct git *git, git_tree **tree, const git_oid *tip,
    const git_oid *base)
{
	git_commit *commit = NULL;
	git_oid fork;
	int code;

	*tree = NULL;
	if (base == NULL)
		return NULL;
	code = git_merge_base(&fork, git->repository, tip, base);
	if (code == GIT_ENOTFOUND)
		return error_new(ERROR_SECURITY,
		    "it has no history in common with the base branch; %s",
		    left);
	if (code == 0)
		code = git_commit_lookup(&commit, git->repository, &fork);
	if (code == 0)
		code = git_commit_tree(tree, commit);
	git_commit_free(commit);
	return code < 0 ? unreadable(code) : NULL;
}

static struct error *
compare(struct check *check, const git_oid *tip, git_tree *before)
{
	git_diff_options options = {
		.version = GIT_DIFF_OPTIONS_VERSION,
		.flags =
		    GIT_DIFF_INCLUDE_TYPECHANGE | GIT_DIFF_INDENT_HEURISTIC,
		.context_lines = 3,
		.max_size = MAX_TEXT_BYTES,
	};
	git_diff_find_options similar = {
		.version = GIT_DIFF_FIND_OPTIONS_VERSION,
		.flags = GIT_DIFF_FIND_RENAMES | GIT_DIFF_FIND_EXACT_MATCH_ONLY,
	};
	git_repository *repository = check->git->repository;
	git_commit *commit = NULL;
	git_tree *tree = NULL;
	int code = git_commit_lookup(&commit, repository, tip);

	if (code == 0)
		code = git_commit_tree(&tree, commit);
	if (code == 0)
		code = git_diff_tree_to_tree(
		    &check->diff, repository, before, tree, &options);
	if (code == 0)
		code = git_diff_find_similar(check->diff, &similar);
	git_tree_free(tree);
	git_commit_free(commit);
	return code < 0 ? unreadable(code) : NULL;
}

/* An agent that has the filter's program may have committed by itself, but
 * what belongs to it (the objects of Git LFS) would not be pushed. */
static struct error *
check_filters(const struct check *check, git_tree *before)
{
	git_commit *commit = NULL;
	int code =
	    git_commit_lookup(&commit, check->git->repository, check->tip);
	struct error *err = code < 0
	    ? unreadable(code)
	    : git_check_filters(check->git, before, commit);

	git_commit_free(commit);
	return err;
}

struct error *
git_check_policy(const struct git *git, const git_oid *tip, const git_oid *base,
    const struct git_policy *policy)
{
	struct check check = { .git = git, .policy = policy, .tip = tip };
	git_tree *before = NULL;
	struct error *err = tree_before(git, &before, tip, base);

	if (err == NULL)
		err = compare(&check, tip, before);
	if (err == NULL)
		err = check_count(&check);
	if (err == NULL)
		err = check_protected(&check);
	if (err == NULL)
		err = check_paths(&check);
	if (err == NULL)
		err = check_filters(&check, before);
	if (err == NULL)
		err = check_size(&check);
	git_diff_free(check.diff);
	git_tree_free(before);
	return err;
}
