/* SPDX-License-Identifier: MIT */
#include "agent_usage.h"

#include <fcntl.h>
#include <unistd.h>

#include "json.h"
#include "lines.h"
#include "llm_prices.h"
#include "memory.h"
#include "printable.h"

enum { MAX_LINE_BYTES = 4 * 1024 * 1024, MAX_FAILURE_BYTES = 400 };

struct reader {
	struct agent_usage *usage;
	const struct agent_preset *preset;
};

/* A text that ends in * is a beginning. */
static bool
fits(jv pattern, jv value)
{
	const char *wanted = json_string(pattern, NULL);
	const char *found = json_string(value, NULL);
	size_t len = wanted != NULL ? strlen(wanted) : 0;

	if (found != NULL && len > 0 && wanted[len - 1] == '*')
		return strncmp(wanted, found, len - 1) == 0;
	return jv_equal(jv_copy(pattern), jv_copy(value));
}

/* Has the event all members that the pattern has? */
static bool
matches(jv pattern, jv event)
{
	bool same = jv_get_kind(pattern) == JV_KIND_OBJECT;

	if (!same)
		return false;
	for (int i = jv_object_iter(pattern);
	     same && jv_object_iter_valid(pattern, i);
	     i = jv_object_iter_next(pattern, i)) {
		jv key = jv_object_iter_key(pattern, i);
		jv wanted = jv_object_iter_value(pattern, i);
		jv found = json_get(event, jv_string_value(key));

		same = fits(wanted, found);
		jv_free(found);
		jv_free(wanted);
		jv_free(key);
	}
	return same;
}

static bool
is_event(jv rule, jv event)
{
	jv pattern = json_get(rule, "event");
	bool is = matches(pattern, event);

	jv_free(pattern);
	return is;
}

/* The numbers at all of the paths, added up. */
static double
sum(jv rule, const char *name, jv event)
{
	char **paths = json_strings(rule, name);
	double total = 0;

	for (size_t i = 0; paths[i] != NULL; i++)
		total += json_number(event, paths[i], 0);
	json_strings_free(paths);
	return total;
}

static void
count(struct agent_usage *usage, jv rule, jv event)
{
	const char *cost = json_string(rule, "cost_usd");

	if (!usage->known || !json_boolean(rule, "every", false)) {
		usage->input_tokens = usage->output_tokens = 0;
		usage->cached_tokens = 0;
	}
	usage->known = true;
	usage->input_tokens += sum(rule, "input_tokens", event);
	usage->output_tokens += sum(rule, "output_tokens", event);
	usage->cached_tokens += sum(rule, "cached_tokens", event);
	if (cost != NULL)
		usage->cost_usd = json_number(event, cost, -1);
}

static void
note_failure(struct agent_usage *usage, jv rule, jv event)
{
	const char *path = json_string(rule, "message");
	const char *message = path != NULL ? json_string(event, path) : NULL;

	free(usage->failure);
	usage->failure =
	    printable(message != NULL ? message : "it does not say why",
		MAX_FAILURE_BYTES);
}

static void
take_line(void *context, const char *text, size_t len, size_t n_cut)
{
	struct reader *reader = context;
	struct error *error;
	jv event;

	if (n_cut > 0 || len == 0 || *text != '{')
		return;
	error = json_parse(&event, text, len, "an event");
	if (error == NULL && is_event(reader->preset->usage, event))
		count(reader->usage, reader->preset->usage, event);
	if (error == NULL && is_event(reader->preset->failure, event))
		note_failure(reader->usage, reader->preset->failure, event);
	error_free(error);
	jv_free(event);
}

void
agent_usage_read(struct agent_usage *usage, const struct agent_preset *preset,
    const char *path)
{
	struct reader reader = { .usage = usage, .preset = preset };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct lines lines;
	char bytes[16384];
	ssize_t n;

	*usage = (struct agent_usage){ .cost_usd = -1 };
	if (fd < 0)
		return;
	lines_open(&lines, MAX_LINE_BYTES, take_line, &reader);
	while ((n = read(fd, bytes, sizeof bytes)) > 0)
		lines_write(&lines, bytes, (size_t)n);
	lines_end(&lines);
	close(fd);
}

void
agent_usage_release(struct agent_usage *usage)
{
	free(usage->failure);
	usage->failure = NULL;
}

jv
agent_usage_sum(jv attempts)
{
	static const char *const names[] = { "input_tokens", "output_tokens",
		"cached_tokens" };
	size_t n = json_array_length(attempts, NULL);
	jv sum = jv_null();

	for (size_t i = 0; i < n; i++) {
		jv attempt = json_element(attempts, i);
		jv usage = json_get(attempt, "usage");

		if (jv_get_kind(usage) == JV_KIND_OBJECT &&
		    jv_get_kind(sum) == JV_KIND_NULL)
			sum = jv_object();
		for (size_t k = 0; jv_get_kind(usage) == JV_KIND_OBJECT &&
		     k < sizeof names / sizeof names[0];
		     k++)
			sum = json_set_number(sum, names[k],
			    json_number(sum, names[k], 0) +
				json_number(usage, names[k], 0));
		jv_free(usage);
		jv_free(attempt);
	}
	return sum;
}

jv
agent_cost_sum(jv attempts)
{
	size_t n = json_array_length(attempts, NULL);
	double sum = 0;

	for (size_t i = 0; i < n; i++) {
		jv attempt = json_element(attempts, i);
		double cost = json_number(attempt, "cost_usd", -1);

		sum = cost < 0 || sum < 0 ? -1 : sum + cost;
		jv_free(attempt);
	}
	return sum >= 0 && n > 0 ? jv_number(llm_round_cost(sum)) : jv_null();
}
