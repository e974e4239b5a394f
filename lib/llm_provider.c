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
llm_provider_base(const struct llm_provider *provider, const char *endpoint)
{
	const char *path = provider->wire->path, *host;
	char *url = xstrdup(endpoint != NULL ? endpoint : provider->endpoint);
	size_t len = strcspn(url, "?#");
	char *base;

	while (len > 0 && url[len - 1] == '/')
		len--;
	url[len] = '\0';
	if (text_ends_with(url, path)) {
		url[len - strlen(path)] = '\0';
		return url;
	}
	host = strstr(url, "://");
	if (strchr(host != NULL ? host + 3 : url, '/') != NULL)
		return url;
	base = xasprintf("%s/v1", url);
	free(url);
	return base;
}

char *
llm_provider_url(const struct llm_provider *provider, const char *endpoint)
{
	char *base = llm_provider_base(provider, endpoint);
	const char *query = endpoint != NULL ? strchr(endpoint, '?') : NULL;
	char *url = xasprintf(
	    "%s%s%s", base, provider->wire->path, query != NULL ? query : "");

	free(base);
	return url;
}
