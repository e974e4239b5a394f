/* SPDX-License-Identifier: MIT */
#include "log_lock.h"

#include <fcntl.h>
#include <stdio.h>

void
log_lock_take(int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	(void)fcntl(fd, F_SETLK, &lock);
}

bool
log_lock_is_taken(int fd)
{
	/* In the way of a lock for reading is one for writing only. */
	struct flock lock = { .l_type = F_RDLCK, .l_whence = SEEK_SET };

	return fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type == F_WRLCK;
}
