/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer entry for the reports of tests in output. What is read does not
 * depend on how the output was cut into pieces, and holds its bounds.
 */
#include <stdint.h>

#include "json.h"
#include "memory.h"
#include "report_stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* What all formats make of it, as text. */
static char *
read_pieces(const char *bytes, size_t len, size_t piece,
    const struct test_cases *before)
{
	struct report_stream stream;
	jv all = jv_array();

	report_stream_open(&stream, NULL, before);
	for (size_t i = 0; i < len; i += piece)
		report_stream_write(
		    &stream, bytes + i, len - i < piece ? len - i : piece);
	report_stream_close(&stream);
	for (size_t i = 0; i < REPORT_N_FORMATS; i++) {
		const struct report *report = &stream.reports[i];
		const struct test_cases *cases = &report->cases;

		if (cases->failed.n > TEST_CASES_MAX ||
		    cases->flaky.n > TEST_CASES_MAX)
			abort();
		all = jv_array_append(all, test_cases_counts(cases));
		all = jv_array_append(all, test_case_list_json(&cases->failed));
		all = jv_array_append(all, test_case_list_json(&cases->flaky));
		if (report->problem != NULL)
			all = jv_array_append(all, jv_string(report->problem));
	}
	report_stream_release(&stream);
	return json_text(all);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct test_case failed = { .name = xstrdup("a") };
	struct test_cases before = { 0 };
	char *whole, *pieces;

	test_cases_fail(&before, &failed);
	whole = read_pieces((const char *)bytes, len, len + 1, &before);
	pieces = read_pieces((const char *)bytes, len, 3, &before);
	if (strcmp(whole, pieces) != 0)
		abort();
	free(whole);
	free(pieces);
	test_cases_release(&before);
	return 0;
}
