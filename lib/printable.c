/* SPDX-License-Identifier: MIT */
#include "printable.h"

#include <stdbool.h>

#include "buffer.h"

static bool
is_control(unsigned char c)
{
	return c < 0x20 || c == 0x7f;
}

char *
printable(const char *text, size_t max)
{
	struct buffer out = BUFFER_INIT(4 * max + sizeof "...");
	size_t len = strlen(text);
	size_t end = len < max ? len : max;

	while (
	    end < len && end > 0 && ((unsigned char)text[end] & 0xc0) == 0x80)
		end--;
	for (size_t i = 0; i < end; i++) {
		unsigned char c = (unsigned char)text[i];

		if (is_control(c))
			buffer_appendf(&out, "\\x%02x", (unsigned)c);
		else
			buffer_append(&out, &text[i], 1);
	}
	if (end < len)
		buffer_append_string(&out, "...");
	return buffer_take(&out);
}
