/* SPDX-License-Identifier: MIT */
/*
 * JSON stays JSON where a value spans several JSON values, or is a number.
 * For the files mask*.c only.
 */
#ifndef MASK_JSON_H
#define MASK_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "mask_spans.h"

/* Is the text one JSON value, with nothing but white space around it? */
bool mask_json_is(const char *text, size_t len);

enum { MASK_JSON_LEVELS = 1024 }; /* of brackets; more is no JSON here */

/* Where in JSON a text goes on that comes in pieces; all 0 at its start. */
struct mask_json_place {
	bool in_string;
	unsigned char escape; /* bytes of one that are missing yet */
	char last; /* bracket, comma or colon; or 'k' for a key, 'v' a value */
	size_t level;
	bool is_object[MASK_JSON_LEVELS];
	bool failed; /* it is no JSON */
};

/*
 * Cuts spans over JSON so that they cover the inside of strings, and whole
 * numbers and words, which become strings. The text from `from` to `to` is
 * looked at; returns where that ended: before a number that may go on, or
 * what is no JSON; in that case the spans behind it stay as they are. JSON is
 * any number of values with white space between; with `at_end` none may be
 * open.
 */
size_t mask_json_fit(struct mask_json_place *place, struct mask_spans *spans,
    const char *text, size_t from, size_t to, bool at_end);

#endif
