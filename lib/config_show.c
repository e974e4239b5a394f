/* SPDX-License-Identifier: MIT */
#include "config_show.h"

#include <unistd.h>

#include "json.h"
#include "memory.h"
#include "printable.h"

static void
print_quoted(const char *text, const char *end)
{
	putchar('\'');
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			fputs("'\\''", stdout);
		else
			putchar(*text);
	}
	putchar('\'');
	fputs(end, stdout);
}

/* The key as sh spells it: agent_command, or RUNNER_AGENT_COMMAND. */
static void
print_name(const char *name, bool variable)
{
	if (variable)
		fputs("export RUNNER_", stdout);
	for (; *name != '\0'; name++) {
		char c = *name == '.' ? '_' : *name;

		if (variable && c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		putchar(c);
	}
	putchar('=');
}

/* The file is named absolutely: who evaluates this may change directory. */
static struct error *
print_config_file(const char *path)
{
	char *directory, *absolute;

	if (path[0] == '/') {
		absolute = xstrdup(path);
	} else {
		directory = getcwd(NULL, 0);
		if (directory == NULL)
			return error_errno(
			    ERROR_IO, "cannot find the working directory");
		absolute = xasprintf("%s/%s", directory, path);
		free(directory);
	}
	fputs("export NR_CONFIG=", stdout);
	print_quoted(absolute, "\n");
	free(absolute);
	return NULL;
}

static void
print_operands(const struct config_options *options)
{
	fputs("set --", stdout);
	for (size_t i = 0; i < options->n_operands; i++) {
		putchar(' ');
		print_quoted(options->operands[i], "");
	}
	putchar('\n');
}

static void
print_run(const struct run_directory *run)
{
	fputs("export RUNNER_ID=", stdout);
	print_quoted(run->id, "\n");
	fputs("run_dir=", stdout);
	print_quoted(run->path, "\n");
}

/*
 * `null` takes a setting back to its default; an empty variable would leave
 * the file's value in place.
 */
struct error *
config_show_sh(const struct config *config, char *const keys[], size_t n,
    const struct config_options *options, const struct run_directory *run)
{
	for (size_t i = 0; i < n; i++) {
		char *text = config_text(config, keys[i]);

		print_name(keys[i], false);
		print_quoted(text, "\n");
		free(text);
	}
	for (size_t i = 0; i < options->n; i++) {
		const char *name = options->settings[i].key->name;
		const char *origin = config_origin(config, name);
		char *text = config_text(config, name);

		print_name(name, true);
		print_quoted(
		    strcmp(origin, "default") != 0 ? text : "null", "\n");
		free(text);
	}
	if (run != NULL)
		print_run(run);
	print_operands(options);
	if (options->file != NULL)
		return print_config_file(options->file);
	return NULL;
}

/* No keys at all mean every key. */
static bool
is_wanted(char *const keys[], size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(keys[i], name) == 0)
			return true;
	}
	return n == 0;
}

void
config_show_json(const struct config *config, char *const keys[], size_t n)
{
	jv all = jv_object();
	char *text;

	for (const struct config_key *key = config_keys; key->name != NULL;
	     key++) {
		jv entry = json_set(
		    jv_object(), "value", config_value(config, key->name));

		entry = json_set_string(
		    entry, "origin", config_origin(config, key->name));
		if (is_wanted(keys, n, key->name))
			all = json_set(all, key->name, entry);
		else
			jv_free(entry);
	}
	text = json_text(all);
	puts(text);
	free(text);
}

/* The value in one line of a table. */
static char *
shown_value(const struct config *config, const char *name)
{
	char *text, *shown;

	if (!config_is_set(config, name))
		return xstrdup("-");
	text = config_text(config, name);
	shown = printable(text, 500);
	free(text);
	return shown;
}

void
config_show_table(const struct config *config)
{
	enum { max_width = 40 };
	int name_width = 0, value_width = 0;

	for (const struct config_key *key = config_keys; key->name != NULL;
	     key++) {
		char *value = shown_value(config, key->name);
		int name_len = (int)strlen(key->name);
		int value_len = (int)strlen(value);

		if (name_len > name_width)
			name_width = name_len;
		if (value_len > value_width && value_len <= max_width)
			value_width = value_len;
		free(value);
	}
	for (const struct config_key *key = config_keys; key->name != NULL;
	     key++) {
		char *value = shown_value(config, key->name);

		printf("%-*s  %-*s  %s\n", name_width, key->name, value_width,
		    value, config_origin(config, key->name));
		free(value);
	}
}
