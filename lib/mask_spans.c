/* SPDX-License-Identifier: MIT */
#include "mask_spans.h"

#include "memory.h"

enum { MAX_LOOK_BACK = 64 };

static bool
touch(const struct mask_span *a, const struct mask_span *b)
{
	return a->start <= b->end && b->start <= a->end;
}

/* Does the label of `a` go before that of `b`? */
static bool
goes_first(const struct mask_span *a, const struct mask_span *b)
{
	if (a->start != b->start)
		return a->start < b->start;
	if (a->first_end != b->first_end)
		return a->first_end > b->first_end;
	return a->value < b->value;
}

static void
merge(struct mask_span *into, const struct mask_span *other)
{
	size_t end = other->end > into->end ? other->end : into->end;
	size_t start = other->start < into->start ? other->start : into->start;
	/* A number stands alone between its neighbours; together with
	 * anything outside of it it is none. */
	unsigned quotes = 0;

	if (into->start == start && into->end == end)
		quotes = into->quotes;
	if (other->start == start && other->end == end &&
	    other->quotes > quotes)
		quotes = other->quotes;

	if (goes_first(other, into))
		*into = *other;
	into->end = end;
	into->quotes = quotes;
}

/* Has it been found before, a short time ago? */
static bool
is_covered(const struct mask_spans *spans, const struct mask_span *span)
{
	size_t i = spans->n;

	while (i > 0 && spans->n - i < MAX_LOOK_BACK &&
	    spans->items[i - 1].start > span->start)
		i--;
	if (i == 0 || spans->items[i - 1].end < span->end)
		return false;
	return spans->items[i - 1].start < span->start ||
	    (spans->items[i - 1].start == span->start &&
		spans->items[i - 1].value == span->value);
}

static void
add(struct mask_spans *spans, const struct mask_span *span)
{
	struct mask_span *last =
	    spans->n > 0 ? &spans->items[spans->n - 1] : NULL;

	if (span->end <= spans->floor)
		return;
	/* Matches come nearly in order: an input that is all matches must
	 * not make the list long. */
	if (last != NULL && touch(last, span)) {
		size_t start = last->start;

		merge(last, span);
		if (last->start < start && spans->n > 1)
			spans->unsorted = true;
		return;
	}
	if (last != NULL && span->start < last->start) {
		if (is_covered(spans, span))
			return;
		spans->unsorted = true;
	}
	if (spans->items == NULL || spans->n == spans->capacity) {
		spans->capacity = spans->n > 0 ? spans->n * 2 : 32;
		spans->items = xreallocarray(
		    spans->items, spans->capacity, sizeof *spans->items);
	}
	spans->items[spans->n++] = *span;
}

void
mask_spans_add(
    struct mask_spans *spans, size_t start, size_t end, uint32_t value)
{
	add(spans,
	    &(struct mask_span){
		.start = start, .end = end, .first_end = end, .value = value });
}

void
mask_spans_add_number(struct mask_spans *spans, size_t start, size_t end,
    uint32_t value, unsigned quotes)
{
	add(spans,
	    &(struct mask_span){ .start = start,
		.end = end,
		.first_end = end,
		.value = value,
		.quotes = quotes });
}

const char *
mask_span_quote(const struct mask_span *span)
{
	static const char longest[] = "\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\"";
	size_t len = sizeof longest - 1;

	return longest + len - (span->quotes < len ? span->quotes : len);
}

void
mask_spans_add_all(
    struct mask_spans *spans, const struct mask_spans *others, size_t from)
{
	for (size_t i = 0; i < others->n; i++) {
		struct mask_span span = others->items[i];

		if (span.end <= from)
			continue;
		span.start = span.start > from ? span.start - from : 0;
		span.end -= from;
		span.first_end =
		    span.first_end > from ? span.first_end - from : 0;
		add(spans, &span);
	}
}

static int
compare(const void *left, const void *right)
{
	const struct mask_span *a = left, *b = right;

	return (a->start > b->start) - (a->start < b->start);
}

void
mask_spans_finish(struct mask_spans *spans)
{
	size_t kept = 0;

	if (!spans->unsorted)
		return;
	qsort(spans->items, spans->n, sizeof *spans->items, compare);
	for (size_t i = 1; i < spans->n; i++) {
		if (touch(&spans->items[kept], &spans->items[i]))
			merge(&spans->items[kept], &spans->items[i]);
		else
			spans->items[++kept] = spans->items[i];
	}
	spans->n = kept + 1;
	spans->unsorted = false;
}

void
mask_spans_clear(struct mask_spans *spans)
{
	spans->n = 0;
	spans->unsorted = false;
}

void
mask_spans_release(struct mask_spans *spans)
{
	free(spans->items);
	*spans = (struct mask_spans){ 0 };
}
