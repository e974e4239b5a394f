/* SPDX-License-Identifier: MIT */
/* Would a secret look like this? A value that is not quoted may be prose,
 * code, or the name of something. */
#include "mask_match.h"
#include "mask_bytes.h"
#include "memory.h"

enum {
	MAX_WORD = 64,
	MIN_WORD = 8,
};

static bool
is_in(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

enum seen {
	DIGIT = 1,
	UPPER = 2,
	LOWER = 4,
	SYMBOL = 8,
	DOT = 16, /* or a colon */
	/* What can stand in code has names, numbers, dots, colons. */
	OTHER = 32,
};

/* What is known of the beginning of an unquoted value. */
struct word {
	size_t start, end;
	unsigned seen;
};

static unsigned
kind_of(char c)
{
	static const uint8_t kinds[256] = {
		['!'] = SYMBOL | OTHER,
		['#'] = SYMBOL | OTHER,
		['$'] = SYMBOL,
		['%'] = SYMBOL | OTHER,
		['*'] = SYMBOL | OTHER,
		['+'] = SYMBOL | OTHER,
		['='] = SYMBOL | OTHER,
		['?'] = SYMBOL | OTHER,
		['@'] = SYMBOL | OTHER,
		['^'] = SYMBOL | OTHER,
		['{'] = SYMBOL | OTHER,
		['~'] = SYMBOL | OTHER,
		['\\'] = SYMBOL | OTHER,
		['.'] = DOT,
		[':'] = DOT,
	};

	if (mask_is_lower(c))
		return LOWER;
	if (mask_is_digit(c))
		return DIGIT;
	if (mask_is_upper(c))
		return UPPER;
	if (c == '_' || c == '-' || kinds[(unsigned char)c] != 0)
		return kinds[(unsigned char)c];
	return OTHER;
}

static bool
has_all(const struct word *word, unsigned kinds)
{
	return (word->seen & kinds) == kinds;
}

/* Digits, symbols, or capitals and small letters. */
static bool
is_mixed(const struct word *word)
{
	return (word->seen & (DIGIT | SYMBOL)) != 0 ||
	    has_all(word, UPPER | LOWER);
}

static enum mask_answer
is_mask(const struct mask_view *view, size_t at)
{
	for (size_t i = 0; i < 3; i++, at++) {
		if (at < view->len && view->text[at] != '*')
			return MASK_NO;
		if (at == view->len)
			return i > 0 && !view->at_end ? MASK_UNDECIDED
						      : MASK_NO;
	}
	return MASK_YES;
}

/* It is no code and no path, whatever follows. */
static bool
is_decided(const struct mask_view *view, const struct word *word)
{
	return word->end - word->start >= MIN_WORD && is_mixed(word) &&
	    !is_in(view->text[word->start], "/.~");
}

/* Reads up to MAX_WORD bytes; a mask ends them, as if it was not there. */
static enum mask_answer
read_word(const struct mask_view *view, size_t start, struct word *word)
{
	bool open = false;
	size_t at = start, n;

	*word = (struct word){ .start = start };
	while (at - start < MAX_WORD) {
		enum mask_answer mask = is_mask(view, at);

		if (mask == MASK_UNDECIDED)
			return MASK_UNDECIDED;
		if (mask == MASK_YES)
			break;
		n = mask_unquoted_step(view, at, &open);
		if (open)
			return MASK_UNDECIDED;
		if (n == 0)
			break;
		word->seen |= kind_of(view->text[at]);
		at += n;
		word->end = at;
		if ((word->seen & OTHER) != 0 && is_decided(view, word))
			break;
	}
	word->end = at;
	return MASK_YES;
}

/* A path or an address names a place. */
static bool
is_place(const struct mask_view *view, const struct word *word)
{
	const char *text = view->text + word->start;
	size_t len = word->end - word->start, slashes = 0;

	if (len >= 7 &&
	    (memcmp(text, "http:", 5) == 0 || memcmp(text, "https:", 6) == 0))
		return true;
	if (!is_in(*text, "/.~") || (word->seen & SYMBOL) != 0)
		return *text == '~' && len > 1 && text[1] == '/';
	for (size_t i = 0; i < len; i++)
		slashes += text[i] == '/';
	return slashes >= 2 || (slashes == 1 && *text == '.');
}

/* Code that gets a secret is none: a call, an element, a member. */
static bool
is_code(const struct mask_view *view, const struct word *word)
{
	char next = word->end < view->len ? view->text[word->end] : '\0';

	if ((word->seen & OTHER) != 0 || word->end - word->start >= MAX_WORD)
		return false;
	return is_in(next, "([") || (word->seen & (DOT | DIGIT)) == DOT;
}

/* $NAME and its like. */
static bool
is_reference(const struct mask_view *view, const struct word *word)
{
	const char *text = view->text + word->start;
	char second = word->end - word->start > 1 ? text[1] : '\0';

	if (*text == '$')
		return mask_is_upper(second) || mask_is_lower(second) ||
		    is_in(second, "_{(");
	if (*text == '%')
		return is_in(second, "sdv({");
	return *text == '{' || *text == '@';
}

/* Would a secret look like this? Prose, code, paths do not. */
static bool
is_secret(const struct mask_view *view, const struct word *word)
{
	if (word->end - word->start < MIN_WORD)
		return false;
	if (!is_mixed(word))
		return false;
	return !is_reference(view, word) && !is_place(view, word) &&
	    !is_code(view, word);
}

enum mask_answer
mask_is_secret_word(const struct mask_view *view, size_t start)
{
	struct word word;

	if (read_word(view, start, &word) == MASK_UNDECIDED)
		return MASK_UNDECIDED;
	return is_secret(view, &word) ? MASK_YES : MASK_NO;
}
