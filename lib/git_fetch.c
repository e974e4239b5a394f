/* SPDX-License-Identifier: MIT */
#include "git_internal.h"

#include <unistd.h>

#include "file.h"
#include "file_lock.h"
#include "log.h"
#include "memory.h"
#include "retry.h"

/*
 * Work trees of one repository fetch into the same references; git and
 * libgit2 fail at once where two meet. One at a time, then; *fd is -1 when
 * there is nobody to meet.
 */
static struct error *
lock_shared(int *fd, const struct git *git, double ends)
{
	char *worktrees = file_join(git->common, "worktrees");
	bool shared = access(worktrees, F_OK) == 0;
	struct error *err;
	char *path;

	free(worktrees);
	*fd = -1;
	if (!shared)
		return NULL;
	path = file_join(git->common, "necrocode-fetch.lock");
	err = file_lock_open(fd, path, ends);
	free(path);
	return err;
}

/* libgit2 cannot negotiate while a remote's HEAD leads nowhere, as it does
 * when the default branch was renamed. */
static void
repair_remote_head(const struct git *git, const char *remote)
{
	char *name = xasprintf("refs/remotes/%s/HEAD", remote);
	git_reference *head = NULL;
	git_oid id;

	if (git_reference_lookup(&head, git->repository, name) == 0 &&
	    git_reference_name_to_id(&id, git->repository, name) ==
		GIT_ENOTFOUND &&
	    git_reference_delete(head) == 0)
		log_info("reference_repaired",
		    "removed %s, which led to a branch that is no more", name);
	git_reference_free(head);
	free(name);
}

static struct error *
no_such_branch(struct git_link *link, const char *branch)
{
	const git_remote_head **heads;
	struct buffer names = BUFFER_INIT(512);
	struct error *err;
	size_t n;

	if (git_remote_ls(&heads, &n, link->remote) < 0)
		n = 0;
	for (size_t i = 0; i < n; i++)
		if (strncmp(heads[i]->name, "refs/heads/", 11) == 0)
			buffer_appendf(&names, "%s%s",
			    names.len > 0 ? ", " : "", heads[i]->name + 11);
	if (names.len == 0)
		err = error_new(ERROR_WORKSPACE,
		    "cannot fetch branch '%s' from '%s': the repository has "
		    "no commits yet; push a first one",
		    branch, link->url.text);
	else
		err = error_new(ERROR_WORKSPACE,
		    "cannot fetch branch '%s' from '%s': it has no such "
		    "branch; set base_branch to one of: %s%s",
		    branch, link->url.text, names.data,
		    names.truncated ? " ..." : "");
	buffer_release(&names);
	return err;
}

static struct error *
download(struct git_link *link, const char *branch)
{
	char *refspec = xasprintf("refs/heads/%s", branch);
	char *specs[] = { refspec };
	git_strarray refspecs = { specs, 1 };
	git_fetch_options options = {
		.version = GIT_FETCH_OPTIONS_VERSION,
		.callbacks = link->callbacks,
		.prune = GIT_FETCH_NO_PRUNE,
		.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE,
		.proxy_opts = { .version = GIT_PROXY_OPTIONS_VERSION },
	};
	int code = git_remote_download(link->remote, &refspecs, &options);

	free(refspec);
	if (code < 0)
		return git_link_error(link, code,
		    "cannot fetch branch '%s' from '%s'", branch,
		    link->url.text);
	return NULL;
}

static struct error *
track(const struct git *git, const char *name, const git_oid *id)
{
	git_reference *reference = NULL;
	int code = git_reference_create(
	    &reference, git->repository, name, id, 1, "necrocode: fetch");

	git_reference_free(reference);
	if (code < 0)
		return git_failure(ERROR_WORKSPACE, code,
		    "cannot write '%s' in '%s'", name, git->path);
	return NULL;
}

static void
note_default_branch(struct git_link *link, char **branch)
{
	git_buf name = { 0 };

	if (git_remote_default_branch(&name, link->remote) == 0 &&
	    strncmp(name.ptr, "refs/heads/", 11) == 0) {
		free(*branch);
		*branch = xstrdup(name.ptr + 11);
	}
	git_buf_dispose(&name);
}

/* Is the remote's commit here, and its branch tracked? A reference to a
 * commit says that what it grew from is there. */
static bool
is_known(const struct git *git, const char *name, const git_oid *id)
{
	git_oid known;

	return git_reference_id(git, &known, name) &&
	    git_oid_equal(&known, id) && git_has_commit(git, id);
}

/* Nothing new is what there is most often. */
static bool
is_up_to_date(struct git *git, struct git_network *network, const char *remote,
    const char *branch, char commit[GIT_ID_TEXT], char **default_branch)
{
	char *tracking = xasprintf("refs/remotes/%s/%s", remote, branch);
	char *name = xasprintf("refs/heads/%s", branch);
	struct git_asked asked[] = { { .name = name }, { .name = "HEAD" } };
	bool known = git_ask(network, asked, 2) && asked[0].found &&
	    is_known(git, tracking, &asked[0].id);

	if (known)
		git_oid_tostr(commit, GIT_ID_TEXT, &asked[0].id);
	if (known && asked[1].target != NULL &&
	    strncmp(asked[1].target, "refs/heads/", 11) == 0)
		*default_branch = xstrdup(asked[1].target + 11);
	for (size_t i = 0; i < sizeof asked / sizeof *asked; i++)
		free(asked[i].target);
	free(name);
	free(tracking);
	return known;
}

static struct error *
fetch_once(struct git_link *link, const char *remote, const char *branch,
    char commit[GIT_ID_TEXT])
{
	struct git *git = link->git;
	char *name = xasprintf("refs/remotes/%s/%s", remote, branch);
	git_oid id;
	bool found;
	struct error *err = git_link_find(link, &id, &found, branch);

	if (err == NULL && !found)
		err = no_such_branch(link, branch);
	if (err == NULL && !is_known(git, name, &id)) {
		err = download(link, branch);
		if (err == NULL)
			err = track(git, name, &id);
	}
	if (err == NULL)
		git_oid_tostr(commit, GIT_ID_TEXT, &id);
	free(name);
	return err;
}

struct error *
git_fetch_branch(struct git *git, struct git_network *network,
    const char *remote, const char *branch, char commit[GIT_ID_TEXT],
    char **default_branch)
{
	struct retry retry = {
		.what = "fetch",
		.max_retries = network->max_retries,
		.ends = network->ends,
	};
	struct error *err;
	int fd;

	*default_branch = NULL;
	err = lock_shared(&fd, git, network->ends);
	if (err != NULL)
		return err;
	repair_remote_head(git, remote);
	while (!is_up_to_date(
	    git, network, remote, branch, commit, default_branch)) {
		struct git_link link;

		err = git_link_open(&link, git, network, GIT_DIRECTION_FETCH);
		if (err == NULL) {
			note_default_branch(&link, default_branch);
			err = fetch_once(&link, remote, branch, commit);
		}
		retry.after_seconds = link.retry_after_seconds;
		git_link_close(&link);
		if (err == NULL || !retry_wait(&retry, err))
			break;
		error_free(err);
	}
	network->n_retries = retry.n_retries;
	if (fd >= 0)
		close(fd);
	return err;
}

struct error *
git_create(
    struct git **result, const char *path, const char *url, const char *branch)
{
	git_repository_init_options options = {
		.version = GIT_REPOSITORY_INIT_OPTIONS_VERSION,
		.flags = GIT_REPOSITORY_INIT_NO_REINIT |
		    GIT_REPOSITORY_INIT_MKDIR | GIT_REPOSITORY_INIT_MKPATH,
		.initial_head = branch,
	};
	git_repository *repository = NULL;
	git_remote *remote = NULL;
	struct error *err = git_start();
	int code;

	*result = NULL;
	if (err != NULL)
		return err;
	code = git_repository_init_ext(&repository, path, &options);
	if (code == 0)
		code = git_remote_create_with_fetchspec(&remote, repository,
		    "origin", url, "+refs/heads/*:refs/remotes/origin/*");
	git_remote_free(remote);
	git_repository_free(repository);
	if (code < 0)
		return git_failure(
		    ERROR_WORKSPACE, code, "cannot make a clone in '%s'", path);
	return git_open(result, path);
}
