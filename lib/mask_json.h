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

/* Cuts spans over valid JSON so that they cover the inside of strings, and
 * whole numbers and words, which become strings. */
void mask_json_fit(struct mask_spans *spans, const char *text, size_t len);

#endif
