/* SPDX-License-Identifier: MIT */
/*
 * Where each value of a YAML text was: a tree as an array, in which a node
 * knows its parent. It is kept apart from the values because a jv has no
 * room for it; pointers as text would cost depth times length.
 */
#ifndef YAML_NODE_H
#define YAML_NODE_H

#include <stddef.h>

#include "yaml.h"

struct yaml_node {
	size_t parent; /* of the root: itself */
	char *key;     /* NULL in a list */
	size_t index;  /* in a list */
	struct yaml_mark key_mark, mark;
	char *source;  /* of a plain scalar that is no string */
	size_t target; /* of an alias: the node it stands for; else 0 */
};

struct yaml_nodes {
	struct yaml_node *nodes;
	size_t n;
};

/* Copies the node, takes its strings; returns its number. */
size_t yaml_nodes_add(struct yaml_nodes *nodes, struct yaml_node node);
/* NULL: nothing is at the JSON pointer. */
const struct yaml_node *yaml_nodes_at(
    const struct yaml_nodes *nodes, const char *pointer);
/* The node of a member; NULL: it has none of this name. */
const struct yaml_node *yaml_nodes_member(
    const struct yaml_nodes *nodes, size_t parent, const char *key);
void yaml_nodes_release(struct yaml_nodes *nodes);

#endif
