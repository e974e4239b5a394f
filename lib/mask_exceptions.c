/* SPDX-License-Identifier: MIT */
#include "mask_exceptions.h"

#include <fnmatch.h>
#include <stdint.h>

#include "memory.h"

enum { MAX_NAME = 256 };

struct pattern {
	char *text;
	size_t len;
	/* Nothing but a star at its beginning, and nothing but characters. */
	bool is_end, is_exact;
	uint32_t letters; /* that a name must have */
	size_t next;      /* plus one */
};

/* Most patterns are ends of names: they are found by their last character.
 * The others are in the list of '*'. */
struct mask_exceptions {
	struct pattern *patterns;
	size_t n;
	size_t by_last[256];
};

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

struct mask_exceptions *
mask_exceptions_new(void)
{
	return xcalloc(1, sizeof(struct mask_exceptions));
}

void
mask_exceptions_free(struct mask_exceptions *exceptions)
{
	for (size_t i = 0; i < exceptions->n; i++)
		free(exceptions->patterns[i].text);
	free(exceptions->patterns);
	free(exceptions);
}

void
mask_exceptions_add(struct mask_exceptions *exceptions, const char *text)
{
	struct pattern pattern = {
		.text = xstrdup(text),
		.len = strlen(text),
		.letters = letters_of(text, strlen(text)),
	};
	size_t *list;

	pattern.is_end =
	    *text == '*' && strcspn(text + 1, "*?[\\") == pattern.len - 1;
	pattern.is_exact = strcspn(text, "*?[\\") == pattern.len;
	list = &exceptions->by_last[(pattern.is_end || pattern.is_exact) &&
		    pattern.len > 1
		? (unsigned char)small(text[pattern.len - 1])
		: (unsigned char)'*'];
	pattern.next = *list;
	exceptions->patterns = xreallocarray(exceptions->patterns,
	    exceptions->n + 1, sizeof *exceptions->patterns);
	exceptions->patterns[exceptions->n++] = pattern;
	*list = exceptions->n;
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
is_like(const struct pattern *pattern, const struct name *name)
{
	char text[MAX_NAME];

	memcpy(text, name->text, name->len);
	text[name->len] = '\0';
	if (fnmatch(pattern->text, text, 0) == 0)
		return true;
	for (size_t i = 0; i < name->len; i++)
		text[i] = small(text[i]);
	return fnmatch(pattern->text, text, 0) == 0;
}

static bool
matches(const struct pattern *pattern, const struct name *name)
{
	size_t n = pattern->len - pattern->is_end;

	if ((pattern->letters & ~name->letters) != 0)
		return false;
	if (pattern->is_exact && name->len != n)
		return false;
	if (pattern->is_exact || pattern->is_end)
		return name->len >= n &&
		    is_same(pattern->text + pattern->is_end,
			name->text + name->len - n, n);
	return is_like(pattern, name);
}

static bool
one_matches(const struct mask_exceptions *exceptions, char list,
    const struct name *name)
{
	size_t next = exceptions->by_last[(unsigned char)list];

	while (next != 0) {
		const struct pattern *pattern = &exceptions->patterns[next - 1];

		if (matches(pattern, name))
			return true;
		next = pattern->next;
	}
	return false;
}

bool
mask_exceptions_have(
    const struct mask_exceptions *exceptions, const char *name, size_t len)
{
	struct name whole = { name, len, 0 };

	if (len == 0 || len >= MAX_NAME)
		return false;
	whole.letters = letters_of(name, len);
	return one_matches(exceptions, small(name[len - 1]), &whole) ||
	    one_matches(exceptions, '*', &whole);
}
