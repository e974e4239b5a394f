/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <ctype.h>

#include "memory.h"
#include "word_distance.h"

enum { max_name = WORD_DISTANCE_MAX, typing_errors = 2 };

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
		found = word_distance(wrong, right);
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
