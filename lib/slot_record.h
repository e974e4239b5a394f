/* SPDX-License-Identifier: MIT */
/*
 * A slot_guard on disk, while somebody else has the slot: if the stage that
 * is to put the settings back is killed, whoever has the slot next does it.
 * The record lies in $XDG_STATE_HOME/necrocode/slots, where agents in a
 * sandbox cannot write, and is of the very repository it was made of: not of
 * another one that is at the same path by then.
 */
#ifndef SLOT_RECORD_H
#define SLOT_RECORD_H

#include "slot_guard.h"

/* Where the branches were; NULL for what is not known, "" for a base branch
 * that was not there. */
struct slot_branches {
	const char *branch, *tip;
	const char *base_branch, *base_commit;
};

/* Keeps it if that can be; guard may be NULL. */
void slot_record_keep(
    const struct slot_guard *guard, const struct slot_branches *branches);
/* When all has been put back. */
void slot_record_remove(const char *work_tree);

/* Is there one? Quickly. */
bool slot_record_exists(const char *work_tree);

/*
 * Puts back what a record tells of, and says so: the settings, HEAD if it
 * cannot be read, the branches; ends an operation in progress. The record is
 * gone then; one that is damaged is an error, and stays. `ends` is for
 * git_set_ends(). To be called by who has the slot. Nothing if there is none.
 */
struct error *slot_record_recover(const char *work_tree, double ends);

#endif
