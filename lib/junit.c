/* SPDX-License-Identifier: MIT */
#include "junit.h"

#include "buffer.h"
#include "file.h"
#include "json.h"
#include "memory.h"

enum { MAX_BYTES = 32 * 1024 * 1024 };

struct writer {
	struct buffer text;
	const struct mask *mask;
};

/* XML 1.0 has no way to write most control characters. */
static void
append_character(struct buffer *out, const char *text)
{
	unsigned char c = (unsigned char)*text;

	if (c == '&')
		buffer_append_string(out, "&amp;");
	else if (c == '<')
		buffer_append_string(out, "&lt;");
	else if (c == '>')
		buffer_append_string(out, "&gt;");
	else if (c == '"')
		buffer_append_string(out, "&quot;");
	else if (c == '\n' || c == '\t')
		buffer_appendf(out, "&#%d;", c);
	else if (c < ' ')
		buffer_append_string(out, "?");
	else
		buffer_append(out, text, 1);
}

/* U+FFFE and U+FFFF, which no XML has. */
static bool
is_noncharacter(const char *text, size_t len)
{
	return len >= 3 && memcmp(text, "\xef\xbf", 2) == 0 &&
	    (unsigned char)text[2] >= 0xbe;
}

/* Masked first: what is escaped no longer looks like a secret. */
static void
append_escaped(struct writer *out, const char *text)
{
	char *masked;
	size_t len;

	if (text == NULL)
		return;
	masked = mask_text(out->mask, text, strlen(text), &len);
	for (size_t i = 0; i < len; i++) {
		if (is_noncharacter(masked + i, len - i)) {
			buffer_append_string(&out->text, "?");
			i += 2;
		} else {
			append_character(&out->text, masked + i);
		}
	}
	free(masked);
}

static void
append_output(struct writer *out, jv test, const char *member, const char *tag)
{
	const char *text = json_string(test, member);

	if (text == NULL || *text == '\0')
		return;
	buffer_appendf(&out->text, "      <%s>", tag);
	append_escaped(out, text);
	buffer_appendf(&out->text, "</%s>\n", tag);
}

/* How it failed: in its own words, or by how it ended. */
static void
append_failure(struct writer *out, jv test)
{
	const char *message = json_string(test, "message");
	const char *end = json_string(test, "end");

	buffer_append_string(&out->text, "      <failure message=\"");
	if (message != NULL)
		append_escaped(out, message);
	else if (end != NULL && strcmp(end, "exited") == 0)
		buffer_appendf(&out->text, "exit code %.0f",
		    json_number(test, "exit_code", 0));
	else
		append_escaped(out, end);
	buffer_append_string(&out->text, "\"/>\n");
}

static void
append_verdict(struct writer *out, jv test)
{
	if (json_boolean(test, "skipped", false)) {
		buffer_append_string(&out->text, "      <skipped message=\"");
		append_escaped(out, json_string(test, "reason"));
		buffer_append_string(&out->text, "\"/>\n");
	} else if (!json_boolean(test, "success", true)) {
		append_failure(out, test);
	}
}

static void
append_case(struct writer *out, const char *suite, jv test)
{
	const char *name = json_string(test, "name");
	const char *command = json_string(test, "command");

	buffer_append_string(&out->text, "    <testcase classname=\"");
	append_escaped(out, suite);
	buffer_append_string(&out->text, "\" name=\"");
	append_escaped(out, name != NULL ? name : command);
	buffer_appendf(&out->text, "\" time=\"%.3f\">\n",
	    json_number(test, "duration_seconds", 0));
	append_verdict(out, test);
	append_output(out, test, "stdout", "system-out");
	append_output(out, test, "stderr", "system-err");
	buffer_append_string(&out->text, "    </testcase>\n");
}

static void
append_suite(struct writer *out, const char *suite, junit_case *get,
    void *context, size_t n, double duration_seconds)
{
	size_t failed = 0, skipped = 0;
	char *counts;

	for (size_t i = 0; i < n; i++) {
		jv test = get(context, i);

		if (json_boolean(test, "skipped", false))
			skipped++;
		else
			failed += !json_boolean(test, "success", true);
		jv_free(test);
	}
	counts = xasprintf("tests=\"%zu\" failures=\"%zu\" errors=\"0\" "
			   "skipped=\"%zu\" time=\"%.3f\"",
	    n, failed, skipped, duration_seconds);
	buffer_append_string(&out->text, "  <testsuite name=\"");
	append_escaped(out, suite);
	buffer_appendf(&out->text, "\" %s>\n", counts);
	for (size_t i = 0; i < n; i++) {
		jv test = get(context, i);

		append_case(out, suite, test);
		jv_free(test);
	}
	buffer_append_string(&out->text, "  </testsuite>\n");
	free(counts);
}

/* name="..." of a tag, of a member that is a string; "" where it is none. */
static void
append_attribute(
    struct writer *out, const char *name, jv object, const char *member)
{
	const char *text = json_string(object, member);

	if (text == NULL)
		return;
	buffer_appendf(&out->text, " %s=\"", name);
	append_escaped(out, text);
	buffer_append_string(&out->text, "\"");
}

/* One test of a command: the tag is "failure", "error" or "flakyFailure". */
static void
append_test(struct writer *out, jv test, const char *tag)
{
	const char *message = json_string(test, "message");
	double line = json_number(test, "line", 0);

	buffer_append_string(&out->text, "    <testcase");
	append_attribute(out, "classname", test, "suite");
	append_attribute(out, "name", test, "name");
	append_attribute(out, "file", test, "file");
	if (line > 0)
		buffer_appendf(&out->text, " line=\"%.0f\"", line);
	buffer_appendf(&out->text, ">\n      <%s>", tag);
	append_escaped(out, message);
	buffer_appendf(&out->text, "</%s>\n    </testcase>\n", tag);
}

static void
append_tests(struct writer *out, jv tests, bool failed)
{
	size_t n = json_array_length(tests, NULL);

	for (size_t i = 0; i < n; i++) {
		jv test = json_element(tests, i);

		append_test(out, test,
		    !failed                                  ? "flakyFailure"
			: json_boolean(test, "error", false) ? "error"
							     : "failure");
		jv_free(test);
	}
}

static size_t
count_errors(jv tests)
{
	size_t n = json_array_length(tests, NULL), n_errors = 0;

	for (size_t i = 0; i < n; i++) {
		jv test = json_element(tests, i);

		n_errors += json_boolean(test, "error", false);
		jv_free(test);
	}
	return n_errors;
}

static void
append_properties(struct writer *out, jv command)
{
	static const char *const names[] = { "total", "passed", "failed",
		"errors", "skipped", "flaky" };
	jv counts = json_get(command, "counts");

	if (jv_get_kind(counts) == JV_KIND_OBJECT) {
		buffer_append_string(&out->text, "    <properties>\n");
		for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
			buffer_appendf(&out->text,
			    "      <property name=\"%s\" value=\"%.0f\"/>\n",
			    names[i], json_number(counts, names[i], 0));
		buffer_append_string(&out->text, "    </properties>\n");
	}
	jv_free(counts);
}

/* What is known of the tests that a command has run. */
static void
append_inner_suite(struct writer *out, jv command)
{
	jv failed = json_get(command, "failed_cases");
	jv flaky = json_get(command, "flaky_cases");
	size_t n_failed = json_array_length(failed, NULL);
	size_t n_flaky = json_array_length(flaky, NULL);
	size_t n_errors = count_errors(failed);

	if (json_number(command, "counts.total", 0) > 0 ||
	    n_failed + n_flaky > 0) {
		buffer_append_string(&out->text, "  <testsuite");
		append_attribute(out, "name", command, "command");
		buffer_appendf(&out->text,
		    " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" "
		    "skipped=\"0\" time=\"%.3f\">\n",
		    n_failed + n_flaky, n_failed - n_errors, n_errors,
		    json_number(command, "duration_seconds", 0));
		append_properties(out, command);
		append_tests(out, failed, true);
		append_tests(out, flaky, false);
		buffer_append_string(&out->text, "  </testsuite>\n");
	}
	jv_free(flaky);
	jv_free(failed);
}

static void
append_inner_suites(struct writer *out, jv commands)
{
	size_t n = json_array_length(commands, NULL);

	for (size_t i = 0; i < n; i++) {
		jv command = json_element(commands, i);

		append_inner_suite(out, command);
		jv_free(command);
	}
}

static jv
get_element(void *cases, size_t n)
{
	return json_element(*(jv *)cases, n);
}

static void
begin(struct writer *out)
{
	buffer_append_string(
	    &out->text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	buffer_append_string(&out->text, "<testsuites>\n");
}

static struct error *
end(struct writer *out, const char *path)
{
	struct error *error;

	buffer_append_string(&out->text, "</testsuites>\n");
	error = file_replace(path, out->text.data, out->text.len, 0600);
	buffer_release(&out->text);
	return error;
}

struct error *
junit_write(const char *path, const char *suite, jv cases,
    double duration_seconds, const struct mask *mask)
{
	struct writer out = { .text = BUFFER_INIT(MAX_BYTES), .mask = mask };

	begin(&out);
	append_suite(&out, suite, get_element, &cases,
	    json_array_length(cases, NULL), duration_seconds);
	append_inner_suites(&out, cases);
	return end(&out, path);
}

struct error *
junit_write_each(const char *path, const char *suite, junit_case *get,
    void *context, size_t n, double duration_seconds, const struct mask *mask)
{
	struct writer out = { .text = BUFFER_INIT(MAX_BYTES), .mask = mask };

	begin(&out);
	append_suite(&out, suite, get, context, n, duration_seconds);
	return end(&out, path);
}
