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

#include <jv.h>
#include <stdbool.h>
#include <sys/types.h>

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

/*
 * For who hands slots out: takes it if it is nobody's, of an owner that is
 * gone, or this very runner's; *taken tells. `owner` is the process whose end
 * frees it; 0: as above.
 */
struct error *slot_lock_try(bool *taken, struct slot_lock_dead *dead,
    const char *git_directory, const char *runner_id, const char *task_id,
    pid_t owner);

/* What the file says now, the caller's; jv_invalid() when there is none. */
enum slot_lock_state { SLOT_FREE, SLOT_TAKEN, SLOT_DEAD };
enum slot_lock_state slot_lock_look(jv *lock, const char *git_directory);

/* Gives the lock back if this runner has it. */
struct error *slot_lock_release(
    const char *git_directory, const char *runner_id);

#endif
