/* SPDX-License-Identifier: MIT */
#include "dot_git.h"

#include <string.h>
#include <strings.h>

enum { IGNORED_BYTES = 3 };

/*
 * Is this one of the characters that HFS+ passes over, U+200C to U+200F,
 * U+202A to U+202E, U+206A to U+206F and U+FEFF?
 */
static bool
is_ignored(const char *name, size_t len)
{
	unsigned char last;

	if (len < IGNORED_BYTES)
		return false;
	if (memcmp(name, "\xef\xbb\xbf", IGNORED_BYTES) == 0)
		return true;
	last = (unsigned char)name[2];
	if (memcmp(name, "\xe2\x80", 2) == 0)
		return (last >= 0x8c && last <= 0x8f) ||
		    (last >= 0xaa && last <= 0xae);
	return memcmp(name, "\xe2\x81", 2) == 0 && last >= 0xaa && last <= 0xaf;
}

/* The name up to `len` begins with the word, and what follows is nothing. */
static bool
is_word(const char *name, size_t len, const char *word)
{
	size_t at = 0;

	while (at < len && *word != '\0') {
		if (is_ignored(name + at, len - at))
			at += IGNORED_BYTES;
		else if (strncasecmp(name + at, word, 1) == 0)
			at++, word++;
		else
			return false;
	}
	while (at < len && name[at] != ':') {
		if (is_ignored(name + at, len - at))
			at += IGNORED_BYTES;
		else if (name[at] == '.' || name[at] == ' ')
			at++;
		else
			return false;
	}
	return *word == '\0';
}

bool
is_dot_git(const char *name, size_t len)
{
	for (;;) {
		const char *end = memchr(name, '\\', len);
		size_t n = end != NULL ? (size_t)(end - name) : len;

		if (is_word(name, n, ".git") || is_word(name, n, "git~1"))
			return true;
		if (end == NULL)
			return false;
		name += n + 1;
		len -= n + 1;
	}
}
