/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <ctype.h>

#include "buffer.h"
#include "config_form.h"
#include "config_internal.h"
#include "config_value.h"
#include "json.h"
#include "memory.h"

static size_t
n_keys(void)
{
	size_t n = 0;

	while (config_keys[n].name != NULL)
		n++;
	return n;
}

static struct config_entry *
entry_of(struct config *config, const struct config_key *key)
{
	return &config->entries[key - config_keys];
}

void
config_put(
    struct config *config, const struct config_key *key, jv value, char *origin)
{
	struct config_entry *entry = entry_of(config, key);

	jv_free(entry->value);
	free(entry->origin);
	*entry = (struct config_entry){ value, origin };
}

void
config_put_default(struct config *config, const struct config_key *key)
{
	jv value = jv_parse(key->fallback);
	char *wrong = config_form_expand(&value, key, NULL);

	if (wrong != NULL)
		config_add_problem(
		    config, (struct yaml_mark){ 0 }, false, wrong);
	config_put(config, key, value, xstrdup("default"));
}

void
config_add_problem(
    struct config *config, struct yaml_mark mark, bool usage, char *text)
{
	config->problems = xreallocarray(
	    config->problems, config->n_problems + 1, sizeof *config->problems);
	config->problems[config->n_problems] = (struct config_problem){
		.mark = mark,
		.usage = usage,
		.order = config->n_problems,
		.text = text,
	};
	config->n_problems++;
}

void
config_add_warning(struct config *config, char *text)
{
	config->warnings = xreallocarray(
	    config->warnings, config->n_warnings + 1, sizeof *config->warnings);
	config->warnings[config->n_warnings++] = text;
}

char *
config_spelled(const struct config_key *key, enum config_spelling spelling)
{
	char *text = xasprintf("%s%s",
	    spelling == CONFIG_SPELLING_OPTION         ? "--"
		: spelling == CONFIG_SPELLING_VARIABLE ? "RUNNER_"
						       : "",
	    key->name);

	for (char *c = text; *c != '\0'; c++) {
		bool mark = *c == '_' || *c == '.';

		if (spelling == CONFIG_SPELLING_OPTION && mark)
			*c = '-';
		else if (spelling == CONFIG_SPELLING_VARIABLE)
			*c = mark ? '_' : (char)toupper((unsigned char)*c);
	}
	return text;
}

char *
config_suggestion(const char *wrong, enum config_spelling spelling)
{
	const struct config_key *key = config_key_nearest(wrong);
	char *spelled, *text;

	if (key == NULL)
		return xstrdup("");
	spelled = config_spelled(key, spelling);
	text = xasprintf("did you mean '%s'?", spelled);
	free(spelled);
	return text;
}

/* As the file has them from top to bottom, then as they came. */
static int
compare_problems(const void *a, const void *b)
{
	const struct config_problem *x = a, *y = b;

	if (x->mark.line > 0 && y->mark.line > 0) {
		if (x->mark.line != y->mark.line)
			return x->mark.line < y->mark.line ? -1 : 1;
		if (x->mark.column != y->mark.column)
			return x->mark.column < y->mark.column ? -1 : 1;
	} else if ((x->mark.line > 0) != (y->mark.line > 0)) {
		return x->mark.line > 0 ? -1 : 1;
	}
	return x->order < y->order ? -1 : 1;
}

/* All problems as one error; NULL: there are none. */
static struct error *
problems_error(struct config *config)
{
	struct buffer text = BUFFER_INIT(1 << 20);
	enum error_type type = ERROR_USAGE;
	size_t n = config->n_problems;
	struct error *error;

	if (n == 0)
		return NULL;
	if (n > 1)
		buffer_append_string(&text, "the configuration is wrong:");
	qsort(config->problems, n, sizeof *config->problems, compare_problems);
	for (size_t i = 0; i < n; i++) {
		if (!config->problems[i].usage)
			type = ERROR_CONFIG;
		if (i < CONFIG_MAX_PROBLEMS)
			buffer_appendf(&text, "%s%s", n > 1 ? "\n  " : "",
			    config->problems[i].text);
	}
	if (n > CONFIG_MAX_PROBLEMS)
		buffer_appendf(
		    &text, "\n  %zu more problems", n - CONFIG_MAX_PROBLEMS);
	error = error_new(type, "%s", text.data);
	buffer_release(&text);
	return error;
}

static struct config *
config_new(void)
{
	struct config *config = xcalloc(1, sizeof *config);

	config->entries = xcalloc(n_keys(), sizeof *config->entries);
	for (const struct config_key *key = config_keys; key->name != NULL;
	     key++) {
		entry_of(config, key)->value = jv_null();
		config_put_default(config, key);
	}
	return config;
}

/* Hands the config over, or its problems instead. */
static struct error *
finish(struct config **config, struct config *loaded, struct error *error)
{
	if (error != NULL)
		config_add_problem(loaded, (struct yaml_mark){ 1, 1 }, false,
		    xstrdup(error->message));
	error_free(error);
	error = problems_error(loaded);
	if (error != NULL) {
		config_free(loaded);
		loaded = NULL;
	}
	*config = loaded;
	return error;
}

struct error *
config_load(struct config **config, const struct config_options *options)
{
	struct config *loaded = config_new();
	struct error *error = NULL;

	loaded->file = config_find_file(loaded, options);
	if (loaded->file != NULL)
		error = config_read_file(loaded, loaded->file);
	config_read_environment(loaded);
	if (options != NULL)
		config_read_options(loaded, options);
	return finish(config, loaded, error);
}

struct error *
config_load_file(struct config **config, const char *path)
{
	struct config *loaded = config_new();

	loaded->file = xstrdup(path);
	return finish(config, loaded, config_read_file(loaded, path));
}

void
config_free(struct config *config)
{
	if (config == NULL)
		return;
	for (size_t i = 0; i < n_keys(); i++) {
		jv_free(config->entries[i].value);
		free(config->entries[i].origin);
	}
	for (size_t i = 0; i < config->n_warnings; i++)
		free(config->warnings[i]);
	for (size_t i = 0; i < config->n_problems; i++)
		free(config->problems[i].text);
	free(config->entries);
	free(config->file);
	free(config->warnings);
	free(config->problems);
	free(config);
}

size_t
config_n_warnings(const struct config *config)
{
	return config->n_warnings;
}

const char *
config_warning(const struct config *config, size_t n)
{
	return config->warnings[n];
}

static const struct config_entry *
entry(const struct config *config, const char *name)
{
	const struct config_key *key = config_key_by_name(name);

	if (key == NULL) {
		fprintf(stderr, "no configuration key '%s'\n", name);
		abort();
	}
	return &config->entries[key - config_keys];
}

const char *
config_string(const struct config *config, const char *name)
{
	return json_string(entry(config, name)->value, NULL);
}

double
config_number(const struct config *config, const char *name)
{
	return json_number(entry(config, name)->value, NULL, 0);
}

bool
config_boolean(const struct config *config, const char *name)
{
	return json_boolean(entry(config, name)->value, NULL, false);
}

jv
config_value(const struct config *config, const char *name)
{
	return jv_copy(entry(config, name)->value);
}

bool
config_is_set(const struct config *config, const char *name)
{
	return jv_get_kind(entry(config, name)->value) != JV_KIND_NULL;
}

char **
config_command(const struct config *config, const char *name)
{
	jv value = entry(config, name)->value;
	char **argv;

	if (jv_get_kind(value) == JV_KIND_ARRAY)
		return json_strings(value, NULL);
	if (jv_get_kind(value) != JV_KIND_STRING)
		return NULL;
	argv = xcalloc(4, sizeof *argv);
	argv[0] = xstrdup("sh");
	argv[1] = xstrdup("-c");
	argv[2] = xstrdup(jv_string_value(value));
	return argv;
}

char *
config_text(const struct config *config, const char *name)
{
	return config_value_text(entry(config, name)->value);
}

const char *
config_origin(const struct config *config, const char *name)
{
	return entry(config, name)->origin;
}

const char *
config_file(const struct config *config)
{
	return config->file;
}

char *
config_state_dir(void)
{
	const char *state = getenv("XDG_STATE_HOME"), *home;

	if (state != NULL && *state == '/')
		return xasprintf("%s/necrocode", state);
	home = config_home();
	return xasprintf("%s/.local/state/necrocode", home != NULL ? home : "");
}
