/* SPDX-License-Identifier: MIT */
/*
 * What the document holds of the steps that were run: everything, as long as
 * it stays small; of the steps of a long playbook that went well, then, only
 * the essentials.
 */
#ifndef PLAYBOOK_RECORD_H
#define PLAYBOOK_RECORD_H

#include <jv.h>

#include "playbook_step.h"

struct playbook_record {
	jv results;
	size_t n_bytes; /* about as many, as text */
};

void playbook_record_init(struct playbook_record *record);
void playbook_record_release(struct playbook_record *record);

/* `phase` is "on_failure", "always", or NULL. */
struct error *playbook_record_outcome(struct playbook_record *record,
    const struct playbook_step *step, const char *phase,
    const struct playbook_outcome *outcome);
void playbook_record_skipped(struct playbook_record *record,
    const struct playbook_step *step, const char *phase, const char *reason);

#endif
