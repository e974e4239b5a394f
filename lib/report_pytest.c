/* SPDX-License-Identifier: MIT */
/*
 * What pytest prints at its end (_pytest/terminal.py): a line for each test
 * that failed below "== short test summary info ==", "FAILED file::test - why",
 * and the counts, "== 1 failed, 2 passed in 0.12s ==". Of the section FAILURES
 * the lines that pytest marks with E are the message, and "file:7: Error" is
 * the place. pytest exits with 5 if it finds no tests.
 */
#define _GNU_SOURCE /* memmem */
#include "report.h"

#include "buffer.h"
#include "memory.h"
#include "test_place.h"

enum { NO_TESTS = 5 };

struct pytest {
	struct report *report;
	bool in_summary;
	struct test_cases_mark before; /* what was counted before this run */
	struct test_case_list details; /* of the section FAILURES */
	struct buffer said;            /* of the last of them */
};

/* "=== text ===", "___ text ___"; narrow to the text. */
static bool
take_frame(const char **text, size_t *len, char frame)
{
	const char *from = *text, *end = *text + *len;

	while (from < end && *from == frame)
		from++;
	while (end > from && end[-1] == frame)
		end--;
	if (from - *text < 2 || end - from < 3 || *from != ' ' ||
	    end[-1] != ' ')
		return false;
	*text = from + 1;
	*len = (size_t)(end - from) - 2;
	return true;
}

static bool
contains(const char *text, size_t len, const char *part)
{
	return memmem(text, len, part, strlen(part)) != NULL;
}

static void
end_detail(struct pytest *pytest)
{
	struct test_case *item;

	if (pytest->details.n == 0 || pytest->said.len == 0)
		return;
	item = &pytest->details.items[pytest->details.n - 1];
	free(item->message);
	item->message = buffer_take(&pytest->said);
	pytest->said = BUFFER_INIT(TEST_CASES_RAW_BYTES);
	pytest->report->busy = false;
}

/* "TestClass.test_x[1]", "ERROR at setup of test_x" */
static void
begin_detail(struct pytest *pytest, const char *text, size_t len)
{
	static const char *const words[] = { "ERROR collecting ",
		"ERROR at setup of ", "ERROR at teardown of " };
	struct test_case_list *list = &pytest->details;

	end_detail(pytest);
	buffer_clear(&pytest->said);
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (report_skip(&text, &len, words[i]))
			break;
	if (list->n == TEST_CASES_MAX)
		return;
	if (list->items == NULL)
		list->items = xcalloc(TEST_CASES_MAX, sizeof *list->items);
	list->items[list->n++] =
	    (struct test_case){ .name = xstrndup(text, len) };
	pytest->report->busy = true;
}

/* Of "file:7: Error" the first: what follows is called by the test. */
static void
take_detail(struct pytest *pytest, const char *text, size_t len)
{
	struct test_case *item;
	struct test_case place = { 0 };

	if (pytest->details.n == 0 || !pytest->report->busy)
		return;
	item = &pytest->details.items[pytest->details.n - 1];
	if (len > 1 && *text == 'E' && text[1] == ' ') {
		text++;
		len--;
		for (size_t i = 0; i < 3 && report_skip(&text, &len, " "); i++)
			;
		buffer_append(&pytest->said, text, len);
		buffer_append(&pytest->said, "\n", 1);
	} else if (item->file == NULL && len > 0 && *text != ' ' &&
	    *text != '>') {
		place.message = xstrndup(text, len);
		test_place_find(&place);
		free(place.message);
		item->file = place.file;
		item->line = place.line;
	}
}

/* "TestClass.test_x" are the last parts of "file::TestClass::test_x". */
static struct test_case *
find_detail(struct pytest *pytest, const char *name)
{
	for (size_t i = 0; i < pytest->details.n; i++) {
		struct test_case *item = &pytest->details.items[i];
		const char *one = item->name, *other = name;

		while (*one != '\0' && *other != '\0') {
			if (*one == *other)
				one++, other++;
			else if (*one == '.' && strncmp(other, "::", 2) == 0)
				one++, other += 2;
			else
				break;
		}
		if (*one == '\0' && *other == '\0')
			return item;
	}
	return NULL;
}

static void
move(char **to, char **from)
{
	if (*from != NULL && *to == NULL) {
		*to = *from;
		*from = NULL;
	}
}

/* "file::test - why" */
static void
take_failure(struct pytest *pytest, const char *text, size_t len, bool is_error)
{
	static const char dash[] = " - ";
	const char *why = memmem(text, len, dash, sizeof dash - 1);
	char *id = xstrndup(text, why != NULL ? (size_t)(why - text) : len);
	char *colons = strstr(id, "::");
	struct test_case failed = {
		.name = xstrdup(colons != NULL ? colons + 2 : id),
		.is_error = is_error,
	};
	struct test_case *detail = find_detail(pytest, failed.name);

	if (colons != NULL)
		*colons = '\0';
	failed.suite = xstrdup(id);
	if (detail != NULL) {
		move(&failed.message, &detail->message);
		move(&failed.file, &detail->file);
		failed.line = detail->line;
	} else {
		failed.file = xstrdup(id);
	}
	if (failed.message == NULL && why != NULL)
		failed.message =
		    xstrndup(why + 3, len - (size_t)(why + 3 - text));
	test_cases_fail(&pytest->report->cases, &failed);
	free(id);
}

/* One of the counts; false: no word of pytest's. */
static bool
add_count(struct test_cases *sum, const char *word, size_t len, size_t n)
{
	static const char *const others[] = { "deselected", "warning", "rerun",
		"subtests passed" };

	if (report_skip(&word, &len, "passed") ||
	    report_skip(&word, &len, "xpassed"))
		sum->n_passed += n;
	else if (report_skip(&word, &len, "failed"))
		sum->n_failed += n;
	else if (report_skip(&word, &len, "error"))
		sum->n_errors += n;
	else if (report_skip(&word, &len, "skipped") ||
	    report_skip(&word, &len, "xfailed"))
		sum->n_skipped += n;
	else {
		for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
			if (report_skip(&word, &len, others[i]))
				return true;
		return false;
	}
	return true;
}

/* "1 failed, 2 passed" */
static bool
parse_counts(struct test_cases *sum, const char *text, size_t len)
{
	size_t n;

	if (len == 12 && memcmp(text, "no tests ran", 12) == 0)
		return true;
	for (;;) {
		const char *comma;
		size_t word_len;

		if (!report_skip_number(&text, &len, &n) ||
		    !report_skip(&text, &len, " "))
			return false;
		comma = memchr(text, ',', len);
		word_len = comma != NULL ? (size_t)(comma - text) : len;
		if (!add_count(sum, text, word_len, n))
			return false;
		text += word_len;
		len -= word_len;
		if (len == 0)
			return true;
		if (!report_skip(&text, &len, ", "))
			return false;
	}
}

/* At the first glance, which most lines do not stand. */
static bool
may_be_counts(const char *text, size_t len)
{
	size_t n;

	if (report_skip(&text, &len, "no tests ran"))
		return true;
	return report_skip_number(&text, &len, &n) && len > 1 && *text == ' ' &&
	    strchr("pfesxdwr", text[1]) != NULL;
}

/* "1 failed, 2 passed in 0.12s", "no tests ran in 0.00s" */
static bool
take_counts(struct pytest *pytest, const char *text, size_t len)
{
	static const char in[] = " in ";
	struct test_cases *cases = &pytest->report->cases;
	struct test_cases sum = { 0 };
	const char *time;

	if (!may_be_counts(text, len))
		return false;
	time = memmem(text, len, in, sizeof in - 1);
	if (time == NULL || time + 4 == text + len || time[4] < '0' ||
	    time[4] > '9' || !parse_counts(&sum, text, (size_t)(time - text)))
		return false;
	cases->n_passed += sum.n_passed;
	cases->n_skipped += sum.n_skipped;
	cases->n_failed = pytest->before.n_failed + sum.n_failed;
	cases->n_errors = pytest->before.n_errors + sum.n_errors;
	pytest->before = test_cases_mark(cases);
	pytest->report->found = pytest->report->counted = true;
	pytest->in_summary = false;
	return true;
}

static void
take_line(void *reader, const char *text, size_t len)
{
	struct pytest *pytest = reader;

	if (take_frame(&text, &len, '=')) {
		end_detail(pytest);
		pytest->report->busy = false;
		if (!take_counts(pytest, text, len))
			pytest->in_summary =
			    contains(text, len, "short test summary");
	} else if (take_frame(&text, &len, '_')) {
		begin_detail(pytest, text, len);
	} else if (pytest->in_summary && report_skip(&text, &len, "FAILED ")) {
		take_failure(pytest, text, len, false);
	} else if (pytest->in_summary && report_skip(&text, &len, "ERROR ")) {
		take_failure(pytest, text, len, true);
	} else if (pytest->report->busy) {
		take_detail(pytest, text, len);
	} else {
		/* pytest -q draws no frames. */
		take_counts(pytest, text, len);
	}
}

static void *
open_reader(struct report *report)
{
	struct pytest *pytest = xcalloc(1, sizeof *pytest);

	pytest->report = report;
	pytest->said = BUFFER_INIT(TEST_CASES_RAW_BYTES);
	report->empty_exit_code = NO_TESTS;
	return pytest;
}

static void
close_reader(void *reader)
{
	struct pytest *pytest = reader;

	for (size_t i = 0; i < pytest->details.n; i++) {
		free(pytest->details.items[i].name);
		free(pytest->details.items[i].file);
		free(pytest->details.items[i].message);
	}
	free(pytest->details.items);
	buffer_release(&pytest->said);
	free(pytest);
}

const struct report_format report_pytest = {
	.name = "pytest",
	.first = "==__FAERno999 ",
	.later = "",
	.open = open_reader,
	.line = take_line,
	.close = close_reader,
};
