/* SPDX-License-Identifier: MIT */
#include "llm_provider.h"

#include "memory.h"

static const struct llm_provider providers[] = {
	{ "openai", &llm_openai, "https://api.openai.com/v1", "OPENAI_API_KEY",
	    true, true, false },
	{ "anthropic", &llm_anthropic, "https://api.anthropic.com/v1",
	    "ANTHROPIC_API_KEY", true, false, false },
	{ "openrouter", &llm_openai, "https://openrouter.ai/api/v1",
	    "OPENROUTER_API_KEY", true, false, true },
	{ "ollama", &llm_openai, "http://localhost:11434/v1", "OLLAMA_API_KEY",
	    false, false, false },
	{ "vllm", &llm_openai, "http://localhost:8000/v1", "VLLM_API_KEY",
	    false, false, false },
	{ "llama.cpp", &llm_openai, "http://localhost:8080/v1", "LLAMA_API_KEY",
	    false, false, false },
};

enum { n_providers = sizeof providers / sizeof providers[0] };

static struct error *
unknown(const char *name)
{
	char *known = xstrdup(providers[0].name);
	struct error *error;

	for (size_t i = 1; i < n_providers; i++) {
		char *longer = xasprintf("%s, %s", known, providers[i].name);

		free(known);
		known = longer;
	}
	error = error_new(ERROR_CONFIG,
	    "unknown llm.provider '%s': it is one of %s; any other service "
	    "that speaks chat completions is 'openai' with llm.endpoint",
	    name, known);
	free(known);
	return error;
}

struct error *
llm_provider_find(const struct llm_provider **provider, const char *name)
{
	if (name == NULL)
		name = providers[0].name;
	for (size_t i = 0; i < n_providers; i++) {
		*provider = &providers[i];
		if (strcmp(name, providers[i].name) == 0)
			return NULL;
	}
	return unknown(name);
}

static bool
ends_with(const char *text, size_t len, const char *end)
{
	size_t end_len = strlen(end);

	return len >= end_len &&
	    memcmp(text + len - end_len, end, end_len) == 0;
}

char *
llm_provider_url(const struct llm_provider *provider, const char *endpoint)
{
	const char *base = endpoint != NULL ? endpoint : provider->endpoint;
	const char *host = strstr(base, "://");
	size_t len = strlen(base);

	while (len > 0 && base[len - 1] == '/')
		len--;
	if (ends_with(base, len, provider->wire->path))
		return xstrndup(base, len);
	host = host != NULL ? host + 3 : base;
	return xasprintf("%.*s%s%s", (int)len, base,
	    memchr(host, '/', (size_t)(base + len - host)) == NULL ? "/v1" : "",
	    provider->wire->path);
}
