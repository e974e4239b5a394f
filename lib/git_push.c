/* SPDX-License-Identifier: MIT */
#include "git_internal.h"

#include "memory.h"
#include "retry.h"

struct push {
	struct git *git;
	const char *branch, *base;
	const struct mask *mask;
	git_oid tip;
	enum git_push_outcome *outcome;
};

static bool
has_commit(const struct git *git, const git_oid *id)
{
	git_commit *commit;

	if (git_commit_lookup(&commit, git->repository, id) < 0)
		return false;
	git_commit_free(commit);
	return true;
}

static bool
has_grown_from(const struct push *push, const git_oid *old)
{
	return git_oid_equal(&push->tip, old) ||
	    (has_commit(push->git, old) &&
		git_graph_descendant_of(
		    push->git->repository, &push->tip, old) == 1);
}

static struct error *
diverged(const struct push *push, const git_oid *theirs)
{
	char ours[GIT_ID_TEXT], other[GIT_ID_TEXT];

	git_oid_tostr(ours, sizeof ours, &push->tip);
	git_oid_tostr(other, sizeof other, theirs);
	return error_new(ERROR_PUSH,
	    "cannot push '%s': the remote has it at %.12s, which %.12s here "
	    "has not grown from; choose another branch_name, or bring the two "
	    "together by hand",
	    push->branch, other, ours);
}

/* A reference that somebody else held for the moment, not a refusal. */
static bool
is_contention(const char *rejection, const char *said)
{
	/* A branch 'feature' is in the way of every 'feature/x'. */
	if (strstr(said, "cannot create") != NULL)
		return false;
	return strstr(rejection, "failed to update ref") != NULL ||
	    strstr(rejection, "to lock") != NULL ||
	    strstr(rejection, "cannot lock") != NULL;
}

static struct error *
rejected(const struct push *push, struct git_link *link)
{
	const char *why = link->rejection;
	struct error *err;
	char *said;

	if (why == NULL) {
		err = error_new(ERROR_PUSH,
		    "cannot push '%s': the remote gave no verdict on it",
		    push->branch);
		err->retryable = true;
		return err;
	}
	said = git_link_said(link);
	err =
	    error_new(ERROR_PUSH, "cannot push '%s': remote rejected (%s)%s%s",
		push->branch, why, *said != '\0' ? "; it says: " : "", said);
	err->retryable = is_contention(why, said);
	free(said);
	return err;
}

static struct error *
upload(const struct push *push, struct git_link *link)
{
	char *refspec = xasprintf(
	    "refs/heads/%s:refs/heads/%s", push->branch, push->branch);
	char *specs[] = { refspec };
	git_strarray refspecs = { specs, 1 };
	git_push_options options = {
		.version = GIT_PUSH_OPTIONS_VERSION,
		.pb_parallelism = 1,
		.callbacks = link->callbacks,
		.proxy_opts = { .version = GIT_PROXY_OPTIONS_VERSION },
	};
	struct error *err = git_narrow(link, push->base, push->branch);
	int code = 0;

	if (err == NULL)
		code = git_remote_upload(link->remote, &refspecs, &options);
	git_widen(link);
	free(refspec);
	if (err != NULL)
		return err;
	if (code < 0)
		return git_link_error(link, code, "cannot push '%s' to '%s'",
		    push->branch, link->url.text);
	if (!link->accepted)
		return rejected(push, link);
	*push->outcome = GIT_PUSHED;
	return NULL;
}

static struct error *
push_once(const struct push *push, struct git_link *link)
{
	git_oid known[2], theirs;
	bool has_base, exists;
	size_t n_known = 0;
	struct error *err =
	    git_link_find(link, &known[0], &has_base, push->base);

	if (err == NULL)
		err = git_link_find(link, &theirs, &exists, push->branch);
	if (err != NULL)
		return err;
	if (exists && git_oid_equal(&theirs, &push->tip)) {
		*push->outcome = GIT_PUSHED_BEFORE;
		return NULL;
	}
	if (exists && !has_grown_from(push, &theirs))
		return diverged(push, &theirs);
	if (has_base && has_commit(push->git, &known[0])) {
		n_known = 1;
		if (git_oid_equal(&known[0], &push->tip) ||
		    git_graph_descendant_of(
			push->git->repository, &known[0], &push->tip) == 1) {
			*push->outcome = GIT_PUSH_NOTHING;
			return NULL;
		}
	}
	if (exists)
		known[n_known++] = theirs;
	err = git_check_secrets(
	    push->git, &push->tip, known, n_known, push->mask);
	if (err != NULL)
		return error_prefix(err, "cannot push '%s'", push->branch);
	return upload(push, link);
}

struct error *
git_check_on_branch(const struct git *git, const char *branch)
{
	char *current = NULL;
	struct error *err = git_head(git, NULL, &current);

	if (err == NULL && strcmp(current, branch) != 0)
		err = error_new(ERROR_WORKSPACE,
		    "cannot push '%s': the slot '%s' is on %s%s%s; put it on "
		    "the branch with: git switch %s",
		    branch, git->path,
		    *current != '\0' ? "branch '" : "a detached head", current,
		    *current != '\0' ? "'" : "", branch);
	free(current);
	return err;
}

static struct error *
find_tip(struct push *push)
{
	struct error *err = git_check_on_branch(push->git, push->branch);

	if (err == NULL && !git_reference_id(push->git, &push->tip, "HEAD"))
		err = error_new(ERROR_WORKSPACE,
		    "cannot push '%s': it has no commit", push->branch);
	return err;
}

struct error *
git_push_branch(struct git *git, struct git_network *network,
    const char *branch, const char *base, const struct mask *mask,
    enum git_push_outcome *outcome)
{
	struct push push = { .git = git,
		.branch = branch,
		.base = base,
		.mask = mask,
		.outcome = outcome };
	struct retry retry = {
		.what = "push",
		.max_retries = network->max_retries,
		.ends = network->ends,
	};
	struct error *err = find_tip(&push);

	if (err != NULL)
		return err;
	for (;;) {
		struct git_link link;

		err = git_link_open(&link, git, network, GIT_DIRECTION_PUSH);
		if (err == NULL)
			err = push_once(&push, &link);
		retry.after_seconds = link.retry_after_seconds;
		git_link_close(&link);
		if (err == NULL || !retry_wait(&retry, err))
			break;
		error_free(err);
	}
	network->n_retries = retry.n_retries;
	return err;
}

void
git_track_branch(struct git *git, const char *remote, const char *branch)
{
	char *name = xasprintf("refs/remotes/%s/%s", remote, branch);
	git_reference *reference = NULL;
	git_oid id;

	/* A convenience for people: it is no matter if it cannot be. */
	if (git_reference_id(git, &id, "HEAD"))
		git_reference_create(&reference, git->repository, name, &id, 1,
		    "necrocode: push");
	git_reference_free(reference);
	free(name);
}
