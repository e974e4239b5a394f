/* SPDX-License-Identifier: MIT */
#include "limit_options.h"

#include <fcntl.h>
#include <getopt.h>
#include <unistd.h>

#include "error.h"
#include "memory.h"
#include "quantity.h"

extern char **environ;

static const char usage[] =
    "usage: nr-limit [options] [--] command [argument ...]\n"
    "Runs a command with limits, and ends all that is left of it.\n"
    "\n"
    "  -t, --timeout TIME         end it after 60, 90s, 5m, 2h\n"
    "      --stall-timeout TIME   end it when it printed nothing for so long\n"
    "  -k, --grace TIME           between SIGTERM and SIGKILL; default 10s\n"
    "  -m, --memory SIZE          512M, 2G: of all its processes together\n"
    "  -c, --cpu PERCENT          100 is one CPU\n"
    "  -p, --processes N          threads count\n"
    "  -f, --file-size SIZE       of each file that it writes\n"
    "  -n, --open-files N         of each process\n"
    "  -s, --sandbox MODE         off, workspace or strict\n"
    "  -w, --write DIR            in the sandbox: may be written to; without\n"
    "                             any, the current directory\n"
    "      --read PATH            may be read although it is hidden\n"
    "      --hide PATH            may not be read\n"
    "      --no-network           none but a loopback, where there can be one\n"
    "      --report-fd N          a report of its end, as JSON\n"
    "      --report FILE\n"
    "  -h, --help  -V, --version\n";

static _Noreturn void
die(enum error_type type, struct error *error)
{
	fprintf(stderr, "nr-limit: %s\n", error->message);
	error_free(error);
	exit(error_type_exit_code(type));
}

static _Noreturn void
die_usage(const char *expected, const char *found)
{
	die(ERROR_USAGE,
	    error_new(ERROR_USAGE,
		"expected %s, found '%s'; see nr-limit --help", expected,
		found));
}

static double
parse_time(const char *text)
{
	double seconds;

	if (!quantity_parse_duration(&seconds, text))
		die_usage("a time such as 60, 1.5 or 5m", text);
	return seconds;
}

static size_t
parse_size(const char *text)
{
	size_t bytes;

	if (!quantity_parse_size(&bytes, text))
		die_usage("a size such as 512M or 2G", text);
	return bytes;
}

static double
parse_number(const char *expected, const char *text, double max)
{
	char *end;
	double number = strtod(text, &end);

	if (end == text || *end != '\0' || !(number >= 1 && number <= max))
		die_usage(expected, text);
	return number;
}

static size_t
parse_count(const char *text)
{
	return (size_t)parse_number("a number from 1", text, 1e9);
}

static int
parse_report_fd(const char *text)
{
	char *end;
	long fd = strtol(text, &end, 10);

	if (end == text || *end != '\0' || fd < 0 || fd > 1 << 20 ||
	    fcntl((int)fd, F_GETFD) < 0)
		die_usage("an open file descriptor", text);
	/* The command must not write into it. */
	if (fd > STDERR_FILENO)
		fcntl((int)fd, F_SETFD, FD_CLOEXEC);
	return (int)fd;
}

static int
open_report(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (fd < 0)
		die(ERROR_IO,
		    error_errno(ERROR_IO, "cannot create '%s'", path));
	return fd;
}

enum {
	OPTION_STALL = 256,
	OPTION_REPORT,
	OPTION_REPORT_FD,
	OPTION_READ,
	OPTION_HIDE,
	OPTION_NO_NETWORK
};

static const struct option long_options[] = {
	{ "timeout", required_argument, NULL, 't' },
	{ "stall-timeout", required_argument, NULL, OPTION_STALL },
	{ "grace", required_argument, NULL, 'k' },
	{ "memory", required_argument, NULL, 'm' },
	{ "cpu", required_argument, NULL, 'c' },
	{ "processes", required_argument, NULL, 'p' },
	{ "file-size", required_argument, NULL, 'f' },
	{ "open-files", required_argument, NULL, 'n' },
	{ "sandbox", required_argument, NULL, 's' },
	{ "write", required_argument, NULL, 'w' },
	{ "read", required_argument, NULL, OPTION_READ },
	{ "hide", required_argument, NULL, OPTION_HIDE },
	{ "no-network", no_argument, NULL, OPTION_NO_NETWORK },
	{ "report-fd", required_argument, NULL, OPTION_REPORT_FD },
	{ "report", required_argument, NULL, OPTION_REPORT },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static _Noreturn void
show(const char *text)
{
	fputs(text, stdout);
	exit(fflush(stdout) == EOF ? error_type_exit_code(ERROR_IO) : 0);
}

static void
add_path(struct path_list *list, const char *path)
{
	if (access(path, F_OK) < 0)
		die(ERROR_USAGE,
		    error_errno(ERROR_USAGE, "cannot use '%s'", path));
	path_list_add(list, xstrdup(path));
}

/* False: it is none of these. */
static bool
parse_sandbox_option(struct limit_options *options, int option)
{
	struct sandbox_options *sandbox = &options->process.sandbox;

	switch (option) {
	case 's':
		if (!sandbox_mode_by_name(&sandbox->mode, optarg))
			die_usage("the mode off, workspace or strict", optarg);
		options->mode_given = true;
		return true;
	case 'w':
		add_path(&options->write, optarg);
		return true;
	case OPTION_READ:
		add_path(&options->read, optarg);
		return true;
	case OPTION_HIDE:
		add_path(&options->hide, optarg);
		return true;
	case OPTION_NO_NETWORK:
		sandbox->no_network = true;
		return true;
	default:
		return false;
	}
}

static void
parse_option(struct limit_options *options, int option)
{
	struct process_options *process = &options->process;

	if (parse_sandbox_option(options, option))
		return;
	switch (option) {
	case 't':
		process->timeout_seconds = parse_time(optarg);
		break;
	case OPTION_STALL:
		process->stall_seconds = parse_time(optarg);
		break;
	case 'k':
		process->grace_seconds = parse_time(optarg);
		break;
	case 'm':
		process->limits.memory_bytes = parse_size(optarg);
		break;
	case 'c':
		process->limits.cpu_percent =
		    parse_number("a percentage from 1", optarg, 1e6);
		break;
	case 'p':
		process->limits.n_processes = parse_count(optarg);
		break;
	case 'f':
		process->limits.file_size_bytes = parse_size(optarg);
		break;
	case 'n':
		process->limits.n_open_files = parse_count(optarg);
		break;
	case OPTION_REPORT_FD:
		options->report_fd = parse_report_fd(optarg);
		break;
	case OPTION_REPORT:
		options->report_fd = open_report(optarg);
		break;
	case 'h':
		show(usage);
	case 'V':
		show("nr-limit " VERSION "\n");
	default:
		exit(error_type_exit_code(ERROR_USAGE));
	}
}

/* A path to write to, to read or to hide is for a sandbox. */
static void
complete_sandbox(struct limit_options *options)
{
	struct sandbox_options *sandbox = &options->process.sandbox;
	bool has_paths =
	    options->write.n + options->read.n + options->hide.n > 0;

	if (has_paths && !options->mode_given)
		sandbox->mode = SANDBOX_WORKSPACE;
	if (sandbox->mode != SANDBOX_OFF && options->write.n == 0)
		sandbox->workspace = ".";
	sandbox->write = options->write.items;
	sandbox->read = options->read.items;
	sandbox->hide = options->hide.items;
}

struct limit_options
limit_options_parse(int argc, char *argv[])
{
	struct limit_options options = {
		.process = { .environment = environ,
		    .inherit_input = true,
		    .inherit_output = true },
		.report_fd = -1,
	};
	int option;

	/* The command's own options are none of ours. */
	while ((option = getopt_long(argc, argv, "+t:k:m:c:p:f:n:s:w:hV",
		    long_options, NULL)) != -1)
		parse_option(&options, option);
	if (optind == argc)
		die_usage("a command", "");
	options.process.argv = &argv[optind];
	complete_sandbox(&options);
	return options;
}

void
limit_options_release(struct limit_options *options)
{
	path_list_release(&options->write);
	path_list_release(&options->read);
	path_list_release(&options->hide);
}
