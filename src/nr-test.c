/* SPDX-License-Identifier: MIT */
/* nr-test: run a project's tests; see nr-test(1). */
#include "stage.h"

#include <stdio.h>
#include <unistd.h>

#include "clock.h"
#include "command.h"
#include "json.h"
#include "junit.h"
#include "memory.h"
#include "printable.h"
#include "process.h"
#include "slot_visit.h"
#include "string_list.h"
#include "test_command.h"
#include "test_result.h"

static bool list_only;

struct tests {
	struct test_settings settings;
	char *workspace;
	char **commands;
	char *why; /* it was detected; NULL: the task names the commands */
	char **environment, **report_patterns;
	size_t turn; /* of the log files */
	struct test_result result;
};

static struct error *
find_commands(struct tests *tests)
{
	const struct stage *stage = tests->settings.stage;
	struct test_command found;

	tests->commands =
	    json_strings(document_value(stage->doc), "test_commands");
	if (tests->commands[0] != NULL)
		return NULL;
	if (!test_command_detect(&found, tests->workspace))
		return error_new(ERROR_TEST,
		    "cannot find out how '%s' is tested: set test_commands "
		    "in the task",
		    tests->workspace);
	string_list_add(&tests->commands, xstrdup(found.command));
	tests->why = xstrdup(found.why);
	log_info("test_command",
	    "the task names no test commands; using "
	    "'%s', because %s",
	    found.command, found.why);
	test_command_release(&found);
	return NULL;
}

/* Why the stage itself has to end now; NULL: it goes on. */
static struct error *
check_end(const struct test_attempt *attempt)
{
	struct error *error;
	char *how;

	if (attempt->result.end == PROCESS_CANCELLED)
		return error_cancelled(cancel_signal());
	if (attempt->result.end != PROCESS_TIMED_OUT || !attempt->task_ends)
		return NULL;
	how = process_describe(&attempt->result, &attempt->options);
	error = error_new(ERROR_TIMEOUT, "the task's time is used up: '%s' %s",
	    attempt->command, how);
	free(how);
	return error;
}

static bool
has_time(const struct stage *stage)
{
	double left;
	struct error *error = stage_time_left(stage, &left);
	bool has = error == NULL && cancel_signal() == 0;

	error_free(error);
	return has;
}

static bool
is_due(const struct stage *stage, const struct test_attempt *attempt, size_t n)
{
	double retries = config_number(stage->config, "test_retry_count");
	char *why;

	if ((double)n >= retries || !test_attempt_may_repeat(attempt) ||
	    !has_time(stage))
		return false;
	why = test_attempt_explain(attempt);
	log_event(LOG_WARN, "test_retry",
	    json_set_number(jv_object(), "attempt", (double)n + 2),
	    "%s; trying again (%zu of %.0f)", why, n + 1, retries);
	free(why);
	return true;
}

static struct error *
run_attempt(struct test_attempt *attempt, const struct tests *tests,
    size_t command, size_t n, const struct test_cases *failed)
{
	char *stem = n == 0 ? xasprintf("test-%zu", command + 1)
			    : xasprintf("test-%zu.retry-%zu", command + 1, n);
	struct error *error = test_attempt_run(attempt, &tests->settings,
	    tests->commands[command], stem, tests->turn, n > 0 ? failed : NULL);

	free(stem);
	return error;
}

/* One command, until it succeeds or was tried often enough. */
static struct error *
run_command(struct tests *tests, size_t command)
{
	struct test_cases failed = { 0 };
	struct test_attempt attempt;
	struct error *error = NULL;
	jv earlier = jv_array();
	bool again = true;

	for (size_t n = 0; again; n++) {
		error = run_attempt(&attempt, tests, command, n, &failed);
		again =
		    error == NULL && is_due(tests->settings.stage, &attempt, n);
		if (again) {
			earlier = jv_array_append(earlier,
			    test_result_earlier(&tests->result, &attempt));
			test_cases_merge_lists(
			    &failed, &attempt.report.cases, false);
		} else if (error == NULL) {
			error = test_result_add(
			    &tests->result, &attempt, jv_copy(earlier));
			error = error_first(error, check_end(&attempt));
		}
		test_attempt_release(&attempt);
	}
	jv_free(earlier);
	test_cases_release(&failed);
	return error;
}

static void
prepare(struct tests *tests)
{
	struct stage *stage = tests->settings.stage;
	jv patterns = config_value(stage->config, "test_reports");

	tests->turn = command_turn(stage, "test-1", ".stdout.log");
	tests->report_patterns = json_strings(patterns, NULL);
	tests->environment = command_environment(stage, tests->workspace, NULL);
	tests->settings.workspace = tests->workspace;
	tests->settings.environment = tests->environment;
	tests->settings.report_patterns = tests->report_patterns;
	tests->settings.no_tests_succeed =
	    strcmp(config_string(stage->config, "no_tests"), "success") == 0;
	jv_free(patterns);
}

static struct error *
run_all(struct tests *tests)
{
	bool fail_fast = json_boolean(
	    document_value(tests->settings.stage->doc), "fail_fast", true);
	struct slot_visit visit;
	struct error *error = slot_visit_begin(&visit, tests->workspace);

	for (size_t i = 0; error == NULL && tests->commands[i] != NULL; i++) {
		if (fail_fast && tests->result.n_failed > 0)
			break;
		error = run_command(tests, i);
	}
	return error_first(error, slot_visit_end(&visit, "the tests"));
}

/* For systems that show test results. */
static struct error *
write_junit(const struct tests *tests, jv *section, double seconds)
{
	const struct stage *stage = tests->settings.stage;
	char *path = command_path(stage, "test", tests->turn, ".junit.xml");
	struct error *error = junit_write(
	    path, "tests", tests->result.results, seconds, stage->mask);

	if (error == NULL)
		*section = json_set_string(*section, "junit_path", path);
	free(path);
	return error;
}

static struct error *
record(struct tests *tests, bool success, double started)
{
	double seconds = clock_milliseconds(clock_monotonic() - started);
	jv section = test_result_json(&tests->result, success);
	struct error *error = write_junit(tests, &section, seconds);

	section = json_set_number(section, "total_duration_seconds", seconds);
	document_set(tests->settings.stage->doc, "test_result", section);
	return error;
}

static struct error *
run_and_judge(struct tests *tests)
{
	double started = clock_monotonic();
	struct error *error;

	prepare(tests);
	error = run_all(tests);
	if (error == NULL)
		error = test_result_judge(&tests->result,
		    string_list_count(tests->commands),
		    tests->settings.no_tests_succeed);
	return error_first(error, record(tests, error == NULL, started));
}

/* The command, where it comes from, and what it is expected to report. */
static void
list(const struct tests *tests)
{
	enum { MAX_COMMAND = 4096 };

	for (size_t i = 0; tests->commands[i] != NULL; i++) {
		char *command = printable(tests->commands[i], MAX_COMMAND);

		printf("%s\t%s\t%s\n", command,
		    tests->why != NULL ? tests->why : "the task names it",
		    test_command_report(tests->commands[i]));
		free(command);
	}
}

static void
plan(const struct tests *tests)
{
	for (size_t i = 0; tests->commands[i] != NULL; i++)
		stage_plan(tests->settings.stage, "run '%s' in '%s'",
		    tests->commands[i], tests->workspace);
}

static void
release(struct tests *tests)
{
	test_result_release(&tests->result);
	process_environment_free(tests->environment);
	json_strings_free(tests->report_patterns);
	json_strings_free(tests->commands);
	free(tests->workspace);
	free(tests->why);
}

static struct error *
run(struct stage *stage)
{
	struct tests tests = { .settings.stage = stage };
	struct error *error = stage_workspace(stage, &tests.workspace);

	test_result_init(&tests.result);
	if (error == NULL)
		error = find_commands(&tests);
	if (error == NULL && list_only)
		list(&tests);
	else if (error == NULL && stage->dry_run)
		plan(&tests);
	else if (error == NULL)
		error = run_and_judge(&tests);
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
		"test_retry_count", "test_reports", "no_tests", COMMAND_KEYS,
		NULL };
	static const struct stage_option options[] = {
		{ .name = "list",
		    .short_name = 'l',
		    .help = "say what would be run, and why",
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
