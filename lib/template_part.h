/* SPDX-License-Identifier: MIT */
/*
 * The parts of a text with the names of values in it: what stands for a value
 * and what is between. The inside of template.h.
 */
#ifndef TEMPLATE_PART_H
#define TEMPLATE_PART_H

#include <stdbool.h>
#include <stddef.h>

enum template_part_kind {
	PART_LITERAL,
	PART_BRACES,
	PART_BRACES_TEXT,
	PART_DOLLAR,
	PART_DOLLAR_PATH,
	PART_CAPITAL
};

struct template_part {
	enum template_part_kind kind;
	const char *text; /* as it is written */
	size_t len;
	const char *name; /* within it */
	size_t name_len;
	char **path; /* of PART_BRACES, PART_DOLLAR and PART_DOLLAR_PATH */
};

/* The next part; false at the end. Its path is the caller's, to be freed with
 * json_strings_free(). */
bool template_part_next(struct template_part *part, const char *text);

#endif
