/* SPDX-License-Identifier: MIT */
/*
 * Text from outside, byte by byte of unknown worth: as characters, as JSON,
 * and made harmless for a terminal, where control characters can do more
 * than show (move the cursor, set the title, answer in the person's name).
 */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"

enum { TEXT_REPLACEMENT = 0xfffd };

/* The first character, and how many bytes it takes. A byte that is not
 * UTF-8 is one TEXT_REPLACEMENT. */
uint32_t text_character(const char *bytes, size_t len, size_t *n);

/* The inside of a JSON string. NUL and bytes that are not UTF-8 become
 * U+FFFD; DEL and C1 controls are escaped as well. */
void text_append_json(struct buffer *out, const char *bytes, size_t len);

/* For a terminal: controls, and what reorders text, as \u001b; a tab as a
 * space; a newline starts a new line, indented by two spaces. */
void text_append_harmless(struct buffer *out, const char *bytes, size_t len);

bool text_ends_with(const char *text, const char *end);

/* How many bytes fit into so many columns of a terminal. The locale decides
 * how wide a character is: call setlocale() first. */
size_t text_fit(const char *bytes, size_t len, size_t columns);

#endif
