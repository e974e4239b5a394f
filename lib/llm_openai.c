/* SPDX-License-Identifier: MIT */
/* Chat completions, as OpenAI, vLLM, llama.cpp, Ollama and OpenRouter have
 * them. */
#include "json.h"
#include "llm_wire.h"
#include "memory.h"

/* What a message may have; OpenAI refuses one with anything else. */
static const char *const members[] = { "role", "content", "name", "tool_calls",
	"tool_call_id", "refusal", "audio", NULL };

/* Servers put arguments into templates, and fail on those that are broken. */
static jv
mend_call(jv call)
{
	jv function = json_get(call, "function"), arguments;
	const char *text = json_string(function, "arguments");
	bool valid = text != NULL && *text != '\0' &&
	    llm_parse_arguments(&arguments, text, strlen(text));

	if (valid)
		jv_free(arguments);
	else if (jv_get_kind(function) == JV_KIND_OBJECT)
		function = json_set_string(function, "arguments", "{}");
	if (jv_get_kind(function) == JV_KIND_OBJECT)
		return json_set(call, "function", function);
	jv_free(function);
	return call;
}

static jv
mend_calls(jv calls)
{
	size_t n = json_array_length(calls, NULL);

	for (size_t i = 0; i < n; i++) {
		jv call = json_element(calls, i);

		if (jv_get_kind(call) == JV_KIND_OBJECT)
			calls = jv_array_set(calls, (int)i, mend_call(call));
		else
			jv_free(call);
	}
	return calls;
}

static jv
build_message(jv message)
{
	jv built = jv_object();

	for (size_t i = 0; members[i] != NULL; i++) {
		jv member = json_get(message, members[i]);

		if (!jv_is_valid(member))
			jv_free(member);
		else if (strcmp(members[i], "tool_calls") == 0)
			built = json_set(built, members[i], mend_calls(member));
		else
			built = json_set(built, members[i], member);
	}
	return built;
}

static bool
has(jv request, const char *name)
{
	jv member = json_get(request, name);
	bool there = jv_is_valid(member);

	jv_free(member);
	return there;
}

static jv
set_options(jv body, const struct llm_wire_settings *settings, jv request)
{
	if (settings->model != NULL && !has(request, "model"))
		body = json_set_string(body, "model", settings->model);
	if (settings->max_tokens > 0 && !has(request, "max_tokens") &&
	    !has(request, "max_completion_tokens"))
		body = json_set_number(body,
		    settings->max_completion_tokens ? "max_completion_tokens"
						    : "max_tokens",
		    settings->max_tokens);
	body = json_set_boolean(body, "stream", settings->stream);
	if (!settings->stream)
		return body;
	return json_set(body, "stream_options",
	    json_set_boolean(jv_object(), "include_usage", true));
}

static jv
build(const struct llm_wire_settings *settings, jv request)
{
	jv given = json_get(request, "messages"), messages = jv_array();
	size_t n = json_array_length(given, NULL);

	for (size_t i = 0; i < n; i++) {
		jv message = json_element(given, i);

		messages = jv_array_append(messages, build_message(message));
		jv_free(message);
	}
	jv_free(given);
	return set_options(json_set(jv_copy(request), "messages", messages),
	    settings, request);
}

static void
take_usage(struct llm_usage *usage, jv told)
{
	double cached;

	if (jv_get_kind(told) != JV_KIND_OBJECT)
		return;
	usage->known = true;
	usage->input = json_number(told, "prompt_tokens", usage->input);
	usage->output = json_number(told, "completion_tokens", usage->output);
	/* DeepSeek has a name of its own for it. */
	cached = json_number(told, "prompt_cache_hit_tokens", usage->cached);
	usage->cached =
	    json_number(told, "prompt_tokens_details.cached_tokens", cached);
	usage->cache_write = json_number(told,
	    "prompt_tokens_details.cache_write_tokens", usage->cache_write);
	usage->cost = json_number(told, "cost", usage->cost);
}

static struct error *
take_call(struct llm_answer *answer, jv piece)
{
	jv arguments = json_get(piece, "function.arguments");
	struct llm_call *call =
	    llm_answer_call(answer, json_number(piece, "index", -1),
		json_string(piece, "id"), json_string(piece, "function.name"));
	bool fits = call != NULL;

	if (fits && jv_get_kind(arguments) == JV_KIND_STRING) {
		fits = buffer_append_string(
		    &call->arguments, jv_string_value(arguments));
	} else if (fits && jv_get_kind(arguments) == JV_KIND_OBJECT) {
		char *text = json_text(jv_copy(arguments));

		fits = buffer_append_string(&call->arguments, text);
		free(text);
	}
	jv_free(arguments);
	return fits ? NULL : llm_too_large();
}

static struct error *
take_calls(struct llm_answer *answer, jv message)
{
	jv calls = json_get(message, "tool_calls");
	size_t n = json_array_length(calls, NULL);
	struct error *error = NULL;

	for (size_t i = 0; error == NULL && i < n; i++) {
		jv call = json_element(calls, i);

		error = take_call(answer, call);
		jv_free(call);
	}
	jv_free(calls);
	return error;
}

/* A string, or parts of which some are text. */
static bool
take_content(struct llm_answer *answer, jv message)
{
	jv parts = json_get(message, "content");
	size_t n = json_array_length(parts, NULL);
	bool fits = true;

	if (jv_get_kind(parts) == JV_KIND_STRING)
		fits = llm_answer_add_text(answer, jv_string_value(parts));
	for (size_t i = 0; i < n; i++) {
		jv part = json_element(parts, i);

		fits = llm_answer_add_text(answer, json_string(part, "text")) &&
		    fits;
		jv_free(part);
	}
	jv_free(parts);
	return fits;
}

static struct error *
take_message(struct llm_answer *answer, jv message)
{
	const char *reasoning = json_string(message, "reasoning_content");

	/* OpenRouter, Ollama and newer vLLM call it so. */
	if (reasoning == NULL)
		reasoning = json_string(message, "reasoning");
	if (!llm_answer_add_reasoning(answer, reasoning) ||
	    !take_content(answer, message) ||
	    !llm_answer_add_text(answer, json_string(message, "refusal")))
		return llm_too_large();
	return take_calls(answer, message);
}

static bool
is_error(jv data)
{
	jv told = json_get(data, "error");
	bool there = jv_is_valid(told) && jv_get_kind(told) != JV_KIND_NULL;

	jv_free(told);
	return there;
}

/* The common part of a chunk and of a whole answer. */
static struct error *
take(struct llm_answer *answer, jv data, const char *message_name)
{
	jv choices = json_get(data, "choices"), usage = json_get(data, "usage");
	jv choice = json_element(choices, 0);
	jv message = json_get(choice, message_name);
	struct error *error = NULL;

	llm_answer_set(&answer->id, json_string(data, "id"));
	llm_answer_set(&answer->model, json_string(data, "model"));
	take_usage(&answer->usage, usage);
	/* OpenRouter tells so what its provider did. */
	if (is_error(choice)) {
		error = llm_refusal(200, choice);
	} else if (json_number(choice, "index", 0) > 0) {
		/* Of several answers the first counts. */
		jv_free(choice);
		choice = jv_invalid();
	} else if (jv_get_kind(message) == JV_KIND_OBJECT) {
		error = take_message(answer, message);
	}
	/* The name of it in OpenAI's first version of tools. */
	llm_answer_set(&answer->finish, json_string(choice, "finish_reason"));
	if (answer->finish != NULL &&
	    strcmp(answer->finish, "function_call") == 0)
		llm_answer_set(&answer->finish, "tool_calls");
	jv_free(message);
	jv_free(choice);
	jv_free(choices);
	jv_free(usage);
	return error;
}

static struct error *
take_event(struct llm_answer *answer, jv data)
{
	if (is_error(data))
		return llm_refusal(200, data);
	return take(answer, data, "delta");
}

static struct error *
take_whole(struct llm_answer *answer, jv data)
{
	struct error *error;

	if (is_error(data))
		return llm_refusal(200, data);
	if (json_array_length(data, "choices") == 0)
		return error_new(ERROR_SERVICE,
		    "the answer is no chat completion: it has no choices");
	error = take(answer, data, "message");
	if (answer->finish == NULL)
		llm_answer_set(&answer->finish, "stop");
	return error;
}

const struct llm_wire llm_openai = {
	.path = "/chat/completions",
	.build = build,
	.take_event = take_event,
	.take_whole = take_whole,
};
