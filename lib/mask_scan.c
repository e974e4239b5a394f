/* SPDX-License-Identifier: MIT */
#include "mask_scan.h"

#include "mask_gaps.h"
#include "mask_index.h"
#include "mask_loose.h"
#include "mask_number.h"
#include "memory.h"

enum {
	MAX_BACKSLASHES = 64,
	MAX_LINE_PREFIX = 64, /* what a logger may put before each line */
	MAX_FOLLOWERS = 16,
	MAX_BLANKS = 16,
};

struct scan {
	const struct mask *mask;
	const char *text;
	size_t len;
	bool at_end;
	struct mask_spans *spans;
	size_t frontier;
};

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool
is_alphanumeric(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void
hold(struct scan *scan, size_t from)
{
	if (from < scan->frontier)
		scan->frontier = from;
}

size_t
mask_escape_left(const char *text, size_t start)
{
	size_t at = start, n = 0;

	while (at > 0 && start - at < 3 && is_hex(text[at - 1]))
		at--;
	for (size_t i = at; i <= start; i++) {
		if (i >= 2 && text[i - 1] == 'u' && text[i - 2] == '\\') {
			start = i - 2;
			break;
		}
	}
	while (start > 0 && n < MAX_BACKSLASHES && text[start - 1] == '\\') {
		start--;
		n++;
	}
	return start;
}

/* How many backslashes stand before `end`, down to `start`. */
static size_t
backslashes(const char *text, size_t start, size_t end)
{
	size_t n = 0;

	while (end > start && text[end - 1] == '\\') {
		end--;
		n++;
	}
	return n;
}

/* An escape that begins in the match and ends behind it is covered whole. */
static size_t
escape_right(const char *text, size_t len, size_t start, size_t end)
{
	size_t at = end;

	while (at > start && end - at < 6 && text[at - 1] != '\\')
		at--;
	if (at == start || text[at - 1] != '\\' ||
	    backslashes(text, start, at) % 2 == 0)
		return end;
	if (at == end) {
		if (end == len || text[end] == '\0' ||
		    strchr("\"\\/bfnrtu", text[end]) == NULL)
			return end;
		end++;
	}
	if (text[at] != 'u')
		return end;
	for (size_t i = at + 1; i < end; i++)
		if (!is_hex(text[i]))
			return end;
	while (end < len && end - at < 5 && is_hex(text[end]))
		end++;
	return end;
}

static int
base64_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (is_digit(c))
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	return c == '/' || c == '_' ? 63 : -1;
}

static size_t
extend_base64(
    const struct mask_form *form, const char *text, size_t len, size_t end)
{
	unsigned rest = 6U - form->shared_bits;
	int digit;

	if (end == len || (digit = base64_digit(text[end])) < 0 ||
	    (unsigned)digit >> rest != form->shared)
		return end;
	end++;
	for (int i = 0; i < 2 && end < len && text[end] == '='; i++)
		end++;
	return end;
}

size_t
mask_extend_right(const struct mask *mask, const struct mask_form *form,
    const char *text, size_t len, size_t start, size_t end)
{
	const char *rest = mask->set.bytes + form->offset + form->len;

	for (size_t i = 0; i < form->rest && end < len; i++) {
		if (text[end] != rest[i])
			break;
		end++;
	}
	if (form->shared_bits > 0)
		end = extend_base64(form, text, len, end);
	return escape_right(text, len, start, end);
}

/* "***" beside a value is what a mask left of its neighbour, which was no
 * boundary: masking twice must be masking once. */
static bool
boundary_before(const char *text, size_t start)
{
	char c;

	if (start == 0)
		return true;
	c = text[start - 1];
	if (start >= 3 && memcmp(text + start - 3, "***", 3) == 0)
		return false;
	if (!is_alphanumeric(c))
		return true;
	if (start >= 2 && text[start - 2] == '\\' && strchr("nrtbf", c) != NULL)
		return true;
	return mask_gaps_colour_ends(text, start);
}

enum answer { NO, YES, UNDECIDED };

static enum answer
boundary_after(const struct scan *scan, size_t end)
{
	size_t n = 0;

	if (end < scan->len && is_alphanumeric(scan->text[end]))
		return NO;
	while (n < 3 && end + n < scan->len && scan->text[end + n] == '*')
		n++;
	if (n == 3)
		return NO;
	return end + n < scan->len || scan->at_end ? YES : UNDECIDED;
}

static enum answer
ends_json_value(const struct scan *scan, size_t end)
{
	size_t at = end;

	while (
	    at < scan->len && at - end < MAX_BLANKS && is_blank(scan->text[at]))
		at++;
	if (at == scan->len)
		return scan->at_end ? YES : UNDECIDED;
	return scan->text[at] != '\0' &&
		strchr(",}]\r\n", scan->text[at]) != NULL
	    ? YES
	    : NO;
}

/* Is there a fraction before or after, so that it is another number? */
static enum answer
has_fraction(const struct scan *scan, size_t start, size_t end)
{
	const char *text = scan->text;

	if (start >= 2 && text[start - 1] == '.' && is_digit(text[start - 2]))
		return YES;
	if (end == scan->len || text[end] != '.')
		return NO;
	if (end + 1 == scan->len)
		return scan->at_end ? NO : UNDECIDED;
	return is_digit(text[end + 1]) ? YES : NO;
}

/* A number that is masked where JSON has one becomes a string. */
static void
found_number(struct scan *scan, const struct mask_form *form, size_t start)
{
	size_t end = start + form->len;
	bool negative = start > 0 && scan->text[start - 1] == '-';
	unsigned quotes = mask_number_quotes(scan->text, start - negative);
	enum answer other = has_fraction(scan, start, end);
	enum answer ends = quotes > 0 ? ends_json_value(scan, end) : NO;

	/* As with a fraction, a minus makes it another number. */
	if (other == YES || (negative && ends == YES))
		return;
	if (other == UNDECIDED || ends == UNDECIDED)
		hold(scan, mask_escape_left(scan->text, start));
	else if (ends == YES)
		mask_spans_add_number(
		    scan->spans, start, end, form->value, quotes);
	else
		mask_spans_add(scan->spans, mask_escape_left(scan->text, start),
		    end, form->value);
}

static void
found_word(struct scan *scan, const struct mask_form *form, size_t start)
{
	size_t end = start + form->len;
	size_t left = mask_escape_left(scan->text, start);
	enum answer after;

	if (!boundary_before(scan->text, start))
		return;
	after = boundary_after(scan, end);
	if (after == UNDECIDED)
		hold(scan, left);
	else if (after == YES && (form->flags & MASK_NUMBER) != 0)
		found_number(scan, form, start);
	else if (after == YES)
		mask_spans_add(scan->spans, left,
		    escape_right(scan->text, scan->len, left, end),
		    form->value);
}

/* The length of a line end at `at`, plain or escaped; 0: there is none. */
static size_t
line_end(const struct scan *scan, size_t at)
{
	static const char *const ends[] = { "\r\n", "\n", "\\r\\n", "\\n",
		NULL };

	for (int i = 0; ends[i] != NULL; i++) {
		size_t n = strlen(ends[i]);

		if (scan->len - at >= n &&
		    memcmp(scan->text + at, ends[i], n) == 0)
			return n;
	}
	return 0;
}

/*
 * Covers a short line at the end of the line that begins at `at`, after what
 * a logger put before it. Returns where that line ends, or 0 when it is
 * another line, or not all there yet.
 */
static size_t
cover_follower(struct scan *scan, const struct mask_form *form, size_t at)
{
	size_t limit = at + MAX_LINE_PREFIX + form->len + 1;
	size_t end = at, last, start;

	while (end < scan->len && end < limit &&
	    strchr("\r\n\\\"'", scan->text[end]) == NULL)
		end++;
	if (end == limit)
		return 0;
	if (end == scan->len && !scan->at_end) {
		hold(scan, at);
		return 0;
	}
	for (last = end; last > at && is_blank(scan->text[last - 1]);)
		last--;
	if (last - at < form->len)
		return 0;
	start = last - form->len;
	if (memcmp(scan->text + start, scan->mask->set.bytes + form->offset,
		form->len) != 0 ||
	    (start > at && is_alphanumeric(scan->text[start - 1])))
		return 0;
	mask_spans_add(scan->spans, start, last, form->value);
	return end;
}

/* The short lines of a value, each only right after the one before it. */
static void
cover_followers(struct scan *scan, const struct mask_form *form, size_t end)
{
	for (int i = 0; i < MAX_FOLLOWERS && form->next != MASK_NO_FORM; i++) {
		size_t n = line_end(scan, end);

		if (n == 0)
			return;
		form = &scan->mask->set.forms[form->next];
		end = cover_follower(scan, form, end + n);
		if (end == 0)
			return;
	}
}

static void
found(void *context, const struct mask_form *form, size_t start)
{
	struct scan *scan = context;
	struct mask_view view = { scan->text, scan->len, scan->at_end };

	if ((form->flags & MASK_CORE) != 0) {
		hold(scan,
		    mask_loose_cover(
			&scan->mask->set, &view, start, scan->spans));
		return;
	}
	if ((form->flags & MASK_WORD) != 0) {
		found_word(scan, form, start);
		return;
	}
	mask_spans_add(scan->spans, mask_escape_left(scan->text, start),
	    mask_extend_right(scan->mask, form, scan->text, scan->len, start,
		start + form->len),
	    form->value);
	if (form->next != MASK_NO_FORM)
		cover_followers(scan, form, start + form->len);
}

/* Where the end of the text may turn out to be the beginning of a match. */
static size_t
tail(const struct mask_index *index, const char *text, size_t len)
{
	size_t longest = mask_index_longest(index);
	size_t at = len > longest ? len - longest : 0;

	if (longest == 0)
		return len;
	while (at < len && !mask_index_begins(index, text + at, len - at))
		at++;
	return mask_escape_left(text, at);
}

static void
cover_cut(struct scan *scan, const struct mask_index *index)
{
	size_t longest = mask_index_longest(index);
	size_t at = scan->len > longest ? scan->len - longest : 0;

	for (; at < scan->len; at++) {
		const struct mask_form *form =
		    mask_index_cut(index, scan->text + at, scan->len - at);

		if (form == NULL)
			continue;
		mask_spans_add(scan->spans, mask_escape_left(scan->text, at),
		    scan->len, form->value);
		return;
	}
}

size_t
mask_scan(const struct mask *mask, const char *text, size_t len, bool at_end,
    struct mask_spans *spans)
{
	const struct mask_index *index = mask_index(mask);
	struct scan scan = {
		.mask = mask,
		.text = text,
		.len = len,
		.at_end = at_end,
		.spans = spans,
		.frontier = len,
	};

	mask_index_scan(index, text, len, found, &scan);
	hold(&scan, mask_gaps_scan(mask, text, len, at_end, spans));
	hold(&scan,
	    mask_loose_tail(
		&mask->set, &(struct mask_view){ text, len, at_end }, spans));
	if (at_end)
		cover_cut(&scan, index);
	else
		hold(&scan, tail(index, text, len));
	mask_spans_finish(spans);
	return at_end ? len : scan.frontier;
}
