/* SPDX-License-Identifier: MIT */
/*
 * What a mask covers in a text. Pure: the result depends on the bytes alone,
 * and on no more than MASK_CONTEXT of them before a match, so a stream gets
 * the same answer as a whole text. Every kind of matcher adds its intervals
 * to the same union. For the files mask*.c only.
 */
#ifndef MASK_SCAN_H
#define MASK_SCAN_H

#include "mask_set.h"
#include "mask_spans.h"

enum { MASK_CONTEXT = 2048 };

/*
 * Adds to `spans` what is covered, and finishes them. Returns the frontier:
 * what lies before it is decided, whatever follows the text. With `at_end`
 * nothing follows, a value cut short is covered, and all is decided.
 */
size_t mask_scan(const struct mask *mask, const char *text, size_t len,
    bool at_end, struct mask_spans *spans);

/*
 * The start of a match, moved left out of an escape: over all backslashes
 * before it, and out of a \uXXXX, so that none is torn.
 */
size_t mask_escape_left(const char *text, size_t start);
/* The end of a match, moved right over what belongs to it: the rest of a long
 * value, a base64 digit that shares bits with it, a torn escape. */
size_t mask_extend_right(const struct mask *mask, const struct mask_form *form,
    const char *text, size_t len, size_t start, size_t end);

#endif
