/* SPDX-License-Identifier: MIT */
#include "word_distance.h"

#include "memory.h"

static size_t
smallest(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

size_t
word_distance(const char *a, const char *b)
{
	size_t rows[3][WORD_DISTANCE_MAX + 1];
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

const char *
word_nearest(const char *wrong, const char *const *words)
{
	const char *nearest = NULL;
	size_t best = 2 + strlen(wrong) / 4;

	if (strlen(wrong) > WORD_DISTANCE_MAX)
		return NULL;
	for (; *words != NULL; words++) {
		size_t found = word_distance(wrong, *words);

		if (found < best) {
			best = found;
			nearest = *words;
		}
	}
	return nearest;
}
