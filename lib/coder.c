/* SPDX-License-Identifier: MIT */
#include "coder.h"

#include "clock.h"
#include "json.h"
#include "llm_prices.h"
#include "memory.h"

/* The latest results of calls always stay in the conversation. */
enum { KEPT_RESULTS = 6 };

static const char instructions[] =
    "You are a coding agent. You work in a git work tree, the current "
    "directory, with the tools you are given, and on your own: there is "
    "nobody to ask.\n"
    "- Look before you change: search, list, read.\n"
    "- Make small changes with edit; use write for new files.\n"
    "- Run the project's own tests, and put right what fails.\n"
    "- Do not commit, push or switch branches, and leave .git alone.\n"
    "- When the work is done, answer with a short summary and no call.";

static const char left_out[] =
    "[this output was left out to save room; call again if you need it]";

static double
number(const struct config *config, const char *key)
{
	return config_number(config, key);
}

struct coder_limits
coder_read_limits(const struct config *config)
{
	return (struct coder_limits){
		.steps = number(config, "agent_max_steps"),
		.tokens = number(config, "agent_max_tokens"),
		.cost_usd = number(config, "agent_max_cost_usd"),
		.seconds = number(config, "agent_max_seconds"),
		.errors = number(config, "agent_max_errors"),
		.command_seconds =
		    number(config, "agent_command_timeout_seconds"),
		.output_bytes = (size_t)number(config, "agent_output_bytes"),
		.context_bytes = (size_t)number(config, "agent_context_bytes"),
	};
}

void
coder_release(struct coder *coder)
{
	jv_free(coder->messages);
	free(coder->text);
	coder->messages = jv_null();
	coder->text = NULL;
}

static jv
event(const char *type)
{
	return json_set_string(jv_object(), "type", type);
}

struct error *
coder_tell_message(const struct coder *coder, jv message)
{
	return coder->tell(
	    coder, json_set(event("message"), "message", jv_copy(message)));
}

static jv
usage_value(const struct coder *coder)
{
	jv usage =
	    json_set_number(jv_object(), "input_tokens", coder->input_tokens);

	usage = json_set_number(usage, "output_tokens", coder->output_tokens);
	return json_set_number(usage, "cached_tokens", coder->cached_tokens);
}

struct error *
coder_tell_end(const struct coder *coder, const struct error *error)
{
	jv end = json_set_string(event("result"), "outcome",
	    coder->outcome != NULL ? coder->outcome : "failed");

	end = json_set_boolean(end, "success", error == NULL);
	end = json_set_string(end, "text", coder->text);
	end = json_set_string(end, "model", llm_model(coder->llm));
	end = json_set_number(end, "steps", coder->n_steps);
	end = json_set(end, "usage", usage_value(coder));
	end = json_set(end, "cost_usd",
	    coder->cost_usd >= 0 ? jv_number(llm_round_cost(coder->cost_usd))
				 : jv_null());
	end = json_set_number(end, "duration_seconds",
	    clock_milliseconds(clock_monotonic() - coder->started));
	return coder->tell(coder,
	    json_set_string(
		end, "error", error != NULL ? error->message : NULL));
}

static struct error *
stop(struct coder *coder, const char *outcome, struct error *error)
{
	coder->outcome = outcome;
	return error;
}

/* A limit that cannot be looked at is none that is kept. */
static struct error *
check_known(struct coder *coder)
{
	static const char format[] =
	    "%s cannot be kept: the service does not tell %s; set the limit "
	    "to 0 to go without it (agent_max_steps is kept)";

	if (coder->limits.tokens > 0 && coder->tokens_unknown)
		return stop(coder, "tokens",
		    error_new(ERROR_IMPLEMENTATION, format, "agent_max_tokens",
			"how many tokens an answer takes"));
	if (coder->limits.cost_usd > 0 && coder->cost_usd < 0)
		return stop(coder, "cost",
		    error_new(ERROR_IMPLEMENTATION, format,
			"agent_max_cost_usd",
			"what an answer costs, or how many tokens it takes"));
	return NULL;
}

static struct error *
check_limits(struct coder *coder)
{
	const struct coder_limits *limits = &coder->limits;
	double tokens = coder->input_tokens + coder->output_tokens;

	if (limits->steps > 0 && coder->n_steps >= limits->steps)
		return stop(coder, "steps",
		    error_new(ERROR_IMPLEMENTATION,
			"not done after %.0f steps (agent_max_steps)",
			coder->n_steps));
	if (limits->tokens > 0 && tokens >= limits->tokens)
		return stop(coder, "tokens",
		    error_new(ERROR_IMPLEMENTATION,
			"not done after %.0f tokens (agent_max_tokens)",
			tokens));
	if (limits->cost_usd > 0 && coder->cost_usd >= limits->cost_usd)
		return stop(coder, "cost",
		    error_new(ERROR_IMPLEMENTATION,
			"not done for %.4f USD (agent_max_cost_usd)",
			coder->cost_usd));
	if (limits->errors > 0 && coder->n_errors >= limits->errors)
		return stop(coder, "errors",
		    error_new(ERROR_IMPLEMENTATION,
			"%.0f calls failed in a row (agent_max_errors)",
			coder->n_errors));
	if (coder->ends > 0 && clock_monotonic() >= coder->ends)
		return stop(coder, "time",
		    error_new(ERROR_TIMEOUT,
			"not done after %.0f s (agent_max_seconds)",
			limits->seconds));
	return check_known(coder);
}

static void
count(struct coder *coder, jv answer)
{
	double cost = json_number(answer, "cost_usd", -1);

	coder->tokens_unknown |=
	    json_number(answer, "usage.input_tokens", -1) < 0;
	coder->input_tokens += json_number(answer, "usage.input_tokens", 0);
	coder->output_tokens += json_number(answer, "usage.output_tokens", 0);
	coder->cached_tokens += json_number(answer, "usage.cached_tokens", 0);
	if (cost < 0 || coder->cost_usd < 0)
		coder->cost_usd = -1;
	else
		coder->cost_usd += cost;
	free(coder->text);
	coder->text = xstrdup(json_string(answer, "message.content"));
}

struct error *
coder_ask(struct coder *coder, jv request, jv *answer)
{
	struct error *error = check_limits(coder);
	jv told;

	*answer = jv_invalid();
	if (error != NULL)
		return error;
	coder->n_steps++;
	error = llm_ask(coder->llm, request, coder->ends, answer);
	if (error != NULL)
		return stop(coder,
		    error->type == ERROR_TIMEOUT ? "time" : "failed", error);
	count(coder, *answer);
	told = json_set_number(jv_copy(*answer), "step", coder->n_steps);
	told = json_set_string(told, "type", "message");
	return coder->tell(coder, told);
}

static size_t
json_bytes(jv value)
{
	char *text = json_text(jv_copy(value));
	size_t len = strlen(text);

	free(text);
	return len;
}

/* Consumes the message. */
static void
add_message(struct coder *coder, jv message)
{
	coder->text_bytes += json_bytes(message);
	coder->messages = jv_array_append(coder->messages, message);
}

/* A message of a call's result, told and added to the conversation. */
static struct error *
add_result(struct coder *coder, const char *id, const char *name, bool success,
    const char *text)
{
	jv message = json_set_string(jv_object(), "role", "tool");
	jv told = json_set_string(event("tool"), "name", name);

	message = json_set_string(message, "tool_call_id", id);
	message = json_set_string(message, "content", text);
	add_message(coder, message);
	told = json_set_number(told, "step", coder->n_steps);
	told = json_set_string(told, "id", id);
	told = json_set_boolean(told, "success", success);
	return coder->tell(coder, json_set_string(told, "output", text));
}

static struct error *
make_call(struct coder *coder, jv call)
{
	const char *id = json_string(call, "id");
	const char *name = json_string(call, "function.name");
	const char *arguments = json_string(call, "function.arguments");
	bool success;
	char *text;
	struct error *error =
	    coder_call(coder, name, arguments, &success, &text);

	coder->n_errors = success ? 0 : coder->n_errors + 1;
	if (error == NULL)
		error = add_result(coder, id, name, success, text);
	free(text);
	return error;
}

static struct error *
make_calls(struct coder *coder, jv answer)
{
	jv calls = json_get(answer, "message.tool_calls");
	size_t n = json_array_length(calls, NULL);
	struct error *error = NULL;

	for (size_t i = 0; error == NULL && i < n; i++) {
		jv call = json_element(calls, i);

		error = make_call(coder, call);
		jv_free(call);
	}
	jv_free(calls);
	return error;
}

static jv
text_message(const char *role, const char *text)
{
	return json_set_string(
	    json_set_string(jv_object(), "role", role), "content", text);
}

static struct error *
add_text(struct coder *coder, const char *role, const char *text)
{
	jv message = text_message(role, text);
	struct error *error = coder_tell_message(coder, message);

	add_message(coder, message);
	return error;
}

static size_t
count_results(const struct coder *coder)
{
	size_t n = json_array_length(coder->messages, NULL), n_results = 0;

	for (size_t i = 0; i < n; i++) {
		jv message = json_element(coder->messages, i);

		n_results += json_string(message, "tool_call_id") != NULL;
		jv_free(message);
	}
	return n_results;
}

/* Shortens a result, which it consumes, in its place. */
static bool
shorten(struct coder *coder, size_t place, jv message)
{
	const char *text = json_string(message, "content");
	bool longer = text != NULL && strlen(text) > sizeof left_out;

	if (!longer) {
		jv_free(message);
		return false;
	}
	coder->text_bytes -= json_bytes(message);
	message = json_set_string(message, "content", left_out);
	coder->text_bytes += json_bytes(message);
	coder->messages = jv_array_set(coder->messages, (int)place, message);
	return true;
}

/*
 * The output of the oldest calls leaves the conversation when that grows too
 * long. Half of the room is made at once: what is in front of a change is no
 * longer in the service's cache.
 */
static void
make_room(struct coder *coder)
{
	size_t n_left = 0, n_results;

	if (coder->text_bytes <= coder->limits.context_bytes)
		return;
	n_results = count_results(coder);
	for (size_t i = 0; n_results > KEPT_RESULTS &&
	     coder->text_bytes > coder->limits.context_bytes / 2;
	     i++) {
		jv message = json_element(coder->messages, i);

		if (json_string(message, "tool_call_id") == NULL) {
			jv_free(message);
			continue;
		}
		n_results--;
		n_left += shorten(coder, i, message);
	}
	if (n_left > 0)
		log_info("context_shortened",
		    "the output of %zu calls left the conversation to save "
		    "room",
		    n_left);
}

static struct error *
begin(struct coder *coder, const char *prompt)
{
	jv start = event("start");
	struct error *error;

	coder->messages = jv_array();
	coder->started = clock_monotonic();
	coder->ends = coder->limits.seconds > 0
	    ? coder->started + coder->limits.seconds
	    : 0;
	start = json_set_string(start, "version", VERSION);
	start = json_set_string(start, "model", llm_model(coder->llm));
	start = json_set_string(start, "url", llm_url(coder->llm));
	start = json_set_string(start, "workspace", coder->workspace);
	error = coder->tell(coder, start);
	if (error == NULL)
		error = add_text(coder, "system", instructions);
	if (error == NULL)
		error = add_text(coder, "user", prompt);
	return error;
}

/* One answer, and what it asks for; *done: it asks for nothing. */
static struct error *
step(struct coder *coder, jv tools, bool *done)
{
	jv request =
	       json_set(jv_object(), "messages", jv_copy(coder->messages)),
	   answer;
	const char *reason;
	struct error *error;

	request = json_set(request, "tools", jv_copy(tools));
	error = coder_ask(coder, request, &answer);
	jv_free(request);
	if (error == NULL) {
		add_message(coder, json_get(answer, "message"));
		reason = json_string(answer, "finish_reason");
		*done = json_array_length(answer, "message.tool_calls") == 0;
		if (*done && reason != NULL && strcmp(reason, "length") == 0) {
			*done = false;
			coder->n_errors++;
			error = add_text(coder, "user",
			    "Your answer was cut, as it was too long. Go on "
			    "from there.");
		} else {
			error = make_calls(coder, answer);
		}
	}
	jv_free(answer);
	return error;
}

static void
end(struct coder *coder, const struct error *error)
{
	if (error == NULL)
		coder->outcome = "done";
	else if (error->type == ERROR_CANCELLED)
		coder->outcome = "cancelled";
}

struct error *
coder_work(struct coder *coder, const char *prompt)
{
	jv tools = coder_tools();
	bool done = false;
	struct error *error = begin(coder, prompt);

	while (error == NULL && !done) {
		make_room(coder);
		error = step(coder, tools, &done);
	}
	end(coder, error);
	jv_free(tools);
	return error;
}

/* What models put around JSON: a fence, or words before and behind it. */
static struct error *
parse_changes(jv *value, const char *text)
{
	const char *first = strchr(text, '{'), *last = strrchr(text, '}');
	struct error *error;

	*value = jv_invalid();
	if (first == NULL || last == NULL || last < first)
		return error_new(ERROR_IMPLEMENTATION,
		    "the model's answer holds no JSON object");
	error = json_parse(
	    value, first, (size_t)(last - first) + 1, "the model's answer");
	if (error == NULL)
		return NULL;
	error->type = ERROR_IMPLEMENTATION;
	error->exit_code = error_type_exit_code(ERROR_IMPLEMENTATION);
	return error;
}

static const char once_instructions[] =
    "You are a coding agent. Answer with one JSON object and nothing else:\n"
    "{\"code_changes\": [{\"file_path\": \"relative/path\", \"operation\": "
    "\"create\" or \"modify\" or \"delete\", \"content\": \"the whole new "
    "content of the file\"}], \"explanation\": \"what was done, and why\"}\n"
    "Paths are relative to the work tree. A deleted file has no content. Do "
    "not touch .git.";

struct error *
coder_work_once(struct coder *coder, const char *prompt)
{
	struct error *error = begin(coder, prompt);
	jv request, answer = jv_invalid(), value = jv_invalid(), changes;

	if (error != NULL)
		return error;
	coder->messages = jv_array_set(
	    coder->messages, 0, text_message("system", once_instructions));
	request = json_set(jv_object(), "messages", jv_copy(coder->messages));
	error = coder_ask(coder, request, &answer);
	if (error == NULL)
		error = parse_changes(&value, coder->text);
	if (error == NULL) {
		changes = json_get(value, "code_changes");
		error = coder_apply(coder->workspace, changes);
		jv_free(changes);
	}
	if (error == NULL) {
		free(coder->text);
		coder->text = json_string(value, "explanation") != NULL
		    ? xstrdup(json_string(value, "explanation"))
		    : NULL;
	}
	end(coder, error);
	jv_free(value);
	jv_free(answer);
	jv_free(request);
	return error;
}
