/* SPDX-License-Identifier: MIT */
#define _DEFAULT_SOURCE /* flock */
#include "file_lock.h"

#include <errno.h>
#include <sys/file.h>

#include "clock.h"
#include "process.h"
#include "retry.h"

struct error *
file_lock(int fd, const char *path, double ends)
{
	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return error_errno(ERROR_IO, "cannot lock '%s'", path);
		if (ends > 0 && clock_monotonic() >= ends)
			return error_new(ERROR_TIMEOUT,
			    "cannot lock '%s': the time for it is used up",
			    path);
		if (!retry_pause(0.05))
			return error_cancelled(cancel_signal());
	}
	return NULL;
}
