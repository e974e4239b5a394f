/* SPDX-License-Identifier: MIT */
/* What is asked of a server: method, URL, headers and body, for libcurl. */
#include <unistd.h>

#include "http_internal.h"
#include "memory.h"

enum {
	MAX_REDIRECTS = 5,
	/* curl asks before it sends a body above 1 MB; who does not know of
	 * asking, and there are many, is not waited for longer. */
	EXPECT_MS = 500,
	SEND_BYTES = 256 * 1024,
};

static size_t
give_memory(struct http *http, char *bytes, size_t room)
{
	size_t left = http->request.body_len - http->body_sent;

	if (left < room)
		room = left;
	memcpy(bytes, http->request.body + http->body_sent, room);
	http->body_sent += room;
	return room;
}

static size_t
give_file(struct http *http, char *bytes, size_t room)
{
	ssize_t got =
	    pread(http->request.body_fd, bytes, room, (off_t)http->body_sent);

	if (got < 0)
		return CURL_READFUNC_ABORT;
	http->body_sent += (size_t)got;
	return (size_t)got;
}

static size_t
give_source(struct http *http, const struct http_source *source, char *bytes,
    size_t room)
{
	size_t n = 0;
	struct error *error = source->read(source->context, bytes, room, &n);

	if (error == NULL)
		return n;
	http->source_error = error_first(http->source_error, error);
	return CURL_READFUNC_ABORT;
}

static int
rewind_source(struct http *http, const struct http_source *source)
{
	struct error *error = source->rewind(source->context);

	if (error == NULL)
		return CURL_SEEKFUNC_OK;
	http->source_error = error_first(http->source_error, error);
	return CURL_SEEKFUNC_FAIL;
}

static size_t
give_body(char *bytes, size_t size, size_t n, void *context)
{
	struct http *http = context;

	if (http->request.body != NULL)
		return give_memory(http, bytes, size * n);
	if (http->request.source != NULL)
		return give_source(http, http->request.source, bytes, size * n);
	return give_file(http, bytes, size * n);
}

/* curl sends a body again after a connection that was closed meanwhile. */
static int
seek_body(void *context, curl_off_t offset, int origin)
{
	struct http *http = context;

	if (origin != SEEK_SET)
		return CURL_SEEKFUNC_CANTSEEK;
	if (http->request.source != NULL)
		return offset == 0 ? rewind_source(http, http->request.source)
				   : CURL_SEEKFUNC_CANTSEEK;
	http->body_sent = (size_t)offset;
	return CURL_SEEKFUNC_OK;
}

/* The parts' files; there may be several, but curl reads one after another. */
struct part_context {
	struct http *http;
	const struct http_source *source;
};

static size_t
give_part(char *bytes, size_t size, size_t n, void *context)
{
	struct part_context *part = context;

	return give_source(part->http, part->source, bytes, size * n);
}

static int
seek_part(void *context, curl_off_t offset, int origin)
{
	struct part_context *part = context;

	if (origin != SEEK_SET || offset != 0)
		return CURL_SEEKFUNC_CANTSEEK;
	return rewind_source(part->http, part->source);
}

static void
add_part(struct http *http, const struct http_part *part)
{
	const struct curl_library *curl = http->curl;
	curl_mimepart *added = curl->curl_mime_addpart(http->mime);
	struct part_context *context;

	curl->curl_mime_name(added, part->name);
	if (part->content_type != NULL)
		curl->curl_mime_type(added, part->content_type);
	if (part->file_name != NULL)
		curl->curl_mime_filename(added, part->file_name);
	if (part->text != NULL) {
		curl->curl_mime_data(added, part->text, CURL_ZERO_TERMINATED);
		return;
	}
	context = xmalloc(sizeof *context);
	*context = (struct part_context){ http, part->source };
	curl->curl_mime_data_cb(added, (curl_off_t)part->source->size_bytes,
	    give_part, seek_part, free, context);
}

static void
set_parts(struct http *http)
{
	http->mime = http->curl->curl_mime_init(http->easy);
	for (size_t i = 0; i < http->request.n_parts; i++)
		add_part(http, &http->request.parts[i]);
	http->curl->curl_easy_setopt(http->easy, CURLOPT_MIMEPOST, http->mime);
}

/* -1: not known. */
static curl_off_t
body_size(const struct http_request *request)
{
	if (request->body != NULL)
		return (curl_off_t)request->body_len;
	if (request->source != NULL)
		return (curl_off_t)request->source->size_bytes;
	return (curl_off_t)lseek(request->body_fd, 0, SEEK_END);
}

static void
set_body(struct http *http)
{
	const struct curl_library *curl = http->curl;
	const char *method = http->request.method;
	curl_off_t size = body_size(&http->request);
	CURL *easy = http->easy;

	if (strcmp(method, "POST") == 0) {
		curl->curl_easy_setopt(easy, CURLOPT_POST, 1L);
		curl->curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, size);
	} else {
		curl->curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
		curl->curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, size);
		if (strcmp(method, "PUT") != 0)
			curl->curl_easy_setopt(
			    easy, CURLOPT_CUSTOMREQUEST, method);
	}
	if (size < 0 || size > SEND_BYTES)
		curl->curl_easy_setopt(
		    easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)SEND_BYTES);
	curl->curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_body);
	curl->curl_easy_setopt(easy, CURLOPT_READDATA, http);
	curl->curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, seek_body);
	curl->curl_easy_setopt(easy, CURLOPT_SEEKDATA, http);
}

static void
set_method(struct http *http)
{
	const char *method = http->request.method;

	if (strcmp(method, "HEAD") == 0)
		http->curl->curl_easy_setopt(http->easy, CURLOPT_NOBODY, 1L);
	else if (strcmp(method, "POST") == 0)
		/* With "Content-Length: 0", without which some refuse it. */
		http->curl->curl_easy_setopt(
		    http->easy, CURLOPT_POSTFIELDS, "");
	else if (strcmp(method, "GET") != 0)
		http->curl->curl_easy_setopt(
		    http->easy, CURLOPT_CUSTOMREQUEST, method);
}

static void
set_headers(struct http *http)
{
	const char *const *headers = http->request.headers;

	for (size_t i = 0; headers != NULL && headers[i] != NULL; i++)
		http->headers =
		    http->curl->curl_slist_append(http->headers, headers[i]);
	if (http->secret_header != NULL)
		http->headers = http->curl->curl_slist_append(
		    http->headers, http->secret_header);
	http->curl->curl_easy_setopt(
	    http->easy, CURLOPT_HTTPHEADER, http->headers);
}

void
http_request_set(struct http *http, const struct http_request *request)
{
	const struct curl_library *curl = http->curl;
	enum http_auth auth = http->options.auth;

	http->request = *request;
	curl->curl_easy_setopt(http->easy, CURLOPT_URL, request->url);
	curl->curl_easy_setopt(
	    http->easy, CURLOPT_EXPECT_100_TIMEOUT_MS, (long)EXPECT_MS);
	curl->curl_easy_setopt(
	    http->easy, CURLOPT_FRESH_CONNECT, request->once ? 1L : 0L);
	set_headers(http);
	if (request->parts != NULL)
		set_parts(http);
	else if (request->body != NULL || request->source != NULL ||
	    request->body_fd >= 0)
		set_body(http);
	else
		set_method(http);
	if (!request->follow_redirects || auth == HTTP_HEADER ||
	    auth == HTTP_AWS_SIGV4)
		return;
	curl->curl_easy_setopt(http->easy, CURLOPT_FOLLOWLOCATION, 1L);
	curl->curl_easy_setopt(
	    http->easy, CURLOPT_MAXREDIRS, (long)MAX_REDIRECTS);
}

void
http_request_release(struct http *http)
{
	if (http->headers != NULL)
		http->curl->curl_slist_free_all(http->headers);
	if (http->mime != NULL)
		http->curl->curl_mime_free(http->mime);
	if (http->secret_header != NULL)
		free_secret(http->secret_header, strlen(http->secret_header));
	http->headers = NULL;
	http->mime = NULL;
	http->secret_header = NULL;
	http->body_sent = 0;
}
