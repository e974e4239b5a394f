/* SPDX-License-Identifier: MIT */
#include "llm_answer.h"

#include "json.h"
#include "memory.h"
#include "printable.h"

void
llm_answer_init(struct llm_answer *answer, llm_text_sink *sink, void *context)
{
	*answer = (struct llm_answer){
		.text = BUFFER_INIT(LLM_MAX_ANSWER_BYTES),
		.reasoning = BUFFER_INIT(LLM_MAX_ANSWER_BYTES),
		.thinking = jv_array(),
		.thought = BUFFER_INIT(LLM_MAX_ANSWER_BYTES),
		.signature = BUFFER_INIT(LLM_MAX_ANSWER_BYTES),
		.usage = { .cost = -1 },
		.sink = sink,
		.context = context,
	};
}

void
llm_answer_release(struct llm_answer *answer)
{
	for (size_t i = 0; i < answer->n_calls; i++) {
		free(answer->calls[i].id);
		free(answer->calls[i].name);
		buffer_release(&answer->calls[i].arguments);
	}
	free(answer->calls);
	free(answer->id);
	free(answer->model);
	free(answer->finish);
	buffer_release(&answer->text);
	buffer_release(&answer->reasoning);
	jv_free(answer->thinking);
	buffer_release(&answer->thought);
	buffer_release(&answer->signature);
	llm_answer_init(answer, answer->sink, answer->context);
}

void
llm_answer_set(char **member, const char *text)
{
	if (text == NULL || *text == '\0')
		return;
	free(*member);
	*member = xstrdup(text);
}

bool
llm_answer_add_text(struct llm_answer *answer, const char *text)
{
	if (text == NULL || *text == '\0')
		return true;
	if (answer->sink != NULL)
		answer->sink(answer->context, text, strlen(text));
	return buffer_append_string(&answer->text, text);
}

bool
llm_answer_add_reasoning(struct llm_answer *answer, const char *text)
{
	return text == NULL || buffer_append_string(&answer->reasoning, text);
}

bool
llm_answer_begin_thinking(struct llm_answer *answer, jv block)
{
	char *text;

	if (jv_get_kind(block) != JV_KIND_OBJECT)
		return true;
	llm_answer_end_thinking(answer);
	text = json_text(jv_copy(block));
	answer->thinking_bytes += strlen(text);
	free(text);
	answer->thinking = jv_array_append(answer->thinking, jv_copy(block));
	return answer->thinking_bytes <= LLM_MAX_ANSWER_BYTES;
}

bool
llm_answer_extend_thinking(
    struct llm_answer *answer, const char *thought, const char *signature)
{
	if (thought != NULL)
		buffer_append_string(&answer->thought, thought);
	if (signature != NULL)
		buffer_append_string(&answer->signature, signature);
	return answer->thinking_bytes + answer->thought.len +
	    answer->signature.len <=
	    LLM_MAX_ANSWER_BYTES;
}

/* What the block has of it, and what came behind. */
static jv
append_member(jv block, const char *name, const struct buffer *more)
{
	const char *before = json_string(block, name);
	char *text;

	if (more->len == 0)
		return block;
	text = xasprintf("%s%s", before != NULL ? before : "", more->data);
	block = json_set_string(block, name, text);
	free(text);
	return block;
}

void
llm_answer_end_thinking(struct llm_answer *answer)
{
	size_t n = json_array_length(answer->thinking, NULL);
	jv block;

	if (n > 0 && answer->thought.len + answer->signature.len > 0) {
		block = json_element(answer->thinking, n - 1);
		block = append_member(block, "thinking", &answer->thought);
		block = append_member(block, "signature", &answer->signature);
		answer->thinking =
		    jv_array_set(answer->thinking, (int)n - 1, block);
		answer->thinking_bytes +=
		    answer->thought.len + answer->signature.len;
	}
	buffer_clear(&answer->thought);
	buffer_clear(&answer->signature);
}

static bool
differs(const char *a, const char *b)
{
	return a != NULL && *a != '\0' && b != NULL && *b != '\0' &&
	    strcmp(a, b) != 0;
}

/*
 * Servers differ: some leave the index out, some give all calls the same one
 * and tell them apart by their ids.
 */
static struct llm_call *
find_call(struct llm_answer *answer, double index, const char *id)
{
	for (size_t i = answer->n_calls; i > 0; i--) {
		struct llm_call *call = &answer->calls[i - 1];

		if (index < 0 || call->index == index)
			return differs(call->id, id) ? NULL : call;
	}
	return NULL;
}

struct llm_call *
llm_answer_call(
    struct llm_answer *answer, double index, const char *id, const char *name)
{
	struct llm_call *call = find_call(answer, index, id);

	if (call == NULL) {
		if (answer->n_calls == LLM_MAX_CALLS)
			return NULL;
		answer->calls = xreallocarray(
		    answer->calls, answer->n_calls + 1, sizeof *answer->calls);
		call = &answer->calls[answer->n_calls];
		*call = (struct llm_call){
			.index = index,
			.arguments = BUFFER_INIT(LLM_MAX_ANSWER_BYTES),
		};
		answer->n_calls++;
	}
	llm_answer_set(&call->id, id);
	llm_answer_set(&call->name, name);
	return call;
}

bool
llm_parse_arguments(jv *arguments, const char *text, size_t len)
{
	struct error *error;

	*arguments = jv_object();
	/* A tool without parameters is often called with nothing at all. */
	if (len == 0)
		return true;
	jv_free(*arguments);
	error = json_parse(arguments, text, len, "the arguments");
	if (error == NULL && jv_get_kind(*arguments) == JV_KIND_OBJECT)
		return true;
	error_free(error);
	jv_free(*arguments);
	*arguments = jv_invalid();
	return false;
}

static jv
call_problem(const struct llm_call *call, const char *id)
{
	char *shown = printable(
	    call->arguments.data != NULL ? call->arguments.data : "", 200);
	jv problem = jv_string_fmt(
	    "the arguments of the call '%s' of '%s' are not a JSON object: %s",
	    id, call->name != NULL ? call->name : "", shown);

	free(shown);
	return problem;
}

/* The nth call of an answer. */
static jv
call_value(const struct llm_call *call, size_t n, jv *problems)
{
	/* Some servers give none, and want one back. */
	char *id =
	    call->id != NULL ? xstrdup(call->id) : xasprintf("call_%zu", n + 1);
	const char *text =
	    call->arguments.data != NULL ? call->arguments.data : "{}";
	jv arguments, function = jv_object();
	jv value = json_set_string(jv_object(), "id", id);

	if (llm_parse_arguments(
		&arguments, call->arguments.data, call->arguments.len))
		jv_free(arguments);
	else
		*problems = jv_array_append(*problems, call_problem(call, id));
	free(id);
	function = json_set_string(
	    function, "name", call->name != NULL ? call->name : "");
	function = json_set_string(function, "arguments", text);
	value = json_set_string(value, "type", "function");
	return json_set(value, "function", function);
}

jv
llm_answer_message(const struct llm_answer *answer, jv *problems)
{
	jv message = json_set_string(jv_object(), "role", "assistant");
	jv calls = jv_array();

	message = json_set_string(message, "content",
	    answer->text.data != NULL ? answer->text.data : "");
	if (answer->reasoning.len > 0)
		message = json_set_string(
		    message, "reasoning", answer->reasoning.data);
	if (json_array_length(answer->thinking, NULL) > 0)
		message =
		    json_set(message, "thinking", jv_copy(answer->thinking));
	for (size_t i = 0; i < answer->n_calls; i++)
		calls = jv_array_append(
		    calls, call_value(&answer->calls[i], i, problems));
	if (answer->n_calls > 0)
		return json_set(message, "tool_calls", calls);
	jv_free(calls);
	return message;
}
