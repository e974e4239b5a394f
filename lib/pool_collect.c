/* SPDX-License-Identifier: MIT */
/* nr-slot gc. */
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "disk_usage.h"
#include "file.h"
#include "json.h"
#include "memory.h"
#include "pool_internal.h"

enum { MAX_PACKS = 10 };

struct collection {
	struct pool pool;
	struct pool_entries entries;
	double before; /* what was used last before this goes */
	size_t n_slots;
	FILE *out;
};

static bool
is_over(const struct collection *collection)
{
	const struct pool *pool = &collection->pool;

	return collection->n_slots > pool->max_slots ||
	    (pool->max_bytes > 0 &&
		disk_usage(pool->directory) > pool->max_bytes);
}

/* Under the pool's lock nobody allocates it; who has a document that names
 * it could still lock it, and is asked for by looking once more. */
static struct error *
drop(struct collection *collection, struct pool_entry *entry)
{
	char *directory =
	    file_join(collection->pool.directory, entry->repository);
	struct error *err = NULL;
	jv lock = jv_invalid();

	if (entry->broken ||
	    slot_lock_look(&lock, entry->git_directory) != SLOT_TAKEN) {
		err = pool_slot_drop(directory, entry->path);
		if (err == NULL) {
			fprintf(
			    collection->out, "removed slot %s\n", entry->id);
			pool_sweep(directory);
			collection->n_slots--;
			entry->number = 0;
		}
	}
	jv_free(lock);
	free(directory);
	return err;
}

static struct error *
drop_slots(struct collection *collection)
{
	struct error *err = NULL;

	for (size_t i = 0; err == NULL && i < collection->entries.n; i++) {
		struct pool_entry *entry = &collection->entries.items[i];

		if (!entry->broken &&
		    (entry->state == SLOT_TAKEN ||
			(entry->used_at >= collection->before &&
			    !is_over(collection))))
			continue;
		err = drop(collection, entry);
	}
	return err;
}

static bool
has_slots(const struct collection *collection, const char *repository)
{
	for (size_t i = 0; i < collection->entries.n; i++) {
		const struct pool_entry *entry = &collection->entries.items[i];

		if (entry->number > 0 &&
		    strcmp(entry->repository, repository) == 0)
			return true;
	}
	return false;
}

/* What is fetched writes fetched-BRANCH, into this directory. */
static struct error *
drop_repository(struct collection *collection, const char *name)
{
	char *directory = file_join(collection->pool.directory, name);
	struct error *err = NULL;
	struct stat info;

	if (!has_slots(collection, name) && stat(directory, &info) == 0 &&
	    S_ISDIR(info.st_mode) &&
	    ((double)info.st_mtim.tv_sec < collection->before ||
		is_over(collection))) {
		err = pool_slot_drop(collection->pool.directory, directory);
		if (err == NULL)
			fprintf(collection->out, "removed mirror %s\n", name);
	}
	free(directory);
	return err;
}

static size_t
count_packs(const char *directory)
{
	char *path = file_join(directory, "mirror/.git/objects/pack");
	DIR *dir = opendir(path);
	const struct dirent *entry;
	size_t n = 0;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		size_t len = strlen(entry->d_name);

		n += len > 5 && strcmp(entry->d_name + len - 5, ".pack") == 0;
	}
	if (dir != NULL)
		closedir(dir);
	free(path);
	return n;
}

/* Calls for each repository's name. */
static struct error *
for_each(struct collection *collection,
    struct error *(*act)(struct collection *collection, const char *name))
{
	DIR *dir = opendir(collection->pool.directory);
	struct error *err = NULL;
	struct dirent *entry;

	while (dir != NULL && err == NULL && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.' &&
		    strcmp(entry->d_name, "lock") != 0 &&
		    strncmp(entry->d_name, "removed-", 8) != 0)
			err = act(collection, entry->d_name);
	if (dir != NULL)
		closedir(dir);
	return err;
}

static struct error *
pack(struct collection *collection, const char *name)
{
	char *directory = file_join(collection->pool.directory, name);

	pool_sweep(directory);
	if (count_packs(directory) > MAX_PACKS) {
		pool_mirror_pack(directory);
		fprintf(collection->out, "packed mirror %s\n", name);
	}
	free(directory);
	return NULL;
}

struct error *
pool_collect(const struct config *config, double idle_seconds, FILE *out)
{
	struct collection collection = { .before = clock_now() - idle_seconds,
		.out = out };
	struct error *err = pool_open(&collection.pool, config);
	int fd = -1;

	if (err == NULL)
		err = pool_lock(&fd, collection.pool.directory, "lock", 0);
	if (err == NULL)
		err = pool_look(&collection.entries, &collection.pool);
	collection.n_slots = collection.entries.n;
	if (err == NULL)
		err = drop_slots(&collection);
	if (err == NULL)
		err = for_each(&collection, drop_repository);
	if (fd >= 0)
		close(fd);
	if (err == NULL) {
		pool_sweep(collection.pool.directory);
		err = for_each(&collection, pack);
	}
	pool_entries_release(&collection.entries);
	pool_close(&collection.pool);
	return err;
}
