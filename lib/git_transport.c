/* SPDX-License-Identifier: MIT */
/*
 * Objects through a stream in both directions: a child process, git or ssh,
 * or the socket of a git daemon. libgit2's own transport for paths copies far
 * too much and runs no hooks of the remote; its ssh can use no RSA keys,
 * reads no ~/.ssh/config; and nothing in it knows a timeout.
 *
 * It ends when the peer is silent for too long, when the deadline has come,
 * or when the runner is cancelled.
 */
#define _GNU_SOURCE
#include "git_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <git2/sys/transport.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "memory.h"
#include "process.h"

enum {
	END_SECONDS = 10,
	MAX_STDERR_BYTES = 4096,
};

struct peer {
	git_smart_subtransport subtransport; /* first: libgit2 hands it back */
	git_smart_subtransport_stream stream;
	bool has_stream;
	bool pushes;
	bool failed;    /* no use to wait for it */
	bool answering; /* the list of references is over */
	size_t n_listed;
	struct git_link *link;
	struct git_child child; /* pid 0: none; descriptors -1: closed */
	struct buffer text;     /* from its standard error */
};

static struct peer *
peer_of(git_smart_subtransport_stream *stream)
{
	return (struct peer *)stream->subtransport;
}

/* The child's own words, in one line, without "fatal: " and the like. */
static char *
peer_words(struct peer *peer)
{
	static const char *const prefixes[] = {
		"fatal: ", "error: ", "ERROR: ", "remote: "
	};
	struct buffer words = BUFFER_INIT(MAX_STDERR_BYTES);
	char *rest = peer->text.data, *line;

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
	buffer_release(&peer->text);
	peer->text = BUFFER_INIT(MAX_STDERR_BYTES);
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

static struct error *
host_key_error(const struct peer *peer, const char *words)
{
	const struct git_url *url = &peer->link->url;

	if (strstr(words, "HOST IDENTIFICATION HAS CHANGED") != NULL)
		return error_new(ERROR_SECURITY,
		    "the host key of '%s' has changed: somebody may be in "
		    "between; if the new key is right, put it into the file "
		    "of known hosts",
		    url->host);
	return error_new(ERROR_SECURITY,
	    "the host key of '%s' is not known here; see with ssh-keyscan "
	    "what it is, and when it is right put it into the file of known "
	    "hosts",
	    url->host);
}

/* What git and ssh say, sorted by what it means for another attempt. */
static struct error *
peer_error(struct peer *peer)
{
	static const char *const denied[] = { "permission denied (",
		"authentication failed", "could not read username", NULL };
	static const char *const final[] = { "not appear to be a git",
		"not found", "does not exist", "dubious ownership",
		"could not be found", "permission denied", "no such",
		"not a git repository", "bad configuration", NULL };
	char *words = peer_words(peer);
	struct error *err;

	if (strcasestr(words, "host key verification failed") != NULL) {
		err = host_key_error(peer, words);
	} else if (says(words, denied)) {
		err = error_new(ERROR_SECURITY, "%s", words);
	} else {
		err = error_new(peer->link->type, "%s",
		    *words != '\0' ? words : "the connection was closed");
		err->retryable = !says(words, final);
	}
	free(words);
	return err;
}

/* Keeps the first reason; libgit2 carries only a text and a number. */
static int
fail(struct peer *peer, struct error *err)
{
	peer->failed = true;
	git_error_set_str(GIT_ERROR_NET, err->message);
	peer->link->failure = error_first(peer->link->failure, err);
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
read_errors(struct peer *peer)
{
	char bytes[1024];
	ssize_t n = read(peer->child.errors, bytes, sizeof bytes);

	if (n > 0)
		buffer_append(&peer->text, bytes, (size_t)n);
	else if (n == 0 || (errno != EINTR && errno != EAGAIN))
		close_fd(&peer->child.errors);
}

static double
idle_seconds(const struct peer *peer)
{
	double seconds = peer->link->network->idle_seconds;

	return seconds > 0 ? seconds : 60;
}

static int
poll_ms(double ends)
{
	double left = ends - clock_monotonic();

	return left < 1 ? (int)(left * 1000) + 1 : 1000;
}

/*
 * Waits until the descriptor can be read or written. Signals that come just
 * before poll() are seen a second later.
 */
static struct error *
wait_for(struct peer *peer, int fd, short events)
{
	double ends = clock_monotonic() + idle_seconds(peer);

	for (;;) {
		struct pollfd fds[] = {
			{ .fd = fd, .events = events },
			{ .fd = peer->child.errors, .events = POLLIN },
		};
		struct error *err = git_link_check_time(peer->link);

		if (err != NULL)
			return err;
		if (clock_monotonic() >= ends) {
			err = error_new(peer->link->type,
			    "no byte came or went for %.6g s",
			    idle_seconds(peer));
			err->retryable = true;
			return err;
		}
		if (poll(fds, 2, poll_ms(ends)) < 0 && errno != EINTR)
			return error_errno(ERROR_IO, "cannot poll");
		if (fds[1].revents != 0)
			read_errors(peer);
		if (fds[0].revents != 0)
			return NULL;
	}
}

static void
read_last_errors(struct peer *peer)
{
	double ends = clock_monotonic() + 1;

	while (peer->child.errors >= 0 && clock_monotonic() < ends) {
		struct pollfd fd = { .fd = peer->child.errors,
			.events = POLLIN };

		if (poll(&fd, 1, 100) > 0)
			read_errors(peer);
	}
}

static int
stream_read(git_smart_subtransport_stream *stream, char *bytes, size_t size,
    size_t *n_read)
{
	struct peer *peer = peer_of(stream);
	struct error *err;
	ssize_t n;

	*n_read = 0;
	do {
		err = wait_for(peer, peer->child.from, POLLIN);
		if (err != NULL)
			return fail(peer, err);
		n = read(peer->child.from, bytes, size);
	} while (n < 0 && (errno == EINTR || errno == EAGAIN));
	if (n < 0) {
		err = error_errno(peer->link->type, "cannot read");
		err->retryable = true;
		return fail(peer, err);
	}
	*n_read = (size_t)n;
	if (!peer->answering)
		peer->n_listed += (size_t)n;
	err = git_link_check_listing(peer->link, peer->n_listed);
	if (err != NULL)
		return fail(peer, err);
	if (n > 0)
		return 0;
	/* The end: libgit2 knows whether it comes too early. */
	read_last_errors(peer);
	peer->link->failure =
	    error_first(peer->link->failure, peer_error(peer));
	return 0;
}

static int
write_all(struct peer *peer, const char *bytes, size_t len)
{
	while (len > 0) {
		struct error *err = wait_for(peer, peer->child.to, POLLOUT);
		ssize_t n;

		if (err != NULL)
			return fail(peer, err);
		n = write(peer->child.to, bytes, len);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0) {
			read_last_errors(peer);
			return fail(peer, peer_error(peer));
		}
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

static int
stream_write(
    git_smart_subtransport_stream *stream, const char *bytes, size_t len)
{
	struct peer *peer = peer_of(stream);
	struct buffer request;
	int code;

	peer->answering = true;
	if (!git_add_shallow(peer->link->git, &request, bytes, len))
		return write_all(peer, bytes, len);
	code = write_all(peer, request.data, request.len);
	buffer_release(&request);
	return code;
}

/* The child has seen the end of its input, and is given time for the rest,
 * but not after a failure. */
static void
end_peer(struct peer *peer)
{
	double ends = clock_monotonic() + END_SECONDS;

	/* A push runs hooks at the other end, after its verdict. */
	if (peer->pushes && peer->link->network->ends > ends)
		ends = peer->link->network->ends;

	close_fd(&peer->child.to);
	close_fd(&peer->child.from);
	if (peer->child.pid == 0)
		return;
	if (peer->failed)
		kill(-peer->child.pid, SIGTERM);
	while (peer->child.errors >= 0 && cancel_signal() == 0 &&
	    clock_monotonic() < ends) {
		struct pollfd fd = { .fd = peer->child.errors,
			.events = POLLIN };

		if (poll(&fd, 1, 1000) > 0)
			read_errors(peer);
	}
	/* Closed by the end of the child and of all it started. */
	if (peer->child.errors >= 0)
		kill(-peer->child.pid, SIGKILL);
	close_fd(&peer->child.errors);
	while (waitpid(peer->child.pid, NULL, 0) < 0 && errno == EINTR)
		;
	peer->child.pid = 0;
}

static void
stream_free(git_smart_subtransport_stream *stream)
{
	struct peer *peer = peer_of(stream);

	end_peer(peer);
	peer->has_stream = false;
}

static struct error *
start(struct peer *peer, const char *service)
{
	int fd = -1;
	struct error *err;

	if (peer->pushes &&
	    git_take_receiver(&peer->child, peer->link->network))
		return NULL;
	if (peer->link->url.scheme != GIT_SCHEME_GIT)
		return git_child_start(&peer->child, peer->link, service, 0);
	err = git_socket_open(&fd, peer->link, service);
	if (err != NULL)
		return err;
	peer->child.from = fd;
	peer->child.to = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (peer->child.to < 0)
		return error_errno(ERROR_IO, "cannot keep a socket");
	return NULL;
}

static int
action(git_smart_subtransport_stream **stream,
    git_smart_subtransport *subtransport, const char *url,
    git_smart_service_t service)
{
	struct peer *peer = (struct peer *)subtransport;
	struct error *err;

	(void)url; /* the link's, which was checked */
	*stream = &peer->stream;
	if (service == GIT_SERVICE_UPLOADPACK ||
	    service == GIT_SERVICE_RECEIVEPACK)
		return peer->has_stream ? 0 : GIT_ERROR;
	peer->pushes = service == GIT_SERVICE_RECEIVEPACK_LS;
	err = start(peer, peer->pushes ? "receive-pack" : "upload-pack");
	peer->has_stream = true;
	return err != NULL ? fail(peer, err) : 0;
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
	struct peer *peer = (struct peer *)subtransport;

	end_peer(peer);
	buffer_release(&peer->text);
	free(peer);
}

static int
new_peer(
    git_smart_subtransport **subtransport, git_transport *owner, void *link)
{
	struct peer *peer = xcalloc(1, sizeof *peer);

	(void)owner;
	*peer = (struct peer){
		.subtransport = { action, close_transport, free_transport },
		.stream = { &peer->subtransport, stream_read, stream_write,
		    stream_free },
		.link = link,
		.child = { .to = -1, .from = -1, .errors = -1 },
		.text = BUFFER_INIT(MAX_STDERR_BYTES),
	};
	*subtransport = &peer->subtransport;
	return 0;
}

int
git_transport_stream(git_transport **transport, git_remote *owner, void *link)
{
	git_smart_subtransport_definition definition = { new_peer, 0, link };
	int code = git_transport_smart(transport, owner, &definition);

	if (code == 0)
		((struct git_link *)link)->transport = *transport;
	return code;
}
