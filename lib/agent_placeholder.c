/* SPDX-License-Identifier: MIT */
#include "agent_placeholder.h"

#include <unistd.h>

#include "file.h"
#include "llm_provider.h"
#include "memory.h"
#include "text.h"

enum { MAX_FILLED = 65536 };

/* The URL up to the wire's path, which programs add themselves. */
static void
set_endpoint(struct agent_places *places, const struct llm_provider *provider)
{
	const char *given =
	    config_string(places->stage->config, "llm.endpoint");
	char *url;

	if (given == NULL)
		return;
	url = llm_provider_base(provider, given);
	places->endpoint = url;
	places->endpoint_root = xstrndup(url,
	    strlen(url) - (text_ends_with(url, "/v1") ? strlen("/v1") : 0));
}

struct error *
agent_places_open(struct agent_places *places, const struct stage *stage)
{
	const struct llm_provider *provider;
	struct error *error = llm_provider_find(
	    &provider, config_string(stage->config, "llm.provider"));

	*places = (struct agent_places){ .stage = stage };
	if (error != NULL)
		return error;
	places->key_name = provider->key_name;
	set_endpoint(places, provider);
	places->bin = file_program_directory();
	return NULL;
}

void
agent_places_release(struct agent_places *places)
{
	free(places->endpoint);
	free(places->endpoint_root);
	free(places->bin);
}

static char *
copy(const char *text)
{
	return text != NULL && *text != '\0' ? xstrdup(text) : NULL;
}

/* Where programs keep their things: the XDG directories. */
static char *
base_directory(const char *name)
{
	static const struct {
		const char *name, *variable, *usual;
	} bases[] = {
		{ "cache_home", "XDG_CACHE_HOME", ".cache" },
		{ "config_home", "XDG_CONFIG_HOME", ".config" },
		{ "data_home", "XDG_DATA_HOME", ".local/share" },
		{ "state_home", "XDG_STATE_HOME", ".local/state" },
	};
	const char *home = getenv("HOME");

	for (size_t i = 0; i < sizeof bases / sizeof bases[0]; i++) {
		const char *given = getenv(bases[i].variable);

		if (strcmp(name, bases[i].name) != 0)
			continue;
		if (given != NULL && *given == '/')
			return xstrdup(given);
		return home != NULL ? file_join(home, bases[i].usual) : NULL;
	}
	return NULL;
}

/* *known: there is such a placeholder. NULL: it has no value. */
static char *
value_of(const struct agent_places *places, const char *name, bool *known)
{
	const struct config *config = places->stage->config;
	char *text, *value;

	*known = true;
	if (strcmp(name, "model") == 0)
		return copy(config_string(config, "llm.model"));
	if (strcmp(name, "endpoint") == 0)
		return copy(places->endpoint);
	if (strcmp(name, "endpoint_root") == 0)
		return copy(places->endpoint_root);
	if (strcmp(name, "key_name") == 0)
		return copy(places->key_name);
	if (strcmp(name, "bin") == 0)
		return copy(places->bin);
	value = base_directory(name);
	if (value != NULL)
		return value;
	*known = config_key_by_name(name) != NULL;
	if (!*known || !config_is_set(config, name))
		return NULL;
	text = config_text(config, name);
	value = copy(text);
	free(text);
	return value;
}

/* The name in the braces that the text begins with; NULL: it is no name. */
static char *
name_at(const char *text, char *mark, size_t *len)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz_.";
	size_t skip = text[1] == '?' || text[1] == '!' ? 2 : 1;
	size_t n = strspn(text + skip, letters);

	*mark = skip == 2 ? text[1] : '\0';
	*len = skip + n + 1;
	if (n == 0 || text[skip + n] != '}')
		return NULL;
	return xstrndup(text + skip, n);
}

/* False: the text is to be left out. */
static bool
fill_one(const struct agent_places *places, struct buffer *out,
    const char *text, size_t *len)
{
	char mark, *name = name_at(text, &mark, len), *value = NULL;
	bool known = false, wanted = true;

	if (name != NULL)
		value = value_of(places, name, &known);
	if (!known) {
		*len = 1;
		buffer_append(out, text, 1);
	} else if (mark == '!') {
		wanted = value == NULL;
	} else {
		wanted = value != NULL;
		if (wanted && mark == '\0')
			buffer_append_string(out, value);
	}
	free(value);
	free(name);
	return wanted;
}

char *
agent_places_fill(const struct agent_places *places, const char *text)
{
	struct buffer out = BUFFER_INIT(MAX_FILLED);

	while (*text != '\0') {
		size_t len = strcspn(text, "{");

		buffer_append(&out, text, len);
		text += len;
		if (*text == '\0')
			break;
		if (!fill_one(places, &out, text, &len)) {
			buffer_release(&out);
			return NULL;
		}
		text += len;
	}
	return buffer_take(&out);
}
