/* SPDX-License-Identifier: MIT */
/*
 * go test -json: an event a line (go doc test2json), an object without
 * nesting: Time, Action, Package, Test, Elapsed, Output, FailedBuild; since Go
 * 1.24 also build-output with an ImportPath. Tests and their subtests are
 * counted alike, as gotestsum does. A package that fails without a test that
 * failed (it did not build, it panicked) is an error.
 *
 * Such output is large, so only what is needed of a line is looked at.
 */
#define _GNU_SOURCE /* memmem */
#include "report.h"

#include "buffer.h"
#include "json.h"
#include "memory.h"
#include "test_place.h"

enum {
	MAX_OPEN = 64, /* tests at a time of which output is kept */
	MAX_PACKAGES = 1024,
	OUTPUT_BYTES = 2048,
};

/* A JSON string in the line, without its quotes, as it is escaped. */
struct span {
	const char *text; /* NULL: there is none */
	size_t len;
};

struct event {
	struct span action, package, test, output, path;
};

/* What a test, or a package (its test is ""), has printed so far. */
struct running {
	struct span package, test; /* owned; NULL: this one is free */
	struct buffer output;      /* escaped */
	bool is_relevant;          /* it begins with what went wrong */
};

struct go {
	struct report *report;
	struct running running[MAX_OPEN];
	uint64_t failed[MAX_PACKAGES]; /* packages with a test that failed */
	size_t n_failed;
};

static bool
is(struct span span, const char *text)
{
	return span.text != NULL && strlen(text) == span.len &&
	    memcmp(span.text, text, span.len) == 0;
}

static bool
is_same(struct span one, struct span other)
{
	if (one.text == NULL || other.text == NULL)
		return one.len == other.len;
	return one.len == other.len &&
	    memcmp(one.text, other.text, one.len) == 0;
}

/* Behind the opening quote; false: it has no end. */
static bool
scan_string(struct span *string, const char **text, const char *end)
{
	const char *c = *text;

	string->text = c;
	for (;;) {
		const char *quote = memchr(c, '"', (size_t)(end - c));
		const char *slash;

		if (quote == NULL)
			return false;
		for (slash = quote; slash > string->text && slash[-1] == '\\';)
			slash--;
		c = quote + 1;
		if ((quote - slash) % 2 == 0) {
			string->len = (size_t)(quote - string->text);
			*text = c;
			return true;
		}
	}
}

/* A number, true, false or null. */
static void
skip_word(const char **text, const char *end)
{
	while (*text < end && **text != ',' && **text != '}')
		++*text;
}

static void
assign(struct event *event, struct span name, struct span value)
{
	if (is(name, "Action"))
		event->action = value;
	else if (is(name, "Package"))
		event->package = value;
	else if (is(name, "Test"))
		event->test = value;
	else if (is(name, "Output"))
		event->output = value;
	else if (is(name, "ImportPath"))
		event->path = value;
}

static bool
scan(struct event *event, const char *text, size_t len)
{
	const char *end = text + len;

	*event = (struct event){ 0 };
	/* JSON has no NUL, and names with one are cut where they are kept. */
	if (memchr(text, '\0', len) != NULL || !report_skip(&text, &len, "{\""))
		return false;
	for (;;) {
		struct span name, value = { 0 };

		if (!scan_string(&name, &text, end) || text == end ||
		    *text++ != ':' || text == end)
			return false;
		if (*text == '"') {
			text++;
			if (!scan_string(&value, &text, end))
				return false;
			assign(event, name, value);
		} else {
			skip_word(&text, end);
		}
		if (text + 1 == end && *text == '}')
			return event->action.text != NULL;
		if (text + 2 >= end || text[0] != ',' || text[1] != '"')
			return false;
		text += 2;
	}
}

/* As the string reads; the caller frees. */
static char *
decode(struct span string)
{
	char *quoted = xasprintf("\"%.*s\"", (int)string.len, string.text);
	const char *text;
	struct error *error;
	char *decoded;
	jv value;

	error = json_parse(&value, quoted, strlen(quoted), "a string");
	text = error == NULL ? json_string(value, NULL) : NULL;
	decoded =
	    text != NULL ? xstrdup(text) : xstrndup(string.text, string.len);
	error_free(error);
	jv_free(value);
	free(quoted);
	return decoded;
}

static struct running *
find_running(struct go *go, const struct event *event, bool make)
{
	struct running *unused = NULL;

	for (size_t i = 0; i < MAX_OPEN; i++) {
		struct running *running = &go->running[i];

		if (running->package.text == NULL) {
			unused = unused != NULL ? unused : running;
			continue;
		}
		if (is_same(running->test, event->test) &&
		    is_same(running->package, event->package))
			return running;
	}
	if (!make || unused == NULL)
		return NULL;
	*unused = (struct running){
		.package = { xstrndup(event->package.text, event->package.len),
		    event->package.len },
		.output = BUFFER_INIT(OUTPUT_BYTES),
	};
	unused->test.len = event->test.len;
	unused->test.text = xstrndup(
	    event->test.text != NULL ? event->test.text : "", event->test.len);
	return unused;
}

static void
free_span(struct span *span)
{
	void *text;

	memcpy(&text, &span->text, sizeof text);
	free(text);
	*span = (struct span){ 0 };
}

static void
end_running(struct running *running)
{
	if (running == NULL)
		return;
	free_span(&running->package);
	free_span(&running->test);
	buffer_release(&running->output);
}

static bool
has(struct span span, const char *text)
{
	return memmem(span.text, span.len, text, strlen(text)) != NULL;
}

/* "=== RUN   TestX", "--- FAIL: TestX (0.00s)": that is known. */
static bool
is_frame(struct span output)
{
	return (output.len > 4 && memcmp(output.text, "=== ", 4) == 0) ||
	    (output.len > 4 && memcmp(output.text, "--- ", 4) == 0);
}

/* Four spaces for each level of subtests. */
static struct span
without_indent(struct span output)
{
	while (output.len > 4 && memcmp(output.text, "    ", 4) == 0) {
		output.text += 4;
		output.len -= 4;
	}
	return output;
}

/* What a test says of a failure begins with its place: "x_test.go:7: ...".
 * What it printed before is of less use. */
static void
take_output(struct go *go, const struct event *event)
{
	struct span output = without_indent(event->output);
	struct running *running;
	bool is_relevant;

	if (output.text == NULL || is_frame(output))
		return;
	running = find_running(go, event, true);
	if (running == NULL)
		return;
	is_relevant = has(output, ".go:") || has(output, "panic: ");
	if (is_relevant && !running->is_relevant) {
		buffer_clear(&running->output);
		running->is_relevant = true;
	}
	if (running->output.len + output.len <= OUTPUT_BYTES)
		buffer_append(&running->output, output.text, output.len);
}

static uint64_t
hash_package(struct span package)
{
	uint64_t value = 0xcbf29ce484222325;

	for (size_t i = 0; i < package.len; i++)
		value =
		    (value ^ (unsigned char)package.text[i]) * 0x100000001b3;
	return value;
}

static bool
has_failed(const struct go *go, struct span package)
{
	uint64_t value = hash_package(package);

	for (size_t i = 0; i < go->n_failed; i++)
		if (go->failed[i] == value)
			return true;
	return false;
}

static void
fail(struct go *go, const struct event *event)
{
	struct running *running = find_running(go, event, false);
	bool is_package = event->test.text == NULL;
	struct test_case failed = {
		.suite = is_package ? NULL : decode(event->package),
		.name = decode(is_package ? event->package : event->test),
		.is_error = is_package,
	};

	if (running != NULL && running->output.len > 0)
		failed.message = decode(
		    (struct span){ running->output.data, running->output.len });
	test_place_find(&failed);
	test_cases_fail(&go->report->cases, &failed);
	if (!has_failed(go, event->package) && go->n_failed < MAX_PACKAGES)
		go->failed[go->n_failed++] = hash_package(event->package);
}

/* A package that ends. */
static void
end_package(struct go *go, const struct event *event)
{
	if (is(event->action, "fail") && !has_failed(go, event->package))
		fail(go, event);
}

/* By the name that it would have if it had failed. */
static void
pass(struct go *go, const struct event *event)
{
	char *package = decode(event->package), *test = decode(event->test);

	test_cases_pass(
	    &go->report->cases, package, strlen(package), test, strlen(test));
	free(package);
	free(test);
}

static bool
is_escaped(struct span span)
{
	return memchr(span.text, '\\', span.len) != NULL;
}

static void
end_test(struct go *go, const struct event *event)
{
	struct test_cases *cases = &go->report->cases;

	if (is(event->action, "fail"))
		fail(go, event);
	else if (is(event->action, "skip"))
		test_cases_skip(cases);
	else if (is_escaped(event->test) || is_escaped(event->package))
		pass(go, event);
	else
		test_cases_pass(cases, event->package.text, event->package.len,
		    event->test.text, event->test.len);
}

/* "package [package.test]" */
static struct span
first_word(struct span span)
{
	const char *space =
	    span.len > 0 ? memchr(span.text, ' ', span.len) : NULL;

	if (space != NULL)
		span.len = (size_t)(space - span.text);
	return span;
}

/* "FAIL\tpackage [build failed]": before Go 1.20 that is no event. */
static void
take_text(struct go *go, const char *text, size_t len)
{
	struct span rest = { text, len };
	struct event event = { 0 };

	if (!go->report->found || !report_skip(&rest.text, &rest.len, "FAIL\t"))
		return;
	event.package = first_word(rest);
	if (event.package.len < rest.len && !has_failed(go, event.package))
		fail(go, &event);
}

static void
take_line(void *reader, const char *text, size_t len)
{
	struct go *go = reader;
	struct event event;

	if (len > 0 && *text == 'F')
		take_text(go, text, len);
	if (!scan(&event, text, len))
		return;
	/* What the compiler said belongs to the package that it is of. */
	if (event.package.text == NULL)
		event.package = first_word(event.path);
	if (event.package.text == NULL)
		return;
	if (is(event.action, "output") || is(event.action, "build-output")) {
		take_output(go, &event);
		return;
	}
	if (!is(event.action, "pass") && !is(event.action, "fail") &&
	    !is(event.action, "skip"))
		return;
	go->report->found = go->report->counted = true;
	go->report->has_begun = true;
	if (event.test.text != NULL)
		end_test(go, &event);
	else
		end_package(go, &event);
	end_running(find_running(go, &event, false));
}

static void *
open_reader(struct report *report)
{
	struct go *go = xcalloc(1, sizeof *go);

	go->report = report;
	report->cases.repeats = true;
	return go;
}

static void
close_reader(void *reader)
{
	struct go *go = reader;

	for (size_t i = 0; i < MAX_OPEN; i++)
		end_running(&go->running[i]);
	free(go);
}

const struct report_format report_go = {
	.name = "go",
	.first = "{\"",
	.later = "FA",
	.open = open_reader,
	.line = take_line,
	.close = close_reader,
};
