/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer entry for masking: the first bytes say how the rest is cut. What
 * comes out is the same for a stream in pieces and for a whole one, and
 * JSON that went in comes out as JSON, also when it is to keep its shape.
 */
#include <stdint.h>

#include "buffer.h"
#include "mask.h"
#include "mask_json.h"
#include "memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static struct error *
collect(void *context, const char *bytes, size_t len)
{
	buffer_append(context, bytes, len);
	return NULL;
}

/* True: it was no JSON. */
static bool
through(struct buffer *out, const struct mask *mask, const char *text,
    size_t len, size_t step, bool json)
{
	struct mask_stream *stream = mask_stream_new(mask, collect, out);
	struct error *error = NULL;
	bool failed;

	buffer_clear(out);
	buffer_append(out, "", 0);
	if (json)
		mask_stream_keep_json(stream);
	for (size_t at = 0; at < len && error == NULL; at += step)
		error = mask_stream_write(
		    stream, text + at, len - at < step ? len - at : step);
	if (error == NULL)
		error = mask_stream_end(stream);
	failed = error != NULL;
	error_free(error);
	mask_stream_free(stream);
	return failed;
}

static void
check(const struct mask *mask, const char *text, size_t len, size_t step,
    bool json)
{
	struct buffer whole = BUFFER_INIT(1 << 24), cut = BUFFER_INIT(1 << 24);
	bool failed = through(&whole, mask, text, len, len + 1, json);
	bool is_json =
	    len > 0 && (json || *text == '{') && mask_json_is(text, len);

	if (through(&cut, mask, text, len, step, json) != failed)
		abort();
	if (!failed &&
	    (whole.len != cut.len ||
		memcmp(whole.data, cut.data, whole.len) != 0))
		abort();
	if (is_json && (failed || !mask_json_is(whole.data, whole.len)))
		abort();
	buffer_release(&whole);
	buffer_release(&cut);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char *text;
	static struct mask *mask; /* made once: the rules take their time */

	if (len < 2)
		return 0;
	text = xmalloc(len);
	memcpy(text, bytes + 1, len - 1);
	if (mask == NULL) {
		mask = mask_new();
		mask_add(mask, "VALUE", "known-value\\\"", 13);
		mask_add(mask, "NUMBER", "12345678", 8);
		mask_add(mask, "LOOSE", "x&y/known's=$5%", 15);
	}
	check(mask, text, len - 1, 1U + bytes[0] % 40, false);
	check(mask, text, len - 1, 1U + bytes[0] % 40, true);
	free(text);
	return 0;
}
