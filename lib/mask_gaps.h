/* SPDX-License-Identifier: MIT */
/*
 * Values that are printed with something in between: terminal colours, and
 * the line ends of wrapped base64 and hex. The text around such gaps is
 * searched a second time without them. For the files mask*.c only.
 */
#ifndef MASK_GAPS_H
#define MASK_GAPS_H

#include "mask_set.h"
#include "mask_spans.h"

/* Adds what is found to `spans`; returns the frontier, as mask_scan(). */
size_t mask_gaps_scan(const struct mask *mask, const char *text, size_t len,
    bool at_end, struct mask_spans *spans);

/* The end of the terminal colour sequence at `at`; `at` itself when there is
 * none; len + 1 when it is not all there yet. */
size_t mask_gaps_colour_end(const char *text, size_t len, size_t at);
/* Is the byte before `at` the last one of a terminal colour sequence? */
bool mask_gaps_colour_ends(const char *text, size_t at);

#endif
