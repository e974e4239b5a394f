/* SPDX-License-Identifier: MIT */
/*
 * A run's slot, at its end: what a failed task left is saved to a ref, unless
 * `keep_workspace`, and the slot is clean; then its lock goes, and what the
 * run got from the Repo Pool Manager is given back.
 */
#ifndef SLOT_RETURN_H
#define SLOT_RETURN_H

#include "pool.h"
#include "stage.h"

#define SLOT_RETURN_KEYS "keep_workspace", POOL_REMOTE_KEYS

/*
 * Nothing of a slot that this run does not hold (any more). Until `ends`, on
 * clock_monotonic(). What cannot be done is a warning. The document gets
 * `workspace.saved_ref`.
 */
void slot_return(struct stage *stage, double ends);

#endif
