/* SPDX-License-Identifier: MIT */
/*
 * A copy of this process that does one thing beside it and says what comes of
 * it through a pipe. It has none of our descriptors but standard error and
 * the pipe, our signals as they were before, and ends with us. For commands of
 * others there is process.h.
 */
#ifndef CHILD_H
#define CHILD_H

#include <sys/types.h>

#include "error.h"

/* `work` gets the pipe to write to; when it returns the child exits. *fd is
 * where to read, closed on exec, and does not block. */
struct error *child_start(
    pid_t *pid, int *fd, void (*work)(void *context, int fd), void *context);

/* SIGKILL; and does not wait. */
void child_kill(pid_t pid);
/* Waits for one that has closed its pipe. */
void child_reap(pid_t pid);

#endif
