/* SPDX-License-Identifier: MIT */
/*
 * What the rules of a mask cover in a text that comes in pieces. Its state
 * is of fixed size, but for the spans that could not leave yet. For the files
 * mask*.c only.
 */
#ifndef MASK_RULES_SCAN_H
#define MASK_RULES_SCAN_H

#include "mask_match.h"

/* Of each kind, with each set, or quote and depth, one. */
enum { MASK_MAX_SWALLOWS = 64 };

struct mask_rules_scan {
	const struct mask_rules *rules;
	size_t resume; /* anchors before are decided */
	struct mask_swallow swallows[MASK_MAX_SWALLOWS];
	uint64_t used;
	struct mask_spans spans;
};

/*
 * Goes on: the text has grown to `len` bytes. scan->spans has what is covered
 * and was not forgotten. Returns the frontier, as mask_scan().
 */
size_t mask_rules_scan(
    struct mask_rules_scan *scan, const char *text, size_t len, bool at_end);
/* Spans that end before `end` are no longer needed. */
void mask_rules_scan_forget(struct mask_rules_scan *scan, size_t end);
/* The text has lost so many bytes at its beginning. */
void mask_rules_scan_shift(struct mask_rules_scan *scan, size_t dropped);
/* For the next text. */
void mask_rules_scan_reset(struct mask_rules_scan *scan);
void mask_rules_scan_release(struct mask_rules_scan *scan);

#endif
