/* SPDX-License-Identifier: MIT */
/*
 * A few references of a repository on this machine, asked by version 2 of
 * git's protocol (gitprotocol-v2(5), gitprotocol-common(5)): the list of all
 * of them, which older versions begin with, can be long.
 */
#include "git_internal.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "clock.h"
#include "memory.h"
#include "process.h"

enum { MAX_PACKET = 65520, FLUSH = 0, HEADER = 4 };

struct reader {
	const struct git_network *network;
	int fd;
	char packet[MAX_PACKET + 1];
};

static bool
wait_readable(const struct reader *reader, double ends)
{
	struct pollfd fd = { .fd = reader->fd, .events = POLLIN };

	while (cancel_signal() == 0 && clock_monotonic() < ends)
		if (poll(&fd, 1, 1000) > 0)
			return true;
	return false;
}

static bool
read_exactly(struct reader *reader, char *bytes, size_t len)
{
	const struct git_network *network = reader->network;
	double ends = clock_monotonic() +
	    (network->idle_seconds > 0 ? network->idle_seconds : 60);

	if (network->ends > 0 && network->ends < ends)
		ends = network->ends;
	while (len > 0) {
		ssize_t n;

		if (!wait_readable(reader, ends))
			return false;
		n = read(reader->fd, bytes, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		bytes += n;
		len -= (size_t)n;
	}
	return true;
}

/* The next packet, as text without its newline; *len is FLUSH at the end of
 * a list. */
static bool
read_packet(struct reader *reader, size_t *len)
{
	char header[HEADER + 1] = "", *end;
	long size;

	*len = FLUSH;
	reader->packet[0] = '\0';
	if (!read_exactly(reader, header, HEADER))
		return false;
	size = strtol(header, &end, 16);
	if (*end != '\0' || size < 0 || size > MAX_PACKET)
		return false;
	if (size == FLUSH)
		return true;
	if (size <= HEADER ||
	    !read_exactly(reader, reader->packet, (size_t)size - HEADER))
		return false;
	*len = (size_t)size - HEADER;
	if (reader->packet[*len - 1] == '\n')
		--*len;
	reader->packet[*len] = '\0';
	return true;
}

static bool
understands(struct reader *reader)
{
	size_t len;
	bool lists = false;

	if (!read_packet(reader, &len) ||
	    strcmp(reader->packet, "version 2") != 0)
		return false;
	while (read_packet(reader, &len)) {
		if (len == FLUSH)
			return lists;
		if (strncmp(reader->packet, "ls-refs", 7) == 0)
			lists = true;
		if (strncmp(reader->packet, "object-format=", 14) == 0 &&
		    strcmp(reader->packet + 14, "sha1") != 0)
			return false;
	}
	return false;
}

static void
add_packet(struct buffer *request, const char *word, const char *name)
{
	size_t len = HEADER + strlen(word) + strlen(name) + 1;

	buffer_appendf(request, "%04zx%s%s\n", len, word, name);
}

static bool
ask(int fd, struct git_asked asked[], size_t n)
{
	struct buffer request = BUFFER_INIT(MAX_PACKET);
	bool sent;

	add_packet(&request, "command=ls-refs", "");
	buffer_append_string(&request, "0001");
	add_packet(&request, "symrefs", "");
	for (size_t i = 0; i < n; i++)
		add_packet(&request, "ref-prefix ", asked[i].name);
	buffer_append_string(&request, "0000");
	/* The pipe is empty, and takes so much at once. */
	sent = !request.truncated &&
	    write(fd, request.data, request.len) == (ssize_t)request.len;
	buffer_release(&request);
	return sent;
}

/* "ID NAME[ symref-target:NAME]" */
static void
take(struct git_asked asked[], size_t n, char *line)
{
	static const char mark[] = "symref-target:";
	char *name = strchr(line, ' '), *more;
	git_oid id;

	if (name == NULL)
		return;
	*name++ = '\0';
	more = strchr(name, ' ');
	if (more != NULL)
		*more++ = '\0';
	for (size_t i = 0; i < n; i++) {
		if (strcmp(asked[i].name, name) != 0 ||
		    git_oid_fromstr(&id, line) != 0)
			continue;
		asked[i].id = id;
		asked[i].found = true;
		if (more != NULL && strncmp(more, mark, sizeof mark - 1) == 0) {
			free(asked[i].target);
			asked[i].target = xstrdup(more + sizeof mark - 1);
		}
	}
}

bool
git_ask(struct git_network *network, struct git_asked asked[], size_t n)
{
	struct git_child *lister;
	struct reader *reader;
	bool whole = false;
	size_t len;

	if (network->ahead == NULL || network->ahead->lister.pid == 0)
		return false;
	lister = &network->ahead->lister;
	reader = xmalloc(sizeof *reader);
	reader->network = network;
	reader->fd = lister->from;
	if (understands(reader) && ask(lister->to, asked, n))
		while (!whole && read_packet(reader, &len)) {
			whole = len == FLUSH;
			if (!whole)
				take(asked, n, reader->packet);
		}
	free(reader);
	git_end_child(lister);
	return whole;
}
