/* SPDX-License-Identifier: MIT */
/*
 * YAML from people, read safely into JSON values: one document, the YAML 1.2
 * core schema (`yes`, `no`, `on`, 017, 1_000, 1:30 are strings, with a
 * warning), string keys, no duplicate keys, no tags but the core ones, no
 * merge keys. Depth at most 64, a scalar 256 KiB, a key 1024 bytes. libyaml's
 * event interface is used because its document interface is quadratic and
 * expands aliases.
 *
 * Unless asked for: no anchors and aliases, input at most 1 MiB, 100,000
 * events. What aliases stand for counts as if it were written out, against
 * the limits of depth and of events.
 *
 * libyaml claims the guard YAML_H, and exports yaml_free, yaml_malloc and
 * yaml_strdup for itself: a function of ours with such a name would be
 * called in their place.
 */
#ifndef NR_YAML_H
#define NR_YAML_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>

#include "error.h"

enum {
	YAML_MAX_BYTES = 1 << 20,
	YAML_MAX_EVENTS = 100000,
	YAML_MAX_DEPTH = 64
};

struct yaml_mark {
	size_t line, column; /* both from 1; column in characters */
};

struct yaml;

/*
 * An element of a list that is a member of the whole, handed over as soon as
 * it has been read, which takes less room than all of them; not of an alias,
 * and of a list with an anchor. Consumes it; returns what the list gets in
 * its place. The places of what has been read can be asked for.
 */
typedef jv yaml_element(void *context, const struct yaml *yaml,
    const char *list, size_t n, jv element);

struct yaml_options {
	bool aliases;
	size_t max_bytes, max_events; /* 0: as above */
	yaml_element *element;        /* NULL: none is handed over */
	void *context;
};

/*
 * Reads a regular file (or a character device such as /dev/null). Problems
 * are a ConfigError, a line for each: "runner.yaml:3:5: reason; hint", the
 * later ones indented. An empty file is an empty object.
 */
struct error *yaml_read_file(struct yaml **yaml, const char *path);
struct error *yaml_read_file_with(
    struct yaml **yaml, const char *path, const struct yaml_options *options);
struct error *yaml_read_text(
    struct yaml **yaml, const char *text, size_t len, const char *name);
struct error *yaml_read_text_with(struct yaml **yaml, const char *text,
    size_t len, const char *name, const struct yaml_options *options);
void yaml_release(struct yaml *yaml);

jv yaml_value(const struct yaml *yaml); /* borrowed */

/* Where the value at a JSON pointer ("/llm/model") begins, and where its key
 * does (the value itself, in a list); 1:1 if unknown. */
struct yaml_mark yaml_mark_at(const struct yaml *yaml, const char *pointer);
struct yaml_mark yaml_key_mark_at(const struct yaml *yaml, const char *pointer);
/*
 * Where the nth byte of a text is that begins at a mark, as yaml_mark_at()
 * tells it. Where the text was not written as it reads (an escape as \x20, an
 * alias), where it begins.
 */
struct yaml_mark yaml_mark_within(const struct yaml *yaml,
    struct yaml_mark mark, const char *value, size_t offset);
/* A number, boolean or null as it was written ("1.10"), borrowed; NULL for
 * anything else. */
const char *yaml_source_at(const struct yaml *yaml, const char *pointer);

/* Scalars that YAML 1.1 would read otherwise: "runner.yaml:3:5: ..." */
size_t yaml_n_warnings(const struct yaml *yaml);
const char *yaml_warning(const struct yaml *yaml, size_t n);

#endif
