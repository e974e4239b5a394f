/* SPDX-License-Identifier: MIT */
#include "config_form.h"
#include "config_internal.h"
#include "config_value.h"
#include "memory.h"
#include "printable.h"

enum { max_quoted_bytes = 60 };

void
config_options_add(struct config_options *options, const struct config_key *key,
    const char *value)
{
	options->settings = xreallocarray(
	    options->settings, options->n + 1, sizeof *options->settings);
	options->settings[options->n++] = (struct config_setting){ key, value };
}

void
config_options_release(struct config_options *options)
{
	free(options->settings);
	free(options->operands);
	*options = (struct config_options){ 0 };
}

static void
add_operand(struct config_options *options, const char *operand)
{
	options->operands = xreallocarray(options->operands,
	    options->n_operands + 1, sizeof *options->operands);
	options->operands[options->n_operands++] = operand;
}

static struct error *
unknown_option(const char *argument, const char *name)
{
	char *shown = printable(argument, max_quoted_bytes);
	char *hint = config_suggestion(name, CONFIG_SPELLING_OPTION);
	struct error *error = error_new(ERROR_USAGE, "unknown option '%s'%s%s",
	    shown, *hint != '\0' ? "; " : "", hint);

	free(hint);
	free(shown);
	return error;
}

static struct error *
parse_option(struct config_options *options, const char *argument,
    const char *next, bool *took_next)
{
	size_t len = strcspn(argument, "=");
	const char *value = argument[len] == '=' ? argument + len + 1 : NULL;
	char *name = xstrndup(argument + 2, len - 2);
	const struct config_key *key = config_key_by_option(name);
	bool file = strcmp(name, "config") == 0;
	struct error *error = NULL;

	*took_next = false;
	if (key == NULL && !file) {
		error = unknown_option(argument, name);
	} else if (value == NULL && (file || key->kind != CONFIG_BOOLEAN)) {
		value = next;
		*took_next = true;
		if (value == NULL)
			error = error_new(
			    ERROR_USAGE, "option '%s' needs a value", argument);
	}
	if (error == NULL && file)
		options->file = value;
	else if (error == NULL)
		config_options_add(options, key, value);
	free(name);
	return error;
}

static struct error *
short_option(const char *argument)
{
	char *shown = printable(argument, max_quoted_bytes);
	struct error *error =
	    error_new(ERROR_USAGE, "'%s' is no option with a long name", shown);

	free(shown);
	return error;
}

struct error *
config_options_parse(
    struct config_options *options, int argc, char *const argv[])
{
	struct error *error = NULL;
	bool ended = false;

	for (int i = 0; i < argc && error == NULL; i++) {
		const char *argument = argv[i];
		bool took_next = false;

		if (ended || argument[0] != '-' || argument[1] == '\0')
			add_operand(options, argument);
		else if (argument[1] != '-')
			error = short_option(argument);
		else if (argument[2] == '\0')
			ended = true;
		else
			error = parse_option(options, argument,
			    i + 1 < argc ? argv[i + 1] : NULL, &took_next);
		i += took_next;
	}
	return error;
}

void
config_read_options(struct config *config, const struct config_options *options)
{
	for (size_t i = 0; i < options->n; i++) {
		const struct config_key *key = options->settings[i].key;
		const char *text = options->settings[i].value;
		char *option = config_spelled(key, CONFIG_SPELLING_OPTION);
		jv value = jv_null();
		char *wrong = config_value_from_text(
		    &value, key, text != NULL ? text : "true");

		if (wrong == NULL)
			wrong = config_form_expand(&value, key, NULL);
		if (wrong != NULL)
			config_add_problem(config, (struct yaml_mark){ 0 },
			    true, xasprintf("option %s: %s", option, wrong));
		else if (jv_get_kind(value) == JV_KIND_NULL)
			config_put_default(config, key);
		else
			config_put(config, key, jv_copy(value),
			    xasprintf("option %s", option));
		jv_free(value);
		free(wrong);
		free(option);
	}
}
