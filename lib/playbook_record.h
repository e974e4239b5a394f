/* SPDX-License-Identifier: MIT */
/*
 * What the document holds of the steps that were run: everything, as long as
 * it stays small; of the steps of a long playbook that went well, then, only
 * the essentials.
 */
#ifndef PLAYBOOK_RECORD_H
#define PLAYBOOK_RECORD_H

#include <jv.h>

#include "buffer.h"
#include "playbook_step.h"

/* They are kept as text, which takes a tenth of the room. */
struct playbook_record {
	struct buffer text; /* each with a newline behind it */
	size_t *offsets;    /* of each in the text */
	size_t n;
};

void playbook_record_init(struct playbook_record *record);
void playbook_record_release(struct playbook_record *record);

/* `phase` is "on_failure", "always", or NULL. */
struct error *playbook_record_outcome(struct playbook_record *record,
    const struct playbook_step *step, const char *phase,
    const struct playbook_outcome *outcome);
/* The nth, for junit_write_each(). */
jv playbook_record_get(void *record, size_t n);
/* All of them as a JSON array; the caller frees. */
char *playbook_record_text(const struct playbook_record *record);
void playbook_record_skipped(struct playbook_record *record,
    const struct playbook_step *step, const char *phase, const char *reason);

#endif
