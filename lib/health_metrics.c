/* SPDX-License-Identifier: MIT */
#include "health_metrics.h"

#include <math.h>
#include <sys/statvfs.h>

#include "clock.h"
#include "exposition.h"
#include "health_check.h"
#include "memory.h"
#include "places.h"

#define LABELS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void
append_running(struct buffer *out, const struct run_numbers *numbers)
{
	double oldest = numbers->oldest_started > 0
	    ? clock_now() - numbers->oldest_started
	    : 0;

	exposition_gauge(out, "necrocode_runs_running",
	    "Runs of nr-run that are at work.", (double)numbers->n_running);
	exposition_gauge(out, "necrocode_oldest_run_age_seconds",
	    "How long the oldest run at work has been so; 0 without one.",
	    oldest > 0 ? oldest : 0);
	exposition_gauge(out, "necrocode_run_directories",
	    "Run directories, of runs at work and ended.",
	    (double)numbers->n_directories);
	exposition_family(out, "necrocode_last_success_timestamp_seconds",
	    "gauge", "When the last run that succeeded ended.");
	if (numbers->last_success > 0)
		exposition_sample(out,
		    "necrocode_last_success_timestamp_seconds", NULL,
		    numbers->last_success);
}

static void
append_failures(
    struct buffer *out, const char *name, const struct run_numbers *numbers)
{
	for (int type = 0; type < RUN_N_ERRORS; type++)
		exposition_sample(out, name,
		    LABELS("outcome", run_outcome_name(RUN_FAILURE),
			"error_type", error_type_name((enum error_type)type)),
		    (double)numbers->n_failures[type]);
	exposition_sample(out, name,
	    LABELS("outcome", run_outcome_name(RUN_FAILURE), "error_type",
		"unknown"),
	    (double)numbers->n_unknown);
}

static void
append_ended(struct buffer *out, const struct run_numbers *numbers)
{
	static const char name[] = "necrocode_runs_total";

	exposition_family(out, name, "counter",
	    "Runs of nr-run that have ended since nr-health began.");
	exposition_sample(out, name,
	    LABELS(
		"outcome", run_outcome_name(RUN_SUCCESS), "error_type", "none"),
	    (double)numbers->n_success);
	append_failures(out, name, numbers);
	exposition_sample(out, name,
	    LABELS("outcome", run_outcome_name(RUN_UNREPORTED), "error_type",
		"none"),
	    (double)numbers->n_unreported);
}

static void
append_histogram(struct buffer *out, const char *outcome,
    const struct run_durations *durations)
{
	char bound[EXPOSITION_NUMBER_SIZE];
	size_t n = 0;

	for (int i = 0; i <= RUN_N_BUCKETS; i++) {
		n += durations->buckets[i];
		exposition_number(
		    bound, i < RUN_N_BUCKETS ? run_buckets[i] : INFINITY);
		exposition_sample(out, "necrocode_run_duration_seconds_bucket",
		    LABELS("outcome", outcome, "le", bound), (double)n);
	}
	exposition_sample(out, "necrocode_run_duration_seconds_sum",
	    LABELS("outcome", outcome), durations->sum);
	exposition_sample(out, "necrocode_run_duration_seconds_count",
	    LABELS("outcome", outcome), (double)durations->n);
}

static void
append_durations(struct buffer *out, const struct run_numbers *numbers)
{
	static const enum run_outcome outcomes[] = { RUN_SUCCESS, RUN_FAILURE };

	exposition_family(out, "necrocode_run_duration_seconds", "histogram",
	    "How long runs took that have ended since nr-health began.");
	for (size_t i = 0; i < sizeof outcomes / sizeof outcomes[0]; i++)
		append_histogram(out, run_outcome_name(outcomes[i]),
		    &numbers->durations[outcomes[i]]);
}

static void
append_disk(struct buffer *out, const struct config *config)
{
	char *runs = health_runs_dir(config);
	struct statvfs info;
	double unit;

	/* Before the first run it is not there. */
	for (size_t len = strlen(runs); statvfs(runs, &info) != 0; len--) {
		while (len > 1 && runs[len - 1] != '/')
			len--;
		if (len <= 1) {
			free(runs);
			return;
		}
		runs[len - 1] = '\0';
	}
	free(runs);
	unit = (double)info.f_frsize;
	exposition_gauge(out, "necrocode_disk_size_bytes",
	    "Size of the file system that the runs are on.",
	    (double)info.f_blocks * unit);
	exposition_gauge(out, "necrocode_disk_used_bytes",
	    "What is used of it.",
	    ((double)info.f_blocks - (double)info.f_bfree) * unit);
	exposition_gauge(out, "necrocode_disk_free_bytes",
	    "What of it is free for the user of the runs.",
	    (double)info.f_bavail * unit);
	exposition_gauge(out, "necrocode_disk_free_files",
	    "How many files can still be made there.", (double)info.f_favail);
}

static void
append_places(struct buffer *out, const struct config *config)
{
	double limit = config_number(config, "max_parallel_runners");

	if (!config_is_set(config, "max_parallel_runners"))
		return;
	exposition_gauge(out, "necrocode_places",
	    "Places for tasks of nr-each on this machine.", limit);
	exposition_gauge(out, "necrocode_places_taken",
	    "How many of these are taken.",
	    (double)places_count_taken((size_t)limit));
}

void
health_metrics_runs(struct buffer *out, const struct run_census *census,
    const struct config *config)
{
	const struct run_numbers *numbers = run_census_numbers(census);

	append_running(out, numbers);
	append_ended(out, numbers);
	append_durations(out, numbers);
	append_disk(out, config);
	append_places(out, config);
	exposition_gauge(out, "necrocode_runs_seen_timestamp_seconds",
	    "When the run directories were last looked at.", clock_now());
}

/* --- Checks --- */

static double
healthy_of(const struct health_probe *probe)
{
	return probe->is_healthy ? 1 : 0;
}

static double
seconds_of(const struct health_probe *probe)
{
	return probe->seconds;
}

static double
checked_of(const struct health_probe *probe)
{
	return probe->checked_at;
}

static double
checks_of(const struct health_probe *probe)
{
	return (double)probe->n_checks;
}

static double
failures_of(const struct health_probe *probe)
{
	return (double)probe->n_failures;
}

void
health_metrics_checks(struct buffer *out, const struct health_probes *probes)
{
	static const struct {
		const char *name, *type, *help;
		double (*value)(const struct health_probe *probe);
	} families[] = {
		{ "necrocode_check_healthy", "gauge",
		    "Whether the last check found it healthy.", healthy_of },
		{ "necrocode_check_duration_seconds", "gauge",
		    "How long the last check took.", seconds_of },
		{ "necrocode_check_timestamp_seconds", "gauge",
		    "When it was last checked.", checked_of },
		{ "necrocode_checks_total", "counter",
		    "Checks since nr-health began.", checks_of },
		{ "necrocode_check_failures_total", "counter",
		    "Checks that failed since nr-health began.", failures_of },
	};

	exposition_gauge(out, "necrocode_ready",
	    "Whether all checks that decide about it are healthy.",
	    health_probes_are_healthy(probes) ? 1 : 0);
	for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
		exposition_family(
		    out, families[i].name, families[i].type, families[i].help);
		for (size_t j = 0; j < probes->n; j++)
			if (probes->probes[j].is_known)
				exposition_sample(out, families[i].name,
				    LABELS(
					"check", probes->probes[j].check->name),
				    families[i].value(&probes->probes[j]));
	}
	exposition_family(out, "necrocode_build_info", "gauge",
	    "The version of nr-health; always 1.");
	exposition_sample(
	    out, "necrocode_build_info", LABELS("version", VERSION), 1);
}
