/* SPDX-License-Identifier: MIT */
#include "stage.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "json.h"
#include "memory.h"
#include "open.h"
#include "process.h"
#include "runner.h"
#include "stage_options.h"
#include "stage_watch.h"
#include "turn.h"

static bool
is_standard_input(const char *path)
{
	return path == NULL || strcmp(path, "-") == 0;
}

static struct error *
open_input(int *fd, const char *path)
{
	*fd = open(path, O_RDONLY | O_CLOEXEC);
	return *fd >= 0 ? NULL
			: error_errno(ERROR_USAGE, "cannot open '%s'", path);
}

static struct error *
read_document(struct stage *stage, const char *path)
{
	struct error *error;
	char *name;
	int fd;

	if (is_standard_input(path)) {
		if (isatty(STDIN_FILENO))
			fprintf(stderr,
			    "%s: reading a document from the "
			    "terminal; end it with Ctrl-D\n",
			    stage->program->name);
		return document_read(
		    &stage->doc, STDIN_FILENO, "standard input");
	}
	error = open_input(&fd, path);
	if (error != NULL)
		return error;
	name = xasprintf("'%s'", path);
	error = document_read(&stage->doc, fd, name);
	free(name);
	close(fd);
	return error;
}

/* Below nr-run they have been told already, by nr-config. */
static void
log_warnings(const struct config *config)
{
	if (getenv("NR_RUN_PID") != NULL)
		return;
	for (size_t i = 0; i < config_n_warnings(config); i++)
		log_warn("config_warning", "%s", config_warning(config, i));
}

static struct error *
read_settings(struct stage *stage, const struct stage_arguments *arguments)
{
	enum log_level level = LOG_INFO;
	struct error *error = config_load(&stage->config, &arguments->config);
	const char *name;

	if (error == NULL)
		error = secrets_load(&stage->secrets, stage->config);
	if (error != NULL)
		return error;
	if (config_boolean(stage->config, "mask_secrets"))
		stage->mask = secrets_mask(stage->secrets);
	name = config_string(stage->config, "log_level");
	if (name != NULL)
		log_level_by_name(&level, name);
	log_open(stage->program->name, level, stage->mask);
	log_warnings(stage->config);
	return NULL;
}

static void
set_context(const struct stage *stage)
{
	log_context("runner_id", runner_id(stage->doc));
	log_context("task_id", document_string(stage->doc, "task_id"));
	log_context("spec_name", document_string(stage->doc, "spec_name"));
}

/* The runner section, its directory and the deadline. */
static struct error *
enter_run(struct stage *stage)
{
	struct error *error = runner_enter(stage->doc, stage->config);

	if (error != NULL)
		return error;
	set_context(stage);
	stage->run_dir = runner_dir(stage->doc);
	stage->reserve_seconds = runner_reserve_seconds(stage->doc);
	stage->ends = stage->started + runner_seconds_left(stage->doc);
	if (stage->dry_run)
		return NULL;
	return file_make_directories(stage->run_dir, 0700);
}

static bool
passes_through(const struct stage *stage)
{
	const struct stage_program *program = stage->program;
	const char *type = document_string(stage->doc, "error.type");

	if (!document_failed(stage->doc) || program->after_error)
		return false;
	if (program->takes_failed_tests == NULL ||
	    !*program->takes_failed_tests || type == NULL ||
	    (strcmp(type, error_type_name(ERROR_TEST)) != 0 &&
		strcmp(type, error_type_name(ERROR_PLAYBOOK)) != 0))
		return true;
	document_remove(stage->doc, "error");
	/* What nr-report said is not the end of it. */
	document_remove(stage->doc, "success");
	document_remove(stage->doc, "duration_seconds");
	return false;
}

static void
log_end(const struct stage *stage, const struct error *error)
{
	double seconds = clock_monotonic() - stage->started;
	char duration[CLOCK_TEXT_SIZE];
	jv fields = json_set_number(
	    jv_object(), "duration_seconds", clock_milliseconds(seconds));

	clock_format_duration(duration, seconds);
	fields = json_set_boolean(fields, "success", error == NULL);
	if (error == NULL) {
		log_event(
		    LOG_INFO, "stage_end", fields, "done in %s", duration);
		return;
	}
	fields =
	    json_set_string(fields, "error_type", error_type_name(error->type));
	fields = json_set_number(fields, "exit_code", error->exit_code);
	log_event(LOG_ERROR, "stage_end", fields, "%s", error->message);
}

static struct error *
plan(struct stage *stage)
{
	struct error *error = stage->program->run(stage);

	if (error != NULL)
		log_event(
		    LOG_ERROR, "plan_failed", jv_null(), "%s", error->message);
	return error;
}

static struct error *
work(struct stage *stage)
{
	struct error *error = enter_run(stage);

	if (stage->dry_run && error == NULL)
		return plan(stage);
	if (error == NULL) {
		/* Not before: a Ctrl-C at the keyboard ends the reading. */
		cancel_install();
		open_without_waiting();
		log_info(
		    "stage_start", "%s", document_string(stage->doc, "title"));
		stage_watch_begin(stage);
		error = stage->program->run(stage);
		stage_watch_end();
	}
	/* The first failure is the one that the task ends with. */
	if (error != NULL && !document_failed(stage->doc))
		document_set_error(stage->doc, stage->program->name, error);
	log_end(stage, error);
	return error;
}

static struct error *
write_result(const struct stage *stage)
{
	if (stage->dry_run)
		return NULL;
	if (stage->program->write != NULL)
		return stage->program->write(stage);
	return document_write(stage->doc, STDOUT_FILENO, stage->mask);
}

/* Tells an error that has no document to go into; returns its code. */
static int
give_up(const struct stage *stage, struct error *error)
{
	int code = error->exit_code;

	/* Before its settings are read, the stage has no logger. */
	if (stage->secrets != NULL)
		log_event(
		    LOG_ERROR, "stage_failed", jv_null(), "%s", error->message);
	else
		fprintf(
		    stderr, "%s: %s\n", stage->program->name, error->message);
	error_free(error);
	return code;
}

static int
run_stage(struct stage *stage, const struct stage_arguments *arguments)
{
	struct error *error = read_settings(stage, arguments), *failure = NULL;
	int code;

	if (!turn_await(stage->program->name)) {
		error_free(error);
		return EXIT_SUCCESS;
	}
	stage->started = clock_monotonic();
	if (error == NULL)
		error = read_document(stage, arguments->input);
	if (error != NULL)
		return give_up(stage, error);
	if (passes_through(stage))
		log_debug("stage_skipped",
		    "the document carries an error "
		    "already");
	else
		failure = work(stage);
	error = write_result(stage);
	if (error == NULL && fflush(stdout) == EOF)
		error = error_errno(ERROR_IO, "cannot write standard output");
	code = failure != NULL ? failure->exit_code : 0;
	if (stage->program->reports)
		code = document_exit_code(stage->doc);
	error_free(failure);
	return error != NULL ? give_up(stage, error) : code;
}

/* A program that is no stage. */
static int
run_program(struct stage *stage, const struct stage_arguments *arguments)
{
	struct error *error = read_settings(stage, arguments);

	stage->input = arguments->input;
	if (error == NULL) {
		cancel_install();
		error = stage->program->run(stage);
	}
	if (error == NULL && fflush(stdout) == EOF)
		error = error_errno(ERROR_IO, "cannot write standard output");
	return error != NULL ? give_up(stage, error) : EXIT_SUCCESS;
}

int
stage_main(int argc, char *argv[], const struct stage_program *program)
{
	struct stage stage = { .program = program };
	struct stage_arguments arguments = { 0 };
	int code;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file size limit is a full disk */
	stage_options_parse(&arguments, argc, argv, program);
	stage.dry_run = arguments.dry_run;
	code = program->input != NULL ? run_program(&stage, &arguments)
				      : run_stage(&stage, &arguments);
	document_free(stage.doc);
	config_free(stage.config);
	log_open(program->name, LOG_ERROR, NULL);
	secrets_free(stage.secrets);
	config_options_release(&arguments.config);
	return code;
}

struct error *
stage_time_left(const struct stage *stage, double *seconds)
{
	*seconds = stage->ends - stage->reserve_seconds - clock_monotonic();
	if (*seconds > 0)
		return NULL;
	return error_new(ERROR_TIMEOUT, "the task's time of %.0f s is used up",
	    json_number(
		document_value(stage->doc), "runner.timeout_seconds", 0));
}

double
stage_reserve_left(const struct stage *stage)
{
	double seconds = stage->ends - clock_monotonic();

	return seconds > 0 ? seconds : 0;
}

char *
stage_path(const struct stage *stage, const char *name)
{
	return file_join(stage->run_dir, name);
}

struct error *
stage_workspace(const struct stage *stage, char **path)
{
	const char *given = document_workspace(stage->doc);
	struct stat info;

	*path = NULL;
	if (given == NULL)
		return error_new(ERROR_WORKSPACE,
		    "the document names no "
		    "workspace: run nr-prepare first, or set slot_path");
	*path = file_resolve(given);
	if (*path == NULL)
		return error_errno(
		    ERROR_WORKSPACE, "cannot use the workspace '%s'", given);
	if (stat(*path, &info) == 0 && S_ISDIR(info.st_mode))
		return NULL;
	free(*path);
	*path = NULL;
	return error_new(ERROR_WORKSPACE,
	    "cannot use the workspace '%s': not a directory", given);
}

struct error *
stage_read_input(struct buffer *input, const struct stage *stage)
{
	struct error *error;
	char *name;
	int fd;

	if (is_standard_input(stage->input))
		return buffer_read_fd(input, STDIN_FILENO, "standard input");
	error = open_input(&fd, stage->input);
	if (error != NULL)
		return error;
	name = xasprintf("'%s'", stage->input);
	error = buffer_read_fd(input, fd, name);
	free(name);
	close(fd);
	return error;
}

void
stage_plan(const struct stage *stage, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = xvasprintf(format, args);
	va_end(args);
	printf("%s: would %s\n", stage->program->name, text);
	free(text);
}
