/* SPDX-License-Identifier: MIT */
/*
 * Who works in a slot: the file necrocode.lock in the work tree's own git
 * directory, JSON with runner_id, pid, process_group, hostname, start_time
 * (of the pid, in ticks since boot), since and task_id. The file is changed
 * under a flock held for that moment only; the lock is its content.
 *
 * The owner is the process NR_RUN_PID, set by nr-run, or else the process
 * group of a pipeline made by hand. An owner that is gone is taken over. So
 * is one of this same process group: a script that runs one pipeline after
 * another is one owner. On another host an owner cannot be looked for, and
 * counts as alive.
 */
#ifndef SLOT_LOCK_H
#define SLOT_LOCK_H

#include <stdbool.h>

#include "error.h"

/*
 * Takes the lock for a runner, who may have it already. The error, a
 * retryable WorkspacePreparationError, tells who holds it. *dead tells of an
 * owner that is gone.
 */
struct slot_lock_dead {
	double since; /* when it had taken the lock, from 1970; 0: none */
	bool run;     /* it was nr-run: nobody works in the slot by hand */
};
struct error *slot_lock_take(struct slot_lock_dead *dead,
    const char *git_directory, const char *runner_id, const char *task_id);

/* Gives the lock back if this runner has it. */
struct error *slot_lock_release(
    const char *git_directory, const char *runner_id);

#endif
