/* SPDX-License-Identifier: MIT */
/*
 * Where a test failed, by what its message says: "tests/test_x.py:12: ...",
 * "(BarTest.java:31)", "in test file tests/x.bats, line 4", "at t/a.t line 5."
 * Of several places it is the one whose file the test's class is named after,
 * else the first that a line begins with, after words such as "at".
 */
#ifndef TEST_PLACE_H
#define TEST_PLACE_H

#include "test_cases.h"

/* Sets file and line where neither is known yet. */
void test_place_find(struct test_case *found);

#endif
