/* SPDX-License-Identifier: MIT */
#include "test_report.h"

#include "json.h"
#include "memory.h"
#include "string_list.h"

void
test_report_begin(struct test_report *report, char *const *patterns,
    const struct mask *mask, const struct test_cases *before)
{
	*report = (struct test_report){
		.junit = { .format = "junit" },
		.reports = jv_array(),
	};
	report_stream_open(&report->out, mask, before);
	report_stream_open(&report->err, mask, before);
	test_cases_init(&report->junit.cases, mask, before);
	test_cases_init(&report->cases, mask, before);
	report_files_begin(&report->files, patterns, &report->junit);
}

static void
see(void *context, const char *bytes, size_t len)
{
	report_stream_write(context, bytes, len);
}

void
test_report_observe(struct test_report *report, struct process_options *options)
{
	options->stdout_observer =
	    (struct process_observer){ see, &report->out };
	options->stderr_observer =
	    (struct process_observer){ see, &report->err };
}

/* An element of `reports`. */
static void
describe(struct test_report *whole, const struct report *report)
{
	jv object = json_set_string(jv_object(), "format", report->format);

	if (report->counted)
		object = json_set(
		    object, "counts", test_cases_counts(&report->cases));
	if (report->problem != NULL)
		object = json_set_string(object, "problem", report->problem);
	if (report == &whole->junit) {
		jv paths = jv_array();

		for (size_t i = 0; i < string_list_count(whole->files.paths);
		     i++)
			paths = jv_array_append(
			    paths, jv_string(whole->files.paths[i]));
		object = json_set(object, "files", paths);
		object = json_set_number(
		    object, "n_files", (double)whole->files.n_read);
	}
	whole->reports = jv_array_append(whole->reports, object);
}

static void
take(struct test_report *whole, struct report *report, struct test_cases *cases,
    bool *is_counted)
{
	if (!report->found && report->problem == NULL)
		return;
	/* Of output, what is wrong with what is no report matters not. */
	if (!report->found && report != &whole->junit)
		return;
	describe(whole, report);
	whole->is_broken |= report->problem != NULL;
	if (!report->found)
		return;
	whole->is_known = true;
	whole->has_failed |= test_cases_failed(&report->cases);
	whole->lacks |= report->lacks;
	*is_counted &= report->counted;
	if (report->empty_exit_code != 0)
		whole->empty_exit_code = report->empty_exit_code;
	test_cases_merge(cases, &report->cases);
}

/* The files count, unless the output tells of more. */
static void
choose(struct test_report *report, struct test_cases *printed,
    bool printed_is_counted, struct test_cases *written)
{
	bool by_output = printed_is_counted &&
	    test_cases_total(printed) > test_cases_total(written);
	struct test_cases *other = by_output ? written : printed;

	test_cases_merge(&report->cases, by_output ? printed : written);
	/* Else they are the same, under other names perhaps. */
	if (other->n_failed + other->n_errors >
	    report->cases.n_failed + report->cases.n_errors)
		test_cases_merge_lists(&report->cases, other, true);
	report->is_counted = true;
}

/* Files of the workspace by their path in it. */
static void
shorten_paths(struct test_case_list *list, const char *workspace)
{
	size_t len = strlen(workspace);

	for (size_t i = 0; i < list->n; i++) {
		char *file = list->items[i].file;

		if (file != NULL && strncmp(file, workspace, len) == 0 &&
		    file[len] == '/')
			memmove(
			    file, file + len + 1, strlen(file + len + 1) + 1);
	}
}

static void
take_stream(struct test_report *whole, struct report_stream *stream,
    struct test_cases *cases, bool *is_counted)
{
	bool has_events = false;

	for (size_t i = 0; i < REPORT_N_FORMATS; i++) {
		struct report *report = &stream->reports[i];

		/* Some lines of it are among the events. */
		if (has_events && strcmp(report->format, "gotext") == 0)
			continue;
		has_events |=
		    report->found && strcmp(report->format, "go") == 0;
		take(whole, report, cases, is_counted);
	}
}

void
test_report_end(struct test_report *report, const char *workspace)
{
	struct test_cases printed = { 0 }, written = { 0 };
	bool printed_is_counted = true, written_is_counted = true;

	report_stream_close(&report->out);
	report_stream_close(&report->err);
	report_files_read(&report->files, workspace);
	take_stream(report, &report->out, &printed, &printed_is_counted);
	take_stream(report, &report->err, &printed, &printed_is_counted);
	take(report, &report->junit, &written, &written_is_counted);
	if (report->junit.found) {
		choose(report, &printed, printed_is_counted, &written);
	} else {
		test_cases_merge(&report->cases, &printed);
		report->is_counted = report->is_known && printed_is_counted;
	}
	shorten_paths(&report->cases.failed, workspace);
	shorten_paths(&report->cases.flaky, workspace);
	test_cases_release(&printed);
	test_cases_release(&written);
}

bool
test_report_is_empty(const struct test_report *report)
{
	return report->is_known && report->is_counted && !report->is_broken &&
	    test_cases_run(&report->cases) == 0;
}

void
test_report_release(struct test_report *report)
{
	report_stream_release(&report->out);
	report_stream_release(&report->err);
	test_cases_release(&report->junit.cases);
	free(report->junit.problem);
	report_files_release(&report->files);
	test_cases_release(&report->cases);
	jv_free(report->reports);
	*report = (struct test_report){ 0 };
}
