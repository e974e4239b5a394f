/* SPDX-License-Identifier: MIT */
#define _XOPEN_SOURCE 700 /* wcwidth */
#include "text.h"

#include <wchar.h>

/* Smallest character of a sequence of n bytes: shorter ones are not UTF-8. */
static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };

static size_t
sequence_length(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first < 0xe0)
		return 2;
	if (first >= 0xe0 && first < 0xf0)
		return 3;
	if (first >= 0xf0 && first < 0xf5)
		return 4;
	return 0;
}

uint32_t
text_character(const char *bytes, size_t len, size_t *n)
{
	unsigned char first = (unsigned char)bytes[0];
	size_t length = sequence_length(first);
	uint32_t character = length < 2 ? first : first & (0x7fU >> length);

	*n = 1;
	if (length == 0 || length > len)
		return TEXT_REPLACEMENT;
	for (size_t i = 1; i < length; i++) {
		unsigned char next = (unsigned char)bytes[i];

		if ((next & 0xc0) != 0x80)
			return TEXT_REPLACEMENT;
		character = character << 6 | (next & 0x3f);
	}
	if (character < smallest[length] || character > 0x10ffff ||
	    (character >= 0xd800 && character <= 0xdfff))
		return TEXT_REPLACEMENT;
	*n = length;
	return character;
}

static bool
is_control(uint32_t character)
{
	return character < 0x20 || (character >= 0x7f && character < 0xa0);
}

/* Marks, embeddings, overrides and isolates of the bidirectional algorithm,
 * and the line separators: they make text look like other text. */
static bool
is_reordering(uint32_t character)
{
	return character == 0x061c || character == 0x200e ||
	    character == 0x200f ||
	    (character >= 0x2028 && character <= 0x202e) ||
	    (character >= 0x2066 && character <= 0x2069);
}

static void
append_escape(struct buffer *out, uint32_t character)
{
	buffer_appendf(out, "\\u%04x", (unsigned)character);
}

static void
append_json_character(
    struct buffer *out, uint32_t character, const char *bytes, size_t n)
{
	static const char from[] = "\"\\\n\r\t", to[] = "\"\\nrt";
	const char *special = character > 0 && character < 0x80
	    ? strchr(from, (int)character)
	    : NULL;

	if (special != NULL)
		buffer_appendf(out, "\\%c", to[special - from]);
	else if (character == 0 || character == TEXT_REPLACEMENT)
		buffer_append_string(out, "\xef\xbf\xbd");
	else if (is_control(character))
		append_escape(out, character);
	else
		buffer_append(out, bytes, n);
}

void
text_append_json(struct buffer *out, const char *bytes, size_t len)
{
	size_t i = 0, n;

	while (i < len) {
		uint32_t character = text_character(bytes + i, len - i, &n);

		append_json_character(out, character, bytes + i, n);
		i += n;
	}
}

void
text_append_harmless(struct buffer *out, const char *bytes, size_t len)
{
	size_t i = 0, n;

	while (i < len) {
		uint32_t character = text_character(bytes + i, len - i, &n);

		if (character == '\n')
			buffer_append_string(out, "\n  ");
		else if (character == '\t')
			buffer_append_string(out, " ");
		else if (character == TEXT_REPLACEMENT)
			buffer_append_string(out, "\xef\xbf\xbd");
		else if (is_control(character) || is_reordering(character))
			append_escape(out, character);
		else
			buffer_append(out, bytes + i, n);
		i += n;
	}
}

bool
text_ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), n = strlen(end);

	return len >= n && strcmp(text + len - n, end) == 0;
}

size_t
text_fit(const char *bytes, size_t len, size_t columns)
{
	size_t i = 0, n;

	while (i < len) {
		uint32_t character = text_character(bytes + i, len - i, &n);
		int width = wcwidth((wchar_t)character);

		/* A character the locale does not know may take two. */
		if (width < 0)
			width = 2;
		if ((size_t)width > columns)
			break;
		columns -= (size_t)width;
		i += n;
	}
	return i;
}
