/* SPDX-License-Identifier: MIT */
/* The loop that all goes through: one process, poll(2), and no clocks but for
 * the line of status. */
#define _GNU_SOURCE /* signalfd */
#include "each.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "clock.h"
#include "each_internal.h"
#include "file.h"
#include "json.h"
#include "memory.h"

/* Tasks that are known at once beyond those at work: results that wait for
 * one before them, or for their reader. */
enum { MAX_WAITING = 256, MAX_STATUS_BYTES = 256 };

/* What is left by a command that has ended, and holds its output. */
static const double drain_seconds = 2;

struct each {
	const struct each_options *options;
	struct each_log log;
	struct each_input input;
	struct each_output output;
	struct each_done done;
	struct places places;
	bool limited;
	struct each_task *ready;   /* waits for a place */
	struct each_task *running; /* a list */
	size_t n_running, n_known, next_order;
	size_t n_succeeded, n_failed, n_skipped;
	size_t first_failure; /* its line; 0: none failed */
	int exit_code;        /* of that */
	int signals, n_signals, cancelled;
	bool stopping;
	double started;
	struct error *error;
	struct pollfd *fds;
};

/* --- Signals --- */

static void
catch_signals(struct each *each)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGCHLD };
	struct sigaction old;
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		/* nohup, and a shell's background jobs, stay in force. */
		if (numbers[i] == SIGTERM || numbers[i] == SIGCHLD ||
		    sigaction(numbers[i], NULL, &old) != 0 ||
		    old.sa_handler != SIG_IGN)
			sigaddset(&set, numbers[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	each->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (each->signals < 0)
		each->error = error_errno(ERROR_IO, "cannot wait for signals");
}

static void
signal_all(struct each *each, int signal_number)
{
	for (struct each_task *task = each->running; task != NULL;
	     task = task->next)
		if (!task->exited)
			each_task_signal(task, signal_number);
}

static void
stop(struct each *each)
{
	each->stopping = true;
	each_task_free(each->ready);
	if (each->ready != NULL)
		each->n_known--;
	each->ready = NULL;
}

static void
on_signal(struct each *each, int number)
{
	each->n_signals++;
	if (each->cancelled == 0)
		each->cancelled = number;
	stop(each);
	signal_all(each, each->n_signals == 1 ? SIGTERM : SIGKILL);
	each_log_event(&each->log, LOG_WARN, "cancelled",
	    json_set_number(jv_object(), "tasks", (double)each->n_running),
	    "%s: %zu task%s at work %s", strsignal(number), each->n_running,
	    each->n_running == 1 ? "" : "s",
	    each->n_signals == 1 ? "asked to end" : "killed");
}

static void
read_signals(struct each *each)
{
	struct signalfd_siginfo info;

	while (read(each->signals, &info, sizeof info) == (ssize_t)sizeof info)
		if ((int)info.ssi_signo != SIGCHLD)
			on_signal(each, (int)info.ssi_signo);
}

/* --- Ends of tasks --- */

static void
tell_end(struct each *each, const struct each_task *task)
{
	char duration[CLOCK_TEXT_SIZE];
	double seconds = task->ended_at - task->started_at;
	jv fields = json_set_number(jv_object(), "line", (double)task->line);

	fields = json_set_boolean(fields, "success", task->failure == 0);
	if (task->exit_code >= 0) {
		fields = json_set_number(fields, "exit_code", task->exit_code);
		fields = json_set_number(fields, "waited_seconds",
		    clock_milliseconds(each_task_waited(task)));
		fields = json_set_number(
		    fields, "duration_seconds", clock_milliseconds(seconds));
	}
	fields = json_set_string(fields, "task_id", task->name);
	clock_format_duration(duration, seconds);
	if (task->error != NULL)
		each_log_event(&each->log, LOG_ERROR, "task_end", fields, "%s",
		    task->error->message);
	else
		each_log_event(&each->log, LOG_INFO, "task_end", fields,
		    "%s in %s", task->failure == 0 ? "succeeded" : "failed",
		    duration);
}

/* A task is over, and its result is known. */
static void
take_result(struct each *each, struct each_task *task)
{
	if (task->failure == 0) {
		each->n_succeeded++;
	} else {
		each->n_failed++;
		if (each->first_failure == 0 ||
		    task->line < each->first_failure) {
			each->first_failure = task->line;
			each->exit_code = task->failure;
		}
	}
	tell_end(each, task);
	each_output_add(&each->output, task);
	if (task->failure != 0 && each->options->fail_fast && !each->stopping) {
		each_log_event(&each->log, LOG_WARN, "fail_fast", jv_object(),
		    "a task failed: no new ones are started");
		stop(each);
	}
}

static void
end_task(struct each *each, struct each_task **at)
{
	struct each_task *task = *at;

	*at = task->next;
	task->next = NULL;
	each->n_running--;
	each_task_finish(task, each->cancelled);
	take_result(each, task);
}

/* Whoever is left of a command, and holds its output, has a moment to end:
 * a pipeline's other stages, told to end with it. */
static bool
is_over(struct each_task *task)
{
	if (!each_task_look(task))
		return false;
	while (task->output >= 0) {
		struct pollfd more = { .fd = task->output, .events = POLLIN };

		if (poll(&more, 1, 0) <= 0)
			break;
		each_task_read(task);
	}
	if (task->drained_at == 0)
		task->drained_at = clock_monotonic() + drain_seconds;
	return task->output < 0 || clock_monotonic() >= task->drained_at;
}

static void
collect(struct each *each)
{
	struct each_task **at = &each->running;

	while (*at != NULL) {
		if (is_over(*at))
			end_task(each, at);
		else
			at = &(*at)->next;
	}
}

/* --- Starts of tasks --- */

static void
start(struct each *each, struct each_task *task)
{
	struct error *error = each_task_start(task, each->options->argv);

	if (error != NULL) {
		each_task_fail(task, error);
		take_result(each, task);
		return;
	}
	task->next = each->running;
	each->running = task;
	each->n_running++;
}

/* False: it has to wait. */
static bool
start_ready(struct each *each)
{
	struct each_task *task = each->ready;
	struct error *error = NULL;

	if (each->limited)
		error = places_take(&each->places, &task->place);
	if (error != NULL) {
		each->error = error;
		stop(each);
		return false;
	}
	if (each->limited && task->place < 0)
		return false;
	each->ready = NULL;
	start(each, task);
	return true;
}

static void
take_line(struct each *each, struct each_task *task)
{
	if (task->error == NULL && each_done_has(&each->done, &task->given)) {
		each->n_skipped++;
		each_task_free(task);
		return;
	}
	task->order = each->next_order++;
	task->ready_at = clock_monotonic();
	each->n_known++;
	if (task->error != NULL)
		take_result(each, task);
	else
		each->ready = task;
}

static bool
may_take(const struct each *each)
{
	return !each->stopping && each->n_running < each->options->n_jobs &&
	    each->n_known < each->options->n_jobs + MAX_WAITING;
}

/* As many as can be; then standard input, or a place, is waited for. */
static void
start_tasks(struct each *each)
{
	while (may_take(each)) {
		struct each_task *task;

		if (each->ready != NULL) {
			if (!start_ready(each))
				return;
			continue;
		}
		task = each_input_next(&each->input);
		if (task == NULL)
			return;
		take_line(each, task);
	}
}

static bool
wants_input(const struct each *each)
{
	return may_take(each) && each->ready == NULL && !each->input.has_ended;
}

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
	    (struct pollfd){ .fd = wants_input(each) ? STDIN_FILENO : -1,
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
		stop(each);
		signal_all(each, SIGTERM);
	}
}

static void
turn(struct each *each)
{
	size_t n = fill_fds(each), i = FD_OTHERS;

	if (poll(each->fds, n, timeout(each)) < 0)
		return;
	if (each->fds[FD_SIGNALS].revents != 0)
		read_signals(each);
	if (each->fds[FD_LOG].revents != 0)
		outlet_flush(&each->log.outlet);
	for (struct each_task *task = each->running; task != NULL;
	     task = task->next)
		if (each->fds[i++].revents != 0 && task->output >= 0)
			each_task_read(task);
	collect(each);
	write_output(each);
	if (each->fds[FD_INPUT].revents != 0 && wants_input(each))
		each_input_read(&each->input);
}

static void
work(struct each *each)
{
	while (each->error == NULL || each->n_running > 0) {
		if (each->error == NULL)
			start_tasks(each);
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
	stop(each);
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
	catch_signals(&each);
	open_all(&each, config);
	work(&each);
	tell_sum(&each);
	code = exit_code(&each);
	close_all(&each);
	return code;
}
