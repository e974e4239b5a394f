/* SPDX-License-Identifier: MIT */
#include "llm_receive.h"

#include <strings.h>

#include "json.h"
#include "memory.h"
#include "printable.h"

enum {
	MAX_EVENT_BYTES = 8 * 1024 * 1024,
	/* Of the body: much of it is the wrapping of single words. */
	MAX_BODY_BYTES = 1024 * 1024 * 1024,
	MAX_SHOWN = 120,
};

/* What is no JSON, or not all of it; another attempt may go better. */
static struct error *
broken(const char *what, const char *text)
{
	char *shown = printable(text, MAX_SHOWN);
	struct error *error =
	    error_new(ERROR_SERVICE, "%s is not JSON: %s", what, shown);

	free(shown);
	return error;
}

static struct error *
parse_object(jv *value, const char *what, const char *text, size_t len)
{
	struct error *error = json_parse(value, text, len, what);

	if (error == NULL && jv_get_kind(*value) == JV_KIND_OBJECT)
		return NULL;
	error_free(error);
	jv_free(*value);
	*value = jv_invalid();
	return broken(what, text);
}

static bool
has_error(jv value)
{
	jv told = json_get(value, "error");
	bool there = jv_is_valid(told);

	jv_free(told);
	return there;
}

static struct error *
take_event(void *context, const char *event, const char *data, size_t len)
{
	struct llm_receiver *receiver = context;
	struct error *error;
	jv value;

	receiver->n_events++;
	if (strcmp(data, "[DONE]") == 0) {
		receiver->answer->ended = true;
		return NULL;
	}
	error = parse_object(&value, "an event", data, len);
	/* Otherwise the data says what it is. */
	if (error == NULL && strcmp(event, "error") == 0 && !has_error(value)) {
		value = json_set(jv_object(), "error", value);
		error = llm_refusal(200, value);
	} else if (error == NULL)
		error = receiver->wire->take_event(receiver->answer, value);
	jv_free(value);
	return error;
}

static bool
begins(const char *text, const char *with)
{
	return strncasecmp(text, with, strlen(with)) == 0;
}

void
llm_receiver_open(struct llm_receiver *receiver, const struct llm_wire *wire,
    struct llm_answer *answer, const char *type)
{
	*receiver = (struct llm_receiver){
		.wire = wire,
		.answer = answer,
		.whole = BUFFER_INIT(LLM_MAX_ANSWER_BYTES),
	};
	sse_open(&receiver->sse, MAX_EVENT_BYTES, take_event, receiver);
	if (begins(type, "text/event-stream"))
		receiver->kind = LLM_BODY_EVENTS;
	else if (begins(type, "application/json"))
		receiver->kind = LLM_BODY_WHOLE;
}

void
llm_receiver_release(struct llm_receiver *receiver)
{
	sse_release(&receiver->sse);
	buffer_release(&receiver->whole);
}

static struct error *
no_answer(const char *text)
{
	char *shown = printable(text, MAX_SHOWN);
	struct error *error = error_new(ERROR_SERVICE,
	    "what came back is no model's answer; check llm.endpoint: %s",
	    shown);

	error->retryable = false;
	free(shown);
	return error;
}

/* Without a content type to go by, the first characters tell. */
static struct error *
guess(struct llm_receiver *receiver, const char *bytes, size_t len)
{
	static const char *const fields[] = {
		"data:", "event:", "id:", "retry:", ":"
	};
	char *head = xstrndup(bytes, len < 64 ? len : 64);
	const char *text = head + strspn(head, " \t\r\n");
	struct error *error = NULL;

	if (*text == '{')
		receiver->kind = LLM_BODY_WHOLE;
	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
		if (begins(text, fields[i]))
			receiver->kind = LLM_BODY_EVENTS;
	if (receiver->kind == LLM_BODY_UNKNOWN && *text != '\0')
		error = no_answer(text);
	free(head);
	return error;
}

struct error *
llm_receiver_write(struct llm_receiver *receiver, const char *bytes, size_t len)
{
	struct error *error = NULL;

	receiver->n_bytes += len;
	if (receiver->n_bytes > MAX_BODY_BYTES)
		return llm_too_large();
	if (receiver->kind == LLM_BODY_UNKNOWN)
		error = guess(receiver, bytes, len);
	if (error != NULL)
		return error;
	if (receiver->kind == LLM_BODY_EVENTS)
		return sse_write(&receiver->sse, bytes, len);
	if (!buffer_append(&receiver->whole, bytes, len))
		return llm_too_large();
	return NULL;
}

static struct error *
end_whole(struct llm_receiver *receiver)
{
	struct buffer *whole = &receiver->whole;
	const char *text = whole->data != NULL ? whole->data : "";
	struct error *error;
	jv value;

	text += strspn(text, " \t\r\n");
	if (*text == '<')
		return no_answer(text);
	error = parse_object(&value, "the answer", text, strlen(text));
	if (error == NULL)
		error = receiver->wire->take_whole(receiver->answer, value);
	jv_free(value);
	return error;
}

/* Not every server sends both the reason to stop and a mark of the end. */
static struct error *
end_events(struct llm_receiver *receiver)
{
	struct llm_answer *answer = receiver->answer;
	struct error *error = sse_end(&receiver->sse);

	if (error != NULL)
		return error;
	if (answer->finish == NULL && !answer->ended)
		return error_new(
		    ERROR_SERVICE, "the answer broke off: its end never came");
	if (answer->finish == NULL)
		llm_answer_set(&answer->finish,
		    answer->n_calls > 0 ? "tool_calls" : "stop");
	return NULL;
}

/* Nothing said and nothing to do is no success. */
static struct error *
check_empty(const struct llm_answer *answer)
{
	struct error *error;

	if (answer->text.len > 0 || answer->n_calls > 0)
		return NULL;
	if (answer->finish != NULL && strcmp(answer->finish, "length") == 0)
		error = error_new(ERROR_SERVICE,
		    "the answer was cut before its first word: raise "
		    "llm.max_tokens, or shorten the request");
	else if (answer->finish != NULL &&
	    strcmp(answer->finish, "content_filter") == 0)
		error = error_new(ERROR_SERVICE,
		    "the model, or a filter of the service, refused to answer");
	else
		return error_new(ERROR_SERVICE, "the answer is empty");
	error->retryable = false;
	return error;
}

struct error *
llm_receiver_end(struct llm_receiver *receiver)
{
	struct error *error;

	if (receiver->n_bytes == 0)
		return error_new(ERROR_SERVICE, "the answer is empty");
	if (receiver->kind == LLM_BODY_EVENTS)
		error = end_events(receiver);
	else
		error = end_whole(receiver);
	return error != NULL ? error : check_empty(receiver->answer);
}
