/* SPDX-License-Identifier: MIT */
#include "git_internal.h"

#include "memory.h"

struct settling {
	struct git *git;
	const char *branch;
	char *reference; /* refs/heads/<branch> */
	git_oid tip;
	git_oid at; /* of the branch; the tip if the branch is gone */
	git_oid head;
	bool has_head;
	bool on_branch;
	struct buffer notes;
};

static void
note(struct settling *s, const char *text)
{
	if (s->notes.len > 0)
		buffer_append_string(&s->notes, "; ");
	buffer_append_string(&s->notes, text);
}

static struct error *
failed(const struct settling *s, int code)
{
	return git_failure(ERROR_IMPLEMENTATION, code,
	    "cannot put HEAD of '%s' on branch '%s'", s->git->path, s->branch);
}

/* Is `id` the commit `from`, or has it grown from it? */
static bool
grown(const struct settling *s, const git_oid *id, const git_oid *from)
{
	return git_oid_equal(id, from) ||
	    git_graph_descendant_of(s->git->repository, id, from) == 1;
}

static int
move_branch(const struct settling *s, const git_oid *to)
{
	git_reference *reference = NULL;
	int code = git_reference_create(&reference, s->git->repository,
	    s->reference, to, 1, "necrocode: after the agent");

	git_reference_free(reference);
	if (code == 0 && !s->on_branch)
		code =
		    git_repository_set_head(s->git->repository, s->reference);
	return code;
}

/* Puts commits aside that the branch cannot have. */
static struct error *
refuse(struct settling *s, const git_oid *commit, const char *what)
{
	char id[GIT_ID_TEXT], *saved = NULL;
	struct error *err = git_save_commit(s->git, s->branch, commit, &saved);
	int code;

	if (err != NULL)
		return err;
	code = move_branch(s, &s->tip);
	git_oid_tostr(id, sizeof id, &s->tip);
	if (code < 0)
		err = failed(s, code);
	else
		err = error_new(ERROR_IMPLEMENTATION,
		    "the agent %s; branch '%s' is back at %.12s, the agent's "
		    "commits are at %s",
		    what, s->branch, id, saved);
	free(saved);
	return err;
}

/* The branch has what HEAD has, and more. */
static struct error *
go_forward(struct settling *s)
{
	git_checkout_options options = {
		.version = GIT_CHECKOUT_OPTIONS_VERSION,
		.checkout_strategy = GIT_CHECKOUT_SAFE,
	};
	git_object *commit = NULL;
	int code;

	code = git_object_lookup(
	    &commit, s->git->repository, &s->at, GIT_OBJECT_COMMIT);
	if (code == 0)
		code = git_check_out(s->git, commit, &options);
	if (code == 0)
		code = move_branch(s, &s->at);
	git_object_free(commit);
	if (code == GIT_ECONFLICT)
		return error_new(ERROR_IMPLEMENTATION,
		    "the agent left HEAD behind branch '%s', with changes in "
		    "the same files",
		    s->branch);
	if (code < 0)
		return failed(s, code);
	note(s, "HEAD was behind the branch and is on it again");
	return NULL;
}

static struct error *
settle_elsewhere(struct settling *s)
{
	int code;

	if (!grown(s, &s->head, &s->tip))
		return refuse(s, &s->head,
		    "left HEAD at commits that did not grow from the branch");
	if (!git_oid_equal(&s->head, &s->at) && grown(s, &s->at, &s->head))
		return go_forward(s);
	if (!grown(s, &s->head, &s->at))
		return refuse(s, &s->at,
		    "committed to the branch, and otherwise elsewhere");
	code = move_branch(s, &s->head);
	if (code < 0)
		return failed(s, code);
	note(s,
	    git_oid_equal(&s->head, &s->at)
		? "HEAD was elsewhere and is on the branch again"
		: "the commits made elsewhere are on the branch now");
	return NULL;
}

static struct error *
settle_unborn(struct settling *s)
{
	int code = move_branch(s, &s->at);

	if (code == 0 && s->on_branch)
		code =
		    git_repository_set_head(s->git->repository, s->reference);
	if (code < 0)
		return failed(s, code);
	note(
	    s, "the branch of HEAD had no commit; HEAD is on the branch again");
	return NULL;
}

static struct error *
settle(struct settling *s)
{
	int state = git_repository_state(s->git->repository);
	git_commit *tip = NULL;

	if (git_commit_lookup(&tip, s->git->repository, &s->tip) < 0)
		return error_new(ERROR_IMPLEMENTATION,
		    "'%s' is not the repository that the agent was given: "
		    "its commit is gone",
		    s->git->path);
	git_commit_free(tip);
	if (state != GIT_REPOSITORY_STATE_NONE)
		return error_new(ERROR_IMPLEMENTATION,
		    "the agent left '%s' in the middle of an operation "
		    "(merge, rebase, ...)",
		    s->git->path);
	if (git_remove_locks(s->git, 0) > 0)
		note(s, "a lock that was left behind was removed");
	if (!s->has_head)
		return settle_unborn(s);
	if (!s->on_branch)
		return settle_elsewhere(s);
	if (!grown(s, &s->at, &s->tip))
		return refuse(s, &s->at, "rewrote the branch's history");
	return NULL;
}

struct error *
git_settle(struct git *git, const char *branch, const char *tip, char **notes)
{
	struct settling s = {
		.git = git,
		.branch = branch,
		.notes = BUFFER_INIT(1024),
	};
	char *current = NULL;
	struct error *err;

	*notes = NULL;
	if (git_oid_fromstr(&s.tip, tip) < 0)
		return error_new(ERROR_DOCUMENT,
		    "cannot use '%s' as the id of a commit", tip);
	err = git_head(git, NULL, &current);
	if (err != NULL)
		return err;
	s.reference = xasprintf("refs/heads/%s", branch);
	s.on_branch = strcmp(current, branch) == 0;
	s.has_head = git_reference_id(git, &s.head, "HEAD");
	if (!git_reference_id(git, &s.at, s.reference))
		s.at = s.tip;
	err = settle(&s);
	if (err == NULL)
		*notes = buffer_take(&s.notes);
	buffer_release(&s.notes);
	free(s.reference);
	free(current);
	return err;
}
