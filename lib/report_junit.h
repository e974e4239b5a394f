/* SPDX-License-Identifier: MIT */
/*
 * JUnit XML, as Ant's JUnit task began it and everybody writes it since:
 * surefire, Gradle, pytest, jest-junit, ctest, cargo nextest, gotestsum, bats.
 * There is no standard; what they agree on is read: <testsuites> or
 * <testsuite> outermost, <testcase name classname file line>, in it
 * <failure>, <error> or <skipped>, and of repetitions <flakyFailure>,
 * <flakyError>, <rerunFailure> and <rerunError> (surefire, nextest).
 *
 * Read by expat, piece by piece, with flat memory. Such a file comes from
 * whoever wrote the tests: it has no DOCTYPE (so no entities, no XXE), is not
 * nested deeper than 64, has no single tag larger than 256 KiB, and at most
 * REPORT_JUNIT_MAX_BYTES are read. What breaks a rule ends the reading, and is
 * a problem with its place; what was counted up to there stays.
 */
#ifndef REPORT_JUNIT_H
#define REPORT_JUNIT_H

#include "report.h"

enum { REPORT_JUNIT_MAX_BYTES = 64 * 1024 * 1024 };

/*
 * Adds to the report what the file says; `name` is told in problems. False: it
 * is XML of another kind, and nothing was added.
 */
bool report_junit_read(struct report *report, int fd, const char *name);

#endif
