/* SPDX-License-Identifier: MIT */
#include "outlet.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "file.h"
#include "memory.h"

static const double patience_seconds = 1;

void
outlet_open(struct outlet *outlet, int fd, bool impatient)
{
	*outlet = (struct outlet){
		.fd = fd,
		.impatient = impatient,
		.pending = BUFFER_INIT(OUTLET_MAX_PENDING),
		.moved = clock_monotonic(),
	};
}

static size_t
count_lines(const char *bytes, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += bytes[i] == '\n';
	return n;
}

bool
outlet_is_empty(const struct outlet *outlet)
{
	return outlet->pending.len == 0;
}

/* At most what a pipe that is writable takes at once, cut after a line. */
static size_t
portion(const struct buffer *pending)
{
	size_t len = pending->len < PIPE_BUF ? pending->len : PIPE_BUF;

	for (size_t i = len; i > 0; i--)
		if (pending->data[i - 1] == '\n')
			return i;
	return len;
}

static ssize_t
write_some(int fd, const char *bytes, size_t len)
{
	ssize_t n = send(fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);

	return n < 0 && errno == ENOTSOCK ? write(fd, bytes, len) : n;
}

/* A pipe or terminal that poll() calls writable takes PIPE_BUF bytes
 * without waiting. */
static bool
takes_some(int fd, int timeout_ms)
{
	struct pollfd wait = { .fd = fd, .events = POLLOUT };

	return poll(&wait, 1, timeout_ms) > 0;
}

static void
drop_pending(struct outlet *outlet)
{
	outlet->n_lost +=
	    count_lines(outlet->pending.data, outlet->pending.len);
	buffer_clear(&outlet->pending);
}

static void
take_out(struct buffer *pending, size_t len)
{
	memmove(pending->data, pending->data + len, pending->len - len);
	pending->len -= len;
}

void
outlet_flush(struct outlet *outlet)
{
	while (!outlet_is_empty(outlet) && takes_some(outlet->fd, 0)) {
		ssize_t n = write_some(outlet->fd, outlet->pending.data,
		    portion(&outlet->pending));

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n < 0) {
			outlet->closed = true;
			drop_pending(outlet);
			return;
		}
		take_out(&outlet->pending, (size_t)n);
		outlet->moved = clock_monotonic();
	}
}

struct error *
outlet_write(struct outlet *outlet, const char *bytes, size_t len)
{
	if (!outlet->impatient)
		return file_write_all(
		    outlet->fd, bytes, len, "standard output");
	if (outlet->closed || len > outlet->pending.max - outlet->pending.len) {
		outlet->n_lost += count_lines(bytes, len);
		return NULL;
	}
	if (outlet_is_empty(outlet))
		outlet->moved = clock_monotonic();
	buffer_append(&outlet->pending, bytes, len);
	outlet_flush(outlet);
	return NULL;
}

void
outlet_end(struct outlet *outlet)
{
	while (!outlet_is_empty(outlet)) {
		double left =
		    outlet->moved + patience_seconds - clock_monotonic();

		if (left <= 0 ||
		    !takes_some(outlet->fd, (int)(left * 1000) + 1))
			break;
		outlet_flush(outlet);
	}
	drop_pending(outlet);
	buffer_release(&outlet->pending);
}
