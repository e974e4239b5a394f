/* SPDX-License-Identifier: MIT */
#include "forge.h"

#include <limits.h>
#include <string.h>
#include <strings.h>

#include "http_url.h"
#include "json.h"
#include "memory.h"

/* What the forges call the same things. */
struct forge {
	const char *name;
	const char *api;      /* path of the API on the server */
	const char *projects; /* projects, in it */
	bool one_segment;     /* is "owner/repository" one segment, encoded? */
	const char *requests;
	const char *branch, *base, *body; /* members of a new request */
	const char *url, *number;         /* of an answer */
	const char *from, *to;            /* ids of its repositories */
	const char *draft_prefix; /* of the title; NULL: a member "draft" */
	const char *headers[2];
};

static const struct forge forges[] = {
	{ "github", "/api/v3", "repos", false, "pulls", "head", "base", "body",
	    "html_url", "number", "head.repo.id", "base.repo.id", NULL,
	    { "X-GitHub-Api-Version: 2022-11-28" } },
	{ "gitlab", "/api/v4", "projects", true, "merge_requests",
	    "source_branch", "target_branch", "description", "web_url", "iid",
	    "source_project_id", "target_project_id", "Draft: ", { NULL } },
	{ "gitea", "/api/v1", "repos", false, "pulls", "head", "base", "body",
	    "html_url", "number", "head.repo.id", "base.repo.id",
	    "WIP: ", { NULL } },
};

static const struct forge *
forge_of(const char *name)
{
	for (size_t i = 0; i < sizeof forges / sizeof forges[0]; i++)
		if (strcmp(forges[i].name, name) == 0)
			return &forges[i];
	return NULL;
}

char *
forge_api_url(const char *name, const char *server)
{
	const struct forge *forge = forge_of(name);

	if (forge == NULL)
		return NULL;
	if (strcmp(name, "github") == 0 &&
	    strcmp(server, "https://github.com") == 0)
		return xstrdup("https://api.github.com");
	return xasprintf("%s%s", server, forge->api);
}

static char *
owner_of(const struct forge_request *request)
{
	return xstrndup(request->project,
	    (size_t)(strrchr(request->project, '/') - request->project));
}

/* Asks about the project's requests. */
static struct error *
ask(const struct forge *forge, struct service *service,
    const struct forge_request *request, struct service_request *asked,
    jv *answer)
{
	char *owner = owner_of(request);
	const char *repository = strrchr(request->project, '/') + 1;
	const char *const two[] = { forge->projects, owner, repository,
		forge->requests, NULL };
	const char *const one[] = { forge->projects, request->project,
		forge->requests, NULL };
	struct error *error;

	asked->path = forge->one_segment ? one : two;
	asked->headers = forge->headers;
	error = service_ask(service, asked, answer);
	free(owner);
	return error;
}

static char *
query_of(const struct forge *forge, const struct forge_request *request)
{
	char *branch = http_url_encode(request->branch, false);
	char *base = http_url_encode(request->base, false);
	char *plain = owner_of(request), *owner = http_url_encode(plain, false);
	char *query;

	if (strcmp(forge->name, "gitlab") == 0)
		query =
		    xasprintf("state=opened&source_branch=%s&target_branch=%s",
			branch, base);
	else if (strcmp(forge->name, "github") == 0)
		query = xasprintf(
		    "state=open&head=%s:%s&base=%s", owner, branch, base);
	else
		query = xstrdup("state=open&sort=recentupdate&limit=50");
	free(branch);
	free(base);
	free(plain);
	free(owner);
	return query;
}

/* Takes what an answer tells of a request; false: it is no request. The URL
 * becomes a link that people follow. */
static bool
take(const struct forge *forge, struct forge_request *request, jv answer)
{
	const char *url = json_string(answer, forge->url);
	double number = json_number(answer, forge->number, 0);

	if (url == NULL ||
	    (strncasecmp(url, "https://", 8) != 0 &&
		strncasecmp(url, "http://", 7) != 0) ||
	    !(number >= 1 && number <= INT_MAX))
		return false;
	free(request->url);
	request->url = xstrdup(url);
	request->number = (int)number;
	return true;
}

/* Anybody's fork may have a branch of this name. */
static bool
is_of_fork(const struct forge *forge, jv found)
{
	return json_number(found, forge->from, 0) !=
	    json_number(found, forge->to, 0);
}

/* Gitea cannot be asked for those of a branch. */
static bool
is_of_branch(
    const struct forge *forge, const struct forge_request *request, jv found)
{
	const char *branch = json_string(found, "head.ref");
	const char *base = json_string(found, "base.ref");

	if (is_of_fork(forge, found))
		return false;
	if (strcmp(forge->name, "gitea") != 0)
		return true;
	return branch != NULL && strcmp(branch, request->branch) == 0 &&
	    base != NULL && strcmp(base, request->base) == 0;
}

static struct error *
find(const struct forge *forge, struct service *service,
    struct forge_request *request, bool *found)
{
	char *query = query_of(forge, request);
	struct service_request asked = { .method = "GET", .query = query };
	jv answer;
	struct error *error = ask(forge, service, request, &asked, &answer);
	size_t n = json_array_length(answer, NULL);

	*found = false;
	for (size_t i = 0; error == NULL && !*found && i < n; i++) {
		jv one = json_element(answer, i);

		*found = is_of_branch(forge, request, one) &&
		    take(forge, request, one);
		jv_free(one);
	}
	jv_free(answer);
	free(query);
	return error;
}

static jv
new_request(const struct forge *forge, const struct forge_request *request)
{
	jv body = json_set_string(jv_object(), forge->branch, request->branch);
	const char *prefix = request->draft && forge->draft_prefix != NULL
	    ? forge->draft_prefix
	    : "";
	char *title = xasprintf("%s%s", prefix, request->title);

	body = json_set_string(body, forge->base, request->base);
	body = json_set_string(body, "title", title);
	body = json_set_string(body, forge->body, request->body);
	free(title);
	if (forge->draft_prefix == NULL)
		body = json_set_boolean(body, "draft", request->draft);
	return body;
}

static struct error *
create(const struct forge *forge, struct service *service,
    struct forge_request *request, int *status)
{
	struct service_request asked = {
		.method = "POST",
		.body = new_request(forge, request),
		/* The forge itself refuses a second one. */
		.repeatable = true,
	};
	jv answer;
	struct error *error = ask(forge, service, request, &asked, &answer);

	*status = asked.status;
	if (error == NULL && !take(forge, request, answer))
		error = error_new(ERROR_SERVICE,
		    "the forge answered a new pull request without a usable "
		    "'%s' and '%s'",
		    forge->url, forge->number);
	request->created = error == NULL;
	jv_free(answer);
	return error;
}

struct error *
forge_open_request(
    const char *name, struct service *service, struct forge_request *request)
{
	const struct forge *forge = forge_of(name);
	bool found;
	int status;
	struct error *error, *again;

	if (forge == NULL)
		return error_new(ERROR_CONFIG, "there is no forge '%s'", name);
	error = find(forge, service, request, &found);
	if (error != NULL || found)
		return error;
	error = create(forge, service, request, &status);
	if (error == NULL || (status != 409 && status != 422))
		return error;
	/* An answer was lost, or another runner was faster. */
	again = find(forge, service, request, &found);
	error_free(again);
	if (again == NULL && found) {
		error_free(error);
		return NULL;
	}
	return error;
}

void
forge_request_release(struct forge_request *request)
{
	free(request->url);
	request->url = NULL;
}
