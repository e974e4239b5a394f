/* SPDX-License-Identifier: MIT */
/*
 * A small coding agent: a model, tools, and limits to both; see nr-agent(1).
 *
 * What happens is told as it happens, a JSON object for each event, through
 * `tell`: the start, every message, the result of every call, the end.
 */
#ifndef CODER_H
#define CODER_H

#include <jv.h>
#include <stdbool.h>

#include "error.h"
#include "llm.h"
#include "stage.h"

/* What the configuration says; 0: no limit. */
struct coder_limits {
	double steps; /* requests to the model */
	double tokens, cost_usd, seconds;
	double errors; /* calls that fail, one after another */
	double command_seconds;
	size_t output_bytes;  /* of a call, shown to the model */
	size_t context_bytes; /* of the conversation */
};

struct coder {
	const struct stage *stage; /* configuration and mask */
	struct llm *llm;
	const char
	    *workspace; /* a resolved path; it is the current directory */
	struct coder_limits limits;
	struct error *(*tell)(const struct coder *coder, jv event);

	jv messages;          /* the conversation */
	size_t text_bytes;    /* of it, as JSON */
	double started, ends; /* on clock_monotonic(); 0: no limit */
	double n_steps, input_tokens, output_tokens, cached_tokens;
	bool tokens_unknown; /* of an answer, at least */
	double cost_usd;     /* negative: not known */
	double n_errors;     /* calls that failed since the last that did not */
	const char *outcome; /* the word for the end */
	char *text;          /* what the model said last */
};

struct coder_limits coder_read_limits(const struct config *config);

/*
 * Works on the prompt until the model makes no more calls. What ends it
 * before that is an error: a limit is an ImplementationError, that of time a
 * TimeoutError.
 */
struct error *coder_work(struct coder *coder, const char *prompt);

/* Asks once for {"code_changes", "explanation"}, and applies all or none. */
struct error *coder_work_once(struct coder *coder, const char *prompt);

/* The last event; `error` may be NULL. */
struct error *coder_tell_end(
    const struct coder *coder, const struct error *error);
void coder_release(struct coder *coder);

/* --- Between the parts of it --- */

/* One request, counted and told; within the limits. */
struct error *coder_ask(struct coder *coder, jv request, jv *answer);
struct error *coder_tell_message(const struct coder *coder, jv message);

/* The tools as a request has them. */
jv coder_tools(void);

/*
 * Does what a call asks for; *text is for the model, and the caller's. A call
 * that fails is no error: *success tells. An error ends the work.
 */
struct error *coder_call(const struct coder *coder, const char *name,
    const char *arguments, bool *success, char **text);

/* A program of the workspace's, supervised; text and success as above. */
struct error *coder_run(const struct coder *coder, char *const *argv,
    double timeout_seconds, bool *success, char **text);

/* The text, its middle left out if it is longer than the model is shown; no
 * NULs, valid UTF-8 as far as jv makes it so. The caller frees. */
char *coder_excerpt(const struct coder *coder, const char *bytes, size_t len);

/* Checks all changes of an answer, then makes them. */
struct error *coder_apply(const char *workspace, jv changes);

#endif
