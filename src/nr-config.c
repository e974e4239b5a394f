/* SPDX-License-Identifier: MIT */
/* nr-config: the configuration, and where each value came from. */
#include <getopt.h>

#include "config.h"
#include "config_show.h"
#include "error.h"
#include "memory.h"
#include "run_directory.h"

struct request {
	struct config_options options; /* what stands behind -- */
	const char *check;             /* --check FILE */
	bool json, sh, schema, new_run;
	char *const *keys; /* operands */
	size_t n_keys;
};

enum {
	OPTION_CHECK = 256,
	OPTION_NEW_RUN,
	OPTION_SH,
	OPTION_SCHEMA,
	OPTION_CONFIG
};

static const char usage[] =
    "usage: nr-config [--format text|json] [KEY...] [-- OPTION...]\n"
    "       nr-config --sh KEY... [-- [OPTION | OPERAND]...]\n"
    "       nr-config --check FILE\n"
    "\n"
    "Shows the configuration and where each value came from. With keys,\n"
    "prints their values alone, one a line. An OPTION is one that stages\n"
    "take, such as --agent-command VALUE.\n"
    "\n"
    "options:\n"
    "      --check FILE     say what is wrong with a file\n"
    "      --config FILE    the configuration to use\n"
    "  -f, --format FORMAT  text or json\n"
    "      --new-run        with --sh: make a directory for nr-run\n"
    "      --schema         print the JSON Schema of the file\n"
    "      --sh             print assignments for eval in sh\n"
    "  -h, --help           show this\n"
    "  -V, --version        show the version\n"
    "\n"
    "See nr-config(1) and nr-config(5).\n";

static const struct option long_options[] = {
	{ "check", required_argument, NULL, OPTION_CHECK },
	{ "config", required_argument, NULL, OPTION_CONFIG },
	{ "format", required_argument, NULL, 'f' },
	{ "new-run", no_argument, NULL, OPTION_NEW_RUN },
	{ "schema", no_argument, NULL, OPTION_SCHEMA },
	{ "sh", no_argument, NULL, OPTION_SH },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ 0 },
};

static struct error *
finish_output(void)
{
	if (fflush(stdout) == EOF || ferror(stdout))
		return error_errno(ERROR_IO, "cannot write standard output");
	return NULL;
}

static int
report(struct error *error)
{
	int exit_code = error != NULL ? error->exit_code : EXIT_SUCCESS;

	if (error != NULL)
		fprintf(stderr, "nr-config: %s\n", error->message);
	error_free(error);
	return exit_code;
}

static struct error *
parse_format(struct request *request, const char *name)
{
	request->json = strcmp(name, "json") == 0;
	if (request->json || strcmp(name, "text") == 0)
		return NULL;
	return error_new(
	    ERROR_USAGE, "no such format '%s'; use text or json", name);
}

static struct error *
parse_option(struct request *request, int option)
{
	switch (option) {
	case OPTION_CHECK:
		request->check = optarg;
		break;
	case OPTION_CONFIG:
		request->options.file = optarg;
		break;
	case OPTION_NEW_RUN:
		request->new_run = true;
		break;
	case OPTION_SCHEMA:
		request->schema = true;
		break;
	case OPTION_SH:
		request->sh = true;
		break;
	case 'f':
		return parse_format(request, optarg);
	case 'h':
		fputs(usage, stdout);
		exit(report(finish_output()));
	case 'V':
		puts("nr-config " VERSION);
		exit(report(finish_output()));
	default: /* getopt_long has told */
		fputs("nr-config: see 'nr-config --help'\n", stderr);
		exit(error_type_exit_code(ERROR_USAGE));
	}
	return NULL;
}

/* Where the first -- stands; getopt_long moves operands across it. */
static int
find_separator(int argc, char *argv[])
{
	int at = 1;

	while (at < argc && strcmp(argv[at], "--") != 0)
		at++;
	return at;
}

static struct error *
check_keys(const struct request *request)
{
	for (size_t i = 0; i < request->n_keys; i++) {
		const struct config_key *near;
		const char *name = request->keys[i];

		if (config_key_by_name(name) != NULL)
			continue;
		near = config_key_nearest(name);
		return error_new(ERROR_USAGE, "unknown key '%s'%s%s%s", name,
		    near != NULL ? "; did you mean '" : "",
		    near != NULL ? near->name : "", near != NULL ? "'?" : "");
	}
	if ((request->check != NULL || request->schema) && request->n_keys > 0)
		return error_new(ERROR_USAGE,
		    "--check and --schema take no keys, found '%s'",
		    request->keys[0]);
	return NULL;
}

static struct error *
parse_arguments(struct request *request, int argc, char *argv[])
{
	int end = find_separator(argc, argv), option;
	struct error *error = NULL;

	while (error == NULL &&
	    (option = getopt_long(end, argv, "f:hV", long_options, NULL)) != -1)
		error = parse_option(request, option);
	if (error != NULL)
		return error;
	request->keys = argv + optind;
	request->n_keys = (size_t)(end - optind);
	error = check_keys(request);
	if (error == NULL && request->new_run && !request->sh)
		error = error_new(ERROR_USAGE, "--new-run goes with --sh");
	if (error == NULL && end < argc)
		error = config_options_parse(
		    &request->options, argc - end - 1, argv + end + 1);
	if (error == NULL && request->options.n_operands > 0 && !request->sh)
		error = error_new(ERROR_USAGE,
		    "keys stand before --, options behind it, found '%s'",
		    request->options.operands[0]);
	return error;
}

/* The shell code that a script evaluates. */
static struct error *
print_sh(const struct request *request, const struct config *config)
{
	struct run_directory run = { 0 };
	struct error *error = NULL;

	if (request->new_run)
		error = run_directory_create(&run, config);
	if (error == NULL)
		error = config_show_sh(config, request->keys, request->n_keys,
		    &request->options, request->new_run ? &run : NULL);
	run_directory_release(&run);
	return error;
}

static void
print_values(const struct request *request, const struct config *config)
{
	for (size_t i = 0; i < request->n_keys; i++) {
		char *text = config_text(config, request->keys[i]);

		puts(text);
		free(text);
	}
}

static struct error *
print_config(const struct request *request, const struct config *config)
{
	for (size_t i = 0; i < config_n_warnings(config); i++)
		fprintf(stderr, "nr-config: warning: %s\n",
		    config_warning(config, i));
	if (request->check != NULL)
		printf("%s: no problems\n", request->check);
	else if (request->sh)
		return print_sh(request, config);
	else if (request->json)
		config_show_json(config, request->keys, request->n_keys);
	else if (request->n_keys > 0)
		print_values(request, config);
	else
		config_show_table(config);
	return NULL;
}

static struct error *
run(const struct request *request)
{
	struct config *config = NULL;
	struct error *error;

	if (request->schema) {
		char *schema = config_schema();

		fputs(schema, stdout);
		free(schema);
		return finish_output();
	}
	if (request->check != NULL)
		error = config_load_file(&config, request->check);
	else
		error = config_load(&config, &request->options);
	if (error == NULL)
		error = print_config(request, config);
	config_free(config);
	return error_first(error, finish_output());
}

int
main(int argc, char *argv[])
{
	struct request request = { 0 };
	struct error *error = parse_arguments(&request, argc, argv);

	if (error == NULL)
		error = run(&request);
	config_options_release(&request.options);
	return report(error);
}
