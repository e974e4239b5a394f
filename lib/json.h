/* SPDX-License-Identifier: MIT */
/*
 * JSON values (jv, of libjq) behind accessors that check kinds, and a strict
 * scanner for JSON text from outside (RFC 8259).
 *
 * jv_object_get() and its like abort the process on a value of the wrong
 * kind; nothing outside json.c calls them on a value it did not make itself.
 *
 * Paths are dotted member names ("runner.run_dir"); array elements are not
 * reached by paths. A path that leads nowhere yields NULL or the fallback.
 *
 * Ownership: parameters named `value` are borrowed unless the comment says
 * "consumes". Returned strings are borrowed and live as long as the value
 * they were found in. Returned jv are owned by the caller (jv_free).
 *
 * Numbers are doubles: exact up to 2^53.
 */
#ifndef JSON_H
#define JSON_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>

#include "error.h"

/* jv_invalid() when there is nothing at the path. */
jv json_get(jv value, const char *path);
const char *json_string(jv value, const char *path); /* NULL: no string */
double json_number(jv value, const char *path, double fallback);
bool json_boolean(jv value, const char *path, bool fallback);
size_t json_array_length(jv value, const char *path); /* 0: no array */

/* The nth element of an array value, owned; jv_invalid() if out of range. */
jv json_element(jv value, size_t n);

/* Returns `object` (consumed) with a member set; `member` is consumed too. */
jv json_set(jv object, const char *name, jv member);
jv json_set_string(jv object, const char *name, const char *text);
jv json_set_number(jv object, const char *name, double number);
jv json_set_boolean(jv object, const char *name, bool yes);

/* The strings of an array at the path, then NULL; free with
 * json_strings_free(). An absent path gives an empty list. */
char **json_strings(jv value, const char *path);
void json_strings_free(char **strings);

/* JSON text in one line; consumes the value; the caller frees the text. */
char *json_text(jv value);

/* "string", "number", "boolean", "null", "array", "object". */
const char *json_kind_name(jv value);

/*
 * One top-level member of a document, as spans of the scanned text: the key
 * with its quotes, the value without the white space around it.
 */
struct json_member {
	char *name; /* decoded */
	const char *key, *value;
	size_t key_len, value_len;
};

/* What is wrong with the text, and where: pointer is a JSON pointer. */
struct json_problem {
	char *pointer;
	char *message;
	size_t line, column; /* both from 1; column in bytes */
	bool fatal;          /* the text is not JSON; the scan ended here */
};

struct json_scan {
	struct json_member *members; /* empty when the text is no object */
	size_t n_members;
	struct json_problem *problems;
	size_t n_problems;
};

enum { JSON_MAX_DEPTH = 128, JSON_MAX_PROBLEMS = 100 };

/*
 * Scans a whole text. Found are: everything that is not JSON (NaN, leading
 * zeros, trailing commas, raw control characters, bad UTF-8, a BOM, text
 * after the value), and what jv would take and damage: lone surrogates, NUL,
 * duplicate keys at any level, nesting deeper than JSON_MAX_DEPTH.
 */
void json_scan(struct json_scan *scan, const char *text, size_t len);
void json_scan_release(struct json_scan *scan);

/*
 * Scans and parses a text of which `name` is told in messages. On success
 * *value is owned by the caller; on failure it is jv_invalid().
 */
struct error *json_parse(
    jv *value, const char *text, size_t len, const char *name);

#endif
