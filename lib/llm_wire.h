/* SPDX-License-Identifier: MIT */
/*
 * The forms in which services of models take requests and give answers. The
 * request is that of nr-llm(1), the form of chat completions; what is not
 * known of it is handed on as it is.
 */
#ifndef LLM_WIRE_H
#define LLM_WIRE_H

#include <jv.h>
#include <stdbool.h>

#include "error.h"
#include "llm_answer.h"

struct llm_wire_settings {
	const char *model; /* NULL: the request's own */
	double max_tokens; /* 0: the request's own */
	bool stream;
	/* OpenAI's newer models refuse max_tokens, others know nothing else. */
	bool max_completion_tokens;
};

struct llm_wire {
	const char *path; /* below the endpoint */
	/* The body; `request` is an object, borrowed. */
	jv (*build)(const struct llm_wire_settings *settings, jv request);
	/* One event of a stream, and a whole answer; `data` is borrowed. An
	 * error is one that the service told, or an answer too large. */
	struct error *(*take_event)(struct llm_answer *answer, jv data);
	struct error *(*take_whole)(struct llm_answer *answer, jv data);
};

extern const struct llm_wire llm_openai, llm_anthropic;

struct error *llm_too_large(void);

/*
 * What a service says went wrong, in the body of an answer or in an event:
 * {"error": {"message", "type", "code"}} and what else there is. `status` is
 * that of HTTP; 200 within a stream. Decides whether trying again may help.
 */
struct error *llm_refusal(int status, jv body);

#endif
