/* SPDX-License-Identifier: MIT */
#include "http.h"

#include "clock.h"
#include "http_internal.h"
#include "memory.h"
#include "process.h"

static const double default_connect_seconds = 30;
static const double default_idle_seconds = 60;
/* A signal that comes just before poll() is seen after this long. */
static const int max_poll_ms = 1000;

enum { MAX_UNREAD_BYTES = 64 * 1024 * 1024 };

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

double
http_ends(const struct http *http)
{
	return http->options.ends;
}

static void
end_request(struct http *http)
{
	if (http->added)
		http->curl->curl_multi_remove_handle(http->multi, http->easy);
	http_request_release(http);
	error_free(http->source_error);
	http->source_error = NULL;
	http->added = false;
	http->done = false;
	http->body_begun = false;
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
	if (http->easy != NULL) {
		end_request(http);
		http->curl->curl_easy_cleanup(http->easy);
	}
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

static void
set_up(struct http *http, const struct http_request *request)
{
	const struct curl_library *curl = http->curl;
	CURL *easy = http->easy;

	curl->curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, http->message);
	curl->curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* Else the end of a request waits for a name server that says nothing:
	 * no thread of libc's resolver can be ended. */
	curl->curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	curl->curl_easy_setopt(
	    easy, CURLOPT_USERAGENT, "necrocode-agent-runner/" VERSION);
	curl->curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
	    (long)(http->options.connect_seconds * 1000));
	curl->curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
	curl->curl_easy_setopt(easy, CURLOPT_WRITEDATA, http);
	curl->curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
	curl->curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, note_progress);
	curl->curl_easy_setopt(easy, CURLOPT_XFERINFODATA, http);
	http_set_trust(http, request->url);
	http_set_credentials(http, request->url);
	http_request_set(http, request);
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
		error = http_transfer_error(http);
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
		return http->code != CURLE_OK ? http_transfer_error(http)
					      : NULL;
	*n = left < size ? left : size;
	memcpy(bytes, http->unread.data + http->n_taken, *n);
	http->n_taken += *n;
	return NULL;
}
