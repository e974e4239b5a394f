/* SPDX-License-Identifier: MIT */
/* What the files of pool.h share. */
#ifndef POOL_INTERNAL_H
#define POOL_INTERNAL_H

#include <stddef.h>

#include "git.h"
#include "pool.h"
#include "slot_lock.h"

enum { POOL_DEFAULT_SLOTS = 16 };

struct pool {
	char *directory;
	size_t max_slots;
	double max_bytes; /* 0: no limit */
};

struct error *pool_open(struct pool *pool, const struct config *config);
void pool_close(struct pool *pool);

/* pool_allocate() of the Repo Pool Manager at repo_pool_url. */
struct error *pool_remote_allocate(
    struct pool_slot *slot, const struct stage *stage, const char *url);

/* file_lock_open() of a name in the directory. */
struct error *pool_lock(
    int *fd, const char *directory, const char *name, double ends);

/* The directory of a repository: of its URL. */
struct pool_repository {
	char *directory, *name, *url;
};

/* Made if it is not there. */
struct error *pool_repository_open(struct pool_repository *repository,
    const struct pool *pool, const char *url);
void pool_repository_close(struct pool_repository *repository);

/* A slot as it is now. */
struct pool_entry {
	char *repository; /* its directory's name */
	size_t number;
	char *id, *path, *git_directory, *url;
	enum slot_lock_state state;
	bool broken; /* it has no git directory of its own */
	jv lock;
	double used_at; /* when it was allocated last */
};

struct pool_entries {
	struct pool_entry *items; /* those used longest ago come first */
	size_t n;
};

struct error *pool_look(struct pool_entries *entries, const struct pool *pool);
void pool_entries_release(struct pool_entries *entries);

/* Brings a branch of the mirror up to date; *commit is where it is. */
struct error *pool_mirror_update(const struct pool_repository *repository,
    const struct stage *stage, const char *branch, char commit[GIT_ID_TEXT]);
/* Packs what it has. */
void pool_mirror_pack(const char *repository_directory);

/* A new slot's repository, nobody's yet. */
struct error *pool_slot_make(const char *repository_directory, size_t number,
    const char *url, const char *branch);
/* Whoever has the slot makes it as if it were new. */
struct pool_state {
	const char *branch, *commit; /* of the mirror */
	struct slot_lock_dead dead;
};
struct error *pool_slot_tidy(const char *repository_directory, size_t number,
    const struct pool_state *state, const struct stage *stage);
/* Out of the way at once; pool_sweep() removes it. */
struct error *pool_slot_drop(
    const char *repository_directory, const char *path);
void pool_sweep(const char *repository_directory);

#endif
