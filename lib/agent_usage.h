/* SPDX-License-Identifier: MIT */
/*
 * What an agent says it has used, and whether it failed: read from the lines
 * of JSON that it prints, as its preset tells.
 */
#ifndef AGENT_USAGE_H
#define AGENT_USAGE_H

#include <jv.h>
#include <stdbool.h>

#include "agent_preset.h"

struct agent_usage {
	bool known;
	double input_tokens, output_tokens, cached_tokens;
	double cost_usd; /* negative: not known */
	char *failure;   /* what the agent says went wrong; NULL: nothing */
};

/* Lines that are no JSON, or longer than 4 MiB, are passed over. */
void agent_usage_read(struct agent_usage *usage,
    const struct agent_preset *preset, const char *path);
void agent_usage_release(struct agent_usage *usage);

/*
 * Of the attempts of a document, which is borrowed: the sum of each attempt's
 * `usage`, null when none has any; and of their `cost_usd`, null unless all
 * have one.
 */
jv agent_usage_sum(jv attempts);
jv agent_cost_sum(jv attempts);

#endif
