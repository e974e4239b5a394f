/* SPDX-License-Identifier: MIT */
/*
 * The settings of a slot's repository while somebody else has it: the
 * configuration, attributes, excludes, grafts, alternates and hooks, and
 * those of its submodules. What an agent or a test wrote there would be
 * believed, or run, by whoever works in the slot next: another task, or a
 * person with git. So it is noted before and put back afterwards; what was
 * written is kept beside it, under a name that git does not know:
 * config.necrocode-saved.
 */
#ifndef SLOT_GUARD_H
#define SLOT_GUARD_H

#include "error.h"

struct slot_guard;

/* The work tree is a resolved path. *guard is NULL if it is no repository:
 * then there is nothing to do for the others. */
struct error *slot_guard_note(struct slot_guard **guard, const char *work_tree);

/*
 * Puts back what is not as it was. *changed lists that, "" for nothing; the
 * caller frees. A repository that is another one now, or cannot be opened
 * without harm, is an error; one that is gone is not.
 */
struct error *slot_guard_restore(
    const struct slot_guard *guard, char **changed);

void slot_guard_free(struct slot_guard *guard);

#endif
