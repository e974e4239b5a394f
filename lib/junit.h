/* SPDX-License-Identifier: MIT */
/*
 * JUnit XML, which CI systems show: one suite, a case for each command.
 * Cases are objects of which are used: name (or command), success, skipped,
 * reason (of what was skipped), message (of what failed; or end),
 * duration_seconds, stdout, stderr.
 *
 * A command whose own tests are known (counts, failed_cases, flaky_cases of
 * test_case_list_json()) has a suite of its own besides: its counts as
 * properties, and a case for each test that is known by name, which are those
 * that failed or were flaky.
 */
#ifndef JUNIT_H
#define JUNIT_H

#include <jv.h>

#include "error.h"
#include "mask.h"

/* A new file; `cases` is borrowed. */
struct error *junit_write(const char *path, const char *suite, jv cases,
    double duration_seconds, const struct mask *mask);

/* The same of n cases that are made when they are asked for, each twice. */
typedef jv junit_case(void *context, size_t n);
struct error *junit_write_each(const char *path, const char *suite,
    junit_case *get, void *context, size_t n, double duration_seconds,
    const struct mask *mask);

#endif
