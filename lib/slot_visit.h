/* SPDX-License-Identifier: MIT */
/*
 * While commands of the project have the slot: its settings are noted, and
 * put back afterwards, whatever becomes of this process (slot_guard.h,
 * slot_record.h).
 */
#ifndef SLOT_VISIT_H
#define SLOT_VISIT_H

#include <stdbool.h>

#include "error.h"
#include "slot_guard.h"

struct slot_visit {
	const char *workspace; /* borrowed */
	struct slot_guard *guard;
	bool kept; /* a record of our own */
};

struct error *slot_visit_begin(struct slot_visit *visit, const char *workspace);
/* `who` changed something, for a warning: "the tests". */
struct error *slot_visit_end(struct slot_visit *visit, const char *who);

#endif
