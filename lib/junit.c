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

/* Masked first: what is escaped no longer looks like a secret. */
static void
append_escaped(struct writer *out, const char *text)
{
	char *masked;
	size_t len;

	if (text == NULL)
		return;
	masked = mask_text(out->mask, text, strlen(text), &len);
	for (size_t i = 0; i < len; i++)
		append_character(&out->text, masked + i);
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
append_suite(
    struct writer *out, const char *suite, jv cases, double duration_seconds)
{
	size_t n = json_array_length(cases, NULL), failed = 0, skipped = 0;
	char *counts;

	for (size_t i = 0; i < n; i++) {
		jv test = json_element(cases, i);

		if (json_boolean(test, "skipped", false))
			skipped++;
		else
			failed += !json_boolean(test, "success", true);
		jv_free(test);
	}
	counts = xasprintf("tests=\"%zu\" failures=\"%zu\" errors=\"0\" "
			   "skipped=\"%zu\" time=\"%.3f\"",
	    n, failed, skipped, duration_seconds);
	buffer_appendf(
	    &out->text, "<testsuites %s>\n  <testsuite name=\"", counts);
	append_escaped(out, suite);
	buffer_appendf(&out->text, "\" %s>\n", counts);
	for (size_t i = 0; i < n; i++) {
		jv test = json_element(cases, i);

		append_case(out, suite, test);
		jv_free(test);
	}
	buffer_append_string(&out->text, "  </testsuite>\n</testsuites>\n");
	free(counts);
}

struct error *
junit_write(const char *path, const char *suite, jv cases,
    double duration_seconds, const struct mask *mask)
{
	struct writer out = { .text = BUFFER_INIT(MAX_BYTES), .mask = mask };
	struct error *error;

	buffer_append_string(
	    &out.text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	append_suite(&out, suite, cases, duration_seconds);
	error = file_replace(path, out.text.data, out.text.len, 0600);
	buffer_release(&out.text);
	return error;
}
