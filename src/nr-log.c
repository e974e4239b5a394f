/* SPDX-License-Identifier: MIT */
/* nr-log: lines in, structured log out (nr-log(1)). */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "error.h"
#include "file.h"
#include "lines.h"
#include "log_lock.h"
#include "log_line.h"
#include "memory.h"
#include "outlet.h"
#include "progress.h"

struct options {
	enum log_level level;
	enum log_format format;
	bool format_given, quiet, progress, no_progress;
	const char *path; /* -o */
	const char *stage;
	const char *until; /* the line that ends the input */
	const char *sync;  /* the line that is answered */
	struct log_field *fields;
	size_t n_fields;
};

struct log {
	struct options options;
	struct log_reader reader;
	struct progress progress;
	bool colour;
	struct outlet outlet;
	bool ended; /* by the line of --until */
	int file;   /* -1: none */
	bool file_failed;
	struct lines lines;
	struct buffer for_file, rendered; /* of the lines read at once */
	struct error *error;
};

static const char usage[] =
    "usage: nr-log [-q] [-f format] [-l level] [-o file]\n"
    "              [--field name=value] [--stage name] [--progress]\n"
    "Turns lines on standard input into a log on standard output.\n"
    "\n"
    "  -f, --format FORMAT     json, logfmt, pretty or auto (pretty on a\n"
    "                          terminal, else json)\n"
    "  -l, --level LEVEL       drop what is below debug, info, warn, error\n"
    "  -o, --output FILE       append JSON lines to FILE; standard output\n"
    "                          then never delays the log\n"
    "  -q, --quiet             on standard output show errors alone\n"
    "      --field NAME=VALUE  add to lines that lack it\n"
    "      --stage NAME        the stage of lines that name none\n"
    "      --until TEXT        stop reading behind a line that ends in TEXT\n"
    "      --sync TEXT         behind a line that ends in TEXT, when all "
    "before\n"
    "                          it is in the file, write a line to descriptor "
    "3\n"
    "      --unlink FILE       remove FILE, such as the fifo that is read\n"
    "      --progress, --no-progress\n"
    "                          a status line; default on a terminal\n"
    "  -h, --help  -V, --version\n";

static _Noreturn void
die_usage(const char *expected, const char *found)
{
	fprintf(stderr, "nr-log: expected %s, found '%s'; see nr-log --help\n",
	    expected, found);
	exit(error_type_exit_code(ERROR_USAGE));
}

static void
parse_format(struct options *options, const char *name)
{
	static const char *const names[] = { "json", "logfmt", "pretty" };

	options->format_given = strcmp(name, "auto") != 0;
	if (!options->format_given)
		return;
	for (int i = LOG_FORMAT_JSON; i <= LOG_FORMAT_PRETTY; i++) {
		if (strcmp(names[i], name) == 0) {
			options->format = (enum log_format)i;
			return;
		}
	}
	die_usage("the format json, logfmt, pretty or auto", name);
}

static void
parse_field(struct options *options, char *setting)
{
	char *equals = strchr(setting, '=');

	if (equals == NULL || equals == setting)
		die_usage("NAME=VALUE", setting);
	*equals = '\0';
	options->fields = xreallocarray(
	    options->fields, options->n_fields + 1, sizeof *options->fields);
	options->fields[options->n_fields++] =
	    (struct log_field){ setting, equals + 1 };
}

enum {
	OPTION_FIELD = 256,
	OPTION_STAGE,
	OPTION_UNTIL,
	OPTION_SYNC,
	OPTION_UNLINK,
	OPTION_PROGRESS,
	OPTION_NO_PROGRESS
};

static const struct option long_options[] = {
	{ "format", required_argument, NULL, 'f' },
	{ "level", required_argument, NULL, 'l' },
	{ "output", required_argument, NULL, 'o' },
	{ "quiet", no_argument, NULL, 'q' },
	{ "field", required_argument, NULL, OPTION_FIELD },
	{ "stage", required_argument, NULL, OPTION_STAGE },
	{ "until", required_argument, NULL, OPTION_UNTIL },
	{ "sync", required_argument, NULL, OPTION_SYNC },
	{ "unlink", required_argument, NULL, OPTION_UNLINK },
	{ "progress", no_argument, NULL, OPTION_PROGRESS },
	{ "no-progress", no_argument, NULL, OPTION_NO_PROGRESS },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static void
parse_option(struct options *options, int option)
{
	switch (option) {
	case 'f':
		parse_format(options, optarg);
		break;
	case 'l':
		if (!log_level_by_name(&options->level, optarg))
			die_usage(
			    "the level debug, info, warn or error", optarg);
		break;
	case 'o':
		options->path = optarg;
		break;
	case 'q':
		options->quiet = true;
		break;
	case OPTION_FIELD:
		parse_field(options, optarg);
		break;
	case OPTION_STAGE:
		options->stage = optarg;
		break;
	case OPTION_UNTIL:
		options->until = optarg;
		break;
	case OPTION_SYNC:
		options->sync = optarg;
		break;
	case OPTION_UNLINK:
		/* One that is not there any more is as good. */
		(void)unlink(optarg);
		break;
	case OPTION_PROGRESS:
		options->progress = true;
		break;
	case OPTION_NO_PROGRESS:
		options->no_progress = true;
		break;
	case 'h':
		fputs(usage, stdout);
		exit(
		    fflush(stdout) == EOF ? error_type_exit_code(ERROR_IO) : 0);
	case 'V':
		puts("nr-log " VERSION);
		exit(
		    fflush(stdout) == EOF ? error_type_exit_code(ERROR_IO) : 0);
	default:
		exit(error_type_exit_code(ERROR_USAGE));
	}
}

static struct options
parse_options(int argc, char *argv[])
{
	struct options options = { .level = LOG_DEBUG };
	int option;

	while ((option = getopt_long(
		    argc, argv, "f:l:o:qhV", long_options, NULL)) != -1)
		parse_option(&options, option);
	if (optind < argc)
		die_usage("no operand", argv[optind]);
	return options;
}

static bool
is_set(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0';
}

static void
set_up_rendering(struct log *log)
{
	struct options *options = &log->options;
	const char *term = getenv("TERM");
	bool dumb = term != NULL && strcmp(term, "dumb") == 0;
	bool terminal = isatty(STDOUT_FILENO) && !dumb;

	if (!options->format_given)
		options->format =
		    isatty(STDOUT_FILENO) ? LOG_FORMAT_PRETTY : LOG_FORMAT_JSON;
	log->colour = terminal && !is_set("NO_COLOR");
	log->progress.on = options->progress ||
	    (terminal && options->format == LOG_FORMAT_PRETTY &&
		!options->no_progress && !options->quiet);
	if (log->progress.on)
		setlocale(LC_CTYPE, "C.UTF-8");
}

static struct error *
open_file(struct log *log)
{
	log->file = -1;
	if (log->options.path == NULL)
		return NULL;
	log->file = open(
	    log->options.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (log->file < 0)
		return error_errno(
		    ERROR_IO, "cannot open '%s'", log->options.path);
	log_lock_take(log->file);
	return NULL;
}

/* Standard error may have a reader that sleeps, as standard output may. */
static void
complain(const struct error *error)
{
	struct outlet outlet;
	char *line = xasprintf("nr-log: %s\n", error->message);

	outlet_open(&outlet, STDERR_FILENO, true);
	error_free(outlet_write(&outlet, line, strlen(line)));
	outlet_end(&outlet);
	free(line);
}

static void
keep_error(struct log *log, struct error *error)
{
	if (error != NULL && log->error == NULL)
		complain(error);
	log->error = error_first(log->error, error);
}

static void
write_file(struct log *log)
{
	struct error *error = NULL;

	if (log->file < 0 || log->for_file.len == 0)
		return;
	/* What failed may have ended inside a line. */
	if (!log->file_failed || write(log->file, "\n", 1) == 1) {
		error = file_write_all(log->file, log->for_file.data,
		    log->for_file.len, log->options.path);
		log->file_failed = error != NULL;
	}
	buffer_clear(&log->for_file);
	keep_error(log, error);
}

/* Takes a mark off the end of a line that has it. */
static bool
take_mark(const char *mark, const char *text, size_t *len)
{
	size_t n = mark != NULL ? strlen(mark) : 0;

	if (n == 0 || *len < n || memcmp(text + *len - n, mark, n) != 0)
		return false;
	*len -= n;
	return true;
}

static void
write_lines(struct log *log)
{
	write_file(log);
	if (log->rendered.len > 0)
		keep_error(log,
		    outlet_write(
			&log->outlet, log->rendered.data, log->rendered.len));
	buffer_clear(&log->rendered);
}

static void
answer(struct log *log)
{
	write_lines(log);
	if (write(3, "\n", 1) < 0) {
		/* Nobody waits any more. */
	}
}

static void
handle_text(struct log *log, const char *text, size_t len, size_t n_cut)
{
	struct log_line line;

	log_line_read(&line, &log->reader, text, len, n_cut);
	progress_note(&log->progress, &line);
	if (line.level >= log->options.level) {
		if (log->file >= 0)
			log_line_render(
			    &log->for_file, &line, LOG_FORMAT_JSON, false);
		if (!log->options.quiet || line.level == LOG_ERROR) {
			progress_hide(&log->progress, &log->rendered);
			log_line_render(&log->rendered, &line,
			    log->options.format, log->colour);
		}
	}
	log_line_release(&line);
}

static void
handle_line(void *context, const char *text, size_t len, size_t n_cut)
{
	struct log *log = context;
	bool sync;

	if (log->ended)
		return;
	sync = n_cut == 0 && take_mark(log->options.sync, text, &len);
	log->ended =
	    !sync && n_cut == 0 && take_mark(log->options.until, text, &len);
	if (len > 0 || !(sync || log->ended))
		handle_text(log, text, len, n_cut);
	if (sync)
		answer(log);
}

/* false: the input has ended. */
static bool
read_lines(struct log *log)
{
	char chunk[LOG_LINE_MAX];
	ssize_t n = read(STDIN_FILENO, chunk, sizeof chunk);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	if (n < 0)
		keep_error(
		    log, error_errno(ERROR_IO, "cannot read standard input"));
	if (n > 0)
		lines_write(&log->lines, chunk, (size_t)n);
	write_lines(log);
	return n > 0 && !log->ended;
}

static void
work(struct log *log)
{
	struct pollfd fds[] = { { .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = STDOUT_FILENO, .events = POLLOUT } };
	bool more = true;

	while (more && (log->error == NULL || log->options.path != NULL)) {
		fds[1].fd = outlet_is_empty(&log->outlet) ? -1 : STDOUT_FILENO;
		if (poll(fds, 2, log->progress.on ? 1000 : -1) < 0 &&
		    errno != EINTR)
			break;
		if (fds[1].fd >= 0)
			outlet_flush(&log->outlet);
		if (fds[0].revents != 0)
			more = read_lines(log);
		progress_draw(&log->progress, &log->outlet);
	}
}

static void
note_lost(struct log *log)
{
	size_t n = log->outlet.n_lost;
	struct log_line line;
	char *text;

	if (n == 0 || log->file < 0)
		return;
	text = xasprintf(
	    "{\"level\":\"warn\",\"stage\":\"nr-log\","
	    "\"event\":\"lines_not_delivered\",\"lines\":%zu,\"msg\":\"%zu "
	    "line%s could not be shown: nobody read them\"}",
	    n, n, n == 1 ? "" : "s");
	log_line_read(&line, &log->reader, text, strlen(text), 0);
	log_line_render(&log->for_file, &line, LOG_FORMAT_JSON, false);
	log_line_release(&line);
	write_file(log);
	free(text);
}

static int
finish(struct log *log)
{
	int code;

	lines_end(&log->lines);
	progress_hide(&log->progress, &log->rendered);
	write_lines(log);
	outlet_end(&log->outlet);
	note_lost(log);
	if (log->file >= 0 && close(log->file) < 0)
		keep_error(log,
		    error_errno(
			ERROR_IO, "cannot write '%s'", log->options.path));
	code = log->error != NULL ? log->error->exit_code : 0;
	error_free(log->error);
	log_reader_release(&log->reader);
	progress_release(&log->progress);
	buffer_release(&log->for_file);
	buffer_release(&log->rendered);
	free(log->options.fields);
	return code;
}

int
main(int argc, char *argv[])
{
	struct log log = {
		.options = parse_options(argc, argv),
		.for_file = BUFFER_INIT(SIZE_MAX / 2),
		.rendered = BUFFER_INIT(SIZE_MAX / 2),
	};

	lines_open(&log.lines, LOG_LINE_MAX, handle_line, &log);
	log.reader = (struct log_reader){ .stage = log.options.stage,
		.fields = log.options.fields,
		.n_fields = log.options.n_fields };
	set_up_rendering(&log);
	/* Without a file this is a filter, and ends with its reader. */
	if (log.options.path != NULL)
		signal(SIGPIPE, SIG_IGN);
	outlet_open(&log.outlet, STDOUT_FILENO, log.options.path != NULL);
	keep_error(&log, open_file(&log));
	work(&log);
	return finish(&log);
}
