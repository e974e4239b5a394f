/* SPDX-License-Identifier: MIT */
#include "report_junit.h"

#include <errno.h>
#include <expat.h>
#include <unistd.h>

#include "buffer.h"
#include "memory.h"
#include "test_place.h"

enum { MAX_DEPTH = 64, CHUNK = 64 * 1024, MAX_TOKEN = 256 * 1024 };

enum verdict { PASSED, FLAKY, SKIPPED, FAILED, BROKEN };

/* What a test case is told to have been, by the elements within. */
static const struct {
	const char *name;
	enum verdict verdict;
} verdicts[] = {
	{ "failure", FAILED },
	{ "error", BROKEN },
	{ "skipped", SKIPPED },
	{ "disabled", SKIPPED },
	{ "flakyFailure", FLAKY },
	{ "flakyError", FLAKY },
};

struct suite {
	bool is_open;
	char *name, *file;
};

struct junit {
	XML_Parser parser;
	struct report *report;
	const char *name;
	size_t depth;
	bool is_other; /* XML, but not this */
	bool is_junit;
	const char *problem;

	size_t suite_depth;                 /* of the innermost; 0: in none */
	struct suite suites[MAX_DEPTH + 1]; /* by their depth */
	size_t case_depth;                  /* 0: in none */
	struct test_case found;
	enum verdict verdict;
	size_t message_depth; /* 0: text is none of our business */
	struct buffer message;
	size_t short_len;     /* of it, that the attribute had */
	size_t output_depth;  /* the same as message_depth, */
	struct buffer output; /* of what the test printed */
};

static const char *
attribute(const char **attributes, const char *name)
{
	for (size_t i = 0; attributes[i] != NULL; i += 2)
		if (strcmp(attributes[i], name) == 0)
			return attributes[i + 1];
	return NULL;
}

static char *
copy(const char *text)
{
	return text != NULL && *text != '\0'
	    ? xstrndup(text, TEST_CASES_RAW_BYTES)
	    : NULL;
}

static void
stop(struct junit *junit, const char *problem)
{
	if (junit->problem == NULL)
		junit->problem = problem;
	XML_StopParser(junit->parser, XML_FALSE);
}

static void
begin_suite(struct junit *junit, const char **attributes)
{
	const char *file = attribute(attributes, "file");

	if (file == NULL || *file == '\0')
		file = attribute(attributes, "filepath");
	junit->suite_depth = junit->depth;
	junit->suites[junit->depth] = (struct suite){ true,
		copy(attribute(attributes, "name")), copy(file) };
	junit->is_junit = true;
}

/* The innermost; what follows is of the one around it. */
static void
end_suite(struct junit *junit)
{
	struct suite *suite = &junit->suites[junit->suite_depth];

	free(suite->name);
	free(suite->file);
	*suite = (struct suite){ 0 };
	do
		junit->suite_depth--;
	while (junit->suite_depth > 0 &&
	    !junit->suites[junit->suite_depth].is_open);
}

static const struct suite *
innermost(const struct junit *junit)
{
	return &junit->suites[junit->suite_depth];
}

static void
begin_case(struct junit *junit, const char **attributes)
{
	const char *class_name = attribute(attributes, "classname");
	const char *line = attribute(attributes, "line");
	const char *status = attribute(attributes, "status");
	long number = line != NULL ? strtol(line, NULL, 10) : 0;

	junit->case_depth = junit->depth;
	junit->verdict = PASSED;
	junit->found = (struct test_case){
		.name = copy(attribute(attributes, "name")),
		.suite = copy(
		    class_name != NULL ? class_name : innermost(junit)->name),
		.file = copy(attribute(attributes, "file")),
		.line = number > 0 ? (unsigned long)number : 0,
	};
	/* GoogleTest and ctest say so without an element. */
	if (status != NULL &&
	    (strcmp(status, "notrun") == 0 || strcmp(status, "disabled") == 0))
		junit->verdict = SKIPPED;
	buffer_clear(&junit->message);
	buffer_clear(&junit->output);
}

static void
append(struct junit *junit, const char *text, size_t len)
{
	if (len > 0)
		buffer_append(&junit->message, text, len);
}

/* The attribute says in short what the text says, or begins it. */
static void
begin_message(struct junit *junit, const char **attributes)
{
	const char *message = attribute(attributes, "message");

	buffer_clear(&junit->message);
	junit->short_len = 0;
	if (message != NULL && *message != '\0') {
		append(junit, message, strlen(message));
		append(junit, "\n", 1);
		junit->short_len = junit->message.len;
	}
	junit->message_depth = junit->depth;
}

static void
take_verdict(struct junit *junit, const char *name, const char **attributes)
{
	for (size_t i = 0; i < sizeof verdicts / sizeof verdicts[0]; i++) {
		if (strcmp(name, verdicts[i].name) != 0)
			continue;
		if (verdicts[i].verdict > junit->verdict) {
			junit->verdict = verdicts[i].verdict;
			begin_message(junit, attributes);
		}
		return;
	}
	if (strcmp(name, "system-out") == 0 || strcmp(name, "system-err") == 0)
		junit->output_depth = junit->depth;
}

static bool
is_suite(const char *name)
{
	return strcmp(name, "testsuite") == 0 ||
	    strcmp(name, "testsuites") == 0;
}

static void
on_start(void *context, const char *name, const char **attributes)
{
	struct junit *junit = context;

	if (++junit->depth > MAX_DEPTH) {
		stop(junit, "it is nested too deeply");
	} else if (junit->depth == 1 && !is_suite(name)) {
		junit->is_other = true;
		XML_StopParser(junit->parser, XML_FALSE);
	} else if (junit->depth == 1 && strcmp(name, "testsuites") == 0) {
		junit->is_junit = true;
	} else if (junit->case_depth > 0) {
		take_verdict(junit, name, attributes);
	} else if (strcmp(name, "testsuite") == 0) {
		begin_suite(junit, attributes);
	} else if (strcmp(name, "testcase") == 0) {
		begin_case(junit, attributes);
	} else if (junit->depth == junit->suite_depth + 1 &&
	    (strcmp(name, "failure") == 0 || strcmp(name, "error") == 0)) {
		/* Of the whole suite: it could not be set up. */
		junit->case_depth = junit->depth - 1;
		junit->verdict = PASSED;
		junit->found = (struct test_case){
			.name = copy(innermost(junit)->name),
		};
		take_verdict(junit, name, attributes);
	}
}

static void
drop_repetition(struct junit *junit)
{
	struct buffer *message = &junit->message;
	size_t len = junit->short_len;

	if (len < 2 || message->len < 2 * len - 1 ||
	    memcmp(message->data, message->data + len, len - 1) != 0)
		return;
	message->len -= len;
	memmove(message->data, message->data + len, message->len + 1);
}

static void
finish_message(struct junit *junit)
{
	struct test_case *found = &junit->found;

	drop_repetition(junit);
	/* ctest says no more than what was printed. */
	if (junit->message.len == 0 && junit->output.len > 0)
		append(junit, junit->output.data, junit->output.len);
	found->message = buffer_take(&junit->message);
	junit->message = BUFFER_INIT(TEST_CASES_RAW_BYTES);
	test_place_find(found);
	if (found->file == NULL)
		found->file = copy(innermost(junit)->file);
}

static void
end_case(struct junit *junit)
{
	struct test_cases *cases = &junit->report->cases;
	struct test_case *found = &junit->found;

	junit->case_depth = 0;
	junit->message_depth = junit->output_depth = 0;
	if (junit->verdict >= FAILED || junit->verdict == FLAKY) {
		finish_message(junit);
		found->is_error = junit->verdict == BROKEN;
		if (junit->verdict == FLAKY)
			test_cases_pass_late(cases, found);
		else
			test_cases_fail(cases, found);
	} else if (junit->verdict == SKIPPED) {
		test_cases_skip(cases);
	} else {
		test_cases_pass(cases, found->suite,
		    found->suite != NULL ? strlen(found->suite) : 0,
		    found->name != NULL ? found->name : "",
		    found->name != NULL ? strlen(found->name) : 0);
	}
	free(found->suite);
	free(found->name);
	free(found->file);
	free(found->message);
	*found = (struct test_case){ 0 };
}

static void
on_end(void *context, const char *name)
{
	struct junit *junit = context;

	(void)name;
	if (junit->message_depth == junit->depth)
		junit->message_depth = 0;
	if (junit->output_depth == junit->depth)
		junit->output_depth = 0;
	if (junit->case_depth > 0 && junit->depth <= junit->case_depth + 1 &&
	    (junit->depth == junit->case_depth ||
		junit->case_depth == junit->suite_depth))
		end_case(junit);
	if (junit->suite_depth > 0 && junit->depth == junit->suite_depth)
		end_suite(junit);
	junit->depth--;
}

static void
on_text(void *context, const char *text, int len)
{
	struct junit *junit = context;

	if (junit->message_depth > 0)
		append(junit, text, (size_t)len);
	else if (junit->output_depth > 0)
		buffer_append(&junit->output, text, (size_t)len);
}

static void
on_doctype(void *context, const char *name, const char *system_id,
    const char *public_id, int has_internal_subset)
{
	(void)name;
	(void)system_id;
	(void)public_id;
	(void)has_internal_subset;
	stop(context, "it has a DOCTYPE, which no report needs");
}

/* A tag that is not whole is read again with every piece. */
static bool
is_too_large(struct junit *junit, size_t n_read)
{
	XML_Index at = XML_GetCurrentByteIndex(junit->parser);

	return at >= 0 && n_read > (size_t)at + MAX_TOKEN;
}

static void
parse(struct junit *junit, int fd)
{
	size_t n_read = 0;
	ssize_t n;

	do {
		void *space = XML_GetBuffer(junit->parser, CHUNK);

		if (space == NULL) {
			junit->problem = "there is not enough memory";
			return;
		}
		do
			n = read(fd, space, CHUNK);
		while (n < 0 && errno == EINTR);
		if (n < 0) {
			junit->problem = strerror(errno);
			return;
		}
		n_read += (size_t)n;
		if (n_read > REPORT_JUNIT_MAX_BYTES) {
			junit->problem = "it is larger than 64 MiB, the rest "
					 "is not read";
			return;
		}
		if (XML_ParseBuffer(junit->parser, (int)n, n == 0) !=
		    XML_STATUS_OK)
			return;
		if (is_too_large(junit, n_read)) {
			junit->problem = "it has a tag larger than 256 KiB";
			return;
		}
	} while (n > 0);
}

static void
tell_problem(const struct junit *junit)
{
	enum XML_Error code = XML_GetErrorCode(junit->parser);
	const char *problem = junit->problem;

	if (problem == NULL && code != XML_ERROR_NONE)
		problem = XML_ErrorString(code);
	if (problem == NULL || junit->report->problem != NULL)
		return;
	junit->report->problem = xasprintf("%s:%lu:%lu: %s", junit->name,
	    (unsigned long)XML_GetCurrentLineNumber(junit->parser),
	    (unsigned long)XML_GetCurrentColumnNumber(junit->parser) + 1,
	    problem);
}

static void
release(struct junit *junit)
{
	XML_ParserFree(junit->parser);
	while (junit->suite_depth > 0)
		end_suite(junit);
	free(junit->found.suite);
	free(junit->found.name);
	free(junit->found.file);
	buffer_release(&junit->message);
	buffer_release(&junit->output);
}

bool
report_junit_read(struct report *report, int fd, const char *name)
{
	struct junit junit = {
		.parser = XML_ParserCreate(NULL),
		.report = report,
		.name = name,
		.message = BUFFER_INIT(TEST_CASES_RAW_BYTES),
		.output = BUFFER_INIT(TEST_CASES_RAW_BYTES),
	};

	if (junit.parser == NULL) {
		report->problem = xasprintf("%s: not enough memory", name);
		return false;
	}
	report->cases.repeats = true;
	XML_SetUserData(junit.parser, &junit);
	XML_SetElementHandler(junit.parser, on_start, on_end);
	XML_SetCharacterDataHandler(junit.parser, on_text);
	XML_SetStartDoctypeDeclHandler(junit.parser, on_doctype);
	parse(&junit, fd);
	if (!junit.is_other) {
		tell_problem(&junit);
		report->found |= junit.is_junit;
		report->counted |= junit.is_junit;
	}
	release(&junit);
	return !junit.is_other;
}
