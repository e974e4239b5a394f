/* SPDX-License-Identifier: MIT */
#include "run_watch.h"

#include <errno.h>
#include <math.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "clock.h"
#include "file.h"
#include "health_check.h"
#include "health_metrics.h"
#include "log.h"
#include "memory.h"
#include "run_census.h"

enum { MAX_TEXT_BYTES = 256 * 1024, RESTART_SECONDS = 10 };

void
run_watch_open(struct run_watch *watch, const struct config *config)
{
	*watch = (struct run_watch){
		.config = config,
		.cache_seconds = config_number(config, "health_cache_seconds"),
		.fd = -1,
		.text = BUFFER_INIT(MAX_TEXT_BYTES),
		.incoming = BUFFER_INIT(MAX_TEXT_BYTES),
	};
}

void
run_watch_close(struct run_watch *watch)
{
	if (watch->pid > 0)
		child_kill(watch->pid);
	if (watch->fd >= 0)
		close(watch->fd);
	buffer_release(&watch->text);
	buffer_release(&watch->incoming);
}

/* --- In the process of its own --- */

static void
rest(double seconds)
{
	struct timespec time = { .tv_sec = (time_t)seconds };

	time.tv_nsec = (long)((seconds - (double)time.tv_sec) * 1e9);
	nanosleep(&time, NULL);
}

/* A directory that cannot be read is told once. */
static void
update(struct run_census *census, bool *was_told)
{
	struct error *error = run_census_update(census);

	if (error != NULL && !*was_told)
		log_warn("runs_unreadable", "%s", error->message);
	*was_told = error != NULL;
	error_free(error);
}

/* Each text ends with a NUL. */
static void
watch_runs(void *context, int fd)
{
	const struct run_watch *watch = context;
	char *runs = health_runs_dir(watch->config);
	struct run_census *census = run_census_new(runs);
	struct buffer text = BUFFER_INIT(MAX_TEXT_BYTES);
	struct error *error = NULL;
	bool was_told = false;

	while (error == NULL) {
		update(census, &was_told);
		buffer_clear(&text);
		health_metrics_runs(&text, census, watch->config);
		error = file_write_all(fd, text.data, text.len + 1, "metrics");
		rest(watch->cache_seconds);
	}
	error_free(error);
	buffer_release(&text);
	run_census_free(census);
	free(runs);
}

/* --- In ours --- */

void
run_watch_start(struct run_watch *watch)
{
	struct error *error;

	if (watch->pid > 0 || clock_monotonic() < watch->start_at)
		return;
	watch->start_at = clock_monotonic() + RESTART_SECONDS;
	buffer_clear(&watch->incoming);
	error = child_start(&watch->pid, &watch->fd, watch_runs, watch);
	if (error != NULL)
		log_warn("runs_unwatched", "%s", error->message);
	error_free(error);
}

double
run_watch_wait(const struct run_watch *watch)
{
	double left = watch->start_at - clock_monotonic();

	return watch->pid > 0 ? HUGE_VAL : left > 0 ? left : 0;
}

static void
take_bytes(struct run_watch *watch, const char *bytes, size_t n)
{
	for (const char *end; n > 0;) {
		size_t len;

		end = memchr(bytes, '\0', n);
		len = end != NULL ? (size_t)(end - bytes) : n;
		buffer_append(&watch->incoming, bytes, len);
		if (end == NULL)
			return;
		buffer_clear(&watch->text);
		buffer_append(
		    &watch->text, watch->incoming.data, watch->incoming.len);
		buffer_clear(&watch->incoming);
		bytes += len + 1;
		n -= len + 1;
	}
}

void
run_watch_take(struct run_watch *watch)
{
	char bytes[16384];
	ssize_t n;

	if (watch->fd < 0)
		return;
	while ((n = read(watch->fd, bytes, sizeof bytes)) > 0)
		take_bytes(watch, bytes, (size_t)n);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	/* Somebody has ended it. */
	log_warn("runs_unwatched",
	    "what looks at the runs has ended; it starts again in %d s at "
	    "most",
	    RESTART_SECONDS);
	child_reap(watch->pid);
	close(watch->fd);
	watch->pid = 0;
	watch->fd = -1;
}
