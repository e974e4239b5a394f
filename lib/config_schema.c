/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "json.h"
#include "memory.h"

static const char *
json_type(enum config_kind kind)
{
	switch (kind) {
	case CONFIG_INTEGER:
		return "integer";
	case CONFIG_NUMBER:
		return "number";
	case CONFIG_BOOLEAN:
		return "boolean";
	case CONFIG_LIST:
	case CONFIG_COMMAND:
		return "array";
	case CONFIG_MAP:
		return "object";
	case CONFIG_STRING:
	case CONFIG_ENUM:
		break;
	}
	return "string";
}

/* Null means the default, everywhere. */
static jv
types(enum config_kind kind)
{
	jv list = jv_array_append(jv_array(), jv_string(json_type(kind)));

	if (kind == CONFIG_COMMAND)
		list = jv_array_append(list, jv_string("string"));
	return jv_array_append(list, jv_string("null"));
}

static jv
choices(const char *text)
{
	jv list = jv_array();

	while (*text != '\0') {
		size_t len = strcspn(text, "|");

		list = jv_array_append(list, jv_string_sized(text, (int)len));
		text += len;
		text += *text == '|';
	}
	return jv_array_append(list, jv_null());
}

static jv
with_pattern(jv schema, enum config_form form)
{
	if (form == CONFIG_URL)
		return json_set_string(
		    schema, "pattern", "^[A-Za-z0-9+.-]+://[^@ ]+$");
	if (form == CONFIG_VARIABLE)
		return json_set_string(
		    schema, "pattern", "^[A-Za-z_][A-Za-z0-9_]*$");
	return schema;
}

/* An element of a list or a map: scalars are taken as they are written. */
static jv
element_schema(enum config_form form)
{
	jv list = jv_array();

	list = jv_array_append(list, jv_string("string"));
	list = jv_array_append(list, jv_string("number"));
	list = jv_array_append(list, jv_string("boolean"));
	return with_pattern(json_set(jv_object(), "type", list), form);
}

static jv
key_schema(const struct config_key *key)
{
	jv schema = json_set(jv_object(), "type", types(key->kind));

	schema = json_set_string(schema, "description", key->help);
	schema = json_set(schema, "default", jv_parse(key->fallback));
	switch (key->kind) {
	case CONFIG_INTEGER:
	case CONFIG_NUMBER:
		schema = json_set_number(schema, "minimum", key->min);
		return json_set_number(schema, "maximum", key->max);
	case CONFIG_ENUM:
		return json_set(schema, "enum", choices(key->choices));
	case CONFIG_COMMAND:
		schema = json_set_number(schema, "minItems", 1);
		return json_set(schema, "items", element_schema(key->form));
	case CONFIG_LIST:
		return json_set(schema, "items", element_schema(key->form));
	case CONFIG_MAP:
		return json_set(
		    schema, "additionalProperties", element_schema(key->form));
	case CONFIG_STRING:
		return with_pattern(schema, key->form);
	case CONFIG_BOOLEAN:
		break;
	}
	return schema;
}

/* The keys of a section, or (NULL) those that stand at the top. */
static jv
object_schema(const char *section)
{
	size_t len = section != NULL ? strlen(section) : 0;
	jv properties = jv_object(), schema = jv_object(), type = jv_array();

	for (const struct config_key *key = config_keys; key->name != NULL;
	     key++) {
		size_t before = strcspn(key->name, ".");
		char *name = xstrndup(key->name, before);

		if (section != NULL && len == before &&
		    strcmp(name, section) == 0)
			properties = json_set(properties,
			    key->name + before + 1, key_schema(key));
		else if (section == NULL && key->name[before] == '\0')
			properties =
			    json_set(properties, name, key_schema(key));
		else if (section == NULL)
			properties =
			    json_set(properties, name, object_schema(name));
		free(name);
	}
	type = jv_array_append(type, jv_string("object"));
	schema =
	    json_set(schema, "type", jv_array_append(type, jv_string("null")));
	schema = json_set_boolean(schema, "additionalProperties", false);
	return json_set(schema, "properties", properties);
}

char *
config_schema(void)
{
	jv schema = object_schema(NULL), text;
	char *copy;

	schema = json_set_string(
	    schema, "$schema", "https://json-schema.org/draft/2020-12/schema");
	schema = json_set_string(schema, "title", "runner.yaml, nr-config(5)");
	text = jv_dump_string(schema,
	    JV_PRINT_PRETTY | JV_PRINT_SORTED | JV_PRINT_INDENT_FLAGS(2));
	copy = xasprintf("%s\n", jv_string_value(text));
	jv_free(text);
	return copy;
}
