/* SPDX-License-Identifier: MIT */
#include "llm_anthropic.h"

#include "json.h"
#include "memory.h"

/* Anthropic wants a number; all of its models allow this one. */
static const double default_max_tokens = 8192;

struct conversation {
	jv system, messages; /* arrays */
	jv blocks;           /* of the message that is being put together */
	const char *role;    /* of it; NULL: there is none */
};

/* The content of a message as an array of blocks. */
static jv
content_blocks(jv message)
{
	jv content = json_get(message, "content"), block;

	if (jv_get_kind(content) == JV_KIND_ARRAY)
		return content;
	/* An empty block is refused. */
	if (jv_get_kind(content) != JV_KIND_STRING ||
	    *jv_string_value(content) == '\0') {
		jv_free(content);
		return jv_array();
	}
	block = json_set_string(jv_object(), "type", "text");
	return jv_array_append(jv_array(), json_set(block, "text", content));
}

static jv
call_block(jv call)
{
	const char *text = json_string(call, "function.arguments");
	jv arguments, block = json_set_string(jv_object(), "type", "tool_use");

	if (!llm_parse_arguments(&arguments, text != NULL ? text : "",
		text != NULL ? strlen(text) : 0)) {
		jv_free(arguments);
		arguments = jv_object();
	}
	block = json_set_string(block, "id", json_string(call, "id"));
	block =
	    json_set_string(block, "name", json_string(call, "function.name"));
	return json_set(block, "input", arguments);
}

/* Thinking comes first, as it did. */
static jv
assistant_blocks(jv message)
{
	jv blocks = json_get(message, "thinking");
	jv calls = json_get(message, "tool_calls");
	size_t n = json_array_length(calls, NULL);

	if (jv_get_kind(blocks) != JV_KIND_ARRAY) {
		jv_free(blocks);
		blocks = jv_array();
	}
	blocks = jv_array_concat(blocks, content_blocks(message));
	for (size_t i = 0; i < n; i++) {
		jv call = json_element(calls, i);

		blocks = jv_array_append(blocks, call_block(call));
		jv_free(call);
	}
	jv_free(calls);
	return blocks;
}

static jv
result_blocks(jv message)
{
	jv block = json_set_string(jv_object(), "type", "tool_result");

	block = json_set_string(
	    block, "tool_use_id", json_string(message, "tool_call_id"));
	block = json_set(block, "content", content_blocks(message));
	return jv_array_append(jv_array(), block);
}

static void
end_message(struct conversation *talk)
{
	jv message;

	if (talk->role != NULL && json_array_length(talk->blocks, NULL) > 0) {
		message = json_set_string(jv_object(), "role", talk->role);
		message = json_set(message, "content", talk->blocks);
		talk->messages = jv_array_append(talk->messages, message);
		talk->blocks = jv_array();
	}
	talk->role = NULL;
}

/* Roles take turns, and all results of calls stand in one message. */
static void
add_blocks(struct conversation *talk, const char *role, jv blocks)
{
	if (talk->role == NULL || strcmp(talk->role, role) != 0)
		end_message(talk);
	talk->role = role;
	talk->blocks = jv_array_concat(talk->blocks, blocks);
}

static void
add_message(struct conversation *talk, jv message)
{
	const char *role = json_string(message, "role");

	if (role == NULL)
		role = "user";
	if (strcmp(role, "system") == 0 || strcmp(role, "developer") == 0)
		talk->system =
		    jv_array_concat(talk->system, content_blocks(message));
	else if (strcmp(role, "assistant") == 0)
		add_blocks(talk, "assistant", assistant_blocks(message));
	else if (strcmp(role, "tool") == 0)
		add_blocks(talk, "user", result_blocks(message));
	else
		add_blocks(talk, "user", content_blocks(message));
}

/* Everything up to the last block of the array may be cached. */
static jv
mark_for_cache(jv blocks)
{
	size_t n = json_array_length(blocks, NULL);
	jv last, mark;

	if (n == 0)
		return blocks;
	last = json_element(blocks, n - 1);
	if (jv_get_kind(last) != JV_KIND_OBJECT) {
		jv_free(last);
		return blocks;
	}
	mark = json_set_string(jv_object(), "type", "ephemeral");
	return jv_array_set(
	    blocks, (int)n - 1, json_set(last, "cache_control", mark));
}

static jv
mark_last_message(jv messages)
{
	size_t n = json_array_length(messages, NULL);
	jv last;

	if (n == 0)
		return messages;
	last = json_element(messages, n - 1);
	last = json_set(
	    last, "content", mark_for_cache(json_get(last, "content")));
	return jv_array_set(messages, (int)n - 1, last);
}

static jv
build_tool(jv tool)
{
	jv function = json_get(tool, "function"), parameters, built;
	const char *description = json_string(function, "description");

	/* One of Anthropic's own. */
	if (jv_get_kind(function) != JV_KIND_OBJECT) {
		jv_free(function);
		return jv_copy(tool);
	}
	built =
	    json_set_string(jv_object(), "name", json_string(function, "name"));
	if (description != NULL)
		built = json_set_string(built, "description", description);
	parameters = json_get(function, "parameters");
	if (jv_get_kind(parameters) != JV_KIND_OBJECT) {
		jv_free(parameters);
		parameters = json_set_string(jv_object(), "type", "object");
	}
	jv_free(function);
	return json_set(built, "input_schema", parameters);
}

static jv
build_tools(jv request)
{
	jv tools = json_get(request, "tools"), built = jv_array();
	size_t n = json_array_length(tools, NULL);

	for (size_t i = 0; i < n; i++) {
		jv tool = json_element(tools, i);

		built = jv_array_append(built, build_tool(tool));
		jv_free(tool);
	}
	jv_free(tools);
	return built;
}

/* "auto", "none", "required", or {"function": {"name"}}. */
static jv
build_choice(jv choice)
{
	const char *word = json_string(choice, NULL);
	const char *name = json_string(choice, "function.name");

	if (word != NULL)
		return json_set_string(jv_object(), "type",
		    strcmp(word, "required") == 0 ? "any" : word);
	if (name == NULL)
		return jv_copy(choice);
	return json_set_string(
	    json_set_string(jv_object(), "type", "tool"), "name", name);
}

/* A member by another name, if it is there. */
static jv
rename_member(jv body, const char *from, const char *to)
{
	jv member = json_get(body, from);

	if (!jv_is_valid(member)) {
		jv_free(member);
		return body;
	}
	return json_set(jv_object_delete(body, jv_string(from)), to, member);
}

static jv
set_choices(jv body)
{
	jv choice = json_get(body, "tool_choice");
	jv stop;

	if (jv_is_valid(choice))
		body = json_set(body, "tool_choice", build_choice(choice));
	jv_free(choice);
	body = rename_member(body, "stop", "stop_sequences");
	stop = json_get(body, "stop_sequences");
	if (jv_get_kind(stop) == JV_KIND_STRING)
		return json_set(
		    body, "stop_sequences", jv_array_append(jv_array(), stop));
	jv_free(stop);
	return body;
}

static jv
set_limits(jv body, const struct llm_wire_settings *settings)
{
	double max = settings->max_tokens;

	body = rename_member(body, "max_completion_tokens", "max_tokens");
	if (json_number(body, "max_tokens", 0) > 0)
		return body;
	return json_set_number(
	    body, "max_tokens", max > 0 ? max : default_max_tokens);
}

static struct conversation
read_messages(jv request)
{
	struct conversation talk = { jv_array(), jv_array(), jv_array(), NULL };
	jv given = json_get(request, "messages");
	size_t n = json_array_length(given, NULL);

	for (size_t i = 0; i < n; i++) {
		jv message = json_element(given, i);

		add_message(&talk, message);
		jv_free(message);
	}
	end_message(&talk);
	jv_free(talk.blocks);
	jv_free(given);
	return talk;
}

jv
llm_anthropic_build(const struct llm_wire_settings *settings, jv request)
{
	struct conversation talk = read_messages(request);
	jv body = jv_copy(request), tools = build_tools(request);

	/* What comes again with every turn of an agent is cached. */
	if (json_array_length(tools, NULL) > 0) {
		talk.system = mark_for_cache(talk.system);
		talk.messages = mark_last_message(talk.messages);
		body = json_set(body, "tools", tools);
	} else {
		jv_free(tools);
	}
	if (json_array_length(talk.system, NULL) > 0)
		body = json_set(body, "system", talk.system);
	else
		jv_free(talk.system);
	body = json_set(body, "messages", talk.messages);
	if (settings->model != NULL && json_string(body, "model") == NULL)
		body = json_set_string(body, "model", settings->model);
	body = json_set_boolean(body, "stream", settings->stream);
	return set_choices(set_limits(body, settings));
}
