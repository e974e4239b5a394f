/* SPDX-License-Identifier: MIT */
/*
 * One run of one test command, and the verdict on it. Its exit code says
 * whether it succeeded; but a success whose report tells of a failure is a
 * failure, and one that ran no test is told apart.
 */
#ifndef TEST_ATTEMPT_H
#define TEST_ATTEMPT_H

#include <jv.h>

#include "command.h"
#include "stage.h"
#include "test_report.h"

enum test_status {
	TEST_PASSED,
	TEST_FAILED,
	TEST_NONE,        /* no tests were found */
	TEST_ALL_SKIPPED, /* there are some, and none was run */
};

/* What all attempts of one stage have in common; borrowed. */
struct test_settings {
	struct stage *stage;
	const char *workspace;
	char *const *environment;
	char *const *report_patterns;
	bool no_tests_succeed;
};

struct test_attempt {
	const char *command; /* borrowed */
	char *stdout_path, *stderr_path;
	struct process_options options;
	struct process_result result;
	struct test_report report;
	enum test_status status;
	bool success;
	bool task_ends; /* its time limit is the task's deadline */
};

/* "passed", "failed", "no_tests", "all_skipped" */
const char *test_status_name(enum test_status status);

/*
 * The outputs are <stem>.stdout.log and <stem>.stderr.log of this turn
 * (command_path()). `before`: what failed in earlier attempts; NULL: there
 * was none. Release it whatever is returned.
 */
struct error *test_attempt_run(struct test_attempt *attempt,
    const struct test_settings *settings, const char *command, const char *stem,
    size_t turn, const struct test_cases *before);
void test_attempt_release(struct test_attempt *attempt);

/* May it go another way if the same is tried again? */
bool test_attempt_may_repeat(const struct test_attempt *attempt);

/* Outcome, status, counts, failed_cases, flaky_cases, reports, paths and
 * metrics. The caller owns it. */
jv test_attempt_json(const struct test_attempt *attempt);
/* Why it failed, in the words of the person who has to fix it: "exit code 1: 2
 * of 7 tests failed: a, b", else its last line. The caller frees. */
char *test_attempt_explain(const struct test_attempt *attempt);

#endif
