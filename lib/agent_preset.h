/* SPDX-License-Identifier: MIT */
/*
 * Presets of coding agents: share/agents/NAME.yaml, or a person's own in
 * $XDG_CONFIG_HOME/necrocode/agents. How they are written stands in
 * nr-exec(1), PRESETS.
 */
#ifndef AGENT_PRESET_H
#define AGENT_PRESET_H

#include <jv.h>
#include <stdbool.h>

#include "error.h"
#include "stage.h"

struct agent_preset {
	char *name;
	char **argv;     /* complete, but for a prompt that is an argument */
	char **settings; /* "NAME=value" for its environment: key and all */
	char **write;    /* directories that it keeps things in; made */
	bool prompt_is_argument;
	jv usage, failure; /* what is read from its events; see agent_usage.h */
};

/* No such preset, or one with a mistake, is a ConfigError. */
struct error *agent_preset_open(
    struct agent_preset **preset, const struct stage *stage, const char *name);
void agent_preset_free(struct agent_preset *preset);

#endif
