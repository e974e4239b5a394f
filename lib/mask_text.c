/* SPDX-License-Identifier: MIT */
#include "mask.h"

#include "buffer.h"
#include "mask_json.h"
#include "mask_rules_scan.h"
#include "mask_scan.h"
#include "memory.h"

static void
append_label(
    struct buffer *out, const struct mask *mask, const struct mask_span *span)
{
	const char *text = mask_label_of(mask, span->value);

	const char *quote = mask_span_quote(span);

	buffer_appendf(out, "%s%s%s", quote, text, quote);
}

static void
render(struct buffer *out, const struct mask *mask,
    const struct mask_spans *spans, const char *text, size_t len)
{
	size_t at = 0;

	for (size_t i = 0; i < spans->n; i++) {
		const struct mask_span *span = &spans->items[i];

		buffer_append(out, text + at, span->start - at);
		append_label(out, mask, span);
		at = span->end;
	}
	buffer_append(out, text + at, len - at);
}

/* What values and rules cover. */
static void
cover(const struct mask *mask, const char *text, size_t len,
    struct mask_spans *spans)
{
	struct mask_rules_scan rules = { .rules = mask_rules_of(mask) };

	mask_scan(mask, text, len, true, spans);
	mask_rules_scan(&rules, text, len, true);
	mask_spans_add_all(spans, &rules.spans, 0);
	mask_spans_finish(spans);
	mask_check_labels(mask);
	mask_rules_scan_release(&rules);
}

static bool
looks_like_json(const char *text, size_t len)
{
	while (len > 0 && strchr(" \t\r\n", *text) != NULL && *text != '\0') {
		text++;
		len--;
	}
	return len > 0 && (*text == '{' || *text == '[');
}

char *
mask_text(
    const struct mask *mask, const char *text, size_t len, size_t *masked_len)
{
	struct buffer out = BUFFER_INIT(SIZE_MAX / 2);
	struct mask_spans spans = { 0 };

	if (mask != NULL)
		cover(mask, text, len, &spans);
	if (spans.n > 0 && looks_like_json(text, len) &&
	    mask_json_is(text, len))
		mask_json_fit(
		    &(struct mask_json_place){ 0 }, &spans, text, 0, len, true);
	render(&out, mask, &spans, text, len);
	mask_spans_release(&spans);
	*masked_len = out.len;
	return buffer_take(&out);
}

const char *
mask_find(const struct mask *mask, const char *text, size_t len, size_t *offset)
{
	struct mask_spans spans = { 0 };
	const char *name = NULL;

	if (mask != NULL)
		mask_scan(mask, text, len, true, &spans);
	if (spans.n > 0) {
		name = mask->values[spans.items[0].value].name;
		*offset = spans.items[0].start;
	}
	mask_spans_release(&spans);
	return name;
}
