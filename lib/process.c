/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* ppoll, wait4 */
#include "process.h"

#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "clock.h"
#include "log.h"
#include "memory.h"
#include "process_internal.h"

static const double default_grace_seconds = 10;
static const double drain_seconds = 2;
/* Processes left behind may be about to end: a tee that writes its rest. */
static const double patience_seconds = 0.5;
static const double leftover_grace_seconds = 2;
/* Who survives KILL for so long hangs in the kernel. */
static const double kill_seconds = 5;
static const double kill_again_seconds = 0.02;
static const double chase_seconds = 0.2;
static const double settled_seconds = 0.002;
static const double forever = 1e18;

struct run {
	struct process_options *options;
	struct process_result *result;
	struct capture *captures[STDIO_N_CAPTURES];
	struct family family;
	struct limiter *limiter;
	struct sandbox *sandbox;
	struct watch watch;
	bool has_output;
	size_t floor_bytes;   /* no child's ru_maxrss is less: it is ours */
	size_t largest_bytes; /* the largest ru_maxrss */
	pid_t child;          /* 0: not started, or reaped */
	pid_t last_ended;     /* of all that were reaped */
	bool alone;           /* nothing of it is left */
	double started, last_output;
	struct error *error; /* the first that makes going on senseless */
	struct signals signals;
};

static void
fail(struct run *run, struct error *error)
{
	run->error = error_first(run->error, error);
}

static double
seconds(const struct timeval *time)
{
	return (double)time->tv_sec + (double)time->tv_usec / 1e6;
}

static void
account(struct run *run, const struct rusage *usage)
{
	enum { BLOCK_BYTES = 512 };
	size_t largest = (size_t)usage->ru_maxrss * 1024;

	run->result->user_seconds += seconds(&usage->ru_utime);
	run->result->system_seconds += seconds(&usage->ru_stime);
	run->result->written_bytes += (size_t)usage->ru_oublock * BLOCK_BYTES;
	if (largest > run->largest_bytes)
		run->largest_bytes = largest;
}

static void
child_ended(struct run *run, int status)
{
	run->child = 0;
	run->result->wall_seconds = clock_monotonic() - run->started;
	if (WIFSIGNALED(status)) {
		run->result->signal = WTERMSIG(status);
		run->result->exit_code = 128 + WTERMSIG(status);
	} else {
		run->result->exit_code = WEXITSTATUS(status);
	}
}

/* The child is gone, but its status went to somebody else. */
static void
lose(struct run *run)
{
	run->child = 0;
	run->result->end = PROCESS_LOST;
	run->result->wall_seconds = clock_monotonic() - run->started;
}

/*
 * Takes in all that has ended. Orphans become our children, so that having
 * none means that nothing is left, without a look at /proc.
 */
static void
reap(struct run *run)
{
	struct rusage usage;
	int status;
	pid_t pid;

	while ((pid = wait4(-1, &status, WNOHANG, &usage)) > 0) {
		if (family_is_bystander(&run->family, pid))
			continue;
		run->last_ended = pid;
		account(run, &usage);
		if (pid == run->child)
			child_ended(run, status);
	}
	if (pid < 0) {
		run->alone = true;
		if (run->child != 0)
			lose(run);
	} else if (run->child == 0 && run->family.n_bystanders > 0)
		run->alone = family_count(&run->family) == 0;
}

static double
earlier(double a, double b)
{
	return a < b ? a : b;
}

static struct timespec
time_until(double when)
{
	double left = when - clock_monotonic();

	if (left < 0)
		left = 0;
	if (left > 1e6)
		left = 1e6;
	return (struct timespec){
		.tv_sec = (time_t)left,
		.tv_nsec = (long)((left - (double)(time_t)left) * 1e9),
	};
}

static void
read_captures(struct run *run, const struct pollfd fds[STDIO_N_CAPTURES])
{
	for (int i = 0; i < STDIO_N_CAPTURES; i++) {
		if (fds[i].revents == 0)
			continue;
		if (!run->has_output && run->child != 0)
			watch_glance(&run->watch, run->child);
		run->has_output = true;
		fail(run, capture_read(run->captures[i]));
		run->last_output = clock_monotonic();
	}
}

static void
send_events(const struct run *run)
{
	double now = clock_monotonic();

	for (int i = 0; i < STDIO_N_CAPTURES; i++) {
		double due = capture_event_due(run->captures[i]);

		if (due > 0 && due <= now)
			capture_event(run->captures[i], now);
	}
}

/* Sleeps until there is output, a signal, or the time has come. */
static void
wait_for_news(struct run *run, double until)
{
	struct pollfd fds[STDIO_N_CAPTURES];
	struct timespec timeout;
	int n_ready;

	for (int i = 0; i < STDIO_N_CAPTURES; i++) {
		double due = capture_event_due(run->captures[i]);

		fds[i] = capture_poll(run->captures[i]);
		if (due > 0)
			until = earlier(until, due);
	}
	timeout = time_until(earlier(until, run->watch.next));
	n_ready = ppoll(fds, STDIO_N_CAPTURES, &timeout, &run->signals.waiting);
	if (n_ready > 0) {
		read_captures(run, fds);
		/*
		 * ppoll() lets no signal in while there is something to read:
		 * a command that never stops printing could not be cancelled.
		 */
		sigprocmask(SIG_SETMASK, &run->signals.waiting, NULL);
		sigprocmask(SIG_SETMASK, &run->signals.blocked, NULL);
	}
	send_events(run);
	if (signals_child_news())
		reap(run);
	if (!run->alone && clock_monotonic() >= run->watch.next)
		watch_look(&run->watch, &run->family);
}

static double
deadline(const struct run *run)
{
	double limit = run->options->timeout_seconds;

	return limit > 0 ? run->started + limit : forever;
}

static double
stall_deadline(const struct run *run)
{
	double limit = run->options->stall_seconds;

	for (int i = 0; i < STDIO_N_CAPTURES; i++)
		if (capture_is_held_up(run->captures[i]))
			return forever;
	return limit > 0 ? run->last_output + limit : forever;
}

/* Is it time to end the command? Says why in the result. */
static bool
must_end(struct run *run)
{
	double now = clock_monotonic();

	if (cancel_signal() != 0)
		run->result->end = PROCESS_CANCELLED;
	else if (now >= deadline(run))
		run->result->end = PROCESS_TIMED_OUT;
	else if (now >= stall_deadline(run))
		run->result->end = PROCESS_STALLED;
	else if (run->watch.too_many)
		run->result->end = PROCESS_TOO_MANY;
	else
		return run->error != NULL;
	return true;
}

static void
wait_until_alone(struct run *run, double allowed_seconds)
{
	double until = clock_monotonic() + allowed_seconds;

	/* Those that multiply are not waited for. */
	while (!run->alone && clock_monotonic() < until && !run->watch.too_many)
		wait_for_news(run, until);
}

static void
terminate(struct run *run, double grace_seconds)
{
	if (!run->watch.too_many)
		family_signal(&run->family, run->child, SIGTERM);
	wait_until_alone(run, grace_seconds);
}

/* Without a pause: who runs away has no more time than that between its
 * parent's end and its own. Over as soon as nobody ends any more. */
static void
chase(struct run *run)
{
	double now = clock_monotonic(), until = now + chase_seconds;
	double changed = now;
	pid_t last = run->last_ended;

	while (!run->alone && now < until && now < changed + settled_seconds) {
		reap(run);
		now = clock_monotonic();
		if (run->last_ended == last)
			continue;
		last = run->last_ended;
		changed = now;
		family_chase(&run->family, last);
	}
}

static void
kill_family(struct run *run)
{
	double give_up = clock_monotonic() + kill_seconds;

	/* Again and again: what forks meanwhile is not in the first look. */
	while (!run->alone && clock_monotonic() < give_up) {
		chase(run);
		family_signal(&run->family, run->child, SIGKILL);
		wait_for_news(run, clock_monotonic() + kill_again_seconds);
	}
	if (!run->alone)
		log_warn("process_left", "cannot end all processes of '%s': %s",
		    run->options->argv[0],
		    run->family.blind ? "/proc is not mounted"
				      : "they do not react to SIGKILL");
}

static void
supervise(struct run *run)
{
	const struct process_options *options = run->options;
	double grace = options->grace_seconds > 0 ? options->grace_seconds
						  : default_grace_seconds;
	pid_t child = run->child;
	bool ended = false;

	while (run->child != 0 && !ended) {
		wait_for_news(run, earlier(deadline(run), stall_deadline(run)));
		ended = run->child != 0 && must_end(run);
	}
	if (ended) {
		terminate(run, grace);
	} else if (!run->alone) {
		wait_until_alone(run, patience_seconds);
		if (!run->alone)
			terminate(run, earlier(grace, leftover_grace_seconds));
	}
	if (!run->alone)
		kill_family(run);
	if (run->child != 0)
		lose(run);
	if (!ended && run->result->signal != 0)
		run->result->end =
		    cancel_signal() != 0 ? PROCESS_CANCELLED : PROCESS_SIGNALED;
	run->result->n_reaped = family_n_signalled(&run->family, child);
}

/* What is still in the pipes, unless somebody else holds them open. */
static void
drain(struct run *run)
{
	double until = clock_monotonic() + drain_seconds;

	while ((capture_is_open(run->captures[0]) ||
		   capture_is_open(run->captures[1])) &&
	    run->error == NULL && clock_monotonic() < until)
		wait_for_news(run, until);
}

/* Starts the child with no signal let in until it is on its own. */
static struct error *
start(struct run *run, const int fds[3])
{
	sigset_t all;
	struct error *error;
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	run->floor_bytes = (size_t)usage.ru_maxrss * 1024;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	run->started = run->last_output = clock_monotonic();
	error = process_start(&run->child, run->result, run->options,
	    run->limiter, run->sandbox, fds);
	sigprocmask(SIG_SETMASK, &run->signals.blocked, NULL);
	watch_init(&run->watch, &run->options->limits,
	    limiter_means(run->limiter), run->started);
	/* A command may be over before the first look. */
	if (run->child != 0)
		watch_glance(&run->watch, run->child);
	return error;
}

static struct error *
start_in_sandbox(struct run *run, const int fds[3])
{
	struct sandbox_options *sandbox = &run->options->sandbox;
	struct error *error = sandbox_open(&run->sandbox, sandbox);

	if (error != NULL)
		return error;
	run->options->environment =
	    sandbox_environment(run->sandbox, sandbox->environment);
	return start(run, fds);
}

static void
run_child(struct run *run)
{
	int fds[3] = { -1, -1, -1 };
	struct error *error = stdio_open(fds, run->captures, run->options);

	if (error == NULL)
		error = start_in_sandbox(run, fds);
	if (error != NULL && sandbox_can_do_with_less(run->sandbox)) {
		error_free(error);
		sandbox_close(run->sandbox, NULL);
		run->sandbox = NULL;
		error = start_in_sandbox(run, fds);
	}
	stdio_close(fds);
	fail(run, error);
	if (run->child != 0)
		supervise(run);
	if (run->error == NULL)
		drain(run);
}

/*
 * A child of vfork is charged with our own memory up to its exec, so that its
 * peak is not known unless it is larger than ours.
 */
static size_t
peak_memory(const struct run *run, const struct limits_usage *usage)
{
	size_t peak = run->watch.peak_memory_bytes;

	if (run->largest_bytes > run->floor_bytes && run->largest_bytes > peak)
		peak = run->largest_bytes;
	/* That of a group counts the page cache, which is given back before
	 * anything is ended. */
	if (peak == 0 || usage->n_memory_kills > 0)
		peak = usage->peak_memory_bytes > peak
		    ? usage->peak_memory_bytes
		    : peak;
	return peak;
}

static bool
is_too_large(const struct run *run)
{
	const struct process_result *result = run->result;

	/* By itself, or its shell says so. */
	return run->options->limits.file_size_bytes > 0 &&
	    result->exit_code == 128 + SIGXFSZ;
}

static void
conclude(struct run *run)
{
	struct process_result *result = run->result;
	struct limits_usage usage;
	bool by_itself;

	result->means = *limiter_means(run->limiter);
	limiter_close(run->limiter, &usage);
	result->n_memory_kills =
	    usage.n_memory_kills + run->watch.n_memory_kills;
	result->throttled_seconds = usage.throttled_seconds;
	result->peak_memory_bytes = peak_memory(run, &usage);
	by_itself =
	    result->end == PROCESS_EXITED || result->end == PROCESS_SIGNALED;
	/* A build may do well without a process that was ended. */
	if (by_itself && result->exit_code != 0 && result->n_memory_kills > 0)
		result->end = PROCESS_MEMORY;
	else if (by_itself && is_too_large(run))
		result->end = PROCESS_TOO_LARGE;
}

static void
finish(struct run *run)
{
	struct process_output *outputs[] = { &run->result->out,
		&run->result->err };

	for (int i = 0; i < STDIO_N_CAPTURES; i++) {
		if (run->captures[i] == NULL)
			continue;
		fail(run, capture_finish(run->captures[i], outputs[i]));
		capture_free(run->captures[i]);
	}
	sandbox_close(run->sandbox, &run->result->sandbox);
	conclude(run);
	family_release(&run->family);
}

struct error *
process_run(
    struct process_result *result, const struct process_options *options)
{
	struct process_options full = *options;
	struct run run = { .options = &full, .result = result };
	char **environment = NULL;

	*result = (struct process_result){ .end = PROCESS_EXITED,
		.limits = options->limits };
	if (cancel_signal() != 0) {
		result->end = PROCESS_CANCELLED;
		result->exit_code = 128 + cancel_signal();
		return NULL;
	}
	if (full.environment == NULL)
		full.environment = environment =
		    process_environment(NULL, NULL, NULL);
	full.sandbox.has_output =
	    full.inherit_output && full.stall_seconds <= 0;
	full.sandbox.directory = full.directory;
	full.sandbox.argv = full.argv;
	full.sandbox.environment = full.environment;
	signals_take(&run.signals);
	family_init(&run.family);
	run.limiter = limiter_open(&full.limits);
	run_child(&run);
	finish(&run);
	signals_return(&run.signals);
	process_environment_free(environment);
	return run.error;
}
