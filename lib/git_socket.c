/* SPDX-License-Identifier: MIT */
/*
 * git:// (gitprotocol-pack(5)): a socket to a git daemon, with limits that
 * libgit2's own has not.
 */
#define _GNU_SOURCE /* SOCK_CLOEXEC */
#include "git_internal.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "memory.h"

static struct error *
failed(const struct git_link *link, const char *why)
{
	struct error *err = error_new(link->type, "cannot connect: %s", why);

	err->retryable = true;
	return err;
}

static struct error *
wait_connected(const struct git_link *link, int fd)
{
	double seconds = link->network->connect_seconds;
	double ends = clock_monotonic() + (seconds > 0 ? seconds : 30);

	while (clock_monotonic() < ends) {
		struct pollfd wanted = { .fd = fd, .events = POLLOUT };
		struct error *err = git_link_check_time(link);
		int code = 0;
		socklen_t len = sizeof code;

		if (err != NULL)
			return err;
		if (poll(&wanted, 1, 200) <= 0)
			continue;
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &len);
		return code != 0 ? failed(link, strerror(code)) : NULL;
	}
	return failed(link, strerror(ETIMEDOUT));
}

static struct error *
connect_to(int *fd, const struct git_link *link, const struct addrinfo *address)
{
	struct error *err = NULL;

	*fd = socket(address->ai_family,
	    address->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    address->ai_protocol);
	if (*fd < 0)
		return failed(link, strerror(errno));
	if (connect(*fd, address->ai_addr, address->ai_addrlen) != 0)
		err = errno == EINPROGRESS ? wait_connected(link, *fd)
					   : failed(link, strerror(errno));
	if (err == NULL)
		return NULL;
	close(*fd);
	*fd = -1;
	return err;
}

/* One address after the other. */
static struct error *
connect_to_any(int *fd, const struct git_link *link)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list = NULL;
	char *host = git_url_address(&link->url);
	const char *port = link->url.port != NULL ? link->url.port : "9418";
	/* The resolver has limits of its own (resolv.conf(5)). */
	int code = getaddrinfo(host, port, &hints, &list);
	struct error *err = NULL;

	free(host);
	if (code != 0)
		return failed(link, gai_strerror(code));
	for (const struct addrinfo *at = list; at != NULL; at = at->ai_next) {
		error_free(err);
		err = connect_to(fd, link, at);
		if (err == NULL || !err->retryable)
			break;
	}
	freeaddrinfo(list);
	return err;
}

/* The request fits into what the kernel takes at once. */
static struct error *
request(const struct git_link *link, int fd, const char *service)
{
	const struct git_url *url = &link->url;
	const char *path =
	    strncmp(url->path, "/~", 2) == 0 ? url->path + 1 : url->path;
	struct buffer text = BUFFER_INIT(16384);
	struct error *err = NULL;
	char len[5];

	buffer_appendf(&text, "0000git-%s %s", service, path);
	buffer_append(&text, "", 1);
	buffer_appendf(&text, "host=%s%s%s", url->host,
	    url->port != NULL ? ":" : "", url->port != NULL ? url->port : "");
	buffer_append(&text, "", 1);
	if (text.truncated) {
		err = error_new(link->type, "the path is too long");
	} else {
		snprintf(len, sizeof len, "%04zx", text.len & 0xffff);
		memcpy(text.data, len, 4);
		if (write(fd, text.data, text.len) != (ssize_t)text.len)
			err = failed(link, strerror(errno));
	}
	buffer_release(&text);
	return err;
}

struct error *
git_socket_open(int *fd, const struct git_link *link, const char *service)
{
	struct error *err = connect_to_any(fd, link);

	if (err == NULL)
		err = request(link, *fd, service);
	if (err != NULL && *fd >= 0) {
		close(*fd);
		*fd = -1;
	}
	return err;
}
