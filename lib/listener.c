/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* SOCK_NONBLOCK */
#include "listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "memory.h"

enum { BACKLOG = 128, SYSTEMD_FD = 3, MAX_PORT = 65535 };

static struct error *
wrong_address(const char *address)
{
	return error_new(ERROR_USAGE,
	    "cannot listen on '%s': expected ADDRESS:PORT, such as "
	    "127.0.0.1:9100 or [::1]:9100, unix:/PATH, or systemd",
	    address);
}

static struct error *
cannot_listen(const char *address)
{
	return error_errno(ERROR_IO, "cannot listen on '%s'", address);
}

/* --- By its number --- */

/* "[::1]:9100" into "::1" and "9100"; false: it is not so. */
static bool
split(char **host, char **port, const char *address)
{
	const char *colon = strrchr(address, ':');
	const char *digits = colon != NULL ? colon + 1 : address;
	size_t len = colon != NULL ? (size_t)(colon - address) : 0;
	long number;
	char *end;

	number = strtol(digits, &end, 10);
	if (*digits < '0' || *digits > '9' || *end != '\0' || number > MAX_PORT)
		return false;
	if (len >= 2 && address[0] == '[' && address[len - 1] == ']') {
		address++;
		len -= 2;
	} else if (memchr(address, ':', len) != NULL) {
		return false;
	}
	*host = len > 0 ? xstrndup(address, len) : xstrdup("127.0.0.1");
	*port = xstrdup(digits);
	return true;
}

static struct error *
look_up(struct addrinfo **found, const char *host, const char *port,
    const char *address)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICSERV };
	int code = getaddrinfo(
	    strcmp(host, "*") == 0 ? "::" : host, port, &hints, found);

	if (code == 0)
		return NULL;
	return error_new(ERROR_USAGE, "cannot listen on '%s': %s", address,
	    gai_strerror(code));
}

static struct error *
open_found(int *fd, const struct addrinfo *found, const char *address)
{
	int yes = 1, no = 0;
	struct error *error;

	*fd = socket(
	    found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (*fd < 0)
		return cannot_listen(address);
	/* One before us that was ended leaves connections behind. */
	setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	if (found->ai_family == AF_INET6 && address[0] == '*')
		setsockopt(*fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
	if (bind(*fd, found->ai_addr, found->ai_addrlen) == 0 &&
	    listen(*fd, BACKLOG) == 0)
		return NULL;
	error = cannot_listen(address);
	close(*fd);
	*fd = -1;
	return error;
}

static struct error *
open_address(struct listener *listener, const char *address)
{
	struct addrinfo *found = NULL;
	char *host = NULL, *port = NULL;
	struct error *error;

	if (!split(&host, &port, address))
		return wrong_address(address);
	error = look_up(&found, host, port, address);
	if (error == NULL)
		error = open_found(&listener->fd, found, address);
	if (found != NULL)
		freeaddrinfo(found);
	free(host);
	free(port);
	return error;
}

/* --- By its path --- */

/* One that was killed left its socket behind: nobody answers there. */
static void
remove_stale(const struct sockaddr_un *name)
{
	struct stat info;
	int fd;

	if (lstat(name->sun_path, &info) != 0 || !S_ISSOCK(info.st_mode))
		return;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (connect(fd, (const struct sockaddr *)name, sizeof *name) != 0 &&
	    errno == ECONNREFUSED)
		unlink(name->sun_path);
	close(fd);
}

static struct error *
open_path(struct listener *listener, const char *path)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };

	if (*path == '\0' || strlen(path) >= sizeof name.sun_path)
		return error_new(ERROR_USAGE,
		    "cannot listen on 'unix:%s': expected a path of 1 to %zu "
		    "bytes",
		    path, sizeof name.sun_path - 1);
	memcpy(name.sun_path, path, strlen(path));
	remove_stale(&name);
	listener->fd =
	    socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (listener->fd >= 0 &&
	    bind(listener->fd, (struct sockaddr *)&name, sizeof name) == 0) {
		listener->path = xstrdup(path);
		if (listen(listener->fd, BACKLOG) == 0)
			return NULL;
	}
	return error_errno(ERROR_IO, "cannot listen on 'unix:%s'", path);
}

/* --- From systemd --- */

static struct error *
take_systemd(struct listener *listener)
{
	const char *pid = getenv("LISTEN_PID"), *n = getenv("LISTEN_FDS");
	int yes = 0;
	socklen_t len = sizeof yes;

	if (pid == NULL || n == NULL || strtol(pid, NULL, 10) != getpid() ||
	    strtol(n, NULL, 10) != 1)
		return error_new(ERROR_USAGE,
		    "systemd hands no socket over: it needs a socket unit with "
		    "one ListenStream=");
	if (getsockopt(SYSTEMD_FD, SOL_SOCKET, SO_ACCEPTCONN, &yes, &len) < 0 ||
	    !yes)
		return error_new(ERROR_USAGE,
		    "what systemd hands over is no socket that listens");
	fcntl(SYSTEMD_FD, F_SETFD, FD_CLOEXEC);
	fcntl(SYSTEMD_FD, F_SETFL, O_NONBLOCK);
	listener->fd = SYSTEMD_FD;
	return NULL;
}

/* --- All of them --- */

static char *
url_of(const struct listener *listener)
{
	struct sockaddr_storage name = { 0 };
	socklen_t len = sizeof name;
	char host[NI_MAXHOST], port[NI_MAXSERV];

	if (listener->path != NULL)
		return xasprintf("unix:%s", listener->path);
	if (getsockname(listener->fd, (struct sockaddr *)&name, &len) < 0 ||
	    name.ss_family == AF_UNIX ||
	    getnameinfo((struct sockaddr *)&name, len, host, sizeof host, port,
		sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return xstrdup("unix:");
	return xasprintf(
	    name.ss_family == AF_INET6 ? "http://[%s]:%s" : "http://%s:%s",
	    host, port);
}

struct error *
listener_open(struct listener *listener, const char *address)
{
	struct error *error;

	*listener = (struct listener){ .fd = -1 };
	if (strcmp(address, "systemd") == 0)
		error = take_systemd(listener);
	else if (strncmp(address, "unix:", 5) == 0)
		error = open_path(listener, address + 5);
	else
		error = open_address(listener, address);
	if (error != NULL)
		listener_close(listener);
	else
		listener->url = url_of(listener);
	return error;
}

void
listener_close(struct listener *listener)
{
	if (listener->fd >= 0)
		close(listener->fd);
	if (listener->path != NULL)
		unlink(listener->path);
	free(listener->url);
	free(listener->path);
	*listener = (struct listener){ .fd = -1 };
}
