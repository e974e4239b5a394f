/* SPDX-License-Identifier: MIT */
/*
 * What libgit2 sees of references while it pushes. It takes all of the
 * remote's for ends of the walk over what is to be sent; a thousand tags make
 * a push five times as slow as git's. One end is enough as long as it is
 * close: the base branch that the task was started from. And it reads every
 * reference of the slot's, for tags to put first into the pack; it needs
 * none.
 */
#include "git_internal.h"

#include <git2/sys/refdb_backend.h>
#include <git2/sys/repository.h>
#include <git2/sys/transport.h>

#include "memory.h"

enum { MAX_SHOWN = 32 };

typedef int list_function(
    const git_remote_head ***heads, size_t *n, git_transport *transport);

/* A transport carries nothing of its user's, so there is one at a time. */
static struct {
	git_transport *transport; /* NULL: none */
	list_function *list;      /* its own */
	const git_remote_head *heads[MAX_SHOWN];
	git_time_t times[MAX_SHOWN]; /* of their commits */
	size_t n;
	git_refdb *references; /* the slot's */
} shown;

static int
list_shown(const git_remote_head ***heads, size_t *n, git_transport *transport)
{
	(void)transport;
	*heads = shown.heads;
	*n = shown.n;
	return 0;
}

/* When the commit was made; false: it is not here. */
static bool
time_of(const struct git *git, const git_oid *id, git_time_t *when)
{
	git_object *object = NULL, *commit = NULL;
	bool yes = git_object_lookup(
		       &object, git->repository, id, GIT_OBJECT_ANY) == 0 &&
	    git_object_peel(&commit, object, GIT_OBJECT_COMMIT) == 0;

	if (yes)
		*when = git_commit_time((git_commit *)commit);
	git_object_free(commit);
	git_object_free(object);
	return yes;
}

static void
insert(size_t at, const git_remote_head *head, git_time_t when)
{
	size_t n_after = shown.n - at;

	if (shown.n == MAX_SHOWN)
		n_after--;
	else
		shown.n++;
	memmove(&shown.heads[at + 1], &shown.heads[at],
	    n_after * sizeof *shown.heads);
	memmove(&shown.times[at + 1], &shown.times[at],
	    n_after * sizeof *shown.times);
	shown.heads[at] = head;
	shown.times[at] = when;
}

/* The base branch went on without us: the newest commits that are here. */
static void
show_newest(
    const struct git *git, const git_remote_head *const *heads, size_t n)
{
	size_t first = shown.n;

	for (size_t i = 0; i < n; i++) {
		git_time_t when;
		size_t at = first;

		if (!time_of(git, &heads[i]->oid, &when))
			continue;
		while (at < shown.n && shown.times[at] >= when)
			at++;
		if (at < MAX_SHOWN)
			insert(at, heads[i], when);
	}
}

/* Shows the branch if the remote has it. Is its commit here? */
static bool
show_branch(const struct git *git, const git_remote_head *const *heads,
    size_t n, const char *branch)
{
	char *name = xasprintf("refs/heads/%s", branch);
	git_time_t when;
	bool here = false;

	for (size_t i = 0; i < n; i++)
		if (strcmp(heads[i]->name, name) == 0) {
			insert(shown.n, heads[i], 0);
			here = time_of(git, &heads[i]->oid, &when);
			break;
		}
	free(name);
	return here;
}

static int
next_of_none(git_reference **reference, git_reference_iterator *iterator)
{
	(void)iterator;
	*reference = NULL;
	return GIT_ITEROVER;
}

static int
next_name_of_none(const char **name, git_reference_iterator *iterator)
{
	(void)iterator;
	*name = NULL;
	return GIT_ITEROVER;
}

static void
free_iterator(git_reference_iterator *iterator)
{
	free(iterator);
}

static int
list_none(git_reference_iterator **iterator, git_refdb_backend *backend,
    const char *glob)
{
	(void)backend;
	(void)glob;
	*iterator = xcalloc(1, sizeof **iterator);
	**iterator = (git_reference_iterator){
		.next = next_of_none,
		.next_name = next_name_of_none,
		.free = free_iterator,
	};
	return 0;
}

/* References as they are, but that there are any is not told. */
static int
hide_references(git_repository *repository)
{
	git_refdb_backend *backend = NULL;
	git_refdb *silent = NULL;
	int code = git_repository_refdb(&shown.references, repository);

	if (code == 0)
		code = git_refdb_new(&silent, repository);
	if (code == 0)
		code = git_refdb_backend_fs(&backend, repository);
	if (code == 0) {
		backend->iterator = list_none;
		code = git_refdb_set_backend(silent, backend);
	}
	if (code == 0)
		code = git_repository_set_refdb(repository, silent);
	git_refdb_free(silent);
	return code;
}

struct error *
git_narrow(struct git_link *link, const char *base, const char *branch)
{
	const git_remote_head **heads;
	bool known;
	size_t n;
	int code;

	code = git_remote_ls(&heads, &n, link->remote);
	if (code < 0)
		return git_link_error(link, code,
		    "cannot list the branches of '%s'", link->url.text);
	shown.n = 0;
	known = show_branch(link->git, heads, n, branch);
	known = show_branch(link->git, heads, n, base) || known;
	if (!known)
		show_newest(link->git, heads, n);
	shown.transport = link->transport;
	shown.list = link->transport->ls;
	link->transport->ls = list_shown;
	code = hide_references(link->git->repository);
	if (code < 0)
		return git_failure(ERROR_PUSH, code,
		    "cannot read the references of '%s'", link->git->path);
	return NULL;
}

void
git_widen(struct git_link *link)
{
	if (shown.transport != link->transport)
		return;
	link->transport->ls = shown.list;
	if (shown.references != NULL)
		git_repository_set_refdb(
		    link->git->repository, shown.references);
	git_refdb_free(shown.references);
	shown.references = NULL;
	shown.transport = NULL;
}
