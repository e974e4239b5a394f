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

static bool
is_scalar_end(char c)
{
	return c != '\0' && strchr(" \t\r\n,:]}\"", c) != NULL;
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

void
mask_json_fit(struct mask_spans *spans, const char *text, size_t len)
{
	struct mask_spans fit = { 0 };
	struct fitting fitting = { spans->items, spans->n, &fit };

	for (size_t at = 0; at < len;) {
		size_t start = at++;

		if (text[start] == '"') {
			while (at < len && text[at] != '"')
				at += text[at] == '\\' ? 2 : 1;
			fit_token(&fitting, start + 1, at, true);
			at++;
		} else if (strchr("[{", text[start]) == NULL &&
		    !is_scalar_end(text[start])) {
			while (at < len && !is_scalar_end(text[at]))
				at++;
			fit_token(&fitting, start, at, false);
		}
	}
	mask_spans_finish(&fit);
	mask_spans_release(spans);
	*spans = fit;
}
