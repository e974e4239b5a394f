/* SPDX-License-Identifier: MIT */
/*
 * One output of a command, in which reports are looked for while it runs.
 * Every line is looked at by its first two bytes; only those that may be of a
 * report cost more. A line is cut at REPORT_LINE_BYTES; colours are removed.
 */
#ifndef REPORT_STREAM_H
#define REPORT_STREAM_H

#include "lines.h"
#include "report.h"

enum { REPORT_LINE_BYTES = 64 * 1024 };

struct report_stream {
	struct lines lines;
	struct buffer plain; /* a line without its colours */
	struct report reports[REPORT_N_FORMATS];
	void *readers[REPORT_N_FORMATS];
	unsigned busy, begun; /* a bit for each format */
	size_t n_lines;
};

/* `mask` and `before` as test_cases_init() has them. */
void report_stream_open(struct report_stream *stream, const struct mask *mask,
    const struct test_cases *before);
void report_stream_write(
    struct report_stream *stream, const char *bytes, size_t len);
/* The reports are whole then, and the caller's to look at. */
void report_stream_close(struct report_stream *stream);
void report_stream_release(struct report_stream *stream);

#endif
