/* SPDX-License-Identifier: MIT */
#include "test_cases.h"

#include "buffer.h"
#include "json.h"
#include "memory.h"
#include "printable.h"

enum { MAX_NAMES = 3, NAME_IN_WORDS = 80 };

void
test_cases_init(struct test_cases *cases, const struct mask *mask,
    const struct test_cases *before)
{
	*cases = (struct test_cases){ .mask = mask, .before = before };
}

static void
release_case(struct test_case *item)
{
	free(item->suite);
	free(item->name);
	free(item->file);
	free(item->message);
	*item = (struct test_case){ 0 };
}

static void
release_list(struct test_case_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		release_case(&list->items[i]);
	free(list->items);
	*list = (struct test_case_list){ 0 };
}

void
test_cases_release(struct test_cases *cases)
{
	release_list(&cases->failed);
	release_list(&cases->flaky);
	*cases = (struct test_cases){ 0 };
}

/* FNV-1a. A name that was made up to look like another deceives its own
 * project alone. */
static uint64_t
hash(uint64_t value, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		value ^= (unsigned char)bytes[i];
		value *= 0x100000001b3;
	}
	return value;
}

static uint64_t
identify(const char *suite, size_t suite_len, const char *name, size_t name_len)
{
	uint64_t value = 0xcbf29ce484222325;

	if (suite != NULL)
		value = hash(value, suite, suite_len);
	value = hash(value, "", 1);
	return hash(value, name, name_len);
}

static const struct test_case *
find(const struct test_case_list *list, uint64_t identity)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->items[i].identity == identity)
			return &list->items[i];
	return NULL;
}

static void
push(struct test_case_list *list, const struct test_case *item)
{
	if (list->items == NULL)
		list->items = xcalloc(TEST_CASES_MAX, sizeof *list->items);
	list->items[list->n++] = *item;
}

static void
take_out(struct test_case_list *list, size_t n)
{
	list->n--;
	memmove(&list->items[n], &list->items[n + 1],
	    (list->n - n) * sizeof *list->items);
}

/* Without blank lines at its end; masked, then cut, and not within a
 * character. */
static void
fit(char **text, const struct mask *mask, size_t max)
{
	size_t len, keep;
	char *masked, *cut;

	if (*text == NULL)
		return;
	for (len = strlen(*text);
	     len > 0 && strchr(" \t\r\n", (*text)[len - 1]) != NULL; len--)
		(*text)[len - 1] = '\0';
	masked = mask_text(mask, *text, strlen(*text), &len);
	free(*text);
	*text = masked;
	if (len <= max)
		return;
	for (keep = max; keep > 0 && (masked[keep] & 0xc0) == 0x80;)
		keep--;
	cut = xasprintf(
	    "%.*s[... %zu bytes left out ...]", (int)keep, masked, len - keep);
	free(masked);
	*text = cut;
}

/* Beyond all bounds the name has to do. */
static void
account(struct test_cases *cases, struct test_case *item)
{
	size_t len = item->message != NULL ? strlen(item->message) : 0;

	if (cases->message_bytes + len > TEST_CASES_MESSAGES_BYTES) {
		free(item->message);
		item->message = NULL;
		len = 0;
	}
	cases->message_bytes += len;
}

static void
fit_case(struct test_cases *cases, struct test_case *item)
{
	fit(&item->suite, cases->mask, TEST_CASES_NAME_BYTES);
	fit(&item->name, cases->mask, TEST_CASES_NAME_BYTES);
	fit(&item->file, cases->mask, TEST_CASES_NAME_BYTES);
	fit(&item->message, cases->mask, TEST_CASES_MESSAGE_BYTES);
	account(cases, item);
}

static void
name_case(struct test_case *item)
{
	if (item->name == NULL)
		item->name = xstrdup("");
	item->identity =
	    identify(item->suite, item->suite != NULL ? strlen(item->suite) : 0,
		item->name, strlen(item->name));
}

static void
keep(
    struct test_cases *cases, struct test_case_list *list, struct test_case *it)
{
	if (list->n >= TEST_CASES_MAX) {
		release_case(it);
		return;
	}
	fit_case(cases, it);
	push(list, it);
	*it = (struct test_case){ 0 };
}

void
test_cases_fail(struct test_cases *cases, struct test_case *failed)
{
	if (failed->is_error)
		cases->n_errors++;
	else
		cases->n_failed++;
	name_case(failed);
	keep(cases, &cases->failed, failed);
}

void
test_cases_pass_late(struct test_cases *cases, struct test_case *flaky)
{
	cases->n_passed++;
	cases->n_flaky++;
	name_case(flaky);
	keep(cases, &cases->flaky, flaky);
}

static struct test_case
copy_case(const struct test_case *item)
{
	struct test_case copy = *item;

	copy.name = xstrdup(item->name);
	if (item->suite != NULL)
		copy.suite = xstrdup(item->suite);
	if (item->file != NULL)
		copy.file = xstrdup(item->file);
	if (item->message != NULL)
		copy.message = xstrdup(item->message);
	return copy;
}

/* It failed in this report, and was run again. */
static void
pass_again(struct test_cases *cases, const struct test_case *failed)
{
	struct test_case item = *failed;

	if (item.is_error)
		cases->n_errors--;
	else
		cases->n_failed--;
	cases->n_flaky++;
	take_out(&cases->failed, (size_t)(failed - cases->failed.items));
	if (cases->flaky.n < TEST_CASES_MAX)
		push(&cases->flaky, &item);
	else
		release_case(&item);
}

void
test_cases_pass(struct test_cases *cases, const char *suite, size_t suite_len,
    const char *name, size_t name_len)
{
	const struct test_case_list *before =
	    cases->before != NULL ? &cases->before->failed : NULL;
	const struct test_case *failed = NULL;
	struct test_case copy;
	uint64_t identity;

	cases->n_passed++;
	if ((before == NULL || before->n == 0) &&
	    (!cases->repeats || cases->failed.n == 0))
		return;
	identity = identify(suite, suite_len, name, name_len);
	if (cases->repeats)
		failed = find(&cases->failed, identity);
	if (failed != NULL) {
		pass_again(cases, failed);
		return;
	}
	if (before == NULL || find(&cases->flaky, identity) != NULL)
		return;
	failed = find(before, identity);
	if (failed == NULL || cases->flaky.n >= TEST_CASES_MAX)
		return;
	cases->n_flaky++;
	copy = copy_case(failed);
	push(&cases->flaky, &copy);
}

void
test_cases_skip(struct test_cases *cases)
{
	cases->n_skipped++;
}

size_t
test_cases_run(const struct test_cases *cases)
{
	return cases->n_passed + cases->n_failed + cases->n_errors;
}

size_t
test_cases_total(const struct test_cases *cases)
{
	return test_cases_run(cases) + cases->n_skipped;
}

bool
test_cases_failed(const struct test_cases *cases)
{
	return cases->n_failed + cases->n_errors > 0;
}

static bool
has_name(const struct test_case_list *list, const char *name)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->items[i].name, name) == 0)
			return true;
	return false;
}

static void
merge_list(struct test_cases *cases, struct test_case_list *into,
    struct test_case_list *from, bool by_name)
{
	for (size_t i = 0; i < from->n; i++) {
		struct test_case item = from->items[i];

		from->items[i] = (struct test_case){ 0 };
		if (into->n >= TEST_CASES_MAX ||
		    find(into, item.identity) != NULL ||
		    (by_name && has_name(into, item.name))) {
			release_case(&item);
			continue;
		}
		account(cases, &item);
		push(into, &item);
	}
	release_list(from);
}

void
test_cases_merge_lists(
    struct test_cases *cases, struct test_cases *more, bool by_name)
{
	merge_list(cases, &cases->failed, &more->failed, by_name);
	merge_list(cases, &cases->flaky, &more->flaky, by_name);
	test_cases_release(more);
}

void
test_cases_merge(struct test_cases *cases, struct test_cases *more)
{
	cases->n_passed += more->n_passed;
	cases->n_failed += more->n_failed;
	cases->n_errors += more->n_errors;
	cases->n_skipped += more->n_skipped;
	cases->n_flaky += more->n_flaky;
	test_cases_merge_lists(cases, more, false);
}

struct test_cases_mark
test_cases_mark(const struct test_cases *cases)
{
	return (struct test_cases_mark){ cases->n_failed, cases->n_errors,
		cases->failed.n };
}

void
test_cases_forgive(struct test_cases *cases, const struct test_cases_mark *mark,
    bool as_skipped)
{
	size_t n =
	    cases->n_failed - mark->n_failed + cases->n_errors - mark->n_errors;

	if (as_skipped)
		cases->n_skipped += n;
	else
		cases->n_passed += n;
	cases->n_failed = mark->n_failed;
	cases->n_errors = mark->n_errors;
	while (cases->failed.n > mark->n_kept)
		release_case(&cases->failed.items[--cases->failed.n]);
}

void
test_cases_put_into(struct test_cases *cases,
    const struct test_cases_mark *mark, const char *suite)
{
	for (size_t i = mark->n_kept; i < cases->failed.n; i++) {
		struct test_case *item = &cases->failed.items[i];
		char *whole = item->suite == NULL
		    ? xstrdup(suite)
		    : xasprintf("%s > %s", suite, item->suite);

		free(item->suite);
		item->suite = whole;
		fit(&item->suite, cases->mask, TEST_CASES_NAME_BYTES);
	}
}

jv
test_cases_counts(const struct test_cases *cases)
{
	jv counts = json_set_number(
	    jv_object(), "total", (double)test_cases_total(cases));

	counts = json_set_number(counts, "passed", (double)cases->n_passed);
	counts = json_set_number(counts, "failed", (double)cases->n_failed);
	counts = json_set_number(counts, "errors", (double)cases->n_errors);
	counts = json_set_number(counts, "skipped", (double)cases->n_skipped);
	return json_set_number(counts, "flaky", (double)cases->n_flaky);
}

static jv
case_json(const struct test_case *item)
{
	jv object = json_set_string(jv_object(), "name", item->name);

	if (item->suite != NULL && *item->suite != '\0')
		object = json_set_string(object, "suite", item->suite);
	if (item->file != NULL && *item->file != '\0')
		object = json_set_string(object, "file", item->file);
	if (item->line > 0)
		object = json_set_number(object, "line", (double)item->line);
	if (item->message != NULL && *item->message != '\0')
		object = json_set_string(object, "message", item->message);
	if (item->is_error)
		object = json_set_boolean(object, "error", true);
	return object;
}

jv
test_case_list_json(const struct test_case_list *list)
{
	jv array = jv_array();

	for (size_t i = 0; i < list->n; i++)
		array = jv_array_append(array, case_json(&list->items[i]));
	return array;
}

char *
test_cases_describe(const struct test_cases *cases)
{
	size_t total = test_cases_total(cases);
	size_t n_failed = cases->n_failed + cases->n_errors;
	struct buffer text = BUFFER_INIT(400);

	if (n_failed > 0)
		buffer_appendf(&text, "%zu of %zu test%s failed", n_failed,
		    total, total == 1 ? "" : "s");
	else
		buffer_appendf(&text, "%zu test%s passed", cases->n_passed,
		    cases->n_passed == 1 ? "" : "s");
	if (cases->n_skipped > 0)
		buffer_appendf(&text, ", %zu skipped", cases->n_skipped);
	if (cases->n_flaky > 0)
		buffer_appendf(&text, ", %zu flaky", cases->n_flaky);
	return buffer_take(&text);
}

char *
test_cases_names(const struct test_cases *cases)
{
	size_t n_all = cases->n_failed + cases->n_errors, n = 0;
	struct buffer text = BUFFER_INIT(2048);

	for (; n < cases->failed.n && n < MAX_NAMES; n++) {
		char *name =
		    printable(cases->failed.items[n].name, NAME_IN_WORDS);

		buffer_appendf(&text, "%s%s", n > 0 ? ", " : "", name);
		free(name);
	}
	if (n > 0 && n_all > n)
		buffer_appendf(&text, " and %zu more", n_all - n);
	return buffer_take(&text);
}
