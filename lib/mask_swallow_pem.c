/* SPDX-License-Identifier: MIT */
/* The lines of a private key: of each its base64, whatever a logger put
 * before it. */
#include "mask_swallow.h"

#include "memory.h"

enum {
	MAX_KEY = 65536,
	MIN_LINE = 16,   /* base64 of this length is a line of a key */
	MAX_BLANKS = 16, /* at the end of a line */
	/* What is known of the line: */
	AFTER_LINE = 1, /* the line before it was one of a key */
	HAS_LINE = 2,   /* what stands last on it is a line of a key */
	HAS_WORD = 4,   /* something stands on it */
};

static bool
is_base64(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	    (c >= '0' && c <= '9') || c == '+' || c == '/' || c == '=';
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Does the line, or the key, end here? */
static enum mask_answer
ends_line(const struct mask_view *view, size_t at)
{
	size_t start = at;

	while (at < view->len && at - start < MAX_BLANKS &&
	    is_blank(view->text[at]))
		at++;
	if (at == view->len)
		return view->at_end ? MASK_YES : MASK_UNDECIDED;
	return view->text[at] != '\0' &&
		strchr("\r\n\\\"'-", view->text[at]) != NULL
	    ? MASK_YES
	    : MASK_NO;
}

/* How long the next digit of base64 is: a slash may have backslashes before
 * it, in JSON. 0: there is none; *undecided: or not yet. */
static size_t
digit(const struct mask_view *view, size_t at, bool *undecided)
{
	size_t n = mask_backslashes(view, at);

	if (n > MASK_MAX_BACKSLASHES)
		return 0;
	if (at + n == view->len) {
		*undecided = !view->at_end;
		return 0;
	}
	if (n > 0)
		return view->text[at + n] == '/' ? n + 1 : 0;
	return is_base64(view->text[at]) ? 1 : 0;
}

/* The base64 of a long line; false: the text ended first. */
static bool
swallow_line(struct mask_swallow *swallow, const struct mask_view *view,
    struct mask_spans *spans)
{
	size_t at = swallow->at, n = 1;
	bool undecided = false;

	while (n > 0) {
		while (at < view->len && is_base64(view->text[at]))
			at++;
		n = digit(view, at, &undecided);
		at += n;
	}
	if (at > swallow->at)
		mask_spans_add(spans, swallow->at, at, swallow->value);
	swallow->at = at;
	if (undecided)
		return false;
	swallow->inside = false;
	swallow->level |= HAS_LINE | HAS_WORD;
	return true;
}

static void
end_word(struct mask_swallow *swallow, size_t len)
{
	swallow->at += len;
	swallow->level = (swallow->level & ~(uint32_t)HAS_LINE) | HAS_WORD;
}

/* A short run of base64 is masked as the last line of a key only. */
static enum mask_answer
take_word(struct mask_swallow *swallow, const struct mask_view *view,
    struct mask_spans *spans)
{
	size_t end = swallow->at, n = 1, digits = 0;
	enum mask_answer last = MASK_NO;
	bool undecided = false;

	while (n > 0 && digits < MIN_LINE) {
		n = digit(view, end, &undecided);
		end += n;
		digits += n > 0;
	}
	if (digits == MIN_LINE) {
		swallow->inside = true;
		return MASK_YES;
	}
	if (undecided)
		return MASK_UNDECIDED;
	if (swallow->level & (AFTER_LINE | HAS_LINE))
		last = ends_line(view, end);
	if (last == MASK_YES)
		mask_spans_add(spans, swallow->at, end, swallow->value);
	if (last == MASK_UNDECIDED)
		return MASK_UNDECIDED;
	end_word(swallow, end - swallow->at);
	return MASK_YES;
}

static void
end_line(struct mask_swallow *swallow, size_t len)
{
	swallow->at += len;
	if (swallow->level & HAS_LINE)
		swallow->level = AFTER_LINE;
	else if (swallow->level & HAS_WORD)
		swallow->level = 0;
}

static bool
take_dashes(struct mask_swallow *swallow, const struct mask_view *view)
{
	static const char begin[] = "-----BEGIN", end[] = "-----END";
	const char *text = view->text + swallow->at;
	size_t left = view->len - swallow->at;
	size_t n = left < strlen(begin) ? left : strlen(begin);
	size_t m = left < strlen(end) ? left : strlen(end);

	if (memcmp(text, end, m) == 0) {
		if (m == strlen(end))
			swallow->open = false;
		return m == strlen(end);
	}
	if (memcmp(text, begin, n) != 0) {
		end_word(swallow, 1);
		return true;
	}
	if (n < strlen(begin))
		return false;
	swallow->limit = swallow->at + MAX_KEY;
	swallow->level = 0;
	swallow->at += n;
	return true;
}

/* An escaped line end, or the quote that ends the text around the key. */
static bool
take_escape(struct mask_swallow *swallow, const struct mask_view *view)
{
	size_t n = mask_backslashes(view, swallow->at);
	char c;

	if (n > MASK_MAX_BACKSLASHES) {
		swallow->open = false;
		return true;
	}
	if (swallow->at + n == view->len)
		return false;
	c = view->text[swallow->at + n];
	if (c == 'u' && swallow->at + n + 5 > view->len)
		return false;
	if (c == '"' || c == '\'')
		swallow->open = false;
	else if (c == 'n' || c == 'r')
		end_line(swallow, n + 1);
	else if (c == 'u')
		end_word(swallow, n + 5);
	else
		swallow->at += n + (c == 't' || c == 'b' || c == 'f');
	return true;
}

/* The next piece; false: the text ended first. */
static bool
take_other(struct mask_swallow *swallow, const struct mask_view *view)
{
	switch (view->text[swallow->at]) {
	case '-':
		return take_dashes(swallow, view);
	case '\\':
		return take_escape(swallow, view);
	case '"':
	case '\'':
	case '{':
	case '}':
		swallow->open = false;
		return true;
	case '\r':
	case '\n':
		end_line(swallow, 1);
		return true;
	case ' ':
	case '\t':
		swallow->at++;
		return true;
	default:
		end_word(swallow, 1);
		return true;
	}
}

size_t
mask_swallow_pem(struct mask_swallow *swallow, const struct mask_view *view,
    struct mask_spans *spans)
{
	bool more = true;

	if (swallow->limit == 0)
		swallow->limit = swallow->start + MAX_KEY;
	while (more && swallow->open && swallow->at < view->len) {
		if (swallow->at >= swallow->limit) {
			swallow->open = false;
		} else if (swallow->inside) {
			more = swallow_line(swallow, view, spans);
			if (!more)
				return swallow->at;
		} else if (is_base64(view->text[swallow->at])) {
			if (take_word(swallow, view, spans) == MASK_UNDECIDED)
				return swallow->at;
		} else {
			more = take_other(swallow, view);
		}
	}
	if (view->at_end)
		swallow->open = false;
	return SIZE_MAX;
}
