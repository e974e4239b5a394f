/* SPDX-License-Identifier: MIT */
/*
 * The test command of a project that names none: found by the files that its
 * build system or test tool is known by. The table in test_command.c is the
 * only list; the first row that fits wins.
 */
#ifndef TEST_COMMAND_H
#define TEST_COMMAND_H

#include <stdbool.h>

struct test_command {
	const char *command; /* for sh -c, in the workspace; static */
	char *why;           /* "Makefile has a target 'test'"; owned */
};

/* False: nothing is known. Free with test_command_release(). */
bool test_command_detect(struct test_command *found, const char *workspace);
void test_command_release(struct test_command *found);

/* Which report a command is expected to leave, by the tools that it names, in
 * words; static. */
const char *test_command_report(const char *command);

#endif
