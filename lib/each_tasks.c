/* SPDX-License-Identifier: MIT */
/* Tasks begin and end, and signals end them: what the loop in each.c calls. */
#define _GNU_SOURCE /* signalfd */
#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "clock.h"
#include "each_internal.h"
#include "json.h"
#include "memory.h"

/* Tasks that are known at once beyond those at work: results that wait for
 * one before them, or for their reader. */
enum { MAX_WAITING = 256 };

/* What is left by a command that has ended, and holds its output. */
static const double drain_seconds = 2;

/* --- Signals --- */

void
each_catch_signals(struct each *each)
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

void
each_signal_all(struct each *each, int signal_number)
{
	for (struct each_task *task = each->running; task != NULL;
	     task = task->next)
		if (!task->exited)
			each_task_signal(task, signal_number);
}

void
each_stop(struct each *each)
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
	each_stop(each);
	each_signal_all(each, each->n_signals == 1 ? SIGTERM : SIGKILL);
	each_log_event(&each->log, LOG_WARN, "cancelled",
	    json_set_number(jv_object(), "tasks", (double)each->n_running),
	    "%s: %zu task%s at work %s", strsignal(number), each->n_running,
	    each->n_running == 1 ? "" : "s",
	    each->n_signals == 1 ? "asked to end" : "killed");
}

void
each_read_signals(struct each *each)
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
		each_stop(each);
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
	if (task->drained_at == 0)
		task->drained_at = clock_monotonic() + drain_seconds;
	while (task->output >= 0 && clock_monotonic() < task->drained_at) {
		struct pollfd more = { .fd = task->output, .events = POLLIN };

		if (poll(&more, 1, 0) <= 0)
			break;
		each_task_read(task);
	}
	return task->output < 0 || clock_monotonic() >= task->drained_at;
}

void
each_collect(struct each *each)
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
		each_stop(each);
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
void
each_start_tasks(struct each *each)
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

bool
each_wants_input(const struct each *each)
{
	return may_take(each) && each->ready == NULL && !each->input.has_ended;
}
