/* SPDX-License-Identifier: MIT */
/*
 * The slot of a task: found or cloned, locked for its runner, and clean.
 */
#ifndef SLOT_H
#define SLOT_H

#include <stdbool.h>

#include "git.h"
#include "stage.h"

struct slot {
	char *path;
	struct git *git;        /* NULL until slot_open() */
	bool is_new;            /* to be cloned, and ours to remove */
	bool existed;           /* as an empty directory */
	bool of_pool;           /* to come from there */
	bool allocated;         /* has come, and is to be given back */
	char *locked_directory; /* where its lock is; NULL: not taken */
};

/*
 * The document's workspace or slot_path; with a URL (NULL: none) that is one
 * to be cloned if it is absent or empty, or not given at all; or then, if the
 * configuration names a pool, one that slot_allocate() has to get.
 */
struct error *slot_choose(
    struct slot *slot, const struct stage *stage, const char *url);

/* From the pool (pool.h); the document tells of it from then on. */
struct error *slot_allocate(
    struct slot *slot, const struct stage *stage, const char *url);

/* Opens the repository, or makes it with `branch` to come; then the lock. */
struct error *slot_open(struct slot *slot, const struct stage *stage,
    const char *url, const char *branch);

/* Refuses uncommitted changes, or, with `clean` set, saves them to a ref. */
struct error *slot_see_clean(struct slot *slot, const struct stage *stage);

/* A slot that could not be prepared is nobody's, and a clone is not left. */
void slot_take_back(struct slot *slot, const struct stage *stage);
void slot_release(struct slot *slot);

#endif
