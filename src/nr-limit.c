/* SPDX-License-Identifier: MIT */
/* nr-limit: run a command under the supervisor; see nr-limit(1). */
#include <signal.h>

#include "file.h"
#include "limit_options.h"
#include "limit_report.h"
#include "memory.h"
#include "slot_guard.h"

static struct error *
write_report(
    const struct limit_options *options, const struct process_result *result)
{
	char *text, *line;
	struct error *error;

	if (options->report_fd < 0)
		return NULL;
	text = json_text(limit_report(result, &options->process));
	line = xasprintf("%s\n", text);
	error = file_write_all(
	    options->report_fd, line, strlen(line), "the report");
	free(line);
	free(text);
	return error;
}

static void
tell(const struct limit_options *options, const struct process_result *result)
{
	const char *command = options->process.argv[0];
	char *how;

	if (result->n_reaped > 0 && result->end == PROCESS_EXITED)
		fprintf(stderr,
		    "nr-limit: '%s' left %zu process%s behind; ended\n",
		    command, result->n_reaped,
		    result->n_reaped == 1 ? "" : "es");
	/* SIGPIPE is how `| head` ends a command. */
	if (result->end == PROCESS_EXITED || result->signal == SIGPIPE)
		return;
	how = process_describe(result, &options->process);
	fprintf(stderr, "nr-limit: '%s' %s\n", command, how);
	free(how);
}

/* What a command wrote where it makes git run code, and no mount could keep
 * it from that, or what is new there. */
struct guards {
	struct slot_guard **guards;
	size_t n;
};

static struct error *
guard_repository(struct guards *guards, const char *directory)
{
	struct slot_guard *guard;
	char *path = file_resolve(directory);
	struct error *error =
	    path != NULL ? slot_guard_note(&guard, path) : NULL;

	if (path == NULL || error != NULL || guard == NULL) {
		free(path);
		return error;
	}
	free(path);
	guards->guards = xreallocarray(
	    guards->guards, guards->n + 1, sizeof *guards->guards);
	guards->guards[guards->n++] = guard;
	return NULL;
}

static struct error *
guard_repositories(struct guards *guards, const struct sandbox_options *sandbox)
{
	struct error *error = NULL;

	if (sandbox->mode == SANDBOX_OFF)
		return NULL;
	if (sandbox->workspace != NULL)
		error = guard_repository(guards, sandbox->workspace);
	for (size_t i = 0; error == NULL && sandbox->write != NULL &&
	     sandbox->write[i] != NULL;
	     i++)
		error = guard_repository(guards, sandbox->write[i]);
	return error;
}

static struct error *
restore_repositories(struct guards *guards)
{
	struct error *error = NULL;

	for (size_t i = 0; i < guards->n; i++) {
		char *changed;

		error = error_first(
		    error, slot_guard_restore(guards->guards[i], &changed));
		if (changed[0] != '\0')
			fprintf(stderr,
			    "nr-limit: put back what makes git run code: %s\n",
			    changed);
		free(changed);
		slot_guard_free(guards->guards[i]);
	}
	free(guards->guards);
	return error;
}

static struct error *
run(const struct limit_options *options, struct process_result *result)
{
	struct guards guards = { NULL };
	struct error *error =
	    guard_repositories(&guards, &options->process.sandbox);

	if (error == NULL)
		error = process_run(result, &options->process);
	return error_first(error, restore_repositories(&guards));
}

static int
fail(struct error *error)
{
	int code = error->exit_code;

	fprintf(stderr, "nr-limit: %s\n", error->message);
	error_free(error);
	return code;
}

int
main(int argc, char *argv[])
{
	struct limit_options options = limit_options_parse(argc, argv);
	struct process_result result = { 0 };
	struct error *error;

	process_guard();
	cancel_install();
	error = run(&options, &result);
	if (error == NULL) {
		tell(&options, &result);
		error = write_report(&options, &result);
	}
	if (error != NULL)
		return fail(error);
	limit_options_release(&options);
	return limit_exit_code(&result);
}
