/* SPDX-License-Identifier: MIT */
/*
 * The mark of a run at work: a write lock of its nr-log on run.log. It ends
 * with the process, and can be looked at without taking it, which flock(2)
 * does not allow. Who may only read the file, as agents in the sandbox, can
 * set no such mark.
 */
#ifndef LOG_LOCK_H
#define LOG_LOCK_H

#include <stdbool.h>

/* A file system without locks is no reason to have no log. */
void log_lock_take(int fd);
/* Does a process have it, other than this one? */
bool log_lock_is_taken(int fd);

#endif
