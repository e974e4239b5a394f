/* SPDX-License-Identifier: MIT */
/*
 * From the branch the slot is on to the task's. Everything is planned first;
 * then the files, the references, HEAD, in this order: a base branch that
 * moves while HEAD is still on it would make its old files look like
 * changes.
 */
#include "git_internal.h"

#include "log.h"
#include "memory.h"
#include "process.h"

enum { MAX_NAMED_FILES = 10 };

struct place {
	char *name; /* refs/heads/... */
	git_oid now, wanted;
	bool exists;
	bool written;
};

struct change {
	struct git *git;
	struct git_start *start;
	struct place base, branch;
	git_commit *head; /* NULL: unborn */
	git_commit *target;
	struct buffer conflicts;
	size_t n_conflicts;
};

static void
find_place(struct place *place, const struct git *git, const char *branch)
{
	place->name = xasprintf("refs/heads/%s", branch);
	place->exists = git_reference_id(git, &place->now, place->name);
}

static bool
is_elsewhere(const struct git *git, const struct place *place)
{
	git_reference *reference = NULL, *head = NULL;
	bool here, out = false;

	if (!place->exists ||
	    git_reference_lookup(&reference, git->repository, place->name) < 0)
		return false;
	here = git_reference_lookup(&head, git->repository, "HEAD") == 0 &&
	    git_reference_type(head) == GIT_REFERENCE_SYMBOLIC &&
	    strcmp(git_reference_symbolic_target(head), place->name) == 0;
	if (!here)
		out = git_branch_is_checked_out(reference) == 1;
	git_reference_free(head);
	git_reference_free(reference);
	return out;
}

static struct error *
plan_base(struct change *change, const git_oid *upstream)
{
	struct place *base = &change->base;
	struct git_start *start = change->start;
	struct error *err = NULL;
	char *what;

	find_place(base, change->git, start->base);
	base->wanted = *upstream;
	start->base_elsewhere = is_elsewhere(change->git, base);
	if (!base->exists || git_oid_equal(&base->now, upstream))
		return NULL;
	what = xasprintf("branch '%s'", start->base);
	/* Not moved there, its own commits are not taken here either. */
	if (!start->base_elsewhere)
		err = git_rebase_commits(change->git, &base->wanted,
		    &start->n_base, &base->now, upstream, what);
	free(what);
	return err;
}

static struct error *
plan_branch(struct change *change)
{
	struct place *branch = &change->branch;
	struct git_start *start = change->start;
	struct error *err;
	char *what;

	find_place(branch, change->git, start->branch);
	branch->wanted = change->base.wanted;
	if (!branch->exists)
		return NULL;
	if (is_elsewhere(change->git, branch))
		return error_new(ERROR_WORKSPACE,
		    "cannot use branch '%s': another work tree of this "
		    "repository has it checked out (see: git worktree list)",
		    start->branch);
	what = xasprintf("branch '%s'", start->branch);
	err = git_rebase_commits(change->git, &branch->wanted, &start->n_branch,
	    &branch->now, &change->base.wanted, what);
	free(what);
	return err;
}

static int
note_conflict(git_checkout_notify_t why, const char *path,
    const git_diff_file *baseline, const git_diff_file *target,
    const git_diff_file *workdir, void *context)
{
	struct change *change = context;

	(void)why;
	(void)baseline;
	(void)target;
	(void)workdir;
	if (change->n_conflicts++ < MAX_NAMED_FILES)
		buffer_appendf(&change->conflicts, "%s%s",
		    change->n_conflicts > 1 ? ", " : "", path);
	return 0;
}

/* From one tree to another; files that are as neither stop it. */
static int
check_out(
    struct change *change, git_tree *from, git_commit *to, unsigned strategy)
{
	git_checkout_options options = {
		.version = GIT_CHECKOUT_OPTIONS_VERSION,
		.checkout_strategy = strategy,
		.baseline = from,
		.notify_flags = GIT_CHECKOUT_NOTIFY_CONFLICT,
		.notify_cb = note_conflict,
		.notify_payload = change,
	};

	return git_check_out(change->git, (git_object *)to, &options);
}

static struct error *
check_out_target(struct change *change, bool *touched)
{
	git_tree *tree = NULL;
	struct error *err = NULL;
	int code = 0;

	*touched = false;
	if (change->head != NULL &&
	    git_oid_equal(git_commit_tree_id(change->head),
		git_commit_tree_id(change->target)))
		return NULL;
	if (change->head != NULL)
		code = git_commit_tree(&tree, change->head);
	if (code == 0)
		err = git_check_filters(change->git, tree, change->target);
	if (code == 0 && err == NULL) {
		code =
		    check_out(change, tree, change->target, GIT_CHECKOUT_SAFE);
		*touched = code != GIT_ECONFLICT;
	}
	git_tree_free(tree);
	if (code == GIT_ECONFLICT)
		return error_new(ERROR_WORKSPACE,
		    "cannot switch '%s' to branch '%s': files in it would be "
		    "overwritten: %s%s; remove or commit them",
		    change->git->path, change->start->branch,
		    change->conflicts.data != NULL ? change->conflicts.data
						   : "",
		    change->n_conflicts > MAX_NAMED_FILES ? " ..." : "");
	if (code < 0)
		return git_failure(ERROR_WORKSPACE, code,
		    "cannot switch '%s' to branch '%s'", change->git->path,
		    change->start->branch);
	return err;
}

/* Only if the reference still is where the plan was made from. */
static int
write_place(const struct change *change, struct place *place)
{
	git_repository *repository = change->git->repository;
	git_reference *reference = NULL;
	int code;

	if (place->exists && git_oid_equal(&place->now, &place->wanted))
		return 0;
	if (place->exists)
		code = git_reference_create_matching(&reference, repository,
		    place->name, &place->wanted, 1, &place->now,
		    "necrocode: prepare");
	else
		code = git_reference_create(&reference, repository, place->name,
		    &place->wanted, 0, "necrocode: prepare");
	git_reference_free(reference);
	place->written = code == 0;
	return code;
}

static void
restore_place(const struct change *change, const struct place *place)
{
	git_repository *repository = change->git->repository;
	git_reference *reference = NULL;

	if (!place->written)
		return;
	if (place->exists)
		git_reference_create_matching(&reference, repository,
		    place->name, &place->now, 1, &place->wanted,
		    "necrocode: back");
	else
		git_reference_remove(repository, place->name);
	git_reference_free(reference);
}

/* The task does not need it: another work tree's runner may have moved it
 * meanwhile, and to the same place. */
static void
move_base(struct change *change)
{
	git_oid now;

	if (change->start->base_elsewhere ||
	    write_place(change, &change->base) == 0)
		return;
	if (!git_reference_id(change->git, &now, change->base.name) ||
	    !git_oid_equal(&now, &change->base.wanted))
		log_warn("base_not_moved",
		    "branch '%s' in '%s' is not moved to the remote's: %s",
		    change->start->base, change->git->path, git_reason());
}

static int
write_references(struct change *change, const char *head)
{
	int code = write_place(change, &change->branch);

	if (code == 0 && strcmp(head, change->start->branch) != 0)
		code = git_repository_set_head(
		    change->git->repository, change->branch.name);
	if (code == 0)
		move_base(change);
	return code;
}

/* HEAD as it was: a branch, or a commit. */
static void
restore_head(const struct change *change, const char *branch)
{
	git_repository *repository = change->git->repository;
	char *name = xasprintf("refs/heads/%s", branch);

	if (*branch != '\0')
		git_repository_set_head(repository, name);
	else if (change->head != NULL)
		git_repository_set_head_detached(
		    repository, git_commit_id(change->head));
	free(name);
}

static void
restore_files(struct change *change)
{
	git_tree *tree = NULL;
	int code = git_commit_tree(&tree, change->target);

	if (code == 0 && change->head != NULL)
		code =
		    check_out(change, tree, change->head, GIT_CHECKOUT_FORCE);
	git_tree_free(tree);
	if (code < 0)
		log_warn("restore_failed",
		    "cannot bring the files of '%s' back: %s",
		    change->git->path, git_reason());
}

static struct error *
apply(struct change *change)
{
	char *head = NULL;
	bool touched;
	struct error *err = git_head(change->git, NULL, &head);
	int code;

	if (err != NULL)
		return err;
	if (cancel_signal() != 0) {
		free(head);
		return error_cancelled(cancel_signal());
	}
	err = check_out_target(change, &touched);
	if (err == NULL) {
		code = write_references(change, head);
		if (code < 0) {
			err = git_failure(ERROR_WORKSPACE, code,
			    "cannot put '%s' on branch '%s'", change->git->path,
			    change->start->branch);
			restore_head(change, head);
			restore_place(change, &change->branch);
		}
	}
	if (err != NULL && touched)
		restore_files(change);
	free(head);
	return err;
}

struct error *
git_start_branch(struct git *git, struct git_start *start)
{
	struct change change = {
		.git = git,
		.start = start,
		.conflicts = BUFFER_INIT(4096),
	};
	git_oid upstream;
	struct error *err = NULL;
	int code = git_oid_fromstr(&upstream, start->upstream);

	if (code == 0)
		err = plan_base(&change, &upstream);
	if (code == 0 && err == NULL)
		err = plan_branch(&change);
	if (code == 0 && err == NULL)
		err = git_head_commit(git, &change.head);
	if (code == 0 && err == NULL)
		code = git_commit_lookup(
		    &change.target, git->repository, &change.branch.wanted);
	if (code < 0)
		err = git_failure(ERROR_WORKSPACE, code,
		    "cannot start branch '%s' in '%s'", start->branch,
		    git->path);
	if (err == NULL)
		err = apply(&change);
	git_oid_tostr(start->base_commit, GIT_ID_TEXT, &change.base.wanted);
	git_oid_tostr(start->commit, GIT_ID_TEXT, &change.branch.wanted);
	git_commit_free(change.head);
	git_commit_free(change.target);
	buffer_release(&change.conflicts);
	free(change.base.name);
	free(change.branch.name);
	return err;
}
