/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* O_TMPFILE */
#include "open.h"

#include <linux/fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <sys/types.h>

/* <fcntl.h> defines an open() of its own where it is fortified. */
int open(const char *path, int flags, ...);
int openat(int directory, const char *path, int flags, ...);

static bool without_waiting;

void
open_without_waiting(void)
{
	without_waiting = true;
}

int
open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list args;

	if ((flags & (O_CREAT | __O_TMPFILE)) != 0) {
		va_start(args, flags);
		mode = va_arg(args, mode_t);
		va_end(args);
	}
	if (without_waiting)
		flags |= O_NONBLOCK;
	return openat(AT_FDCWD, path, flags, mode);
}
