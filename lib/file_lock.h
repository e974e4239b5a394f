/* SPDX-License-Identifier: MIT */
/*
 * flock(2) with an end to the waiting. The lock is the open file's: it ends
 * when the descriptor is closed, or with whoever holds it.
 */
#ifndef FILE_LOCK_H
#define FILE_LOCK_H

#include "error.h"

/*
 * `path` is for messages. A TimeoutError when `ends` (on clock_monotonic(); 0:
 * never) has come, a CancelledError after a signal. What is free is had also
 * then.
 */
struct error *file_lock(int fd, const char *path, double ends);

/* The same with a file of its own, which is made, but not through a link. *fd
 * is the caller's to close; -1 with an error. */
struct error *file_lock_open(int *fd, const char *path, double ends);

#endif
