/* SPDX-License-Identifier: MIT */
/*
 * A service beside the runner that is spoken to in JSON: Task Registry, Repo
 * Pool Manager, a forge. It has a base URL, perhaps a key, and the
 * configuration's retries and limits (network_retry_count,
 * connect_timeout_seconds, network_timeout_seconds); what http_call.h tells
 * of retries, answers, events and errors holds for it.
 *
 *     struct service_options options = {
 *         .name = "the Task Registry", .url = url, .key = key,
 *         .ends = stage->ends };
 *     struct service *registry = service_new(&options, stage->config);
 *     const char *const path[] = { "tasks", task_id, "status", NULL };
 *     struct service_request request = { .method = "PUT", .path = path,
 *         .body = body };
 *
 *     error = service_ask(registry, &request, &answer);
 */
#ifndef SERVICE_H
#define SERVICE_H

#include <jv.h>
#include <stdbool.h>

#include "config.h"
#include "error.h"
#include "http.h"

struct service_options {
	const char *name; /* "the Task Registry": begins messages */
	const char *url;  /* its base */
	const char *key;  /* NULL: none; see below for how it is sent */
	enum http_auth auth;
	const char *auth_name, *user; /* as in http.h */
	double ends;                  /* on clock_monotonic(); 0: no deadline */
};

struct service_request {
	const char *method;
	const char *const *path;    /* segments below the base; NULL-ended */
	const char *query;          /* "a=b&c=d", encoded; NULL: none */
	const char *const *headers; /* more of them; NULL-ended, or NULL */
	jv body;         /* consumed; JV_KIND_INVALID (the zero): none */
	bool repeatable; /* see http_call.h; for POST and PATCH */
	int status;      /* out: of the last answer; 0: none came */
};

struct service;

/*
 * The options' strings must outlive it. .auth is HTTP_BASIC if zero: say
 * HTTP_BEARER for a token. A key that would go in the clear to another
 * machine is a warning.
 */
struct service *service_new(
    const struct service_options *options, const struct config *config);
void service_free(struct service *service);

/*
 * The answer, owned by the caller; jv_null() where there is none. NULL: it
 * does not matter. An error begins with the service's name and URL.
 */
struct error *service_ask(
    struct service *service, struct service_request *request, jv *answer);

/* One attempt, whatever the configuration says, within so many seconds; for
 * a check of its health. */
struct error *service_try(struct service *service,
    struct service_request *request, double seconds, jv *answer);

#endif
