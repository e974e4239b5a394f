/* SPDX-License-Identifier: MIT */
/* Bytes as they come, cut into lines of bounded length. */
#ifndef LINES_H
#define LINES_H

#include <stddef.h>

#include "buffer.h"

/* A line without its newline, and without a NUL; n_cut bytes behind it were
 * left out. */
typedef void lines_handler(
    void *context, const char *text, size_t len, size_t n_cut);

struct lines {
	lines_handler *handle;
	void *context;
	struct buffer line; /* one that has not ended yet */
	size_t n_cut;
};

void lines_open(struct lines *lines, size_t max_bytes, lines_handler *handle,
    void *context);
void lines_write(struct lines *lines, const char *bytes, size_t len);
/* The end of the input: what has no newline is a line, too. */
void lines_end(struct lines *lines);

#endif
