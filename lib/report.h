/* SPDX-License-Identifier: MIT */
/*
 * What is read of one report, and how a format is read that tools print: line
 * by line as it comes, with flat memory (report_stream.h has all of them;
 * JUnit XML, which comes in files, is in report_junit.h).
 *
 *   tap     report_tap.c     TAP 12 to 14: bats, prove -v, node --test
 *   go      report_go.c      go test -json, which gotestsum has inside
 *   gotext  report_gotext.c  go test
 *   cargo   report_cargo.c   libtest of Rust: cargo test
 *   pytest  report_pytest.c  pytest's summary
 *
 * Output is anybody's: what only looks like a report must not become one. A
 * format says `found` when it is sure.
 */
#ifndef REPORT_H
#define REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "test_cases.h"

struct report {
	const char *format;
	struct test_cases cases;
	bool found;   /* it is a report of this format */
	bool counted; /* the counts are whole; else failures alone are known */
	bool lacks;   /* tests that it announced; see the problem */
	/* The first thing wrong with it: "line 7: ..."; owned. */
	char *problem;
	/* What the tool exits with when there are no tests to run. */
	int empty_exit_code;
	size_t line;    /* that is being read, from 1 */
	bool has_begun; /* wants the lines of `later`, too */
	bool busy;      /* wants the next line, whatever it begins with */
};

struct report_format {
	const char *name;
	/* How lines begin that it wants to see, by two bytes of each; a 9
	 * stands for any digit. Most output begins otherwise. */
	const char *first;
	const char *later; /* the same, once it has begun */
	/* Its own state. Everything else goes into the report, which outlives
	 * it. */
	void *(*open)(struct report *report);
	/* A line without its end; not NUL-terminated. */
	void (*line)(void *reader, const char *text, size_t len);
	/* The output has ended. Frees the reader. */
	void (*close)(void *reader);
};

enum { REPORT_N_FORMATS = 5 };
extern const struct report_format report_tap, report_go, report_gotext,
    report_cargo, report_pytest;

/* Notes what is wrong at this line, unless something was before. */
void report_problem(struct report *report, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Does the line begin with the text? It is passed over, then. */
static inline bool
report_skip(const char **text, size_t *len, const char *expected)
{
	size_t n = strlen(expected);

	if (*len < n || memcmp(*text, expected, n) != 0)
		return false;
	*text += n;
	*len -= n;
	return true;
}
/* The same of a decimal number. */
bool report_skip_number(const char **text, size_t *len, size_t *number);

#endif
