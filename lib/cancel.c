/* SPDX-License-Identifier: MIT */
#include "process.h"

#include <signal.h>

static volatile sig_atomic_t cancelled_by;

static void
note(int signal_number)
{
	if (cancelled_by == 0)
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
