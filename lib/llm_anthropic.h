/* SPDX-License-Identifier: MIT */
/* Between the two halves of Anthropic's messages. */
#ifndef LLM_ANTHROPIC_H
#define LLM_ANTHROPIC_H

#include "llm_wire.h"

/* The body of a request: what chat completions have, in Anthropic's form. */
jv llm_anthropic_build(const struct llm_wire_settings *settings, jv request);

#endif
