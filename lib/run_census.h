/* SPDX-License-Identifier: MIT */
/*
 * What the runs of this machine are about, from their directories: how many
 * are at work, how those ended that ended since the census began.
 *
 * Of a run that has ended some 40 bytes are remembered, and it is not looked
 * at again but for whether something was added, every ten seconds; so ten
 * thousand of them cost next to nothing. Those at work, and new ones, are
 * looked at each time.
 *
 * A run that ended before the census began is counted nowhere; only the last
 * success is looked for among them.
 */
#ifndef RUN_CENSUS_H
#define RUN_CENSUS_H

#include <stddef.h>

#include "error.h"

enum run_outcome {
	RUN_SUCCESS,
	RUN_FAILURE,
	RUN_UNREPORTED, /* no nr-report: killed, or --to another stage */
	RUN_N_OUTCOMES
};

const char *run_outcome_name(enum run_outcome outcome);

enum { RUN_N_ERRORS = ERROR_CANCELLED + 1, RUN_N_BUCKETS = 13 };

/* Upper bounds in seconds; the last bucket, beyond, has none. */
extern const double run_buckets[RUN_N_BUCKETS];

struct run_durations {
	size_t buckets[RUN_N_BUCKETS + 1]; /* not cumulative */
	double sum;
	size_t n;
};

struct run_numbers {
	size_t n_directories;
	size_t n_running;
	double oldest_started; /* of these; seconds since 1970; 0: none */
	double last_success;   /* when it ended; 0: none known */
	double last_end;       /* of any; 0: none since the census began */
	size_t n_success, n_unreported;
	size_t n_failures[RUN_N_ERRORS]; /* by type of error */
	size_t n_unknown; /* failures of no such type, broken reports */
	struct run_durations durations[2]; /* of successes, of failures */
};

struct run_census;

/* `runs`: the directory of run directories; it need not be there. */
struct run_census *run_census_new(const char *runs);
void run_census_free(struct run_census *census);

/* Looks again. A directory that cannot be read is an IOError; the numbers
 * stay as they were. */
struct error *run_census_update(struct run_census *census);
const struct run_numbers *run_census_numbers(const struct run_census *census);

#endif
