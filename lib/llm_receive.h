/* SPDX-License-Identifier: MIT */
/*
 * The body of an answer, as it comes from the network: a stream of events or
 * a whole JSON text, whatever was asked for and whatever its content type
 * says, as far as it can be told.
 */
#ifndef LLM_RECEIVE_H
#define LLM_RECEIVE_H

#include <stdbool.h>

#include "error.h"
#include "llm_wire.h"
#include "sse.h"

struct llm_receiver {
	const struct llm_wire *wire;
	struct llm_answer *answer;
	enum { LLM_BODY_UNKNOWN, LLM_BODY_EVENTS, LLM_BODY_WHOLE } kind;
	struct sse sse;
	struct buffer whole;
	size_t n_bytes, n_events;
};

/* `type` is the content type, "" for none. */
void llm_receiver_open(struct llm_receiver *receiver,
    const struct llm_wire *wire, struct llm_answer *answer, const char *type);
struct error *llm_receiver_write(
    struct llm_receiver *receiver, const char *bytes, size_t len);
/* The end of the body: is it an answer? See llm.h for what it may be. */
struct error *llm_receiver_end(struct llm_receiver *receiver);
void llm_receiver_release(struct llm_receiver *receiver);

#endif
