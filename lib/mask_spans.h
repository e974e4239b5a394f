/* SPDX-License-Identifier: MIT */
/*
 * The union of the intervals that matchers found in a text. Overlapping and
 * adjacent ones become one span, so that no order of matchers, and no order
 * of matches, changes the output. For the files mask*.c only.
 */
#ifndef MASK_SPANS_H
#define MASK_SPANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mask_span {
	size_t start, end;
	/* Whose label it gets: of the intervals that begin at `start`, the
	 * longest one's, then the value that was added first. */
	size_t first_end;
	uint32_t value;
	/* A JSON number: what replaces it needs a quote, and this many
	 * characters with the backslashes before it. Else 0. */
	unsigned quotes;
};

struct mask_spans {
	struct mask_span *items; /* sorted and apart after _finish() */
	size_t n, capacity;
	bool unsorted;
	size_t floor; /* what ends before is not added any more */
};

void mask_spans_add(
    struct mask_spans *spans, size_t start, size_t end, uint32_t value);
void mask_spans_add_number(struct mask_spans *spans, size_t start, size_t end,
    uint32_t value, unsigned quotes);
/* Adds those that end behind `from`, as places in a text that begins there. */
void mask_spans_add_all(
    struct mask_spans *spans, const struct mask_spans *others, size_t from);
/* The quote of a span, as a text; "" for most. */
const char *mask_span_quote(const struct mask_span *span);
void mask_spans_finish(struct mask_spans *spans);
void mask_spans_clear(struct mask_spans *spans);
void mask_spans_release(struct mask_spans *spans);

#endif
