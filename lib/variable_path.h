/* SPDX-License-Identifier: MIT */
/*
 * The names of values, as conditions and playbooks write them: `title`,
 * `metadata.team`, `steps["Run tests"].success`, `related_files[0]`. A name
 * is letters, digits, _ and -, and does not begin with a digit or -.
 */
#ifndef VARIABLE_PATH_H
#define VARIABLE_PATH_H

#include <jv.h>
#include <stddef.h>

enum { VARIABLE_PATH_MAX_PARTS = 32 };

/*
 * Reads a path from the beginning of a text: its parts, NULL-terminated, to
 * be freed with json_strings_free(). Returns how many bytes it takes; 0, and
 * *parts is NULL: there is none. A bracket that is no part of a path is not
 * taken.
 */
size_t variable_path_parse(char ***parts, const char *text);

/* The value below another one, borrowed; null if there is none. The caller
 * frees the result. */
jv variable_path_follow(jv value, char *const *parts);

#endif
