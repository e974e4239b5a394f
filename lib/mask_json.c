/* SPDX-License-Identifier: MIT */
#include "mask_json.h"

#include "json.h"
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

enum { MAX_SCALAR = 4096 };

static bool
is_between(char c)
{
	return c != '\0' && strchr(" \t\r\n,:[]{}", c) != NULL;
}

static bool
is_scalar(const char *text, size_t len)
{
	static const char *const words[] = { "true", "false", "null", NULL };

	for (int i = 0; words[i] != NULL; i++)
		if (len == strlen(words[i]) && memcmp(text, words[i], len) == 0)
			return true;
	for (size_t i = 0; i < len; i++)
		if (text[i] == '\0' ||
		    strchr("0123456789+-.eE", text[i]) == NULL)
			return false;
	return true;
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

/* The end of a string, or of what there is of it. */
static size_t
string_end(
    struct mask_json_place *place, const char *text, size_t at, size_t to)
{
	for (; at < to; at++) {
		if (place->escaped)
			place->escaped = false;
		else if (text[at] == '\\')
			place->escaped = true;
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

	if (end == to && !at_end && end - at < MAX_SCALAR)
		return at;
	place->failed = !is_scalar(text + at, end - at);
	if (place->failed)
		return at;
	fit_token(fitting, at, end, false);
	return end;
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
			place->in_string = true;
			at++;
		} else if (is_between(text[at])) {
			at++;
		} else {
			at = fit_scalar(&fitting, place, text, at, to, at_end);
			if (at == start)
				break;
		}
	}
	mask_spans_finish(&fit);
	mask_spans_release(spans);
	*spans = fit;
	return at;
}
