/* SPDX-License-Identifier: MIT */
/*
 * The answer of a model while it comes in, in pieces or as a whole, whatever
 * the form it comes in.
 */
#ifndef LLM_ANSWER_H
#define LLM_ANSWER_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"

enum { LLM_MAX_ANSWER_BYTES = 32 * 1024 * 1024, LLM_MAX_CALLS = 256 };

struct llm_call {
	double index; /* by which the pieces of it are told apart */
	char *id, *name;
	struct buffer arguments;
};

/* Tokens; the input includes what was cached and what went into the cache. */
struct llm_usage {
	bool known;
	double input, output, cached, cache_write;
	double cost; /* as the service told it; negative: it did not */
};

/* Gets the text of the answer as it comes. */
typedef void llm_text_sink(void *context, const char *text, size_t len);

struct llm_answer {
	char *id, *model;
	char *finish; /* "stop", "length", "tool_calls", "content_filter"; NULL:
	               * it did not come to that */
	bool ended;   /* the mark of the end was there */
	struct buffer text, reasoning;
	/* Blocks that Anthropic wants to have back as they are; the last one
	 * is without what stands in these buffers while it comes in. */
	jv thinking;
	struct buffer thought, signature;
	size_t thinking_bytes; /* of all of it */
	struct llm_call *calls;
	size_t n_calls;
	struct llm_usage usage;
	llm_text_sink *sink; /* NULL: none */
	void *context;
};

void llm_answer_init(
    struct llm_answer *answer, llm_text_sink *sink, void *context);
void llm_answer_release(struct llm_answer *answer);

/* Copies a text that is there; what came last counts. */
void llm_answer_set(char **member, const char *text);
/* False: the answer is larger than allowed. */
bool llm_answer_add_text(struct llm_answer *answer, const char *text);
bool llm_answer_add_reasoning(struct llm_answer *answer, const char *text);

/* A block of thinking, what is added to the last one, and its end, which may
 * come again. `block` is borrowed. */
bool llm_answer_begin_thinking(struct llm_answer *answer, jv block);
bool llm_answer_extend_thinking(
    struct llm_answer *answer, const char *thought, const char *signature);
void llm_answer_end_thinking(struct llm_answer *answer);

/*
 * The call that a piece belongs to; a new one if need be. index < 0: the
 * piece does not tell. `id` and `name` may be NULL or "". NULL: too many.
 */
struct llm_call *llm_answer_call(
    struct llm_answer *answer, double index, const char *id, const char *name);

/*
 * {role, content, tool_calls?, reasoning?, thinking?}: what the next request
 * has among its messages. *problems is an array of what is wrong with calls.
 */
jv llm_answer_message(const struct llm_answer *answer, jv *problems);

/* Is this text the JSON of an object? The value is the caller's. */
bool llm_parse_arguments(jv *arguments, const char *text, size_t len);

#endif
