/* SPDX-License-Identifier: MIT */
/* nr-test: run a project's tests; see nr-test(1). */
#include "stage.h"

#include <stdio.h>
#include <unistd.h>

#include "clock.h"
#include "command.h"
#include "file.h"
#include "json.h"
#include "junit.h"
#include "memory.h"
#include "process.h"
#include "slot_visit.h"
#include "test_command.h"

static bool list_only;

struct tests {
	struct stage *stage;
	char *workspace;
	char **commands;
	char **environment;
	size_t turn; /* of the log files */
	jv results;
	size_t n_run, n_failed;
	char *failure;        /* of the first that failed, in words */
	bool first_hit_limit; /* so it is not the code's fault */
};

/* One command at work. */
struct test {
	char *command;
	char *stdout_path, *stderr_path;
	struct process_options options;
	struct process_result result;
};

static struct error *
find_commands(struct tests *tests)
{
	struct test_command found;

	tests->commands =
	    json_strings(document_value(tests->stage->doc), "test_commands");
	if (tests->commands[0] != NULL)
		return NULL;
	if (!test_command_detect(&found, tests->workspace))
		return error_new(ERROR_TEST,
		    "cannot find out how '%s' is tested: set test_commands "
		    "in the task",
		    tests->workspace);
	tests->commands =
	    xreallocarray(tests->commands, 2, sizeof *tests->commands);
	tests->commands[0] = xstrdup(found.command);
	tests->commands[1] = NULL;
	log_info("test_command",
	    "the task names no test commands; using "
	    "'%s', because %s",
	    found.command, found.why);
	test_command_release(&found);
	return NULL;
}

static jv
describe(const struct test *test, struct error **error)
{
	jv result = json_set_string(jv_object(), "command", test->command);
	jv text;

	result = jv_object_merge(result, command_outcome(&test->result));
	*error = file_excerpt(&text, test->stdout_path);
	if (*error != NULL)
		return result;
	result = json_set(result, "stdout", text);
	*error = file_excerpt(&text, test->stderr_path);
	if (*error != NULL)
		return result;
	result = json_set(result, "stderr", text);
	result = json_set_string(result, "stdout_path", test->stdout_path);
	result = json_set_string(result, "stderr_path", test->stderr_path);
	return json_set(result, "metrics", command_metrics(&test->result));
}

/* "exit code 1: last line", in the words of the person who has to fix it. */
static char *
explain_failure(const struct test *test)
{
	char *how = process_describe(&test->result, &test->options);
	char *line = command_last_line(test->stderr_path), *text;
	const char *hint = "";

	if (line == NULL)
		line = command_last_line(test->stdout_path);
	if (test->result.end == PROCESS_EXITED && test->result.exit_code == 127)
		hint = ", a command was not found";
	else if (test->result.end == PROCESS_EXITED &&
	    test->result.exit_code == 126)
		hint = ", a file cannot be executed";
	text = xasprintf("'%s': %s%s%s%s", test->command, how, hint,
	    line != NULL ? ": " : "", line != NULL ? line : "");
	free(line);
	free(how);
	return text;
}

/* Why the stage itself has to end now; NULL: it goes on. */
static struct error *
check_end(const struct test *test, bool task_ends)
{
	struct error *error;
	char *how;

	if (test->result.end == PROCESS_CANCELLED)
		return error_cancelled(cancel_signal());
	if (test->result.end != PROCESS_TIMED_OUT || !task_ends)
		return NULL;
	how = process_describe(&test->result, &test->options);
	error = error_new(ERROR_TIMEOUT, "the task's time is used up: '%s' %s",
	    test->command, how);
	free(how);
	return error;
}

static void
count_failure(struct tests *tests, const struct test *test)
{
	tests->n_failed++;
	if (tests->failure != NULL)
		return;
	tests->failure = explain_failure(test);
	tests->first_hit_limit = command_hit_limit(&test->result);
}

/* The time that the command gets; is it the rest of the task's? */
static struct error *
allot_time(struct test *test, bool *task_ends, const struct stage *stage)
{
	double limit = config_number(stage->config, "test_timeout_seconds");
	double left;
	struct error *error = stage_time_left(stage, &left);

	if (error != NULL)
		return error;
	*task_ends = limit <= 0 || left < limit;
	test->options.timeout_seconds = *task_ends ? left : limit;
	return NULL;
}

static struct error *
run_one(struct tests *tests, struct test *test)
{
	static char sh[] = "sh", dash_c[] = "-c";
	bool task_ends;
	struct error *error = allot_time(test, &task_ends, tests->stage);
	char *argv[] = { sh, dash_c, test->command, NULL };

	test->options.argv = argv;
	command_set_limits(&test->options, tests->stage, tests->workspace);
	if (error == NULL)
		error =
		    command_run(&test->result, &test->options, test->command);
	command_release_limits(&test->options);
	test->options.argv = NULL;
	if (error != NULL)
		return error;
	if (test->result.end != PROCESS_EXITED || test->result.exit_code != 0)
		count_failure(tests, test);
	tests->n_run++;
	tests->results =
	    jv_array_append(tests->results, describe(test, &error));
	return error_first(error, check_end(test, task_ends));
}

static struct error *
run_nth(struct tests *tests, size_t n)
{
	char *stem = xasprintf("test-%zu", n + 1);
	struct test test = {
		.command = tests->commands[n],
		.stdout_path = command_path(
		    tests->stage, stem, tests->turn, ".stdout.log"),
		.stderr_path = command_path(
		    tests->stage, stem, tests->turn, ".stderr.log"),
	};
	struct error *error;

	test.options = (struct process_options){
		.environment = tests->environment,
		.directory = tests->workspace,
		.stdout_path = test.stdout_path,
		.stderr_path = test.stderr_path,
		.label = test.command,
	};
	error = run_one(tests, &test);
	free(test.stdout_path);
	free(test.stderr_path);
	free(stem);
	return error;
}

static struct error *
run_all(struct tests *tests)
{
	bool fail_fast =
	    json_boolean(document_value(tests->stage->doc), "fail_fast", true);
	struct slot_visit visit;
	struct error *error = slot_visit_begin(&visit, tests->workspace);

	tests->turn = command_turn(tests->stage, "test-1", ".stdout.log");
	tests->environment =
	    command_environment(tests->stage, tests->workspace, NULL);
	for (size_t i = 0; error == NULL && tests->commands[i] != NULL; i++) {
		if (fail_fast && tests->n_failed > 0)
			break;
		error = run_nth(tests, i);
	}
	return error_first(error, slot_visit_end(&visit, "the tests"));
}

/* For systems that show test results: a case for each command. */
static struct error *
write_junit(const struct tests *tests, jv *result, double seconds)
{
	const struct stage *stage = tests->stage;
	char *path = command_path(stage, "test", tests->turn, ".junit.xml");
	struct error *error =
	    junit_write(path, "tests", tests->results, seconds, stage->mask);

	if (error == NULL)
		*result = json_set_string(*result, "junit_path", path);
	free(path);
	return error;
}

static struct error *
record(struct tests *tests, bool success, double started)
{
	double seconds = clock_milliseconds(clock_monotonic() - started);
	jv result = json_set_boolean(jv_object(), "success", success);
	struct error *error = write_junit(tests, &result, seconds);

	result = json_set(result, "test_results", tests->results);
	tests->results = jv_null();
	result = json_set_number(result, "total_duration_seconds", seconds);
	document_set(tests->stage->doc, "test_result", result);
	return error;
}

static struct error *
judge(const struct tests *tests)
{
	enum error_type type =
	    tests->first_hit_limit ? ERROR_RESOURCE : ERROR_TEST;
	size_t n_commands = 0;

	while (tests->commands[n_commands] != NULL)
		n_commands++;
	if (tests->n_failed == 0)
		return NULL;
	if (n_commands == 1)
		return error_new(type, "the tests failed: %s", tests->failure);
	if (tests->n_run < n_commands)
		return error_new(type,
		    "the tests failed, the last %zu of %zu commands were not "
		    "run: %s",
		    n_commands - tests->n_run, n_commands, tests->failure);
	return error_new(type, "the tests failed in %zu of %zu commands: %s",
	    tests->n_failed, n_commands, tests->failure);
}

static void
plan(const struct tests *tests)
{
	for (size_t i = 0; tests->commands[i] != NULL; i++) {
		if (list_only)
			printf("%s\n", tests->commands[i]);
		else
			stage_plan(tests->stage, "run '%s' in '%s'",
			    tests->commands[i], tests->workspace);
	}
}

static void
release(struct tests *tests)
{
	jv_free(tests->results);
	process_environment_free(tests->environment);
	json_strings_free(tests->commands);
	free(tests->workspace);
	free(tests->failure);
}

static struct error *
run(struct stage *stage)
{
	struct tests tests = { .stage = stage, .results = jv_array() };
	double started = clock_monotonic();
	struct error *error = stage_workspace(stage, &tests.workspace);

	if (error == NULL)
		error = find_commands(&tests);
	if (error == NULL && (stage->dry_run || list_only)) {
		plan(&tests);
	} else if (error == NULL) {
		error = run_all(&tests);
		if (error == NULL)
			error = judge(&tests);
		error =
		    error_first(error, record(&tests, error == NULL, started));
	}
	release(&tests);
	return error;
}

static struct error *
write_document(const struct stage *stage)
{
	if (list_only)
		return NULL;
	return document_write(stage->doc, STDOUT_FILENO, stage->mask);
}

int
main(int argc, char *argv[])
{
	static const char *const keys[] = { "test_timeout_seconds",
		COMMAND_KEYS, NULL };
	static const struct stage_option options[] = {
		{ .name = "list",
		    .short_name = 'l',
		    .help = "print the commands that would be run, and end",
		    .flag = &list_only },
		{ .name = NULL },
	};
	static const struct stage_program program = {
		.name = "nr-test",
		.description = "run a project's tests",
		.keys = keys,
		.options = options,
		.run = run,
		.write = write_document,
	};

	process_guard();
	return stage_main(argc, argv, &program);
}
