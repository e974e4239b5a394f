/* SPDX-License-Identifier: MIT */
/*
 * A branch that somebody else pushed to meanwhile: ours goes on top of
 * theirs. The rebase is made in memory; what the branch was is saved before
 * anything moves.
 */
#include "git_internal.h"

#include "log.h"
#include "memory.h"

/* The words of other topics are about workspaces. */
static struct error *
as_push_error(struct error *err)
{
	if (err == NULL || err->type != ERROR_WORKSPACE)
		return err;
	err->type = ERROR_PUSH;
	err->exit_code = error_type_exit_code(ERROR_PUSH);
	return err;
}

static struct error *
check_out(struct git *git, const git_oid *from, const git_oid *to)
{
	git_checkout_options options = {
		.version = GIT_CHECKOUT_OPTIONS_VERSION,
		.checkout_strategy = GIT_CHECKOUT_SAFE,
	};
	git_commit *before = NULL, *after = NULL;
	git_tree *tree = NULL;
	struct error *err = NULL;
	int code = git_commit_lookup(&before, git->repository, from);

	if (code == 0)
		code = git_commit_lookup(&after, git->repository, to);
	if (code == 0)
		code = git_commit_tree(&tree, before);
	if (code == 0)
		err = git_check_filters(git, tree, after);
	options.baseline = tree;
	if (code == 0 && err == NULL)
		code = git_check_out(git, (git_object *)after, &options);
	if (code < 0)
		err = git_failure(ERROR_PUSH, code,
		    "cannot check out the rebased branch in '%s'", git->path);
	git_tree_free(tree);
	git_commit_free(after);
	git_commit_free(before);
	return err;
}

static struct error *
move(struct git *git, struct git_push *push, const git_oid *from,
    const git_oid *to)
{
	char *name = xasprintf("refs/heads/%s", push->branch);
	git_reference *reference = NULL;
	struct error *err = NULL;
	int code;

	free(push->saved_ref);
	push->saved_ref = NULL;
	err = git_save_commit(git, push->branch, from, &push->saved_ref);
	if (err == NULL)
		err = check_out(git, from, to);
	if (err == NULL) {
		code = git_reference_create_matching(&reference,
		    git->repository, name, to, 1, from, "necrocode: rebase");
		if (code < 0)
			err = git_failure(ERROR_PUSH, code,
			    "cannot move '%s' in '%s'", name, git->path);
	}
	git_reference_free(reference);
	free(name);
	return err;
}

struct error *
git_rebase_on_remote(struct git *git, struct git_network *network,
    struct git_push *push, git_oid *tip, const git_oid *base)
{
	char *default_branch = NULL, *what, theirs[GIT_ID_TEXT];
	int n_retries = network->n_retries;
	git_oid onto, result;
	struct error *err;
	size_t n = 0;

	what = xasprintf("branch '%s'", push->branch);
	err = git_fetch_branch(git, network,
	    push->remote != NULL ? push->remote : "origin", push->branch,
	    theirs, &default_branch);
	network->n_retries += n_retries;
	if (err == NULL)
		git_oid_fromstr(&onto, theirs);
	if (err == NULL)
		err =
		    git_rebase_range(git, &result, &n, tip, base, &onto, what);
	if (err == NULL)
		err = move(git, push, tip, &result);
	if (err == NULL) {
		log_warn("push_rebased",
		    "branch '%s' was at %.12s on the remote: %zu commits are "
		    "replayed on top; no tests were run on the result; what "
		    "the branch was is at %s",
		    push->branch, theirs, n, push->saved_ref);
		memcpy(push->theirs, theirs, sizeof theirs);
		*tip = result;
	} else {
		err = error_prefix(as_push_error(err),
		    "cannot push '%s': the remote has other commits on it",
		    push->branch);
	}
	free(default_branch);
	free(what);
	return err;
}
