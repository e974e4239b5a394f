/* SPDX-License-Identifier: MIT */
#include "quantity.h"

#include <ctype.h>
#include <stdint.h>

#include "memory.h"

/* A number without sign, exponent or hexadecimal digits; what follows it. */
static bool
parse_number(double *number, const char **rest, const char *text)
{
	size_t n = strspn(text, "0123456789.");
	char digits[32], *end;

	if (n == 0 || n >= sizeof digits)
		return false;
	memcpy(digits, text, n);
	digits[n] = '\0';
	*number = strtod(digits, &end);
	*rest = text + n;
	return *end == '\0' && *number > 0;
}

bool
quantity_parse_size(size_t *bytes, const char *text)
{
	static const char prefixes[] = "KMGT";
	const char *rest, *prefix;
	double number;

	if (!parse_number(&number, &rest, text))
		return false;
	prefix = *rest != '\0' ? strchr(prefixes, toupper((unsigned char)*rest))
			       : NULL;
	if (prefix != NULL) {
		for (ptrdiff_t i = 0; i <= prefix - prefixes; i++)
			number *= 1024;
		rest++;
		if (*rest == 'i')
			rest++;
	}
	if (*rest == 'B')
		rest++;
	if (*rest != '\0' || number < 1 || number > 1e18)
		return false;
	*bytes = (size_t)number;
	return true;
}

bool
quantity_parse_duration(double *seconds, const char *text)
{
	static const struct {
		const char *name;
		double seconds;
	} units[] = { { "", 1 }, { "s", 1 }, { "ms", 0.001 }, { "m", 60 },
		{ "h", 3600 }, { "d", 86400 } };
	const char *rest;

	if (!parse_number(seconds, &rest, text))
		return false;
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
		if (strcmp(rest, units[i].name) == 0) {
			*seconds *= units[i].seconds;
			return *seconds < 1e9;
		}
	}
	return false;
}

void
quantity_format_size(char text[QUANTITY_TEXT_SIZE], size_t bytes)
{
	static const char *const units[] = { "bytes", "KiB", "MiB", "GiB",
		"TiB" };
	double number = (double)bytes;
	size_t unit = 0;

	while (number >= 1024 && unit + 1 < sizeof units / sizeof units[0]) {
		number /= 1024;
		unit++;
	}
	snprintf(text, QUANTITY_TEXT_SIZE,
	    number - (double)(size_t)number < 0.05 ? "%.0f %s" : "%.1f %s",
	    number, units[unit]);
}
