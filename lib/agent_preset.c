/* SPDX-License-Identifier: MIT */
#include "agent_preset.h"

#include <dirent.h>
#include <unistd.h>

#include "agent_placeholder.h"
#include "data_file.h"
#include "file.h"
#include "json.h"
#include "memory.h"
#include "string_list.h"
#include "yaml.h"

/* Members of a preset and what they are; then those of `usage`, and of
 * `failure`. "list" is of strings. */
static const struct member {
	const char *path, *kind;
} members[] = {
	{ "command", "list" },
	{ "options", "lists" },
	{ "prompt", "prompt" },
	{ "key", "list" },
	{ "environment", "list" },
	{ "set", "strings" },
	{ "directories", "list" },
	{ "usage", "object" },
	{ "usage.event", "object" },
	{ "usage.every", "boolean" },
	{ "usage.input_tokens", "list" },
	{ "usage.output_tokens", "list" },
	{ "usage.cached_tokens", "list" },
	{ "usage.cost_usd", "string" },
	{ "failure", "object" },
	{ "failure.event", "object" },
	{ "failure.message", "string" },
};

enum { n_members = sizeof members / sizeof members[0] };

static bool
is_list(jv value)
{
	size_t n = json_array_length(value, NULL);

	for (size_t i = 0; i < n; i++) {
		jv element = json_element(value, i);
		bool right = jv_get_kind(element) == JV_KIND_STRING;

		jv_free(element);
		if (!right)
			return false;
	}
	return jv_get_kind(value) == JV_KIND_ARRAY && n > 0;
}

static bool
is_lists(jv value)
{
	size_t n = json_array_length(value, NULL);

	for (size_t i = 0; i < n; i++) {
		jv element = json_element(value, i);
		bool right = is_list(element);

		jv_free(element);
		if (!right)
			return false;
	}
	return jv_get_kind(value) == JV_KIND_ARRAY;
}

static bool
is_strings(jv value)
{
	if (jv_get_kind(value) != JV_KIND_OBJECT)
		return false;
	for (int i = jv_object_iter(value); jv_object_iter_valid(value, i);
	     i = jv_object_iter_next(value, i)) {
		jv member = jv_object_iter_value(value, i);
		bool right = jv_get_kind(member) == JV_KIND_STRING;

		jv_free(member);
		if (!right)
			return false;
	}
	return true;
}

static const char *
expected(const struct member *member, jv value)
{
	const char *word = json_string(value, NULL);

	if (strcmp(member->kind, "list") == 0)
		return is_list(value) ? NULL : "a list of strings";
	if (strcmp(member->kind, "lists") == 0)
		return is_lists(value) ? NULL : "a list of lists of strings";
	if (strcmp(member->kind, "strings") == 0)
		return is_strings(value) ? NULL : "an object of strings";
	if (strcmp(member->kind, "prompt") == 0)
		return word != NULL &&
			(strcmp(word, "stdin") == 0 ||
			    strcmp(word, "argument") == 0)
		    ? NULL
		    : "stdin or argument";
	return strcmp(json_kind_name(value), member->kind) == 0 ? NULL
								: member->kind;
}

static const struct member *
find_member(const char *path)
{
	for (size_t i = 0; i < n_members; i++)
		if (strcmp(members[i].path, path) == 0)
			return &members[i];
	return NULL;
}

static struct error *
mistake(const struct yaml *yaml, const char *file, const char *path,
    const char *what)
{
	char *pointer = xasprintf("/%s", path);
	struct yaml_mark mark;

	for (char *c = pointer; *c != '\0'; c++)
		if (*c == '.')
			*c = '/';
	mark = yaml_key_mark_at(yaml, pointer);
	free(pointer);
	return error_new(ERROR_CONFIG, "%s:%zu:%zu: '%s' %s", file, mark.line,
	    mark.column, path, what);
}

static struct error *
check_object(const struct yaml *yaml, const char *file, const char *prefix)
{
	jv object = json_get(yaml_value(yaml), prefix);
	struct error *error = NULL;

	if (jv_get_kind(object) != JV_KIND_OBJECT) {
		jv_free(object);
		return NULL;
	}
	for (int i = jv_object_iter(object);
	     error == NULL && jv_object_iter_valid(object, i);
	     i = jv_object_iter_next(object, i)) {
		jv key = jv_object_iter_key(object, i);
		jv value = jv_object_iter_value(object, i);
		char *path = xasprintf("%s%s%s", prefix,
		    *prefix != '\0' ? "." : "", jv_string_value(key));
		const struct member *member = find_member(path);
		const char *right =
		    member != NULL ? expected(member, value) : NULL;
		char *text =
		    right != NULL ? xasprintf("must be %s", right) : NULL;

		if (member == NULL)
			error = mistake(yaml, file, path,
			    "is nothing that a preset has; see nr-exec(1)");
		else if (right != NULL)
			error = mistake(yaml, file, path, text);
		free(text);
		free(path);
		jv_free(value);
		jv_free(key);
	}
	jv_free(object);
	return error;
}

static struct error *
check(const struct yaml *yaml, const char *file)
{
	struct error *error = check_object(yaml, file, "");

	if (error == NULL)
		error = check_object(yaml, file, "usage");
	if (error == NULL)
		error = check_object(yaml, file, "failure");
	if (error == NULL &&
	    json_array_length(yaml_value(yaml), "command") == 0)
		error =
		    error_new(ERROR_CONFIG, "%s: there is no 'command'", file);
	return error;
}

/* Adds the words of a list, or none of them if one has no value. */
static void
add_words(char ***list, const struct agent_places *places, jv words)
{
	char **given = json_strings(words, NULL), **filled = NULL;
	bool whole = true;

	for (size_t i = 0; given[i] != NULL && whole; i++) {
		char *text = agent_places_fill(places, given[i]);

		whole = text != NULL;
		if (whole)
			string_list_add(&filled, text);
	}
	for (size_t i = 0; whole && filled != NULL && filled[i] != NULL; i++)
		string_list_add(list, xstrdup(filled[i]));
	json_strings_free(filled);
	json_strings_free(given);
}

static struct error *
set_command(
    struct agent_preset *preset, const struct agent_places *places, jv given)
{
	jv words = json_get(given, "command");
	jv options = json_get(given, "options");
	size_t n = json_array_length(options, NULL);

	add_words(&preset->argv, places, words);
	for (size_t i = 0; preset->argv != NULL && i < n; i++) {
		jv option = json_element(options, i);

		add_words(&preset->argv, places, option);
		jv_free(option);
	}
	jv_free(options);
	jv_free(words);
	if (preset->argv == NULL)
		return error_new(ERROR_CONFIG,
		    "the command of the agent '%s' has a placeholder without "
		    "a value: set llm.model, or llm.endpoint",
		    preset->name);
	return NULL;
}

/* The key that the configuration names, or the first that is there of those
 * that the agent knows. */
static const char *
find_key(const struct stage *stage, char *const *names, struct error **error)
{
	const char *name = config_string(stage->config, "llm.api_key_env");
	const char *key = NULL;

	if (name != NULL)
		return secrets_get(stage->secrets, name);
	for (size_t i = 0; names[i] != NULL && key == NULL; i++) {
		*error = secrets_load_one(stage->secrets, names[i]);
		if (*error != NULL)
			return NULL;
		key = secrets_get(stage->secrets, names[i]);
	}
	return key;
}

/* It gets the key under every name by which it may look for one. */
static struct error *
set_key(
    struct agent_preset *preset, const struct agent_places *places, jv given)
{
	jv words = json_get(given, "key");
	struct error *error = NULL;
	char **names = NULL;
	const char *key;

	add_words(&names, places, words);
	jv_free(words);
	if (names == NULL)
		return NULL;
	key = find_key(places->stage, names, &error);
	if (config_is_set(places->stage->config, "llm.api_key_env"))
		string_list_add(&names,
		    xstrdup(config_string(
			places->stage->config, "llm.api_key_env")));
	for (size_t i = 0; key != NULL && names[i] != NULL; i++)
		string_list_add(
		    &preset->settings, xasprintf("%s=%s", names[i], key));
	json_strings_free(names);
	return error;
}

static void
set_environment(
    struct agent_preset *preset, const struct agent_places *places, jv given)
{
	char **names = json_strings(given, "environment");
	jv settings = json_get(given, "set");

	for (size_t i = 0; names[i] != NULL; i++)
		if (getenv(names[i]) != NULL)
			string_list_add(&preset->settings,
			    xasprintf("%s=%s", names[i], getenv(names[i])));
	json_strings_free(names);
	if (jv_get_kind(settings) != JV_KIND_OBJECT) {
		jv_free(settings);
		return;
	}
	for (int i = jv_object_iter(settings);
	     jv_object_iter_valid(settings, i);
	     i = jv_object_iter_next(settings, i)) {
		jv name = jv_object_iter_key(settings, i);
		jv value = jv_object_iter_value(settings, i);
		char *text = agent_places_fill(places, jv_string_value(value));

		if (text != NULL)
			string_list_add(&preset->settings,
			    xasprintf("%s=%s", jv_string_value(name), text));
		free(text);
		jv_free(value);
		jv_free(name);
	}
	jv_free(settings);
}

/* A sandbox lets nobody make them. */
static struct error *
make_directories(
    struct agent_preset *preset, const struct agent_places *places, jv given)
{
	char **names = json_strings(given, "directories");
	const char *home = getenv("HOME");
	struct error *error = NULL;

	for (size_t i = 0; error == NULL && names[i] != NULL; i++) {
		char *filled = agent_places_fill(places, names[i]), *path;

		if (filled == NULL)
			continue;
		path = *filled == '~' && home != NULL
		    ? xasprintf("%s%s", home, filled + 1)
		    : xstrdup(filled);
		free(filled);
		if (*path != '/')
			error = error_new(ERROR_CONFIG,
			    "the agent '%s': the directory '%s' must begin "
			    "with / or ~/",
			    preset->name, names[i]);
		else if (!places->stage->dry_run)
			error = file_make_directories(path, 0700);
		string_list_add(&preset->write, path);
	}
	json_strings_free(names);
	return error;
}

/* The names of all presets there are, for a message. */
static char *
known_names(void)
{
	char **directories = data_file_directories("agents", "agents");
	char *names = xstrdup("");

	for (size_t i = 0; directories[i] != NULL; i++) {
		struct dirent **entries = NULL;
		int n = scandir(directories[i], &entries, NULL, alphasort);

		for (int k = 0; k < n; k++) {
			const struct dirent *entry = entries[k];
			const char *dot = strrchr(entry->d_name, '.');
			char *longer;

			if (dot == NULL || strcmp(dot, ".yaml") != 0) {
				free(entries[k]);
				continue;
			}
			longer = xasprintf("%s%s%.*s", names,
			    *names != '\0' ? ", " : "",
			    (int)(dot - entry->d_name), entry->d_name);
			free(names);
			free(entries[k]);
			names = longer;
		}
		free(entries);
	}
	json_strings_free(directories);
	return names;
}

static struct error *
find_file(char **path, const char *name)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	char *relative = xasprintf("agents/%s.yaml", name), *names;
	struct error *error;

	*path = NULL;
	if (*name != '.' && name[strspn(name, plain)] == '\0')
		*path = data_file_find(relative, relative);
	free(relative);
	if (*path != NULL)
		return NULL;
	names = known_names();
	error = error_new(ERROR_CONFIG,
	    "there is no preset of an agent '%s'; there are %s; your own go "
	    "into ~/.config/necrocode/agents",
	    name, names);
	free(names);
	return error;
}

static struct error *
fill(struct agent_preset *preset, const struct stage *stage, jv given)
{
	const char *prompt = json_string(given, "prompt");
	struct agent_places places;
	struct error *error = agent_places_open(&places, stage);

	preset->prompt_is_argument =
	    prompt != NULL && strcmp(prompt, "argument") == 0;
	preset->usage = json_get(given, "usage");
	preset->failure = json_get(given, "failure");
	if (error == NULL)
		error = set_command(preset, &places, given);
	if (error == NULL)
		error = set_key(preset, &places, given);
	if (error == NULL) {
		set_environment(preset, &places, given);
		error = make_directories(preset, &places, given);
	}
	agent_places_release(&places);
	return error;
}

struct error *
agent_preset_open(
    struct agent_preset **opened, const struct stage *stage, const char *name)
{
	struct agent_preset *preset = xcalloc(1, sizeof *preset);
	struct yaml *yaml = NULL;
	char *path;
	struct error *error = find_file(&path, name);

	preset->name = xstrdup(name);
	preset->usage = preset->failure = jv_invalid();
	if (error == NULL)
		error = yaml_read_file(&yaml, path);
	if (error == NULL)
		error = check(yaml, path);
	if (error == NULL)
		error = fill(preset, stage, yaml_value(yaml));
	yaml_release(yaml);
	free(path);
	if (error != NULL) {
		agent_preset_free(preset);
		preset = NULL;
	}
	*opened = preset;
	return error;
}

void
agent_preset_free(struct agent_preset *preset)
{
	if (preset == NULL)
		return;
	for (char **at = preset->settings; at != NULL && *at != NULL; at++) {
		free_secret(*at, strlen(*at));
		*at = NULL;
	}
	free(preset->settings);
	json_strings_free(preset->argv);
	json_strings_free(preset->write);
	jv_free(preset->usage);
	jv_free(preset->failure);
	free(preset->name);
	free(preset);
}
