/* SPDX-License-Identifier: MIT */
/*
 * How long a service asks to be left alone, in whichever header it says so:
 * retry-after-ms, Retry-After, x-ratelimit-reset, x-ratelimit-reset-requests
 * and -tokens, anthropic-ratelimit-*-reset.
 */
#ifndef LLM_PAUSE_H
#define LLM_PAUSE_H

#include <stdbool.h>

#include "http.h"

/* Seconds from now; 0: it does not say. At most an hour. */
double llm_pause(const struct http *http);

/* A time to reset: "2", "1m30.5s", "250ms", an epoch in seconds or in
 * milliseconds, or RFC 3339. Seconds from `now`; false: it is none. */
bool llm_parse_reset(double *seconds, const char *text, double now);

#endif
