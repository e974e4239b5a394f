/* SPDX-License-Identifier: MIT */
#include "test_result.h"

#include "file.h"
#include "json.h"
#include "memory.h"

/* A document has at most 8 MiB, and others have their part of it. Failures
 * are worth more of it than what went well. */
enum {
	PASSED_BYTES = 1024 * 1024,
	EARLIER_BYTES = 2 * 1024 * 1024,
	FAILED_BYTES = 4 * 1024 * 1024,
};

void
test_result_init(struct test_result *result)
{
	*result = (struct test_result){ .results = jv_array() };
}

void
test_result_release(struct test_result *result)
{
	jv_free(result->results);
	test_cases_release(&result->counts);
	free(result->none);
	free(result->failure);
	*result = (struct test_result){ 0 };
}

static void
count_cases(struct test_result *result, const struct test_report *report)
{
	const struct test_cases *cases = &report->cases;

	if (!report->is_known)
		return;
	if (!report->is_counted || test_cases_run(cases) > 0)
		result->has_run = true;
	if (!report->is_counted)
		return;
	result->is_counted = true;
	result->counts.n_passed += cases->n_passed;
	result->counts.n_failed += cases->n_failed;
	result->counts.n_errors += cases->n_errors;
	result->counts.n_skipped += cases->n_skipped;
	result->counts.n_flaky += cases->n_flaky;
}

static void
count(struct test_result *result, const struct test_attempt *attempt)
{
	result->n_run++;
	count_cases(result, &attempt->report);
	if (result->none == NULL &&
	    (attempt->status == TEST_NONE ||
		attempt->status == TEST_ALL_SKIPPED))
		result->none = test_attempt_explain(attempt);
	if (attempt->success)
		return;
	if (result->n_failed++ == 0 || attempt->status == TEST_FAILED)
		result->worst = attempt->status;
	if (result->failure != NULL)
		return;
	result->failure = test_attempt_explain(attempt);
	result->first_hit_limit = command_hit_limit(&attempt->result);
}

static struct error *
add_excerpt(jv *object, const char *name, const char *path)
{
	jv text;
	struct error *error = file_excerpt(&text, path);

	if (error == NULL)
		*object = json_set(*object, name, text);
	return error;
}

static size_t
size_of(jv value)
{
	char *text = json_text(jv_copy(value));
	size_t len = strlen(text);

	free(text);
	return len;
}

/* Without the details, unless there is room for them; the files have all. */
static jv
fit(struct test_result *result, jv object, size_t room)
{
	static const char *const details[] = { "stdout", "stderr",
		"failed_cases", "flaky_cases", "reports" };
	size_t len = size_of(object);

	if (result->result_bytes + len > room) {
		for (size_t i = 0; i < sizeof details / sizeof details[0]; i++)
			object =
			    jv_object_delete(object, jv_string(details[i]));
		len = size_of(object);
	}
	result->result_bytes += len;
	return object;
}

jv
test_result_earlier(
    struct test_result *result, const struct test_attempt *attempt)
{
	return fit(result, test_attempt_json(attempt), EARLIER_BYTES);
}

struct error *
test_result_add(struct test_result *result, const struct test_attempt *attempt,
    jv earlier_attempts)
{
	jv object = test_attempt_json(attempt);
	bool is_repeated = json_array_length(earlier_attempts, NULL) > 0;
	bool is_flaky = attempt->report.cases.n_flaky > 0 ||
	    (is_repeated && attempt->success);
	struct error *error =
	    add_excerpt(&object, "stdout", attempt->stdout_path);

	if (error == NULL)
		error = add_excerpt(&object, "stderr", attempt->stderr_path);
	object =
	    fit(result, object, attempt->success ? PASSED_BYTES : FAILED_BYTES);
	if (is_repeated || is_flaky)
		object = json_set_boolean(object, "flaky", is_flaky);
	if (is_repeated)
		object = json_set(object, "earlier_attempts", earlier_attempts);
	else
		jv_free(earlier_attempts);
	count(result, attempt);
	result->results = jv_array_append(result->results, object);
	return error;
}

enum test_status
test_result_status(const struct test_result *result)
{
	if (result->n_failed > 0)
		return result->worst;
	if (result->none == NULL || result->has_run)
		return TEST_PASSED;
	return result->counts.n_skipped > 0 ? TEST_ALL_SKIPPED : TEST_NONE;
}

struct error *
test_result_judge(
    const struct test_result *result, size_t n_commands, bool no_tests_succeed)
{
	enum error_type type =
	    result->first_hit_limit ? ERROR_RESOURCE : ERROR_TEST;

	if (result->n_failed == 0) {
		if (no_tests_succeed ||
		    test_result_status(result) == TEST_PASSED)
			return NULL;
		return error_new(ERROR_TEST,
		    "no test was run (where that is right: no_tests: "
		    "success): %s",
		    result->none);
	}
	if (n_commands == 1)
		return error_new(type, "the tests failed: %s", result->failure);
	if (result->n_run < n_commands)
		return error_new(type,
		    "the tests failed, the last %zu of %zu commands were not "
		    "run: %s",
		    n_commands - result->n_run, n_commands, result->failure);
	return error_new(type, "the tests failed in %zu of %zu commands: %s",
	    result->n_failed, n_commands, result->failure);
}

jv
test_result_json(const struct test_result *result, bool success)
{
	enum test_status status = test_result_status(result);
	jv section = json_set_boolean(jv_object(), "success", success);

	if (!success && status == TEST_PASSED)
		status = TEST_FAILED;
	section = json_set_string(section, "status", test_status_name(status));
	if (result->is_counted)
		section = json_set(
		    section, "counts", test_cases_counts(&result->counts));
	return json_set(section, "test_results", jv_copy(result->results));
}
