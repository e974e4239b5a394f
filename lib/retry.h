/* SPDX-License-Identifier: MIT */
/*
 * Retries: exponential from 1 s by 2 up to 60 s, with jitter (half to whole
 * of the delay), a server's Retry-After as the minimum, never past the
 * deadline. One layer only: what is called inside a retry does not retry.
 */
#ifndef RETRY_H
#define RETRY_H

#include <stdbool.h>

#include "error.h"

struct retry {
	const char *what;     /* for the event: "fetch" */
	int max_retries;      /* after the first attempt */
	int n_retries;        /* made so far */
	double ends;          /* on clock_monotonic(); 0: no deadline */
	double after_seconds; /* Retry-After of the last failure; 0: none */
};

/*
 * After a failure: waits and returns true if another attempt is due. Returns
 * false at once if the error is not retryable, the retries are used up, the
 * deadline would pass, or the runner is cancelled. Every wait is an event
 * (`retry`) with attempt, delay and reason. The error stays the caller's.
 */
bool retry_wait(struct retry *retry, const struct error *error);

/* Waits for so long, or until the runner is cancelled: false. */
bool retry_pause(double seconds);

#endif
