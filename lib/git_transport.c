/* SPDX-License-Identifier: MIT */
/*
 * Objects through a child process: `git upload-pack PATH` for a repository
 * on this machine, `ssh HOST "git-upload-pack 'PATH'"` for one that ssh
 * reaches, and receive-pack likewise. libgit2's own transport for paths
 * copies far too much and runs no hooks of the remote; its ssh can use no
 * RSA keys, reads no ~/.ssh/config, and nothing in it knows a timeout.
 *
 * The child gets none of the runner's credentials, a process group of its
 * own, and an end when the peer is silent for too long, when the deadline
 * has come, or when the runner is cancelled.
 */
#define _GNU_SOURCE
#include "git_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <git2/sys/transport.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "memory.h"
#include "process.h"

enum {
	IDLE_SECONDS = 60,
	END_SECONDS = 10,
	MAX_STDERR_BYTES = 4096,
};

struct child {
	git_smart_subtransport subtransport; /* first: libgit2 hands it back */
	git_smart_subtransport_stream stream;
	bool has_stream;
	bool pushes;
	bool failed; /* no use to wait for it */
	struct git_link *link;
	pid_t pid;            /* 0: none */
	int to, from, errors; /* -1: closed */
	struct buffer text;   /* from its standard error */
};

static struct child *
child_of(git_smart_subtransport_stream *stream)
{
	return (struct child *)stream->subtransport;
}

/* The child's own words, in one line, without "fatal: " and the like. */
static char *
child_words(struct child *child)
{
	static const char *const prefixes[] = {
		"fatal: ", "error: ", "ERROR: ", "remote: "
	};
	struct buffer words = BUFFER_INIT(MAX_STDERR_BYTES);
	char *rest = child->text.data, *line;

	while ((line = strsep(&rest, "\r\n")) != NULL) {
		for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
			if (strncmp(line, prefixes[i], strlen(prefixes[i])) ==
			    0)
				line += strlen(prefixes[i]);
		if (*line == '\0')
			continue;
		if (words.len > 0)
			buffer_append_string(&words, "; ");
		buffer_append_string(&words, line);
	}
	buffer_release(&child->text);
	child->text = BUFFER_INIT(MAX_STDERR_BYTES);
	return buffer_take(&words);
}

static bool
says(const char *text, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcasestr(text, *words) != NULL)
			return true;
	return false;
}

/* What git and ssh say, sorted by what it means for another attempt. */
static struct error *
child_error(struct child *child)
{
	static const char *const denied[] = { "permission denied (",
		"authentication failed", "host key verification failed",
		"could not read username", NULL };
	static const char *const final[] = { "not appear to be a git",
		"not found", "does not exist", "dubious ownership",
		"permission denied", "no such", "not a git repository", NULL };
	char *words = child_words(child);
	struct error *err;

	if (says(words, denied)) {
		err = error_new(ERROR_SECURITY, "%s", words);
	} else {
		err = error_new(child->link->type, "%s",
		    *words != '\0' ? words : "the connection was closed");
		err->retryable = !says(words, final);
	}
	free(words);
	return err;
}

/* Keeps the first reason; libgit2 carries only a text and a number. */
static int
fail(struct child *child, struct error *err)
{
	child->failed = true;
	git_error_set_str(GIT_ERROR_NET, err->message);
	child->link->failure = error_first(child->link->failure, err);
	return GIT_ERROR;
}

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void
read_errors(struct child *child)
{
	char bytes[1024];
	ssize_t n = read(child->errors, bytes, sizeof bytes);

	if (n > 0)
		buffer_append(&child->text, bytes, (size_t)n);
	else if (n == 0 || (errno != EINTR && errno != EAGAIN))
		close_fd(&child->errors);
}

/*
 * Waits until the descriptor can be read or written. Signals that come just
 * before poll() are seen a second later.
 */
static struct error *
wait_for(struct child *child, int fd, short events)
{
	double idle_ends = clock_monotonic() + IDLE_SECONDS;
	double ends = child->link->network->ends;

	for (;;) {
		struct pollfd fds[] = {
			{ .fd = fd, .events = events },
			{ .fd = child->errors, .events = POLLIN },
		};
		double now = clock_monotonic();
		struct error *err;

		if (cancel_signal() != 0)
			return error_cancelled(cancel_signal());
		if (ends > 0 && now >= ends)
			return error_new(
			    ERROR_TIMEOUT, "the time for it is used up");
		if (now >= idle_ends) {
			err = error_new(child->link->type, "no answer for %d s",
			    IDLE_SECONDS);
			err->retryable = true;
			return err;
		}
		if (poll(fds, 2, 1000) < 0 && errno != EINTR)
			return error_errno(ERROR_IO, "cannot poll");
		if (fds[1].revents != 0)
			read_errors(child);
		if (fds[0].revents != 0)
			return NULL;
	}
}

static void
read_last_errors(struct child *child)
{
	double ends = clock_monotonic() + 1;

	while (child->errors >= 0 && clock_monotonic() < ends) {
		struct pollfd fd = { .fd = child->errors, .events = POLLIN };

		if (poll(&fd, 1, 100) > 0)
			read_errors(child);
	}
}

static int
stream_read(git_smart_subtransport_stream *stream, char *bytes, size_t size,
    size_t *n_read)
{
	struct child *child = child_of(stream);
	struct error *err;
	ssize_t n;

	*n_read = 0;
	do {
		err = wait_for(child, child->from, POLLIN);
		if (err != NULL)
			return fail(child, err);
		n = read(child->from, bytes, size);
	} while (n < 0 && (errno == EINTR || errno == EAGAIN));
	if (n < 0)
		return fail(child,
		    error_errno(ERROR_IO, "cannot read from the remote"));
	*n_read = (size_t)n;
	if (n > 0)
		return 0;
	/* The end: libgit2 knows whether it comes too early. */
	read_last_errors(child);
	child->link->failure =
	    error_first(child->link->failure, child_error(child));
	return 0;
}

static int
stream_write(
    git_smart_subtransport_stream *stream, const char *bytes, size_t len)
{
	struct child *child = child_of(stream);

	while (len > 0) {
		struct error *err = wait_for(child, child->to, POLLOUT);
		ssize_t n;

		if (err != NULL)
			return fail(child, err);
		n = write(child->to, bytes, len);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0) {
			read_last_errors(child);
			return fail(child, child_error(child));
		}
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

/* The child has seen the end of its input, and is given time for the rest,
 * but not after a failure. */
static void
end_child(struct child *child)
{
	double ends = clock_monotonic() + END_SECONDS;

	/* A push runs hooks at the other end, after its verdict. */
	if (child->pushes && child->link->network->ends > ends)
		ends = child->link->network->ends;

	close_fd(&child->to);
	close_fd(&child->from);
	if (child->pid == 0)
		return;
	if (child->failed)
		kill(-child->pid, SIGTERM);
	while (child->errors >= 0 && cancel_signal() == 0 &&
	    clock_monotonic() < ends) {
		struct pollfd fd = { .fd = child->errors, .events = POLLIN };

		if (poll(&fd, 1, 1000) > 0)
			read_errors(child);
	}
	/* Closed by the end of the child and of all it started. */
	if (child->errors >= 0)
		kill(-child->pid, SIGKILL);
	close_fd(&child->errors);
	while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
		;
	child->pid = 0;
}

static void
stream_free(git_smart_subtransport_stream *stream)
{
	struct child *child = child_of(stream);

	end_child(child);
	child->has_stream = false;
}

/* For a shell at the other end. */
static char *
shell_quoted(const char *text)
{
	struct buffer quoted = BUFFER_INIT(16384);

	buffer_append_string(&quoted, "'");
	for (; *text != '\0'; text++) {
		if (*text == '\'' || *text == '!')
			buffer_appendf(&quoted, "'\\%c'", *text);
		else
			buffer_append(&quoted, text, 1);
	}
	buffer_append_string(&quoted, "'");
	return buffer_take(&quoted);
}

enum { MAX_ARGUMENTS = 16 };

/* The arguments are the caller's. */
static void
fill_arguments(
    char *argv[MAX_ARGUMENTS], const struct git_url *url, const char *service)
{
	const char *program = getenv("GIT_SSH");
	char *path;
	size_t n = 0;

	if (url->scheme == GIT_SCHEME_PATH) {
		argv[n++] = xstrdup("git");
		argv[n++] = xstrdup(service);
		argv[n++] = xstrdup("--");
		argv[n++] = xstrdup(url->path);
		argv[n] = NULL;
		return;
	}
	if (program == NULL || *program == '\0')
		program = "ssh";
	argv[n++] = xstrdup(program);
	argv[n++] = xstrdup("-oBatchMode=yes");
	argv[n++] = xstrdup("-oServerAliveInterval=15");
	argv[n++] = xstrdup("-oServerAliveCountMax=3");
	if (url->port != NULL)
		argv[n++] = xasprintf("-p%s", url->port);
	if (url->user != NULL)
		argv[n++] = xasprintf("-l%s", url->user);
	argv[n++] = xstrdup("--");
	argv[n++] = xstrdup(url->host);
	/* ssh://host/~user/path is ~user/path. */
	path = shell_quoted(
	    strncmp(url->path, "/~", 2) == 0 ? url->path + 1 : url->path);
	argv[n++] = xasprintf("git-%s %s", service, path);
	argv[n] = NULL;
	free(path);
}

/* Of git's own variables only those that say which configuration counts. */
static char *const passed[] = {
	(char[]){ "GIT_CONFIG_GLOBAL" },
	(char[]){ "GIT_CONFIG_SYSTEM" },
	(char[]){ "GIT_CONFIG_NOSYSTEM" },
	(char[]){ "SSH_AUTH_SOCK" },
	NULL,
};

static int
spawn(pid_t *pid, char *const argv[], int in, int out, int err)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	char **environment = process_environment(passed, NULL, NULL);
	sigset_t none, all;
	int code;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, 0);
	posix_spawn_file_actions_adddup2(&actions, out, 1);
	posix_spawn_file_actions_adddup2(&actions, err, 2);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes,
	    POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF |
		POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setsigmask(&attributes, &none);
	code = posix_spawnp(
	    pid, argv[0], &actions, &attributes, argv, environment);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	process_environment_free(environment);
	return code;
}

static struct error *
start_child(struct child *child, const char *service)
{
	char *argv[MAX_ARGUMENTS];
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, errors[2] = { -1, -1 };
	struct error *err = NULL;
	int code;

	fill_arguments(argv, &child->link->url, service);
	if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0 ||
	    pipe2(errors, O_CLOEXEC) != 0) {
		err = error_errno(ERROR_IO, "cannot make a pipe");
	} else {
		code = spawn(&child->pid, argv, in[0], out[1], errors[1]);
		if (code != 0) {
			child->pid = 0;
			errno = code;
			err = error_errno(
			    child->link->type, "cannot run '%s'", argv[0]);
		}
	}
	for (char **argument = argv; *argument != NULL; argument++)
		free(*argument);
	close_fd(&in[0]);
	close_fd(&out[1]);
	close_fd(&errors[1]);
	child->to = in[1];
	child->from = out[0];
	child->errors = errors[0];
	if (err == NULL) {
		fcntl(child->to, F_SETFL, O_NONBLOCK);
		fcntl(child->errors, F_SETFL, O_NONBLOCK);
	}
	return err;
}

static int
action(git_smart_subtransport_stream **stream,
    git_smart_subtransport *subtransport, const char *url,
    git_smart_service_t service)
{
	struct child *child = (struct child *)subtransport;
	struct error *err;

	(void)url; /* the link's, which was checked */
	*stream = &child->stream;
	if (service == GIT_SERVICE_UPLOADPACK ||
	    service == GIT_SERVICE_RECEIVEPACK)
		return child->has_stream ? 0 : GIT_ERROR;
	err = start_child(child,
	    service == GIT_SERVICE_UPLOADPACK_LS ? "upload-pack"
						 : "receive-pack");
	child->has_stream = true;
	child->pushes = service == GIT_SERVICE_RECEIVEPACK_LS;
	return err != NULL ? fail(child, err) : 0;
}

static int
close_transport(git_smart_subtransport *subtransport)
{
	(void)subtransport; /* the stream was freed, and with it the child */
	return 0;
}

static void
free_transport(git_smart_subtransport *subtransport)
{
	struct child *child = (struct child *)subtransport;

	end_child(child);
	buffer_release(&child->text);
	free(child);
}

static int
new_child(
    git_smart_subtransport **subtransport, git_transport *owner, void *link)
{
	struct child *child = xcalloc(1, sizeof *child);

	(void)owner;
	*child = (struct child){
		.subtransport = { action, close_transport, free_transport },
		.stream = { &child->subtransport, stream_read, stream_write,
		    stream_free },
		.link = link,
		.to = -1,
		.from = -1,
		.errors = -1,
		.text = BUFFER_INIT(MAX_STDERR_BYTES),
	};
	*subtransport = &child->subtransport;
	return 0;
}

int
git_transport_child(git_transport **transport, git_remote *owner, void *link)
{
	git_smart_subtransport_definition definition = { new_child, 0, link };

	return git_transport_smart(transport, owner, &definition);
}
