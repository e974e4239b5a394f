/* SPDX-License-Identifier: MIT */
#include "mask_json.h"

#include "json.h"
#include "mask_bytes.h"
#include "memory.h"

bool
mask_json_is(const char *text, size_t len)
{
	struct json_scan scan = { 0 };
	bool is_json = true;

	json_scan(&scan, text, len);
	for (size_t i = 0; i < scan.n_problems; i++)
		if (scan.problems[i].fatal)
			is_json = false;
	json_scan_release(&scan);
	return is_json;
}

/* The spans that were, taken in order, and those that fit. */
struct fitting {
	const struct mask_span *spans;
	size_t n;
	struct mask_spans *fit;
};

enum {
	MAX_SCALAR = 4096,
	ESCAPE = 5, /* bytes of \u002f behind the backslash */
};

static bool
is_mark(char c)
{
	return c != '\0' && strchr(",:[]{}", c) != NULL;
}

static bool
is_between(char c)
{
	return c != '\0' && strchr(" \t\r\n,:[]{}", c) != NULL;
}

/* The end of the digits; NULL: there is none. */
static const char *
skip_digits(const char *at, const char *end)
{
	const char *start = at;

	while (at < end && mask_is_digit(*at))
		at++;
	return at > start ? at : NULL;
}

static bool
is_number(const char *at, const char *end)
{
	at += at < end && *at == '-';
	if (end - at >= 2 && at[0] == '0' && mask_is_digit(at[1]))
		return false;
	at = skip_digits(at, end);
	if (at != NULL && at < end && *at == '.')
		at = skip_digits(at + 1, end);
	if (at != NULL && at < end && (*at | 32) == 'e') {
		at++;
		at += at < end && (*at == '+' || *at == '-');
		at = skip_digits(at, end);
	}
	return at == end;
}

static bool
is_scalar(const char *text, size_t len)
{
	static const char *const words[] = { "true", "false", "null", NULL };

	for (int i = 0; words[i] != NULL; i++)
		if (len == strlen(words[i]) && memcmp(text, words[i], len) == 0)
			return true;
	return is_number(text, text + len);
}

static bool
in_object(const struct mask_json_place *place)
{
	return place->level > 0 && place->is_object[place->level - 1];
}

/* A value begins: is it one, or the key of a member? */
static void
begin_value(struct mask_json_place *place, bool string)
{
	char last = place->last;
	bool first = last == '{' || last == '[' || last == ',';

	if (place->level == 0)
		place->last = 'v';
	else if (in_object(place) && first && string)
		place->last = 'k';
	else if (in_object(place) ? last == ':' : first)
		place->last = 'v';
	else
		place->failed = true;
}

static void
open_bracket(struct mask_json_place *place, char c)
{
	begin_value(place, false);
	if (place->failed || place->level == MASK_JSON_LEVELS) {
		place->failed = true;
		return;
	}
	place->is_object[place->level++] = c == '{';
	place->last = c;
}

/* A bracket, comma or colon: may it stand here? */
static void
take_mark(struct mask_json_place *place, char c)
{
	char open = in_object(place) ? '{' : '[';
	char close = in_object(place) ? '}' : ']';

	if (c == '{' || c == '[') {
		open_bracket(place, c);
		return;
	}
	if (c == ':')
		place->failed = place->last != 'k';
	else if (place->level == 0)
		place->failed = true;
	else if (c == ',')
		place->failed = place->last != 'v';
	else
		place->failed =
		    c != close || (place->last != 'v' && place->last != open);
	place->last = c;
	if (!place->failed && c == close) {
		place->level--;
		place->last = 'v';
	}
}

/* Covers what the spans cover of a string's inside, or a whole number. */
static void
fit_token(struct fitting *fitting, size_t start, size_t end, bool string)
{
	while (fitting->n > 0 && fitting->spans->end <= start) {
		fitting->spans++;
		fitting->n--;
	}
	for (size_t i = 0; i < fitting->n; i++) {
		const struct mask_span *span = &fitting->spans[i];

		if (span->start >= end)
			return;
		if (!string) {
			mask_spans_add_number(
			    fitting->fit, start, end, span->value, 1);
			return;
		}
		mask_spans_add(fitting->fit,
		    span->start > start ? span->start : start,
		    span->end < end ? span->end : end, span->value);
	}
}

/* The next byte of an escape: the letter, or a digit behind \u. */
static void
take_escaped(struct mask_json_place *place, char c)
{
	bool letter = place->escape == ESCAPE;

	place->escape--;
	if (!letter)
		place->failed = !mask_is_hex(c);
	else if (c != 'u')
		place->escape = 0;
	if (letter)
		place->failed = c == '\0' || strchr("\"\\/bfnrtu", c) == NULL;
}

/* The end of a string, or of what there is of it. */
static size_t
string_end(
    struct mask_json_place *place, const char *text, size_t at, size_t to)
{
	for (; at < to; at++) {
		if (place->escape > 0)
			take_escaped(place, text[at]);
		else if (text[at] == '\\')
			place->escape = ESCAPE;
		else if (text[at] == '"')
			break;
		else if ((unsigned char)text[at] < ' ')
			place->failed = true;
		if (place->failed)
			break;
	}
	return at;
}

static size_t
scalar_end(const char *text, size_t at, size_t to)
{
	while (at < to && !is_between(text[at]) && text[at] != '"')
		at++;
	return at;
}

/* A number, or a word; its end, or its start when it may go on. */
static size_t
fit_scalar(struct fitting *fitting, struct mask_json_place *place,
    const char *text, size_t at, size_t to, bool at_end)
{
	size_t end = scalar_end(text, at, to);

	if (end == to && !at_end && end - at <= MAX_SCALAR)
		return at;
	begin_value(place, false);
	if (end - at > MAX_SCALAR || !is_scalar(text + at, end - at))
		place->failed = true;
	if (place->failed)
		return at;
	fit_token(fitting, at, end, false);
	return end;
}

/* What lies behind what was understood is covered as it was. */
static void
keep_rest(struct fitting *fitting, size_t from)
{
	for (size_t i = 0; i < fitting->n; i++) {
		const struct mask_span *span = &fitting->spans[i];

		if (span->end > from)
			mask_spans_add(fitting->fit,
			    span->start > from ? span->start : from, span->end,
			    span->value);
	}
}

size_t
mask_json_fit(struct mask_json_place *place, struct mask_spans *spans,
    const char *text, size_t from, size_t to, bool at_end)
{
	struct mask_spans fit = { 0 };
	struct fitting fitting = { spans->items, spans->n, &fit };
	size_t at = from;

	while (at < to && !place->failed) {
		size_t start = at;

		if (place->in_string) {
			at = string_end(place, text, at, to);
			fit_token(&fitting, start, at, true);
			place->in_string = at == to || place->failed;
			at += !place->in_string;
		} else if (text[at] == '"') {
			begin_value(place, true);
			place->in_string = true;
			at += !place->failed;
		} else if (is_mark(text[at])) {
			take_mark(place, text[at]);
			at += !place->failed;
		} else if (is_between(text[at])) {
			at++;
		} else {
			at = fit_scalar(&fitting, place, text, at, to, at_end);
			if (at == start)
				break;
		}
	}
	if (at_end && (place->in_string || place->level > 0))
		place->failed = true;
	if (place->failed)
		keep_rest(&fitting, at);
	mask_spans_finish(&fit);
	mask_spans_release(spans);
	*spans = fit;
	return at;
}
