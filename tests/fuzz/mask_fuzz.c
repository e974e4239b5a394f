/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer entry for masking: the first bytes say how the rest is cut. What
 * comes out is the same for a stream in pieces and for a whole one, and
 * JSON that went in comes out as JSON.
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

static void
through(struct buffer *out, const struct mask *mask, const char *text,
    size_t len, size_t step)
{
	struct mask_stream *stream = mask_stream_new(mask, collect, out);

	buffer_clear(out);
	buffer_append(out, "", 0);
	for (size_t at = 0; at < len; at += step)
		error_free(mask_stream_write(
		    stream, text + at, len - at < step ? len - at : step));
	error_free(mask_stream_end(stream));
	mask_stream_free(stream);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct buffer whole = BUFFER_INIT(1 << 24), cut = BUFFER_INIT(1 << 24);
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
	through(&whole, mask, text, len - 1, len);
	through(&cut, mask, text, len - 1, 1U + bytes[0] % 40);
	if (whole.len != cut.len ||
	    memcmp(whole.data, cut.data, whole.len) != 0)
		abort();
	if (*text == '{' && mask_json_is(text, len - 1) &&
	    !mask_json_is(whole.data, whole.len))
		abort();
	buffer_release(&whole);
	buffer_release(&cut);
	free(text);
	return 0;
}
