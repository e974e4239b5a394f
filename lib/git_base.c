/* SPDX-License-Identifier: MIT */
/*
 * The base branch after somebody else had the slot. Its own commits are kept
 * and replayed when the next task is prepared, so one that an agent made
 * there would become a part of that task.
 */
#include "git_internal.h"

#include <unistd.h>

#include "file.h"
#include "memory.h"

struct base {
	struct git *git;
	char *name; /* refs/heads/... */
	git_oid was, now;
	bool existed, exists;
};

/* Several runners move the base branch of work trees that share it. */
static bool
is_shared(const struct git *git)
{
	char *worktrees = file_join(git->common, "worktrees");
	bool yes = access(worktrees, F_OK) == 0;

	free(worktrees);
	return yes;
}

static bool
has(const struct git *git, const char *reference, const git_oid *commit)
{
	git_oid tip;

	return git_reference_id(git, &tip, reference) &&
	    (git_oid_equal(&tip, commit) ||
		git_graph_descendant_of(git->repository, &tip, commit) == 1);
}

/* Another runner may have moved it to where the remote has it. */
static bool
is_others_move(const struct base *base)
{
	struct git *git = base->git;
	git_strarray remotes = { 0 };
	bool yes = false;

	if (!base->exists || !is_shared(git) ||
	    git_remote_list(&remotes, git->repository) < 0)
		return false;
	for (size_t i = 0; !yes && i < remotes.count; i++) {
		char *name = xasprintf("refs/remotes/%s/%s", remotes.strings[i],
		    base->name + strlen("refs/heads/"));

		yes = has(git, name, &base->now);
		free(name);
	}
	git_strarray_dispose(&remotes);
	return yes;
}

static bool
is_checked_out_elsewhere(const struct base *base, bool on_head)
{
	git_reference *reference = NULL;
	bool yes;

	if (!base->exists || on_head ||
	    git_reference_lookup(
		&reference, base->git->repository, base->name) < 0)
		return false;
	yes = git_branch_is_checked_out(reference) == 1;
	git_reference_free(reference);
	return yes;
}

static int
put_back(const struct base *base)
{
	git_repository *repository = base->git->repository;
	git_reference *reference = NULL;
	int code;

	if (!base->existed)
		return git_reference_remove(repository, base->name);
	if (base->exists)
		code = git_reference_create_matching(&reference, repository,
		    base->name, &base->was, 1, &base->now, "necrocode: back");
	else
		code = git_reference_create(&reference, repository, base->name,
		    &base->was, 0, "necrocode: back");
	git_reference_free(reference);
	return code;
}

static char *
describe(const struct base *base, const char *saved)
{
	char id[GIT_ID_TEXT];

	git_oid_tostr(id, sizeof id, &base->was);
	return xasprintf("branch '%s' was moved and is %s%.12s again%s%s",
	    base->name + strlen("refs/heads/"), base->existed ? "at " : "gone",
	    base->existed ? id : "",
	    saved != NULL ? "; what it had is at " : "",
	    saved != NULL ? saved : "");
}

static struct error *
restore(struct base *base, const char *branch, bool on_head, char **note)
{
	char *own = xasprintf("refs/heads/%s", branch), *saved = NULL;
	struct error *err = NULL;
	int code = 0;

	if (base->exists && !has(base->git, own, &base->now))
		err = git_save_commit(base->git, branch, &base->now, &saved);
	/* HEAD stays where it is when the branch below it goes. */
	if (err == NULL && on_head && base->exists)
		code = git_repository_set_head_detached(
		    base->git->repository, &base->now);
	if (err == NULL && code == 0)
		code = put_back(base);
	if (code < 0)
		err = git_failure(ERROR_WORKSPACE, code,
		    "cannot put '%s' back in '%s'", base->name,
		    base->git->path);
	if (err == NULL)
		*note = describe(base, saved);
	free(saved);
	free(own);
	return err;
}

void
git_branch_commit(
    const struct git *git, char commit[GIT_ID_TEXT], const char *branch)
{
	char *name = xasprintf("refs/heads/%s", branch);
	git_oid id;

	commit[0] = '\0';
	if (git_reference_id(git, &id, name))
		git_oid_tostr(commit, GIT_ID_TEXT, &id);
	free(name);
}

struct error *
git_restore_base(struct git *git, const char *base_branch, const char *was,
    const char *branch, char **note)
{
	struct base base = { .git = git };
	char *head = NULL;
	struct error *err;
	bool on_head;

	*note = NULL;
	base.existed = git_oid_fromstr(&base.was, was) == 0;
	if (strcmp(base_branch, branch) == 0)
		return NULL;
	err = git_head(git, NULL, &head);
	if (err != NULL)
		return err;
	on_head = strcmp(head, base_branch) == 0;
	free(head);
	base.name = xasprintf("refs/heads/%s", base_branch);
	base.exists = git_reference_id(git, &base.now, base.name);
	if ((base.exists != base.existed ||
		(base.exists && !git_oid_equal(&base.now, &base.was))) &&
	    !is_checked_out_elsewhere(&base, on_head) && !is_others_move(&base))
		err = restore(&base, branch, on_head, note);
	free(base.name);
	return err;
}
