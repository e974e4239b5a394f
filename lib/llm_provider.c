/* SPDX-License-Identifier: MIT */
#include "llm_provider.h"

#include "memory.h"
#include "text.h"

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

char *
llm_provider_url(const struct llm_provider *provider, const char *endpoint)
{
	char *url = xstrdup(endpoint != NULL ? endpoint : provider->endpoint);
	const char *host = strstr(url, "://");
	size_t len = strlen(url);
	char *whole;

	while (len > 0 && url[len - 1] == '/')
		url[--len] = '\0';
	if (text_ends_with(url, provider->wire->path))
		return url;
	host = host != NULL ? host + 3 : url;
	whole = xasprintf("%s%s%s", url, strchr(host, '/') == NULL ? "/v1" : "",
	    provider->wire->path);
	free(url);
	return whole;
}
