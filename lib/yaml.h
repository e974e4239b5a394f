/* SPDX-License-Identifier: MIT */
/*
 * YAML from people, read safely into JSON values: one document, the YAML 1.2
 * core schema (`yes`, `no`, `on`, 017, 1_000, 1:30 are strings, with a
 * warning), string keys, no duplicate keys, no tags but the core ones, no
 * anchors, aliases or merge keys. Input at most 1 MiB, depth 64, 100,000
 * events, a scalar 256 KiB, a key 1024 bytes. libyaml's event interface is
 * used because its document interface is quadratic and expands aliases.
 *
 * libyaml claims the guard YAML_H, and exports yaml_free, yaml_malloc and
 * yaml_strdup for itself: a function of ours with such a name would be
 * called in their place.
 */
#ifndef NR_YAML_H
#define NR_YAML_H

#include <jv.h>
#include <stddef.h>

#include "error.h"

enum { YAML_MAX_BYTES = 1 << 20, YAML_MAX_DEPTH = 64 };

struct yaml_mark {
	size_t line, column; /* both from 1; column in characters */
};

struct yaml;

/*
 * Reads a regular file (or a character device such as /dev/null). Problems
 * are a ConfigError, a line for each: "runner.yaml:3:5: reason; hint", the
 * later ones indented. An empty file is an empty object.
 */
struct error *yaml_read_file(struct yaml **yaml, const char *path);
struct error *yaml_read_text(
    struct yaml **yaml, const char *text, size_t len, const char *name);
void yaml_release(struct yaml *yaml);

jv yaml_value(const struct yaml *yaml); /* borrowed */

/* Where the value at a JSON pointer ("/llm/model") begins, and where its key
 * does (the value itself, in a list); 1:1 if unknown. */
struct yaml_mark yaml_mark_at(const struct yaml *yaml, const char *pointer);
struct yaml_mark yaml_key_mark_at(const struct yaml *yaml, const char *pointer);
/* A number, boolean or null as it was written ("1.10"), borrowed; NULL for
 * anything else. */
const char *yaml_source_at(const struct yaml *yaml, const char *pointer);

/* Scalars that YAML 1.1 would read otherwise: "runner.yaml:3:5: ..." */
size_t yaml_n_warnings(const struct yaml *yaml);
const char *yaml_warning(const struct yaml *yaml, size_t n);

#endif
