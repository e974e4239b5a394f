/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* vfork, closefrom */
#include "process_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memory.h"
#include "string_list.h"

static const char default_path[] = "/usr/local/bin:/usr/bin:/bin";

/*
 * All that the child needs, made before it exists: between vfork and execve
 * it runs in our memory, and only system calls are safe. What it writes here
 * is how it tells us of a failure.
 */
struct start {
	char *const *argv;
	char *const *environment;
	const char *directory;
	const int *fds;
	char **candidates; /* paths to try, NULL-terminated */
	char **shell_argv; /* for a script without #!; [1] is its path */
	struct limiter *limiter;
	struct sandbox *sandbox;
	pid_t parent;
	const char *volatile failed_step; /* NULL: execve */
	volatile int failed_errno;
};

static const char *
search_path(char *const *environment)
{
	for (; *environment != NULL; environment++)
		if (strncmp(*environment, "PATH=", 5) == 0)
			return *environment + 5;
	return default_path;
}

/* name, or name in every directory of PATH. */
static char **
make_candidates(const char *name, char *const *environment)
{
	const char *path = search_path(environment);
	char **candidates;
	size_t n = 1, used = 0;

	for (const char *p = path; *p != '\0'; p++)
		n += *p == ':';
	candidates = xcalloc(n + 1, sizeof *candidates);
	if (strchr(name, '/') != NULL) {
		candidates[0] = xstrdup(name);
		return candidates;
	}
	if (*name == '\0')
		return candidates;
	for (;;) {
		size_t len = strcspn(path, ":");

		/* An empty element is the current directory. */
		candidates[used++] = len == 0
		    ? xasprintf("./%s", name)
		    : xasprintf("%.*s/%s", (int)len, path, name);
		if (path[len] == '\0')
			return candidates;
		path += len + 1;
	}
}

static void
free_candidates(char **candidates)
{
	for (size_t i = 0; candidates[i] != NULL; i++)
		free(candidates[i]);
	free(candidates);
}

/* Only returns if nothing could be executed; as execvp(3) does it. */
static int
execute(struct start *start)
{
	int reason = ENOENT;

	for (size_t i = 0; start->candidates[i] != NULL; i++) {
		execve(start->candidates[i], start->argv, start->environment);
		if (errno == ENOEXEC) {
			start->shell_argv[1] = start->candidates[i];
			execve(
			    "/bin/sh", start->shell_argv, start->environment);
		}
		/* It is there, but what its #! line names is not. */
		if (errno == ENOENT && access(start->candidates[i], F_OK) == 0)
			errno = ENOEXEC;
		if (errno == ENOENT || errno == ENOTDIR)
			continue;
		reason = errno;
		if (errno != EACCES)
			break;
	}
	return reason;
}

/* Descriptors 0, 1 and 2. */
static bool
take_descriptors(const struct start *start)
{
	int fds[3];

	/* First away from 0..2, so that none overwrites another. */
	for (int i = 0; i < 3; i++)
		if ((fds[i] = fcntl(start->fds[i], F_DUPFD, 3)) < 0)
			return false;
	for (int i = 0; i < 3; i++)
		if (dup2(fds[i], i) < 0)
			return false;
	return true;
}

static const char *
prepare(const struct start *start)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t none;
	const char *failed;

	for (int i = 1; i < NSIG; i++)
		sigaction(i, &action, NULL);
	if (setsid() < 0)
		return "start a session";
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != start->parent)
		_exit(127); /* it died before the line above */
	if (!take_descriptors(start))
		return "duplicate a descriptor";
	failed = sandbox_enter_spaces(start->sandbox);
	if (failed == NULL)
		failed = limiter_enter(
		    start->limiter, sandbox_has_own_user_space(start->sandbox));
	if (failed != NULL)
		return failed;
	if (start->directory != NULL && chdir(start->directory) < 0)
		return "enter the directory";
	failed = sandbox_enter_rules(start->sandbox);
	if (failed != NULL)
		return failed;
	closefrom(3);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	return NULL;
}

/*
 * vfork and not fork: the page tables of a process that has libgit2 and
 * libcurl mapped take longer to copy than most commands take to start. Not
 * posix_spawn: it can neither set a parent death signal nor say what failed.
 */
static __attribute__((noinline)) pid_t
spawn(struct start *start)
{
	/* NOLINTBEGIN(clang-analyzer-*): the child makes system calls alone */
	pid_t pid = vfork();

	if (pid != 0)
		return pid;
	start->failed_step = prepare(start);
	start->failed_errno =
	    start->failed_step != NULL ? errno : execute(start);
	/* NOLINTEND(clang-analyzer-*) */
	_exit(127);
}

static char **
make_shell_argv(char *const *argv)
{
	size_t n = string_list_count(argv);
	/* sh, the script, the arguments from 1 on, NULL */
	char **shell_argv = xcalloc(n + 2, sizeof *shell_argv);

	shell_argv[0] = argv[0];
	for (size_t i = 1; i < n; i++)
		shell_argv[i + 1] = argv[i];
	return shell_argv;
}

static struct error *
failed(struct process_result *result, const struct start *start)
{
	int reason = start->failed_errno;

	if (start->failed_step != NULL) {
		errno = reason;
		return error_errno(ERROR_IO, "cannot start '%s' in '%s': %s",
		    start->argv[0],
		    start->directory != NULL ? start->directory : ".",
		    start->failed_step);
	}
	result->end = PROCESS_NO_START;
	result->start_errno = reason;
	result->exit_code = reason == ENOENT || reason == ENOTDIR ? 127 : 126;
	return NULL;
}

struct error *
process_start(pid_t *child, struct process_result *result,
    const struct process_options *options, struct limiter *limiter,
    struct sandbox *sandbox, const int fds[3])
{
	struct start start = {
		.argv = options->argv,
		.environment = options->environment,
		.directory = options->directory,
		.fds = fds,
		.candidates =
		    make_candidates(options->argv[0], options->environment),
		.shell_argv = make_shell_argv(options->argv),
		.limiter = limiter,
		.sandbox = sandbox,
		.parent = getpid(),
	};
	struct error *error = NULL;

	*child = spawn(&start);
	if (*child < 0) {
		error = error_errno(
		    ERROR_IO, "cannot start '%s'", options->argv[0]);
		*child = 0;
	} else if (start.failed_errno != 0) {
		while (waitpid(*child, NULL, 0) < 0 && errno == EINTR)
			continue;
		*child = 0;
		error = failed(result, &start);
	}
	free_candidates(start.candidates);
	free(start.shell_argv);
	return error;
}
