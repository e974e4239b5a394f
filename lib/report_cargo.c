/* SPDX-License-Identifier: MIT */
/*
 * What libtest prints, the harness of Rust's tests (library/test in the Rust
 * repository, formatters/pretty.rs and terse.rs): for each binary "running 3
 * tests", "test a::b ... ok", the output of those that failed below
 * "---- a::b stdout ----", their names below "failures:", and "test result:
 * ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out". The last is
 * what counts.
 */
#define _GNU_SOURCE /* memmem */
#include "report.h"

#include "buffer.h"
#include "memory.h"
#include "test_place.h"

struct cargo {
	struct report *report;
	bool is_running;
	bool in_list; /* of failures: names, indented by four spaces */
	size_t n_failed_lines;
	struct test_cases_mark mark; /* before this binary */
	size_t n_passed, n_skipped;  /* the same */
	struct test_case_list failed;
	size_t told; /* 1 + the failure whose output is read; 0: none */
	struct buffer output;
};

static struct test_case *
find_failed(struct cargo *cargo, const char *name, size_t len)
{
	for (size_t i = 0; i < cargo->failed.n; i++) {
		struct test_case *item = &cargo->failed.items[i];

		if (strlen(item->name) == len &&
		    memcmp(item->name, name, len) == 0)
			return item;
	}
	return NULL;
}

static struct test_case *
add_failed(struct cargo *cargo, const char *name, size_t len)
{
	struct test_case *item = find_failed(cargo, name, len);
	struct test_case_list *list = &cargo->failed;

	if (item != NULL || list->n == TEST_CASES_MAX)
		return item;
	if (list->items == NULL)
		list->items = xcalloc(TEST_CASES_MAX, sizeof *list->items);
	item = &list->items[list->n++];
	*item = (struct test_case){ .name = xstrndup(name, len) };
	return item;
}

static void
end_output(struct cargo *cargo)
{
	struct test_case *item;

	if (cargo->told == 0)
		return;
	item = &cargo->failed.items[cargo->told - 1];
	cargo->told = 0;
	while (cargo->output.len > 0 &&
	    cargo->output.data[cargo->output.len - 1] == '\n')
		cargo->output.data[--cargo->output.len] = '\0';
	free(item->message);
	item->message = buffer_take(&cargo->output);
	cargo->output = BUFFER_INIT(TEST_CASES_RAW_BYTES);
	test_place_find(item);
}

/* All that is known of one binary. */
static void
end_binary(struct cargo *cargo)
{
	struct test_cases *cases = &cargo->report->cases;
	size_t n_failed = cargo->n_failed_lines;

	end_output(cargo);
	for (size_t i = 0; i < cargo->failed.n; i++)
		test_cases_fail(cases, &cargo->failed.items[i]);
	if (n_failed > cargo->failed.n)
		cases->n_failed = cargo->mark.n_failed + n_failed;
	cargo->failed.n = 0;
	cargo->n_failed_lines = 0;
	cargo->in_list = cargo->is_running = cargo->report->busy = false;
}

/* "running 3 tests" */
static bool
begin_binary(struct cargo *cargo, const char *text, size_t len)
{
	struct test_cases *cases = &cargo->report->cases;
	size_t n;

	if (!report_skip(&text, &len, "running ") ||
	    !report_skip_number(&text, &len, &n) ||
	    !report_skip(&text, &len, n == 1 ? " test" : " tests") || len > 0)
		return false;
	if (cargo->is_running) {
		cargo->report->lacks = true;
		report_problem(cargo->report,
		    "the tests before these have no 'test result:'");
		end_binary(cargo);
	}
	cargo->mark = test_cases_mark(cases);
	cargo->n_passed = cases->n_passed;
	cargo->n_skipped = cases->n_skipped;
	cargo->is_running = cargo->report->busy = true;
	return true;
}

static bool
ends_with(const char *text, size_t len, const char *end)
{
	size_t n = strlen(end);

	return len >= n && memcmp(text + len - n, end, n) == 0;
}

/* "a::b ... ok", "... FAILED", "... ignored, why", "... bench: 1 ns/iter" */
static void
take_test(struct cargo *cargo, const char *text, size_t len)
{
	static const char dots[] = " ... ";
	struct test_cases *cases = &cargo->report->cases;
	const char *at = memmem(text, len, dots, sizeof dots - 1);
	const char *rest;
	size_t name_len, rest_len;

	if (at == NULL)
		return;
	name_len = (size_t)(at - text);
	rest = at + sizeof dots - 1;
	rest_len = len - (size_t)(rest - text);
	if (ends_with(text, name_len, " - should panic"))
		name_len -= sizeof " - should panic" - 1;
	if (rest_len >= 7 && memcmp(rest, "ignored", 7) == 0) {
		test_cases_skip(cases);
	} else if (ends_with(rest, rest_len, "FAILED")) {
		cargo->n_failed_lines++;
		add_failed(cargo, text, name_len);
	} else if (ends_with(rest, rest_len, "ok") ||
	    (rest_len >= 6 && memcmp(rest, "bench:", 6) == 0)) {
		test_cases_pass(cases, NULL, 0, text, name_len);
	} else {
		return;
	}
	cargo->report->found = cargo->report->counted = true;
}

/* "ok. 3 passed; 1 failed; 1 ignored; 0 measured; ..." */
static void
take_result(struct cargo *cargo, const char *text, size_t len)
{
	struct test_cases *cases = &cargo->report->cases;
	size_t n_passed, n_failed, n_ignored, n_measured = 0;

	cargo->report->found = cargo->report->counted = true;
	if ((!report_skip(&text, &len, "ok. ") &&
		!report_skip(&text, &len, "FAILED. ")) ||
	    !report_skip_number(&text, &len, &n_passed) ||
	    !report_skip(&text, &len, " passed; ") ||
	    !report_skip_number(&text, &len, &n_failed) ||
	    !report_skip(&text, &len, " failed; ") ||
	    !report_skip_number(&text, &len, &n_ignored) ||
	    !report_skip(&text, &len, " ignored")) {
		report_problem(
		    cargo->report, "'test result:' is not understood");
		return;
	}
	if (report_skip(&text, &len, "; "))
		report_skip_number(&text, &len, &n_measured);
	cargo->n_failed_lines = n_failed;
	end_binary(cargo);
	cases->n_passed = cargo->n_passed + n_passed + n_measured;
	cases->n_skipped = cargo->n_skipped + n_ignored;
}

/* "---- a::b stdout ----" */
static bool
begin_output(struct cargo *cargo, const char *text, size_t len)
{
	static const char end[] = " stdout ----";
	struct test_case *item;

	if (!report_skip(&text, &len, "---- ") || !ends_with(text, len, end))
		return false;
	end_output(cargo);
	item = add_failed(cargo, text, len - (sizeof end - 1));
	if (item != NULL)
		cargo->told = 1 + (size_t)(item - cargo->failed.items);
	return true;
}

static void
take_line(void *reader, const char *text, size_t len)
{
	struct cargo *cargo = reader;

	if (begin_binary(cargo, text, len) || !cargo->is_running)
		return;
	if (report_skip(&text, &len, "test result: ")) {
		take_result(cargo, text, len);
	} else if (begin_output(cargo, text, len)) {
		cargo->in_list = false;
	} else if (len == 9 && memcmp(text, "failures:", 9) == 0) {
		end_output(cargo);
		cargo->in_list = true;
	} else if (cargo->told > 0) {
		if (len > 0 || cargo->output.len > 0) {
			buffer_append(&cargo->output, text, len);
			buffer_append(&cargo->output, "\n", 1);
		}
	} else if (cargo->in_list && report_skip(&text, &len, "    ")) {
		add_failed(cargo, text, len);
	} else if (report_skip(&text, &len, "test ")) {
		take_test(cargo, text, len);
	}
}

static void *
open_reader(struct report *report)
{
	struct cargo *cargo = xcalloc(1, sizeof *cargo);

	cargo->report = report;
	cargo->output = BUFFER_INIT(TEST_CASES_RAW_BYTES);
	return cargo;
}

static void
close_reader(void *reader)
{
	struct cargo *cargo = reader;

	if (cargo->is_running) {
		cargo->report->lacks = true;
		report_problem(
		    cargo->report, "the output ends before its 'test result:'");
		end_binary(cargo);
	}
	free(cargo->failed.items);
	buffer_release(&cargo->output);
	free(cargo);
}

const struct report_format report_cargo = {
	.name = "cargo",
	.first = "ru",
	.later = "",
	.open = open_reader,
	.line = take_line,
	.close = close_reader,
};
