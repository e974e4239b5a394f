/* SPDX-License-Identifier: MIT */
/* nr-each: a command once for each document of a stream; see nr-each(1). */
#define _GNU_SOURCE /* sched_getaffinity */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "each.h"
#include "error.h"
#include "file.h"
#include "memory.h"
#include "secret.h"

enum { MAX_JOBS = 10000 };

static const char usage[] =
    "usage: nr-each [-kq] [-j n] [options] [--] command [argument ...]\n"
    "Runs a command for each document on standard input, one a line, and\n"
    "writes one result a line.\n"
    "\n"
    "  -j, --jobs N                at most N at a time; default: one a CPU\n"
    "  -k, --keep-order            results in the order of the input\n"
    "      --fail-fast             start none after one has failed\n"
    "      --skip-done FILE        leave out those that have succeeded by a\n"
    "                              result in FILE\n"
    "      --skip-failed           and those that have failed\n"
    "      --max-parallel-runners N  of all nr-each on this machine\n"
    "      --config FILE           the configuration; see nr-config(5)\n"
    "      --log-level LEVEL       debug, info, warn or error\n"
    "  -q, --quiet                 show errors alone\n"
    "  -h, --help  -V, --version\n";

struct settings {
	struct each_options each;
	struct config_options config;
};

static _Noreturn void
die(struct error *error)
{
	int code = error->exit_code;

	fprintf(stderr, "nr-each: %s\n", error->message);
	error_free(error);
	exit(code);
}

static _Noreturn void
show(const char *text)
{
	fputs(text, stdout);
	exit(fflush(stdout) == EOF ? error_type_exit_code(ERROR_IO) : 0);
}

static size_t
parse_jobs(const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (end == text || *end != '\0' || n < 1 || n > MAX_JOBS)
		die(error_new(ERROR_USAGE,
		    "expected a number from 1 to %d, found '%s'; see nr-each "
		    "--help",
		    MAX_JOBS, text));
	return (size_t)n;
}

enum {
	OPTION_FAIL_FAST = 256,
	OPTION_SKIP_DONE,
	OPTION_SKIP_FAILED,
	OPTION_LIMIT,
	OPTION_CONFIG,
	OPTION_LEVEL
};

static const struct option long_options[] = {
	{ "jobs", required_argument, NULL, 'j' },
	{ "keep-order", no_argument, NULL, 'k' },
	{ "fail-fast", no_argument, NULL, OPTION_FAIL_FAST },
	{ "skip-done", required_argument, NULL, OPTION_SKIP_DONE },
	{ "skip-failed", no_argument, NULL, OPTION_SKIP_FAILED },
	{ "max-parallel-runners", required_argument, NULL, OPTION_LIMIT },
	{ "config", required_argument, NULL, OPTION_CONFIG },
	{ "log-level", required_argument, NULL, OPTION_LEVEL },
	{ "quiet", no_argument, NULL, 'q' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static void
parse_option(struct settings *settings, int option)
{
	struct each_options *each = &settings->each;

	switch (option) {
	case 'j':
		each->n_jobs = parse_jobs(optarg);
		break;
	case 'k':
		each->keep_order = true;
		break;
	case 'q':
		each->quiet = true;
		break;
	case OPTION_FAIL_FAST:
		each->fail_fast = true;
		break;
	case OPTION_SKIP_DONE:
		each->skip_done = optarg;
		break;
	case OPTION_SKIP_FAILED:
		each->skip_failed = true;
		break;
	case OPTION_LIMIT:
		config_options_add(&settings->config,
		    config_key_by_name("max_parallel_runners"), optarg);
		break;
	case OPTION_LEVEL:
		config_options_add(
		    &settings->config, config_key_by_name("log_level"), optarg);
		break;
	case OPTION_CONFIG:
		settings->config.file = optarg;
		break;
	case 'h':
		show(usage);
	case 'V':
		show("nr-each " VERSION "\n");
	default:
		exit(error_type_exit_code(ERROR_USAGE));
	}
}

static size_t
count_cpus(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof set, &set) < 0)
		return 1;
	return (size_t)CPU_COUNT(&set);
}

static bool
is_executable(const char *directory, size_t len, const char *name)
{
	char *path = len > 0 ? xasprintf("%.*s/%s", (int)len, directory, name)
			     : xasprintf("./%s", name);
	bool yes = access(path, X_OK) == 0;

	free(path);
	return yes;
}

/* Better told once, before a thousand tasks have failed. */
static void
check_command(const char *name)
{
	const char *path = getenv("PATH");

	if (strchr(name, '/') != NULL) {
		if (access(name, X_OK) != 0)
			die(error_errno(ERROR_USAGE, "cannot run '%s'", name));
		return;
	}
	while (path != NULL) {
		size_t len = strcspn(path, ":");

		if (is_executable(path, len, name))
			return;
		path = path[len] == ':' ? path + len + 1 : NULL;
	}
	die(error_new(ERROR_USAGE,
	    "cannot run '%s': there is no such command on PATH", name));
}

static void
parse(struct settings *settings, int argc, char *argv[])
{
	int option;

	settings->each.n_jobs = count_cpus();
	/* The command's own options are none of ours. */
	while ((option = getopt_long(
		    argc, argv, "+j:kqhV", long_options, NULL)) != -1)
		parse_option(settings, option);
	if (optind == argc)
		die(error_new(ERROR_USAGE,
		    "expected a command, such as nr-run; see nr-each --help"));
	if (settings->each.skip_failed && settings->each.skip_done == NULL)
		die(error_new(
		    ERROR_USAGE, "--skip-failed is for --skip-done FILE"));
	settings->each.argv = &argv[optind];
	check_command(argv[optind]);
}

/* Descriptors of the caller that are closed must not become our files. */
static void
open_standard(void)
{
	int fd;

	if (fcntl(STDOUT_FILENO, F_GETFD) < 0)
		die(error_errno(ERROR_IO, "cannot write standard output"));
	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

/* Once there are secrets here, /proc shows this process to nobody. */
static int
open_for_reading(void)
{
	struct stat info;

	if (fstat(STDOUT_FILENO, &info) < 0 || !S_ISREG(info.st_mode))
		return -1;
	return open("/proc/self/fd/1", O_RDONLY | O_CLOEXEC);
}

int
main(int argc, char *argv[])
{
	struct settings settings = { 0 };
	struct config *config = NULL;
	struct secrets *secrets = NULL;
	const struct mask *mask = NULL;
	struct error *error;
	int code;

	open_standard();
	parse(&settings, argc, argv);
	settings.each.reading_fd = open_for_reading();
	error = config_load(&config, &settings.config);
	if (error == NULL)
		error = secrets_load(&secrets, config);
	if (error != NULL)
		die(error);
	for (size_t i = 0; i < config_n_warnings(config); i++)
		fprintf(stderr, "nr-each: warning: %s\n",
		    config_warning(config, i));
	if (config_boolean(config, "mask_secrets"))
		mask = secrets_mask(secrets);
	code = each_run(&settings.each, config, mask);
	secrets_free(secrets);
	config_free(config);
	config_options_release(&settings.config);
	return code;
}
