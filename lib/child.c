/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* close_range, pipe2 */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memory.h"

enum { CHILD_FD = 3 };

/* Sockets of ours would stay open as long as it works. */
static void
keep_only(int fd)
{
	if (fd != CHILD_FD && dup2(fd, CHILD_FD) < 0)
		_exit(EXIT_FAILURE);
	close_range(CHILD_FD + 1, ~0U, 0);
	/* What is for our standard output is not for its. */
	fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fd >= 0) {
		dup2(fd, STDIN_FILENO);
		dup2(fd, STDOUT_FILENO);
		close(fd);
	}
}

static void
reset_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	sigset_t none;

	/* They are for all of a terminal or a service; we say when it ends. */
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
		signal(signals[i], SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void
be_child(
    int fd, pid_t parent, void (*work)(void *context, int fd), void *context)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
	reset_signals();
	keep_only(fd);
	work(context, CHILD_FD);
	_exit(EXIT_SUCCESS);
}

struct error *
child_start(
    pid_t *pid, int *fd, void (*work)(void *context, int fd), void *context)
{
	pid_t parent = getpid();
	int ends[2];

	*pid = 0;
	*fd = -1;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(ERROR_IO, "cannot make a pipe");
	*pid = fork();
	if (*pid == 0)
		be_child(ends[1], parent, work, context);
	close(ends[1]);
	if (*pid < 0) {
		struct error *error =
		    error_errno(ERROR_IO, "cannot start a process");

		close(ends[0]);
		*pid = 0;
		return error;
	}
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	*fd = ends[0];
	return NULL;
}

void
child_kill(pid_t pid)
{
	kill(pid, SIGKILL);
}

void
child_reap(pid_t pid)
{
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}
