/* SPDX-License-Identifier: MIT */
#include "mask_rules.h"

#include <fnmatch.h>

#include "mask_rules_except.h"
#include "memory.h"

enum { MAX_NAME = 256 };

static char
small(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

/* A bit for each letter; what is no letter shares some. */
static uint32_t
letters_of(const char *text, size_t len)
{
	uint32_t letters = 0;

	for (size_t i = 0; i < len && text[i] != '['; i++)
		if (text[i] != '*' && text[i] != '?')
			letters |= UINT32_C(1) << ((unsigned char)text[i] & 31);
	return letters;
}

/* The list of patterns that end as this text does. */
static unsigned
list_of(const char *text, size_t len)
{
	unsigned last = (unsigned char)small(text[len - 1]);
	unsigned before = (unsigned char)small(text[len - 2]);

	return (last * 8 + before) % MASK_END_LISTS;
}

struct mask_exception
mask_rules_exception(const char *text, unsigned *list)
{
	struct mask_exception pattern = {
		.len = (uint32_t)strlen(text),
		.letters = letters_of(text, strlen(text)),
	};

	pattern.is_end =
	    *text == '*' && strcspn(text + 1, "*?[\\") == pattern.len - 1;
	pattern.is_exact = strcspn(text, "*?[\\") == pattern.len;
	*list = MASK_END_LISTS;
	if (pattern.len - pattern.is_end >= 2 &&
	    (pattern.is_end || pattern.is_exact))
		*list = list_of(text, pattern.len);
	return pattern;
}

/* The same characters, where a small letter of the pattern stands for a
 * capital as well. */
static bool
is_same(const char *pattern, const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (pattern[i] != name[i] && pattern[i] != small(name[i]))
			return false;
	return true;
}

struct name {
	const char *text;
	size_t len;
	uint32_t letters;
};

/* Any pattern, the slow way: the name as it is, and in small letters. */
static bool
is_like(const char *pattern, const struct name *name)
{
	char text[MAX_NAME];

	memcpy(text, name->text, name->len);
	text[name->len] = '\0';
	if (fnmatch(pattern, text, 0) == 0)
		return true;
	for (size_t i = 0; i < name->len; i++)
		text[i] = small(text[i]);
	return fnmatch(pattern, text, 0) == 0;
}

static bool
matches(const struct mask_exception *pattern, const char *text,
    const struct name *name)
{
	size_t n = pattern->len - pattern->is_end;

	if ((pattern->letters & ~name->letters) != 0)
		return false;
	if (pattern->is_exact && name->len != n)
		return false;
	if (pattern->is_exact || pattern->is_end)
		return name->len >= n &&
		    is_same(
			text + pattern->is_end, name->text + name->len - n, n);
	return is_like(text, name);
}

static bool
one_matches(
    const struct mask_rules *rules, unsigned list, const struct name *name)
{
	uint32_t next = rules->by_end[list];

	while (next != 0) {
		const struct mask_exception *pattern =
		    &rules->exceptions[next - 1];

		if (matches(pattern, rules->texts + pattern->text, name))
			return true;
		next = pattern->next;
	}
	return false;
}

bool
mask_rules_except(const struct mask_rules *rules, const char *name, size_t len)
{
	struct name whole = { name, len, 0 };

	if (len < 2 || len >= MAX_NAME)
		return false;
	whole.letters = letters_of(name, len);
	return one_matches(rules, list_of(name, len), &whole) ||
	    one_matches(rules, MASK_END_LISTS, &whole);
}
