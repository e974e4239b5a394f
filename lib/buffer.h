/* SPDX-License-Identifier: MIT */
/*
 * A growing run of bytes with a maximum size, given at its birth. `data` is
 * always NUL-terminated once something was appended, and NULL before.
 *
 * What would pass the maximum is cut: the bytes that fit are kept,
 * `truncated` is set, and the append returns false.
 */
#ifndef BUFFER_H
#define BUFFER_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "memory.h"

struct buffer {
	char *data;
	size_t len;      /* bytes in use */
	size_t capacity; /* bytes allocated, the NUL included */
	size_t max;      /* bytes it may hold */
	bool truncated;
};

#define BUFFER_INIT(max_bytes) ((struct buffer){ .max = (max_bytes) })

bool buffer_append(struct buffer *buffer, const void *bytes, size_t len);
bool buffer_append_string(struct buffer *buffer, const char *text);
bool buffer_appendf(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Reads a descriptor up to its end. More than max bytes, or a read error, is
 * an IOError that names `name`; what was read up to there stays.
 */
struct error *buffer_read_fd(struct buffer *buffer, int fd, const char *name);

/* Hands the bytes over to the caller, who frees them; never NULL. */
char *buffer_take(struct buffer *buffer);

void buffer_clear(struct buffer *buffer);   /* empty, keeps the memory */
void buffer_release(struct buffer *buffer); /* wiped and freed */

#endif
