/* SPDX-License-Identifier: MIT */
#include "process.h"

#include <signal.h>
#include <time.h>

static volatile sig_atomic_t cancelled_by;
/* Signals up to this second of the monotonic clock are not noted. */
static volatile sig_atomic_t deaf_until;

static int
second(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int)now.tv_sec;
}

static void
note(int signal_number)
{
	if (cancelled_by == 0 && (deaf_until == 0 || second() > deaf_until))
		cancelled_by = signal_number;
}

void
cancel_install(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	/* No SA_RESTART: a read or a connect that waits is to end, too. */
	struct sigaction action = { .sa_handler = note };
	struct sigaction old;

	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
		/* nohup, and a shell's background jobs, stay in force. */
		if (signals[i] != SIGTERM &&
		    sigaction(signals[i], NULL, &old) == 0 &&
		    old.sa_handler == SIG_IGN)
			continue;
		sigaction(signals[i], &action, NULL);
	}
}

int
cancel_signal(void)
{
	return cancelled_by;
}

void
cancel_forget(void)
{
	deaf_until = second() + 1;
	cancelled_by = 0;
}
