/* SPDX-License-Identifier: MIT */
#include "yaml_build.h"

#include <stdbool.h>
#include <stdint.h>

#include "memory.h"
#include "printable.h"
#include "yaml_anchor.h"
#include "yaml_event.h"
#include "yaml_reader.h"
#include "yaml_scalar.h"

enum {
	max_scalar_bytes = 256 * 1024,
	max_key_bytes = 1024,
	max_quoted_bytes = 60,
};

struct builder {
	struct yaml_reader reader;
	struct yaml *yaml;
	bool aliases; /* are they taken? */
	yaml_element *element;
	void *context;
	struct yaml_anchors anchors;
	size_t depth, deepest;
	size_t n_values; /* with those that aliases stand for */
};

static void
add_warning(struct builder *builder, struct yaml_mark mark, const char *text,
    const char *reason)
{
	struct yaml *yaml = builder->yaml;

	if (yaml->n_warnings >= YAML_MAX_PROBLEMS)
		return;
	yaml->warnings = xreallocarray(
	    yaml->warnings, yaml->n_warnings + 1, sizeof *yaml->warnings);
	yaml->warnings[yaml->n_warnings++] = xasprintf("%s:%zu:%zu: '%s' %s",
	    builder->reader.name, mark.line, mark.column, text, reason);
}

/* Refuses anchors and aliases where they are not taken. */
static void
check_anchor(struct builder *builder, const yaml_event_t *event)
{
	const char *anchor = yaml_event_anchor(event);
	char *name;

	if (anchor == NULL || builder->aliases)
		return;
	name = printable(anchor, max_quoted_bytes);
	yaml_reader_problem(&builder->reader,
	    yaml_reader_mark(event->start_mark),
	    "%s%s: anchors and aliases are not supported; write the value "
	    "out, or put it in quotes",
	    event->type == YAML_ALIAS_EVENT ? "*" : "&", name);
	free(name);
}

/* As yaml_event_core_tag(); one of another schema is a problem. */
static const char *
core_tag(struct builder *builder, const yaml_event_t *event)
{
	const char *tag = yaml_event_core_tag(event);
	char *shown;

	if (tag != NULL)
		return tag;
	shown = printable(yaml_event_tag(event), max_quoted_bytes);
	yaml_reader_problem(&builder->reader,
	    yaml_reader_mark(event->start_mark),
	    "the tag '%s' is not supported here; leave it out", shown);
	free(shown);
	return NULL;
}

/* Is the text short enough, and free of NULs? */
static bool
check_scalar(struct builder *builder, const yaml_event_t *event, size_t max)
{
	const yaml_char_t *text = event->data.scalar.value;
	size_t len = event->data.scalar.length;
	struct yaml_mark mark = yaml_reader_mark(event->start_mark);

	if (len > max)
		return yaml_reader_problem(&builder->reader, mark,
		    "a text of %zu bytes; at most %zu are allowed", len, max);
	if (memchr(text, '\0', len) != NULL)
		return yaml_reader_problem(&builder->reader, mark,
		    "the text holds a NUL character (\\0); leave it out");
	return true;
}

static jv
build_scalar(struct builder *builder, const yaml_event_t *event, uint32_t node)
{
	struct yaml_node *where = &builder->yaml->nodes.nodes[node];
	struct yaml_mark mark = yaml_reader_mark(event->start_mark);
	const char *tag = core_tag(builder, event);
	struct yaml_scalar scalar;
	char *shown;

	if (!check_scalar(builder, event, max_scalar_bytes) || tag == NULL)
		return jv_null();
	scalar = yaml_event_scalar(event, tag);
	if (scalar.kind != YAML_SCALAR_STRING)
		where->source = xstrdup((char *)event->data.scalar.value);
	if (scalar.reason != NULL) {
		shown = printable(
		    (const char *)event->data.scalar.value, max_quoted_bytes);
		if (scalar.kind == YAML_SCALAR_BAD)
			yaml_reader_problem(&builder->reader, mark, "'%s': %s",
			    shown, scalar.reason);
		else
			add_warning(builder, mark, shown, scalar.reason);
		free(shown);
	}
	return yaml_event_value(event, &scalar);
}

static jv build_value(
    struct builder *builder, const yaml_event_t *event, struct yaml_node node);

static bool
go_deeper(struct builder *builder, const yaml_event_t *event)
{
	if (builder->depth >= YAML_MAX_DEPTH) {
		builder->reader.fatal = true;
		return yaml_reader_problem(&builder->reader,
		    yaml_reader_mark(event->start_mark),
		    "nested deeper than %d levels", YAML_MAX_DEPTH);
	}
	if (++builder->depth > builder->deepest)
		builder->deepest = builder->depth;
	return true;
}

/* Whether the elements of this list are handed over. Those of one with a name
 * may be asked for again. */
static bool
is_handed_over(
    const struct builder *builder, const yaml_event_t *start, uint32_t list)
{
	const struct yaml_node *node = &builder->yaml->nodes.nodes[list];

	return builder->element != NULL && list != 0 && node->parent == 0 &&
	    node->key != NULL && yaml_event_anchor(start) == NULL;
}

static jv
hand_over(struct builder *builder, uint32_t list, uint32_t n, jv element)
{
	const struct yaml *yaml = builder->yaml;

	if (builder->reader.fatal)
		return element;
	return builder->element(
	    builder->context, yaml, yaml->nodes.nodes[list].key, n, element);
}

static jv
build_sequence(
    struct builder *builder, const yaml_event_t *start, uint32_t parent)
{
	jv array = jv_array(), element;
	bool over = is_handed_over(builder, start, parent);
	yaml_event_t event;

	core_tag(builder, start);
	if (!go_deeper(builder, start))
		return array;
	for (uint32_t i = 0; yaml_reader_next(&builder->reader, &event); i++) {
		bool end = event.type == YAML_SEQUENCE_END_EVENT;

		if (!end) {
			element = build_value(builder, &event,
			    (struct yaml_node){ .parent = parent, .index = i });
			if (over)
				element =
				    hand_over(builder, parent, i, element);
			array = jv_array_append(array, element);
		}
		yaml_event_delete(&event);
		if (end)
			break;
	}
	builder->depth--;
	return array;
}

static bool
add_duplicate(struct builder *builder, struct yaml_mark mark, uint32_t parent,
    const char *key)
{
	const struct yaml_node *first;
	char *shown;

	/* The search is linear: not for what nobody will be told. */
	if (builder->reader.n_problems >= YAML_MAX_PROBLEMS)
		return yaml_reader_problem(&builder->reader, mark, "duplicate");
	first = yaml_nodes_member(&builder->yaml->nodes, parent, key);
	shown = printable(key, max_quoted_bytes);
	yaml_reader_problem(&builder->reader, mark,
	    "the key '%s' stands here a second time, first on line %u; "
	    "remove one",
	    shown, first != NULL ? first->key_mark.line : 1);
	free(shown);
	return false;
}

/* Is this a key that a JSON object can have, and has not yet? */
static bool
check_key(struct builder *builder, const yaml_event_t *event, jv object,
    uint32_t parent)
{
	const char *key = (const char *)event->data.scalar.value;
	struct yaml_mark mark = yaml_reader_mark(event->start_mark);

	if (event->type == YAML_ALIAS_EVENT && !builder->aliases)
		return false; /* check_anchor has told */
	if (event->type != YAML_SCALAR_EVENT)
		return yaml_reader_problem(&builder->reader, mark,
		    "a key must be a text, not a list or an object");
	if (core_tag(builder, event) == NULL ||
	    !check_scalar(builder, event, max_key_bytes))
		return false;
	if (event->data.scalar.plain_implicit && strcmp(key, "<<") == 0)
		return yaml_reader_problem(&builder->reader, mark,
		    "merge keys (<<) are not supported; write the members "
		    "out");
	if (event->data.scalar.plain_implicit && *key == '\0')
		return yaml_reader_problem(&builder->reader, mark,
		    "a key is missing before the colon");
	if (!jv_object_has(jv_copy(object), jv_string(key)))
		return true;
	return add_duplicate(builder, mark, parent, key);
}

/* A key that has been refused: its value is read all the same. */
static void
skip_member(struct builder *builder, const yaml_event_t *key)
{
	const struct yaml_node nowhere = { .parent = UINT32_MAX };
	yaml_event_t event;

	if (key->type == YAML_SEQUENCE_START_EVENT ||
	    key->type == YAML_MAPPING_START_EVENT)
		jv_free(build_value(builder, key, nowhere));
	if (yaml_reader_next(&builder->reader, &event)) {
		jv_free(build_value(builder, &event, nowhere));
		yaml_event_delete(&event);
	}
}

static jv
build_member(struct builder *builder, const yaml_event_t *key, jv object,
    uint32_t parent)
{
	yaml_event_t event;
	struct yaml_node node = {
		.parent = parent,
		.key_mark = yaml_node_mark(yaml_reader_mark(key->start_mark)),
	};
	jv name;

	check_anchor(builder, key);
	if (!check_key(builder, key, object, parent)) {
		skip_member(builder, key);
		return object;
	}
	if (!yaml_reader_next(&builder->reader, &event))
		return object;
	name = yaml_nodes_key(
	    &builder->yaml->nodes, (const char *)key->data.scalar.value);
	node.key = jv_string_value(name);
	object = jv_object_set(
	    object, jv_copy(name), build_value(builder, &event, node));
	yaml_event_delete(&event);
	return object;
}

static jv
build_mapping(
    struct builder *builder, const yaml_event_t *start, uint32_t parent)
{
	jv object = jv_object();
	yaml_event_t event;

	core_tag(builder, start);
	if (!go_deeper(builder, start))
		return object;
	while (yaml_reader_next(&builder->reader, &event)) {
		bool end = event.type == YAML_MAPPING_END_EVENT;

		if (!end)
			object = build_member(builder, &event, object, parent);
		yaml_event_delete(&event);
		if (end)
			break;
	}
	builder->depth--;
	return object;
}

static jv
refuse_alias(
    struct builder *builder, const yaml_event_t *event, const char *reason)
{
	char *name = printable(yaml_event_anchor(event), max_quoted_bytes);

	yaml_reader_problem(&builder->reader,
	    yaml_reader_mark(event->start_mark), "*%s: %s", name, reason);
	free(name);
	return jv_null();
}

static jv
build_alias(struct builder *builder, const yaml_event_t *event, uint32_t number)
{
	const struct yaml_anchor *anchor =
	    yaml_anchors_find(&builder->anchors, yaml_event_anchor(event));

	if (anchor == NULL)
		return refuse_alias(builder, event,
		    "nothing before has this name; write &name before the "
		    "value it stands for, or put it in quotes");
	if (builder->depth + anchor->height > YAML_MAX_DEPTH)
		return refuse_alias(builder, event, "nested too deep");
	builder->n_values += anchor->n_values;
	if (builder->n_values > builder->reader.max_events) {
		builder->reader.fatal = true;
		return refuse_alias(builder, event,
		    "aliases stand for too many values; use fewer of them");
	}
	if (builder->depth + anchor->height > builder->deepest)
		builder->deepest = builder->depth + anchor->height;
	builder->yaml->nodes.nodes[number].target = anchor->node;
	return jv_copy(anchor->value);
}

/* The value that was built of it gets its name, if it has one. */
static void
add_anchor(struct builder *builder, const yaml_event_t *event,
    struct yaml_anchor anchor)
{
	const char *name = yaml_event_anchor(event);

	if (!builder->aliases || event->type == YAML_ALIAS_EVENT ||
	    name == NULL)
		return;
	if (builder->anchors.n >= YAML_MAX_ANCHORS) {
		builder->reader.fatal = true;
		yaml_reader_problem(&builder->reader,
		    yaml_reader_mark(event->start_mark),
		    "more than %d anchors; write some values out",
		    YAML_MAX_ANCHORS);
		return;
	}
	anchor.name = xstrdup(name);
	anchor.value = jv_copy(anchor.value);
	yaml_anchors_add(&builder->anchors, anchor);
}

static jv
build_kind(struct builder *builder, const yaml_event_t *event, uint32_t number)
{
	if (event->type == YAML_SCALAR_EVENT)
		return build_scalar(builder, event, number);
	if (event->type == YAML_SEQUENCE_START_EVENT)
		return build_sequence(builder, event, number);
	if (event->type == YAML_MAPPING_START_EVENT)
		return build_mapping(builder, event, number);
	if (event->type == YAML_ALIAS_EVENT && builder->aliases)
		return build_alias(builder, event, number);
	return jv_null();
}

static jv
build_value(
    struct builder *builder, const yaml_event_t *event, struct yaml_node node)
{
	size_t deepest = builder->deepest, before = builder->n_values++;
	uint32_t number;
	jv value;

	node.end = UINT32_MAX; /* not known before it has been read */
	node.mark = yaml_node_mark(yaml_reader_mark(event->start_mark));
	if (node.key == NULL)
		node.key_mark = node.mark;
	number = yaml_nodes_add(&builder->yaml->nodes, node);
	check_anchor(builder, event);
	builder->deepest = builder->depth;
	value = build_kind(builder, event, number);
	builder->yaml->nodes.nodes[number].end =
	    (uint32_t)builder->yaml->nodes.n;
	add_anchor(builder, event,
	    (struct yaml_anchor){
		.value = value,
		.node = number,
		.n_values = builder->n_values - before,
		.height = builder->deepest - builder->depth,
	    });
	if (deepest > builder->deepest)
		builder->deepest = deepest;
	return value;
}

/* A document of nothing, as of comments alone, is an empty object. */
static jv
build_root(struct builder *builder, const yaml_event_t *event)
{
	jv value = build_value(builder, event, (struct yaml_node){ 0 });

	if (event->type == YAML_SCALAR_EVENT &&
	    event->data.scalar.length == 0 &&
	    event->data.scalar.plain_implicit) {
		jv_free(value);
		return jv_object();
	}
	return value;
}

static jv
build_stream(struct builder *builder)
{
	jv value = jv_invalid();
	yaml_event_t event;
	bool end = false;

	while (!end && yaml_reader_next(&builder->reader, &event)) {
		bool first = !jv_is_valid(value);

		end = event.type == YAML_STREAM_END_EVENT;
		if (event.type == YAML_DOCUMENT_START_EVENT && !first) {
			builder->reader.fatal = true;
			yaml_reader_problem(&builder->reader,
			    yaml_reader_mark(event.start_mark),
			    "a second document begins here; use a file for "
			    "each");
		} else if (!end && first &&
		    event.type != YAML_STREAM_START_EVENT &&
		    event.type != YAML_DOCUMENT_START_EVENT &&
		    event.type != YAML_DOCUMENT_END_EVENT) {
			value = build_root(builder, &event);
		}
		yaml_event_delete(&event);
	}
	return jv_is_valid(value) ? value : jv_object();
}

struct error *
yaml_build(struct yaml *yaml, const char *text, size_t len, const char *name,
    const struct yaml_options *options)
{
	struct builder builder = {
		.yaml = yaml,
		.aliases = options->aliases,
		.element = options->element,
		.context = options->context,
	};
	struct error *error =
	    yaml_reader_open(&builder.reader, text, len, name);

	if (error != NULL)
		return error;
	builder.reader.max_events = options->max_events;
	yaml->value = build_stream(&builder);
	yaml_anchors_release(&builder.anchors);
	return yaml_reader_close(&builder.reader);
}
