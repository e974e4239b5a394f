/* SPDX-License-Identifier: MIT */
/*
 * HTTP over libcurl: the one layer that all programs use. Whoever asks a
 * service in JSON wants service.h; whoever wants retries, a limit for the
 * answer and an event wants http_call.h; this is what both are made of.
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

enum http_auth {
	HTTP_BASIC,     /* user and secret */
	HTTP_BEARER,    /* Authorization: Bearer */
	HTTP_HEADER,    /* in the header auth_name, "PRIVATE-TOKEN" */
	HTTP_AWS_SIGV4, /* user and secret sign for auth_name,
	                 * "aws:amz:REGION:s3"; see http_credentials.c for what
	                 * a caller must see to */
};

struct http_options {
	const char *origin; /* a URL; whom the secret belongs to */
	enum http_auth auth;
	const char *auth_name;
	const char *user;       /* of basic authentication; the key's id */
	const char *secret;     /* password, token or key; NULL: none */
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
double http_ends(const struct http *http); /* 0: no deadline */

/*
 * A body that is made while it is sent. Where a connection was closed
 * meanwhile, and for a retry, it is read from its start again. An error of
 * its functions ends the request and is what http_send() or http_read()
 * returns.
 */
struct http_source {
	void *context;
	/* Up to `size` bytes; *n is 0 at the end. */
	struct error *(*read)(
	    void *context, char *bytes, size_t size, size_t *n);
	struct error *(*rewind)(void *context);
	long long size_bytes; /* -1: not known; then it is sent in chunks */
};

/* A part of multipart/form-data: a text, or a file. */
struct http_part {
	const char *name;
	const char *text; /* NULL: the source */
	const struct http_source *source;
	const char *file_name, *content_type; /* NULL: none */
};

struct http_request {
	const char *method; /* "GET", "HEAD", "POST", "PUT", "DELETE", ... */
	const char *url;
	const char *const *headers; /* "Name: value"; NULL-terminated or NULL */
	/* The body, one of: */
	const char *body; /* NULL: none, or another */
	size_t body_len;
	int body_fd; /* -1: none; read from its start, must be seekable */
	const struct http_source *source;
	const struct http_part *parts;
	size_t n_parts;
	/* GET only; never from https to http; not with HTTP_HEADER and
	 * HTTP_AWS_SIGV4, which curl would take along. */
	bool follow_redirects;
	/* Never sent a second time by libcurl itself, which does so where a
	 * connection that served before has ended; on a new one, then. */
	bool once;
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

/* Of the answer: */
int http_status(const struct http *http);               /* 0: none came */
const char *http_content_type(const struct http *http); /* "" if none */
const char *http_url(const struct http *http);          /* after redirects */
/* A header of the last answer, borrowed until the next request; NULL: none. */
const char *http_header(const struct http *http, const char *name);
double http_retry_after(const struct http *http); /* seconds; 0: none told */
/* Has anything of the last request left? */
bool http_was_sent(const struct http *http);
/* Bytes of the bodies of the last request and its answer, so far. */
long long http_bytes_out(const struct http *http);
long long http_bytes_in(const struct http *http);

/*
 * NULL for a status of 2xx; else an error: 401, 403 and 407 SecurityError,
 * 408, 425, 429, 5xx, and 403 with a pause, ServiceUnavailableError,
 * retryable, others ServiceUnavailableError, not retryable. That of 3xx tells
 * where it redirects to.
 */
struct error *http_check(const struct http *http);

#endif
