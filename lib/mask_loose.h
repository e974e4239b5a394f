/* SPDX-License-Identifier: MIT */
/*
 * Values whose characters are escaped one by one, some in one way, some in
 * another, and some not: what passed through several hands. The forms of
 * mask_forms.h have each encoding as a whole; here every mixture is a match.
 * For the files mask*.c only.
 */
#ifndef MASK_LOOSE_H
#define MASK_LOOSE_H

#include "mask_set.h"
#include "mask_spans.h"
#include "mask_swallow.h"

enum {
	MASK_MAX_LOOSE = 16, /* values; each costs a look at every end */
	MASK_LOOSE_REACH = 768,
};

/* Adds a value that has something to escape, unless there are too many. */
void mask_loose_add(
    struct mask_set *set, const char *bytes, size_t len, uint32_t value);

/* Covers the values around a core that was found at `core`; returns the
 * frontier. */
size_t mask_loose_cover(const struct mask_set *set,
    const struct mask_view *view, size_t core, struct mask_spans *spans);
/* What the end of the text may become, or was cut short of; returns the
 * frontier. */
size_t mask_loose_tail(const struct mask_set *set, const struct mask_view *view,
    struct mask_spans *spans);

#endif
