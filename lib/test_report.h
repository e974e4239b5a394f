/* SPDX-License-Identifier: MIT */
/*
 * What one run of a test command left as evidence beside its exit code: what
 * its output says of tests (report.h), and the JUnit XML files it wrote
 * (report_files.h).
 *
 * Output and files often tell of the same tests. The one that tells of more
 * is counted, the files where they tell of as many; a failure in either is a
 * failure. Where there is no report nothing is claimed.
 */
#ifndef TEST_REPORT_H
#define TEST_REPORT_H

#include <jv.h>

#include "process.h"
#include "report_files.h"
#include "report_stream.h"
#include "test_cases.h"

struct test_report {
	struct report_stream out, err;
	struct report junit;
	struct report_files files;
	/* What it comes to; valid after test_report_end(). */
	struct test_cases cases;
	bool is_known;   /* there is a report */
	bool is_counted; /* of all tests, not of failures alone */
	bool is_broken;  /* some report is; see `reports` */
	bool has_failed; /* some report tells of a failure */
	bool lacks;      /* tests were announced that no report tells of */
	int empty_exit_code;
	jv reports; /* [{format, counts, files, problem}] */
};

/*
 * Before the command runs. `patterns` of files, `mask` and `before` (the
 * failures of earlier attempts; NULL) are borrowed until the release.
 */
void test_report_begin(struct test_report *report, char *const *patterns,
    const struct mask *mask, const struct test_cases *before);
/* Has the command's output looked at. */
void test_report_observe(
    struct test_report *report, struct process_options *options);
/* After it has ended. */
void test_report_end(struct test_report *report, const char *workspace);
void test_report_release(struct test_report *report);

/* Is it told that no test was run? Of a broken report that is not known. */
bool test_report_is_empty(const struct test_report *report);

#endif
