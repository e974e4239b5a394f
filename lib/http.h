/* SPDX-License-Identifier: MIT */
/*
 * HTTP over libcurl: the one layer that all programs use.
 *
 * A `struct http` keeps a connection alive over several requests, one at a
 * time. A request is begun with http_send(), which returns when status and
 * headers are there; the body is then pulled with http_read(), so memory is
 * flat whatever the size.
 *
 * Time: connecting, silence and the whole are each limited; a cancelled
 * runner (cancel_signal()) stops within a second.
 * Credentials are sent without being asked for, to the origin (scheme, host,
 * port) of `origin` only, and to no other that redirects to.
 * Proxies come from https_proxy, http_proxy, all_proxy and no_proxy;
 * certificates from $SSL_CERT_FILE and $SSL_CERT_DIR, else the system's.
 * TLS 1.2 is the least.
 *
 * libcurl is loaded when the first request is made: it brings some thirty
 * libraries, and most runs of most programs speak no HTTP.
 */
#ifndef HTTP_H
#define HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

struct http_options {
	const char *origin;     /* a URL; whom the secret belongs to */
	const char *user;       /* of basic authentication */
	const char *secret;     /* password or token; NULL: none */
	bool bearer;            /* "Authorization: Bearer", without user */
	double connect_seconds; /* 0: 30 */
	double idle_seconds;    /* without a byte in or out; 0: 60 */
	double ends;            /* on clock_monotonic(); 0: no deadline */
};

struct http;

/* The options' strings must outlive it. */
struct http *http_new(const struct http_options *options);
void http_free(struct http *http);

/* Other limits from here on: how long it may be silent, and the deadline; as
 * in the options. */
void http_set_times(struct http *http, double idle_seconds, double ends);

struct http_request {
	const char *method; /* "GET", "POST", "PUT" */
	const char *url;
	const char *const *headers; /* "Name: value"; NULL-terminated or NULL */
	const char *body;           /* NULL: none, or body_fd */
	size_t body_len;
	int body_fd; /* -1: none; read from its start, must be seekable */
	bool follow_redirects; /* GET only; never from https to http */
};

/*
 * Ends the request before it. Errors: ServiceUnavailableError, retryable,
 * for what may pass (no connection, time-out, reset); SecurityError for a
 * certificate that is not trusted; ConfigError for a URL that cannot be used.
 * Any status is a success here: see http_check().
 */
struct error *http_send(struct http *http, const struct http_request *request);

/* *n is 0 at the end of the body. A body that breaks off is an error. */
struct error *http_read(struct http *http, char *bytes, size_t size, size_t *n);

/* Of the response: */
int http_status(const struct http *http);
const char *http_content_type(const struct http *http); /* "" if none */
const char *http_url(const struct http *http);          /* after redirects */
/* A header of the last answer, borrowed until the next request; NULL: none. */
const char *http_header(const struct http *http, const char *name);
double http_retry_after(const struct http *http); /* seconds; 0: none told */

/*
 * NULL for a status of 2xx; else an error: 401, 403 and 407 SecurityError,
 * 408, 425, 429, 5xx, and 403 with a pause, ServiceUnavailableError,
 * retryable, others ServiceUnavailableError, not retryable.
 */
struct error *http_check(const struct http *http);

#endif
