/* SPDX-License-Identifier: MIT */
#include "yaml_anchor.h"

#include "memory.h"

void
yaml_anchors_add(struct yaml_anchors *anchors, struct yaml_anchor anchor)
{
	anchors->items = xreallocarray(
	    anchors->items, anchors->n + 1, sizeof *anchors->items);
	anchors->items[anchors->n++] = anchor;
}

const struct yaml_anchor *
yaml_anchors_find(const struct yaml_anchors *anchors, const char *name)
{
	for (size_t i = anchors->n; i > 0; i--)
		if (strcmp(anchors->items[i - 1].name, name) == 0)
			return &anchors->items[i - 1];
	return NULL;
}

void
yaml_anchors_release(struct yaml_anchors *anchors)
{
	for (size_t i = 0; i < anchors->n; i++) {
		free(anchors->items[i].name);
		jv_free(anchors->items[i].value);
	}
	free(anchors->items);
}
