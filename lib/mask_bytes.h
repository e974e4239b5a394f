/* SPDX-License-Identifier: MIT */
/* Kinds of bytes, whatever the locale. For the files mask*.c only. */
#ifndef MASK_BYTES_H
#define MASK_BYTES_H

#include <stdbool.h>
#include <stdint.h>

/* All kinds of a byte, for where a branch for each would cost too much. */
enum mask_kind {
	MASK_NAME = 1,   /* as mask_is_name() */
	MASK_MORE = 2,   /* may follow a word within a name: not a lower one */
	MASK_BASE64 = 4, /* and hex, without padding */
	MASK_BLANK = 8,  /* or the first byte of a colour */
	MASK_QUOTE = 16, /* or a backslash before it */
	MASK_SEPARATOR = 32, /* of name and value, or the first byte of it */
	MASK_DOT = 64,
};
extern const uint8_t mask_kinds[256];

static inline bool
mask_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool
mask_is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static inline bool
mask_is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static inline bool
mask_is_alphanumeric(char c)
{
	return mask_is_digit(c) || mask_is_lower((char)(c | 32));
}

/* Of names of variables, options and members. */
static inline bool
mask_is_name(char c)
{
	return mask_is_alphanumeric(c) || c == '_' || c == '-';
}

static inline bool
mask_is_hex(char c)
{
	return mask_is_digit(c) || ((c | 32) >= 'a' && (c | 32) <= 'f');
}

/* What cannot stand in the user and password of a URL. */
static inline bool
mask_ends_userinfo(char c)
{
	static const bool ends[256] = {
		['/'] = true,
		['?'] = true,
		['#'] = true,
		['"'] = true,
		['\''] = true,
		['`'] = true,
		['<'] = true,
		['>'] = true,
		['\\'] = true,
		['|'] = true,
		[' '] = true,
		['\177'] = true,
	};

	return ends[(unsigned char)c] || (unsigned char)c < ' ';
}

/* Control characters, and what ends a word in one syntax or another. */
static inline bool
mask_ends_unquoted(char c)
{
	static const bool ends[256] = {
		['"'] = true,
		['\''] = true,
		['`'] = true,
		[','] = true,
		[';'] = true,
		['&'] = true,
		['('] = true,
		[')'] = true,
		['['] = true,
		[']'] = true,
		['}'] = true,
		['<'] = true,
		['>'] = true,
		['|'] = true,
		[' '] = true,
		['\177'] = true,
	};

	return ends[(unsigned char)c] || (unsigned char)c < ' ';
}

#endif
