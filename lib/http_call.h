/* SPDX-License-Identifier: MIT */
/*
 * One request to a service, from the first attempt to the last: with retries
 * (retry.h) within the deadline of the `struct http`, Retry-After as their
 * least pause, an answer of bounded size, and an event at the end:
 *
 *   {"event":"http_request","method","host","path","status","attempts",
 *    "sent_bytes","received_bytes","duration_seconds"}
 *
 * The event is at level debug; of retries there are warnings. A query is told
 * nowhere: it may hold a secret.
 */
#ifndef HTTP_CALL_H
#define HTTP_CALL_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"
#include "error.h"
#include "http.h"

struct http_call {
	const char *what; /* "the upload of run.log": in messages, events */
	struct http_request request;
	int max_retries;
	/*
	 * May a POST or PATCH be sent again that the server may have done
	 * already? If not, it is tried again only where nothing was sent, or
	 * where the server said that it did nothing (408, 425, 429, 503).
	 * Other methods are always tried again.
	 */
	bool repeatable;
	size_t max_answer_bytes; /* 0: 1 MiB; more is an error */
	/*
	 * What else must hold of a success, or NULL. Its error is handled as
	 * one of the request: a retryable one is tried again. It may make
	 * requests of its own.
	 */
	struct error *(*check)(
	    void *context, struct http *http, struct http_call *call);
	void *context;
	/* What came of it, also with an error: */
	int status; /* of the last attempt; 0: no answer */
	int n_attempts;
	long long sent_bytes, received_bytes; /* bodies of the last attempt */
	struct buffer answer;                 /* its body */
};

/*
 * Errors are those of http_send() and http_check(); with what the server says
 * about it, where that is short (JSON's `error`, `message` or `detail`, XML's
 * Message, text), behind them.
 */
struct error *http_call(struct http *http, struct http_call *call);

/*
 * The same with JSON either way. `body` is consumed; jv_invalid(): none.
 * `*answer` is owned by the caller: jv_null() where there was none (204), or
 * with an error. An answer that is no JSON is a ServiceUnavailableError,
 * not retryable. `answer` NULL: it does not matter what it is.
 */
struct error *http_call_json(
    struct http *http, struct http_call *call, jv body, jv *answer);

void http_call_release(struct http_call *call);

#endif
