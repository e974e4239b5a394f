/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <ctype.h>

#include "memory.h"

enum { max_name = 40, typing_errors = 2 };

/* A name as all spellings of it have in common: lower case, one kind of
 * mark. False when it is too long to be meant for a key. */
static bool
normalise(char normal[max_name + 1], const char *name)
{
	size_t len = strlen(name);

	if (len > max_name)
		return false;
	for (size_t i = 0; i <= len; i++) {
		char c = name[i];

		normal[i] = c == '.' || c == '-'
		    ? '_'
		    : (char)tolower((unsigned char)c);
	}
	return true;
}

static size_t
smallest(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

/* How many letters to put in, leave out, change, or swap with their
 * neighbour (Damerau, Levenshtein). */
static size_t
distance(const char *a, const char *b)
{
	size_t rows[3][max_name + 1];
	size_t *before = rows[0], *last = rows[1], *row = rows[2];
	size_t len = strlen(b);

	for (size_t j = 0; j <= len; j++)
		last[j] = before[j] = j;
	for (size_t i = 0; a[i] != '\0'; i++) {
		size_t *oldest = before;

		row[0] = i + 1;
		for (size_t j = 0; j < len; j++) {
			row[j + 1] = smallest(last[j + 1] + 1, row[j] + 1,
			    last[j] + (a[i] != b[j]));
			if (i > 0 && j > 0 && a[i] == b[j - 1] &&
			    a[i - 1] == b[j] && before[j - 1] + 1 < row[j + 1])
				row[j + 1] = before[j - 1] + 1;
		}
		before = last;
		last = row;
		row = oldest;
	}
	return last[len];
}

/* Are these whole words of the name? "timeout" is, of default_timeout_seconds;
 * "time" is not. */
static bool
is_part(const char *words, const char *name)
{
	size_t len = strlen(words);
	const char *at = name;

	while (len >= 4 && (at = strstr(at, words)) != NULL) {
		if ((at == name || at[-1] == '_') &&
		    (at[len] == '\0' || at[len] == '_'))
			return true;
		at++;
	}
	return false;
}

const struct config_key *
config_key_nearest(const char *name)
{
	const struct config_key *nearest = NULL, *part = NULL;
	char wrong[max_name + 1] = "", right[max_name + 1] = "";
	size_t best;

	if (!normalise(wrong, name))
		return NULL;
	best = strlen(wrong) < 6 ? 2 : 1 + strlen(wrong) / 4;
	for (const struct config_key *key = config_keys; key->name != NULL;
	     key++) {
		size_t found;

		if (!normalise(right, key->name))
			continue;
		found = distance(wrong, right);
		if (found < best || (found == best && nearest == NULL)) {
			best = found;
			nearest = key;
		}
		if (part == NULL &&
		    (is_part(wrong, right) || is_part(right, wrong)))
			part = key;
	}
	/* Whole words say more than many changes do. */
	if (part != NULL && best > typing_errors)
		return part;
	return nearest != NULL ? nearest : part;
}
