/* SPDX-License-Identifier: MIT */
#include "http.h"

#include <strings.h>
#include <unistd.h>

#include "buffer.h"
#include "clock.h"
#include "curl_library.h"
#include "memory.h"
#include "process.h"

static const double default_connect_seconds = 30;
static const double default_idle_seconds = 60;
/* A server may ask for any pause; nobody waits longer for it. */
static const double max_retry_after_seconds = 3600;
/* A signal that comes just before poll() is seen after this long. */
static const int max_poll_ms = 1000;

enum { MAX_REDIRECTS = 5, MAX_UNREAD_BYTES = 64 * 1024 * 1024 };

struct http {
	struct http_options options;
	const struct curl_library *curl;
	CURL *easy;
	CURLM *multi;
	struct curl_slist *headers;
	struct http_request request; /* headers and body only */
	size_t body_sent;
	struct buffer unread; /* of the response's body */
	size_t n_taken;       /* of it, by http_read() */
	bool added, done, body_begun;
	CURLcode code; /* once done */
	char message[CURL_ERROR_SIZE];
	double last_activity;
	curl_off_t moved; /* bytes in and out, when last looked at */
};

struct http *
http_new(const struct http_options *options)
{
	struct http *http = xcalloc(1, sizeof *http);

	http->options = *options;
	http->unread = BUFFER_INIT(MAX_UNREAD_BYTES);
	if (http->options.connect_seconds <= 0)
		http->options.connect_seconds = default_connect_seconds;
	if (http->options.idle_seconds <= 0)
		http->options.idle_seconds = default_idle_seconds;
	return http;
}

void
http_set_times(struct http *http, double idle_seconds, double ends)
{
	http->options.idle_seconds =
	    idle_seconds > 0 ? idle_seconds : default_idle_seconds;
	http->options.ends = ends;
}

static void
end_request(struct http *http)
{
	if (http->added)
		http->curl->curl_multi_remove_handle(http->multi, http->easy);
	if (http->headers != NULL)
		http->curl->curl_slist_free_all(http->headers);
	http->headers = NULL;
	http->added = false;
	http->done = false;
	http->body_begun = false;
	http->body_sent = 0;
	http->moved = 0;
	http->n_taken = 0;
	http->message[0] = '\0';
	buffer_clear(&http->unread);
}

void
http_free(struct http *http)
{
	if (http == NULL)
		return;
	if (http->easy != NULL)
		end_request(http);
	if (http->easy != NULL)
		http->curl->curl_easy_cleanup(http->easy);
	if (http->multi != NULL)
		http->curl->curl_multi_cleanup(http->multi);
	buffer_release(&http->unread);
	free(http);
}

static struct error *
start(struct http *http)
{
	struct error *error;

	if (http->easy != NULL) {
		end_request(http);
		http->curl->curl_easy_reset(http->easy);
		return NULL;
	}
	error = curl_library_load(&http->curl);
	if (error != NULL)
		return error;
	http->easy = http->curl->curl_easy_init();
	http->multi = http->curl->curl_multi_init();
	if (http->easy == NULL || http->multi == NULL)
		return error_new(ERROR_IO, "cannot start libcurl");
	return NULL;
}

static size_t
take_body(char *bytes, size_t size, size_t n, void *context)
{
	struct http *http = context;

	http->body_begun = true;
	if (!buffer_append(&http->unread, bytes, size * n))
		return 0;
	return size * n;
}

static size_t
give_body(char *bytes, size_t size, size_t n, void *context)
{
	struct http *http = context;
	const struct http_request *request = &http->request;
	size_t room = size * n, left = request->body_len - http->body_sent;
	ssize_t got;

	if (request->body != NULL) {
		if (left < room)
			room = left;
		memcpy(bytes, request->body + http->body_sent, room);
		http->body_sent += room;
		return room;
	}
	got = pread(request->body_fd, bytes, room, (off_t)http->body_sent);
	if (got < 0)
		return CURL_READFUNC_ABORT;
	http->body_sent += (size_t)got;
	return (size_t)got;
}

/* curl sends a body again after a connection that was closed meanwhile. */
static int
seek_body(void *context, curl_off_t offset, int origin)
{
	struct http *http = context;

	if (origin != SEEK_SET)
		return CURL_SEEKFUNC_CANTSEEK;
	http->body_sent = (size_t)offset;
	return CURL_SEEKFUNC_OK;
}

static int
note_progress(void *context, curl_off_t in_total, curl_off_t in,
    curl_off_t out_total, curl_off_t out)
{
	struct http *http = context;

	(void)in_total;
	(void)out_total;
	if (in + out != http->moved)
		http->last_activity = clock_monotonic();
	http->moved = in + out;
	return cancel_signal() != 0;
}

static bool
same_part(const struct http *http, CURLU *a, CURLU *b, CURLUPart part)
{
	char *one = NULL, *two = NULL;
	bool same;

	http->curl->curl_url_get(a, part, &one, CURLU_DEFAULT_PORT);
	http->curl->curl_url_get(b, part, &two, CURLU_DEFAULT_PORT);
	same = one != NULL && two != NULL && strcasecmp(one, two) == 0;
	http->curl->curl_free(one);
	http->curl->curl_free(two);
	return same;
}

/* Does the URL belong to those whom the secret may be shown to? */
static bool
same_origin(const struct http *http, const char *url)
{
	CURLU *a = http->curl->curl_url(), *b = http->curl->curl_url();
	bool same = http->options.origin != NULL &&
	    http->curl->curl_url_set(
		a, CURLUPART_URL, http->options.origin, 0) == CURLUE_OK &&
	    http->curl->curl_url_set(b, CURLUPART_URL, url, 0) == CURLUE_OK &&
	    same_part(http, a, b, CURLUPART_SCHEME) &&
	    same_part(http, a, b, CURLUPART_HOST) &&
	    same_part(http, a, b, CURLUPART_PORT);

	http->curl->curl_url_cleanup(a);
	http->curl->curl_url_cleanup(b);
	return same;
}

static void
set_credentials(const struct http *http, const char *url)
{
	const struct http_options *options = &http->options;

	if (options->secret == NULL || !same_origin(http, url))
		return;
	if (options->bearer) {
		http->curl->curl_easy_setopt(
		    http->easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
		http->curl->curl_easy_setopt(
		    http->easy, CURLOPT_XOAUTH2_BEARER, options->secret);
		return;
	}
	http->curl->curl_easy_setopt(
	    http->easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
	http->curl->curl_easy_setopt(http->easy, CURLOPT_USERNAME,
	    options->user != NULL ? options->user : "");
	http->curl->curl_easy_setopt(
	    http->easy, CURLOPT_PASSWORD, options->secret);
}

static void
set_trust(const struct http *http, const char *url)
{
	const char *file = getenv("SSL_CERT_FILE");
	const char *dir = getenv("SSL_CERT_DIR");
	bool secure = strncasecmp(url, "https:", 6) == 0;

	http->curl->curl_easy_setopt(
	    http->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	/* libcurl itself does not look at these; only its tool does. */
	if (file != NULL && file[0] != '\0')
		http->curl->curl_easy_setopt(http->easy, CURLOPT_CAINFO, file);
	if (dir != NULL && dir[0] != '\0')
		http->curl->curl_easy_setopt(http->easy, CURLOPT_CAPATH, dir);
	http->curl->curl_easy_setopt(
	    http->easy, CURLOPT_PROTOCOLS_STR, "http,https");
	http->curl->curl_easy_setopt(http->easy, CURLOPT_REDIR_PROTOCOLS_STR,
	    secure ? "https" : "http,https");
}

static void
set_body(const struct http *http)
{
	const struct http_request *request = &http->request;
	CURL *easy = http->easy;
	curl_off_t size = (curl_off_t)request->body_len;

	if (request->body == NULL && request->body_fd < 0) {
		if (strcmp(request->method, "GET") != 0)
			http->curl->curl_easy_setopt(
			    easy, CURLOPT_CUSTOMREQUEST, request->method);
		return;
	}
	if (request->body == NULL)
		size = (curl_off_t)lseek(request->body_fd, 0, SEEK_END);
	if (strcmp(request->method, "POST") == 0) {
		http->curl->curl_easy_setopt(easy, CURLOPT_POST, 1L);
		http->curl->curl_easy_setopt(
		    easy, CURLOPT_POSTFIELDSIZE_LARGE, size);
	} else {
		http->curl->curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
		http->curl->curl_easy_setopt(
		    easy, CURLOPT_INFILESIZE_LARGE, size);
		if (strcmp(request->method, "PUT") != 0)
			http->curl->curl_easy_setopt(
			    easy, CURLOPT_CUSTOMREQUEST, request->method);
	}
	http->curl->curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_body);
	http->curl->curl_easy_setopt(easy, CURLOPT_READDATA, http);
	http->curl->curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, seek_body);
	http->curl->curl_easy_setopt(easy, CURLOPT_SEEKDATA, http);
}

static void
set_up(struct http *http, const struct http_request *request)
{
	CURL *easy = http->easy;

	http->curl->curl_easy_setopt(easy, CURLOPT_URL, request->url);
	http->curl->curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, http->message);
	http->curl->curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	http->curl->curl_easy_setopt(
	    easy, CURLOPT_USERAGENT, "necrocode-agent-runner/" VERSION);
	http->curl->curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
	    (long)(http->options.connect_seconds * 1000));
	http->curl->curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
	http->curl->curl_easy_setopt(easy, CURLOPT_WRITEDATA, http);
	http->curl->curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
	http->curl->curl_easy_setopt(
	    easy, CURLOPT_XFERINFOFUNCTION, note_progress);
	http->curl->curl_easy_setopt(easy, CURLOPT_XFERINFODATA, http);
	http->curl->curl_easy_setopt(easy, CURLOPT_PRIVATE, http);
	if (request->follow_redirects) {
		http->curl->curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
		http->curl->curl_easy_setopt(
		    easy, CURLOPT_MAXREDIRS, (long)MAX_REDIRECTS);
	}
	for (size_t i = 0;
	     request->headers != NULL && request->headers[i] != NULL; i++)
		http->headers = http->curl->curl_slist_append(
		    http->headers, request->headers[i]);
	http->curl->curl_easy_setopt(easy, CURLOPT_HTTPHEADER, http->headers);
	set_trust(http, request->url);
	set_credentials(http, request->url);
	http->request = *request;
	set_body(http);
}

static bool
is_passing(int status)
{
	return status == 408 || status == 425 || status == 429 || status >= 500;
}

static struct error *
refused_by_proxy(void)
{
	return error_new(ERROR_SECURITY,
	    "the proxy refused its credentials, or wants some (HTTP 407); "
	    "they are part of its URL in https_proxy and http_proxy");
}

/* What a proxy answered that was to make a tunnel; NULL: all is well. */
static struct error *
proxy_error(const struct http *http)
{
	long status = 0;
	struct error *error;

	http->curl->curl_easy_getinfo(
	    http->easy, CURLINFO_HTTP_CONNECTCODE, &status);
	if (status == 407)
		return refused_by_proxy();
	if (status < 300)
		return NULL;
	error =
	    error_new(ERROR_SERVICE, "the proxy answered HTTP %d", (int)status);
	error->retryable = is_passing((int)status);
	return error;
}

/* Is a protocol that cannot be used the server's choice? */
static bool
is_of_server(const struct http *http)
{
	long n_redirects = 0;

	http->curl->curl_easy_getinfo(
	    http->easy, CURLINFO_REDIRECT_COUNT, &n_redirects);
	return n_redirects > 0 || strstr(http->message, "HTTP/0.9") != NULL;
}

/* What went wrong in a transfer, and whether it may pass. */
static struct error *
transfer_error(const struct http *http)
{
	const char *reason = http->message[0] != '\0'
	    ? http->message
	    : http->curl->curl_easy_strerror(http->code);
	struct error *error = proxy_error(http);

	if (error != NULL)
		return error;
	if (http->code == CURLE_UNSUPPORTED_PROTOCOL && is_of_server(http)) {
		error = error_new(ERROR_SERVICE, "%s", reason);
		error->retryable = false;
		return error;
	}
	switch ((int)http->code) {
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_INVALIDCERTSTATUS:
		return error_new(ERROR_SECURITY,
		    "the server's certificate is not trusted: %s; a private "
		    "authority is told in SSL_CERT_FILE",
		    reason);
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
		return error_new(
		    ERROR_CONFIG, "the URL cannot be used: %s", reason);
	case CURLE_TOO_MANY_REDIRECTS:
		error = error_new(ERROR_SERVICE, "%s", reason);
		error->retryable = false;
		return error;
	default:
		return error_new(ERROR_SERVICE, "%s", reason);
	}
}

static double
seconds_allowed(const struct http *http)
{
	double now = clock_monotonic();
	double left = http->options.idle_seconds - (now - http->last_activity);

	if (http->options.ends > 0 && http->options.ends - now < left)
		left = http->options.ends - now;
	return left;
}

static struct error *
out_of_time(const struct http *http)
{
	if (http->options.ends > 0 && clock_monotonic() >= http->options.ends)
		return error_new(ERROR_TIMEOUT, "the time for it is used up");
	return error_new(ERROR_SERVICE, "no byte came or went for %.6g s",
	    http->options.idle_seconds);
}

/* One turn of the wheel: lets curl work, then waits for the network. */
static struct error *
turn(struct http *http)
{
	const struct curl_library *curl = http->curl;
	int n_running, n_left, wait_ms;
	CURLMcode code = curl->curl_multi_perform(http->multi, &n_running);
	CURLMsg *message;
	double left;

	if (code != CURLM_OK)
		return error_new(ERROR_INTERNAL, "libcurl: %s",
		    curl->curl_multi_strerror(code));
	if (cancel_signal() != 0)
		return error_cancelled(cancel_signal());
	while ((message = curl->curl_multi_info_read(http->multi, &n_left))) {
		if (message->msg != CURLMSG_DONE)
			continue;
		http->done = true;
		http->code = message->data.result;
	}
	if (http->done || http->unread.len > 0)
		return NULL;
	left = seconds_allowed(http);
	if (left <= 0)
		return out_of_time(http);
	wait_ms =
	    left * 1000 < max_poll_ms ? (int)(left * 1000) + 1 : max_poll_ms;
	code = curl->curl_multi_poll(http->multi, NULL, 0, wait_ms, NULL);
	if (code == CURLM_OK)
		return NULL;
	return error_new(
	    ERROR_INTERNAL, "libcurl: %s", curl->curl_multi_strerror(code));
}

struct error *
http_send(struct http *http, const struct http_request *request)
{
	struct error *error = start(http);

	if (error != NULL)
		return error;
	set_up(http, request);
	http->last_activity = clock_monotonic();
	http->curl->curl_multi_add_handle(http->multi, http->easy);
	http->added = true;
	/* The first byte of the body, or the end, says that headers are in. */
	while (error == NULL && !http->done && !http->body_begun)
		error = turn(http);
	if (error == NULL && http->done && http->code != CURLE_OK)
		error = transfer_error(http);
	return error;
}

struct error *
http_read(struct http *http, char *bytes, size_t size, size_t *n)
{
	size_t left;

	*n = 0;
	if (http->n_taken == http->unread.len) {
		buffer_clear(&http->unread);
		http->n_taken = 0;
	}
	while (http->unread.len == 0 && !http->done) {
		struct error *error = turn(http);

		if (error != NULL)
			return error;
	}
	left = http->unread.len - http->n_taken;
	if (left == 0)
		return http->code != CURLE_OK ? transfer_error(http) : NULL;
	*n = left < size ? left : size;
	memcpy(bytes, http->unread.data + http->n_taken, *n);
	http->n_taken += *n;
	return NULL;
}

int
http_status(const struct http *http)
{
	long status = 0;

	if (http->easy != NULL)
		http->curl->curl_easy_getinfo(
		    http->easy, CURLINFO_RESPONSE_CODE, &status);
	return (int)status;
}

const char *
http_content_type(const struct http *http)
{
	char *type = NULL;

	http->curl->curl_easy_getinfo(http->easy, CURLINFO_CONTENT_TYPE, &type);
	return type != NULL ? type : "";
}

const char *
http_url(const struct http *http)
{
	char *url = NULL;

	http->curl->curl_easy_getinfo(http->easy, CURLINFO_EFFECTIVE_URL, &url);
	return url != NULL ? url : "";
}

const char *
http_header(const struct http *http, const char *name)
{
	struct curl_header *header;

	if (http->easy == NULL ||
	    http->curl->curl_easy_header(
		http->easy, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
		return NULL;
	return header->value;
}

double
http_retry_after(const struct http *http)
{
	curl_off_t seconds = 0;

	if (http->easy != NULL)
		http->curl->curl_easy_getinfo(
		    http->easy, CURLINFO_RETRY_AFTER, &seconds);
	if (seconds <= 0)
		return 0;
	return (double)seconds < max_retry_after_seconds
	    ? (double)seconds
	    : max_retry_after_seconds;
}

struct error *
http_check(const struct http *http)
{
	int status = http_status(http);
	struct error *error;

	if (status >= 200 && status < 300)
		return NULL;
	if (status == 407)
		return refused_by_proxy();
	if (status == 401)
		return error_new(ERROR_SECURITY,
		    "the server refused the credentials, or wants some "
		    "(HTTP %d)",
		    status);
	/* With a pause it is a limit of the rate. */
	if (status == 403 && http_retry_after(http) <= 0)
		return error_new(
		    ERROR_SECURITY, "the server allows it not (HTTP 403)");
	error = error_new(ERROR_SERVICE, "the server answered HTTP %d", status);
	error->retryable = status == 403 || is_passing(status);
	return error;
}
