/* SPDX-License-Identifier: MIT */
#include "process_internal.h"

#include <sys/prctl.h>

static volatile sig_atomic_t child_news;

static void
note_child(int signal_number)
{
	(void)signal_number;
	child_news = 1;
}

void
signals_take(struct signals *signals)
{
	struct sigaction note = { .sa_handler = note_child };
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	static const int ours[] = { SIGINT, SIGTERM, SIGHUP, SIGCHLD };

	sigemptyset(&signals->blocked);
	for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
		sigaddset(&signals->blocked, ours[i]);
	sigprocmask(SIG_BLOCK, &signals->blocked, &signals->before.mask);
	signals->waiting = signals->before.mask;
	sigdelset(&signals->waiting, SIGCHLD);
	sigaction(SIGCHLD, &note, &signals->before.child);
	/* A file size limit, or a reader that has gone, is an error of
	 * write(), not our death. */
	sigaction(SIGXFSZ, &ignore, &signals->before.file_size);
	sigaction(SIGPIPE, &ignore, &signals->before.pipe);
	prctl(PR_GET_CHILD_SUBREAPER, &signals->before.subreaper);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
}

void
signals_return(const struct signals *signals)
{
	prctl(PR_SET_CHILD_SUBREAPER, signals->before.subreaper);
	sigaction(SIGPIPE, &signals->before.pipe, NULL);
	sigaction(SIGXFSZ, &signals->before.file_size, NULL);
	sigaction(SIGCHLD, &signals->before.child, NULL);
	sigprocmask(SIG_SETMASK, &signals->before.mask, NULL);
}

bool
signals_child_news(void)
{
	bool news = child_news != 0;

	child_news = 0;
	return news;
}
