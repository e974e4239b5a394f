/* SPDX-License-Identifier: MIT */
#include "yaml_event.h"

#include "memory.h"

const char *
yaml_event_anchor(const yaml_event_t *event)
{
	const yaml_char_t *anchor = NULL;

	if (event->type == YAML_SCALAR_EVENT)
		anchor = event->data.scalar.anchor;
	else if (event->type == YAML_ALIAS_EVENT)
		anchor = event->data.alias.anchor;
	else if (event->type == YAML_SEQUENCE_START_EVENT)
		anchor = event->data.sequence_start.anchor;
	else if (event->type == YAML_MAPPING_START_EVENT)
		anchor = event->data.mapping_start.anchor;
	return (const char *)anchor;
}

const char *
yaml_event_tag(const yaml_event_t *event)
{
	const yaml_char_t *tag = NULL;

	if (event->type == YAML_SCALAR_EVENT)
		tag = event->data.scalar.tag;
	else if (event->type == YAML_SEQUENCE_START_EVENT)
		tag = event->data.sequence_start.tag;
	else if (event->type == YAML_MAPPING_START_EVENT)
		tag = event->data.mapping_start.tag;
	return (const char *)tag;
}

const char *
yaml_event_core_tag(const yaml_event_t *event)
{
	static const char prefix[] = "tag:yaml.org,2002:";
	static const char *const scalars[] = { "str", "int", "float", "bool",
		"null" };
	const char *tag = yaml_event_tag(event);

	if (tag == NULL)
		return "";
	if (strcmp(tag, "!") == 0)
		return event->type == YAML_SCALAR_EVENT ? "str" : "";
	if (strncmp(tag, prefix, sizeof prefix - 1) == 0) {
		const char *name = tag + sizeof prefix - 1;

		if (event->type == YAML_MAPPING_START_EVENT &&
		    strcmp(name, "map") == 0)
			return name;
		if (event->type == YAML_SEQUENCE_START_EVENT &&
		    strcmp(name, "seq") == 0)
			return name;
		for (size_t i = 0; event->type == YAML_SCALAR_EVENT && i < 5;
		     i++) {
			if (strcmp(name, scalars[i]) == 0)
				return scalars[i];
		}
	}
	return NULL;
}

static const char *
tag_of_kind(const struct yaml_scalar *scalar)
{
	switch (scalar->kind) {
	case YAML_SCALAR_NULL:
		return "null";
	case YAML_SCALAR_BOOLEAN:
		return "bool";
	case YAML_SCALAR_NUMBER:
		return scalar->integer ? "int" : "float";
	case YAML_SCALAR_STRING:
	case YAML_SCALAR_BAD:
		break;
	}
	return "str";
}

struct yaml_scalar
yaml_event_scalar(const yaml_event_t *event, const char *tag)
{
	const char *text = (const char *)event->data.scalar.value;
	struct yaml_scalar scalar = { .kind = YAML_SCALAR_STRING };
	const char *found;

	if (*tag == '\0' && !event->data.scalar.plain_implicit)
		return scalar;
	if (strcmp(tag, "str") == 0)
		return scalar;
	scalar = yaml_scalar_resolve(text);
	found = tag_of_kind(&scalar);
	if (scalar.kind != YAML_SCALAR_BAD && *tag != '\0' &&
	    strcmp(tag, found) != 0 &&
	    !(strcmp(tag, "float") == 0 && strcmp(found, "int") == 0)) {
		scalar.kind = YAML_SCALAR_BAD;
		scalar.reason = "not of the kind that its tag says";
	}
	return scalar;
}

jv
yaml_event_value(const yaml_event_t *event, const struct yaml_scalar *scalar)
{
	switch (scalar->kind) {
	case YAML_SCALAR_BOOLEAN:
		return jv_bool(scalar->boolean);
	case YAML_SCALAR_NUMBER:
		return jv_number(scalar->number);
	case YAML_SCALAR_STRING:
		return jv_string_sized((const char *)event->data.scalar.value,
		    (int)event->data.scalar.length);
	case YAML_SCALAR_NULL:
	case YAML_SCALAR_BAD:
		break;
	}
	return jv_null();
}
