/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* ppoll, wait4, sigabbrev_np */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "memory.h"
#include "process_internal.h"

static const double default_grace_seconds = 10;
static const double drain_seconds = 2;
/* Processes left behind may be about to end: a tee that writes its rest. */
static const double patience_seconds = 0.1;
static const double leftover_grace_seconds = 2;
/* Who survives KILL for so long hangs in the kernel. */
static const double kill_seconds = 5;
static const double kill_again_seconds = 0.02;
static const double forever = 1e18;

enum { OUT, ERR, N_CAPTURES };

struct run {
	const struct process_options *options;
	struct process_result *result;
	struct capture *captures[N_CAPTURES];
	struct family family;
	pid_t child; /* 0: not started, or reaped */
	bool alone;  /* nothing of it is left */
	double started, last_output;
	struct error *error;       /* the first that makes going on senseless */
	sigset_t blocked, waiting; /* signal masks: outside of and in ppoll */
	struct {
		sigset_t mask;
		struct sigaction child, file_size;
		int subreaper;
	} before;
};

static volatile sig_atomic_t child_news;

static void
note_child(int signal_number)
{
	(void)signal_number;
	child_news = 1;
}

static void
take_signals(struct run *run)
{
	struct sigaction note = { .sa_handler = note_child };
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	static const int ours[] = { SIGINT, SIGTERM, SIGHUP, SIGCHLD };

	sigemptyset(&run->blocked);
	for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
		sigaddset(&run->blocked, ours[i]);
	sigprocmask(SIG_BLOCK, &run->blocked, &run->before.mask);
	run->waiting = run->before.mask;
	sigdelset(&run->waiting, SIGCHLD);
	sigaction(SIGCHLD, &note, &run->before.child);
	/* A file size limit is an error of write(), not our death. */
	sigaction(SIGXFSZ, &ignore, &run->before.file_size);
	prctl(PR_GET_CHILD_SUBREAPER, &run->before.subreaper);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
}

static void
return_signals(const struct run *run)
{
	prctl(PR_SET_CHILD_SUBREAPER, run->before.subreaper);
	sigaction(SIGXFSZ, &run->before.file_size, NULL);
	sigaction(SIGCHLD, &run->before.child, NULL);
	sigprocmask(SIG_SETMASK, &run->before.mask, NULL);
}

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
account(struct process_result *result, const struct rusage *usage)
{
	size_t peak = (size_t)usage->ru_maxrss * 1024;

	result->user_seconds += seconds(&usage->ru_utime);
	result->system_seconds += seconds(&usage->ru_stime);
	if (peak > result->peak_rss_bytes)
		result->peak_rss_bytes = peak;
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
		account(run->result, &usage);
		if (pid == run->child)
			child_ended(run, status);
	}
	if (pid < 0)
		run->alone = run->child == 0;
	else if (run->child == 0 && run->family.n_bystanders > 0)
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
read_captures(struct run *run, const struct pollfd fds[N_CAPTURES])
{
	for (int i = 0; i < N_CAPTURES; i++) {
		if (fds[i].revents == 0)
			continue;
		fail(run, capture_read(run->captures[i]));
		run->last_output = clock_monotonic();
	}
}

static void
send_events(const struct run *run)
{
	double now = clock_monotonic();

	for (int i = 0; i < N_CAPTURES; i++) {
		double due = capture_event_due(run->captures[i]);

		if (due > 0 && due <= now)
			capture_event(run->captures[i], now);
	}
}

/* Sleeps until there is output, a signal, or the time has come. */
static void
wait_for_news(struct run *run, double until)
{
	struct pollfd fds[N_CAPTURES];
	struct timespec timeout;
	int n_ready;

	for (int i = 0; i < N_CAPTURES; i++) {
		double due = capture_event_due(run->captures[i]);

		/* poll() passes over a descriptor of -1. */
		fds[i] = (struct pollfd){
			.fd = capture_fd(run->captures[i]),
			.events = POLLIN,
		};
		if (due > 0)
			until = earlier(until, due);
	}
	timeout = time_until(until);
	n_ready = ppoll(fds, N_CAPTURES, &timeout, &run->waiting);
	if (n_ready > 0) {
		read_captures(run, fds);
		/*
		 * ppoll() lets no signal in while there is something to read:
		 * a command that never stops printing could not be cancelled.
		 */
		sigprocmask(SIG_SETMASK, &run->waiting, NULL);
		sigprocmask(SIG_SETMASK, &run->blocked, NULL);
	}
	send_events(run);
	if (child_news) {
		child_news = 0;
		reap(run);
	}
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
	else
		return run->error != NULL;
	return true;
}

static void
wait_until_alone(struct run *run, double allowed_seconds)
{
	double until = clock_monotonic() + allowed_seconds;

	while (!run->alone && clock_monotonic() < until)
		wait_for_news(run, until);
}

static void
terminate(struct run *run, double grace_seconds)
{
	family_signal(&run->family, run->child, SIGTERM);
	wait_until_alone(run, grace_seconds);
}

static void
kill_family(struct run *run)
{
	double give_up = clock_monotonic() + kill_seconds;

	/* Again and again: what forks meanwhile is not in the first look. */
	while (!run->alone && clock_monotonic() < give_up) {
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
		run->result->wall_seconds = clock_monotonic() - run->started;
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

	while ((capture_fd(run->captures[OUT]) >= 0 ||
		   capture_fd(run->captures[ERR]) >= 0) &&
	    run->error == NULL && clock_monotonic() < until)
		wait_for_news(run, until);
}

static struct error *
open_captures(struct run *run, int fds[3])
{
	const struct process_options *options = run->options;
	struct error *error;

	error = capture_open(&run->captures[OUT], &fds[1], options->stdout_path,
	    options, "stdout");
	if (error != NULL)
		return error;
	return capture_open(&run->captures[ERR], &fds[2], options->stderr_path,
	    options, "stderr");
}

static struct error *
open_input(const struct run *run, int fds[3])
{
	const char *path = run->options->stdin_path != NULL
	    ? run->options->stdin_path
	    : "/dev/null";

	fds[0] = open(path, O_RDONLY | O_CLOEXEC);
	if (fds[0] < 0)
		return error_errno(ERROR_IO, "cannot open '%s'", path);
	return NULL;
}

/* Starts the child with no signal let in until it is on its own. */
static struct error *
start(struct run *run, const int fds[3])
{
	sigset_t all;
	struct error *error;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	run->started = run->last_output = clock_monotonic();
	error = process_start(&run->child, run->result, run->options, fds);
	sigprocmask(SIG_SETMASK, &run->blocked, NULL);
	return error;
}

static void
run_child(struct run *run)
{
	int fds[3] = { -1, -1, -1 };
	struct error *error = open_input(run, fds);

	if (error == NULL)
		error = open_captures(run, fds);
	if (error == NULL)
		error = start(run, fds);
	for (int i = 0; i < 3; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	fail(run, error);
	if (run->child != 0)
		supervise(run);
	if (run->error == NULL)
		drain(run);
}

static void
finish(struct run *run)
{
	struct process_output *outputs[] = { &run->result->out,
		&run->result->err };

	for (int i = 0; i < N_CAPTURES; i++) {
		if (run->captures[i] == NULL)
			continue;
		fail(run, capture_finish(run->captures[i], outputs[i]));
		capture_free(run->captures[i]);
	}
	family_release(&run->family);
}

struct error *
process_run(
    struct process_result *result, const struct process_options *options)
{
	struct process_options full = *options;
	struct run run = { .options = &full, .result = result };
	char **environment = NULL;

	*result = (struct process_result){ .end = PROCESS_EXITED };
	if (cancel_signal() != 0) {
		result->end = PROCESS_CANCELLED;
		result->exit_code = 128 + cancel_signal();
		return NULL;
	}
	if (full.environment == NULL)
		full.environment = environment =
		    process_environment(NULL, NULL, NULL);
	take_signals(&run);
	family_init(&run.family);
	run_child(&run);
	finish(&run);
	return_signals(&run);
	process_environment_free(environment);
	return run.error;
}

char *
process_describe(
    const struct process_result *result, const struct process_options *options)
{
	const char *name;

	switch (result->end) {
	case PROCESS_EXITED:
		/* What a shell says of a command that a signal ended. */
		name = result->exit_code > 128
		    ? sigabbrev_np(result->exit_code - 128)
		    : NULL;
		return name == NULL
		    ? xasprintf("exit code %d", result->exit_code)
		    : xasprintf(
			  "exit code %d (SIG%s)", result->exit_code, name);
	case PROCESS_SIGNALED:
		name = sigabbrev_np(result->signal);
		if (name == NULL)
			return xasprintf("killed by signal %d", result->signal);
		return xasprintf("killed by SIG%s", name);
	case PROCESS_NO_START:
		if (result->start_errno == ENOEXEC)
			return xstrdup(
			    "cannot be started: it is for another "
			    "machine, or its #! line names a program that "
			    "does not exist");
		return xasprintf(
		    "cannot be started: %s", strerror(result->start_errno));
	case PROCESS_TIMED_OUT:
		return xasprintf("timed out after %.6g s",
		    clock_milliseconds(options->timeout_seconds));
	case PROCESS_STALLED:
		return xasprintf("stalled: no output for %.6g s",
		    clock_milliseconds(options->stall_seconds));
	case PROCESS_CANCELLED:
		name = sigabbrev_np(cancel_signal());
		return xasprintf(
		    "cancelled by SIG%s", name != NULL ? name : "TERM");
	}
	return xstrdup("");
}
