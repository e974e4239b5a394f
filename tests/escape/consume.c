/* SPDX-License-Identifier: MIT */
/*
 * consume WHAT [N]: takes more than it should.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static const size_t megabyte = 1024 * 1024;

/* What they return when the limit has held. */
enum { HELD = 11 };

static int
memory(size_t n_megabytes)
{
	for (size_t i = 0; i < n_megabytes; i++) {
		char *bytes = malloc(megabyte);

		if (bytes == NULL)
			return HELD;
		memset(bytes, 1, megabyte);
	}
	return 0;
}

static int
wait_for_all(void)
{
	int status, worst = 0;

	while (wait(&status) > 0) {
		int code = WIFSIGNALED(status) ? 128 + WTERMSIG(status)
					       : WEXITSTATUS(status);

		if (code > worst)
			worst = code;
	}
	return worst;
}

/* Each takes a little, all together too much. */
static int
memory_together(size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (fork() == 0) {
			memory(20);
			usleep(500000);
			_exit(0);
		}
	}
	return wait_for_all();
}

/* What they have in common counts once. */
static int
memory_shared(size_t n)
{
	memory(20);
	for (size_t i = 0; i < n; i++) {
		if (fork() == 0) {
			usleep(400000);
			_exit(0);
		}
	}
	return wait_for_all();
}

static int
memory_of_grandchild(size_t n)
{
	if (fork() == 0) {
		if (fork() == 0)
			_exit(memory(n));
		_exit(wait_for_all());
	}
	return wait_for_all();
}

static int
children(size_t n)
{
	for (size_t i = 0; i < n; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		if (pid < 0)
			return HELD;
		waitpid(pid, NULL, 0);
	}
	return 0;
}

/* All that come of it fork on, up to n together, and then stay. */
static int
bomb(size_t n)
{
	atomic_size_t *made = mmap(NULL, sizeof *made, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	while (atomic_fetch_add(made, 1) < n)
		if (fork() < 0)
			usleep(1000);
	for (;;)
		pause();
	return 0;
}

/* The same, deaf, and each in a session of its own. */
static int
bomb_apart(size_t n)
{
	atomic_size_t *made = mmap(NULL, sizeof *made, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	signal(SIGTERM, SIG_IGN);
	while (atomic_fetch_add(made, 1) < n)
		if (fork() == 0)
			setsid();
	for (;;)
		pause();
	return 0;
}

static void *
sit(void *unused)
{
	(void)unused;
	pause();
	return NULL;
}

static int
threads(size_t n)
{
	pthread_t thread;

	for (size_t i = 0; i < n; i++)
		if (pthread_create(&thread, NULL, sit, NULL) != 0)
			return HELD;
	/* Long enough to be seen. */
	poll(NULL, 0, 300);
	return 0;
}

static int
files(size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (open("/dev/null", O_RDONLY) < 0)
			return errno == EMFILE ? HELD : 1;
	return 0;
}

static int
raise_limit(size_t n)
{
	struct rlimit limit = { n, n };

	return setrlimit(RLIMIT_NOFILE, &limit) < 0 ? HELD : 0;
}

static const struct {
	const char *name;
	int (*consume)(size_t n);
} kinds[] = {
	{ "memory", memory },
	{ "memory-together", memory_together },
	{ "memory-shared", memory_shared },
	{ "memory-of-grandchild", memory_of_grandchild },
	{ "children", children },
	{ "bomb", bomb },
	{ "bomb-apart", bomb_apart },
	{ "threads", threads },
	{ "files", files },
	{ "raise-limit", raise_limit },
};

int
main(int argc, char *argv[])
{
	size_t n = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;

	for (size_t i = 0; argc > 1 && i < sizeof kinds / sizeof kinds[0]; i++)
		if (strcmp(kinds[i].name, argv[1]) == 0)
			return kinds[i].consume(n);
	fprintf(stderr, "usage: consume WHAT [N]\n");
	return 64;
}
