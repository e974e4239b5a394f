/* SPDX-License-Identifier: MIT */
#include <ctype.h>

#include "config_form.h"
#include "config_internal.h"
#include "config_value.h"
#include "memory.h"

extern char **environ;

static const char prefix[] = "RUNNER_";
enum { prefix_len = sizeof prefix - 1, max_name = 64 };

/* RUNNER_ variables that are none of ours: of the run itself, and of the CI
 * systems of GitHub and GitLab, in which a runner may run. */
static const char *const foreign[] = { "ID", "AFTER_SCRIPT_TIMEOUT",
	"ALLOW_RUNASROOT", "ARCH", "DEBUG", "ENVIRONMENT",
	"GENERATE_ARTIFACTS_METADATA", "GROUP", "LABELS", "MANUALLY_TRAP_SIG",
	"NAME", "OS", "PERFLOG", "SCRIPT_TIMEOUT", "TEMP", "TEMP_PROJECT_DIR",
	"TOKEN", "TOOL_CACHE", "TRACKING_ID", "USER", "WORKDIR", "WORKSPACE" };

static bool
is_foreign(const char *name)
{
	if (strncmp(name, "TASK", 4) == 0)
		return true;
	for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
		if (strcmp(name, foreign[i]) == 0)
			return true;
	}
	return false;
}

static void
read_variable(struct config *config, const struct config_key *key,
    const char *name, const char *text)
{
	jv value = jv_null();
	char *wrong;

	if (*text == '\0')
		return;
	wrong = config_value_from_text(&value, key, text);
	if (wrong == NULL)
		wrong = config_form_expand(&value, key, NULL);
	if (wrong != NULL) {
		config_add_problem(config, (struct yaml_mark){ 0 }, false,
		    xasprintf("environment %s: %s", name, wrong));
		free(wrong);
		jv_free(value);
	} else if (jv_get_kind(value) == JV_KIND_NULL) {
		config_put_default(config, key);
	} else {
		config_put(
		    config, key, value, xasprintf("environment %s", name));
	}
}

/* The key of what follows RUNNER_, in any case; NULL: none. */
static const struct config_key *
key_of(const char *name, bool *exact)
{
	char word[max_name + 1];
	size_t len = strlen(name);

	*exact = true;
	if (len > max_name)
		return NULL;
	for (size_t i = 0; i <= len; i++) {
		unsigned char c = (unsigned char)name[i];

		*exact = *exact && !islower(c);
		word[i] = (char)tolower(c);
	}
	return config_key_by_word(word);
}

static bool
is_second_name(const char *variable)
{
	for (const struct config_key *key = config_keys; key->name != NULL;
	     key++) {
		if (key->environment != NULL &&
		    strcmp(key->environment, variable) == 0)
			return true;
	}
	return false;
}

/* One RUNNER_ variable, in the pass for names in upper case or the other. */
static void
read_ours(
    struct config *config, const char *name, const char *text, bool upper_pass)
{
	const char *rest = name + prefix_len;
	bool upper;
	const struct config_key *key = key_of(rest, &upper);
	char *hint;

	if (upper != upper_pass)
		return;
	if (key != NULL) {
		read_variable(config, key, name, text);
	} else if (!is_foreign(rest) && !is_second_name(name)) {
		hint = config_suggestion(rest, CONFIG_SPELLING_VARIABLE);
		config_add_warning(config,
		    xasprintf("environment %s: no such setting%s%s", name,
			*hint != '\0' ? "; " : "", hint));
		free(hint);
	}
}

static void
read_pass(struct config *config, bool upper_pass)
{
	for (char **at = environ; at != NULL && *at != NULL; at++) {
		const char *equals = strchr(*at, '=');
		char *name;

		if (equals == NULL || strncmp(*at, prefix, prefix_len) != 0)
			continue;
		name = xstrndup(*at, (size_t)(equals - *at));
		read_ours(config, name, equals + 1, upper_pass);
		free(name);
	}
}

/* NecroCode's own names first, then RUNNER_key, then RUNNER_KEY: the last
 * that is set wins. */
void
config_read_environment(struct config *config)
{
	for (const struct config_key *key = config_keys; key->name != NULL;
	     key++) {
		const char *text =
		    key->environment != NULL ? getenv(key->environment) : NULL;

		if (text != NULL)
			read_variable(config, key, key->environment, text);
	}
	read_pass(config, false);
	read_pass(config, true);
}
