/* SPDX-License-Identifier: MIT */
/*
 * A pull request for the branch that a run has pushed, on the forge that
 * `pull_request` names. It is found, or made with the document's title, task
 * and summary; one that is there stays as it is. Everything is masked.
 *
 * The document gets `pull_request`: {url, number, created}.
 */
#ifndef PULL_REQUEST_H
#define PULL_REQUEST_H

#include "stage.h"

#define PULL_REQUEST_KEYS                                             \
	"pull_request", "pull_request_draft", "pull_request_api_url", \
	    "pull_request_token_env"

/* Does the configuration ask for one, and has the task come so far? */
bool pull_request_is_due(const struct stage *stage);

/* Until `ends`, on clock_monotonic(). What cannot be done is one warning. */
void pull_request_open(struct stage *stage, double ends);

#endif
