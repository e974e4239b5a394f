/* SPDX-License-Identifier: MIT */
/*
 * Connections to remote repositories: which one, who is let in, what its
 * failures mean.
 */
#define _GNU_SOURCE
#include "git_internal.h"

#include "clock.h"
#include "log.h"
#include "memory.h"
#include "process.h"

/* Some 400,000 references. */
enum { MAX_LISTING_BYTES = 32 * 1024 * 1024 };

struct error *
git_link_check_time(const struct git_link *link)
{
	double ends = link->network->ends;

	if (cancel_signal() != 0)
		return error_cancelled(cancel_signal());
	if (ends > 0 && clock_monotonic() >= ends)
		return error_new(ERROR_TIMEOUT, "the time for it is used up");
	return NULL;
}

/* For libgit2's callbacks, between which nothing of ours runs. */
static int
stop_in_time(const struct git_link *link)
{
	struct error *err = git_link_check_time(link);

	error_free(err);
	return err != NULL ? GIT_EUSER : 0;
}

static int
on_transfer(const git_indexer_progress *progress, void *context)
{
	(void)progress;
	return stop_in_time(context);
}

static int
on_packing(int step, unsigned current, unsigned total, void *context)
{
	(void)step;
	(void)current;
	(void)total;
	return stop_in_time(context);
}

static int
on_upload(unsigned current, unsigned total, size_t bytes, void *context)
{
	(void)current;
	(void)total;
	(void)bytes;
	return stop_in_time(context);
}

/* The remote's verdict on one reference; git_remote_push() is content
 * whatever it is. */
static int
on_verdict(const char *name, const char *status, void *context)
{
	struct git_link *link = context;

	(void)name;
	link->accepted = status == NULL;
	if (status != NULL && link->rejection == NULL)
		link->rejection = xstrdup(status);
	return 0;
}

static int
on_remote_text(const char *text, int len, void *context)
{
	struct git_link *link = context;

	if (len > 0)
		buffer_append(&link->said, text, (size_t)len);
	return stop_in_time(link);
}

static int
connect_remote(struct git_link *link, git_direction direction)
{
	git_remote_create_options create = {
		.version = GIT_REMOTE_CREATE_OPTIONS_VERSION,
		.repository = link->git->repository,
		.flags = GIT_REMOTE_CREATE_SKIP_INSTEADOF |
		    GIT_REMOTE_CREATE_SKIP_DEFAULT_FETCHSPEC,
	};
	git_remote_connect_options options = {
		.version = GIT_REMOTE_CONNECT_OPTIONS_VERSION,
		.callbacks = link->callbacks,
		.proxy_opts = { .version = GIT_PROXY_OPTIONS_VERSION },
	};
	int code =
	    git_remote_create_with_opts(&link->remote, link->url.text, &create);

	if (code < 0)
		return code;
	return git_remote_connect_ext(link->remote, direction, &options);
}

struct error *
git_link_open(struct git_link *link, struct git *git,
    const struct git_network *network, git_direction direction)
{
	struct error *err;
	int code;

	*link = (struct git_link){
		.git = git,
		.network = network,
		.type = direction == GIT_DIRECTION_PUSH ? ERROR_PUSH
							: ERROR_WORKSPACE,
		.said = BUFFER_INIT(4096),
		.callbacks = {
			.version = GIT_REMOTE_CALLBACKS_VERSION,
			.sideband_progress = on_remote_text,
			.transfer_progress = on_transfer,
			.pack_progress = on_packing,
			.push_transfer_progress = on_upload,
			.push_update_reference = on_verdict,
			.payload = link,
		},
	};
	err = git_url_parse(&link->url, network->url, git->path, link->type);
	if (err != NULL)
		return err;
	link->callbacks.transport = link->url.scheme == GIT_SCHEME_HTTP
	    ? git_transport_http
	    : git_transport_stream;
	code = connect_remote(link, direction);
	if (code < 0)
		return git_link_error(
		    link, code, "cannot reach '%s'", link->url.text);
	return NULL;
}

void
git_link_close(struct git_link *link)
{
	if (link->remote != NULL)
		git_remote_disconnect(link->remote);
	git_remote_free(link->remote);
	git_url_release(&link->url);
	error_free(link->failure);
	buffer_release(&link->said);
	free(link->rejection);
	*link = (struct git_link){ 0 };
}

static bool
is_transient(int code)
{
	const git_error *last = git_error_last();

	if (code == GIT_EEOF || code == GIT_ELOCKED)
		return true;
	/* The remote's own word, that it has no such repository, say. */
	if (last == NULL || strncmp(git_reason(), "remote error", 12) == 0)
		return false;
	return last->klass == GIT_ERROR_NET || last->klass == GIT_ERROR_OS;
}

struct error *
git_link_refused(const struct git_link *link)
{
	if (link->network->token == NULL)
		return error_new(ERROR_SECURITY,
		    "the remote asks for credentials, and there are none; "
		    "give a token as the secret that git_token_env_var names");
	return error_new(ERROR_SECURITY,
	    "the remote refused the credentials; check that the token is "
	    "valid and may use this repository");
}

struct error *
git_link_check_listing(const struct git_link *link, size_t size)
{
	if (size <= MAX_LISTING_BYTES)
		return NULL;
	return error_new(link->type,
	    "its list of references is longer than %d MiB",
	    MAX_LISTING_BYTES >> 20);
}

/* The error without what was being done. */
static struct error *
reason_of(struct git_link *link, int code)
{
	struct error *err = git_link_check_time(link);

	err = error_first(err, link->failure);
	link->failure = NULL;
	if (err != NULL)
		return err;
	err = error_new(link->type, "%s", git_reason());
	err->retryable = is_transient(code);
	return err;
}

struct error *
git_link_error(struct git_link *link, int code, const char *format, ...)
{
	struct error *err = reason_of(link, code);
	va_list args;
	char *text;

	if (err->type == ERROR_CANCELLED)
		return err;
	va_start(args, format);
	text = xvasprintf(format, args);
	va_end(args);
	err = error_prefix(err, "%s", text);
	free(text);
	return err;
}

struct error *
git_link_find(
    struct git_link *link, git_oid *id, bool *found, const char *branch)
{
	const git_remote_head **heads;
	char *name = xasprintf("refs/heads/%s", branch);
	size_t n;
	int code = git_remote_ls(&heads, &n, link->remote);

	*found = false;
	for (size_t i = 0; code == 0 && !*found && i < n; i++) {
		if (strcmp(heads[i]->name, name) != 0)
			continue;
		git_oid_cpy(id, &heads[i]->oid);
		*found = true;
	}
	free(name);
	if (code < 0)
		return git_link_error(link, code,
		    "cannot list the branches of '%s'", link->url.text);
	return NULL;
}

char *
git_link_said(const struct git_link *link)
{
	char *text = xstrdup(link->said.data != NULL ? link->said.data : "");
	char *to = text;

	/* Lines become one, and what moves a cursor does not come through. */
	for (const char *at = text; *at != '\0'; at++) {
		if ((unsigned char)*at >= ' ' && *at != 0x7f)
			*to++ = *at;
		else if (to > text && to[-1] != ' ')
			*to++ = ' ';
	}
	while (to > text && to[-1] == ' ')
		to--;
	*to = '\0';
	return text;
}

/* A setting of the remote as it is written, without insteadOf. */
static char *
remote_setting(struct git *git, const char *remote, const char *key)
{
	char *name = xasprintf("remote.%s.%s", remote, key), *value = NULL;
	git_config *config = NULL, *snapshot = NULL;
	const char *text;

	if (git_repository_config(&config, git->repository) == 0 &&
	    git_config_snapshot(&snapshot, config) == 0 &&
	    git_config_get_string(&text, snapshot, name) == 0)
		value = xstrdup(text);
	git_config_free(snapshot);
	git_config_free(config);
	free(name);
	return value;
}

static struct error *
choose_remote(struct git *git, char **name)
{
	git_strarray names = { 0 };
	int code = git_remote_list(&names, git->repository);
	struct error *err = NULL;

	*name = NULL;
	if (code < 0)
		return git_failure(ERROR_WORKSPACE, code,
		    "cannot list the remotes of '%s'", git->path);
	for (size_t i = 0; i < names.count; i++)
		if (names.count == 1 || strcmp(names.strings[i], "origin") == 0)
			*name = xstrdup(names.strings[i]);
	if (*name == NULL && names.count == 0)
		err = error_new(ERROR_WORKSPACE,
		    "cannot use slot '%s': it has no remote; add one with: "
		    "git -C '%s' remote add origin URL",
		    git->path, git->path);
	else if (*name == NULL)
		err = error_new(ERROR_WORKSPACE,
		    "cannot use slot '%s': it has %zu remotes, none of them "
		    "named origin; give repo_url",
		    git->path, names.count);
	git_strarray_dispose(&names);
	return err;
}

/* *url is NULL if there is no such setting. */
static struct error *
url_setting(struct git *git, const char *remote, const char *key, char **result)
{
	char *text = remote_setting(git, remote, key);
	struct git_url url;
	struct error *err;

	*result = NULL;
	if (text == NULL)
		return NULL;
	err = git_url_parse(&url, text, git->path, ERROR_WORKSPACE);
	if (err == NULL && url.had_credentials)
		log_warn("credentials_in_url",
		    "the %s of remote '%s' has credentials in it; they are "
		    "not used",
		    key, remote);
	if (err == NULL)
		*result = xstrdup(url.text);
	git_url_release(&url);
	free(text);
	return err;
}

struct error *
git_push_url_of(struct git *git, const char *name, char **url)
{
	return url_setting(git, name, "pushurl", url);
}

struct error *
git_remote_of(struct git *git, char **name, char **url)
{
	struct error *err = choose_remote(git, name);

	*url = NULL;
	if (err != NULL)
		return err;
	err = url_setting(git, *name, "url", url);
	if (err == NULL && *url == NULL)
		err = error_new(ERROR_WORKSPACE,
		    "cannot use slot '%s': its remote '%s' has no URL",
		    git->path, *name);
	if (err != NULL) {
		free(*name);
		*name = NULL;
	}
	return err;
}
