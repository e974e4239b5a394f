/* SPDX-License-Identifier: MIT */
/*
 * A list of absolute paths, and which of two lies below the other.
 */
#ifndef PATH_LIST_H
#define PATH_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct path_list {
	char **items; /* NULL-terminated; NULL when there are none */
	size_t n;
};

/* Takes the path over. */
void path_list_add(struct path_list *list, char *path);
/* Copies of all that are in a NULL-terminated list, or in none. */
void path_list_add_all(struct path_list *list, char *const *paths);
/* The path without links in it, if it leads to something. */
void path_list_add_resolved(struct path_list *list, const char *path);
bool path_list_has(const struct path_list *list, const char *path);
void path_list_release(struct path_list *list);

/* By the letters alone. */
bool path_is_below(const char *path, const char *root);
bool path_is_in(const char *path, const char *root); /* or the same */

/* An absolute path without empty parts, "." and a slash at its end; NULL if
 * it has a "..": by the letters alone nobody knows where that leads. */
char *path_plain(const char *path);

#endif
