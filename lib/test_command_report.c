/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <string.h>

#include "test_command.h"

static const char files[] = "JUnit XML, where it writes any";

/* The first row all of whose words the command has. */
static const struct {
	const char *words[2];
	const char *report;
} rows[] = {
	{ { "nextest", NULL }, "JUnit XML, where its profile asks for it" },
	{ { "cargo", "test" }, "cargo test" },
	{ { "gotestsum", "--junitfile" }, "JUnit XML" },
	{ { "go test", "-json" }, "go test -json" },
	{ { "go test", NULL }, "go test, failures alone" },
	{ { "pytest", "--junit" }, "JUnit XML" },
	{ { "pytest", NULL }, "pytest's summary" },
	{ { "bats", "junit" }, "JUnit XML" },
	{ { "bats", NULL }, "TAP" },
	{ { "prove", "-v" }, "TAP" },
	{ { "--test-reporter=tap", NULL }, "TAP" },
	{ { "jest-junit", NULL }, "JUnit XML" },
	{ { "ctest", "--output-junit" }, "JUnit XML" },
	{ { "mvn", NULL }, "JUnit XML" },
	{ { "gradle", NULL }, "JUnit XML" },
};

const char *
test_command_report(const char *command)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (strstr(command, rows[i].words[0]) != NULL &&
		    (rows[i].words[1] == NULL ||
			strstr(command, rows[i].words[1]) != NULL))
			return rows[i].report;
	return files;
}
