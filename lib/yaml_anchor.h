/* SPDX-License-Identifier: MIT */
/*
 * Anchors of a YAML text: what an alias may stand for. An anchor is added
 * when its value has been read to the end, so that nothing holds itself.
 */
#ifndef YAML_ANCHOR_H
#define YAML_ANCHOR_H

#include <jv.h>
#include <stddef.h>
#include <stdint.h>

enum { YAML_MAX_ANCHORS = 1000 };

struct yaml_anchor {
	char *name;
	jv value;
	uint32_t node;           /* where it was written */
	size_t n_values, height; /* of all that is in it */
};

struct yaml_anchors {
	struct yaml_anchor *items;
	size_t n;
};

/* Takes the strings and the value of the anchor. */
void yaml_anchors_add(struct yaml_anchors *anchors, struct yaml_anchor anchor);
/* The last of this name, borrowed; NULL: there is none. */
const struct yaml_anchor *yaml_anchors_find(
    const struct yaml_anchors *anchors, const char *name);
void yaml_anchors_release(struct yaml_anchors *anchors);

#endif
