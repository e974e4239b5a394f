/* SPDX-License-Identifier: MIT */
#include "mask_gaps.h"

#include "mask_bytes.h"
#include "mask_index.h"
#include "mask_scan.h"
#include "memory.h"

enum {
	MAX_COLOUR = 32,  /* bytes of a colour sequence */
	MAX_INDENT = 64,  /* blanks before a wrapped line */
	MIN_WRAPPED = 56, /* columns of a line that was wrapped */
	WINDOW = 16,      /* bytes of one that are looked at first */
	STEP = MIN_WRAPPED - WINDOW,
	/* A match with gaps is no longer than this; less than the context, so
	 * that a stream finds it again. */
	MAX_EXTENT = 1024,
};

struct gap {
	size_t start, end;
	/* In the text without gaps: where this one was, and how many bytes
	 * were left out up to its end. */
	size_t at, removed;
};

struct gaps {
	const struct mask *mask;
	const char *text;
	size_t len;
	bool at_end;
	struct mask_spans *spans;
	struct gap *items;
	size_t n, capacity;
	/* The piece that is searched: gaps first..last, from `base` on. */
	size_t first, last, base;
	char *joined;
	size_t joined_len, joined_most;
};

static void
push(struct gaps *gaps, size_t start, size_t end)
{
	if (gaps->n == gaps->capacity) {
		gaps->capacity = gaps->n > 0 ? gaps->n * 2 : 16;
		gaps->items = xreallocarray(
		    gaps->items, gaps->capacity, sizeof *gaps->items);
	}
	gaps->items[gaps->n++] = (struct gap){ .start = start, .end = end };
}

static bool
is_parameter(char c)
{
	return c >= ' ' && c <= '?';
}

size_t
mask_gaps_colour_end(const char *text, size_t len, size_t at)
{
	size_t end = at + 1;

	if (text[at] != '\033' || (end < len && text[end] != '['))
		return at;
	for (end++; end < len && end - at < MAX_COLOUR; end++)
		if (!is_parameter(text[end]))
			return text[end] >= '@' && text[end] <= '~' ? end + 1
								    : at;
	return end >= len ? len + 1 : at;
}

bool
mask_gaps_colour_ends(const char *text, size_t at)
{
	size_t start = at - 1;

	while (start > 0 && at - start < MAX_COLOUR &&
	    is_parameter(text[start - 1]))
		start--;
	return start >= 2 && text[start - 1] == '[' &&
	    text[start - 2] == '\033';
}

static bool
is_encoded(char c)
{
	return (mask_kinds[(unsigned char)c] & MASK_BASE64) != 0;
}

/* Does a line of base64 or hex end here, long enough to have been wrapped? */
static bool
is_wrapped(const char *text, size_t end)
{
	size_t n = 0;

	while (n < MIN_WRAPPED && n < end && is_encoded(text[end - n - 1]))
		n++;
	return n == MIN_WRAPPED;
}

static size_t
skip_indent(const struct gaps *gaps, size_t at)
{
	size_t end = at;

	while (end < gaps->len && end - at < MAX_INDENT &&
	    (gaps->text[end] == ' ' || gaps->text[end] == '\t'))
		end++;
	return end;
}

static void
find_colours(struct gaps *gaps)
{
	size_t at = 0;

	while (at < gaps->len) {
		const char *escape =
		    memchr(gaps->text + at, '\033', gaps->len - at);
		size_t end;

		if (escape == NULL)
			return;
		at = (size_t)(escape - gaps->text);
		end = mask_gaps_colour_end(gaps->text, gaps->len, at);
		if (end > gaps->len) {
			if (!gaps->at_end)
				push(gaps, at, gaps->len);
			return;
		}
		if (end > at)
			push(gaps, at, end);
		at = end > at ? end : at + 1;
	}
}

static bool
all_encoded(const char *text)
{
	typedef unsigned char bytes __attribute__((vector_size(WINDOW)));
	bytes all, small, other;
	uint64_t halves[2];

	memcpy(&all, text, sizeof all);
	small = all | 32;
	other = (bytes)((small - 'a' > 25) & (all - '/' > 10) & (all != '+') &
	    (all != '-') & (all != '_'));
	memcpy(halves, &other, sizeof halves);
	return (halves[0] | halves[1]) == 0;
}

/*
 * The end of the next line, or other run, of at least MIN_WRAPPED encoded
 * characters; SIZE_MAX: there is none. A window at the end of each step lies
 * in every one that begins within the step, so most of the text is skipped.
 */
static size_t
next_run(const struct gaps *gaps, size_t at)
{
	while (gaps->len - at >= MIN_WRAPPED) {
		size_t start = at + STEP, end = start + WINDOW;

		if (!all_encoded(gaps->text + start)) {
			at = start;
			continue;
		}
		while (start > at && is_encoded(gaps->text[start - 1]))
			start--;
		while (end < gaps->len && is_encoded(gaps->text[end]))
			end++;
		if (end - start >= MIN_WRAPPED)
			return end;
		at = end;
	}
	return SIZE_MAX;
}

/* The length of a line end, as it is or as text, in JSON; 0: there is none. */
static size_t
line_end(const char *text, size_t len)
{
	if (*text == '\n')
		return 1;
	if (*text == '\r')
		return len >= 2 && text[1] == '\n' ? 2 : 0;
	if (*text != '\\' || len < 2)
		return 0;
	if (text[1] == 'n')
		return 2;
	return len >= 4 && memcmp(text, "\\r\\n", 4) == 0 ? 4 : 0;
}

static void
find_line_ends(struct gaps *gaps)
{
	size_t at = 0;

	while ((at = next_run(gaps, at)) < gaps->len) {
		size_t n = line_end(gaps->text + at, gaps->len - at);

		if (n > 0)
			push(gaps, at, skip_indent(gaps, at + n));
	}
}

/* A line end of which only the beginning is there yet. */
static void
find_open_line_end(struct gaps *gaps)
{
	static const char *const parts[] = { "\r", "\\", "\\r", "\\r\\", NULL };

	for (int i = 0; parts[i] != NULL; i++) {
		size_t n = strlen(parts[i]);

		if (gaps->len >= n &&
		    memcmp(gaps->text + gaps->len - n, parts[i], n) == 0 &&
		    is_wrapped(gaps->text, gaps->len - n))
			push(gaps, gaps->len - n, gaps->len);
	}
}

static int
compare(const void *left, const void *right)
{
	const struct gap *a = left, *b = right;

	return (a->start > b->start) - (a->start < b->start);
}

/* Gaps of one kind are sorted; often there is only one kind. */
static void
sort(struct gaps *gaps)
{
	size_t i = 1;

	while (i < gaps->n && gaps->items[i - 1].start <= gaps->items[i].start)
		i++;
	if (i < gaps->n)
		qsort(gaps->items, gaps->n, sizeof *gaps->items, compare);
}

/* Copies the text around the gaps first..last, without them. */
static void
join(struct gaps *gaps, size_t reach)
{
	const struct gap *last = &gaps->items[gaps->last];
	size_t from = gaps->base, removed = 0;
	size_t end =
	    gaps->len - last->end > reach ? last->end + reach : gaps->len;

	gaps->joined_len = 0;
	for (size_t i = gaps->first; i <= gaps->last; i++) {
		struct gap *gap = &gaps->items[i];

		memcpy(gaps->joined + gaps->joined_len, gaps->text + from,
		    gap->start - from);
		gaps->joined_len += gap->start - from;
		removed += gap->end - gap->start;
		gap->at = gaps->joined_len;
		gap->removed = removed;
		from = gap->end;
	}
	memcpy(gaps->joined + gaps->joined_len, gaps->text + from, end - from);
	gaps->joined_len += end - from;
	if (gaps->joined_len > gaps->joined_most)
		gaps->joined_most = gaps->joined_len;
}

/* Where a byte of the joined text stands in the text. */
static size_t
place(const struct gaps *gaps, size_t at)
{
	size_t low = gaps->first, high = gaps->last + 1;

	/* The first gap behind the byte. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (gaps->items[middle].at <= at)
			low = middle + 1;
		else
			high = middle;
	}
	return gaps->base + at +
	    (low > gaps->first ? gaps->items[low - 1].removed : 0);
}

static void
cover(struct gaps *gaps, const struct mask_form *form, size_t start, size_t end)
{
	size_t from = place(gaps, start), to = place(gaps, end - 1) + 1;

	/* Without a gap inside it is found in the text itself. */
	if (to - from == end - start || to - from > MAX_EXTENT)
		return;
	mask_spans_add(gaps->spans, mask_escape_left(gaps->text, from),
	    mask_extend_right(
		gaps->mask, form, gaps->text, gaps->len, from, to),
	    form->value);
}

static void
found(void *context, const struct mask_form *form, size_t start)
{
	struct gaps *gaps = context;

	if ((form->flags & (MASK_WORD | MASK_CORE)) == 0)
		cover(gaps, form, start, start + form->len);
}

/* What the end of the joined text may become, or was cut short of. */
static size_t
search_tail(struct gaps *gaps, const struct mask_index *index)
{
	size_t longest = mask_index_longest(index), len = gaps->joined_len;

	for (size_t at = len > longest ? len - longest : 0; at < len; at++) {
		const char *part = gaps->joined + at;
		const struct mask_form *form;

		if (gaps->len - place(gaps, at) > MAX_EXTENT)
			continue;
		if (!gaps->at_end) {
			if (mask_index_begins(index, part, len - at))
				return mask_escape_left(
				    gaps->text, place(gaps, at));
		} else if ((form = mask_index_cut(index, part, len - at)) !=
		    NULL) {
			cover(gaps, form, at, len);
			break;
		}
	}
	return gaps->len;
}

static size_t
search(struct gaps *gaps, const struct mask_index *index)
{
	size_t reach = mask_index_longest(index), frontier = gaps->len;

	gaps->joined = xmalloc(gaps->len);
	for (gaps->first = 0; gaps->first < gaps->n;
	     gaps->first = gaps->last + 1) {
		const struct gap *gap = &gaps->items[gaps->first];

		gaps->base = gap->start > reach ? gap->start - reach : 0;
		gaps->last = gaps->first;
		while (gaps->last + 1 < gaps->n &&
		    gap[1].start - gap->end <= reach) {
			gaps->last++;
			gap++;
		}
		join(gaps, reach);
		mask_index_scan(
		    index, gaps->joined, gaps->joined_len, found, gaps);
		if (gaps->len - gap->end < reach)
			frontier = search_tail(gaps, index);
	}
	free_secret(gaps->joined, gaps->joined_most);
	return frontier;
}

size_t
mask_gaps_scan(const struct mask *mask, const char *text, size_t len,
    bool at_end, struct mask_spans *spans)
{
	const struct mask_index *index = mask_index(mask);
	struct gaps gaps = {
		.mask = mask,
		.text = text,
		.len = len,
		.at_end = at_end,
		.spans = spans,
	};
	size_t frontier = len;

	if (mask_index_longest(index) == 0)
		return len;
	find_colours(&gaps);
	find_line_ends(&gaps);
	if (!at_end)
		find_open_line_end(&gaps);
	if (gaps.n > 0) {
		sort(&gaps);
		frontier = search(&gaps, index);
	}
	free(gaps.items);
	return frontier;
}
