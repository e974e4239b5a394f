/* SPDX-License-Identifier: MIT */
/* What condition.c makes and condition_evaluate.c walks. */
#ifndef CONDITION_TREE_H
#define CONDITION_TREE_H

#include <jv.h>
#include <stddef.h>

enum condition_kind {
	CONDITION_VALUE, /* value */
	CONDITION_PATH,  /* parts, written */
	CONDITION_LIST,  /* children */
	CONDITION_NOT,   /* one child */
	CONDITION_AND,   /* two and more */
	CONDITION_OR,
	CONDITION_EQUAL, /* two */
	CONDITION_NOT_EQUAL,
	CONDITION_LESS,
	CONDITION_LESS_EQUAL,
	CONDITION_GREATER,
	CONDITION_GREATER_EQUAL,
	CONDITION_IN,
	CONDITION_NOT_IN,
};

struct condition_node {
	enum condition_kind kind;
	jv value;
	char **parts, *written;
	struct condition_node **children;
	size_t n_children;
};

struct condition {
	struct condition_node *root;
	struct condition_node **paths; /* borrowed from the tree */
	size_t n_paths;
};

#endif
