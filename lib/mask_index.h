/* SPDX-License-Identifier: MIT */
/*
 * Finds the forms of a set in a text, fast, and the beginnings of forms at
 * the end of a text, exactly.
 *
 * Every occurrence of a form contains a group of four or eight bytes at one of
 * every `stride` positions; only these are looked up, in a bitmap that fits
 * the first cache. For the files mask*.c only.
 */
#ifndef MASK_INDEX_H
#define MASK_INDEX_H

#include "mask_set.h"

struct mask_index;

/* The index of all forms the mask has now; never NULL. */
const struct mask_index *mask_index(const struct mask *mask);
struct mask_index *mask_index_new(void);
void mask_index_free(struct mask_index *index);

/* Calls `found` for every occurrence of a form, in no particular order. */
typedef void mask_index_found(
    void *context, const struct mask_form *form, size_t start);
void mask_index_scan(const struct mask_index *index, const char *text,
    size_t len, mask_index_found *found, void *context);

/* The length of the longest form; 0 without forms. */
size_t mask_index_longest(const struct mask_index *index);
/* Is the text the beginning of a form, and not all of it? */
bool mask_index_begins(
    const struct mask_index *index, const char *text, size_t len);
/* The length of the shortest form that is longer than the text and begins with
 * it; SIZE_MAX: there is none. */
size_t mask_index_shortest(
    const struct mask_index *index, const char *text, size_t len);
/* A form of which the text is a large beginning (MASK_CUT_SHORT bytes, or
 * half of it), and not all of it. */
const struct mask_form *mask_index_cut(
    const struct mask_index *index, const char *text, size_t len);

#endif
