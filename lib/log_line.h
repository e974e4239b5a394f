/* SPDX-License-Identifier: MIT */
/*
 * A line of somebody's standard error as a log event: one JSON object with
 * ts, level, stage, event and msg (log.h).
 *
 * A line that is a JSON object is an event already and keeps its members as
 * they are; what it lacks is added. Any other line is wrapped: an `output`
 * event at info. "nr-push: text" is a program that had no log yet, which
 * says why it gives up: a `message` of stage nr-push at error (at warn, when
 * the text begins with "warning: "). Lines indented below it belong to it.
 */
#ifndef LOG_LINE_H
#define LOG_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"
#include "json.h"
#include "log.h"

enum { LOG_LINE_MAX = 64 * 1024 };

enum log_format { LOG_FORMAT_JSON, LOG_FORMAT_LOGFMT, LOG_FORMAT_PRETTY };

struct log_field {
	const char *name, *value;
};

/* What lines get that lack it, and what is known from the lines before. */
struct log_reader {
	const char *stage; /* NULL: none */
	const struct log_field *fields;
	size_t n_fields;
	/* Of the last plain message, for the lines indented below it. */
	char *message_stage;
	enum log_level message_level;
};

struct log_line {
	struct buffer json;    /* the event, without a newline */
	struct json_scan scan; /* of it */
	enum log_level level;
};

/* n_cut: bytes of the line that were left out behind `text`. */
void log_line_read(struct log_line *line, struct log_reader *reader,
    const char *text, size_t len, size_t n_cut);
void log_line_release(struct log_line *line);
void log_reader_release(struct log_reader *reader);

/* A string member, decoded; the caller frees; NULL: no such string. */
char *log_line_string(const struct log_line *line, const char *name);

/* The line in one of the formats, with a newline. */
void log_line_render(struct buffer *out, const struct log_line *line,
    enum log_format format, bool colour);

#endif
