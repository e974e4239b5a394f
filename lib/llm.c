/* SPDX-License-Identifier: MIT */
#include "llm.h"

#include "clock.h"
#include "http.h"
#include "http_url.h"
#include "json.h"
#include "llm_pause.h"
#include "llm_prices.h"
#include "llm_provider.h"
#include "llm_receive.h"
#include "log.h"
#include "memory.h"
#include "printable.h"
#include "retry.h"

enum { MAX_REFUSAL_BYTES = 64 * 1024 };

struct llm {
	const struct llm_provider *provider;
	const struct config *config;
	char *url, *key_header;
	const char *key;
	bool stream;
	llm_text_sink *sink;
	void *context;
	struct http *http;
	struct http_options http_options;
	struct llm_price price;
};

/* Of one request, over all its attempts. */
struct exchange {
	struct llm *llm;
	char *body; /* JSON text */
	double started, first_byte, ends;
	int n_attempts;
	struct llm_answer answer;
};

/* Where the key is: where the configuration says, or the usual place. */
static struct error *
find_key(struct llm *llm, struct secrets *secrets)
{
	const char *name = config_string(llm->config, "llm.api_key_env");
	bool named = name != NULL;
	bool elsewhere = config_is_set(llm->config, "llm.endpoint");
	struct error *error = NULL;

	if (!named)
		name = llm->provider->key_name;
	if (!named)
		error = secrets_load_one(secrets, name);
	if (error != NULL)
		return error;
	llm->key = secrets_get(secrets, name);
	if (llm->key != NULL && strpbrk(llm->key, "\r\n") != NULL)
		return error_new(
		    ERROR_CONFIG, "the key in %s has more than one line", name);
	if (llm->key != NULL ||
	    (!named && (elsewhere || !llm->provider->needs_key)))
		return NULL;
	return error_new(ERROR_CONFIG,
	    "there is no key for '%s': set %s, or %s_FILE, or put a file of "
	    "that name into secrets_dir; llm.api_key_env names another",
	    llm->provider->name, name, name);
}

static void
open_http(struct llm *llm)
{
	llm->http_options = (struct http_options){
		.origin = llm->url,
		.connect_seconds =
		    config_number(llm->config, "connect_timeout_seconds"),
	};
	if (llm->key != NULL && llm->provider->wire == &llm_anthropic) {
		llm->key_header = xasprintf("x-api-key: %s", llm->key);
	} else if (llm->key != NULL) {
		llm->http_options.secret = llm->key;
		llm->http_options.auth = HTTP_BEARER;
	}
	if (llm->key != NULL && !http_url_is_private(llm->url))
		log_warn("key_in_the_clear",
		    "the key goes to '%s' without TLS: anybody on the way can "
		    "read it",
		    llm->url);
	llm->http = http_new(&llm->http_options);
}

struct error *
llm_open(
    struct llm **opened, const struct config *config, struct secrets *secrets)
{
	struct llm *llm = xcalloc(1, sizeof *llm);
	struct error *error;

	llm->config = config;
	llm->stream = true;
	error = llm_provider_find(
	    &llm->provider, config_string(config, "llm.provider"));
	if (error == NULL)
		error = find_key(llm, secrets);
	if (error == NULL)
		error = llm_price_find(
		    &llm->price, config, config_string(config, "llm.model"));
	if (error != NULL) {
		free(llm);
		*opened = NULL;
		return error;
	}
	llm->url = llm_provider_url(
	    llm->provider, config_string(config, "llm.endpoint"));
	open_http(llm);
	*opened = llm;
	return NULL;
}

void
llm_free(struct llm *llm)
{
	if (llm == NULL)
		return;
	http_free(llm->http);
	if (llm->key_header != NULL)
		free_secret(llm->key_header, strlen(llm->key_header));
	free(llm->url);
	free(llm);
}

void
llm_set_sink(struct llm *llm, llm_text_sink *sink, void *context)
{
	llm->sink = sink;
	llm->context = context;
}

void
llm_set_stream(struct llm *llm, bool stream)
{
	llm->stream = stream;
}

const char *
llm_model(const struct llm *llm)
{
	return config_string(llm->config, "llm.model");
}

const char *
llm_url(const struct llm *llm)
{
	return llm->url;
}

const char *
llm_key(const struct llm *llm)
{
	return llm->key;
}

bool
llm_tells_cost(const struct llm *llm)
{
	return llm->price.known || llm->provider->tells_cost;
}

jv
llm_request_body(const struct llm *llm, jv request)
{
	const struct llm_provider *provider = llm->provider;
	struct llm_wire_settings settings = {
		.model = llm_model(llm),
		.stream = llm->stream,
		.max_completion_tokens = provider->max_completion_tokens &&
		    !config_is_set(llm->config, "llm.endpoint"),
	};

	if (config_is_set(llm->config, "llm.max_tokens"))
		settings.max_tokens =
		    config_number(llm->config, "llm.max_tokens");
	return provider->wire->build(&settings, request);
}

/* What a service says about an answer that is none. */
static struct error *
read_refusal(struct http *http)
{
	struct buffer body = BUFFER_INIT(MAX_REFUSAL_BYTES);
	struct error *error = NULL;
	char bytes[4096];
	size_t n = 1;
	jv value;

	while (error == NULL && n > 0 && !body.truncated) {
		error = http_read(http, bytes, sizeof bytes, &n);
		buffer_append(&body, bytes, error == NULL ? n : 0);
	}
	error_free(error);
	error = json_parse(
	    &value, body.data != NULL ? body.data : "", body.len, "the answer");
	error_free(error);
	error = llm_refusal(http_status(http), value);
	jv_free(value);
	buffer_release(&body);
	return error;
}

/* A key goes nowhere but where the configuration says. */
static struct error *
moved(const struct http *http)
{
	const char *location = http_header(http, "Location");
	char *shown = printable(location != NULL ? location : "", 200);
	struct error *error = error_new(ERROR_SERVICE,
	    "HTTP %d: the service is not here but at '%s'; set llm.endpoint",
	    http_status(http), shown);

	error->retryable = false;
	free(shown);
	return error;
}

static struct error *
read_answer(struct exchange *exchange)
{
	struct llm *llm = exchange->llm;
	struct llm_receiver receiver;
	struct error *error = NULL;
	char bytes[16384];
	size_t n = 1;

	llm_receiver_open(&receiver, llm->provider->wire, &exchange->answer,
	    http_content_type(llm->http));
	while (error == NULL && n > 0) {
		error = http_read(llm->http, bytes, sizeof bytes, &n);
		if (error == NULL && n > 0)
			error = llm_receiver_write(&receiver, bytes, n);
	}
	if (error == NULL)
		error = llm_receiver_end(&receiver);
	llm_receiver_release(&receiver);
	return error;
}

static struct error *
attempt(struct exchange *exchange, double *pause)
{
	struct llm *llm = exchange->llm;
	const struct config *config = llm->config;
	bool anthropic = llm->provider->wire == &llm_anthropic;
	const char *headers[] = { "Content-Type: application/json",
		"Accept: text/event-stream, application/json",
		anthropic ? "anthropic-version: 2023-06-01" : NULL,
		llm->key_header, NULL };
	struct http_request request = {
		.method = "POST",
		.url = llm->url,
		.headers = headers,
		.body = exchange->body,
		.body_len = strlen(exchange->body),
		.body_fd = -1,
	};
	struct error *error;

	http_set_times(llm->http,
	    config_number(config, "llm.first_byte_timeout_seconds"),
	    exchange->ends);
	error = http_send(llm->http, &request);
	exchange->first_byte = clock_monotonic() - exchange->started;
	if (error != NULL)
		return error;
	http_set_times(llm->http,
	    config_number(config, "llm.idle_timeout_seconds"), exchange->ends);
	if (http_status(llm->http) / 100 == 2)
		return read_answer(exchange);
	if (http_status(llm->http) / 100 == 3)
		return moved(llm->http);
	*pause = llm_pause(llm->http);
	return read_refusal(llm->http);
}

static void
log_request(const struct exchange *exchange, jv request)
{
	const struct llm *llm = exchange->llm;
	const char *model = json_string(request, "model");
	jv fields;

	if (model == NULL)
		model = llm_model(llm);
	fields = json_set_string(jv_object(), "model", model);
	fields = json_set_string(fields, "url", llm->url);
	fields = json_set_number(fields, "n_messages",
	    (double)json_array_length(request, "messages"));
	fields = json_set_number(
	    fields, "n_tools", (double)json_array_length(request, "tools"));
	fields = json_set_number(
	    fields, "size_bytes", (double)strlen(exchange->body));
	log_event(LOG_INFO, "llm_request", fields, "asking the model '%s'",
	    model != NULL ? model : "");
	log_debug("llm_request_body", "%s", exchange->body);
}

static jv
usage_value(const struct llm_usage *usage)
{
	jv value = json_set_number(jv_object(), "input_tokens", usage->input);

	if (!usage->known) {
		jv_free(value);
		return jv_null();
	}
	value = json_set_number(value, "output_tokens", usage->output);
	value = json_set_number(value, "cached_tokens", usage->cached);
	return json_set_number(value, "cache_write_tokens", usage->cache_write);
}

static jv
answer_value(const struct exchange *exchange)
{
	const struct llm_answer *answer = &exchange->answer;
	double cost = llm_cost(&exchange->llm->price, &answer->usage);
	jv problems = jv_array();
	jv message = llm_answer_message(answer, &problems);
	jv value = json_set(jv_object(), "message", message);

	value = json_set_string(value, "finish_reason", answer->finish);
	value = json_set_string(value, "id", answer->id);
	value = json_set_string(value, "model", answer->model);
	value = json_set(value, "usage", usage_value(&answer->usage));
	value = json_set(value, "cost_usd",
	    cost >= 0 ? jv_number(llm_round_cost(cost)) : jv_null());
	value = json_set_number(value, "attempts", exchange->n_attempts);
	value = json_set_number(value, "duration_seconds",
	    clock_milliseconds(clock_monotonic() - exchange->started));
	value = json_set_number(value, "first_byte_seconds",
	    clock_milliseconds(exchange->first_byte));
	return json_set(value, "problems", problems);
}

static void
log_answer(jv answer)
{
	char duration[CLOCK_TEXT_SIZE], *text;
	jv fields = json_set_number(jv_object(), "n_tool_calls",
	    (double)json_array_length(answer, "message.tool_calls"));
	static const char *const members[] = { "finish_reason", "model",
		"usage", "cost_usd", "attempts", "duration_seconds",
		"first_byte_seconds" };

	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
		fields =
		    json_set(fields, members[i], json_get(answer, members[i]));
	clock_format_duration(
	    duration, json_number(answer, "duration_seconds", 0));
	log_event(LOG_INFO, "llm_response", fields,
	    "the model answered in %s: %.0f tokens in, %.0f out", duration,
	    json_number(answer, "usage.input_tokens", 0),
	    json_number(answer, "usage.output_tokens", 0));
	text = json_text(json_get(answer, "message"));
	log_debug("llm_response_body", "%s", text);
	free(text);
}

static struct error *
run(struct exchange *exchange)
{
	struct llm *llm = exchange->llm;
	struct retry retry = {
		.what = "the request to the model",
		.max_retries =
		    (int)config_number(llm->config, "llm_retry_count"),
		.ends = exchange->ends,
	};
	struct error *error;

	for (;;) {
		llm_answer_release(&exchange->answer);
		exchange->n_attempts++;
		error = attempt(exchange, &retry.after_seconds);
		if (error == NULL || !retry_wait(&retry, error))
			return error;
		error_free(error);
		/* What comes now takes the place of what was shown. */
		if (llm->sink != NULL && exchange->answer.text.len > 0)
			llm->sink(llm->context, "\n", 1);
	}
}

struct error *
llm_ask(struct llm *llm, jv request, double ends, jv *answer)
{
	double now = clock_monotonic();
	struct exchange exchange = {
		.llm = llm,
		.body = json_text(llm_request_body(llm, request)),
		.started = now,
		.ends = now + config_number(llm->config, "llm.timeout_seconds"),
	};
	struct error *error;

	*answer = jv_invalid();
	if (ends > 0 && ends < exchange.ends)
		exchange.ends = ends;
	llm_answer_init(&exchange.answer, llm->sink, llm->context);
	log_request(&exchange, request);
	error = run(&exchange);
	if (error == NULL) {
		jv_free(*answer);
		*answer = answer_value(&exchange);
		log_answer(*answer);
	} else {
		error = error_prefix(
		    error, "cannot get an answer from '%s'", llm->url);
	}
	llm_answer_release(&exchange.answer);
	jv_free(exchange.answer.thinking);
	free(exchange.body);
	return error;
}
