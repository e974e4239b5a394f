/* SPDX-License-Identifier: MIT */
/*
 * Slots to be had for a repository: from the Repo Pool Manager at
 * repo_pool_url, or from a pool on this machine (nr-slot(1)).
 *
 * The pool is a directory. In it, for each repository, is one with a mirror,
 * a git repository of which no files are checked out, and slots, clones that
 * borrow its objects (objects/info/alternates). So a slot shares nothing that
 * can be written to: worktrees of one repository would share references,
 * configuration and hooks, by which an agent in one could reach another.
 *
 * Who has a slot is told by its necrocode.lock (slot_lock.h) and by nothing
 * else. Slots are chosen, made and removed under one flock, which nobody
 * holds while anything is fetched or checked out; a mirror is fetched into
 * under another.
 */
#ifndef POOL_H
#define POOL_H

#include <jv.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "stage.h"

struct pool_slot {
	char *id, *path;
};

/*
 * Takes a slot for the document's repo_url, which is `url` checked, and its
 * base branch. `owner`: see slot_lock_try(). That none is to be had is a
 * ServiceUnavailableError, after retries.
 */
struct error *pool_allocate(struct pool_slot *slot, const struct stage *stage,
    const char *url, pid_t owner);
void pool_slot_release(struct pool_slot *slot);

/*
 * Gives the document's slot back, if its runner has it; whether it has does
 * not matter. `ends` is on clock_monotonic().
 */
struct error *pool_release(const struct stage *stage, double ends);
/* The same for a run of which all that is known is that it is over: what it
 * has got from the Repo Pool Manager, which no process's end frees. */
struct error *pool_release_remote(const struct stage *stage, double ends);

/* The configuration keys that these use, beside those of stage_git.h. */
#define POOL_REMOTE_KEYS \
	"repo_pool_url", "repo_pool_api_key_env", "network_retry_count"
#define POOL_KEYS POOL_REMOTE_KEYS, "pool_dir", "max_slots", "max_disk_mb"

/* One object a slot, as nr-slot list --json shows it; owned. */
struct error *pool_list(jv *slots, const struct config *config);

/* Removes what was not used for so long, and what is over the limits, with a
 * line for each; packs the mirrors. */
struct error *pool_collect(
    const struct config *config, double idle_seconds, FILE *out);

#endif
