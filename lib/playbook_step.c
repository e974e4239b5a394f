/* SPDX-License-Identifier: MIT */
#include "playbook_step.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "command.h"
#include "file.h"
#include "json.h"
#include "log.h"
#include "memory.h"
#include "path_list.h"
#include "playbook_outputs.h"
#include "retry.h"
#include "string_list.h"
#include "template.h"

/* A variable of the environment has at most 128 KiB on Linux. */
enum { MAX_SETTING_BYTES = 120 * 1024 };

/* What a step is run with; all owned. */
struct attempt {
	char *directory, *output_path;
	char **environment;
	struct template_command command;
	char **argv;
};

/* Sets a variable of an environment; takes the setting. */
static char **
put_setting(char **environment, char *setting)
{
	size_t len = strcspn(setting, "=") + 1,
	       n = string_list_count(environment);

	for (size_t i = 0; i < n; i++) {
		if (strncmp(environment[i], setting, len) != 0)
			continue;
		free_secret(environment[i], strlen(environment[i]));
		environment[i] = setting;
		return environment;
	}
	environment = xreallocarray(environment, n + 2, sizeof *environment);
	environment[n] = setting;
	environment[n + 1] = NULL;
	return environment;
}

static void
refuse_undefined(struct playbook_outcome *outcome, char *name)
{
	outcome->problem = xasprintf("'%s' is not defined; give it a default "
				     "in the playbook's variables",
	    name);
	free(name);
}

static bool
set_all(struct attempt *attempt, struct playbook_outcome *outcome,
    struct playbook_work *work, char *const *env)
{
	char *undefined = NULL;

	for (; env != NULL && *env != NULL; env++) {
		const char *equals = strchr(*env, '=');
		char *value = template_text(equals + 1, variables_get,
		    &work->variables, attempt->environment, &undefined);

		if (value == NULL) {
			refuse_undefined(outcome, undefined);
			return false;
		}
		attempt->environment = put_setting(attempt->environment,
		    xasprintf("%.*s=%s", (int)(equals - *env), *env, value));
		free(value);
	}
	return true;
}

/* What the files set that include it is replaced by what it sets itself. */
static bool
set_file(struct attempt *attempt, struct playbook_outcome *outcome,
    struct playbook_work *work, size_t number)
{
	const struct playbook_file *file = &work->playbook->files[number];

	return (file->includer == number ||
		   set_file(attempt, outcome, work, file->includer)) &&
	    set_all(attempt, outcome, work, file->env);
}

static bool
bind_command(struct attempt *attempt, struct playbook_outcome *outcome,
    struct playbook_work *work, const struct playbook_step *step)
{
	struct template_command *command = &attempt->command;
	static char sh[] = "sh", c[] = "-c";
	static char *usual[] = { sh, c, NULL };
	char **shell = step->shell != NULL ? step->shell : usual;
	char *undefined = NULL;

	if (!step->names_values)
		command->text = xstrdup(step->command);
	else if (!template_command_bind(command, step->command, variables_get,
		     &work->variables, attempt->environment, &undefined)) {
		refuse_undefined(outcome, undefined);
		return false;
	}
	for (size_t i = 0; i < command->n_settings; i++) {
		if (strlen(command->settings[i]) > MAX_SETTING_BYTES) {
			outcome->problem = xasprintf(
			    "a value that its command names is larger than "
			    "%d bytes",
			    MAX_SETTING_BYTES);
			return false;
		}
		attempt->environment = put_setting(
		    attempt->environment, xstrdup(command->settings[i]));
	}
	for (; *shell != NULL; shell++)
		string_list_add(&attempt->argv, xstrdup(*shell));
	string_list_add(&attempt->argv, xstrdup(command->text));
	return true;
}

/* The working directory, which is in the workspace. */
static bool
find_directory(struct attempt *attempt, struct playbook_outcome *outcome,
    struct playbook_work *work, const struct playbook_step *step)
{
	const char *written = step->working_directory;
	char *undefined = NULL, *name, *path;

	/* A step before may have removed it. */
	if (access(work->workspace, X_OK) != 0) {
		outcome->problem = xasprintf("cannot enter the workspace '%s': "
					     "%s",
		    work->workspace, strerror(errno));
		return false;
	}
	if (written == NULL) {
		attempt->directory = xstrdup(work->workspace);
		return true;
	}
	name = template_text(written, variables_get, &work->variables,
	    attempt->environment, &undefined);
	if (name == NULL) {
		refuse_undefined(outcome, undefined);
		return false;
	}
	path = *name == '/' ? xstrdup(name) : file_join(work->workspace, name);
	attempt->directory = file_resolve(path);
	if (attempt->directory == NULL)
		outcome->problem = xasprintf("cannot use working_directory "
					     "'%s': %s",
		    name, strerror(errno));
	else if (!path_is_in(attempt->directory, work->workspace))
		outcome->problem = xasprintf("cannot use working_directory "
					     "'%s': it is not in the workspace",
		    name);
	free(path);
	free(name);
	return outcome->problem == NULL;
}

/* The file for its outputs, which must be new. */
static struct error *
make_output(
    struct attempt *attempt, const struct playbook_work *work, const char *stem)
{
	int fd;

	free(attempt->output_path);
	attempt->output_path =
	    command_path(work->stage, stem, work->turn, ".outputs");
	unlink(attempt->output_path);
	fd = open(attempt->output_path,
	    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return error_errno(
		    ERROR_IO, "cannot create '%s'", attempt->output_path);
	close(fd);
	attempt->environment = put_setting(attempt->environment,
	    xasprintf("NR_OUTPUT=%s", attempt->output_path));
	return NULL;
}

static void
release_attempt(struct attempt *attempt)
{
	free(attempt->directory);
	free(attempt->output_path);
	process_environment_free(attempt->environment);
	template_command_release(&attempt->command);
	json_strings_free(attempt->argv);
}

static void
read_outputs(struct playbook_outcome *outcome, const struct attempt *attempt,
    const struct playbook_step *step)
{
	char *other = NULL;
	struct error *error;

	jv_free(outcome->outputs);
	error = playbook_outputs_read(
	    &outcome->outputs, &other, attempt->output_path, step->outputs);
	if (*other != '\0')
		log_warn("outputs_left_out",
		    "step '%s' wrote outputs that it does not declare: %s",
		    step->name, other);
	free(other);
	if (error == NULL)
		return;
	if (outcome->success) {
		outcome->success = false;
		outcome->problem = xstrdup(error->message);
	}
	error_free(error);
}

/* "exit code 1: last line" */
static void
explain(struct playbook_outcome *outcome, const struct process_options *options)
{
	char *how = process_describe(&outcome->result, options);
	char *line = command_last_line(outcome->stderr_path);
	const char *hint = "";

	if (line == NULL)
		line = command_last_line(outcome->stdout_path);
	if (outcome->result.end == PROCESS_EXITED &&
	    outcome->result.exit_code == 127)
		hint = ", a command was not found";
	outcome->problem = xasprintf("%s%s%s%s", how, hint,
	    line != NULL ? ": " : "", line != NULL ? line : "");
	free(line);
	free(how);
}

static void
name_files(struct playbook_outcome *outcome, const struct playbook_work *work,
    const char *stem)
{
	char *name = outcome->n_attempts <= 1
	    ? xstrdup(stem)
	    : xasprintf("%s.attempt-%d", stem, outcome->n_attempts);

	free(outcome->stdout_path);
	free(outcome->stderr_path);
	outcome->stdout_path =
	    command_path(work->stage, name, work->turn, ".stdout.log");
	outcome->stderr_path =
	    command_path(work->stage, name, work->turn, ".stderr.log");
	free(name);
}

static void
set_options(struct process_options *options, const struct attempt *attempt,
    const struct playbook_work *work, const struct playbook_step *step)
{
	*options = (struct process_options){
		.argv = attempt->argv,
		.environment = attempt->environment,
		.directory = attempt->directory,
		.label = step->name,
	};
	command_set_limits(options, work->stage, work->workspace);
	if (attempt->output_path == NULL)
		return;
	options->sandbox.write =
	    put_setting(options->sandbox.write, xstrdup(attempt->output_path));
}

static struct error *
attempt_once(struct playbook_outcome *outcome, const struct attempt *attempt,
    const struct playbook_work *work, const struct playbook_step *step,
    double left)
{
	struct process_options options;
	struct error *error;

	set_options(&options, attempt, work, step);
	options.stdout_path = outcome->stdout_path;
	options.stderr_path = outcome->stderr_path;
	outcome->task_ends = left < step->timeout_seconds;
	options.timeout_seconds =
	    outcome->task_ends ? left : step->timeout_seconds;
	error = command_run(&outcome->result, &options, step->name);
	outcome->ran = error == NULL;
	outcome->success = error == NULL &&
	    outcome->result.end == PROCESS_EXITED &&
	    outcome->result.exit_code == 0;
	free(outcome->problem);
	outcome->problem = NULL;
	if (error == NULL && !outcome->success)
		explain(outcome, &options);
	command_release_limits(&options);
	return error;
}

/* Waits before another attempt, if there is to be one. */
static bool
wants_another(const struct playbook_outcome *outcome,
    const struct playbook_step *step, double ends)
{
	double delay = step->retry_delay_seconds;

	if (outcome->success || outcome->n_attempts > step->retry_count ||
	    outcome->result.end == PROCESS_CANCELLED)
		return false;
	if (clock_monotonic() + delay >= ends) {
		log_warn("no_retry",
		    "step '%s' failed and is not tried again: the task has "
		    "not the time for it",
		    step->name);
		return false;
	}
	log_event(LOG_INFO, "retry",
	    json_set_number(jv_object(), "attempt", outcome->n_attempts + 1),
	    "step '%s' failed (%s): attempt %d of %d%s", step->name,
	    outcome->problem, outcome->n_attempts + 1, step->retry_count + 1,
	    delay > 0 ? " after a pause" : "");
	return retry_pause(delay);
}

static struct error *
run_attempts(struct playbook_outcome *outcome, struct attempt *attempt,
    struct playbook_work *work, const struct playbook_step *step, double ends)
{
	char *stem = xasprintf("playbook-%zu", work->number);
	struct error *error = NULL;

	do {
		double left = ends - clock_monotonic();

		outcome->n_attempts++;
		name_files(outcome, work, stem);
		/* What an attempt wrote that failed does not count. */
		if (step->outputs != NULL)
			error = make_output(attempt, work, stem);
		if (error == NULL)
			error = attempt_once(outcome, attempt, work, step,
			    left > 0.001 ? left : 0.001);
	} while (error == NULL && wants_another(outcome, step, ends));
	if (error == NULL && attempt->output_path != NULL)
		read_outputs(outcome, attempt, step);
	free(stem);
	return error;
}

struct error *
playbook_step_run(struct playbook_outcome *outcome, struct playbook_work *work,
    const struct playbook_step *step, double ends)
{
	struct attempt attempt = { 0 };
	struct error *error = NULL;
	size_t n = string_list_count(work->environment);

	*outcome = (struct playbook_outcome){ .outputs = jv_object() };
	attempt.environment = xcalloc(n + 1, sizeof *attempt.environment);
	for (size_t i = 0; i < n; i++)
		attempt.environment[i] = xstrdup(work->environment[i]);
	attempt.environment = put_setting(
	    attempt.environment, xasprintf("NR_STEP_NAME=%s", step->name));
	if (set_file(&attempt, outcome, work, step->file) &&
	    set_all(&attempt, outcome, work, step->env) &&
	    bind_command(&attempt, outcome, work, step) &&
	    find_directory(&attempt, outcome, work, step))
		error = run_attempts(outcome, &attempt, work, step, ends);
	release_attempt(&attempt);
	return error;
}

void
playbook_outcome_release(struct playbook_outcome *outcome)
{
	free(outcome->stdout_path);
	free(outcome->stderr_path);
	free(outcome->problem);
	jv_free(outcome->outputs);
}
