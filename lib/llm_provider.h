/* SPDX-License-Identifier: MIT */
/*
 * Services of models: how they speak, where they are, what their key is
 * called. The table in llm_provider.c is the only list.
 */
#ifndef LLM_PROVIDER_H
#define LLM_PROVIDER_H

#include <stdbool.h>

#include "error.h"
#include "llm_wire.h"

struct llm_provider {
	const char *name;
	const struct llm_wire *wire;
	const char *endpoint;
	const char *key_name; /* the variable; NULL: none is usual */
	bool needs_key;       /* at its own endpoint */
	bool max_completion_tokens;
	bool tells_cost;
};

/* NULL is "openai"; an unknown one is a ConfigError. */
struct error *llm_provider_find(
    const struct llm_provider **provider, const char *name);

/* Where requests go: the endpoint, or the provider's own for NULL, with the
 * wire's path; a bare host gets "/v1". A query stays at the end. The caller
 * frees. */
char *llm_provider_url(
    const struct llm_provider *provider, const char *endpoint);
/* The same without the wire's path and a query: what programs call their
 * base URL. */
char *llm_provider_base(
    const struct llm_provider *provider, const char *endpoint);

#endif
