/* SPDX-License-Identifier: MIT */
/* What the files http*.c share. */
#ifndef HTTP_INTERNAL_H
#define HTTP_INTERNAL_H

#include "buffer.h"
#include "curl_library.h"
#include "http.h"

struct http {
	struct http_options options;
	const struct curl_library *curl;
	CURL *easy;
	CURLM *multi;
	struct curl_slist *headers;
	char *secret_header; /* of HTTP_HEADER */
	curl_mime *mime;
	struct http_request request; /* headers and body only */
	size_t body_sent;
	struct error *source_error;
	struct buffer unread; /* of the answer's body */
	size_t n_taken;       /* of it, by http_read() */
	bool added, done, body_begun;
	CURLcode code; /* once done */
	char message[CURL_ERROR_SIZE];
	double last_activity;
	curl_off_t moved; /* bytes in and out, when last looked at */
};

/* http_request.c: everything of a request but its credentials. */
void http_request_set(struct http *http, const struct http_request *request);
void http_request_release(struct http *http);

/* http_credentials.c: to the request's URL, whom we trust and who we are. */
void http_set_trust(const struct http *http, const char *url);
void http_set_credentials(struct http *http, const char *url);

/* http_answer.c: what went wrong in a transfer, and whether it may pass. */
struct error *http_transfer_error(struct http *http);

#endif
