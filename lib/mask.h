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
 * Values: white space at the ends is trimmed. Below 4 bytes, or a common word
 * (true, null, test, localhost, ...) a value is refused. 4 to 7 bytes are
 * masked only between non-alphanumerics, and not in encodings; so are values
 * of digits alone. 8 and more are masked anywhere, and each line of 8 and
 * more for itself. Of a value that is a JSON document the secret members are
 * searched for, and the whole of it only in base64 and its like.
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
bool mask_add(
    struct mask *mask, const char *name, const void *value, size_t len);
size_t mask_count(const struct mask *mask); /* values, not encodings */

/* Whether ***NAME*** stands for a value, not ***. Set it before use. */
void mask_use_labels(struct mask *mask, bool labels);

/*
 * Secrets are also known by their form: the rules of share/patterns, which
 * every mask has at first. mask_add_rules() adds those of a file; a mistake
 * in it is a ConfigError that names file and line. Without the default ones
 * only the values and such files count. Call both before the mask is used.
 */
void mask_use_rules(struct mask *mask, bool use);
struct error *mask_add_rules(struct mask *mask, const char *path);

/* A whole text, masked; NUL-terminated; the caller frees it. A NULL mask
 * copies. JSON stays JSON also where a value spans several JSON values: the
 * strings and numbers that it touches are masked one by one. */
char *mask_text(
    const struct mask *mask, const char *text, size_t len, size_t *masked_len);

/* The name of the first value found, borrowed, and its offset; NULL: none.
 * For checks that stop something, so the rules, which may be wrong, do not
 * count. */
const char *mask_find(
    const struct mask *mask, const char *text, size_t len, size_t *offset);

/*
 * A stream: what can no longer become part of a match leaves through `write`
 * before mask_stream_write() returns. The sink returns an error to stop the
 * stream, which is passed to the caller. At the end a value cut short (16
 * bytes of it, or half) is masked, not shown.
 *
 * A NULL mask copies. A sink sees the bytes in pieces of any size.
 * mask_stream_end() leaves the stream empty, for the next text.
 */
typedef struct error *mask_sink(void *context, const char *bytes, size_t len);
/* Of a stream of which only the hits are asked for. */
struct error *mask_discard(void *context, const char *bytes, size_t len);
struct mask_stream;

struct mask_stream *mask_stream_new(
    const struct mask *mask, mask_sink *write, void *context);
struct error *mask_stream_write(
    struct mask_stream *stream, const char *bytes, size_t len);
struct error *mask_stream_end(struct mask_stream *stream);
/* Reads once from a descriptor, waiting for it if need be; *end: there is
 * nothing more to read. */
struct error *mask_stream_read(struct mask_stream *stream, int fd, bool *end);
/*
 * The input pauses, and a person waits for what is held back: up to 3 bytes of
 * what may become a value at least eight times as long are shown. The rest of
 * it is masked when it comes.
 */
bool mask_stream_holds(const struct mask_stream *stream);
struct error *mask_stream_idle(struct mask_stream *stream);
/*
 * The text is JSON, and stays JSON of the same shape also where a value spans
 * several strings or numbers: they are masked one by one. What is no JSON ends
 * the stream with a TaskContextValidationError. Call it before the first write.
 */
void mask_stream_keep_json(struct mask_stream *stream);
/* How many *** were put: in all, and for values and rules of this name. */
size_t mask_stream_hits(const struct mask_stream *stream);
size_t mask_stream_hits_of(const struct mask_stream *stream, const char *name);
void mask_stream_free(struct mask_stream *stream);

/* Tells of every *** where in the input it begins, and whether its name is
 * that of a rule; line and column count from 1, the column in bytes. */
typedef void mask_report(
    void *context, const char *name, bool rule, size_t line, size_t column);
void mask_stream_on_hit(
    struct mask_stream *stream, mask_report *report, void *context);

/* The nth name of the values, in the order of mask_add(); borrowed. */
const char *mask_name(const struct mask *mask, size_t n);
/* The nth name of the rules; NULL: there are no more. */
const char *mask_rule_name(const struct mask *mask, size_t n);

/* A sink that writes to a descriptor, whole, waiting for it if need be. */
struct mask_output {
	int fd;
	int failure; /* errno of the write that failed; else 0 */
};
mask_sink mask_output_write; /* its context is a struct mask_output */

/* Copies a descriptor to its end, masked, with flat memory. */
struct error *mask_fd(const struct mask *mask, int from, int to);

#endif
