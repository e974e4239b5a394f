/* SPDX-License-Identifier: MIT */
/*
 * What go test prints for people: "--- FAIL: TestX (0.00s)" with what it said
 * indented below, or above it with -v; "ok  \tpackage\t0.1s", "FAIL\tpackage
 * [build failed]", "?   \tpackage\t[no test files]". Without -v the tests that
 * pass are not named, so that only the failures are known, and whether there
 * were any tests at all.
 */
#define _GNU_SOURCE /* memmem */
#include "report.h"

#include "buffer.h"
#include "memory.h"
#include "test_place.h"

struct gotext {
	struct report *report;
	bool is_verbose;  /* "=== RUN" was seen */
	bool has_tests;   /* some package has any */
	size_t n_unnamed; /* failures that still lack their package */
	bool in_panic;    /* all of it is said of `failed` */
	bool is_open;     /* more may be said of `failed` */
	struct test_case failed;
	struct buffer said; /* of the test that runs, or of `failed` */
};

static void
forget(struct gotext *go)
{
	buffer_release(&go->said);
	go->said = BUFFER_INIT(TEST_CASES_RAW_BYTES);
}

static void
close_case(struct gotext *go)
{
	if (!go->is_open)
		return;
	go->is_open = go->in_panic = go->report->busy = false;
	go->failed.message = buffer_take(&go->said);
	forget(go);
	test_place_find(&go->failed);
	test_cases_fail(&go->report->cases, &go->failed);
	go->n_unnamed++;
}

static bool
contains(const char *text, size_t len, const char *part)
{
	return memmem(text, len, part, strlen(part)) != NULL;
}

/* "TestX/sub (0.00s)" */
static void
take_case(struct gotext *go, const char *text, size_t len, char how)
{
	const char *space = memchr(text, ' ', len);
	size_t name_len = space != NULL ? (size_t)(space - text) : len;

	close_case(go);
	if (how == 'F') {
		go->failed =
		    (struct test_case){ .name = xstrndup(text, name_len) };
		go->is_open = true;
		return;
	}
	forget(go);
	if (how == 'P')
		test_cases_pass(&go->report->cases, NULL, 0, text, name_len);
	else
		test_cases_skip(&go->report->cases);
}

/* The failures since the last package are of this one. */
static void
name_package(struct gotext *go, const char *package)
{
	struct test_cases_mark mark = test_cases_mark(&go->report->cases);

	mark.n_kept -=
	    go->n_unnamed < mark.n_kept ? go->n_unnamed : mark.n_kept;
	test_cases_put_into(&go->report->cases, &mark, package);
}

/* Behind "ok  \t", "FAIL\t" or "?   \t": "package\t0.1s" */
static bool
take_package(struct gotext *go, const char *text, size_t len, char how)
{
	size_t name_len = 0;
	char *name;

	while (
	    name_len < len && text[name_len] != '\t' && text[name_len] != ' ')
		name_len++;
	if (name_len == 0 || name_len == len)
		return false;
	close_case(go);
	name = xstrndup(text, name_len);
	go->report->found = true;
	if (how == 'F' && go->n_unnamed == 0) {
		struct test_case failed = {
			.name = xstrdup(name),
			.message = xstrndup(text, len),
			.is_error = true,
		};

		test_cases_fail(&go->report->cases, &failed);
	}
	if (how == 'F')
		name_package(go, name);
	if (how != '?' && !contains(text, len, "[no tests to run]"))
		go->has_tests = true;
	go->n_unnamed = 0;
	free(name);
	forget(go);
	return true;
}

/* What is said of a test is indented, by four spaces or more. */
static void
take_said(struct gotext *go, const char *text, size_t len)
{
	if (!report_skip(&text, &len, "    "))
		return;
	while (report_skip(&text, &len, "    "))
		;
	buffer_append(&go->said, text, len);
	buffer_append(&go->said, "\n", 1);
}

static void
take_line(void *reader, const char *text, size_t len)
{
	struct gotext *go = reader;
	const char *inner = text;
	size_t n = len;

	/* "--- FAIL:", "=== RUN" and such */
	go->report->has_begun = true;
	if (go->is_open && len > 7 && memcmp(text, "panic: ", 7) == 0)
		go->in_panic = go->report->busy = true;
	while (report_skip(&inner, &n, "    "))
		;
	if (report_skip(&inner, &n, "--- FAIL: "))
		take_case(go, inner, n, 'F');
	else if (report_skip(&inner, &n, "--- PASS: "))
		take_case(go, inner, n, 'P');
	else if (report_skip(&inner, &n, "--- SKIP: "))
		take_case(go, inner, n, 'S');
	else if (report_skip(&text, &len, "=== ")) {
		close_case(go);
		forget(go);
		go->is_verbose |= report_skip(&text, &len, "RUN ");
	} else if (report_skip(&text, &len, "ok  \t"))
		take_package(go, text, len, 'o');
	else if (report_skip(&text, &len, "FAIL\t"))
		take_package(go, text, len, 'F');
	else if (report_skip(&text, &len, "?   \t"))
		take_package(go, text, len, '?');
	else if (go->in_panic) {
		buffer_append(&go->said, text, len);
		buffer_append(&go->said, "\n", 1);
	} else if (go->is_open && len > 0 && *text != ' ' && *text != '\t')
		close_case(go);
	else if (go->is_open || go->is_verbose)
		take_said(go, text, len);
}

static void *
open_reader(struct report *report)
{
	struct gotext *go = xcalloc(1, sizeof *go);

	go->report = report;
	forget(go);
	return go;
}

static void
close_reader(void *reader)
{
	struct gotext *go = reader;

	close_case(go);
	go->report->counted =
	    go->report->found && (go->is_verbose || !go->has_tests);
	buffer_release(&go->said);
	free(go);
}

const struct report_format report_gotext = {
	.name = "gotext",
	.first = "--==okFA? ",
	.later = "  pa",
	.open = open_reader,
	.line = take_line,
	.close = close_reader,
};
