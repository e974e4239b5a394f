/* SPDX-License-Identifier: MIT */
#include "metrics.h"

#include "clock.h"
#include "json.h"

struct sums {
	double commands, wall_seconds, cpu_seconds, memory_mb, left_behind;
};

/* `element` is a command's result; its metrics are in it, or in a member. */
static void
add_command(struct sums *sums, jv element, jv metrics)
{
	double memory = json_number(metrics, "peak_memory_mb", 0);

	sums->commands++;
	sums->wall_seconds += json_number(element, "duration_seconds", 0);
	sums->cpu_seconds += json_number(metrics, "user_seconds", 0) +
	    json_number(metrics, "system_seconds", 0);
	sums->left_behind += json_number(metrics, "processes_left_behind", 0);
	if (memory > sums->memory_mb)
		sums->memory_mb = memory;
}

static void
add_elements(struct sums *sums, jv list)
{
	size_t n = json_array_length(list, NULL);

	for (size_t i = 0; i < n; i++) {
		jv element = json_element(list, i);
		jv metrics = json_get(element, "metrics");
		jv earlier = json_get(element, "earlier_attempts");

		if (jv_get_kind(metrics) == JV_KIND_OBJECT)
			add_command(sums, element, metrics);
		else
			add_command(sums, element, element);
		add_elements(sums, earlier);
		jv_free(earlier);
		jv_free(metrics);
		jv_free(element);
	}
}

static void
add_list(struct sums *sums, const struct document *doc, const char *path)
{
	jv list = json_get(document_value(doc), path);

	add_elements(sums, list);
	jv_free(list);
}

jv
metrics_of(const struct document *doc)
{
	struct sums sums = { 0 };
	jv metrics = json_set_number(jv_object(), "attempts",
	    (double)json_array_length(
		document_value(doc), "impl_result.attempts"));

	add_list(&sums, doc, "impl_result.attempts");
	add_list(&sums, doc, "playbook_result.step_results");
	add_list(&sums, doc, "test_result.test_results");
	metrics = json_set_number(metrics, "commands", sums.commands);
	metrics = json_set_number(
	    metrics, "cpu_seconds", clock_milliseconds(sums.cpu_seconds));
	if (sums.wall_seconds > 0)
		metrics = json_set_number(metrics, "cpu_percent",
		    clock_milliseconds(
			100 * sums.cpu_seconds / sums.wall_seconds));
	metrics = json_set_number(
	    metrics, "memory_mb", clock_milliseconds(sums.memory_mb));
	return json_set_number(
	    metrics, "processes_left_behind", sums.left_behind);
}
