/* SPDX-License-Identifier: MIT */
#include "config_value.h"

#include <ctype.h>
#include <strings.h>

#include "json.h"
#include "memory.h"
#include "yaml_scalar.h"

/* A list or a map as YAML (and so JSON, and Python's way to print them). */
static char *
from_flow(jv *value, const struct config_key *key, const char *text)
{
	struct yaml *yaml;
	struct yaml_mark mark;
	struct error *error =
	    yaml_read_text(&yaml, text, strlen(text), key->name);
	char *wrong;

	if (error != NULL) {
		wrong = xstrdup(error->message);
		error_free(error);
		return wrong;
	}
	wrong = config_value_from_yaml(value, key, yaml, "", &mark);
	yaml_release(yaml);
	return wrong;
}

static jv
boolean_from_text(const char *text)
{
	static const char *const words[] = { "false", "true", "no", "yes",
		"off", "on", "0", "1", "n", "y" };

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (strcasecmp(text, words[i]) == 0)
			return jv_bool(i % 2 == 1);
	}
	return jv_string(text);
}

/* a,b,c as a list; a=1,b=2 as an object. Space around each is dropped. */
static char *
split_text(jv *value, const struct config_key *key, const char *text)
{
	bool map = key->kind == CONFIG_MAP;
	jv split = map ? jv_object() : jv_array();

	while (*text != '\0') {
		size_t len = strcspn(text, ","), end, name;

		for (; len > 0 && isspace((unsigned char)*text); len--)
			text++;
		for (end = len;
		     end > 0 && isspace((unsigned char)text[end - 1]);)
			end--;
		name = strcspn(text, "=");
		if (map && end > 0 && (name == 0 || name >= end)) {
			jv_free(split);
			return xasprintf("'%s' must be an object of strings: "
					 "name=value,name=value",
			    key->name);
		}
		if (map && end > 0)
			split = jv_object_set(split,
			    jv_string_sized(text, (int)name),
			    jv_string_sized(
				text + name + 1, (int)(end - name - 1)));
		else if (end > 0)
			split = jv_array_append(
			    split, jv_string_sized(text, (int)end));
		text += len;
		text += *text == ',';
	}
	*value = split;
	return NULL;
}

static bool
is_flow(const struct config_key *key, const char *text)
{
	size_t len = strlen(text);

	/* The end too: [ -f x ] && y is a command for sh. */
	if (key->kind == CONFIG_MAP)
		return text[0] == '{' && text[len - 1] == '}';
	return text[0] == '[' && text[len - 1] == ']';
}

static jv
number_from_text(const char *text)
{
	struct yaml_scalar scalar = yaml_scalar_resolve(text);

	return scalar.kind == YAML_SCALAR_NUMBER ? jv_number(scalar.number)
						 : jv_string(text);
}

/* The text as a value of the kind that the key asks for, else a string. */
static char *
read_text(jv *value, const struct config_key *key, const char *text)
{
	switch (key->kind) {
	case CONFIG_INTEGER:
	case CONFIG_NUMBER:
		*value = number_from_text(text);
		return NULL;
	case CONFIG_BOOLEAN:
		*value = boolean_from_text(text);
		return NULL;
	case CONFIG_LIST:
	case CONFIG_MAP:
		if (is_flow(key, text))
			return from_flow(value, key, text);
		return split_text(value, key, text);
	case CONFIG_COMMAND:
		if (is_flow(key, text))
			return from_flow(value, key, text);
		break;
	case CONFIG_STRING:
	case CONFIG_ENUM:
		break;
	}
	*value = jv_string(text);
	return NULL;
}

char *
config_value_from_text(
    jv *value, const struct config_key *key, const char *text)
{
	struct yaml_mark nowhere;
	char *wrong;

	*value = jv_null();
	if (*text == '\0' || strcmp(text, "null") == 0 ||
	    strcmp(text, "None") == 0)
		return NULL;
	wrong = read_text(value, key, text);
	if (wrong == NULL)
		wrong = config_value_check(value, key, NULL, "", &nowhere);
	if (wrong != NULL) {
		jv_free(*value);
		*value = jv_null();
	}
	return wrong;
}

char *
config_value_text(jv value)
{
	char *text;

	if (jv_get_kind(value) == JV_KIND_NULL)
		return xstrdup("");
	if (jv_get_kind(value) == JV_KIND_STRING)
		return xstrdup(jv_string_value(value));
	if (jv_get_kind(value) != JV_KIND_NUMBER)
		return json_text(jv_copy(value));
	text = xasprintf("%.15g", jv_number_value(value));
	if (strtod(text, NULL) != jv_number_value(value)) {
		free(text);
		text = xasprintf("%.17g", jv_number_value(value));
	}
	return text;
}
