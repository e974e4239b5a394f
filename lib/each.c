/* SPDX-License-Identifier: MIT */
/* The loop that all goes through: one process, poll(2), and no clocks but for
 * the line of status. */
#define _GNU_SOURCE /* signalfd */
#include "each.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "clock.h"
#include "each_internal.h"
#include "file.h"
#include "json.h"
#include "memory.h"

enum { MAX_STATUS_BYTES = 256 };

/* --- The loop --- */

static bool
is_finished(const struct each *each)
{
	if (each->n_running > 0 || each->n_signals > 2)
		return each->n_signals > 2;
	if (each->output.error == NULL && each->output.head != NULL)
		return false;
	return each->stopping || (each->input.has_ended && each->ready == NULL);
}

static void
show_status(struct each *each)
{
	char text[MAX_STATUS_BYTES], duration[CLOCK_TEXT_SIZE];
	double seconds = clock_monotonic() - each->started;

	clock_format_duration(duration, seconds);
	if (seconds < 59.95)
		snprintf(duration, sizeof duration, "%.0fs", seconds);
	snprintf(text, sizeof text, "%zu done, %zu failed, %zu at work%s  %s",
	    each->n_succeeded, each->n_failed, each->n_running,
	    each->ready != NULL ? ", one waits for its turn" : "", duration);
	each_log_status(&each->log, text);
}

/* -1: for ever. */
static int
timeout(const struct each *each)
{
	int milliseconds = each->log.status ? 1000 : -1;

	for (const struct each_task *task = each->running; task != NULL;
	     task = task->next) {
		double left;

		if (task->drained_at == 0)
			continue;
		left = task->drained_at - clock_monotonic();
		left = left > 0 ? left * 1000 + 1 : 0;
		if (milliseconds < 0 || left < milliseconds)
			milliseconds = (int)left;
	}
	return milliseconds;
}

enum { FD_SIGNALS, FD_INPUT, FD_OUTPUT, FD_LOG, FD_OTHERS };

static size_t
fill_fds(struct each *each)
{
	bool writes = each_output_wants(&each->output);
	size_t n = FD_OTHERS;

	each->fds = xreallocarray(each->fds,
	    FD_OTHERS + each->n_running + each->places.n, sizeof *each->fds);
	each->fds[FD_SIGNALS] =
	    (struct pollfd){ .fd = each->signals, .events = POLLIN };
	each->fds[FD_INPUT] =
	    (struct pollfd){ .fd = each_wants_input(each) ? STDIN_FILENO : -1,
		    .events = POLLIN };
	/* With nothing to write, to hear of a reader that is gone. */
	each->fds[FD_OUTPUT] =
	    (struct pollfd){ .fd = each->output.error == NULL ? STDOUT_FILENO
							      : -1,
		    .events = writes ? POLLOUT : 0 };
	each->fds[FD_LOG] = (struct pollfd){
		.fd = outlet_is_empty(&each->log.outlet) ? -1 : STDERR_FILENO,
		.events = POLLOUT
	};
	for (struct each_task *task = each->running; task != NULL;
	     task = task->next)
		each->fds[n++] =
		    (struct pollfd){ .fd = task->output, .events = POLLIN };
	if (each->ready != NULL)
		n += places_wait(&each->places, &each->fds[n]);
	return n;
}

/* A reader that is gone ends all: what is done would be lost. */
static void
write_output(struct each *each)
{
	const struct pollfd *fd = &each->fds[FD_OUTPUT];

	if ((fd->revents & POLLERR) != 0 && each->output.error == NULL &&
	    !each_output_wants(&each->output)) {
		errno = EPIPE;
		each->output.error =
		    error_errno(ERROR_IO, "cannot write standard output");
	} else if (fd->revents != 0) {
		each->n_known -= each_output_write(&each->output);
	}
	if (each->output.error != NULL && each->error == NULL) {
		each->error =
		    error_new(ERROR_IO, "%s", each->output.error->message);
		each_stop(each);
		each_signal_all(each, SIGTERM);
	}
}

static void
turn(struct each *each)
{
	size_t n = fill_fds(each), i = FD_OTHERS;

	if (poll(each->fds, n, timeout(each)) < 0)
		return;
	if (each->fds[FD_SIGNALS].revents != 0)
		each_read_signals(each);
	if (each->fds[FD_LOG].revents != 0)
		outlet_flush(&each->log.outlet);
	for (struct each_task *task = each->running; task != NULL;
	     task = task->next)
		if (each->fds[i++].revents != 0 && task->output >= 0)
			each_task_read(task);
	each_collect(each);
	write_output(each);
	if (each->fds[FD_INPUT].revents != 0 && each_wants_input(each))
		each_input_read(&each->input);
}

static void
work(struct each *each)
{
	while (each->error == NULL || each->n_running > 0) {
		if (each->error == NULL)
			each_start_tasks(each);
		if (is_finished(each))
			break;
		show_status(each);
		turn(each);
	}
	if (each->error == NULL && each->input.error != NULL) {
		each->error = each->input.error;
		each->input.error = NULL;
	}
}

/* --- The beginning and the end --- */

static void
open_all(struct each *each, const struct config *config)
{
	const char *path = each->options->skip_done;
	double limit = config_number(config, "max_parallel_runners");
	struct rlimit files;
	size_t n_broken;

	/* A task is some three descriptors. */
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	each->limited = config_is_set(config, "max_parallel_runners");
	if (each->error == NULL && each->limited)
		each->error = places_open(&each->places, (size_t)limit);
	if (each->error != NULL || path == NULL)
		return;
	each->error = each_done_read(
	    &each->done, path, each->options->skip_failed, &n_broken);
	if (n_broken > 0)
		each_log_event(&each->log, LOG_WARN, "results_broken",
		    json_set_number(jv_object(), "lines", (double)n_broken),
		    "%zu line%s of '%s' %s no result, and left out", n_broken,
		    n_broken == 1 ? "" : "s", path,
		    n_broken == 1 ? "is" : "are");
}

static int
exit_code(const struct each *each)
{
	if (each->error != NULL)
		return each->error->exit_code;
	if (each->cancelled != 0)
		return 128 + (each->cancelled == SIGINT ? SIGINT : SIGTERM);
	return each->exit_code;
}

static void
tell_sum(struct each *each)
{
	char duration[CLOCK_TEXT_SIZE];
	double seconds = clock_monotonic() - each->started;
	jv fields = json_set_number(
	    jv_object(), "succeeded", (double)each->n_succeeded);

	if (each->error != NULL)
		each_log_event(&each->log, LOG_ERROR, "each_failed",
		    jv_object(), "%s", each->error->message);
	fields = json_set_number(fields, "failed", (double)each->n_failed);
	fields = json_set_number(fields, "skipped", (double)each->n_skipped);
	fields = json_set_number(
	    fields, "duration_seconds", clock_milliseconds(seconds));
	clock_format_duration(duration, seconds);
	each_log_event(&each->log, LOG_INFO, "each_end", fields,
	    "%zu succeeded, %zu failed, %zu skipped in %s", each->n_succeeded,
	    each->n_failed, each->n_skipped, duration);
}

static void
close_all(struct each *each)
{
	struct each_task *next;

	each_log_end(&each->log);
	/* Of a third signal: they were killed. */
	for (struct each_task *task = each->running; task != NULL;
	     task = next) {
		next = task->next;
		each_task_free(task);
	}
	each_stop(each);
	each_input_close(&each->input);
	each_output_close(&each->output);
	each_done_release(&each->done);
	places_close(&each->places);
	if (each->signals >= 0)
		close(each->signals);
	error_free(each->error);
	free(each->fds);
}

int
each_run(const struct each_options *options, const struct config *config,
    const struct mask *mask)
{
	struct each each = { .options = options, .started = clock_monotonic() };
	enum log_level level = LOG_INFO;
	const char *name = config_string(config, "log_level");
	int code;

	if (name != NULL)
		log_level_by_name(&level, name);
	each_log_open(&each.log, mask, level, options->quiet);
	each_input_open(&each.input, &each.log);
	each_output_open(
	    &each.output, options->keep_order, options->reading_fd);
	each_catch_signals(&each);
	open_all(&each, config);
	work(&each);
	tell_sum(&each);
	code = exit_code(&each);
	close_all(&each);
	return code;
}
