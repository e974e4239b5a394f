/* SPDX-License-Identifier: MIT */
#define _DEFAULT_SOURCE /* DT_DIR */
#include "run_census.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "memory.h"
#include "run_glance.h"

enum {
	SWEEP_SECONDS = 10, /* between looks at those that have ended */
	/* A run makes its directory, then its log, then locks it. */
	SETTLE_SECONDS = 3,
	NO_LOG_SECONDS = 60,
	/* Reports that are read at the start for the last success. */
	MAX_READ_BACK = 1000,
};

const double run_buckets[RUN_N_BUCKETS] = { 1, 5, 15, 30, 60, 120, 300, 600,
	1200, 1800, 3600, 7200, 14400 };

struct run {
	uint64_t key; /* of its name */
	char *name;   /* while it is looked at each time; NULL: it has ended */
	double started; /* while it is at work; 0: it is not */
	double changed; /* its directory, at the last look */
	double first_seen;
	unsigned n_reports; /* that were counted */
	bool is_unreported; /* and was counted as such */
};

struct run_census {
	char *path;
	struct run *runs; /* sorted by key */
	size_t n, capacity;
	double listed, swept;  /* on clock_monotonic() */
	double listed_changed; /* the directory, when it was listed */
	bool has_begun;
	struct run_numbers numbers;
};

const char *
run_outcome_name(enum run_outcome outcome)
{
	static const char *const names[] = { "success", "failure",
		"unreported" };

	return names[outcome];
}

struct run_census *
run_census_new(const char *runs)
{
	struct run_census *census = xcalloc(1, sizeof *census);

	census->path = xstrdup(runs);
	return census;
}

static void
free_runs(struct run *runs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(runs[i].name);
	free(runs);
}

void
run_census_free(struct run_census *census)
{
	if (census == NULL)
		return;
	free_runs(census->runs, census->n);
	free(census->path);
	free(census);
}

/* FNV-1a */
static uint64_t
key_of(const char *name)
{
	uint64_t key = 0xcbf29ce484222325u;

	for (; *name != '\0'; name++)
		key = (key ^ (unsigned char)*name) * 0x100000001b3u;
	return key;
}

static int
compare_keys(const void *one, const void *other)
{
	uint64_t a = ((const struct run *)one)->key;
	uint64_t b = ((const struct run *)other)->key;

	return a < b ? -1 : a > b;
}

/* --- Counting --- */

static void
count_duration(struct run_durations *durations, double seconds)
{
	size_t i = 0;

	if (seconds < 0)
		return;
	while (i < RUN_N_BUCKETS && seconds > run_buckets[i])
		i++;
	durations->buckets[i]++;
	durations->sum += seconds;
	durations->n++;
}

static void
note_times(struct run_numbers *numbers, const struct run_report *report)
{
	if (report->ended > numbers->last_end)
		numbers->last_end = report->ended;
	if (report->success && report->ended > numbers->last_success)
		numbers->last_success = report->ended;
}

static void
count_report(struct run_numbers *numbers, const struct run_report *report)
{
	note_times(numbers, report);
	if (report->success)
		numbers->n_success++;
	else if (report->has_type)
		numbers->n_failures[report->type]++;
	else
		numbers->n_unknown++;
	count_duration(
	    &numbers->durations[report->success ? RUN_SUCCESS : RUN_FAILURE],
	    report->duration_seconds);
}

static void
count_ended(struct run_census *census, struct run *run, int directory,
    const struct run_glance *glance)
{
	struct run_report report;

	for (unsigned n = run->n_reports + 1; n <= glance->n_reports; n++) {
		run_glance_report(&report, directory, run->name, n);
		count_report(&census->numbers, &report);
	}
	if (glance->n_reports == run->n_reports && !run->is_unreported &&
	    run->started > 0) {
		census->numbers.n_unreported++;
		run->is_unreported = true;
	}
	run->n_reports = glance->n_reports;
}

/* --- One run --- */

/* Could it be that it has not begun yet? */
static bool
is_settled(const struct run *run, const struct run_glance *glance)
{
	double now = clock_now();

	if (glance->n_reports > run->n_reports)
		return true;
	if (!glance->has_log)
		return now - glance->changed > NO_LOG_SECONDS;
	return clock_monotonic() - run->first_seen > SETTLE_SECONDS;
}

static void
forget_name(struct run *run)
{
	free(run->name);
	run->name = NULL;
	run->started = 0;
}

static void
look_at(struct run_census *census, struct run *run, int directory)
{
	struct run_glance glance;
	bool is_resumed = run->n_reports > 0 || run->is_unreported;

	run_glance(&glance, directory, run->name);
	run->changed = glance.changed;
	if (!glance.is_there) {
		forget_name(run);
	} else if (glance.is_locked) {
		run->is_unreported = false;
		if (run->started <= 0)
			run->started = is_resumed || glance.started <= 0
			    ? clock_now()
			    : glance.started;
	} else if (is_settled(run, &glance)) {
		/* One that came and went between two looks was at work. */
		if (run->started <= 0 && glance.has_log && !is_resumed)
			run->started = glance.started;
		count_ended(census, run, directory, &glance);
		forget_name(run);
	}
}

/* --- All of them --- */

static void
add_run(struct run_census *census, struct run run)
{
	if (census->n == census->capacity) {
		census->capacity =
		    census->capacity > 0 ? 2 * census->capacity : 64;
		census->runs = xreallocarray(
		    census->runs, census->capacity, sizeof *census->runs);
	}
	census->runs[census->n++] = run;
}

/* What is known of it is taken over. */
static struct run
take_run(struct run *old, size_t n_old, const char *name)
{
	struct run wanted = { .key = key_of(name) };
	struct run *known = NULL;

	if (n_old > 0)
		known = bsearch(&wanted, old, n_old, sizeof *old, compare_keys);
	if (known == NULL) {
		wanted.name = xstrdup(name);
		wanted.first_seen = clock_monotonic();
		return wanted;
	}
	wanted = *known;
	known->name = NULL;
	return wanted;
}

/* One that was resumed has something new in its directory. */
static void
check_changed(struct run *run, int directory, const char *name)
{
	struct stat info;

	if (run->name != NULL ||
	    fstatat(directory, name, &info, AT_SYMLINK_NOFOLLOW) != 0 ||
	    (double)info.st_mtim.tv_sec + (double)info.st_mtim.tv_nsec / 1e9 ==
		run->changed)
		return;
	run->name = xstrdup(name);
	run->first_seen = clock_monotonic();
}

static void
list_runs(struct run_census *census, DIR *entries, bool sweep)
{
	struct run *old = census->runs;
	size_t n_old = census->n;
	const struct dirent *entry;

	census->runs = NULL;
	census->n = census->capacity = 0;
	while ((entry = readdir(entries)) != NULL) {
		struct run run;

		if (entry->d_name[0] == '.' ||
		    (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN))
			continue;
		run = take_run(old, n_old, entry->d_name);
		if (sweep)
			check_changed(&run, dirfd(entries), entry->d_name);
		add_run(census, run);
	}
	free_runs(old, n_old);
	if (census->n > 0)
		qsort(census->runs, census->n, sizeof *census->runs,
		    compare_keys);
}

/* Is there anything that may have come since it was listed? */
static bool
is_listed(const struct run_census *census, const struct stat *info)
{
	double changed =
	    (double)info->st_mtim.tv_sec + (double)info->st_mtim.tv_nsec / 1e9;

	/* Times of files are coarse: two changes may have one. */
	return census->has_begun && census->listed_changed == changed &&
	    clock_now() - changed > 1;
}

static struct error *
list_if_changed(struct run_census *census, int directory)
{
	double now = clock_monotonic();
	bool sweep = census->has_begun && now - census->swept > SWEEP_SECONDS;
	struct stat info;
	DIR *entries;
	int copy;

	if (fstat(directory, &info) < 0)
		return error_errno(
		    ERROR_IO, "cannot look at '%s'", census->path);
	if (is_listed(census, &info) && !sweep)
		return NULL;
	copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	entries = copy >= 0 ? fdopendir(copy) : NULL;
	if (entries == NULL) {
		struct error *error =
		    error_errno(ERROR_IO, "cannot read '%s'", census->path);

		if (copy >= 0)
			close(copy);
		return error;
	}
	list_runs(census, entries, sweep);
	closedir(entries);
	census->listed_changed =
	    (double)info.st_mtim.tv_sec + (double)info.st_mtim.tv_nsec / 1e9;
	if (sweep || !census->has_begun)
		census->swept = now;
	return NULL;
}

static int
compare_changed(const void *one, const void *other)
{
	double a = (*(struct run *const *)one)->changed;
	double b = (*(struct run *const *)other)->changed;

	return a > b ? -1 : a < b;
}

/* Of the runs that ended before: the last success, the youngest first. */
static void
read_back(struct run_census *census, int directory)
{
	struct run **old = xcalloc(census->n + 1, sizeof(struct run *));
	size_t n = 0, n_read = 0;

	for (size_t i = 0; i < census->n; i++)
		if (census->runs[i].started <= 0 &&
		    census->runs[i].n_reports > 0)
			old[n++] = &census->runs[i];
	qsort(old, n, sizeof(struct run *), compare_changed);
	for (size_t i = 0; i < n && census->numbers.last_success <= 0 &&
	     n_read < MAX_READ_BACK;
	     i++, n_read++) {
		struct run_report report;

		run_glance_report(
		    &report, directory, old[i]->name, old[i]->n_reports);
		if (report.success)
			census->numbers.last_success = report.ended;
	}
	free(old);
}

/* The first look: what has ended is not counted. */
static void
begin(struct run_census *census, int directory)
{
	double now = clock_now();

	for (size_t i = 0; i < census->n; i++) {
		struct run *run = &census->runs[i];
		struct run_glance glance;

		run_glance(&glance, directory, run->name);
		run->changed = glance.changed;
		run->n_reports = glance.n_reports;
		if (glance.is_locked)
			run->started =
			    glance.started > 0 && glance.n_reports == 0
			    ? glance.started
			    : glance.changed;
	}
	read_back(census, directory);
	for (size_t i = 0; i < census->n; i++) {
		struct run *run = &census->runs[i];

		if (run->started > 0 ||
		    (run->n_reports == 0 &&
			now - run->changed <= SETTLE_SECONDS))
			continue;
		run->is_unreported = run->n_reports == 0;
		forget_name(run);
	}
	census->has_begun = true;
}

static void
sum_up(struct run_census *census)
{
	struct run_numbers *numbers = &census->numbers;

	numbers->n_directories = census->n;
	numbers->n_running = 0;
	numbers->oldest_started = 0;
	for (size_t i = 0; i < census->n; i++) {
		double started = census->runs[i].started;

		if (started <= 0)
			continue;
		numbers->n_running++;
		if (numbers->oldest_started <= 0 ||
		    started < numbers->oldest_started)
			numbers->oldest_started = started;
	}
}

struct error *
run_census_update(struct run_census *census)
{
	int directory = open(census->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct error *error;

	/* No run was there yet; all that will be are new. */
	if (directory < 0 && errno == ENOENT) {
		free_runs(census->runs, census->n);
		census->runs = NULL;
		census->n = census->capacity = 0;
		census->has_begun = true;
		sum_up(census);
		return NULL;
	}
	if (directory < 0)
		return error_errno(ERROR_IO, "cannot open '%s'", census->path);
	error = list_if_changed(census, directory);
	if (error == NULL && !census->has_begun)
		begin(census, directory);
	for (size_t i = 0; error == NULL && i < census->n; i++)
		if (census->runs[i].name != NULL)
			look_at(census, &census->runs[i], directory);
	if (error == NULL)
		sum_up(census);
	close(directory);
	return error;
}

const struct run_numbers *
run_census_numbers(const struct run_census *census)
{
	return &census->numbers;
}
