/* SPDX-License-Identifier: MIT */
#include "json.h"

#include "buffer.h"
#include "memory.h"

jv
json_get(jv value, const char *path)
{
	jv at = jv_copy(value);

	while (path != NULL && *path != '\0') {
		size_t len = strcspn(path, ".");

		if (jv_get_kind(at) != JV_KIND_OBJECT) {
			jv_free(at);
			return jv_invalid();
		}
		at = jv_object_get(at, jv_string_sized(path, (int)len));
		path += len;
		if (*path == '.')
			path++;
	}
	return at;
}

/*
 * The value at a path without a reference of its own: it lives as long as
 * the value it was found in.
 */
static jv
peek(jv value, const char *path)
{
	jv at = json_get(value, path);

	jv_free(at);
	return at;
}

const char *
json_string(jv value, const char *path)
{
	jv at = peek(value, path);

	return jv_get_kind(at) == JV_KIND_STRING ? jv_string_value(at) : NULL;
}

double
json_number(jv value, const char *path, double fallback)
{
	jv at = peek(value, path);

	return jv_get_kind(at) == JV_KIND_NUMBER ? jv_number_value(at)
						 : fallback;
}

bool
json_boolean(jv value, const char *path, bool fallback)
{
	jv_kind kind = jv_get_kind(peek(value, path));

	if (kind != JV_KIND_TRUE && kind != JV_KIND_FALSE)
		return fallback;
	return kind == JV_KIND_TRUE;
}

size_t
json_array_length(jv value, const char *path)
{
	jv at = json_get(value, path);

	if (jv_get_kind(at) != JV_KIND_ARRAY) {
		jv_free(at);
		return 0;
	}
	return (size_t)jv_array_length(at);
}

jv
json_element(jv value, size_t n)
{
	if (jv_get_kind(value) != JV_KIND_ARRAY ||
	    n >= json_array_length(value, NULL))
		return jv_invalid();
	return jv_array_get(jv_copy(value), (int)n);
}

jv
json_set(jv object, const char *name, jv member)
{
	return jv_object_set(object, jv_string(name), member);
}

jv
json_set_string(jv object, const char *name, const char *text)
{
	return json_set(
	    object, name, text != NULL ? jv_string(text) : jv_null());
}

jv
json_set_number(jv object, const char *name, double number)
{
	return json_set(object, name, jv_number(number));
}

jv
json_set_boolean(jv object, const char *name, bool yes)
{
	return json_set(object, name, jv_bool(yes));
}

char **
json_strings(jv value, const char *path)
{
	size_t n = json_array_length(value, path), used = 0;
	char **strings = xcalloc(n + 1, sizeof *strings);
	jv array = json_get(value, path);

	for (size_t i = 0; i < n; i++) {
		jv element = json_element(array, i);

		if (jv_get_kind(element) == JV_KIND_STRING)
			strings[used++] = xstrdup(jv_string_value(element));
		jv_free(element);
	}
	jv_free(array);
	return strings;
}

void
json_strings_free(char **strings)
{
	for (char **at = strings; at != NULL && *at != NULL; at++)
		free(*at);
	free(strings);
}

char *
json_text(jv value)
{
	jv dumped = jv_dump_string(value, 0);
	char *text = xstrdup(jv_string_value(dumped));

	jv_free(dumped);
	return text;
}

const char *
json_kind_name(jv value)
{
	jv_kind kind = jv_get_kind(value);

	if (kind == JV_KIND_TRUE || kind == JV_KIND_FALSE)
		return "boolean";
	if (kind == JV_KIND_INVALID)
		return "nothing";
	return jv_kind_name(kind);
}

static struct error *
scan_error(const struct json_scan *scan, const char *name)
{
	struct buffer text = BUFFER_INIT(65536);
	struct error *error;

	for (size_t i = 0; i < scan->n_problems; i++) {
		const struct json_problem *problem = &scan->problems[i];

		buffer_appendf(&text, "%s%s:%zu:%zu: %s%s%s", i > 0 ? "\n" : "",
		    name, problem->line, problem->column, problem->pointer,
		    problem->pointer[0] != '\0' ? ": " : "", problem->message);
	}
	error = error_new(ERROR_DOCUMENT, "%s", text.data);
	buffer_release(&text);
	return error;
}

struct error *
json_parse(jv *value, const char *text, size_t len, const char *name)
{
	struct json_scan scan;
	struct error *error = NULL;

	*value = jv_invalid();
	json_scan(&scan, text, len);
	if (scan.n_problems > 0) {
		error = scan_error(&scan, name);
	} else {
		*value = jv_parse_sized(text, (int)len);
		if (!jv_is_valid(*value)) {
			jv_free(*value);
			*value = jv_invalid();
			error = error_new(ERROR_DOCUMENT,
			    "%s: the JSON text cannot be used", name);
		}
	}
	json_scan_release(&scan);
	return error;
}
