/* SPDX-License-Identifier: MIT */
/*
 * The events of one YAML text, and what is wrong with it. What the grammar
 * allows and we do not is collected, so that a person sees all of it; what
 * ends the reading sets `fatal`, and no event follows.
 */
#ifndef YAML_READER_H
#define YAML_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <yaml.h>

#include "buffer.h"
#include "error.h"
#include "yaml.h"

enum { YAML_MAX_PROBLEMS = 20 };

struct yaml_reader {
	yaml_parser_t parser;
	const char *name, *text; /* borrowed */
	size_t len;
	struct buffer problems;
	size_t n_problems, n_events, max_events;
	bool fatal;
};

struct error *yaml_reader_open(
    struct yaml_reader *reader, const char *text, size_t len, const char *name);
/* All problems as one ConfigError; NULL: there were none. */
struct error *yaml_reader_close(struct yaml_reader *reader);

/* The next event, which the caller deletes; false: the reading has ended. */
bool yaml_reader_next(struct yaml_reader *reader, yaml_event_t *event);

struct yaml_mark yaml_reader_mark(yaml_mark_t mark);
/* Always false, for callers that stop there. */
bool yaml_reader_problem(struct yaml_reader *reader, struct yaml_mark mark,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
