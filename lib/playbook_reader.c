/* SPDX-License-Identifier: MIT */
#include "playbook_reader.h"

#include <math.h>
#include <stdarg.h>

#include "json.h"
#include "memory.h"
#include "printable.h"
#include "word_distance.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
#define DIGITS "0123456789"

enum { max_shown = 60, max_line = 200, max_settings = 1000 };

size_t
playbook_enter(struct playbook_reader *reader, const char *name)
{
	size_t back = strlen(reader->pointer), at = back;

	/* One too long leads nowhere, and is told of where its file begins. */
	if (at + 2 * strlen(name) + 2 >= sizeof reader->pointer)
		return back;
	reader->pointer[at++] = '/';
	for (; *name != '\0'; name++) {
		if (*name == '~' || *name == '/')
			reader->pointer[at++] = '~';
		reader->pointer[at++] = *name == '~' ? '0'
		    : *name == '/'                   ? '1'
						     : *name;
	}
	reader->pointer[at] = '\0';
	return back;
}

size_t
playbook_enter_nth(struct playbook_reader *reader, size_t n)
{
	char number[32];

	snprintf(number, sizeof number, "%zu", n);
	return playbook_enter(reader, number);
}

void
playbook_leave(struct playbook_reader *reader, size_t back)
{
	reader->pointer[back] = '\0';
}

static void __attribute__((format(printf, 3, 0)))
add_problem(struct playbook_reader *reader, struct yaml_mark mark,
    const char *format, va_list args)
{
	struct playbook_problems *problems = reader->problems;
	char *text;

	if (problems->n++ >= PLAYBOOK_MAX_PROBLEMS)
		return;
	text = xvasprintf(format, args);
	buffer_appendf(&problems->text, "%s%s:%zu:%zu: %s",
	    problems->n > 1 ? "\n  " : "", reader->path, mark.line, mark.column,
	    text);
	free(text);
}

void
playbook_problem(struct playbook_reader *reader, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	/* The search for the place is linear: not for what nobody is told. */
	add_problem(reader,
	    reader->problems->n < PLAYBOOK_MAX_PROBLEMS
		? yaml_mark_at(reader->yaml, reader->pointer)
		: (struct yaml_mark){ 1, 1 },
	    format, args);
	va_end(args);
}

void
playbook_problem_within(struct playbook_reader *reader, const char *text,
    size_t offset, const char *format, ...)
{
	struct yaml_mark mark = { 1, 1 };
	va_list args;

	if (reader->problems->n < PLAYBOOK_MAX_PROBLEMS)
		mark = yaml_mark_within(reader->yaml,
		    yaml_mark_at(reader->yaml, reader->pointer), text, offset);
	va_start(args, format);
	add_problem(reader, mark, format, args);
	va_end(args);
}

static bool
is_listed(const char *const *keys, const char *name)
{
	for (; *keys != NULL; keys++)
		if (strcmp(*keys, name) == 0)
			return true;
	return false;
}

static void
refuse_key(
    struct playbook_reader *reader, const char *name, const char *const *keys)
{
	const char *nearest = word_nearest(name, keys);
	char *shown = printable(name, max_shown);
	struct yaml_mark mark = { 1, 1 };
	size_t back = playbook_enter(reader, name);

	if (reader->problems->n < PLAYBOOK_MAX_PROBLEMS)
		mark = yaml_key_mark_at(reader->yaml, reader->pointer);
	playbook_leave(reader, back);
	if (reader->problems->n++ < PLAYBOOK_MAX_PROBLEMS)
		buffer_appendf(&reader->problems->text,
		    "%s%s:%zu:%zu: unknown key '%s'; %s%s%s",
		    reader->problems->n > 1 ? "\n  " : "", reader->path,
		    mark.line, mark.column, shown,
		    nearest != NULL ? "did you mean '" : "see nr-playbook(5)",
		    nearest != NULL ? nearest : "",
		    nearest != NULL ? "'?" : "");
	free(shown);
}

void
playbook_check_keys(
    struct playbook_reader *reader, jv object, const char *const *keys)
{
	jv_object_foreach(object, key, value)
	{
		const char *name = jv_string_value(key);

		if (!is_listed(keys, name))
			refuse_key(reader, name, keys);
		jv_free(key);
		jv_free(value);
	}
}

/* "a list", "the text 'x'": what was found, for a message. */
static char *
describe(struct playbook_reader *reader, jv value)
{
	const char *source = yaml_source_at(reader->yaml, reader->pointer);
	const char *text = json_string(value, NULL);
	char *shown, *described;

	if (jv_get_kind(value) == JV_KIND_ARRAY)
		return xstrdup("a list");
	if (jv_get_kind(value) == JV_KIND_OBJECT)
		return xstrdup("an object");
	if (jv_get_kind(value) == JV_KIND_NULL)
		return xstrdup("nothing");
	shown = printable(text != NULL ? text
		: source != NULL       ? source
				       : "",
	    max_shown);
	described = xasprintf("the %s '%s'",
	    text != NULL ? "text" : json_kind_name(value), shown);
	free(shown);
	return described;
}

static void
refuse_kind(struct playbook_reader *reader, const char *name, jv value,
    const char *expected, const char *hint)
{
	char *found;

	/* As above. */
	if (reader->problems->n >= PLAYBOOK_MAX_PROBLEMS) {
		reader->problems->n++;
		return;
	}
	found = describe(reader, value);
	playbook_problem(
	    reader, "%s: expected %s, found %s%s", name, expected, found, hint);
	free(found);
}

static bool
is_absent(jv value)
{
	jv_kind kind = jv_get_kind(value);

	return kind == JV_KIND_INVALID || kind == JV_KIND_NULL;
}

char *
playbook_text(
    struct playbook_reader *reader, jv object, const char *name, bool required)
{
	jv value = json_get(object, name);
	const char *text = json_string(value, NULL);
	char *copy = NULL;
	size_t back;

	if (is_absent(value) && required)
		playbook_problem(reader, "'%s' is missing", name);
	back = playbook_enter(reader, name);
	if (text != NULL && *text == '\0' && required)
		playbook_problem(reader, "%s: the text is empty", name);
	else if (text != NULL)
		copy = xstrdup(text);
	else if (!is_absent(value))
		refuse_kind(reader, name, value, "a text",
		    jv_get_kind(value) == JV_KIND_ARRAY ||
			    jv_get_kind(value) == JV_KIND_OBJECT
			? ""
			: "; put it in quotes");
	playbook_leave(reader, back);
	jv_free(value);
	return copy;
}

char *
playbook_line(
    struct playbook_reader *reader, jv object, const char *name, bool required)
{
	char *text = playbook_text(reader, object, name, required);
	bool fits = text == NULL || strlen(text) <= max_line;
	size_t back;

	for (const char *c = text; fits && c != NULL && *c != '\0'; c++)
		fits = (unsigned char)*c >= ' ' && *c != 0x7f;
	if (fits)
		return text;
	back = playbook_enter(reader, name);
	playbook_problem(reader, "%s: expected one line of at most %d bytes",
	    name, max_line);
	playbook_leave(reader, back);
	free(text);
	return NULL;
}

double
playbook_number(struct playbook_reader *reader, jv object, const char *name,
    double fallback, double min, double max, bool whole)
{
	jv value = json_get(object, name);
	double number = json_number(value, NULL, NAN);
	size_t back = playbook_enter(reader, name);
	char *expected;

	if (is_absent(value)) {
		number = fallback;
	} else if (!(number >= min && number <= max) ||
	    (whole && floor(number) != number)) {
		expected = xasprintf("a %snumber from %g to %.0f",
		    whole ? "whole " : "", min, max);
		refuse_kind(reader, name, value, expected,
		    jv_get_kind(value) == JV_KIND_STRING
			? "; write it in digits, without a unit or quotes"
			: "");
		free(expected);
		number = fallback;
	}
	playbook_leave(reader, back);
	jv_free(value);
	return number;
}

bool
playbook_boolean(
    struct playbook_reader *reader, jv object, const char *name, bool fallback)
{
	jv value = json_get(object, name);
	jv_kind kind = jv_get_kind(value);
	size_t back = playbook_enter(reader, name);

	if (!is_absent(value) && kind != JV_KIND_TRUE && kind != JV_KIND_FALSE)
		refuse_kind(reader, name, value, "true or false",
		    kind == JV_KIND_STRING ? ", which is a text in YAML 1.2"
					   : "");
	playbook_leave(reader, back);
	fallback = json_boolean(value, NULL, fallback);
	jv_free(value);
	return fallback;
}

static jv
get_kind(struct playbook_reader *reader, jv object, const char *name,
    jv_kind kind, const char *expected)
{
	jv value = json_get(object, name);
	size_t back = playbook_enter(reader, name);
	bool fits = jv_get_kind(value) == kind;

	if (!fits && !is_absent(value))
		refuse_kind(reader, name, value, expected, "");
	playbook_leave(reader, back);
	if (fits)
		return value;
	jv_free(value);
	return jv_invalid();
}

jv
playbook_get_list(struct playbook_reader *reader, jv object, const char *name)
{
	return get_kind(reader, object, name, JV_KIND_ARRAY, "a list");
}

jv
playbook_get_object(struct playbook_reader *reader, jv object, const char *name)
{
	return get_kind(
	    reader, object, name, JV_KIND_OBJECT, "an object of names");
}

static bool
is_variable(const char *name)
{
	return *name != '\0' && strchr(LETTERS, *name) != NULL &&
	    name[strspn(name, LETTERS DIGITS)] == '\0';
}

/* The text of a setting; NULL, and a problem, for a list or an object. */
static char *
setting_text(struct playbook_reader *reader, const char *name, jv value)
{
	const char *text = json_string(value, NULL);

	if (jv_get_kind(value) == JV_KIND_NULL)
		return xstrdup("");
	if (text == NULL && jv_get_kind(value) != JV_KIND_ARRAY &&
	    jv_get_kind(value) != JV_KIND_OBJECT)
		text = yaml_source_at(reader->yaml, reader->pointer);
	if (text != NULL)
		return xstrdup(text);
	refuse_kind(reader, name, value, "a text", "");
	return NULL;
}

/* string_list_add() counts them each time. */
static char **
append_setting(char **list, size_t n, char *setting)
{
	list = xreallocarray(list, n + 2, sizeof *list);
	list[n] = setting;
	list[n + 1] = NULL;
	return list;
}

char **
playbook_settings(struct playbook_reader *reader, jv object, const char *name)
{
	jv settings = playbook_get_object(reader, object, name);
	size_t n = 0, back = playbook_enter(reader, name), back_2;
	char **list = NULL, *text;

	if (jv_is_valid(settings) &&
	    jv_object_length(jv_copy(settings)) > max_settings) {
		playbook_problem(
		    reader, "%s: more than %d variables", name, max_settings);
	} else if (jv_is_valid(settings)) {
		jv_object_foreach(settings, key, value)
		{
			const char *variable = jv_string_value(key);

			back_2 = playbook_enter(reader, variable);
			text = setting_text(reader, variable, value);
			if (!is_variable(variable))
				playbook_problem(reader,
				    "'%s' cannot name a variable: use letters, "
				    "digits and _",
				    variable);
			if (text != NULL)
				list = append_setting(list, n++,
				    xasprintf("%s=%s", variable, text));
			free(text);
			playbook_leave(reader, back_2);
			jv_free(key);
			jv_free(value);
		}
	}
	jv_free(settings);
	playbook_leave(reader, back);
	return list;
}

char **
playbook_names(struct playbook_reader *reader, jv object, const char *name)
{
	jv list = playbook_get_list(reader, object, name);
	size_t n = json_array_length(list, NULL);
	size_t back = playbook_enter(reader, name), back_2;
	char **names = n > 0 ? json_strings(list, NULL) : NULL;

	for (size_t i = 0; i < n; i++) {
		jv element = json_element(list, i);
		const char *text = json_string(element, NULL);

		back_2 = playbook_enter_nth(reader, i);
		if (text == NULL || !is_variable(text))
			refuse_kind(reader, name, element,
			    "a name of letters, digits and _", "");
		playbook_leave(reader, back_2);
		jv_free(element);
	}
	jv_free(list);
	playbook_leave(reader, back);
	return names;
}
