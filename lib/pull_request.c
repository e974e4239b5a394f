/* SPDX-License-Identifier: MIT */
#include "pull_request.h"

#include "forge.h"
#include "git.h"
#include "json.h"
#include "memory.h"
#include "slot_remote.h"
#include "summary.h"

/* GitHub takes 65,536 characters of a body, the others more; GitLab 255 of a
 * title, with what says that it is a draft. */
enum { MAX_BODY_BYTES = 60000, MAX_TITLE_BYTES = 240 };

struct place {
	const char *forge, *token;
	char *api, *project;
};

bool
pull_request_is_due(const struct stage *stage)
{
	const char *forge = config_string(stage->config, "pull_request");
	const struct document *doc = stage->doc;

	/* A stage of somebody's own may have pushed, and not tell what. */
	return strcmp(forge, "none") != 0 && !document_failed(doc) &&
	    json_boolean(document_value(doc), "push_result.pushed", false) &&
	    document_string(doc, "push_result.branch_name") != NULL;
}

/* As nr-push chose it. */
static const char *
remote_of(const struct stage *stage)
{
	const char *url = document_string(stage->doc, "repo_url");

	if (url == NULL || *url == '\0')
		url = document_string(stage->doc, "workspace.push_url");
	if (url == NULL)
		url = document_string(stage->doc, "workspace.remote_url");
	return url;
}

/* Does the configuration or the task say that the server may have it? */
static bool
is_told(const struct stage *stage, const char *remote, bool *listed)
{
	const char *repo_url = document_string(stage->doc, "repo_url");
	jv list = config_value(stage->config, "git_token_hosts");
	char **hosts = json_strings(list, NULL);
	bool told;

	*listed = *hosts != NULL;
	if (config_is_set(stage->config, "pull_request_api_url"))
		told = true;
	else if (*listed)
		told = git_url_is_of(remote, hosts);
	else
		told = repo_url != NULL && *repo_url != '\0';
	json_strings_free(hosts);
	jv_free(list);
	return told;
}

/*
 * Whom the token is for. A server that only the slot names may be anybody's:
 * one of http and https is compared with where the slot was before, as
 * nr-prepare does it only where there is a token for git.
 */
static struct error *
check_server(const struct stage *stage, const char *remote)
{
	const char *path = document_string(stage->doc, "workspace.path");
	bool listed, told = is_told(stage, remote, &listed);
	char *server = git_url_server(remote);
	bool known = server != NULL && path != NULL && !listed;

	free(server);
	if (told)
		return NULL;
	if (known)
		return slot_remote_check(path, remote, NULL);
	return error_new(ERROR_SECURITY,
	    "the token is not sent to the server of '%s': %s", remote,
	    listed ? "its host is not among git_token_hosts"
		   : "only the slot's configuration names it; give "
		     "pull_request_api_url, repo_url or git_token_hosts");
}

static struct error *
find_token(struct place *place, const struct stage *stage)
{
	const char *name =
	    config_string(stage->config, "pull_request_token_env");

	if (name == NULL)
		name = config_string(stage->config, "git_token_env_var");
	place->token = secrets_get(stage->secrets, name);
	if (place->token != NULL)
		return NULL;
	return error_new(ERROR_SECURITY,
	    "there is no token: set %s, or %s_FILE, or put a file of that "
	    "name into secrets_dir",
	    name, name);
}

static struct error *
find_place(struct place *place, const struct stage *stage)
{
	const char *remote = remote_of(stage);
	const char *api = config_string(stage->config, "pull_request_api_url");
	char *server = NULL;
	struct error *error;

	place->forge = config_string(stage->config, "pull_request");
	if (remote == NULL)
		return error_new(ERROR_DOCUMENT,
		    "the document says nowhere where it was pushed to");
	error = git_url_forge(&server, &place->project, remote);
	if (error == NULL)
		error = check_server(stage, remote);
	if (error == NULL)
		error = find_token(place, stage);
	if (error == NULL)
		place->api = api != NULL ? xstrdup(api)
					 : forge_api_url(place->forge, server);
	free(server);
	return error;
}

static char *
masked(const struct stage *stage, const char *text, size_t len)
{
	size_t n;

	return mask_text(stage->mask, text, len, &n);
}

/* At most so many bytes, whole characters. */
static void
cut(char *text, size_t max)
{
	if (strlen(text) <= max)
		return;
	while (max > 0 && ((unsigned char)text[max] & 0xc0) == 0x80)
		max--;
	text[max] = '\0';
}

static char *
title_of(const struct stage *stage)
{
	const char *title = document_string(stage->doc, "title");
	char *text = masked(stage, title, strlen(title));

	cut(text, MAX_TITLE_BYTES);
	return text;
}

static void
append_criteria(struct buffer *body, const struct stage *stage)
{
	char **criteria =
	    json_strings(document_value(stage->doc), "acceptance_criteria");

	for (size_t i = 0; criteria[i] != NULL; i++)
		buffer_appendf(body, "- [ ] %s\n", criteria[i]);
	if (criteria[0] != NULL)
		buffer_append_string(body, "\n");
	json_strings_free(criteria);
}

static void
append_ids(struct buffer *body, const struct stage *stage)
{
	const char *spec = document_string(stage->doc, "spec_name");

	buffer_appendf(
	    body, "\nTask %s", document_string(stage->doc, "task_id"));
	if (spec != NULL)
		buffer_appendf(body, " of %s", spec);
	buffer_appendf(body, ", run %s\n",
	    document_string(stage->doc, "runner.runner_id"));
}

/* What came of it, and of which task. */
static char *
result_of(const struct stage *stage)
{
	struct buffer text = BUFFER_INIT(2 * (size_t)DOCUMENT_MAX_BYTES);
	char *result;

	append_criteria(&text, stage);
	summary_append_work(&text, stage->doc, SUMMARY_MARKDOWN);
	append_ids(&text, stage);
	result = masked(stage, text.data, text.len);
	cut(result, MAX_BODY_BYTES / 2);
	buffer_release(&text);
	return result;
}

/* Masked before it is cut: of half a secret nobody knows that it is one. */
static char *
body_of(const struct stage *stage)
{
	const char *given = document_string(stage->doc, "description");
	size_t len = given != NULL ? strlen(given) : 0;
	char *description = masked(stage, len > 0 ? given : "", len);
	char *result = result_of(stage), *body;

	cut(description, MAX_BODY_BYTES - strlen(result));
	body = xasprintf(
	    "%s%s%s", description, *description != '\0' ? "\n\n" : "", result);
	free(description);
	free(result);
	return body;
}

static struct error *
ask(const struct place *place, const struct stage *stage,
    struct forge_request *request, double ends)
{
	struct service_options options = {
		.name = "the forge",
		.url = place->api,
		.key = place->token,
		.auth = HTTP_BEARER,
		.ends = ends,
	};
	struct service *service = service_new(&options, stage->config);
	struct error *error;

	error = forge_open_request(place->forge, service, request);
	service_free(service);
	return error;
}

static void
record(struct stage *stage, const struct forge_request *request)
{
	jv section = json_set_string(jv_object(), "url", request->url);

	section = json_set_number(section, "number", request->number);
	section = json_set_boolean(section, "created", request->created);
	document_set(stage->doc, "pull_request", section);
	log_info("pull_request", "%s %s",
	    request->created ? "opened" : "there is already", request->url);
}

static struct error *
open_request(struct stage *stage, double ends)
{
	struct place place = { 0 };
	struct error *error = find_place(&place, stage);
	char *title = NULL, *body = NULL;
	struct forge_request request = {
		.project = place.project,
		.branch =
		    document_string(stage->doc, "push_result.branch_name"),
		.base = document_base_branch(stage->doc),
		.draft = config_boolean(stage->config, "pull_request_draft"),
	};

	if (error == NULL) {
		request.title = title = title_of(stage);
		request.body = body = body_of(stage);
		error = ask(&place, stage, &request, ends);
	}
	if (error == NULL)
		record(stage, &request);
	forge_request_release(&request);
	free(title);
	free(body);
	free(place.api);
	free(place.project);
	return error;
}

void
pull_request_open(struct stage *stage, double ends)
{
	struct error *error = open_request(stage, ends);

	if (error != NULL)
		log_warn("no_pull_request",
		    "cannot open a pull request: %s; the branch is pushed, and "
		    "nr-report with this run's last document tries it again",
		    error->message);
	error_free(error);
}
