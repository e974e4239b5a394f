/* SPDX-License-Identifier: MIT */
/*
 * hide HOW FILE: leaves a process behind that is hard to find or to end, and
 * appends its pid to FILE.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

static const char *pid_file;

static void
sign(void)
{
	int fd = open(pid_file, O_WRONLY | O_CREAT | O_APPEND, 0644);
	char text[32];

	snprintf(text, sizeof text, "%ld\n", (long)getpid());
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		perror(pid_file);
	close(fd);
}

static void
ignore_all(void)
{
	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_IGN);
}

/* The child returns; the parent ends as soon as the child has signed. */
static int signed_fd = -1;

static void
leave(void)
{
	int fds[2];
	char c;

	if (pipe(fds) < 0)
		exit(1);
	if (fork() > 0) {
		close(fds[1]);
		if (read(fds[0], &c, 1) < 0)
			exit(1);
		exit(0);
	}
	close(fds[0]);
	signed_fd = fds[1];
}

static void
stay(void)
{
	sign();
	close(signed_fd);
	for (;;)
		pause();
}

static void
detach(void)
{
	leave();
	setsid();
	if (fork() > 0)
		_exit(0);
}

static void
in_session(void)
{
	leave();
	setsid();
	stay();
}

static void
as_daemon(void)
{
	detach();
	sign();
	for (int fd = 0; fd < 1024; fd++)
		close(fd);
	for (;;)
		pause();
}

static void
holding_output(void)
{
	detach();
	stay();
}

static void
deaf(void)
{
	detach();
	ignore_all();
	stay();
}

static void
stopped(void)
{
	detach();
	sign();
	close(signed_fd);
	raise(SIGSTOP);
}

static void
stopping_itself(void)
{
	sign();
	raise(SIGSTOP);
}

static void *
sit(void *unused)
{
	(void)unused;
	stay();
	return NULL;
}

/* The first thread ends, and the process looks like a zombie. */
static void
in_thread(void)
{
	pthread_t thread;

	leave();
	signal(SIGTERM, SIG_IGN);
	pthread_create(&thread, NULL, sit, NULL);
	pthread_exit(NULL);
}

static void
with_false_name(void)
{
	leave();
	prctl(PR_SET_NAME, ") S 1 1 (");
	signal(SIGTERM, SIG_IGN);
	stay();
}

/* The parent cannot run before the child does. */
static void
after_vfork(void)
{
	leave();
	if (vfork() == 0) {
		signal(SIGTERM, SIG_IGN);
		stay();
	}
}

/* Whoever finds it finds one that is gone. Where nobody ends it, it must not
 * take the machine: it ends by itself. */
static void
running_away(void)
{
	time_t ends = time(NULL) + 8;

	leave();
	ignore_all();
	sign();
	close(signed_fd);
	while (time(NULL) < ends) {
		if (fork() > 0)
			_exit(0);
		setsid();
	}
}

static void
in_numbers(void)
{
	leave();
	ignore_all();
	for (int i = 0; i < 5; i++)
		if (fork() == 0)
			setsid();
	stay();
}

/* It adopts orphans itself, so that none is handed to the supervisor. */
static void
as_reaper(void)
{
	detach();
	prctl(PR_SET_PDEATHSIG, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (fork() == 0)
		ignore_all();
	stay();
}

/* Ended by the signal, it comes back. */
static void
come_back(int signal_number)
{
	(void)signal_number;
	if (fork() > 0)
		_exit(0);
}

static void
coming_back(void)
{
	detach();
	signal(SIGTERM, come_back);
	stay();
}

static const struct {
	const char *name;
	void (*hide)(void);
} ways[] = {
	{ "session", in_session },
	{ "daemon", as_daemon },
	{ "output", holding_output },
	{ "deaf", deaf },
	{ "stopped", stopped },
	{ "stops-itself", stopping_itself },
	{ "thread", in_thread },
	{ "name", with_false_name },
	{ "vfork", after_vfork },
	{ "runs-away", running_away },
	{ "numbers", in_numbers },
	{ "reaper", as_reaper },
	{ "comes-back", coming_back },
};

int
main(int argc, char *argv[])
{
	for (size_t i = 0; argc == 3 && i < sizeof ways / sizeof ways[0]; i++) {
		if (strcmp(ways[i].name, argv[1]) != 0)
			continue;
		pid_file = argv[2];
		ways[i].hide();
		return 0;
	}
	fprintf(stderr, "usage: hide HOW FILE\n");
	return 64;
}
