/* SPDX-License-Identifier: MIT */
#include "mask_number.h"

#include <stdbool.h>

#include "mask_scan.h"
#include "memory.h"

enum { MAX_BACK = MASK_CONTEXT / 4, MAX_BACKSLASHES = 31 };

/* The text before a number, read from its end. */
struct back {
	const char *text;
	size_t at, low;
	unsigned quotes; /* 0: no quote was met */
};

static bool
is_in(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

static char
last(const struct back *back)
{
	return back->at > back->low ? back->text[back->at - 1] : '\0';
}

static void
skip(struct back *back, const char *set)
{
	while (is_in(last(back), set))
		back->at--;
}

static size_t
count_backslashes(const struct back *back, size_t at)
{
	size_t n = 0;

	while (n <= MAX_BACKSLASHES && at - n > back->low &&
	    back->text[at - n - 1] == '\\')
		n++;
	return n;
}

/* A quote with this many backslashes: an even number of them belongs to the
 * text before it. */
static unsigned
quotes_of(size_t backslashes)
{
	return backslashes % 2 == 0 ? 1 : (unsigned)backslashes + 1;
}

/* Over a string, from its closing quote to its opening one. */
static bool
skip_string(struct back *back)
{
	size_t own;

	back->at--;
	own = quotes_of(count_backslashes(back, back->at)) - 1U;
	if (back->quotes == 0)
		back->quotes = (unsigned)own + 1;
	if (own + 1 != back->quotes)
		return false;
	while (back->at > back->low) {
		back->at--;
		if (back->text[back->at] == '\n')
			return false;
		if (back->text[back->at] != '"' ||
		    quotes_of(count_backslashes(back, back->at)) !=
			back->quotes)
			continue;
		back->at -= own;
		return true;
	}
	/* It is longer than what can be seen. */
	return back->low > 0;
}

/* What stands before a colon: the name of a member. */
static unsigned
quotes_of_name(struct back *back)
{
	skip(back, " \t");
	if (last(back) != '"')
		return 0;
	return quotes_of(count_backslashes(back, back->at - 1));
}

/*
 * What stands before the bracket that opens an array. Nested ones, and those
 * at the beginning of a line, are JSON; one behind a name is code.
 */
static unsigned
quotes_of_array(struct back *back)
{
	skip(back, " \t[");
	if (last(back) == ':') {
		back->at--;
		return quotes_of_name(back);
	}
	if (back->at == back->low || is_in(last(back), ",\n\r"))
		return back->quotes > 0 ? back->quotes : 1;
	/* A string that is JSON begins with its quote. */
	if (last(back) == '"')
		return quotes_of(count_backslashes(back, back->at - 1)) * 2;
	return 0;
}

unsigned
mask_number_quotes(const char *text, size_t start)
{
	struct back back = { .text = text, .at = start };
	unsigned depth = 0;

	back.low = start > MAX_BACK ? start - MAX_BACK : 0;
	skip(&back, " \t");
	if (last(&back) == ':') {
		back.at--;
		return quotes_of_name(&back);
	}
	skip(&back, " \t\r\n");
	if (!is_in(last(&back), ",["))
		return 0;
	while (back.at > back.low) {
		char c = last(&back);

		if (c == '"') {
			if (!skip_string(&back))
				return 0;
			continue;
		}
		if (c == '[' && depth == 0) {
			back.at--;
			return quotes_of_array(&back);
		}
		if ((c == '{' || c == ':') && depth == 0)
			return 0;
		if (!is_in(c, "]}[{,: \t\r\n0123456789+-.eEtrufalsn*"))
			return 0;
		if (is_in(c, "]}"))
			depth++;
		else if (is_in(c, "[{"))
			depth--;
		back.at--;
	}
	/* All that can be seen is JSON, but not where the array begins. */
	return back.low > 0 ? (back.quotes > 0 ? back.quotes : 1) : 0;
}
