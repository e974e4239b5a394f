/* SPDX-License-Identifier: MIT */
/*
 * Where each value of a YAML text was: a tree as an array, in which a node
 * knows its parent. It is kept apart from the values because a jv has no
 * room for it; pointers as text would cost depth times length. There are as
 * many of them as values, so they are small.
 */
#ifndef YAML_NODE_H
#define YAML_NODE_H

#include <jv.h>
#include <stddef.h>
#include <stdint.h>

#include "yaml.h"

struct yaml_node_mark {
	uint32_t line, column; /* as in struct yaml_mark */
};

struct yaml_node {
	uint32_t parent; /* of the root: itself */
	uint32_t index;  /* in a list */
	uint32_t end;    /* the number behind the last one within it */
	uint32_t target; /* of an alias: the node it stands for; else 0 */
	struct yaml_node_mark key_mark, mark;
	const char *key; /* NULL in a list; of yaml_nodes_key() */
	char *source;    /* of a plain scalar that is no string */
};

enum { YAML_KEY_CACHE = 64 };

struct yaml_nodes {
	struct yaml_node *nodes;
	size_t n;
	jv *keys; /* each that was not among the last ones */
	size_t n_keys;
	size_t cache[YAML_KEY_CACHE]; /* numbers of keys, from 1 */
};

/* Copies the node, takes its source; returns its number. */
uint32_t yaml_nodes_add(struct yaml_nodes *nodes, struct yaml_node node);
/* A key as a string, borrowed: the same one for many nodes. */
jv yaml_nodes_key(struct yaml_nodes *nodes, const char *text);
/* NULL: nothing is at the JSON pointer. */
const struct yaml_node *yaml_nodes_at(
    const struct yaml_nodes *nodes, const char *pointer);
/* The node of a member; NULL: it has none of this name. */
const struct yaml_node *yaml_nodes_member(
    const struct yaml_nodes *nodes, size_t parent, const char *key);
void yaml_nodes_release(struct yaml_nodes *nodes);

struct yaml_node_mark yaml_node_mark(struct yaml_mark mark);
struct yaml_mark yaml_node_place(struct yaml_node_mark mark);

#endif
