/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* flock, timer_create */
#include "file_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "process.h"

static void
wake(int signal_number)
{
	(void)signal_number;
}

/*
 * The kernel wakes who waits when the lock is free. A signal every second is
 * for the deadline, and for a cancelling signal that came just before the
 * waiting began.
 */
static bool
start_timer(timer_t *timer)
{
	struct sigaction action = { .sa_handler = wake };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL,
		.sigev_signo = SIGUSR2 };
	struct itimerspec when = { .it_value.tv_sec = 1,
		.it_interval.tv_sec = 1 };

	sigemptyset(&action.sa_mask);
	sigaction(SIGUSR2, &action, NULL);
	return timer_create(CLOCK_MONOTONIC, &event, timer) == 0 &&
	    timer_settime(*timer, 0, &when, NULL) == 0;
}

static struct error *
may_wait(const char *path, double ends)
{
	if (cancel_signal() != 0)
		return error_cancelled(cancel_signal());
	if (ends <= 0 || clock_monotonic() < ends)
		return NULL;
	return error_new(ERROR_TIMEOUT,
	    "cannot lock '%s': the time for it is used up", path);
}

static struct error *
wait_for_lock(int fd, const char *path, double ends)
{
	struct error *error;

	while ((error = may_wait(path, ends)) == NULL) {
		if (flock(fd, LOCK_EX) == 0)
			return NULL;
		if (errno != EINTR)
			return error_errno(ERROR_IO, "cannot lock '%s'", path);
	}
	return error;
}

struct error *
file_lock(int fd, const char *path, double ends)
{
	struct error *error;
	timer_t timer;
	bool timed;

	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return NULL;
	timed = start_timer(&timer);
	error = wait_for_lock(fd, path, ends);
	if (timed)
		timer_delete(timer);
	return error;
}

struct error *
file_lock_open(int *fd, const char *path, double ends)
{
	struct error *error;

	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*fd < 0)
		return error_errno(ERROR_IO, "cannot open '%s'", path);
	error = file_lock(*fd, path, ends);
	if (error != NULL) {
		close(*fd);
		*fd = -1;
	}
	return error;
}
