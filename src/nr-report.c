/* SPDX-License-Identifier: MIT */
/* nr-report: sum up, give the slot back, tell it; see nr-report(1). */
#include "stage.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "file.h"
#include "json.h"
#include "memory.h"
#include "metrics.h"
#include "pull_request.h"
#include "slot_return.h"
#include "summary.h"
#include "task_registry.h"

enum { LEAST_SECONDS = 20, MAX_SUMMARY_BYTES = 1024 * 1024 };

static const char *cancelled, *stage_status, *summary_path, *save_path, *format;

/* The type for an exit code that a stage of ours ended with. */
static enum error_type
type_of_status(const char *stage, int status)
{
	static const struct {
		const char *stage;
		enum error_type type;
	} defaults[] = {
		{ "prepare", ERROR_WORKSPACE },
		{ "exec", ERROR_IMPLEMENTATION },
		{ "playbook", ERROR_PLAYBOOK },
		{ "test", ERROR_TEST },
		{ "push", ERROR_PUSH },
	};

	for (int type = ERROR_USAGE; type <= ERROR_TIMEOUT; type++)
		if (error_type_exit_code((enum error_type)type) == status)
			return (enum error_type)type;
	for (size_t i = 0; i < sizeof defaults / sizeof defaults[0]; i++)
		if (strcmp(defaults[i].stage, stage) == 0 && status < 128)
			return defaults[i].type;
	return ERROR_INTERNAL;
}

/* --stage-status exec=137: a stage that ended without a document. */
static struct error *
take_stage_status(struct document *doc)
{
	char *stage, *name, *end;
	const char *equals = strchr(stage_status, '=');
	struct error *error;
	long status;

	status = equals != NULL ? strtol(equals + 1, &end, 10) : 0;
	if (status < 1 || status > 255 || *end != '\0')
		return error_new(ERROR_USAGE,
		    "--stage-status: expected STAGE=STATUS, found '%s'",
		    stage_status);
	stage = xstrndup(stage_status, (size_t)(equals - stage_status));
	name = xasprintf("nr-%s", stage);
	if (status > 128)
		error = error_new(type_of_status(stage, (int)status),
		    "%s was killed by signal %ld and wrote no document", name,
		    status - 128);
	else
		error = error_new(type_of_status(stage, (int)status),
		    "%s ended with exit code %ld and wrote no document", name,
		    status);
	if (!document_failed(doc))
		document_set_error(doc, name, error);
	error_free(error);
	free(name);
	free(stage);
	return NULL;
}

/* --cancelled INT: whatever failed, failed because of the signal. */
static struct error *
take_cancelled(struct document *doc)
{
	bool interrupt = strcmp(cancelled, "INT") == 0;
	const char *type = document_string(doc, "error.type");
	const char *told = document_string(doc, "error.message");
	const char *stage = document_string(doc, "error.stage");
	char *name = xstrdup(stage != NULL ? stage : "nr-run");
	struct error *error;

	if (!interrupt && strcmp(cancelled, "TERM") != 0) {
		free(name);
		return error_new(ERROR_USAGE,
		    "--cancelled: expected INT or TERM, found '%s'", cancelled);
	}
	error = error_cancelled(interrupt ? SIGINT : SIGTERM);
	if (told != NULL && type != NULL &&
	    strcmp(type, error_type_name(ERROR_CANCELLED)) != 0) {
		char *message = xasprintf("%s: %s", error->message, told);

		free(error->message);
		error->message = message;
	}
	document_set_error(doc, name, error);
	error_free(error);
	free(name);
	return NULL;
}

/* Also after the deadline: the next task wants the slot, and others want to
 * know. */
static double
ends_of(const struct stage *stage)
{
	return fmax(stage->ends, clock_monotonic() + LEAST_SECONDS);
}

/* A report that is reported on again took as long as it did. */
static double
duration_of(const struct document *doc)
{
	const char *started = document_string(doc, "runner.started_at");
	double known = json_number(document_value(doc), "duration_seconds", -1);
	double start, duration;

	if (known >= 0)
		return known;
	if (started == NULL || !clock_parse(&start, started))
		return 0;
	duration = clock_now() - start;
	return duration > 0 ? clock_milliseconds(duration) : 0;
}

static void
sum_up(struct stage *stage)
{
	struct document *doc = stage->doc;

	document_set(
	    doc, "success", document_failed(doc) ? jv_false() : jv_true());
	document_set(doc, "duration_seconds", jv_number(duration_of(doc)));
	document_set(doc, "metrics", metrics_of(doc));
}

/* Through the mask, as everything that leaves. */
static char *
summary_text(const struct stage *stage, enum summary_format as, size_t *len)
{
	struct buffer text = BUFFER_INIT(MAX_SUMMARY_BYTES);
	char *masked;

	summary_append(&text, stage->doc, as);
	masked = mask_text(stage->mask, text.data, text.len, len);
	buffer_release(&text);
	return masked;
}

static void
write_summary(const struct stage *stage)
{
	size_t len;
	char *text = summary_text(stage, SUMMARY_TEXT, &len);
	struct error *error = file_replace(summary_path, text, len, 0600);

	if (error != NULL)
		log_warn("no_summary", "%s", error->message);
	error_free(error);
	free(text);
}

static struct error *
check_format(void)
{
	if (format == NULL || strcmp(format, "json") == 0 ||
	    strcmp(format, "text") == 0 || strcmp(format, "markdown") == 0)
		return NULL;
	return error_new(ERROR_USAGE,
	    "--format: expected json, text or markdown, found '%s'", format);
}

static struct error *
run(struct stage *stage)
{
	struct error *error = check_format();

	if (error == NULL && stage_status != NULL)
		error = take_stage_status(stage->doc);
	if (error == NULL && cancelled != NULL)
		error = take_cancelled(stage->doc);
	if (error != NULL)
		return error;
	if (stage->dry_run) {
		stage_plan(stage, "sum up, and give the slot back");
		if (pull_request_is_due(stage))
			stage_plan(stage, "open a pull request");
		stage_plan(stage, "tell '%s' how the task ended",
		    config_string(stage->config, "task_registry_url"));
		return NULL;
	}
	slot_return(stage, ends_of(stage));
	sum_up(stage);
	if (pull_request_is_due(stage))
		pull_request_open(stage, ends_of(stage));
	task_registry_tell_end(stage, ends_of(stage));
	if (summary_path != NULL)
		write_summary(stage);
	return NULL;
}

static struct error *
save_document(const struct stage *stage)
{
	int fd =
	    open(save_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct error *error;

	if (fd < 0)
		return error_errno(ERROR_IO, "cannot create '%s'", save_path);
	error = document_write(stage->doc, fd, stage->mask);
	if (close(fd) < 0 && error == NULL)
		error = error_errno(ERROR_IO, "cannot write '%s'", save_path);
	return error;
}

static struct error *
write_report(const struct stage *stage)
{
	bool as_text = format != NULL && strcmp(format, "text") == 0;
	bool as_markdown = format != NULL && strcmp(format, "markdown") == 0;
	struct error *error;
	size_t len;
	char *text;

	error = save_path != NULL ? save_document(stage) : NULL;
	if (error != NULL)
		return error;
	if (!as_text && !as_markdown)
		return document_write(stage->doc, STDOUT_FILENO, stage->mask);
	text = summary_text(
	    stage, as_text ? SUMMARY_TEXT : SUMMARY_MARKDOWN, &len);
	error = file_write_all(STDOUT_FILENO, text, len, "standard output");
	free(text);
	return error;
}

int
main(int argc, char *argv[])
{
	static const char *const keys[] = { SLOT_RETURN_KEYS,
		TASK_REGISTRY_KEYS, PULL_REQUEST_KEYS, "git_token_env_var",
		"git_token_hosts", NULL };
	static const struct stage_option options[] = {
		{ .name = "format",
		    .argument = "FORMAT",
		    .help = "json (the document), text or markdown",
		    .value = &format },
		{ .name = "summary",
		    .argument = "FILE",
		    .help = "write the text to FILE as well",
		    .value = &summary_path },
		{ .name = "save",
		    .argument = "FILE",
		    .help = "write the document to FILE as well",
		    .value = &save_path },
		{ .name = "cancelled",
		    .argument = "SIGNAL",
		    .help = "the run was cancelled by INT or TERM",
		    .value = &cancelled },
		{ .name = "stage-status",
		    .argument = "STAGE=STATUS",
		    .help = "a stage ended so and wrote no document",
		    .value = &stage_status },
		{ .name = NULL },
	};
	static const struct stage_program program = {
		.name = "nr-report",
		.description =
		    "sum up, give the slot back, and tell the registry",
		.keys = keys,
		.options = options,
		.after_error = true,
		.reports = true,
		.run = run,
		.write = write_report,
	};

	return stage_main(argc, argv, &program);
}
