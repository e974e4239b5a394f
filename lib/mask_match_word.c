/* SPDX-License-Identifier: MIT */
/* Would a secret look like this? A value that is not quoted may be prose,
 * code, or the name of something. */
#include "mask_match.h"
#include "memory.h"

enum {
	MAX_WORD = 64,
	MIN_WORD = 8,
};

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool
is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool
is_in(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

/* What is known of the beginning of an unquoted value. */
struct word {
	size_t start, end;
	bool digit, upper, lower, symbol;
	bool identifier; /* all of it could be code: names, dots, colons */
	bool dotted;
};

static const bool is_symbol[256] = {
	['!'] = true,
	['#'] = true,
	['$'] = true,
	['%'] = true,
	['*'] = true,
	['+'] = true,
	['='] = true,
	['?'] = true,
	['@'] = true,
	['^'] = true,
	['{'] = true,
	['~'] = true,
	['\\'] = true,
};

static void
look_at(struct word *word, char c)
{
	word->digit |= is_digit(c);
	word->upper |= is_upper(c);
	word->lower |= is_lower(c);
	word->symbol |= is_symbol[(unsigned char)c];
	word->identifier &= is_digit(c) || is_lower(c) || is_upper(c) ||
	    c == '_' || c == '-' || c == '.' || c == ':' || c == '$';
	word->dotted |= c == '.' || c == ':';
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
	return word->end - word->start >= MIN_WORD &&
	    (word->digit || word->symbol || (word->upper && word->lower)) &&
	    !is_in(view->text[word->start], "/.~");
}

/* Reads up to MAX_WORD bytes; a mask ends them, as if it was not there. */
static enum mask_answer
read_word(const struct mask_view *view, size_t start, struct word *word)
{
	bool open = false;
	size_t at = start, n;

	*word = (struct word){ .start = start, .identifier = true };
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
		look_at(word, view->text[at]);
		at += n;
		word->end = at;
		if (!word->identifier && is_decided(view, word))
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

	if (len >= 7 && memcmp(text, "http", 4) == 0 && is_in(text[4], ":s"))
		return true;
	if (!is_in(*text, "/.~") || word->symbol)
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

	if (!word->identifier || word->end - word->start >= MAX_WORD)
		return false;
	return is_in(next, "([") || (word->dotted && !word->digit);
}

/* $NAME and its like. */
static bool
is_reference(const struct mask_view *view, const struct word *word)
{
	const char *text = view->text + word->start;
	char second = word->end - word->start > 1 ? text[1] : '\0';

	if (*text == '$')
		return is_upper(second) || is_lower(second) ||
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
	if (!word->digit && !word->symbol && !(word->upper && word->lower))
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
