/* SPDX-License-Identifier: MIT */
/* nr-mask: standard input to standard output, without the secrets in it. */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "error.h"
#include "mask.h"
#include "memory.h"
#include "secret_names.h"

enum { MAX_RULES_FILES = 64, TERMINAL_IDLE_MS = 100, MAX_IDLE_MS = 3600000 };

struct request {
	struct mask *mask;
	const char *rules[MAX_RULES_FILES];
	size_t n_rules;
	bool check, stats, json;
	int idle_ms;
	struct error *error; /* the first one of the options */
};

static const char usage[] =
    "usage: nr-mask [OPTION...]\n"
    "\n"
    "Copies standard input to standard output with every secret replaced by\n"
    "***. Secrets are the environment variables that are named like one\n"
    "(GIT_TOKEN, DB_PASSWORD, ...), those of the options, and what looks\n"
    "like one: known kinds of tokens, password=..., private keys.\n"
    "\n"
    "options:\n"
    "  -e, --env NAME         the value of this variable, or of NAME_FILE\n"
    "  -f, --secret-file FILE what this file holds\n"
    "  -d, --secrets-dir DIR  what each file in this directory holds\n"
    "  -r, --rules FILE       more kinds of secrets: nr-patterns(5)\n"
    "  -n, --no-rules         hide known values only, and those of --rules\n"
    "  -c, --check            copy nothing; exit 77 if there is a secret\n"
    "  -i, --idle MS          show up to 3 bytes of a value when the input\n"
    "                         pauses so long (on a terminal 100; 0: never)\n"
    "  -j, --json             the input is JSON and keeps its shape\n"
    "  -l, --label            put ***NAME***, not ***\n"
    "  -s, --stats            count by name, on standard error\n"
    "  -h, --help             show this\n"
    "  -V, --version          show the version\n"
    "\n"
    "See nr-mask(1).\n";

static const struct option long_options[] = {
	{ "env", required_argument, NULL, 'e' },
	{ "secret-file", required_argument, NULL, 'f' },
	{ "secrets-dir", required_argument, NULL, 'd' },
	{ "rules", required_argument, NULL, 'r' },
	{ "no-rules", no_argument, NULL, 'n' },
	{ "check", no_argument, NULL, 'c' },
	{ "idle", required_argument, NULL, 'i' },
	{ "json", no_argument, NULL, 'j' },
	{ "label", no_argument, NULL, 'l' },
	{ "stats", no_argument, NULL, 's' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ 0 },
};

static int
finish(struct error *error)
{
	int code;

	if (error == NULL)
		return 0;
	code = error->exit_code;
	fprintf(stderr, "nr-mask: %s\n", error->message);
	error_free(error);
	return code;
}

static void
warn_refused(const char *name)
{
	fprintf(stderr,
	    "nr-mask: the value of '%s' is shorter than 4 bytes and is not "
	    "masked\n",
	    name);
}

static struct error *
add_variable(struct mask *mask, const char *name)
{
	bool found;
	struct error *error =
	    secret_add_variable(mask, name, &found, warn_refused);

	if (error == NULL && !found)
		fprintf(stderr,
		    "nr-mask: the variable '%s' is not set: there is nothing "
		    "of it to mask\n",
		    name);
	return error;
}

static const char *
last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL && slash[1] != '\0' ? slash + 1 : path;
}

/* Prints a text for --help or --version; never returns. */
static void
show(const char *text)
{
	struct error *error = NULL;

	if (fputs(text, stdout) == EOF || fflush(stdout) == EOF)
		error = error_errno(ERROR_IO, "cannot write standard output");
	exit(finish(error));
}

static struct error *
read_idle(struct request *request, const char *text)
{
	char *end;
	unsigned long ms = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || ms > MAX_IDLE_MS)
		return error_new(ERROR_USAGE,
		    "--idle needs milliseconds, up to an hour, not '%s'", text);
	request->idle_ms = (int)ms;
	return NULL;
}

static void
take_option(struct request *request, int option)
{
	struct mask *mask = request->mask;
	struct error *error = NULL;

	switch (option) {
	case 'e':
		error = add_variable(mask, optarg);
		break;
	case 'f':
		error = secret_add_file(
		    mask, last_part(optarg), optarg, warn_refused);
		break;
	case 'd':
		error = secret_add_directory(mask, optarg, warn_refused);
		break;
	case 'r':
		if (request->n_rules == MAX_RULES_FILES)
			error =
			    error_new(ERROR_USAGE, "too many files of rules");
		else
			request->rules[request->n_rules++] = optarg;
		break;
	case 'n':
		mask_use_rules(mask, false);
		break;
	case 'c':
		request->check = true;
		break;
	case 'i':
		error = read_idle(request, optarg);
		break;
	case 'j':
		request->json = true;
		break;
	case 'l':
		mask_use_labels(mask, true);
		break;
	case 's':
		request->stats = true;
		break;
	case 'h':
		show(usage);
		break;
	case 'V':
		show("nr-mask " VERSION "\n");
		break;
	default:
		fputs("Try 'nr-mask --help'.\n", stderr);
		exit(error_type_exit_code(ERROR_USAGE));
	}
	request->error = error_first(request->error, error);
}

static struct error *
parse_options(struct request *request, int argc, char *argv[])
{
	int option;

	while ((option = getopt_long(
		    argc, argv, "e:f:d:r:nci:jlshV", long_options, NULL)) != -1)
		take_option(request, option);
	if (optind < argc)
		return error_first(request->error,
		    error_new(ERROR_USAGE,
			"unexpected argument '%s': nr-mask reads standard "
			"input",
			argv[optind]));
	return request->error;
}

static void
report(void *context, const char *name, bool rule, size_t line, size_t column)
{
	(void)context;
	fprintf(stderr, "nr-mask: %s '%s' is at line %zu, column %zu\n",
	    rule ? "what looks like a secret of kind" : "the value of", name,
	    line, column);
}

/* A rule has several lines: its name is printed once, and when it was met. */
static void
print_rule_stats(const struct mask *mask, const struct mask_stream *stream)
{
	const char *name;

	for (size_t i = 0; (name = mask_rule_name(mask, i)) != NULL; i++) {
		size_t hits = mask_stream_hits_of(stream, name), before = 0;

		while (strcmp(mask_rule_name(mask, before), name) != 0)
			before++;
		if (before == i && hits > 0)
			fprintf(stderr, "%s %zu\n", name, hits);
	}
}

static void
print_stats(const struct mask *mask, const struct mask_stream *stream)
{
	for (size_t i = 0; i < mask_count(mask); i++) {
		const char *name = mask_name(mask, i);
		size_t before = 0;

		/* A name may stand for several values: print it once. */
		while (strcmp(mask_name(mask, before), name) != 0)
			before++;
		if (before == i)
			fprintf(stderr, "%s %zu\n", name,
			    mask_stream_hits_of(stream, name));
	}
	print_rule_stats(mask, stream);
}

static struct error *
add_rules(const struct request *request)
{
	struct error *error = NULL;

	for (size_t i = 0; error == NULL && i < request->n_rules; i++)
		error = mask_add_rules(request->mask, request->rules[i]);
	return error;
}

/* Waits for more input; a person who waits, too, sees what can be seen. */
static struct error *
wait_for_input(const struct request *request, struct mask_stream *stream)
{
	struct pollfd input = { .fd = 0, .events = POLLIN };

	if (request->idle_ms > 0 && mask_stream_holds(stream) &&
	    poll(&input, 1, request->idle_ms) == 0)
		return mask_stream_idle(stream);
	return NULL;
}

static struct error *
copy(const struct request *request, struct mask_stream *stream)
{
	struct error *error = NULL;
	bool end = false;

	while (error == NULL && !end) {
		error = wait_for_input(request, stream);
		if (error == NULL)
			error = mask_stream_read(stream, 0, &end);
	}
	return error != NULL ? error : mask_stream_end(stream);
}

static int
run(const struct request *request)
{
	struct mask_output output = { .fd = 1 };
	struct mask_stream *stream = mask_stream_new(request->mask,
	    request->check ? mask_discard : mask_output_write, &output);
	struct error *error;

	if (request->check)
		mask_stream_on_hit(stream, report, NULL);
	if (request->json)
		mask_stream_keep_json(stream);
	error = copy(request, stream);
	if (request->stats)
		print_stats(request->mask, stream);
	if (error == NULL && request->check && mask_stream_hits(stream) > 0)
		error = error_new(
		    ERROR_SECURITY, "the input holds secrets: remove them");
	mask_stream_free(stream);
	/* Nobody reads any more: the reader knows why. */
	if (output.failure == EPIPE) {
		error_free(error);
		return error_type_exit_code(ERROR_IO);
	}
	return finish(error);
}

int
main(int argc, char *argv[])
{
	struct request request = { .mask = mask_new(),
		.idle_ms = isatty(1) ? TERMINAL_IDLE_MS : 0 };
	struct error *error;
	int code;

	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_DUMPABLE, 0);
	error = parse_options(&request, argc, argv);
	if (error == NULL)
		error = add_rules(&request);
	if (error == NULL)
		error = secret_add_environment(request.mask, warn_refused);
	code = error == NULL ? run(&request) : finish(error);
	mask_free(request.mask);
	return code;
}
