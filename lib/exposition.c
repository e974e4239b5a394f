/* SPDX-License-Identifier: MIT */
#include "exposition.h"

#include <math.h>
#include <stdio.h>

static void
append_escaped(struct buffer *out, const char *text, bool in_quotes)
{
	for (; *text != '\0'; text++) {
		if (*text == '\n')
			buffer_append_string(out, "\\n");
		else if (*text == '\\' || (in_quotes && *text == '"'))
			buffer_appendf(out, "\\%c", *text);
		else
			buffer_append(out, text, 1);
	}
}

void
exposition_family(
    struct buffer *out, const char *name, const char *type, const char *help)
{
	buffer_appendf(out, "# HELP %s ", name);
	append_escaped(out, help, false);
	buffer_appendf(out, "\n# TYPE %s %s\n", name, type);
}

void
exposition_number(char text[EXPOSITION_NUMBER_SIZE], double value)
{
	const char *special = NULL;

	if (isnan(value))
		special = "NaN";
	else if (isinf(value))
		special = value > 0 ? "+Inf" : "-Inf";
	if (special != NULL)
		snprintf(text, EXPOSITION_NUMBER_SIZE, "%s", special);
	else
		snprintf(text, EXPOSITION_NUMBER_SIZE, "%.15g", value);
}

void
exposition_sample(struct buffer *out, const char *name,
    const char *const *labels, double value)
{
	char number[EXPOSITION_NUMBER_SIZE];
	char before = '{';

	buffer_append_string(out, name);
	for (; labels != NULL && *labels != NULL; labels += 2) {
		buffer_appendf(out, "%c%s=\"", before, labels[0]);
		append_escaped(out, labels[1], true);
		buffer_append_string(out, "\"");
		before = ',';
	}
	exposition_number(number, value);
	buffer_appendf(out, "%s %s\n", before == ',' ? "}" : "", number);
}

void
exposition_gauge(
    struct buffer *out, const char *name, const char *help, double value)
{
	exposition_family(out, name, "gauge", help);
	exposition_sample(out, name, NULL, value);
}
