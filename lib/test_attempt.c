/* SPDX-License-Identifier: MIT */
#include "test_attempt.h"

#include "json.h"
#include "log.h"
#include "memory.h"

const char *
test_status_name(enum test_status status)
{
	static const char *const names[] = {
		[TEST_PASSED] = "passed",
		[TEST_FAILED] = "failed",
		[TEST_NONE] = "no_tests",
		[TEST_ALL_SKIPPED] = "all_skipped",
	};

	return names[status];
}

/* The time that the command gets; is it the rest of the task's? */
static struct error *
allot_time(struct test_attempt *attempt, const struct stage *stage)
{
	double limit = config_number(stage->config, "test_timeout_seconds");
	double left;
	struct error *error = stage_time_left(stage, &left);

	if (error != NULL)
		return error;
	attempt->task_ends = limit <= 0 || left < limit;
	attempt->options.timeout_seconds = attempt->task_ends ? left : limit;
	return NULL;
}

static void
judge(struct test_attempt *attempt, bool no_tests_succeed, bool is_retry)
{
	const struct process_result *result = &attempt->result;
	const struct test_report *report = &attempt->report;
	bool exited = result->end == PROCESS_EXITED;

	attempt->success = exited && result->exit_code == 0;
	attempt->status = attempt->success ? TEST_PASSED : TEST_FAILED;
	if (exited && test_report_is_empty(report) &&
	    (result->exit_code == 0 ||
		result->exit_code == report->empty_exit_code)) {
		/* What failed has not passed because nothing was run. */
		attempt->success =
		    !is_retry && (attempt->success || no_tests_succeed);
		attempt->status =
		    report->cases.n_skipped > 0 ? TEST_ALL_SKIPPED : TEST_NONE;
	} else if (attempt->success && (report->has_failed || report->lacks)) {
		attempt->success = false;
		attempt->status = TEST_FAILED;
	}
}

static void
tell(const struct test_attempt *attempt)
{
	const struct test_report *report = &attempt->report;
	size_t n = json_array_length(report->reports, NULL);
	char *words;

	for (size_t i = 0; i < n; i++) {
		jv element = json_element(report->reports, i);
		const char *problem = json_string(element, "problem");

		if (problem != NULL)
			log_warn("test_report_problem",
			    "the %s report of '%s' is not whole: %s",
			    json_string(element, "format"), attempt->command,
			    problem);
		jv_free(element);
	}
	if (!report->is_counted)
		return;
	words = test_cases_describe(&report->cases);
	log_event(LOG_INFO, "tests_counted", test_cases_counts(&report->cases),
	    "'%s': %s", attempt->command, words);
	free(words);
}

struct error *
test_attempt_run(struct test_attempt *attempt,
    const struct test_settings *settings, const char *command, const char *stem,
    size_t turn, const struct test_cases *before)
{
	static char sh[] = "sh", dash_c[] = "-c";
	struct stage *stage = settings->stage;
	char *script = xstrdup(command);
	char *argv[] = { sh, dash_c, script, NULL };
	struct error *error;

	*attempt = (struct test_attempt){
		.command = command,
		.stdout_path = command_path(stage, stem, turn, ".stdout.log"),
		.stderr_path = command_path(stage, stem, turn, ".stderr.log"),
	};
	attempt->options = (struct process_options){
		.argv = argv,
		.environment = settings->environment,
		.directory = settings->workspace,
		.stdout_path = attempt->stdout_path,
		.stderr_path = attempt->stderr_path,
		.label = command,
	};
	test_report_begin(
	    &attempt->report, settings->report_patterns, stage->mask, before);
	test_report_observe(&attempt->report, &attempt->options);
	command_set_limits(&attempt->options, stage, settings->workspace);
	error = allot_time(attempt, stage);
	if (error == NULL)
		error =
		    command_run(&attempt->result, &attempt->options, command);
	command_release_limits(&attempt->options);
	attempt->options.argv = NULL;
	test_report_end(&attempt->report, settings->workspace);
	free(script);
	if (error != NULL)
		return error;
	judge(attempt, settings->no_tests_succeed, before != NULL);
	tell(attempt);
	return NULL;
}

void
test_attempt_release(struct test_attempt *attempt)
{
	test_report_release(&attempt->report);
	free(attempt->stdout_path);
	free(attempt->stderr_path);
	*attempt = (struct test_attempt){ 0 };
}

bool
test_attempt_may_repeat(const struct test_attempt *attempt)
{
	const struct process_result *result = &attempt->result;

	if (attempt->success || attempt->status != TEST_FAILED ||
	    command_hit_limit(result))
		return false;
	if (result->end == PROCESS_TIMED_OUT)
		return !attempt->task_ends;
	if (result->end != PROCESS_EXITED)
		return result->end == PROCESS_SIGNALED;
	/* What is not there will not come. */
	return result->exit_code != 126 && result->exit_code != 127;
}

static jv
add_list(jv object, const char *name, const struct test_case_list *list)
{
	if (list->n == 0)
		return object;
	return json_set(object, name, test_case_list_json(list));
}

static jv
add_report(jv object, const struct test_report *report)
{
	const struct test_cases *cases = &report->cases;

	if (report->is_counted)
		object = json_set(object, "counts", test_cases_counts(cases));
	object = add_list(object, "failed_cases", &cases->failed);
	object = add_list(object, "flaky_cases", &cases->flaky);
	if (json_array_length(report->reports, NULL) > 0)
		object = json_set(object, "reports", jv_copy(report->reports));
	return object;
}

jv
test_attempt_json(const struct test_attempt *attempt)
{
	jv object = json_set_string(jv_object(), "command", attempt->command);

	object = jv_object_merge(object, command_outcome(&attempt->result));
	object = json_set_boolean(object, "success", attempt->success);
	object = json_set_string(
	    object, "status", test_status_name(attempt->status));
	object = add_report(object, &attempt->report);
	object = json_set_string(object, "stdout_path", attempt->stdout_path);
	object = json_set_string(object, "stderr_path", attempt->stderr_path);
	return json_set(object, "metrics", command_metrics(&attempt->result));
}

static bool
exited_0(const struct test_attempt *attempt)
{
	return attempt->result.end == PROCESS_EXITED &&
	    attempt->result.exit_code == 0;
}

/* What its report announced and does not have, as when a test ends the program
 * that runs them all; NULL: nothing. Of a failure that is no news. */
static char *
explain_lack(const struct test_attempt *attempt)
{
	size_t n = json_array_length(attempt->report.reports, NULL);
	char *text = NULL;

	if (!exited_0(attempt) || !attempt->report.lacks)
		return NULL;
	for (size_t i = 0; text == NULL && i < n; i++) {
		jv element = json_element(attempt->report.reports, i);
		const char *problem = json_string(element, "problem");

		if (problem != NULL)
			text = xstrdup(problem);
		jv_free(element);
	}
	return text;
}

/* What the report says of the failure; NULL: there is none that does. */
static char *
explain_cases(const struct test_attempt *attempt)
{
	const struct test_cases *cases = &attempt->report.cases;
	char *counts, *names, *text;

	if (attempt->status == TEST_NONE)
		return xstrdup("there are no tests");
	if (attempt->status == TEST_ALL_SKIPPED)
		return xasprintf(
		    "all %zu tests were skipped", cases->n_skipped);
	if (!attempt->report.has_failed)
		return explain_lack(attempt);
	counts = attempt->report.is_counted && test_cases_failed(cases)
	    ? test_cases_describe(cases)
	    : xasprintf("%zu test%s failed", cases->failed.n,
		  cases->failed.n == 1 ? "" : "s");
	names = test_cases_names(cases);
	text = xasprintf("%s%s%s", counts, *names != '\0' ? ": " : "", names);
	free(counts);
	free(names);
	return text;
}

static const char *
hint(const struct process_result *result)
{
	if (result->end != PROCESS_EXITED)
		return "";
	if (result->exit_code == 127)
		return ", a command was not found";
	if (result->exit_code == 126)
		return ", a file cannot be executed";
	return "";
}

char *
test_attempt_explain(const struct test_attempt *attempt)
{
	const struct process_result *result = &attempt->result;
	char *how = process_describe(result, &attempt->options);
	char *what = explain_cases(attempt), *text;
	const char *but = "";

	if (what != NULL && attempt->status == TEST_FAILED && exited_0(attempt))
		but = attempt->report.has_failed
		    ? ", but its report tells of failures"
		    : ", but its report is not whole";
	if (what == NULL)
		what = command_last_line(attempt->stderr_path);
	if (what == NULL)
		what = command_last_line(attempt->stdout_path);
	text =
	    xasprintf("'%s': %s%s%s%s%s", attempt->command, how, hint(result),
		but, what != NULL ? ": " : "", what != NULL ? what : "");
	free(what);
	free(how);
	return text;
}
