/* SPDX-License-Identifier: MIT */
/*
 * A look at one JSON object that passes by in pieces, of any size and with
 * flat memory: is it whole, and where in it are the members that are asked
 * for? json_scan() finds more that is wrong, and needs the whole text.
 */
#ifndef JSON_PEEK_H
#define JSON_PEEK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"

/* A top-level member that is looked for. Offsets are from the first byte. */
struct json_peek_member {
	const char *name;
	bool found;
	size_t start, end;  /* of the value */
	struct buffer text; /* the value, as far as its max goes */
};

enum { JSON_PEEK_MAX_DEPTH = 128, JSON_PEEK_MAX_NAME = 32 };

struct json_peek {
	struct json_peek_member *members; /* the caller's */
	size_t n_members;
	bool is_blank; /* nothing but white space so far */
	/* Of a whole object: its braces, and whether it has any member. */
	size_t open, close;
	bool has_members;
	const char *problem; /* NULL: none so far */
	size_t offset;       /* bytes seen; of a problem, where it is */

	/* json_peek.c's own. */
	int state;
	unsigned depth;
	uint64_t objects[JSON_PEEK_MAX_DEPTH / 64]; /* else arrays, by depth */
	bool in_name;
	const char *literal;     /* what of it is to come */
	unsigned n_more;         /* of \u, or of a UTF-8 character */
	unsigned char low, high; /* bounds of the next of these */
	char name[JSON_PEEK_MAX_NAME + 1];
	size_t name_len;
	struct json_peek_member *current; /* whose value passes by */
};

/* The members are borrowed, their `name` and `text.max` set. */
void json_peek_open(
    struct json_peek *peek, struct json_peek_member *members, size_t n_members);
void json_peek_write(struct json_peek *peek, const char *bytes, size_t len);
/* The end: was it one whole object? If not, `problem` says why. */
bool json_peek_end(struct json_peek *peek);

#endif
