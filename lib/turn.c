/* SPDX-License-Identifier: MIT */
#include "turn.h"

#include <errno.h>
#include <unistd.h>

#include "memory.h"

enum { LINE_SIZE = 32 };

/* The next line, cut to what a name needs. Byte by byte: nr-run may have
 * written on, for another stage. */
static bool
read_line(int fd, char line[LINE_SIZE])
{
	size_t len = 0;
	char byte;

	for (;;) {
		ssize_t n = read(fd, &byte, 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		if (byte == '\n')
			break;
		if (len < LINE_SIZE - 1)
			line[len++] = byte;
	}
	line[len] = '\0';
	return true;
}

bool
turn_await(const char *name)
{
	const char *text = getenv("NR_TURN_FD");
	char line[LINE_SIZE];
	bool ours = false;
	int fd;

	if (text == NULL)
		return true;
	fd = (int)strtol(text, NULL, 10);
	if (fd <= STDERR_FILENO)
		return true;
	if (strncmp(name, "nr-", 3) == 0)
		name += 3;
	/* A line for a stage that died before its turn is skipped. */
	while (!ours && read_line(fd, line))
		ours = strcmp(line, name) == 0;
	close(fd);
	unsetenv("NR_TURN_FD");
	return ours;
}
