/* SPDX-License-Identifier: MIT */
/*
 * Server-sent events, as the HTML standard has them ("Interpreting an event
 * stream"): lines that end in LF, CR or CRLF, cut anywhere by the network.
 * `id` and `retry` are passed over: nobody connects again here.
 *
 * One difference: an event whose lines are complete is given also when the
 * empty line behind it is missing at the end of the stream, as some servers
 * do. An incomplete line at the end is dropped, as the standard says.
 * And another: a line "error: ...", with which llama.cpp ended a stream for
 * years, is the data of an event "error".
 */
#ifndef SSE_H
#define SSE_H

#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"
#include "error.h"

/* `event` is "" when there is none; `data` is NUL-terminated. An error ends
 * the stream and is handed to the caller. */
typedef struct error *sse_handler(
    void *context, const char *event, const char *data, size_t len);

struct sse {
	sse_handler *handle;
	void *context;
	struct buffer line, data, event;
	bool after_cr, has_data;
	size_t n_bytes; /* of the stream, up to the mark at its beginning */
};

/* An event of more than max_bytes is an error. */
void sse_open(
    struct sse *sse, size_t max_bytes, sse_handler *handle, void *context);
struct error *sse_write(struct sse *sse, const char *bytes, size_t len);
struct error *sse_end(struct sse *sse);
void sse_release(struct sse *sse);

#endif
