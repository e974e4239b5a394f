/* SPDX-License-Identifier: MIT */
#include "summary.h"

#include <unistd.h>

#include "clock.h"
#include "file.h"
#include "json.h"
#include "memory.h"
#include "text.h"

struct summary {
	struct buffer *out;
	const struct document *doc;
	enum summary_format format;
};

static void
append(struct summary *summary, const char *text)
{
	text_append_harmless(summary->out, text, strlen(text));
}

/* A fact: its name, and text for it. */
static void
append_fact(struct summary *summary, const char *name, const char *text)
{
	if (summary->format == SUMMARY_MARKDOWN)
		buffer_appendf(summary->out, "- **%s**: ", name);
	else
		buffer_appendf(summary->out, "  %-10s ", name);
	append(summary, text);
	buffer_append_string(summary->out, "\n");
}

static void
append_string_fact(struct summary *summary, const char *name, const char *path)
{
	const char *text = document_string(summary->doc, path);

	if (text != NULL)
		append_fact(summary, name, text);
}

static double
number(const struct summary *summary, const char *path)
{
	return json_number(document_value(summary->doc), path, 0);
}

static void
append_title(struct summary *summary)
{
	const char *spec = document_string(summary->doc, "spec_name");
	bool markdown = summary->format == SUMMARY_MARKDOWN;

	buffer_append_string(summary->out, markdown ? "# Task " : "Task ");
	append(summary, document_string(summary->doc, "task_id"));
	if (spec != NULL) {
		buffer_append_string(summary->out, " of ");
		append(summary, spec);
	}
	buffer_append_string(summary->out, ": ");
	append(summary, document_string(summary->doc, "title"));
	buffer_append_string(summary->out, markdown ? "\n\n" : "\n");
}

static void
append_end(struct summary *summary)
{
	const char *message = document_string(summary->doc, "error.message");
	const char *stage = document_string(summary->doc, "error.stage");
	const char *type = document_string(summary->doc, "error.type");
	char duration[CLOCK_TEXT_SIZE];

	clock_format_duration(duration, number(summary, "duration_seconds"));
	if (!document_failed(summary->doc)) {
		buffer_appendf(summary->out, "Done in %s.\n\n", duration);
		return;
	}
	buffer_appendf(summary->out, "Failed after %s", duration);
	if (stage != NULL) {
		buffer_append_string(summary->out, " in ");
		append(summary, stage);
	}
	if (type != NULL) {
		buffer_append_string(summary->out, ", ");
		append(summary, type);
	}
	buffer_append_string(summary->out, ": ");
	append(summary, message != NULL ? message : "it does not say why");
	buffer_append_string(summary->out, "\n\n");
}

static void
append_changes(struct summary *summary)
{
	jv files =
	    json_get(document_value(summary->doc), "impl_result.files_changed");
	bool known = jv_get_kind(files) == JV_KIND_ARRAY;
	size_t n = (size_t)json_number(document_value(summary->doc),
	    "impl_result.files_changed_count",
	    (double)json_array_length(files, NULL));
	char *text = xasprintf("%zu file%s, +%.0f -%.0f lines", n,
	    n == 1 ? "" : "s", number(summary, "impl_result.lines_added"),
	    number(summary, "impl_result.lines_removed"));

	if (known)
		append_fact(summary, "changes", text);
	free(text);
	jv_free(files);
}

/* "3 of 120 tests failed, 2 skipped", as far as it is known. */
static void
append_counts(struct buffer *text, jv result)
{
	double n_failed = json_number(result, "counts.failed", 0) +
	    json_number(result, "counts.errors", 0);
	double total = json_number(result, "counts.total", -1);
	double n_skipped = json_number(result, "counts.skipped", 0);
	double n_flaky = json_number(result, "counts.flaky", 0);

	if (total >= 0 && n_failed > 0)
		buffer_appendf(text, ": %.0f of %.0f test%s failed", n_failed,
		    total, total == 1 ? "" : "s");
	else if (total >= 0)
		buffer_appendf(text, ": %.0f test%s passed", total - n_skipped,
		    total - n_skipped == 1 ? "" : "s");
	if (n_skipped > 0)
		buffer_appendf(text, ", %.0f skipped", n_skipped);
	if (n_flaky > 0)
		buffer_appendf(text, ", %.0f flaky", n_flaky);
}

static const char *
test_verdict(jv result)
{
	const char *status = json_string(result, "status");

	if (status != NULL && strcmp(status, "no_tests") == 0)
		return "NO TESTS";
	if (status != NULL && strcmp(status, "all_skipped") == 0)
		return "ALL SKIPPED";
	if (!json_boolean(result, "success", false))
		return "FAILED";
	return json_boolean(result, "flaky", false) ? "flaky" : "passed";
}

/* The first tests of a list, a line each. */
static void
append_cases(
    struct summary *summary, jv result, const char *list, const char *name)
{
	enum { MAX_CASES = 5 };
	jv cases = json_get(result, list);
	size_t n = json_array_length(cases, NULL);

	for (size_t i = 0; i < n && i < MAX_CASES; i++) {
		jv item = json_element(cases, i);
		const char *label = json_string(item, "name");
		const char *file = json_string(item, "file");
		double line = json_number(item, "line", 0);
		struct buffer text = BUFFER_INIT(2048);

		buffer_append_string(&text, label != NULL ? label : "");
		if (file != NULL)
			buffer_appendf(&text, " (%s", file);
		if (file != NULL && line > 0)
			buffer_appendf(&text, ":%.0f", line);
		if (file != NULL)
			buffer_append_string(&text, ")");
		append_fact(summary, name, text.data);
		buffer_release(&text);
		jv_free(item);
	}
	jv_free(cases);
}

static void
append_test(struct summary *summary, jv result)
{
	char duration[CLOCK_TEXT_SIZE];
	const char *command = json_string(result, "command");
	struct buffer text = BUFFER_INIT(DOCUMENT_MAX_BYTES);

	clock_format_duration(
	    duration, json_number(result, "duration_seconds", 0));
	buffer_appendf(&text, "%s: %s (%s)", test_verdict(result),
	    command != NULL ? command : "", duration);
	append_counts(&text, result);
	append_fact(summary, "test", text.data);
	buffer_release(&text);
	append_cases(summary, result, "failed_cases", "failed");
	append_cases(summary, result, "flaky_cases", "flaky");
}

static void
append_playbook(struct summary *summary)
{
	jv result = json_get(document_value(summary->doc), "playbook_result");
	const char *name = json_string(result, "playbook_name");
	char duration[CLOCK_TEXT_SIZE], *text;

	if (name != NULL) {
		clock_format_duration(
		    duration, json_number(result, "total_duration_seconds", 0));
		text = xasprintf("%s: %s (%s)",
		    json_boolean(result, "success", false) ? "passed"
							   : "FAILED",
		    name, duration);
		append_fact(summary, "playbook", text);
		free(text);
	}
	jv_free(result);
}

static void
append_tests(struct summary *summary)
{
	jv results =
	    json_get(document_value(summary->doc), "test_result.test_results");
	size_t n = json_array_length(results, NULL);

	for (size_t i = 0; i < n; i++) {
		jv result = json_element(results, i);

		append_test(summary, result);
		jv_free(result);
	}
	jv_free(results);
}

static void
append_attempts(struct summary *summary)
{
	size_t n = json_array_length(
	    document_value(summary->doc), "impl_result.attempts");
	char *text = xasprintf("%zu", n);

	if (n > 1)
		append_fact(summary, "attempts", text);
	free(text);
}

/* Which agent it was, and what it used: of a command nothing is known. */
static void
append_agent(struct summary *summary)
{
	const struct document *doc = summary->doc;
	const char *driver = document_string(doc, "impl_result.driver");
	const char *model = document_string(doc, "impl_result.llm_model");
	double cost =
	    json_number(document_value(doc), "impl_result.cost_usd", -1);
	struct buffer text = BUFFER_INIT(1024);

	if (driver == NULL || strcmp(driver, "command") == 0)
		return;
	buffer_append_string(&text, driver);
	if (model != NULL)
		buffer_appendf(&text, " with %s", model);
	if (number(summary, "impl_result.tokens_used") > 0)
		buffer_appendf(&text,
		    ": %.0f tokens in (%.0f of them cached), %.0f out",
		    number(summary, "impl_result.usage.input_tokens"),
		    number(summary, "impl_result.usage.cached_tokens"),
		    number(summary, "impl_result.usage.output_tokens"));
	if (cost >= 0)
		buffer_appendf(&text, ", %.4f USD", cost);
	append_fact(summary, "agent", text.data);
	buffer_release(&text);
}

/* The directory that the artifacts lie in together. */
static void
append_artifacts(struct summary *summary)
{
	jv artifacts = json_get(document_value(summary->doc), "artifacts");
	jv first = json_element(artifacts, 0);
	const char *uri = json_string(first, "uri");
	const char *slash = uri != NULL ? strrchr(uri, '/') : NULL;
	char *place;

	if (slash != NULL) {
		bool plain =
		    strncmp(uri, "file://", 7) == 0 && strchr(uri, '%') == NULL;

		place = xstrndup(uri, (size_t)(slash - uri));
		append_fact(summary, "artifacts", plain ? place + 7 : place);
		free(place);
	}
	jv_free(first);
	jv_free(artifacts);
}

/* A path as sh reads it. */
static char *
quoted(const char *path)
{
	struct buffer text = BUFFER_INIT(65536);

	if (path[strspn(path,
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"abcdefghijklmnopqrstuvwxyz0123456789"
		"/._-+,:@%")] == '\0')
		return xstrdup(path);
	buffer_append_string(&text, "'");
	for (const char *c = path; *c != '\0'; c++)
		buffer_append_string(
		    &text, *c == '\'' ? "'\\''" : (char[2]){ *c, '\0' });
	buffer_append_string(&text, "'");
	return buffer_take(&text);
}

static void
append_command(struct summary *summary, const char *command)
{
	bool markdown = summary->format == SUMMARY_MARKDOWN;

	buffer_append_string(summary->out, markdown ? "    " : "  ");
	append(summary, command);
	buffer_append_string(summary->out, "\n");
}

/* The changes where they are: pushed, or as they were left. */
static void
append_look(struct summary *summary)
{
	const struct document *doc = summary->doc;
	const char *path = document_workspace(doc);
	const char *base = document_string(doc, "workspace.base_commit");
	const char *commit = document_string(doc, "push_result.commit_hash");
	const char *saved = document_string(doc, "workspace.saved_ref");
	char *slot, *command;

	if (commit == NULL)
		commit = saved;
	if (path == NULL || commit == NULL || base == NULL)
		return;
	slot = quoted(path);
	command = xasprintf("git -C %s diff %.12s %.*s", slot, base,
	    commit == saved ? 300 : 12, commit);
	append_command(summary, command);
	free(command);
	free(slot);
}

/* A pipe made by hand has no log of its own. */
static void
append_log(struct summary *summary, const char *run_dir)
{
	char *path = file_join(run_dir, "run.log");
	char *log = quoted(path), *command;

	command = xasprintf("nr-log -f pretty <%s", log);
	if (access(path, R_OK) == 0)
		append_command(summary, command);
	free(command);
	free(log);
	free(path);
}

static void
append_next(struct summary *summary)
{
	const char *run_dir = document_string(summary->doc, "runner.run_dir");
	const char *id = run_dir != NULL ? strrchr(run_dir, '/') : NULL;
	char *dir, *command;

	buffer_append_string(summary->out, "\nNext:\n");
	if (summary->format == SUMMARY_MARKDOWN)
		buffer_append_string(summary->out, "\n");
	append_look(summary);
	if (id == NULL)
		return;
	append_log(summary, run_dir);
	if (!document_failed(summary->doc))
		return;
	dir = quoted(id + 1);
	command = xasprintf("nr-run --resume %s", dir);
	append_command(summary, command);
	free(command);
	free(dir);
}

static void
append_work(struct summary *summary)
{
	append_agent(summary);
	append_changes(summary);
	append_attempts(summary);
	append_playbook(summary);
	append_tests(summary);
}

void
summary_append_work(
    struct buffer *out, const struct document *doc, enum summary_format format)
{
	struct summary summary = { out, doc, format };

	append_work(&summary);
}

void
summary_append(
    struct buffer *out, const struct document *doc, enum summary_format format)
{
	struct summary summary = { out, doc, format };

	append_title(&summary);
	append_end(&summary);
	append_string_fact(&summary, "branch", "push_result.branch_name");
	append_string_fact(&summary, "commit", "push_result.commit_hash");
	append_string_fact(&summary, "request", "pull_request.url");
	append_work(&summary);
	append_string_fact(&summary, "saved", "workspace.saved_ref");
	append_artifacts(&summary);
	append_string_fact(&summary, "run", "runner.run_dir");
	append_next(&summary);
}
