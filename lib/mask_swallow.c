/* SPDX-License-Identifier: MIT */
#include "mask_swallow.h"

#include "mask_bytes.h"
#include "memory.h"

enum { MAX_BLANKS = 16 };

static bool
is_in(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

size_t
mask_backslashes(const struct mask_view *view, size_t at)
{
	size_t n = 0;

	while (at + n < view->len && view->text[at + n] == '\\' &&
	    n <= MASK_MAX_BACKSLASHES)
		n++;
	return n;
}

bool
mask_quote_closes(size_t run, unsigned depth, size_t *own)
{
	for (unsigned level = depth + 1; level-- > 0;) {
		*own = ((size_t)1 << level) - 1;
		if (run % ((size_t)2 << level) == *own)
			return true;
	}
	return false;
}

enum mask_answer
mask_quote_ends_json(const struct mask_view *view, size_t at)
{
	size_t after = at + 1;

	while (after < view->len && after - at <= MAX_BLANKS &&
	    is_in(view->text[after], " \t"))
		after++;
	if (after == view->len)
		return view->at_end ? MASK_YES : MASK_UNDECIDED;
	if (after - at > MAX_BLANKS)
		return MASK_YES;
	return is_in(view->text[after], ",:}]\r\n\\") ? MASK_YES : MASK_NO;
}

/* The end of a run of backslashes that belongs to a value; 0: they belong to
 * what follows, as in \n or \". */
static size_t
escaped_step(const struct mask_view *view, size_t at, bool *undecided)
{
	size_t n = mask_backslashes(view, at);

	if (n > MASK_MAX_BACKSLASHES)
		return 0;
	if (at + n == view->len) {
		*undecided = !view->at_end;
		return 0;
	}
	if (is_in(view->text[at + n], "nrtbfu/") ||
	    mask_ends_unquoted(view->text[at + n]))
		return 0;
	return n + 1;
}

size_t
mask_unquoted_step(const struct mask_view *view, size_t at, bool *undecided)
{
	if (at == view->len) {
		*undecided = !view->at_end;
		return 0;
	}
	if (view->text[at] == '\\')
		return escaped_step(view, at, undecided);
	return mask_ends_unquoted(view->text[at]) ? 0 : 1;
}

/* As far as plain characters of an unquoted value go. */
static size_t
skip_plain(const struct mask_view *view, size_t at)
{
	while (at < view->len && view->text[at] != '\\' &&
	    !mask_ends_unquoted(view->text[at]))
		at++;
	return at;
}

static size_t
line_step(const struct mask_view *view, size_t at, bool *undecided)
{
	char c;

	if (at == view->len) {
		*undecided = !view->at_end;
		return 0;
	}
	c = view->text[at];
	if (c == '\\')
		return escaped_step(view, at, undecided);
	return is_in(c, "\"'`") ||
		(mask_ends_unquoted(c) && (unsigned char)c < ' ')
	    ? 0
	    : 1;
}

/* A slash with backslashes before it, as PHP writes it in JSON, is a slash. */
static size_t
set_step(const struct mask_view *view, size_t at, bool *undecided)
{
	size_t n = mask_backslashes(view, at);

	if (n == 0 || n > MASK_MAX_BACKSLASHES)
		return 0;
	if (at + n == view->len) {
		*undecided = !view->at_end;
		return 0;
	}
	return view->text[at + n] == '/' ? n + 1 : 0;
}

static void
cover(const struct mask_swallow *swallow, size_t end, struct mask_spans *spans)
{
	if (end > swallow->start)
		mask_spans_add(spans, swallow->start, end, swallow->value);
}

static size_t
close_at(struct mask_swallow *swallow, size_t at)
{
	swallow->open = false;
	swallow->at = at;
	return SIZE_MAX;
}

static size_t
swallow_set(struct mask_swallow *swallow, const struct mask_rules *rules,
    const struct mask_view *view, bool *undecided)
{
	size_t at = swallow->at;
	uint16_t bit = (uint16_t)(1U << swallow->set);

	for (;;) {
		size_t n;

		while (at < view->len &&
		    (rules->members[(unsigned char)view->text[at]] & bit) != 0)
			at++;
		if (at == view->len) {
			*undecided = !view->at_end;
			return at;
		}
		if (view->text[at] != '\\' ||
		    !mask_rules_member(rules, swallow->set, '/'))
			return at;
		n = set_step(view, at, undecided);
		if (n == 0)
			return at;
		at += n;
	}
}

/* As far as the steps go. */
static size_t
swallow_steps(const struct mask_swallow *swallow, const struct mask_view *view,
    bool *undecided)
{
	size_t at = swallow->at, n = 1;

	while (n > 0) {
		if (swallow->kind == SWALLOW_LINE) {
			n = line_step(view, at, undecided);
		} else {
			at = skip_plain(view, at);
			n = mask_unquoted_step(view, at, undecided);
		}
		at += n;
	}
	return at;
}

static size_t
swallow_userinfo(const struct mask_swallow *swallow,
    const struct mask_view *view, bool *undecided)
{
	size_t at = swallow->at;

	while (at < view->len && !mask_ends_userinfo(view->text[at]))
		at++;
	*undecided = at == view->len && !view->at_end;
	return at;
}

static bool
is_special(char c, char quote)
{
	return c == quote || c == '\\' || c == '\n' || c == '"';
}

/*
 * The end of a quoted value. A newline ends it, too; and so does, in single
 * quotes, a double one that ends a JSON string around it.
 */
static size_t
swallow_quoted(struct mask_swallow *swallow, const struct mask_view *view,
    struct mask_spans *spans)
{
	const char *text = view->text;
	size_t at = swallow->at, own = 0;
	enum mask_answer closed = MASK_NO;

	while (at < view->len && closed == MASK_NO) {
		char c = text[at];

		if (!is_special(c, swallow->quote)) {
			swallow->run = 0;
			at++;
			continue;
		}
		if (c == '\\') {
			swallow->run++;
			at++;
			continue;
		}
		if (c == '\n')
			closed = MASK_YES;
		else if (c == swallow->quote)
			closed = mask_quote_closes(
			    swallow->run, swallow->depth, &own);
		else
			closed = mask_quote_ends_json(view, at);
		if (closed == MASK_YES && c == '"' && c != swallow->quote)
			own = swallow->run < MASK_MAX_BACKSLASHES
			    ? swallow->run
			    : MASK_MAX_BACKSLASHES;
		if (closed == MASK_NO) {
			swallow->run = 0;
			at++;
		}
	}
	if (closed == MASK_YES || view->at_end) {
		cover(swallow, at - own, spans);
		return close_at(swallow, at);
	}
	/* Backslashes may belong to the quote that follows. */
	own = swallow->run < MASK_MAX_BACKSLASHES ? swallow->run
						  : MASK_MAX_BACKSLASHES;
	swallow->at = at;
	cover(swallow, at - own, spans);
	return at - own;
}

size_t
mask_swallow(struct mask_swallow *swallow, const struct mask_rules *rules,
    const struct mask_view *view, struct mask_spans *spans)
{
	bool undecided = false;
	size_t at;

	switch (swallow->kind) {
	case SWALLOW_QUOTED:
		return swallow_quoted(swallow, view, spans);
	case SWALLOW_PEM:
		return mask_swallow_pem(swallow, view, spans);
	case SWALLOW_MEMBERS:
		return mask_swallow_members(swallow, view, spans);
	case SWALLOW_SET:
		at = swallow_set(swallow, rules, view, &undecided);
		break;
	case SWALLOW_USERINFO:
		at = swallow_userinfo(swallow, view, &undecided);
		break;
	case SWALLOW_UNQUOTED:
	case SWALLOW_LINE:
	default:
		at = swallow_steps(swallow, view, &undecided);
		break;
	}
	cover(swallow, at, spans);
	swallow->at = at;
	swallow->open = undecided;
	return undecided ? at : SIZE_MAX;
}
