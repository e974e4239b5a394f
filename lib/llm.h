/* SPDX-License-Identifier: MIT */
/*
 * Asking a model: one request, tried again where that may help (nr-llm(1)).
 *
 *   tried again   no connection, a reset, silence (before the first byte, and
 *                 between bytes); 408, 409, 425, 429 and 5xx, after the pause
 *                 that the service asks for; an error told within a stream
 *                 that may pass; an answer that breaks off, is broken JSON,
 *                 or is empty
 *   never         400, 402, 404 and other 4xx; a quota that is used up; 401
 *                 and 403, which are SecurityErrors; an answer that is no
 *                 model's (a page in HTML), or too large; an answer that was
 *                 cut or filtered before its first word
 *
 * All of it ends at a deadline; that is a TimeoutError. An answer that has
 * calls whose arguments are broken is an answer; it tells so.
 */
#ifndef LLM_H
#define LLM_H

#include <jv.h>
#include <stdbool.h>

#include "config.h"
#include "error.h"
#include "llm_answer.h"
#include "mask.h"
#include "secret.h"

/* The configuration keys that llm_open() reads, for a stage's list. */
#define LLM_KEYS                                                          \
	"llm.provider", "llm.model", "llm.endpoint", "llm.api_key_env",   \
	    "llm.max_tokens", "llm.timeout_seconds",                      \
	    "llm.first_byte_timeout_seconds", "llm.idle_timeout_seconds", \
	    "connect_timeout_seconds", "llm_retry_count", "llm.prices"

struct llm;

/*
 * By the configuration's llm.* keys. An unknown provider, and a key or a
 * model that is needed and missing, are ConfigErrors. `config` and `secrets`
 * must outlive it.
 */
struct error *llm_open(
    struct llm **llm, const struct config *config, struct secrets *secrets);
void llm_free(struct llm *llm);

/* What the text of answers is given to as it comes; NULL: nothing. */
void llm_set_sink(struct llm *llm, llm_text_sink *sink, void *context);
void llm_set_stream(struct llm *llm, bool stream); /* default: true */

/* The body that would be sent. */
jv llm_request_body(const struct llm *llm, jv request);
const char *llm_model(const struct llm *llm); /* NULL: unset */
const char *llm_url(const struct llm *llm);
const char *llm_key(const struct llm *llm); /* NULL: none */
/* Will it be known what an answer of the configured model costs? */
bool llm_tells_cost(const struct llm *llm);

/*
 * Asks. `request` is an object, borrowed: {messages, tools, ...}. `ends` is
 * on clock_monotonic(), 0: llm.timeout_seconds alone counts. *answer is:
 *   {message, finish_reason, id, model, usage: {input_tokens, output_tokens,
 *   cached_tokens, cache_write_tokens}, cost_usd, attempts,
 *   duration_seconds, first_byte_seconds, problems}
 * and jv_invalid() on an error.
 */
struct error *llm_ask(struct llm *llm, jv request, double ends, jv *answer);

#endif
