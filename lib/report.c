/* SPDX-License-Identifier: MIT */
#include "report.h"

#include "memory.h"

enum { MAX_DIGITS = 9 };

void
report_problem(struct report *report, const char *format, ...)
{
	va_list args;
	char *text;

	if (report->problem != NULL)
		return;
	va_start(args, format);
	text = xvasprintf(format, args);
	va_end(args);
	report->problem = xasprintf("line %zu: %s", report->line, text);
	free(text);
}

bool
report_skip_number(const char **text, size_t *len, size_t *number)
{
	size_t n = 0, value = 0;

	for (; n < *len && (*text)[n] >= '0' && (*text)[n] <= '9'; n++) {
		if (n == MAX_DIGITS)
			return false;
		value = 10 * value + (size_t)((*text)[n] - '0');
	}
	if (n == 0)
		return false;
	*text += n;
	*len -= n;
	*number = value;
	return true;
}
