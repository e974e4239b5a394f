/* SPDX-License-Identifier: MIT */
#include "health_check.h"

#include <errno.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "file.h"
#include "file_url.h"
#include "http_url.h"
#include "json.h"
#include "llm.h"
#include "llm_provider.h"
#include "memory.h"
#include "service.h"

char *
health_runs_dir(const struct config *config)
{
	const char *set = config_string(config, "run_dir");
	char *state, *runs;

	if (set != NULL)
		return xstrdup(set);
	state = config_state_dir();
	runs = file_join(state, "runs");
	free(state);
	return runs;
}

/* --- Files --- */

/* An absolute path, cut to what is there of it. */
static void
cut_to_existing(char *path)
{
	size_t len = strlen(path);

	while (len > 1 && access(path, F_OK) != 0 && errno == ENOENT) {
		while (len > 1 && path[len - 1] != '/')
			len--;
		while (len > 1 && path[len - 1] == '/')
			len--;
		path[len] = '\0';
	}
}

/* Whether a file, or a directory for files, is there already, or could be
 * made. */
static struct error *
check_writable(const char *path, bool directory)
{
	char *existing = xstrdup(path);
	struct error *error = NULL;
	struct stat info;

	cut_to_existing(existing);
	if (strcmp(existing, path) != 0)
		directory = true;
	if (stat(existing, &info) == 0 && directory != S_ISDIR(info.st_mode))
		error = error_new(ERROR_IO, "'%s' is %s", existing,
		    directory ? "no directory" : "a directory");
	else if (access(existing, directory ? W_OK | X_OK : W_OK) != 0)
		error = error_errno(ERROR_IO, "cannot write to '%s'", existing);
	free(existing);
	return error;
}

static struct error *
check_space(const char *path, double min_mb)
{
	char *existing = xstrdup(path);
	struct error *error = NULL;
	struct statvfs info;
	double free_mb;

	cut_to_existing(existing);
	if (statvfs(existing, &info) != 0) {
		error = error_errno(ERROR_IO, "cannot look at '%s'", existing);
	} else {
		free_mb = (double)info.f_bavail * (double)info.f_frsize /
		    (1024 * 1024);
		if (free_mb < min_mb)
			error = error_new(ERROR_IO,
			    "only %.0f MB are free for '%s', less than the "
			    "%.0f "
			    "of health_min_free_mb",
			    free_mb, existing, min_mb);
	}
	free(existing);
	return error;
}

static bool
always(const struct config *config)
{
	(void)config;
	return true;
}

static struct error *
check_state(const struct config *config, struct secrets *secrets)
{
	char *runs = health_runs_dir(config);
	struct error *error = check_writable(runs, true);

	(void)secrets;
	if (error == NULL)
		error = check_space(
		    runs, config_number(config, "health_min_free_mb"));
	free(runs);
	return error;
}

/* --- Services --- */

static struct error *
check_answer(jv answer)
{
	static const char *const bad[] = { "unhealthy", "down", "error", "fail",
		"failed", "unavailable" };
	const char *status = jv_get_kind(answer) == JV_KIND_OBJECT
	    ? json_string(answer, "status")
	    : NULL;

	for (size_t i = 0; status != NULL && i < sizeof bad / sizeof bad[0];
	     i++)
		if (strcasecmp(status, bad[i]) == 0)
			return error_new(ERROR_SERVICE,
			    "it says of itself that it is '%s'", status);
	return NULL;
}

/* Is it a service that does not know this path? Where there are files, a
 * directory may have no page either. */
static bool
is_there(int status, bool files)
{
	return status == 404 || status == 405 || status == 501 ||
	    (files && status == 403);
}

/* `path` NULL: the place of files itself. */
static struct error *
ask(const struct service_options *options, const struct config *config,
    const char *path, const char *const *headers)
{
	struct service *service = service_new(options, config);
	const char *const segments[] = { path, NULL };
	struct service_request request = { .method =
					       path != NULL ? "GET" : "HEAD",
		.path = segments,
		.headers = headers };
	jv answer = jv_null();
	struct error *error = service_try(service, &request,
	    config_number(config, "health_timeout_seconds"), &answer);

	if (error != NULL && is_there(request.status, path == NULL)) {
		error_free(error);
		error = NULL;
	} else if (error != NULL && error->type == ERROR_TIMEOUT) {
		/* The time was for the service, no deadline of ours. */
		error_retype(error, ERROR_SERVICE);
	} else if (error == NULL) {
		error = check_answer(answer);
		if (error != NULL)
			error_prefix(
			    error, "%s at '%s'", options->name, options->url);
	}
	jv_free(answer);
	service_free(service);
	return error;
}

static bool
is_http(const char *url)
{
	return strncasecmp(url, "http://", 7) == 0 ||
	    strncasecmp(url, "https://", 8) == 0;
}

static struct error *
check_file(const char *name, const char *path, bool directory)
{
	struct error *error = check_writable(path, directory);

	return error != NULL ? error_prefix(error, "%s", name) : NULL;
}

/* A service, or a file or a directory of this machine. `files`: what a URL
 * for HTTP leads to has no page of its health. */
static struct error *
check_url(const struct service_options *options, const char *key_name,
    bool directory, bool files, const struct config *config,
    struct secrets *secrets)
{
	struct service_options asked = *options;
	char *path = file_url_path(options->url), *base;
	struct error *error;

	if (path != NULL) {
		error = check_file(options->name, path, directory);
		free(path);
		return error;
	}
	if (key_name != NULL)
		asked.key = secrets_get(secrets, key_name);
	base = http_url_without_query(options->url);
	asked.url = base;
	error = ask(&asked, config, files ? NULL : "health", NULL);
	free(base);
	return error;
}

static bool
can_check(const char *url)
{
	char *path;
	bool can;

	if (url == NULL)
		return false;
	path = file_url_path(url);
	can = path != NULL || is_http(url);
	free(path);
	return can;
}

static bool
has_registry(const struct config *config)
{
	return can_check(config_string(config, "task_registry_url"));
}

static struct error *
check_registry(const struct config *config, struct secrets *secrets)
{
	const struct service_options options = { .name = "the Task Registry",
		.url = config_string(config, "task_registry_url"),
		.auth = HTTP_BEARER };

	return check_url(&options,
	    config_string(config, "task_registry_api_key_env"), false, false,
	    config, secrets);
}

static bool
has_store(const struct config *config)
{
	return can_check(config_string(config, "artifact_store_url"));
}

static struct error *
check_store(const struct config *config, struct secrets *secrets)
{
	const char *user = config_string(config, "artifact_store_user");
	bool files =
	    strcmp(config_string(config, "artifact_store_type"), "put") == 0;
	const struct service_options options = { .name = "the Artifact Store",
		.url = config_string(config, "artifact_store_url"),
		.auth = files && user != NULL ? HTTP_BASIC : HTTP_BEARER,
		.user = user };

	return check_url(&options,
	    config_string(config, "artifact_store_api_key_env"), true, files,
	    config, secrets);
}

static bool
has_pool(const struct config *config)
{
	return can_check(config_string(config, "repo_pool_url"));
}

static struct error *
check_pool(const struct config *config, struct secrets *secrets)
{
	const struct service_options options = { .name = "the Repo Pool",
		.url = config_string(config, "repo_pool_url"),
		.auth = HTTP_BEARER };

	return check_url(&options,
	    config_string(config, "repo_pool_api_key_env"), true, false, config,
	    secrets);
}

static bool
has_llm(const struct config *config)
{
	return config_is_set(config, "llm.endpoint");
}

static struct error *
check_llm(const struct config *config, struct secrets *secrets)
{
	static const char *const headers[] = { "anthropic-version: 2023-06-01",
		NULL };
	const char *endpoint = config_string(config, "llm.endpoint");
	const struct llm_provider *provider;
	struct service_options options = { .name = "the model's service",
		.auth = HTTP_BEARER };
	struct llm *llm = NULL;
	bool anthropic;
	char *base;
	struct error *error =
	    llm_provider_find(&provider, config_string(config, "llm.provider"));

	if (error == NULL)
		error = llm_open(&llm, config, secrets);
	if (error != NULL)
		return error;
	anthropic = provider->wire == &llm_anthropic;
	if (anthropic) {
		options.auth = HTTP_HEADER;
		options.auth_name = "x-api-key";
	}
	base = llm_provider_base(provider, endpoint);
	options.url = base;
	options.key = llm_key(llm);
	error = ask(&options, config, "models", anthropic ? headers : NULL);
	llm_free(llm);
	free(base);
	return error;
}

const struct health_check health_checks[] = {
	{ "state", always, check_state },
	{ "task_registry", has_registry, check_registry },
	{ "artifact_store", has_store, check_store },
	{ "repo_pool", has_pool, check_pool },
	{ "llm", has_llm, check_llm },
	{ NULL, NULL, NULL },
};
