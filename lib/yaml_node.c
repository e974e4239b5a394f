/* SPDX-License-Identifier: MIT */
#include "yaml_node.h"

#include <stdbool.h>
#include <stdint.h>

#include "memory.h"

size_t
yaml_nodes_add(struct yaml_nodes *nodes, struct yaml_node node)
{
	if ((nodes->n & (nodes->n - 1)) == 0)
		nodes->nodes = xreallocarray(
		    nodes->nodes, nodes->n > 0 ? 2 * nodes->n : 1, sizeof node);
	nodes->nodes[nodes->n] = node;
	return nodes->n++;
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

	for (size_t i = parent + 1; i < nodes->n; i++) {
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
	for (size_t i = 0; i < nodes->n; i++) {
		free(nodes->nodes[i].key);
		free(nodes->nodes[i].source);
	}
	free(nodes->nodes);
	*nodes = (struct yaml_nodes){ 0 };
}
