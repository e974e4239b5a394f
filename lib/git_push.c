/* SPDX-License-Identifier: MIT */
#include "git_internal.h"

#include "log.h"
#include "memory.h"
#include "retry.h"

enum {
	MAX_REBASES = 3, /* somebody else may push meanwhile */
	MAX_SUFFIX = 99,
};

struct push {
	struct git *git;
	struct git_push *ours; /* what was asked for */
	struct git_network *network;
	const char *branch; /* at the remote */
	git_oid tip;
	git_oid base; /* of the base branch, as far as it is known */
	bool has_base;
	bool conflict; /* with the commit in ours->theirs */
};

static bool
has_grown_from(const struct push *push, const git_oid *old)
{
	return git_oid_equal(&push->tip, old) ||
	    (git_has_commit(push->git, old) &&
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
	    "refs/heads/%s:refs/heads/%s", push->ours->branch, push->branch);
	char *specs[] = { refspec };
	git_strarray refspecs = { specs, 1 };
	git_push_options options = {
		.version = GIT_PUSH_OPTIONS_VERSION,
		.pb_parallelism = 1,
		.callbacks = link->callbacks,
		.proxy_opts = { .version = GIT_PROXY_OPTIONS_VERSION },
	};
	struct error *err = git_narrow(link, push->ours->base, push->branch);
	int code = 0;

	/* It is ready by the time that verify() asks it. */
	git_start_lister(push->git, push->network);
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
	push->ours->outcome = GIT_PUSHED;
	return NULL;
}

/* Where the remote has a branch. */
struct place {
	git_oid id;
	bool exists;
};

static struct error *
find_place(struct place *place, struct git_link *link, const char *branch)
{
	return git_link_find(link, &place->id, &place->exists, branch);
}

static bool
is_free(const struct push *push, const struct place *place)
{
	return !place->exists || has_grown_from(push, &place->id);
}

/* <branch>-2, or the first after it that can be pushed to. */
static struct error *
find_suffix(struct push *push, struct git_link *link, struct place *place)
{
	struct git_push *ours = push->ours;
	struct error *err = NULL;

	for (int n = 2; err == NULL && n <= MAX_SUFFIX; n++) {
		free(ours->pushed_branch);
		ours->pushed_branch = xasprintf("%s-%d", ours->branch, n);
		push->branch = ours->pushed_branch;
		if (!ours->allows(ours->context, push->branch))
			return error_new(ERROR_SECURITY,
			    "cannot push '%s', as '%s' is there already: its "
			    "name matches no pattern of allowed_branches",
			    push->branch, ours->branch);
		err = find_place(place, link, push->branch);
		if (err == NULL && is_free(push, place))
			return NULL;
	}
	if (err != NULL)
		return err;
	return error_new(ERROR_PUSH,
	    "cannot push '%s': the remote has other commits on it, and on "
	    "all of '%s-2' to '%s-%d'",
	    ours->branch, ours->branch, ours->branch, MAX_SUFFIX);
}

/* Another name is none that the branch has before it is there. */
static void
forget_suffix(struct git_push *ours)
{
	free(ours->pushed_branch);
	ours->pushed_branch = NULL;
	if (ours->on_conflict == GIT_CONFLICT_SUFFIX)
		ours->theirs[0] = '\0';
}

/* Where the branch goes, and what is there. */
static struct error *
choose_place(struct push *push, struct git_link *link, struct place *place)
{
	struct git_push *ours = push->ours;
	struct error *err;

	push->branch = ours->branch;
	push->conflict = false;
	forget_suffix(ours); /* of a push that is tried again */
	err = find_place(place, link, push->branch);
	if (err != NULL || is_free(push, place))
		return err;
	if (ours->on_conflict == GIT_CONFLICT_SUFFIX) {
		git_oid_tostr(ours->theirs, GIT_ID_TEXT, &place->id);
		return find_suffix(push, link, place);
	}
	push->conflict = true;
	return diverged(push, &place->id);
}

/*
 * The remote's base branch as far as it is here, else what the document says
 * the branch began at, else the slot's own.
 */
static void
find_base(struct push *push, const struct place *theirs)
{
	const char *text = push->ours->base_commit;
	char *name = xasprintf("refs/heads/%s", push->ours->base);

	push->has_base =
	    theirs->exists && git_has_commit(push->git, &theirs->id);
	if (push->has_base)
		push->base = theirs->id;
	else if (text != NULL && git_oid_fromstr(&push->base, text) == 0)
		push->has_base = git_has_commit(push->git, &push->base);
	if (!push->has_base)
		push->has_base = git_reference_id(push->git, &push->base, name);
	free(name);
}

static struct error *
check(const struct push *push, const struct place *base,
    const struct place *place)
{
	const struct git_policy *policy = push->ours->policy;
	git_oid known[2];
	size_t n_known = 0;
	struct error *err = git_check_policy(
	    push->git, &push->tip, push->has_base ? &push->base : NULL, policy);

	if (base->exists && git_has_commit(push->git, &base->id))
		known[n_known++] = base->id;
	if (place->exists)
		known[n_known++] = place->id;
	if (err == NULL)
		err = git_check_commits(
		    push->git, &push->tip, known, n_known, policy->mask);
	if (err != NULL && err->type == ERROR_SECURITY)
		return error_prefix(err, "cannot push '%s'", push->branch);
	return err;
}

static struct error *
push_once(struct push *push, struct git_link *link)
{
	struct place base, place = { 0 };
	struct error *err = find_place(&base, link, push->ours->base);

	if (err != NULL)
		return err;
	find_base(push, &base);
	err = choose_place(push, link, &place);
	if (err != NULL)
		return err;
	if (place.exists && git_oid_equal(&place.id, &push->tip)) {
		push->ours->outcome = GIT_PUSHED_BEFORE;
		push->ours->verified = true;
		return NULL;
	}
	if (base.exists && git_has_commit(push->git, &base.id) &&
	    (git_oid_equal(&base.id, &push->tip) ||
		git_graph_descendant_of(
		    push->git->repository, &base.id, &push->tip) == 1)) {
		push->ours->outcome = GIT_PUSH_NOTHING;
		return NULL;
	}
	err = check(push, &base, &place);
	return err != NULL ? err : upload(push, link);
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
	const char *branch = push->ours->branch;
	struct error *err = git_check_on_branch(push->git, branch);

	if (err == NULL && !git_reference_id(push->git, &push->tip, "HEAD"))
		err = error_new(ERROR_WORKSPACE,
		    "cannot push '%s': it has no commit", branch);
	return err;
}

static struct error *
push_and_retry(struct push *push)
{
	struct git_network *network = push->network;
	struct retry retry = {
		.what = "push",
		.max_retries = network->max_retries,
		.ends = network->ends,
	};
	struct error *err;

	for (;;) {
		struct git_link link;

		err = git_link_open(
		    &link, push->git, network, GIT_DIRECTION_PUSH);
		if (err == NULL)
			err = push_once(push, &link);
		retry.after_seconds = link.retry_after_seconds;
		git_link_close(&link);
		if (err == NULL || !retry_wait(&retry, err))
			break;
		error_free(err);
	}
	network->n_retries += retry.n_retries;
	return err;
}

/* By the quick way, if there is one. */
static struct error *
look(const struct push *push, struct place *place)
{
	char *name = xasprintf("refs/heads/%s", push->branch);
	struct git_asked asked = { .name = name };
	bool known = git_ask(push->network, &asked, 1);
	struct git_link link;
	struct error *err = NULL;

	free(name);
	free(asked.target);
	*place = (struct place){ asked.id, asked.found };
	if (known)
		return NULL;
	err =
	    git_link_open(&link, push->git, push->network, GIT_DIRECTION_FETCH);
	if (err == NULL)
		err = find_place(place, &link, push->branch);
	git_link_close(&link);
	return err;
}

/* The remote said yes: does it have the commit? An answer that does not come
 * is no refusal. */
static struct error *
verify(const struct push *push)
{
	char ours[GIT_ID_TEXT], other[GIT_ID_TEXT] = "no such branch";
	struct place place;
	struct error *err = look(push, &place);

	if (err != NULL) {
		log_warn("push_not_verified",
		    "the remote accepted '%s', but where it has it cannot be "
		    "seen: %s",
		    push->branch, err->message);
		error_free(err);
		return NULL;
	}
	push->ours->verified =
	    place.exists && git_oid_equal(&place.id, &push->tip);
	if (push->ours->verified)
		return NULL;
	git_oid_tostr(ours, sizeof ours, &push->tip);
	if (place.exists)
		git_oid_tostr(other, sizeof other, &place.id);
	return error_new(ERROR_PUSH,
	    "the remote accepted '%s' at %.12s, but has it at %.14s now",
	    push->branch, ours, other);
}

struct error *
git_push_branch(
    struct git *git, struct git_network *network, struct git_push *ours)
{
	struct push push = { .git = git, .ours = ours, .network = network };
	struct error *err = find_tip(&push);

	network->n_retries = 0;
	for (int n = 0; err == NULL; n++) {
		err = push_and_retry(&push);
		if (err == NULL || !push.conflict || n == MAX_REBASES ||
		    ours->on_conflict != GIT_CONFLICT_REBASE)
			break;
		error_free(err);
		err = git_rebase_on_remote(git, network, ours, &push.tip,
		    push.has_base ? &push.base : NULL);
	}
	if (err != NULL || ours->outcome == GIT_PUSH_NOTHING)
		forget_suffix(ours);
	else if (ours->outcome == GIT_PUSHED)
		err = verify(&push);
	if (ours->pushed_branch == NULL)
		ours->pushed_branch = xstrdup(ours->branch);
	return err;
}

void
git_push_release(struct git_push *push)
{
	free(push->pushed_branch);
	free(push->saved_ref);
	push->pushed_branch = NULL;
	push->saved_ref = NULL;
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
