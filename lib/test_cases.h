/* SPDX-License-Identifier: MIT */
/*
 * What a report tells of tests: how many ended how, and of those that failed
 * name, place and message. Bounded, however much there is: of the cases and
 * of their messages the first are kept, the rest are counted.
 *
 * A case that failed and is told to pass later is flaky. There are two ways
 * to learn it: the same report has both (a tool that repeats by itself), or
 * the report of an earlier attempt has the failure (`before`). Cases are the
 * same if suite and name are.
 *
 * Texts of cases go through the mask before they are cut.
 */
#ifndef TEST_CASES_H
#define TEST_CASES_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mask.h"

enum {
	TEST_CASES_MAX = 100,            /* of those that failed, and flaky */
	TEST_CASES_NAME_BYTES = 300,     /* of suite, name and file each */
	TEST_CASES_MESSAGE_BYTES = 2048, /* of one message */
	TEST_CASES_MESSAGES_BYTES = 64 * 1024, /* of all of them */
	/* What a reader should collect of a message: a secret at the cut must
	 * be whole when it is masked. */
	TEST_CASES_RAW_BYTES = 8192,
};

/* All of it but the name may be unknown: NULL, 0. Strings are owned. */
struct test_case {
	char *suite; /* class, package, module */
	char *name;
	char *file;
	unsigned long line;
	char *message;
	bool is_error; /* it could not be run, so that it could not fail */
	uint64_t identity;
};

struct test_case_list {
	struct test_case *items;
	size_t n;
};

struct test_cases {
	size_t n_passed; /* the flaky ones too */
	size_t n_failed, n_errors, n_skipped;
	size_t n_flaky;
	struct test_case_list failed, flaky; /* the first of them */
	size_t message_bytes;
	bool repeats; /* a case that is told of twice was run twice */
	const struct mask *mask;
	const struct test_cases *before;
};

/* `mask` and `before` may be NULL; both are borrowed. */
void test_cases_init(struct test_cases *cases, const struct mask *mask,
    const struct test_cases *before);
void test_cases_release(struct test_cases *cases);

/* One that failed, or has an error. Takes its strings over. */
void test_cases_fail(struct test_cases *cases, struct test_case *failed);
/* `suite` may be NULL; both need not end with NUL. */
void test_cases_pass(struct test_cases *cases, const char *suite,
    size_t suite_len, const char *name, size_t name_len);
/* Passed, but not the first time it was run. Takes its strings over. */
void test_cases_pass_late(struct test_cases *cases, struct test_case *flaky);
void test_cases_skip(struct test_cases *cases);

size_t test_cases_total(const struct test_cases *cases);
size_t test_cases_run(const struct test_cases *cases); /* not skipped */
bool test_cases_failed(const struct test_cases *cases);

/* Adds what another one has, and leaves that empty. A case that both have
 * among those that failed is listed once. */
void test_cases_merge(struct test_cases *cases, struct test_cases *more);
/* The same, of the lists alone: the tests are those that `cases` counts. With
 * by_name cases of one name are the same: reports differ in what a suite is. */
void test_cases_merge_lists(
    struct test_cases *cases, struct test_cases *more, bool by_name);

/* What failed since the mark was made did not, as it turns out. */
struct test_cases_mark {
	size_t n_failed, n_errors, n_kept;
};
struct test_cases_mark test_cases_mark(const struct test_cases *cases);
void test_cases_forgive(struct test_cases *cases,
    const struct test_cases_mark *mark, bool as_skipped);
/* What failed since the mark was made belongs to this suite. */
void test_cases_put_into(struct test_cases *cases,
    const struct test_cases_mark *mark, const char *suite);

/* {total, passed, failed, errors, skipped, flaky} */
jv test_cases_counts(const struct test_cases *cases);
/* [{name, suite, file, line, message, error}], what is known of each */
jv test_case_list_json(const struct test_case_list *list);

/* "3 of 120 tests failed, 2 skipped", and the like; the caller frees. */
char *test_cases_describe(const struct test_cases *cases);
/* "a, b, c and 4 more"; the caller frees. "" if none is known by name. */
char *test_cases_names(const struct test_cases *cases);

#endif
