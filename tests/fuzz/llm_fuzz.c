/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer entry for answers of models: server-sent events, chat completions,
 * Anthropic's messages, whole or streamed. However the network cuts them, what
 * comes of them is the same, and is JSON that the next request can hold.
 */
#include <stdint.h>

#include "json.h"
#include "llm_pause.h"
#include "llm_receive.h"
#include "memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static const struct llm_wire *const wires[] = { &llm_openai, &llm_anthropic };
static const char *const types[] = { "text/event-stream", "application/json",
	"", "text/html" };

/* What comes of an answer that arrives in pieces of a size: its message, or
 * what is wrong with it. */
static char *
receive(const struct llm_wire *wire, const char *type, const char *bytes,
    size_t len, size_t piece)
{
	struct llm_answer answer;
	struct llm_receiver receiver;
	struct error *error = NULL;
	jv problems = jv_array();
	char *result;

	llm_answer_init(&answer, NULL, NULL);
	llm_receiver_open(&receiver, wire, &answer, type);
	for (size_t at = 0; at < len && error == NULL; at += piece)
		error = llm_receiver_write(
		    &receiver, bytes + at, len - at < piece ? len - at : piece);
	if (error == NULL)
		error = llm_receiver_end(&receiver);
	result = error != NULL
	    ? xstrdup(error->message)
	    : json_text(llm_answer_message(&answer, &problems));
	error_free(error);
	jv_free(problems);
	llm_receiver_release(&receiver);
	llm_answer_release(&answer);
	jv_free(answer.thinking);
	return result;
}

/* The message goes into a request of either form. */
static void
check_message(const char *text)
{
	struct llm_wire_settings settings = { .model = "m", .stream = true };
	jv message, request;
	struct error *error =
	    json_parse(&message, text, strlen(text), "message");

	if (error != NULL) {
		error_free(error);
		return;
	}
	request = json_set(
	    jv_object(), "messages", jv_array_append(jv_array(), message));
	for (int i = 0; i < 2; i++) {
		char *body = json_text(wires[i]->build(&settings, request));
		jv again;

		error = json_parse(&again, body, strlen(body), "body");
		if (error != NULL)
			abort();
		jv_free(again);
		free(body);
	}
	jv_free(request);
}

/* Any JSON is a request, a refusal, a header. */
static void
check_value(const char *text, size_t len)
{
	struct llm_wire_settings settings = { .model = "m" };
	double seconds;
	jv value;
	struct error *error = json_parse(&value, text, len, "value");

	error_free(error);
	if (jv_get_kind(value) == JV_KIND_OBJECT)
		for (int i = 0; i < 2; i++)
			free(json_text(wires[i]->build(&settings, value)));
	error_free(llm_refusal(429, value));
	error_free(llm_refusal(200, value));
	jv_free(value);
	llm_parse_reset(&seconds, text, 1.7e9);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const struct llm_wire *wire;
	const char *type;
	char *text, *whole, *cut;

	if (len < 2)
		return 0;
	wire = wires[bytes[0] & 1];
	type = types[(bytes[0] >> 1) & 3];
	text = xstrndup((const char *)bytes + 2, len - 2);
	len = strlen(text);
	whole = receive(wire, type, text, len, len > 0 ? len : 1);
	/* Without a type, the first piece decides. */
	if (*type == 't' && type[5] == 'e') {
		cut = receive(wire, type, text, len, 1 + bytes[1] % 7);
		if (strcmp(whole, cut) != 0)
			abort();
		free(cut);
	}
	check_message(whole);
	check_value(text, len);
	free(whole);
	free(text);
	return 0;
}
