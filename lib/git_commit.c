/* SPDX-License-Identifier: MIT */
#include "git_attributes.h"

#include "log.h"
#include "memory.h"

struct addition {
	struct git *git;
	bool filters;
	struct error *err;
};

/* git itself would commit a link that leads nowhere. */
static struct error *
leave_out(struct git *git, const char *path)
{
	if (git->used)
		git_add_nested(git, path);
	else if (git_knows_nested(git, path))
		log_info("nested_repository",
		    "left '%s' out: it is a git repository of its own", path);
	else
		return error_new(ERROR_WORKSPACE,
		    "cannot commit '%s' in '%s': it is a git repository of "
		    "its own, and no submodule; remove its .git to commit its "
		    "files, or have .gitignore ignore it",
		    path, git->path);
	return NULL;
}

static bool
is_wanted(struct addition *addition, const char *path)
{
	if (git_is_nested(path)) {
		addition->err = leave_out(addition->git, path);
		return false;
	}
	if (addition->filters)
		addition->err = git_check_filter(addition->git, path);
	return addition->err == NULL;
}

/* git_index_add_all() reads every file twice, once for a patch. */
static int
add_changes(struct addition *addition, git_index *index)
{
	git_diff_options options = {
		.version = GIT_DIFF_OPTIONS_VERSION,
		.flags = GIT_DIFF_INCLUDE_TYPECHANGE |
		    GIT_DIFF_INCLUDE_UNTRACKED |
		    GIT_DIFF_RECURSE_UNTRACKED_DIRS,
		.ignore_submodules = GIT_SUBMODULE_IGNORE_UNSPECIFIED,
		.notify_cb = git_leave_out,
		.payload = addition->git,
	};
	git_diff *diff = NULL;
	int code = git_diff_index_to_workdir(
	    &diff, addition->git->repository, index, &options);

	if (code == 0)
		git_attributes_begin(addition->git, diff);
	for (size_t i = 0; code == 0 && addition->err == NULL &&
	     i < git_diff_num_deltas(diff);
	     i++) {
		const git_diff_delta *delta = git_diff_get_delta(diff, i);

		if (!is_wanted(addition, delta->new_file.path))
			continue;
		if (delta->status == GIT_DELTA_DELETED)
			code = git_index_remove_bypath(
			    index, delta->old_file.path);
		else
			code =
			    git_index_add_bypath(index, delta->new_file.path);
	}
	git_attributes_end();
	git_diff_free(diff);
	return code;
}

/* As `git add -A` does, but for repositories inside the work tree. */
static struct error *
add_everything(struct git *git, git_index *index)
{
	/* What is only saved is saved as it is. */
	bool strict = !git->used;
	struct addition addition = {
		.git = git,
		.filters = git->filters && strict,
	};
	int code = add_changes(&addition, index);

	/* Attributes that came with this very change: once more. */
	if (code == 0 && strict && !addition.filters &&
	    git_index_has_filters(git, index)) {
		addition.filters = true;
		for (size_t i = 0;
		     addition.err == NULL && i < git_index_entrycount(index);
		     i++)
			addition.err = git_check_filter(
			    git, git_index_get_byindex(index, i)->path);
	}
	if (addition.err != NULL)
		return addition.err;
	if (code < 0)
		return git_failure(ERROR_WORKSPACE, code,
		    "cannot add the changes in '%s'", git->path);
	return NULL;
}

/* Moves the branch that HEAD is on, or HEAD itself, from one commit to
 * another; `from` may be NULL: there was none. */
static int
move_head(const struct git *git, const git_oid *from, const git_oid *to)
{
	git_reference *head = NULL, *moved = NULL;
	const char *name = "HEAD";
	int code = git_reference_lookup(&head, git->repository, "HEAD");

	if (code == 0 && git_reference_type(head) == GIT_REFERENCE_SYMBOLIC)
		name = git_reference_symbolic_target(head);
	if (code == 0)
		code = git_reference_create_matching(&moved, git->repository,
		    name, to, from != NULL, from, "commit: necrocode");
	git_reference_free(moved);
	git_reference_free(head);
	return code;
}

static struct error *
commit_on_head(struct git *git, git_tree *tree, git_commit *head,
    const git_signature *who, const char *message)
{
	struct git_new_commit commit = {
		.author = who,
		.committer = who,
		.message = message,
		.tree = tree,
		.parent = head,
	};
	git_oid id;
	struct error *err = git_create_commit(git, &id, &commit);
	int code;

	if (err != NULL)
		return err;
	code = move_head(git, head != NULL ? git_commit_id(head) : NULL, &id);
	if (code < 0)
		return git_failure(ERROR_WORKSPACE, code,
		    "cannot put the commit on the branch of '%s'", git->path);
	return NULL;
}

struct error *
git_stage_everything(struct git *git, git_oid *tree)
{
	git_index *index = NULL;
	struct error *err = NULL;
	int code = git_repository_index(&index, git->repository);

	if (code == 0)
		code = git_index_read(index, 0);
	if (code == 0)
		err = add_everything(git, index);
	if (code == 0 && err == NULL)
		code = git_index_write_tree(tree, index);
	if (code == 0 && err == NULL)
		code = git_index_write(index);
	git_index_free(index);
	if (code < 0)
		return git_failure(ERROR_WORKSPACE, code,
		    "cannot add the changes in '%s'", git->path);
	return err;
}

struct error *
git_commit_everything(struct git *git, const char *message, bool *made)
{
	git_signature *who = NULL;
	git_commit *head = NULL;
	git_tree *tree = NULL;
	git_oid id;
	int code = 0;
	struct error *err = git_stage_everything(git, &id);

	*made = false;
	if (err == NULL)
		err = git_head_commit(git, &head);
	if (err == NULL)
		err = git_signature_of(git, &who);
	if (err == NULL &&
	    (head == NULL || !git_oid_equal(&id, git_commit_tree_id(head)))) {
		code = git_tree_lookup(&tree, git->repository, &id);
		if (code == 0)
			err = commit_on_head(git, tree, head, who, message);
		*made = code == 0 && err == NULL;
	}
	if (code < 0)
		err = git_failure(ERROR_WORKSPACE, code,
		    "cannot commit the changes in '%s'", git->path);
	git_tree_free(tree);
	git_commit_free(head);
	git_signature_free(who);
	return err;
}
