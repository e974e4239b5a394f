/* SPDX-License-Identifier: MIT */
#include "config_value.h"

#include <ctype.h>
#include <math.h>

#include "buffer.h"
#include "config_form.h"
#include "json.h"
#include "memory.h"
#include "printable.h"

enum { max_quoted_bytes = 60 };

/* "local-process|docker" as "local-process, docker". */
static char *
choices_text(const char *choices)
{
	struct buffer text = BUFFER_INIT(1024);

	for (; *choices != '\0'; choices++) {
		if (*choices == '|')
			buffer_append_string(&text, ", ");
		else
			buffer_append(&text, choices, 1);
	}
	return buffer_take(&text);
}

static char *
expected_text(const struct config_key *key)
{
	char *choices, *text;

	switch (key->kind) {
	case CONFIG_STRING:
		return xstrdup(config_form_text(key->form));
	case CONFIG_INTEGER:
		return xasprintf(
		    "an integer from %.0f to %.0f", key->min, key->max);
	case CONFIG_NUMBER:
		return xasprintf("a number from %g to %g", key->min, key->max);
	case CONFIG_BOOLEAN:
		return xstrdup("true or false");
	case CONFIG_ENUM:
		choices = choices_text(key->choices);
		text = xasprintf("one of %s", choices);
		free(choices);
		return text;
	case CONFIG_LIST:
		return xasprintf(
		    "a list, each %s", config_form_text(key->form));
	case CONFIG_COMMAND:
		return xstrdup("a list of arguments, or a string for sh");
	case CONFIG_MAP:
		return xstrdup("an object of strings");
	}
	return xstrdup("something else");
}

/* A variable's name may be the secret itself, by mistake; a URL may hold
 * one. */
static bool
may_be_secret(const struct config_key *key)
{
	return key->form == CONFIG_VARIABLE || key->form == CONFIG_URL;
}

static char *
found_text(const struct config_key *key, jv value)
{
	const char *kind = json_kind_name(value);
	jv_kind found = jv_get_kind(value);
	char *text, *shown;

	if (found == JV_KIND_NULL || found == JV_KIND_ARRAY ||
	    found == JV_KIND_OBJECT || may_be_secret(key))
		return xasprintf("%s%s",
		    found == JV_KIND_NULL         ? ""
			: strchr("aeio", kind[0]) ? "an "
						  : "a ",
		    found == JV_KIND_STRING ? "string that is none" : kind);
	text = config_value_text(value);
	shown = printable(text, max_quoted_bytes);
	free(text);
	text = xasprintf("the %s '%s'", kind, shown);
	free(shown);
	return text;
}

static char *
problem(const struct config_key *key, jv value)
{
	char *expected = expected_text(key), *found = found_text(key, value);
	char *text =
	    xasprintf("'%s' must be %s, found %s", key->name, expected, found);

	free(expected);
	free(found);
	return text;
}

static bool
is_same_word(const char *a, size_t len, const char *b)
{
	for (size_t i = 0; i < len; i++) {
		int x = tolower((unsigned char)a[i]);
		int y = tolower((unsigned char)b[i]);

		if (x != y && !(x == '-' && y == '_'))
			return false;
	}
	return b[len] == '\0';
}

/* The choice as the table spells it, whatever the case; NULL: none. */
static char *
find_choice(const char *choices, const char *text)
{
	while (*choices != '\0') {
		size_t len = strcspn(choices, "|");

		if (is_same_word(choices, len, text))
			return xstrndup(choices, len);
		choices += len;
		choices += *choices == '|';
	}
	return NULL;
}

static char *
check_choice(jv *value, const struct config_key *key)
{
	char *choice;

	if (jv_get_kind(*value) != JV_KIND_STRING)
		return problem(key, *value);
	choice = find_choice(key->choices, jv_string_value(*value));
	if (choice == NULL)
		return problem(key, *value);
	jv_free(*value);
	*value = jv_string(choice);
	free(choice);
	return NULL;
}

static char *
check_number(const struct config_key *key, jv value)
{
	double number;

	if (jv_get_kind(value) != JV_KIND_NUMBER)
		return problem(key, value);
	number = jv_number_value(value);
	if (number < key->min || number > key->max ||
	    (key->kind == CONFIG_INTEGER && number != floor(number)))
		return problem(key, value);
	return NULL;
}

static char *
check_string(const struct config_key *key, jv value)
{
	const char *reason;

	if (jv_get_kind(value) != JV_KIND_STRING)
		return problem(key, value);
	reason = config_form_problem(key->form, jv_string_value(value));
	if (reason == NULL)
		return NULL;
	return xasprintf("'%s' must be %s; %s", key->name,
	    config_form_text(key->form), reason);
}

/*
 * An element of a list or a map: a string, or a scalar as it was written, so
 * that [agent, --turns, 30] and {cpu: 1.10} are what a person meant.
 */
static char *
check_element(jv *element, const struct config_key *key,
    const struct yaml *yaml, const char *pointer)
{
	const char *source =
	    yaml != NULL ? yaml_source_at(yaml, pointer) : NULL;
	jv_kind kind = jv_get_kind(*element);

	if (source != NULL && kind != JV_KIND_NULL) {
		jv_free(*element);
		*element = jv_string(source);
	}
	return check_string(key, *element);
}

static char *
check_list(jv *value, const struct config_key *key, const struct yaml *yaml,
    const char *pointer, struct yaml_mark *mark)
{
	size_t n = json_array_length(*value, NULL);
	char *wrong = NULL;
	jv list = jv_array();

	for (size_t i = 0; i < n && wrong == NULL; i++) {
		char *at = xasprintf("%s/%zu", pointer, i);
		jv element = json_element(*value, i);

		wrong = check_element(&element, key, yaml, at);
		if (wrong != NULL && yaml != NULL)
			*mark = yaml_mark_at(yaml, at);
		list = jv_array_append(list, element);
		free(at);
	}
	jv_free(*value);
	*value = list;
	return wrong;
}

char *
config_pointer(const char *parent, const char *name)
{
	struct buffer text = BUFFER_INIT(8192);

	if (parent != NULL)
		buffer_append_string(&text, parent);
	buffer_append_string(&text, "/");
	for (; *name != '\0'; name++) {
		if (*name == '~')
			buffer_append_string(&text, "~0");
		else if (*name == '/')
			buffer_append_string(&text, "~1");
		else
			buffer_append(&text, name, 1);
	}
	return buffer_take(&text);
}

static char *
check_map(jv *value, const struct config_key *key, const struct yaml *yaml,
    const char *pointer, struct yaml_mark *mark)
{
	jv names = jv_keys(jv_copy(*value));
	size_t n = json_array_length(names, NULL);
	char *wrong = NULL;

	for (size_t i = 0; i < n && wrong == NULL; i++) {
		jv name = json_element(names, i);
		jv member = jv_object_get(jv_copy(*value), jv_copy(name));
		char *at = config_pointer(pointer, jv_string_value(name));

		wrong = check_element(&member, key, yaml, at);
		if (wrong != NULL && yaml != NULL)
			*mark = yaml_mark_at(yaml, at);
		*value = jv_object_set(*value, name, member);
		free(at);
	}
	jv_free(names);
	return wrong;
}

char *
config_value_check(jv *value, const struct config_key *key,
    const struct yaml *yaml, const char *pointer, struct yaml_mark *mark)
{
	jv_kind kind = jv_get_kind(*value);

	switch (key->kind) {
	case CONFIG_STRING:
		return check_string(key, *value);
	case CONFIG_INTEGER:
	case CONFIG_NUMBER:
		return check_number(key, *value);
	case CONFIG_BOOLEAN:
		if (kind == JV_KIND_TRUE || kind == JV_KIND_FALSE)
			return NULL;
		break;
	case CONFIG_ENUM:
		return check_choice(value, key);
	case CONFIG_COMMAND:
		if (kind == JV_KIND_STRING)
			return NULL;
		if (kind != JV_KIND_ARRAY ||
		    json_array_length(*value, NULL) == 0)
			break;
		return check_list(value, key, yaml, pointer, mark);
	case CONFIG_LIST:
		if (kind == JV_KIND_ARRAY)
			return check_list(value, key, yaml, pointer, mark);
		break;
	case CONFIG_MAP:
		if (kind == JV_KIND_OBJECT)
			return check_map(value, key, yaml, pointer, mark);
		break;
	}
	return problem(key, *value);
}

static jv
value_at(const struct yaml *yaml, const char *pointer)
{
	jv at = jv_copy(yaml_value(yaml));

	while (*pointer == '/') {
		size_t len = strcspn(++pointer, "/");

		/* Keys of the table need no escapes. */
		at = jv_object_get(at, jv_string_sized(pointer, (int)len));
		pointer += len;
	}
	return at;
}

char *
config_value_from_yaml(jv *value, const struct config_key *key,
    const struct yaml *yaml, const char *pointer, struct yaml_mark *mark)
{
	char *wrong;

	*mark = yaml_mark_at(yaml, pointer);
	*value = value_at(yaml, pointer);
	if (jv_get_kind(*value) == JV_KIND_STRING &&
	    *jv_string_value(*value) == '\0') {
		jv_free(*value);
		*value = jv_null();
	}
	if (jv_get_kind(*value) == JV_KIND_NULL)
		return NULL;
	wrong = config_value_check(value, key, yaml, pointer, mark);
	if (wrong != NULL) {
		jv_free(*value);
		*value = jv_null();
	}
	return wrong;
}
