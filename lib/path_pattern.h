/* SPDX-License-Identifier: MIT */
/*
 * Patterns of paths in a repository, as in gitignore(5), without negation:
 * `*`, `?` and `[...]` stand for anything but a slash; a pattern without a
 * slash before its end matches at every depth, any other from the top; `**`
 * between slashes, or at either end, stands for any directories; what lies
 * below a directory that matches, matches too; a slash at the end matches
 * directories alone.
 */
#ifndef PATH_PATTERN_H
#define PATH_PATTERN_H

#include <stdbool.h>

/* The path is relative to the top, of a file, without a slash at its end. */
bool path_pattern_matches(const char *pattern, const char *path);

/* The first of the patterns that matches; NULL: none. The list ends with
 * NULL, and may be NULL itself. */
const char *path_pattern_find(char *const *patterns, const char *path);

#endif
