/* SPDX-License-Identifier: MIT */
#include "yaml_node.h"

#include <stdbool.h>
#include <stdint.h>

#include "memory.h"

struct yaml_node_mark
yaml_node_mark(struct yaml_mark mark)
{
	return (struct yaml_node_mark){
		.line = (uint32_t)mark.line,
		.column = (uint32_t)mark.column,
	};
}

struct yaml_mark
yaml_node_place(struct yaml_node_mark mark)
{
	return (struct yaml_mark){ mark.line, mark.column };
}

uint32_t
yaml_nodes_add(struct yaml_nodes *nodes, struct yaml_node node)
{
	if ((nodes->n & (nodes->n - 1)) == 0)
		nodes->nodes = xreallocarray(
		    nodes->nodes, nodes->n > 0 ? 2 * nodes->n : 1, sizeof node);
	nodes->nodes[nodes->n] = node;
	return (uint32_t)nodes->n++;
}

jv
yaml_nodes_key(struct yaml_nodes *nodes, const char *text)
{
	size_t hash = 5381, *at;

	for (const char *c = text; *c != '\0'; c++)
		hash = hash * 33 + (unsigned char)*c;
	at = &nodes->cache[hash % YAML_KEY_CACHE];
	if (*at > 0 && strcmp(jv_string_value(nodes->keys[*at - 1]), text) == 0)
		return nodes->keys[*at - 1];
	if ((nodes->n_keys & (nodes->n_keys - 1)) == 0)
		nodes->keys = xreallocarray(nodes->keys,
		    nodes->n_keys > 0 ? 2 * nodes->n_keys : 1,
		    sizeof *nodes->keys);
	nodes->keys[nodes->n_keys++] = jv_string(text);
	*at = nodes->n_keys;
	return nodes->keys[*at - 1];
}

/* Is this the segment of a pointer, in which ~1 stands for / and ~0 for ~? */
static bool
is_segment(const char *segment, size_t len, const char *key)
{
	for (size_t i = 0; i < len; i++, key++) {
		char c = segment[i];

		if (c == '~' && i + 1 < len)
			c = segment[++i] == '1' ? '/' : '~';
		if (*key != c)
			return false;
	}
	return *key == '\0';
}

static const struct yaml_node *
child(const struct yaml_nodes *nodes, size_t parent, const char *segment,
    size_t len)
{
	size_t index =
	    strchr("0123456789", *segment) != NULL && len > 0 && len < 10
	    ? strtoul(segment, NULL, 10)
	    : SIZE_MAX;

	for (size_t i = parent + 1;
	     i < nodes->nodes[parent].end && i < nodes->n;
	     i = nodes->nodes[i].end) {
		const struct yaml_node *node = &nodes->nodes[i];

		if (node->parent != parent)
			continue;
		if (node->key != NULL ? is_segment(segment, len, node->key)
				      : node->index == index)
			return node;
	}
	return NULL;
}

const struct yaml_node *
yaml_nodes_at(const struct yaml_nodes *nodes, const char *pointer)
{
	const struct yaml_node *node = nodes->nodes;

	while (node != NULL && *pointer == '/') {
		size_t len = strcspn(++pointer, "/");

		if (node->target != 0)
			node = &nodes->nodes[node->target];
		node =
		    child(nodes, (size_t)(node - nodes->nodes), pointer, len);
		pointer += len;
	}
	return node;
}

const struct yaml_node *
yaml_nodes_member(
    const struct yaml_nodes *nodes, size_t parent, const char *key)
{
	for (size_t i = parent + 1; i < nodes->n; i++) {
		const struct yaml_node *node = &nodes->nodes[i];

		if (node->parent == parent && node->key != NULL &&
		    strcmp(node->key, key) == 0)
			return node;
	}
	return NULL;
}

void
yaml_nodes_release(struct yaml_nodes *nodes)
{
	for (size_t i = 0; i < nodes->n; i++)
		free(nodes->nodes[i].source);
	for (size_t i = 0; i < nodes->n_keys; i++)
		jv_free(nodes->keys[i]);
	free(nodes->nodes);
	free(nodes->keys);
	*nodes = (struct yaml_nodes){ 0 };
}
