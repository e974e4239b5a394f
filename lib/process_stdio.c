/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* F_DUPFD_CLOEXEC */
#include "process_internal.h"

#include <fcntl.h>
#include <unistd.h>

static struct error *
open_file(int *fd, const char *path)
{
	*fd = open(path, O_RDONLY | O_CLOEXEC);
	if (*fd < 0)
		return error_errno(ERROR_IO, "cannot open '%s'", path);
	return NULL;
}

/* A copy of one of our own three, which may be closed. */
static struct error *
inherit(int *fd, int own)
{
	*fd = fcntl(own, F_DUPFD_CLOEXEC, 3);
	return *fd < 0 ? open_file(fd, "/dev/null") : NULL;
}

static struct error *
open_input(int *fd, const struct process_options *options)
{
	if (options->inherit_input)
		return inherit(fd, STDIN_FILENO);
	return open_file(fd,
	    options->stdin_path != NULL ? options->stdin_path : "/dev/null");
}

static struct error *
open_output(struct capture **capture, int *fd, int own,
    const struct process_options *options)
{
	if (options->inherit_output && options->stall_seconds > 0)
		return capture_open_through(capture, fd, own);
	if (options->inherit_output)
		return inherit(fd, own);
	if (own == STDOUT_FILENO)
		return capture_open(
		    capture, fd, options->stdout_path, options, "stdout");
	return capture_open(
	    capture, fd, options->stderr_path, options, "stderr");
}

struct error *
stdio_open(int fds[3], struct capture *captures[STDIO_N_CAPTURES],
    const struct process_options *options)
{
	struct error *error = open_input(&fds[0], options);

	if (error == NULL)
		error =
		    open_output(&captures[0], &fds[1], STDOUT_FILENO, options);
	if (error == NULL)
		error =
		    open_output(&captures[1], &fds[2], STDERR_FILENO, options);
	return error;
}

void
stdio_close(int fds[3])
{
	for (int i = 0; i < 3; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
}
