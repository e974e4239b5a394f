/* SPDX-License-Identifier: MIT */
/* The answers of Anthropic's messages; llm_anthropic_request.c makes the
 * requests. */
#include "llm_anthropic.h"

#include "json.h"
#include "memory.h"

static void
take_usage(struct llm_usage *usage, jv told)
{
	double fresh = usage->input - usage->cached - usage->cache_write;

	if (jv_get_kind(told) != JV_KIND_OBJECT)
		return;
	usage->known = true;
	fresh = json_number(told, "input_tokens", fresh);
	usage->cached =
	    json_number(told, "cache_read_input_tokens", usage->cached);
	usage->cache_write = json_number(
	    told, "cache_creation_input_tokens", usage->cache_write);
	usage->input = fresh + usage->cached + usage->cache_write;
	usage->output = json_number(told, "output_tokens", usage->output);
}

static void
take_usage_of(struct llm_answer *answer, jv data, const char *path)
{
	jv usage = json_get(data, path);

	take_usage(&answer->usage, usage);
	jv_free(usage);
}

static const char *
finish_name(const char *reason)
{
	static const char *const names[][2] = {
		{ "end_turn", "stop" },
		{ "stop_sequence", "stop" },
		{ "pause_turn", "stop" },
		{ "max_tokens", "length" },
		{ "model_context_window_exceeded", "length" },
		{ "tool_use", "tool_calls" },
		{ "refusal", "content_filter" },
	};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (reason != NULL && strcmp(reason, names[i][0]) == 0)
			return names[i][1];
	return reason;
}

static struct error *
begin_block(struct llm_answer *answer, jv data)
{
	jv block = json_get(data, "content_block");
	const char *type = json_string(block, "type");
	struct error *error = NULL;

	if (type == NULL)
		type = "";
	if (strcmp(type, "tool_use") == 0) {
		if (llm_answer_call(answer, json_number(data, "index", -1),
			json_string(block, "id"),
			json_string(block, "name")) == NULL)
			error = llm_too_large();
	} else if (strcmp(type, "text") == 0) {
		if (!llm_answer_add_text(answer, json_string(block, "text")))
			error = llm_too_large();
	} else if (strcmp(type, "thinking") == 0 ||
	    strcmp(type, "redacted_thinking") == 0) {
		/* It is signed: it goes back as it came. */
		if (!llm_answer_begin_thinking(answer, block))
			error = llm_too_large();
	}
	jv_free(block);
	return error;
}

static bool
extend_call(struct llm_answer *answer, double index, const char *piece)
{
	struct llm_call *call = llm_answer_call(answer, index, NULL, NULL);

	return call != NULL &&
	    (piece == NULL || buffer_append_string(&call->arguments, piece));
}

static struct error *
extend_block(struct llm_answer *answer, jv data)
{
	jv delta = json_get(data, "delta");
	const char *type = json_string(delta, "type");
	const char *thought = json_string(delta, "thinking");
	bool fits = true;

	if (type == NULL)
		type = "";
	if (strcmp(type, "text_delta") == 0) {
		fits = llm_answer_add_text(answer, json_string(delta, "text"));
	} else if (strcmp(type, "input_json_delta") == 0) {
		fits = extend_call(answer, json_number(data, "index", -1),
		    json_string(delta, "partial_json"));
	} else if (strcmp(type, "thinking_delta") == 0) {
		fits = llm_answer_add_reasoning(answer, thought) &&
		    llm_answer_extend_thinking(answer, thought, NULL);
	} else if (strcmp(type, "signature_delta") == 0) {
		fits = llm_answer_extend_thinking(
		    answer, NULL, json_string(delta, "signature"));
	}
	jv_free(delta);
	return fits ? NULL : llm_too_large();
}

static struct error *
take_event(struct llm_answer *answer, jv data)
{
	const char *type = json_string(data, "type");

	if (type == NULL)
		return NULL;
	if (strcmp(type, "error") == 0)
		return llm_refusal(200, data);
	if (strcmp(type, "content_block_start") == 0)
		return begin_block(answer, data);
	if (strcmp(type, "content_block_delta") == 0)
		return extend_block(answer, data);
	if (strcmp(type, "content_block_stop") == 0) {
		llm_answer_end_thinking(answer);
	} else if (strcmp(type, "message_start") == 0) {
		llm_answer_set(&answer->id, json_string(data, "message.id"));
		llm_answer_set(
		    &answer->model, json_string(data, "message.model"));
		take_usage_of(answer, data, "message.usage");
	} else if (strcmp(type, "message_delta") == 0) {
		llm_answer_end_thinking(answer);
		llm_answer_set(&answer->finish,
		    finish_name(json_string(data, "delta.stop_reason")));
		take_usage_of(answer, data, "usage");
	} else if (strcmp(type, "message_stop") == 0) {
		answer->ended = true;
	}
	return NULL;
}

static bool
take_call(struct llm_answer *answer, jv block, double index)
{
	struct llm_call *call = llm_answer_call(answer, index,
	    json_string(block, "id"), json_string(block, "name"));
	jv input = json_get(block, "input");
	char *text = jv_is_valid(input) ? json_text(input) : xstrdup("");
	bool fits =
	    call != NULL && buffer_append_string(&call->arguments, text);

	free(text);
	return fits;
}

/* A block of a whole answer. */
static struct error *
take_block(struct llm_answer *answer, jv block, double index)
{
	const char *type = json_string(block, "type");
	bool fits = true;

	if (type == NULL)
		return NULL;
	if (strcmp(type, "text") == 0) {
		fits = llm_answer_add_text(answer, json_string(block, "text"));
	} else if (strcmp(type, "thinking") == 0 ||
	    strcmp(type, "redacted_thinking") == 0) {
		fits = llm_answer_begin_thinking(answer, block) &&
		    llm_answer_add_reasoning(
			answer, json_string(block, "thinking"));
	} else if (strcmp(type, "tool_use") == 0) {
		fits = take_call(answer, block, index);
	}
	return fits ? NULL : llm_too_large();
}

static struct error *
take_whole(struct llm_answer *answer, jv data)
{
	jv content = json_get(data, "content");
	size_t n = json_array_length(content, NULL);
	const char *type = json_string(data, "type");
	struct error *error = NULL;

	if (type != NULL && strcmp(type, "error") == 0)
		error = llm_refusal(200, data);
	else if (jv_get_kind(content) != JV_KIND_ARRAY)
		error = error_new(ERROR_SERVICE,
		    "the answer is no message: it has no content");
	for (size_t i = 0; error == NULL && i < n; i++) {
		jv block = json_element(content, i);

		error = take_block(answer, block, (double)i);
		jv_free(block);
	}
	jv_free(content);
	llm_answer_set(&answer->id, json_string(data, "id"));
	llm_answer_set(&answer->model, json_string(data, "model"));
	llm_answer_set(
	    &answer->finish, finish_name(json_string(data, "stop_reason")));
	take_usage_of(answer, data, "usage");
	if (answer->finish == NULL)
		llm_answer_set(&answer->finish, "stop");
	return error;
}

const struct llm_wire llm_anthropic = {
	.path = "/messages",
	.build = llm_anthropic_build,
	.take_event = take_event,
	.take_whole = take_whole,
};
