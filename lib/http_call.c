/* SPDX-License-Identifier: MIT */
#include "http_call.h"

#include "clock.h"
#include "http_reason.h"
#include "http_url.h"
#include "json.h"
#include "log.h"
#include "memory.h"
#include "retry.h"

enum {
	DEFAULT_MAX_ANSWER = 1024 * 1024,
	MAX_REFUSAL = 64 * 1024,
	MAX_HEADERS = 16,
};

static struct error *
too_long(size_t max)
{
	struct error *error = error_new(
	    ERROR_SERVICE, "the answer is longer than %zu bytes", max);

	error->retryable = false;
	return error;
}

/* The body of an answer; of a refusal only its begin matters. */
static struct error *
read_answer(struct http *http, struct http_call *call, size_t max)
{
	bool refused = http_status(http) / 100 != 2;
	struct error *error = NULL;
	char bytes[16384];
	size_t n = 1;

	call->answer = BUFFER_INIT(refused ? MAX_REFUSAL : max);
	while (n > 0 && !call->answer.truncated) {
		error = http_read(http, bytes, sizeof bytes, &n);
		if (error != NULL)
			break;
		buffer_append(&call->answer, bytes, n);
	}
	if (refused) {
		/* What matters is the status. */
		error_free(error);
		return NULL;
	}
	if (error == NULL && call->answer.truncated)
		return too_long(max);
	return error;
}

static struct error *
with_reason(
    const struct http *http, const struct http_call *call, struct error *error)
{
	char *reason = call->answer.data != NULL
	    ? http_reason(
		  http_content_type(http), call->answer.data, call->answer.len)
	    : NULL;
	struct error *told;

	if (reason == NULL)
		return error;
	told = error_new(error->type, "%s: %s", error->message, reason);
	told->retryable = error->retryable;
	error_free(error);
	free(reason);
	return told;
}

static struct error *
send_once(struct http *http, struct http_call *call)
{
	size_t max = call->max_answer_bytes > 0 ? call->max_answer_bytes
						: DEFAULT_MAX_ANSWER;
	struct error *error = http_send(http, &call->request);

	call->status = http_status(http);
	if (error == NULL)
		error = read_answer(http, call, max);
	call->sent_bytes = http_bytes_out(http);
	call->received_bytes = http_bytes_in(http);
	return error;
}

static struct error *
attempt(struct http *http, struct http_call *call)
{
	struct error *error;

	buffer_release(&call->answer);
	call->n_attempts++;
	error = send_once(http, call);
	if (error != NULL)
		return error;
	error = http_check(http);
	if (error != NULL)
		return with_reason(http, call, error);
	return call->check != NULL ? call->check(call->context, http, call)
				   : NULL;
}

static bool
is_repeatable(const struct http_call *call)
{
	const char *method = call->request.method;

	return call->repeatable ||
	    (strcmp(method, "POST") != 0 && strcmp(method, "PATCH") != 0);
}

/* Can the server have done what it was asked to? */
static bool
may_be_done(const struct http *http, const struct http_call *call)
{
	switch (call->status) {
	case 408:
	case 425:
	case 429:
	case 503:
		return false;
	default:
		return http_was_sent(http);
	}
}

static struct error *
rewind_body(const struct http_call *call)
{
	const struct http_request *request = &call->request;
	struct error *error = NULL;

	if (request->source != NULL)
		return request->source->rewind(request->source->context);
	for (size_t i = 0; i < request->n_parts && error == NULL; i++) {
		const struct http_source *source = request->parts[i].source;

		if (source != NULL)
			error = source->rewind(source->context);
	}
	return error;
}

static void
tell(const struct http_call *call, double seconds)
{
	char *host = http_url_host(call->request.url);
	char *path = http_url_path(call->request.url);
	jv fields =
	    json_set_string(jv_object(), "method", call->request.method);

	fields = json_set_string(fields, "host", host);
	fields = json_set_string(fields, "path", path);
	fields = json_set_number(fields, "status", call->status);
	fields = json_set_number(fields, "attempts", call->n_attempts);
	fields =
	    json_set_number(fields, "sent_bytes", (double)call->sent_bytes);
	fields = json_set_number(
	    fields, "received_bytes", (double)call->received_bytes);
	fields = json_set_number(
	    fields, "duration_seconds", clock_milliseconds(seconds));
	log_event(LOG_DEBUG, "http_request", fields, "%s: %s %s%s: %d",
	    call->what, call->request.method, host, path, call->status);
	free(host);
	free(path);
}

struct error *
http_call(struct http *http, struct http_call *call)
{
	struct retry retry = {
		.what = call->what,
		.max_retries = call->max_retries,
		.ends = http_ends(http),
	};
	double started = clock_monotonic();
	struct error *error;

	call->request.once = !is_repeatable(call);
	for (;;) {
		error = attempt(http, call);
		if (error == NULL ||
		    (!is_repeatable(call) && may_be_done(http, call)))
			break;
		retry.after_seconds = http_retry_after(http);
		if (!retry_wait(&retry, error))
			break;
		error_free(error);
		error = rewind_body(call);
		if (error != NULL)
			break;
	}
	tell(call, clock_monotonic() - started);
	return error;
}

static struct error *
parse(const struct http_call *call, jv *answer)
{
	struct error *error;

	if (call->answer.len == 0)
		return NULL;
	jv_free(*answer);
	error = json_parse(
	    answer, call->answer.data, call->answer.len, "the answer");
	if (error == NULL)
		return NULL;
	jv_free(*answer);
	*answer = jv_null();
	error_free(error);
	error = error_new(ERROR_SERVICE,
	    "the answer is no JSON; is the URL that of the service?");
	error->retryable = false;
	return error;
}

struct error *
http_call_json(struct http *http, struct http_call *call, jv body, jv *answer)
{
	const char *const *given = call->request.headers;
	const char *headers[MAX_HEADERS] = { "Accept: application/json" };
	size_t n = 1;
	char *text = NULL;
	struct error *error;

	if (answer != NULL)
		*answer = jv_null();
	if (jv_is_valid(body)) {
		headers[n++] = "Content-Type: application/json";
		text = json_text(body);
		call->request.body = text;
		call->request.body_len = strlen(text);
	} else {
		jv_free(body);
	}
	while (given != NULL && *given != NULL && n < MAX_HEADERS - 1)
		headers[n++] = *given++;
	call->request.headers = headers;
	call->request.body_fd = -1;
	error = http_call(http, call);
	call->request.headers = NULL;
	call->request.body = NULL;
	free(text);
	if (error == NULL && answer != NULL)
		error = parse(call, answer);
	return error;
}

void
http_call_release(struct http_call *call)
{
	buffer_release(&call->answer);
}
