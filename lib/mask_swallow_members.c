/* SPDX-License-Identifier: MIT */
/* The strings in a JSON array or object, but not the names of members. What
 * is no JSON ends it. */
#include "mask_swallow.h"

#include "memory.h"

enum { MAX_LEVEL = 64 };

/* What may stand between brackets and strings. */
static bool
is_scalar(char c)
{
	return c != '\0' && strchr("0123456789+-.eEtrufalsn \t\r\n", c) != NULL;
}

static void
close_here(struct mask_swallow *swallow)
{
	swallow->open = false;
}

static void
take_bracket(struct mask_swallow *swallow, char c)
{
	swallow->last = c;
	swallow->at++;
	if (c == '}' || c == ']') {
		swallow->level--;
		if (swallow->level == 0)
			close_here(swallow);
		return;
	}
	if (c == ',' || c == ':')
		return;
	swallow->level++;
	if (swallow->level == 0 || swallow->level > MAX_LEVEL)
		return;
	if (c == '{')
		swallow->objects |= UINT64_C(1) << (swallow->level - 1);
	else
		swallow->objects &= ~(UINT64_C(1) << (swallow->level - 1));
}

static bool
is_value(const struct mask_swallow *swallow)
{
	bool object = swallow->level > MAX_LEVEL || swallow->level == 0 ||
	    (swallow->objects >> (swallow->level - 1) & 1) != 0;

	return swallow->last == ':' || !object;
}

/* Backslashes: before a quote, or as a line end in JSON in JSON. */
static bool
take_escaped(struct mask_swallow *swallow, const struct mask_view *view)
{
	size_t n = mask_backslashes(view, swallow->at);
	char c;

	if (n > MASK_MAX_BACKSLASHES) {
		close_here(swallow);
		return true;
	}
	if (swallow->at + n == view->len)
		return false;
	c = view->text[swallow->at + n];
	if (c == '"' && n == ((size_t)1 << swallow->depth) - 1) {
		swallow->inside = true;
		swallow->at += n + 1;
		swallow->run = 0;
		swallow->limit = swallow->at;
	} else if (swallow->depth > 0 && (c == 'n' || c == 'r' || c == 't')) {
		swallow->at += n + 1;
	} else {
		close_here(swallow);
	}
	return true;
}

/* A string, whose inside begins at swallow->limit, up to its end. Returns the
 * frontier. */
static size_t
take_string(struct mask_swallow *swallow, const struct mask_view *view,
    struct mask_spans *spans)
{
	size_t at = swallow->at, own = 0;
	bool closed = false;

	for (; at < view->len && !closed; at++) {
		char c = view->text[at];

		if (c == '\\') {
			swallow->run++;
			continue;
		}
		if (c == '\n' ||
		    (c == '"' &&
			mask_quote_closes(swallow->run, swallow->depth, &own)))
			closed = true;
		if (!closed)
			swallow->run = 0;
	}
	at -= closed;
	swallow->at = at;
	if (!closed)
		own = swallow->run < MASK_MAX_BACKSLASHES
		    ? swallow->run
		    : MASK_MAX_BACKSLASHES;
	if (at - own > swallow->limit && is_value(swallow))
		mask_spans_add(spans, swallow->limit, at - own, swallow->value);
	if (!closed)
		return is_value(swallow) ? at - own : SIZE_MAX;
	if (view->text[at] == '\n' || own != ((size_t)1 << swallow->depth) - 1)
		close_here(swallow);
	swallow->inside = false;
	swallow->at++;
	return SIZE_MAX;
}

size_t
mask_swallow_members(struct mask_swallow *swallow, const struct mask_view *view,
    struct mask_spans *spans)
{
	size_t frontier = SIZE_MAX;
	bool more = true;

	while (more && swallow->open && swallow->at < view->len) {
		char c = view->text[swallow->at];

		if (swallow->inside)
			frontier = take_string(swallow, view, spans);
		else if (c == '"' || c == '\\')
			more = take_escaped(swallow, view);
		else if (c != '\0' && strchr("{}[],:", c) != NULL)
			take_bracket(swallow, c);
		else if (is_scalar(c))
			swallow->at++;
		else
			close_here(swallow);
	}
	if (view->at_end) {
		close_here(swallow);
		return SIZE_MAX;
	}
	return frontier;
}
