/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* getopt_long */
#include "stage_options.h"

#include <ctype.h>
#include <getopt.h>
#include <string.h>

#include "error.h"
#include "memory.h"

/* What getopt_long() returns for long options: a base and an index. */
enum { COMMON_DRY_RUN = 256, COMMON_CONFIG, KEY_BASE = 1000, OWN_BASE = 2000 };

/* The first is left out where nothing is read. */
static const struct option common[] = {
	{ "input", required_argument, NULL, 'i' },
	{ "config", required_argument, NULL, COMMON_CONFIG },
	{ "dry-run", no_argument, NULL, COMMON_DRY_RUN },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
};

enum { n_common = sizeof common / sizeof common[0], last_column = 79 };

struct table {
	struct option *options;
	char **names; /* of keys, owned */
	size_t n_options, n_names;
	char *short_names;
};

/* A program that reads nothing has no -i. */
static bool
reads_nothing(const struct stage_program *program)
{
	return program->input != NULL && program->input[0] == '\0';
}

static char *
option_name(const char *key)
{
	char *name = xstrdup(key);

	for (char *c = name; *c != '\0'; c++)
		if (*c == '_' || *c == '.')
			*c = '-';
	return name;
}

/* The program's keys, and log_level, which all have. */
static const struct config_key *
nth_key(const struct stage_program *program, size_t n)
{
	if (n == 0)
		return config_key_by_name("log_level");
	for (size_t i = 0; i < n; i++)
		if (program->keys == NULL || program->keys[i] == NULL)
			return NULL;
	return config_key_by_name(program->keys[n - 1]);
}

static void
add_option(struct table *table, const char *name, int argument, int value)
{
	table->options = xreallocarray(
	    table->options, table->n_options + 2, sizeof *table->options);
	table->options[table->n_options++] =
	    (struct option){ name, argument, NULL, value };
	table->options[table->n_options] = (struct option){ 0 };
}

static void
build_table(struct table *table, const struct stage_program *program)
{
	const struct stage_option *own = program->options;
	const struct config_key *key;
	char *shorts = xstrdup(reads_nothing(program) ? "+hV" : "+i:hV");

	for (int i = reads_nothing(program) ? 1 : 0; i < n_common; i++)
		add_option(
		    table, common[i].name, common[i].has_arg, common[i].val);
	for (int i = 0; (key = nth_key(program, (size_t)i)) != NULL; i++) {
		char *name = option_name(key->name);

		table->names = xreallocarray(
		    table->names, table->n_names + 1, sizeof *table->names);
		table->names[table->n_names++] = name;
		add_option(table, name,
		    key->kind == CONFIG_BOOLEAN ? optional_argument
						: required_argument,
		    KEY_BASE + i);
	}
	for (int i = 0; own != NULL && own[i].name != NULL; i++) {
		bool takes = own[i].argument != NULL;
		char *longer;

		add_option(table, own[i].name,
		    takes ? required_argument : no_argument, OWN_BASE + i);
		if (own[i].short_name == 0)
			continue;
		longer = xasprintf(
		    "%s%c%s", shorts, own[i].short_name, takes ? ":" : "");
		free(shorts);
		shorts = longer;
	}
	table->short_names = shorts;
}

static void
release_table(struct table *table)
{
	for (size_t i = 0; i < table->n_names; i++)
		free(table->names[i]);
	free(table->names);
	free(table->options);
	free(table->short_names);
}

static void
print_option(
    int short_name, const char *name, const char *argument, const char *help)
{
	char *left = xasprintf("%s%s%s", name, argument != NULL ? " " : "",
	    argument != NULL ? argument : "");

	if (short_name != 0)
		printf("  -%c, --%-26s %s\n", short_name, left, help);
	else
		printf("      --%-26s %s\n", left, help);
	free(left);
}

/* One wrapped list: with a line each, a help would not fit a screen. */
static void
print_keys(const struct stage_program *program)
{
	const struct config_key *key;
	size_t column = 0;

	for (size_t i = 1; (key = nth_key(program, i)) != NULL; i++) {
		char *name = option_name(key->name);
		size_t width = strlen(" --") + strlen(name);

		if (i == 1)
			puts("settings, each but a boolean with a value, see "
			     "nr-config(5):");
		if (column == 0 || column + width > last_column) {
			printf("%s ", column == 0 ? "" : "\n");
			column = 1;
		}
		printf(" --%s", name);
		column += width;
		free(name);
	}
	if (column != 0)
		putchar('\n');
}

static void
print_help(const struct stage_program *program)
{
	const struct stage_option *own = program->options;

	printf("usage: %s [options]%s%s\n\n%s\noptions:\n", program->name,
	    reads_nothing(program) ? "" : " < ",
	    program->input != NULL ? program->input : "document.json",
	    program->description);
	for (; own != NULL && own->name != NULL; own++)
		print_option(
		    own->short_name, own->name, own->argument, own->help);
	if (!reads_nothing(program))
		print_option('i', "input", "FILE",
		    program->input != NULL ? "read it from a file"
					   : "read the document from a file");
	print_option(0, "config", "FILE", "the configuration to use");
	print_option(0, "log-level", "LEVEL", "debug, info, warn or error");
	print_option(0, "dry-run", NULL, "say what would be done, do nothing");
	print_option('h', "help", NULL, "show this");
	print_option('V', "version", NULL, "show the version");
	print_keys(program);
	printf("\nSee %s(1) and nr(7).\n", program->name);
}

static _Noreturn void
usage_error(const struct stage_program *program)
{
	fprintf(stderr, "%s: see '%s --help'\n", program->name, program->name);
	exit(error_type_exit_code(ERROR_USAGE));
}

static _Noreturn void
finish_printing(const struct stage_program *program)
{
	if (fflush(stdout) == EOF || ferror(stdout)) {
		fprintf(stderr, "%s: cannot write standard output\n",
		    program->name);
		exit(error_type_exit_code(ERROR_IO));
	}
	exit(EXIT_SUCCESS);
}

static void
take_own(const struct stage_option *option, const char *value)
{
	if (option->argument != NULL)
		*option->value = value;
	else
		*option->flag = true;
}

static void
take_option(struct stage_arguments *arguments, int option,
    const struct stage_program *program)
{
	const struct stage_option *own = program->options;

	if (option >= OWN_BASE)
		take_own(&own[option - OWN_BASE], optarg);
	else if (option >= KEY_BASE)
		config_options_add(&arguments->config,
		    nth_key(program, (size_t)(option - KEY_BASE)), optarg);
	else if (option == COMMON_CONFIG)
		arguments->config.file = optarg;
	else if (option == COMMON_DRY_RUN)
		arguments->dry_run = true;
	else if (option == 'i')
		arguments->input = optarg;
	else if (option == 'V')
		printf("%s %s\n", program->name, VERSION);
	else if (option == 'h')
		print_help(program);
	else
		for (; own != NULL && own->name != NULL; own++)
			if (own->short_name == option)
				take_own(own, optarg);
	if (option == 'h' || option == 'V')
		finish_printing(program);
}

void
stage_options_parse(struct stage_arguments *arguments, int argc, char *argv[],
    const struct stage_program *program)
{
	struct table table = { 0 };
	int option;

	build_table(&table, program);
	while ((option = getopt_long(argc, argv, table.short_names,
		    table.options, NULL)) != -1) {
		if (option == '?')
			usage_error(program);
		take_option(arguments, option, program);
	}
	release_table(&table);
	if (optind == argc)
		return;
	if (reads_nothing(program))
		fprintf(stderr, "%s: unexpected argument '%s'\n", program->name,
		    argv[optind]);
	else
		fprintf(stderr,
		    "%s: unexpected argument '%s'; %s is read from standard "
		    "input, or with -i FILE\n",
		    program->name, argv[optind],
		    program->input != NULL ? program->input : "the document");
	usage_error(program);
}
