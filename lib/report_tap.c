/* SPDX-License-Identifier: MIT */
/*
 * TAP 12, 13 and 14 (https://testanything.org/), as bats, prove -v, Perl's
 * Test::More and node print it: "1..N", "ok 1 - name # SKIP why", "Bail out!",
 * YAML between "---" and "...", what is said in comments below a failure, and
 * subtests, indented by four spaces.
 *
 * "ok" begins many a line. So only an output with a plan, or with the version
 * before everything else, is TAP. Several reports may follow one another.
 *
 * Of a subtest its tests are counted, not the line that sums it up; but that
 * line decides: what failed in a subtest that is "ok" or TODO was meant to.
 */
#include "report.h"

#include <strings.h>

#include "buffer.h"
#include "memory.h"
#include "test_place.h"

enum { MAX_LEVELS = 16, INDENT = 4 };

struct level {
	size_t n_told, n_planned, last_number;
	bool has_plan;
	bool has_children;           /* since the last test of this level */
	struct test_cases_mark mark; /* before the first of them */
	size_t n_before;             /* all tests that were counted then */
};

struct tap {
	struct report *report;
	struct level levels[MAX_LEVELS];
	size_t depth; /* of the last line */
	bool has_version;
	/* The test that failed last: more may be said of it. */
	bool is_open;
	struct test_case failed;
	struct buffer message;
	size_t yaml; /* 1 + the indentation of the block; 0: in none */
};

struct point {
	bool ok;
	size_t number;    /* 0: none */
	const char *name; /* not NUL-terminated */
	size_t name_len;
	bool skip, todo;
};

static bool
is_space(char c)
{
	return c == ' ' || c == '\t';
}

static void
trim(const char **text, size_t *len)
{
	for (; *len > 0 && is_space(**text); --*len)
		++*text;
	while (*len > 0 && is_space((*text)[*len - 1]))
		--*len;
}

static char *
trimmed(const char *text, size_t len)
{
	trim(&text, &len);
	return xstrndup(text, len);
}

/* The failure is told, now that all is known of it. */
static void
close_case(struct tap *tap)
{
	if (!tap->is_open)
		return;
	tap->is_open = tap->report->busy = false;
	tap->yaml = 0;
	tap->failed.message = buffer_take(&tap->message);
	tap->message = BUFFER_INIT(TEST_CASES_RAW_BYTES);
	test_place_find(&tap->failed);
	test_cases_fail(&tap->report->cases, &tap->failed);
}

static void
end_levels(struct tap *tap, size_t depth)
{
	for (; tap->depth > depth; tap->depth--)
		tap->levels[tap->depth] = (struct level){ 0 };
}

/* All of one report is over. */
static void
end_document(struct tap *tap)
{
	const struct level *top = &tap->levels[0];

	close_case(tap);
	if (top->has_plan && top->n_told != top->n_planned)
		report_problem(tap->report,
		    "%zu tests were planned, %zu were told of", top->n_planned,
		    top->n_told);
	if (top->has_plan && (top->n_told > 0 || top->n_planned == 0))
		tap->report->found = tap->report->counted = true;
	if (tap->has_version)
		tap->report->found = tap->report->counted = true;
	if (tap->has_version && !top->has_plan)
		report_problem(tap->report, "there is no plan, such as 1..%zu",
		    top->n_told);
	end_levels(tap, 0);
	tap->levels[0] = (struct level){ 0 };
	tap->has_version = false;
}

static void
enter(struct tap *tap, size_t depth)
{
	end_levels(tap, depth);
	for (; tap->depth < depth; tap->depth++) {
		struct level *level = &tap->levels[tap->depth];

		if (!level->has_children) {
			level->has_children = true;
			level->mark = test_cases_mark(&tap->report->cases);
			level->n_before = test_cases_total(&tap->report->cases);
		}
	}
}

/* "# SKIP why" and "# TODO why" behind a name; \# is no directive. */
static size_t
find_directive(const char *text, size_t len, struct point *point)
{
	if (len == 0 || memchr(text, '#', len) == NULL)
		return len;
	for (size_t i = 0; i < len; i++) {
		size_t at = i + 1;

		if (text[i] == '\\') {
			i++;
			continue;
		}
		if (text[i] != '#' || (i > 0 && text[i - 1] != ' '))
			continue;
		while (at < len && text[at] == ' ')
			at++;
		if (len - at < 4)
			continue;
		point->skip = strncasecmp(text + at, "skip", 4) == 0;
		point->todo = strncasecmp(text + at, "todo", 4) == 0;
		if (point->skip || point->todo)
			return i;
	}
	return len;
}

/* bats --timing puts " # in 5 ms" behind the name. */
static void
cut_duration(struct point *point)
{
	static const char mark[] = " # in ", unit[] = " ms";
	const size_t mark_len = sizeof mark - 1, unit_len = sizeof unit - 1;
	size_t len = point->name_len;

	if (len < unit_len ||
	    memcmp(point->name + len - unit_len, unit, unit_len) != 0)
		return;
	len -= unit_len;
	while (len > 0 && point->name[len - 1] >= '0' &&
	    point->name[len - 1] <= '9')
		len--;
	if (len > mark_len &&
	    memcmp(point->name + len - mark_len, mark, mark_len) == 0)
		point->name_len = len - mark_len;
}

/* What follows "ok" or "not ok". */
static bool
parse_point(struct point *point, const char *text, size_t len)
{
	if (len > 0 && *text != ' ')
		return false;
	/* go says "ok", two spaces, a tab, a package */
	if (len > 1 && (text[1] == ' ' || text[1] == '\t'))
		return false;
	if (len > 0) {
		text++;
		len--;
	}
	if (report_skip_number(&text, &len, &point->number) && len > 0 &&
	    *text != ' ')
		return false;
	if (len > 0 && *text == ' ' && point->number > 0) {
		text++;
		len--;
	}
	report_skip(&text, &len, "- ");
	len = find_directive(text, len, point);
	trim(&text, &len);
	point->name = text;
	point->name_len = len;
	cut_duration(point);
	return true;
}

static void
open_case(struct tap *tap, const struct point *point)
{
	tap->failed = (struct test_case){ 0 };
	if (point->name_len > 0)
		tap->failed.name = xstrndup(point->name, point->name_len);
	else
		tap->failed.name = xasprintf("test %zu",
		    point->number > 0 ? point->number
				      : tap->levels[tap->depth].n_told);
	tap->is_open = tap->report->busy = true;
}

/* The line behind a subtest; false: it has to be counted itself. */
static bool
sum_up(struct tap *tap, struct level *level, const struct point *point)
{
	struct test_cases *cases = &tap->report->cases;
	bool failed = cases->n_failed + cases->n_errors >
	    level->mark.n_failed + level->mark.n_errors;
	char *name;

	if (test_cases_total(cases) == level->n_before)
		return false;
	if (point->ok || point->todo || point->skip) {
		test_cases_forgive(cases, &level->mark, !point->ok);
		return true;
	}
	name = xstrndup(point->name, point->name_len);
	test_cases_put_into(cases, &level->mark, name);
	free(name);
	return failed;
}

static void
count_point(struct tap *tap, struct level *level, const struct point *point)
{
	struct test_cases *cases = &tap->report->cases;
	bool is_sum = level->has_children && sum_up(tap, level, point);

	level->has_children = false;
	if (is_sum)
		return;
	if (point->skip || (point->todo && !point->ok)) {
		test_cases_skip(cases);
	} else if (!point->ok) {
		open_case(tap, point);
	} else {
		test_cases_pass(cases, NULL, 0, point->name, point->name_len);
	}
}

static bool
is_complete(const struct level *level)
{
	return level->has_plan && level->n_told >= level->n_planned;
}

static void
take_point(struct tap *tap, size_t depth, bool ok, const char *text, size_t len)
{
	struct point point = { .ok = ok };
	struct level *level = &tap->levels[depth];

	if (!parse_point(&point, text, len))
		return;
	close_case(tap);
	if (depth == 0 && point.number <= 1 && level->n_told > 0 &&
	    is_complete(level))
		end_document(tap);
	/* Unnumbered ones are too much like anything else. */
	if (point.number == 0 && !tap->levels[0].has_plan && !tap->has_version)
		return;
	tap->report->has_begun = true;
	enter(tap, depth);
	level->n_told++;
	if (point.number > level->last_number)
		level->last_number = point.number;
	count_point(tap, level, &point);
}

/* "1..5", "1..0 # SKIP why" */
static bool
take_plan(struct tap *tap, size_t depth, const char *text, size_t len)
{
	struct level *level = &tap->levels[depth];
	struct point rest = { 0 };
	size_t n;

	if (!report_skip(&text, &len, "1..") ||
	    !report_skip_number(&text, &len, &n))
		return false;
	while (report_skip(&text, &len, " "))
		;
	if (len > 0 && *text != '#')
		return false;
	find_directive(text, len, &rest);
	close_case(tap);
	if (depth == 0 && level->has_plan)
		end_document(tap);
	enter(tap, depth);
	level->has_plan = tap->report->has_begun = true;
	level->n_planned = n;
	if (depth == 0 && n == 0 && rest.skip)
		test_cases_skip(&tap->report->cases);
	return true;
}

static void
bail_out(struct tap *tap, const char *text, size_t len)
{
	struct test_case error = {
		.name = xstrdup("Bail out!"),
		.message = trimmed(text, len),
		.is_error = true,
	};

	if (!tap->has_version && !tap->levels[0].has_plan &&
	    !tap->report->found) {
		free(error.name);
		free(error.message);
		return;
	}
	close_case(tap);
	test_cases_fail(&tap->report->cases, &error);
	tap->report->found = tap->report->counted = true;
	/* What was planned cannot be missed. */
	tap->levels[0].n_planned = tap->levels[0].n_told;
}

static void
take_comment(struct tap *tap, const char *text, size_t len)
{
	report_skip(&text, &len, " ");
	if (report_skip(&text, &len, "Subtest:")) {
		close_case(tap);
		tap->report->has_begun = true;
	} else if (tap->is_open) {
		buffer_append(&tap->message, text, len);
		buffer_append(&tap->message, "\n", 1);
	}
}

/* "at: 'x.js:3'", "file: x.js", "line: 3" in a block of YAML */
static void
take_yaml_place(struct tap *tap, const char *text, size_t len)
{
	struct test_case *failed = &tap->failed;
	size_t line;

	if (failed->file == NULL && report_skip(&text, &len, "file: "))
		failed->file = trimmed(text, len);
	else if (failed->line == 0 && report_skip(&text, &len, "line: ") &&
	    report_skip_number(&text, &len, &line))
		failed->line = line;
	else if (failed->file == NULL && failed->line == 0 &&
	    (report_skip(&text, &len, "location: ") ||
		report_skip(&text, &len, "at: "))) {
		struct test_case place = { .message = trimmed(text, len) };

		for (char *c = place.message; *c != '\0'; c++)
			if (*c == '\'' || *c == '"')
				*c = ' ';
		test_place_find(&place);
		failed->file = place.file;
		failed->line = place.line;
		free(place.message);
	}
}

/* False: the block is over, without the end that it should have. */
static bool
take_yaml(struct tap *tap, const char *line, size_t len, size_t indent)
{
	size_t margin = tap->yaml - 1;

	if (indent < margin && indent < len) {
		tap->yaml = 0;
		return false;
	}
	if (indent == margin && len - indent >= 3 &&
	    memcmp(line + indent, "...", 3) == 0) {
		tap->yaml = 0;
		return true;
	}
	if (indent < margin)
		margin = indent;
	take_yaml_place(tap, line + indent, len - indent);
	buffer_append(&tap->message, line + margin, len - margin);
	buffer_append(&tap->message, "\n", 1);
	return true;
}

static void
take_line(void *reader, const char *line, size_t len)
{
	struct tap *tap = reader;
	size_t indent = 0, depth, n;
	const char *text;

	while (indent < len && line[indent] == ' ')
		indent++;
	if (tap->is_open && tap->yaml > 0 && take_yaml(tap, line, len, indent))
		return;
	text = line + indent;
	n = len - indent;
	depth = indent / INDENT;
	if (n == 0 || depth >= MAX_LEVELS)
		return;
	if (tap->is_open && n == 3 && memcmp(text, "---", 3) == 0)
		tap->yaml = indent + 1;
	else if (report_skip(&text, &n, "#"))
		take_comment(tap, text, n);
	else if (indent % INDENT != 0)
		return;
	else if (report_skip(&text, &n, "ok"))
		take_point(tap, depth, true, text, n);
	else if (report_skip(&text, &n, "not ok"))
		take_point(tap, depth, false, text, n);
	else if (take_plan(tap, depth, text, n))
		return;
	else if (report_skip(&text, &n, "Bail out!"))
		bail_out(tap, text, n);
	else if (depth == 0 && report_skip(&text, &n, "TAP version 1")) {
		end_document(tap);
		tap->has_version = tap->report->has_begun = true;
	}
}

static void *
open_reader(struct report *report)
{
	struct tap *tap = xcalloc(1, sizeof *tap);

	tap->report = report;
	tap->message = BUFFER_INIT(TEST_CASES_RAW_BYTES);
	return tap;
}

static void
close_reader(void *reader)
{
	struct tap *tap = reader;
	const struct level *top = &tap->levels[0];

	/* A line in the middle may be spoilt, and reports that are printed at
	 * the same time are mixed up; what lacks its end was cut off. */
	tap->report->lacks = tap->report->problem == NULL && top->has_plan &&
	    top->n_told < top->n_planned && top->last_number < top->n_planned;
	end_document(tap);
	buffer_release(&tap->message);
	free(tap);
}

const struct report_format report_tap = {
	.name = "tap",
	.first = "okno1.TA# ",
	.later = "  Ba",
	.open = open_reader,
	.line = take_line,
	.close = close_reader,
};
