/* SPDX-License-Identifier: MIT */
/*
 * Masking: replaces secret values in bytes with ***.
 *
 * A mask is a set of values, each searched for as it is and in the encodings
 * it is likely to be printed in. Every match is an interval of the input;
 * the output is the input with the union of all intervals replaced, adjacent
 * or overlapping ones by one ***. The output depends on the input alone,
 * never on how it was cut into writes. JSON stays JSON.
 *
 * Values: a trailing newline is trimmed. Below 4 bytes, or a common word
 * (true, null, test, localhost, ...) a value is refused. 4 to 7 bytes are
 * masked only between non-alphanumerics, and not in encodings. 8 and more
 * are masked anywhere.
 */
#ifndef MASK_H
#define MASK_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

struct mask;

struct mask *mask_new(void);
void mask_free(struct mask *mask); /* wipes every value */

/*
 * Adds a value; `name` (for messages, never the value) is copied. False: the
 * value was refused, as too short or too common. Streams already open take
 * the new value into account for what is written to them from now on.
 */
bool mask_add(struct mask *mask, const char *name, const void *value,
    size_t len);
size_t mask_count(const struct mask *mask); /* values, not encodings */

/* A whole text, masked; NUL-terminated; the caller frees it. A NULL mask
 * copies. */
char *mask_text(const struct mask *mask, const char *text, size_t len,
    size_t *masked_len);

/* The name of the first value found, borrowed, and its offset; NULL: none. */
const char *mask_find(const struct mask *mask, const char *text, size_t len,
    size_t *offset);

/*
 * A stream: what can no longer become part of a match leaves through `write`
 * before mask_stream_write() returns. The sink returns an error to stop the
 * stream, which is passed to the caller. At the end a value cut short (16
 * bytes of it, or half) is masked, not shown.
 */
typedef struct error *mask_sink(void *context, const char *bytes, size_t len);
struct mask_stream;

struct mask_stream *mask_stream_new(const struct mask *mask, mask_sink *write,
    void *context);
struct error *mask_stream_write(struct mask_stream *stream, const char *bytes,
    size_t len);
struct error *mask_stream_end(struct mask_stream *stream);
size_t mask_stream_hits(const struct mask_stream *stream);
void mask_stream_free(struct mask_stream *stream);

/* Copies a descriptor to its end, masked, with flat memory. */
struct error *mask_fd(const struct mask *mask, int from, int to);

#endif
