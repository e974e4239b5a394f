/* SPDX-License-Identifier: MIT */
/* How alike two words are: for "did you mean". */
#ifndef WORD_DISTANCE_H
#define WORD_DISTANCE_H

#include <stddef.h>

enum { WORD_DISTANCE_MAX = 40 };

/* How many letters to put in, leave out, change, or swap with their
 * neighbour (Damerau, Levenshtein). Both have at most WORD_DISTANCE_MAX. */
size_t word_distance(const char *a, const char *b);

/* The one of a NULL-terminated list that looks most like a wrong one; NULL:
 * none does. */
const char *word_nearest(const char *wrong, const char *const *words);

#endif
