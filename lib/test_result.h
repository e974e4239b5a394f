/* SPDX-License-Identifier: MIT */
/*
 * What all test commands of a stage came to: the section test_result of the
 * document (nr-test(1)), and the verdict. A run in which no test was run at
 * all, as its reports tell, is told apart from one that passed.
 */
#ifndef TEST_RESULT_H
#define TEST_RESULT_H

#include <jv.h>

#include "test_attempt.h"

struct test_result {
	jv results;          /* an element for each command that was run */
	size_t result_bytes; /* of them, and of earlier attempts */
	size_t n_run, n_failed;
	bool is_counted;          /* some report counts tests */
	bool has_run;             /* some report tells of a test that was run */
	struct test_cases counts; /* of all of them; without the lists */
	enum test_status worst;   /* of a command that failed */
	char *none;               /* the first that ran no test, in words */
	char *failure;            /* the first that failed, in words */
	bool first_hit_limit;     /* so it is not the code's fault */
};

void test_result_init(struct test_result *result);
void test_result_release(struct test_result *result);

/* What test_attempt_json() tells of an attempt that is made again, without
 * details where there is no more room for them. The caller owns it. */
jv test_result_earlier(
    struct test_result *result, const struct test_attempt *attempt);

/* A command's last attempt, and an array of those before it, which is
 * consumed. */
struct error *test_result_add(struct test_result *result,
    const struct test_attempt *attempt, jv earlier_attempts);

/* The verdict; NULL: they passed. Of n_commands those behind a failure may not
 * have been run. */
struct error *test_result_judge(
    const struct test_result *result, size_t n_commands, bool no_tests_succeed);
enum test_status test_result_status(const struct test_result *result);

/* {success, status, counts, test_results}; the caller owns it. */
jv test_result_json(const struct test_result *result, bool success);

#endif
