/* SPDX-License-Identifier: MIT */
/*
 * Placeholders in presets of agents, such as {model}; see nr-exec(1).
 */
#ifndef AGENT_PLACEHOLDER_H
#define AGENT_PLACEHOLDER_H

#include "error.h"
#include "stage.h"

struct agent_places {
	const struct stage *stage;
	char *endpoint, *endpoint_root; /* NULL: llm.endpoint is not set */
	char *bin;
	const char *key_name;
};

struct error *agent_places_open(
    struct agent_places *places, const struct stage *stage);
void agent_places_release(struct agent_places *places);

/*
 * The text with its placeholders replaced; NULL: one of them has no value.
 * The caller frees. What is in braces and no placeholder stays as it is.
 */
char *agent_places_fill(const struct agent_places *places, const char *text);

#endif
