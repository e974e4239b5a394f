/* SPDX-License-Identifier: MIT */
/*
 * Is a number in a stream a JSON value, which becomes a string when it is
 * masked? For the files mask*.c only.
 */
#ifndef MASK_NUMBER_H
#define MASK_NUMBER_H

#include <stddef.h>

/*
 * Looks back, over no more than a quarter of MASK_CONTEXT, for what JSON has
 * before a member's value or an array's element. Returns how many characters
 * quote a string there: 1 for a plain quote, more for one with backslashes,
 * in JSON in JSON; 0: this is no JSON.
 */
unsigned mask_number_quotes(const char *text, size_t start);

#endif
