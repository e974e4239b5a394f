/* SPDX-License-Identifier: MIT */
/* A glance at the bytes around an anchor. It takes nearly all the words of
 * prose and code out; what it lets pass is decided by mask_match(). */
#include "mask_match.h"

#include "mask_bytes.h"
#include "mask_gaps.h"
#include "memory.h"

static bool
is_in(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

/* An escape that stands for one character: \n, %3D, \u003d, a colour. */
static bool
is_escape_before(const char *text, size_t start)
{
	size_t n = 0;

	if (start >= 2 && text[start - 2] == '\\' &&
	    is_in(text[start - 1], "nrtbf"))
		return true;
	while (n < 4 && n < start && mask_is_hex(text[start - n - 1]))
		n++;
	if (n >= 2 && start >= 3 && text[start - 3] == '%')
		return true;
	if (n == 4 && start >= 6 && text[start - 5] == 'u' &&
	    text[start - 6] == '\\')
		return true;
	/* Before the letter of a colour stands a number or a bracket. */
	return start >= 3 &&
	    (mask_is_digit(text[start - 2]) ||
		is_in(text[start - 2], "[;:?")) &&
	    mask_gaps_colour_ends(text, start);
}

/* A mask is what is left of something that was no boundary, so that masking
 * twice is masking once. */
static bool
is_boundary(const char *text, size_t start)
{
	if (start == 0)
		return true;
	if (text[start - 1] == '*')
		return start < 3 || memcmp(text + start - 3, "***", 3) != 0;
	return !mask_is_alphanumeric(text[start - 1]) ||
	    is_escape_before(text, start);
}

static bool
may_match(const struct mask_view *view, const struct mask_hit *hit)
{
	const char *text = view->text;

	switch ((enum mask_rule_kind)hit->anchor->kind) {
	case RULE_TOKEN:
	case RULE_SCHEME:
	case RULE_JWT:
		return is_boundary(text, hit->start);
	case RULE_URL:
		return hit->start > 0 &&
		    mask_is_alphanumeric(text[hit->start - 1]);
	case RULE_KEY:
	case RULE_HEADER:
	case RULE_PEM:
	case RULE_LOGIN:
		break;
	}
	return true;
}

/* Can this be a name that has a value: does more of a name follow, a quote, or
 * a separator? There is no branch: what comes next in a text is not guessed. */
static inline bool
may_be_name(const struct mask_view *view, const struct mask_hit *hit)
{
	const char *text = view->text;
	size_t end = hit->start + hit->anchor->len;
	unsigned before, first, second;

	if (hit->start == 0 || end + 2 >= view->len)
		return true;
	end += (text[end] | 32) == 's';
	before = mask_kinds[(unsigned char)text[hit->start - 1]];
	first = mask_kinds[(unsigned char)text[end]];
	second = mask_kinds[(unsigned char)text[end + 1]];
	/* An option, as --api-token, needs no separator. */
	second |= (before & (MASK_NAME | MASK_DOT)) != 0 ? MASK_BLANK : 0;
	return ((first & (MASK_MORE | MASK_QUOTE | MASK_SEPARATOR)) != 0) |
	    (((first & MASK_BLANK) != 0) &
		((second & (MASK_BLANK | MASK_SEPARATOR)) != 0));
}

static inline bool
has_name(const struct mask_hit *hit)
{
	return (hit->anchor->kind == RULE_KEY) |
	    (hit->anchor->kind == RULE_HEADER);
}

size_t
mask_glance(const struct mask_view *view, struct mask_hit *hits, size_t n)
{
	size_t names = 0, kept = 0;

	for (size_t i = 0; i < n; i++) {
		struct mask_hit hit = hits[i];

		hits[names] = hit;
		names += !has_name(&hit) | may_be_name(view, &hit);
	}
	for (size_t i = 0; i < names; i++) {
		hits[kept] = hits[i];
		kept += may_match(view, &hits[i]);
	}
	return kept;
}
