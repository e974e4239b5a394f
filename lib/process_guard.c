/* SPDX-License-Identifier: MIT */
#include "process_internal.h"

#include <errno.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup.h"
#include "clock.h"
#include "sandbox_tmp.h"

static const double give_up_seconds = 5;

/* Ends what the runner had started and now is ours. */
static void
end_family(struct family *family, const sigset_t *all)
{
	double give_up = clock_monotonic() + give_up_seconds;
	const struct timespec pause = { .tv_nsec = 5000000 };

	while (clock_monotonic() < give_up) {
		size_t n = family_signal(family, 0, SIGKILL);

		while (waitpid(-1, NULL, WNOHANG) > 0)
			continue;
		if (n == 0)
			return;
		sigtimedwait(all, NULL, &pause);
	}
}

/* Ends as the runner did, so that who waits for us sees no difference. */
static _Noreturn void
end_like(int status)
{
	struct rlimit none = { 0, 0 };
	struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t set;

	if (WIFEXITED(status))
		_exit(WEXITSTATUS(status));
	/* It has left its core already, if any. */
	setrlimit(RLIMIT_CORE, &none);
	sigaction(WTERMSIG(status), &action, NULL);
	sigemptyset(&set);
	sigaddset(&set, WTERMSIG(status));
	kill(getpid(), WTERMSIG(status));
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	_exit(128 + WTERMSIG(status));
}

/* Killed, or past its deadline. */
static bool
leaves_it_to_us(int status)
{
	return !WIFEXITED(status) ||
	    WEXITSTATUS(status) == error_type_exit_code(ERROR_TIMEOUT);
}

static void
look_after(pid_t runner, struct family *family, const sigset_t *all)
{
	int status;

	if (waitpid(runner, &status, WNOHANG | WUNTRACED) != runner)
		return;
	if (WIFSTOPPED(status)) {
		/* For the shell's job control; we go on with `fg`. */
		raise(SIGSTOP);
		kill(runner, SIGCONT);
		return;
	}
	if (leaves_it_to_us(status)) {
		end_family(family, all);
		cgroup_sweep(runner);
		sandbox_tmp_sweep();
	}
	end_like(status);
}

static _Noreturn void
guard(pid_t runner, struct family *family, const sigset_t *all)
{
	for (;;) {
		int signal_number = sigwaitinfo(all, NULL);

		if (signal_number == SIGCHLD)
			look_after(runner, family, all);
		else if (signal_number == SIGTSTP)
			kill(runner, SIGSTOP);
		else if (signal_number > 0 && signal_number != SIGTTIN &&
		    signal_number != SIGTTOU)
			kill(runner, signal_number);
	}
}

void
process_guard(void)
{
	pid_t parent = getpid(), pid;
	struct family family;
	sigset_t all, before;

	family_init(&family);
	sandbox_tmp_prepare_sweep();
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	pid = fork();
	if (pid > 0)
		guard(pid, &family, &all);
	/* Without a guard there is no more than there was. */
	prctl(PR_SET_CHILD_SUBREAPER, 0);
	family_release(&family);
	if (pid == 0) {
		process_group_leave();
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() != parent)
			raise(SIGTERM);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
}
