/* SPDX-License-Identifier: MIT */
/* A pushdown automaton: one byte, one step; the stack is a bit a level. */
#include "json_peek.h"

#include <string.h>

#include "memory.h"

enum state {
	START, /* of all */
	VALUE,
	FIRST_ELEMENT, /* or ] */
	FIRST_NAME,    /* or } */
	NAME,
	COLON,
	AFTER, /* a value: , or a bracket */
	STRING,
	CHARACTER, /* inside one of several bytes */
	ESCAPE,
	HEX,
	MINUS,
	ZERO,
	INTEGER,
	POINT,
	FRACTION,
	EXPONENT,
	EXPONENT_SIGN,
	EXPONENT_DIGITS,
	LITERAL,
	END,
};

void
json_peek_open(
    struct json_peek *peek, struct json_peek_member *members, size_t n_members)
{
	*peek = (struct json_peek){ .members = members,
		.n_members = n_members,
		.is_blank = true,
		.state = START };
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static void
fail(struct json_peek *peek, const char *problem)
{
	peek->problem = problem;
}

static bool
in_object(const struct json_peek *peek)
{
	unsigned level = peek->depth - 1;

	return (peek->objects[level / 64] >> (level % 64) & 1) != 0;
}

static void
enter(struct json_peek *peek, bool object)
{
	unsigned level = peek->depth++;
	uint64_t bit = (uint64_t)1 << (level % 64);

	if (level >= JSON_PEEK_MAX_DEPTH) {
		fail(peek, "nested too deeply");
		return;
	}
	if (object)
		peek->objects[level / 64] |= bit;
	else
		peek->objects[level / 64] &= ~bit;
	peek->state = object ? FIRST_NAME : FIRST_ELEMENT;
}

/* A value is over; the next byte is at `end`. */
static void
value_ends(struct json_peek *peek, size_t end)
{
	peek->state = peek->depth == 0 ? END : AFTER;
	if (peek->depth == 1 && peek->current != NULL) {
		peek->current->end = end;
		peek->current = NULL;
	}
}

static void
leave(struct json_peek *peek, bool object)
{
	if (in_object(peek) != object) {
		fail(peek, "a bracket that closes another");
		return;
	}
	if (--peek->depth == 0)
		peek->close = peek->offset;
	value_ends(peek, peek->offset + 1);
}

static void
begin_name(struct json_peek *peek)
{
	peek->in_name = true;
	peek->name_len = 0;
	peek->state = STRING;
	if (peek->depth == 1)
		peek->has_members = true;
}

/* A name with an escape in it is none of those looked for. */
static void
note_name(struct json_peek *peek, char c)
{
	if (!peek->in_name || peek->depth != 1)
		return;
	if (c == '\\' || peek->name_len >= JSON_PEEK_MAX_NAME)
		peek->name_len = JSON_PEEK_MAX_NAME + 1;
	else
		peek->name[peek->name_len++] = c;
}

static void
end_name(struct json_peek *peek)
{
	peek->in_name = false;
	peek->state = COLON;
	for (size_t i = 0; peek->depth == 1 && i < peek->n_members; i++)
		if (strlen(peek->members[i].name) == peek->name_len &&
		    memcmp(peek->members[i].name, peek->name, peek->name_len) ==
			0)
			peek->current = &peek->members[i];
}

static void
begin_literal(struct json_peek *peek, const char *rest)
{
	peek->literal = rest;
	peek->state = LITERAL;
}

static void
begin_value(struct json_peek *peek, char c)
{
	if (peek->depth == 1 && peek->current != NULL) {
		peek->current->found = true;
		peek->current->start = peek->offset;
		buffer_clear(&peek->current->text);
	}
	switch (c) {
	case '{':
	case '[':
		enter(peek, c == '{');
		return;
	case '"':
		peek->state = STRING;
		return;
	case '-':
		peek->state = MINUS;
		return;
	case 't':
		begin_literal(peek, "rue");
		return;
	case 'f':
		begin_literal(peek, "alse");
		return;
	case 'n':
		begin_literal(peek, "ull");
		return;
	default:
		if (!is_digit(c))
			fail(peek, "no value");
		peek->state = c == '0' ? ZERO : INTEGER;
	}
}

/* The first byte of a character of several: RFC 3629. */
static void
begin_character(struct json_peek *peek, unsigned char c)
{
	if (c < 0xc2 || c > 0xf4) {
		fail(peek, "not UTF-8");
		return;
	}
	peek->n_more = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
	peek->low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
	peek->high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
	peek->state = CHARACTER;
}

static void
go_on_character(struct json_peek *peek, unsigned char c)
{
	if (c < peek->low || c > peek->high) {
		fail(peek, "not UTF-8");
		return;
	}
	peek->low = 0x80;
	peek->high = 0xbf;
	if (--peek->n_more == 0)
		peek->state = STRING;
}

static void
in_string(struct json_peek *peek, char c)
{
	if (c == '"') {
		if (peek->in_name)
			end_name(peek);
		else
			value_ends(peek, peek->offset + 1);
		return;
	}
	note_name(peek, c);
	if (c == '\\')
		peek->state = ESCAPE;
	else if ((unsigned char)c < ' ')
		fail(peek, "a control character in a string");
	else if ((unsigned char)c >= 0x80)
		begin_character(peek, (unsigned char)c);
}

static void
in_escape(struct json_peek *peek, char c)
{
	if (peek->state == ESCAPE) {
		peek->n_more = 4;
		peek->state = c == 'u' ? HEX : STRING;
		if (c == '\0' || strchr("\"\\/bfnrtu", c) == NULL)
			fail(peek, "an unknown escape");
		return;
	}
	if (!is_digit(c) && !((c | 32) >= 'a' && (c | 32) <= 'f'))
		fail(peek, "an unknown escape");
	if (--peek->n_more == 0)
		peek->state = STRING;
}

/* The state behind this byte of a number; AFTER: it is none of it. */
static enum state
next_of_number(enum state state, char c)
{
	bool digit = is_digit(c), exponent = c == 'e' || c == 'E';

	switch ((int)state) {
	case MINUS:
		return !digit ? END : c == '0' ? ZERO : INTEGER;
	case ZERO:
	case INTEGER:
		if (digit)
			return state == ZERO ? END : INTEGER;
		return c == '.' ? POINT : exponent ? EXPONENT : AFTER;
	case POINT:
		return digit ? FRACTION : END;
	case FRACTION:
		return digit ? FRACTION : exponent ? EXPONENT : AFTER;
	case EXPONENT:
		if (c == '+' || c == '-')
			return EXPONENT_SIGN;
		return digit ? EXPONENT_DIGITS : END;
	case EXPONENT_SIGN:
		return digit ? EXPONENT_DIGITS : END;
	default:
		return digit ? EXPONENT_DIGITS : AFTER;
	}
}

static void
in_literal(struct json_peek *peek, char c)
{
	if (c != *peek->literal++)
		fail(peek, "no value");
	else if (*peek->literal == '\0')
		value_ends(peek, peek->offset + 1);
}

static void
after_value(struct json_peek *peek, char c)
{
	if (c == ',')
		peek->state = in_object(peek) ? NAME : VALUE;
	else if (c == '}' || c == ']')
		leave(peek, c == '}');
	else
		fail(peek, "expected a comma or a bracket");
}

/* Between values, where white space may be. */
static void
between(struct json_peek *peek, char c)
{
	if (is_space(c))
		return;
	switch (peek->state) {
	case START:
		peek->is_blank = false;
		peek->open = peek->offset;
		if (c != '{')
			fail(peek, "not an object");
		else
			enter(peek, true);
		return;
	case FIRST_NAME:
	case NAME:
		if (c == '"')
			begin_name(peek);
		else if (c == '}' && peek->state == FIRST_NAME)
			leave(peek, true);
		else
			fail(peek, "expected a name");
		return;
	case COLON:
		if (c != ':')
			fail(peek, "expected a colon");
		peek->state = VALUE;
		return;
	case FIRST_ELEMENT:
	case VALUE:
		if (c == ']' && peek->state == FIRST_ELEMENT)
			leave(peek, false);
		else
			begin_value(peek, c);
		return;
	case AFTER:
		after_value(peek, c);
		return;
	default:
		fail(peek, "more than one object");
	}
}

static void
step(struct json_peek *peek, char c)
{
	enum state next;

	switch (peek->state) {
	case STRING:
		in_string(peek, c);
		return;
	case CHARACTER:
		note_name(peek, c);
		go_on_character(peek, (unsigned char)c);
		return;
	case ESCAPE:
	case HEX:
		in_escape(peek, c);
		return;
	case LITERAL:
		in_literal(peek, c);
		return;
	case MINUS:
	case ZERO:
	case INTEGER:
	case POINT:
	case FRACTION:
	case EXPONENT:
	case EXPONENT_SIGN:
	case EXPONENT_DIGITS:
		next = next_of_number((enum state)peek->state, c);
		peek->state = next;
		if (next == END)
			fail(peek, "not a number");
		if (next != AFTER)
			return;
		value_ends(peek, peek->offset);
		break;
	default:
		break;
	}
	between(peek, c);
}

/* Keeps what passed of a value that is asked for. */
static void
keep(struct json_peek_member *member, const char *bytes, size_t offset,
    size_t from, size_t to)
{
	if (member->start > from)
		from = member->start;
	if (to > from)
		buffer_append(
		    &member->text, bytes + (from - offset), to - from);
}

void
json_peek_write(struct json_peek *peek, const char *bytes, size_t len)
{
	size_t offset = peek->offset;

	for (size_t i = 0; i < len && peek->problem == NULL; i++) {
		struct json_peek_member *before = peek->current;

		step(peek, bytes[i]);
		if (peek->problem != NULL)
			return;
		if (before != NULL && peek->current != before && before->found)
			keep(before, bytes, offset, offset, before->end);
		peek->offset++;
	}
	if (peek->current != NULL && peek->current->found)
		keep(peek->current, bytes, offset, offset, peek->offset);
}

bool
json_peek_end(struct json_peek *peek)
{
	if (peek->problem == NULL && peek->state != END)
		peek->problem =
		    peek->is_blank ? "there is nothing" : "it is cut off";
	return peek->problem == NULL;
}
