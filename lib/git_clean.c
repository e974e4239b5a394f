/* SPDX-License-Identifier: MIT */
#include "git_internal.h"

#include "memory.h"
#include "ref_name.h"

struct error *
git_save_commit(const struct git *git, const char *name, const git_oid *commit,
    char **result)
{
	char *word = ref_name_make(name);
	char *path = xasprintf("refs/necrocode/saved/%s", word);
	git_reference *reference = NULL;
	int code = GIT_EEXISTS;

	*result = NULL;
	for (int n = 2; code == GIT_EEXISTS; n++) {
		code = git_reference_create(&reference, git->repository, path,
		    commit, 0, "saved by necrocode");
		if (code != GIT_EEXISTS)
			break;
		free(path);
		path = xasprintf("refs/necrocode/saved/%s-%d", word, n);
	}
	git_reference_free(reference);
	free(word);
	if (code < 0) {
		struct error *err = git_failure(ERROR_WORKSPACE, code,
		    "cannot save to '%s' in '%s'", path, git->path);

		free(path);
		return err;
	}
	*result = path;
	return NULL;
}

/* Commits a tree on HEAD without moving HEAD. */
static struct error *
commit_tree(const struct git *git, const char *name, const git_tree *tree,
    const git_commit *head, git_oid *id)
{
	const git_commit *parents[] = { head };
	git_signature *who = NULL;
	char *message;
	struct error *err = git_signature_of(git, &who);
	int code;

	if (err != NULL)
		return err;
	message = xasprintf("saved by necrocode: %s\n", name);
	code = git_commit_create(id, git->repository, NULL, who, who, NULL,
	    message, tree, head != NULL ? 1 : 0, parents);
	git_signature_free(who);
	free(message);
	if (code < 0)
		return git_failure(ERROR_WORKSPACE, code,
		    "cannot save the changes in '%s'", git->path);
	return NULL;
}

/* The tree of HEAD, or an empty one. */
static int
head_tree(const struct git *git, git_tree **tree, git_commit *head)
{
	git_treebuilder *builder = NULL;
	git_oid id;
	int code;

	if (head != NULL)
		return git_commit_tree(tree, head);
	code = git_treebuilder_new(&builder, git->repository, NULL);
	if (code == 0)
		code = git_treebuilder_write(&id, builder);
	git_treebuilder_free(builder);
	if (code == 0)
		code = git_tree_lookup(tree, git->repository, &id);
	return code;
}

/*
 * The work tree is what `saved` says, so with that as the baseline a safe
 * checkout removes and restores exactly what was saved: a file that changed
 * since then stops it.
 */
static int
restore(const struct git *git, git_tree *saved, git_tree *wanted)
{
	git_checkout_options options = {
		.version = GIT_CHECKOUT_OPTIONS_VERSION,
		.checkout_strategy = GIT_CHECKOUT_SAFE,
		.baseline = saved,
	};

	return git_check_out(git, (git_object *)wanted, &options);
}

static struct error *
work_tree(struct git *git, git_tree **tree)
{
	git_oid id;
	int code;
	struct error *err = git_stage_everything(git, &id);

	if (err != NULL)
		return err;
	code = git_tree_lookup(tree, git->repository, &id);
	if (code < 0)
		return git_failure(ERROR_WORKSPACE, code,
		    "cannot save the changes in '%s'", git->path);
	return NULL;
}

void
git_end_operation(const struct git *git)
{
	git_repository_state_cleanup(git->repository);
}

struct error *
git_save_and_clean(struct git *git, const char *name, char **reference)
{
	git_commit *head = NULL;
	git_tree *saved = NULL, *wanted = NULL;
	git_oid id;
	int code = 0;
	struct error *err;

	*reference = NULL;
	if (git->used)
		git_remove_locks(git, 0);
	err = git_head_commit(git, &head);
	if (err == NULL)
		err = work_tree(git, &saved);
	if (err == NULL)
		code = head_tree(git, &wanted, head);
	if (err == NULL && code == 0 &&
	    !git_oid_equal(git_tree_id(saved), git_tree_id(wanted))) {
		err = commit_tree(git, name, saved, head, &id);
		if (err == NULL)
			err = git_save_commit(git, name, &id, reference);
		if (err == NULL)
			code = restore(git, saved, wanted);
	}
	if (err == NULL && code == 0)
		code = git_repository_state_cleanup(git->repository);
	if (err == NULL && code == 0)
		git_move_nested(git, name);
	if (code < 0)
		err = git_failure(
		    ERROR_WORKSPACE, code, "cannot clean '%s'", git->path);
	git_tree_free(saved);
	git_tree_free(wanted);
	git_commit_free(head);
	return err;
}
