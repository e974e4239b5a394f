/* SPDX-License-Identifier: MIT */
/* Lists of strings that end with NULL, as argv does. NULL is an empty one. */
#ifndef STRING_LIST_H
#define STRING_LIST_H

#include <stdbool.h>
#include <stddef.h>

size_t string_list_count(char *const *list);
bool string_list_has(char *const *list, const char *text);
/* Takes the text over. The list grows, and may move. */
void string_list_add(char ***list, char *text);

#endif
