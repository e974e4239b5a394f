/* SPDX-License-Identifier: MIT */
/* A slot of the local pool for a task, and back. */
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "disk_usage.h"
#include "file.h"
#include "json.h"
#include "log.h"
#include "memory.h"
#include "pool_internal.h"
#include "quantity.h"
#include "retry.h"
#include "runner.h"
#include "slot_record.h"

struct allocation {
	const struct stage *stage;
	pid_t owner;
	struct pool pool;
	struct pool_repository repository;
	struct pool_state state;
	char commit[GIT_ID_TEXT];
	double ends;
	/* Told by choosing: */
	size_t number; /* 0: none was to be had */
	bool is_new, mirror_is_gone;
};

static struct error *
try_lock(const struct allocation *allocation, const char *git_directory,
    bool *taken, struct slot_lock_dead *dead)
{
	const struct document *doc = allocation->stage->doc;

	return slot_lock_try(taken, dead, git_directory, runner_id(doc),
	    document_string(doc, "task_id"), allocation->owner);
}

static struct error *
drop(const struct allocation *allocation, const struct pool_entry *entry)
{
	char *directory =
	    file_join(allocation->pool.directory, entry->repository);
	struct error *err = pool_slot_drop(directory, entry->path);

	if (err == NULL)
		log_info(
		    "slot_removed", "removed the free slot '%s'", entry->id);
	free(directory);
	return err;
}

/* *dropped is false if somebody has it. */
static struct error *
drop_if_free(const struct allocation *allocation,
    const struct pool_entry *entry, bool *dropped)
{
	struct slot_lock_dead dead;
	struct error *err = NULL;

	*dropped = entry->broken;
	if (!entry->broken && entry->state != SLOT_TAKEN)
		err =
		    try_lock(allocation, entry->git_directory, dropped, &dead);
	if (err == NULL && *dropped)
		err = drop(allocation, entry);
	return err;
}

/* What there is, less what is of no use to anybody: it has no git directory. */
static struct error *
look(const struct allocation *allocation, struct pool_entries *entries)
{
	struct error *err = pool_look(entries, &allocation->pool);
	bool any = false;

	for (size_t i = 0; err == NULL && i < entries->n; i++) {
		bool dropped = false;

		if (entries->items[i].broken)
			err = drop_if_free(
			    allocation, &entries->items[i], &dropped);
		any = any || dropped;
	}
	if (err != NULL || !any)
		return err;
	pool_entries_release(entries);
	return pool_look(entries, &allocation->pool);
}

static bool
may_take(const struct allocation *allocation, const struct pool_entry *entry)
{
	const char *holder = json_string(entry->lock, "runner_id");

	return strcmp(entry->repository, allocation->repository.name) == 0 &&
	    !entry->broken &&
	    (entry->state != SLOT_TAKEN ||
		(holder != NULL &&
		    strcmp(holder, runner_id(allocation->stage->doc)) == 0));
}

static struct error *
take_one(struct allocation *allocation, const struct pool_entries *entries)
{
	struct error *err = NULL;

	/* The one that was used last is likely to have most. */
	for (size_t i = entries->n; err == NULL && i > 0; i--) {
		const struct pool_entry *entry = &entries->items[i - 1];
		bool taken = false;

		if (!may_take(allocation, entry))
			continue;
		err = try_lock(allocation, entry->git_directory, &taken,
		    &allocation->state.dead);
		if (err == NULL && taken) {
			allocation->number = entry->number;
			break;
		}
	}
	return err;
}

static bool
is_full(const struct allocation *allocation, size_t n, double *bytes)
{
	const struct pool *pool = &allocation->pool;

	*bytes = pool->max_bytes > 0 ? disk_usage(pool->directory) : 0;
	return n >= pool->max_slots ||
	    (pool->max_bytes > 0 && *bytes >= pool->max_bytes);
}

static void
sweep_all(
    const struct allocation *allocation, const struct pool_entries *entries)
{
	for (size_t i = 0; i < entries->n; i++) {
		char *directory = file_join(
		    allocation->pool.directory, entries->items[i].repository);

		pool_sweep(directory);
		free(directory);
	}
}

/* An error says that there is none. */
static struct error *
make_room(
    const struct allocation *allocation, const struct pool_entries *entries)
{
	const struct pool *pool = &allocation->pool;
	char used[QUANTITY_TEXT_SIZE];
	struct error *err = NULL;
	size_t n = entries->n;
	double bytes;
	bool full = is_full(allocation, n, &bytes);

	for (size_t i = 0; err == NULL && full && i < entries->n; i++) {
		bool dropped;

		err = drop_if_free(allocation, &entries->items[i], &dropped);
		if (err != NULL || !dropped)
			continue;
		n--;
		if (pool->max_bytes > 0)
			sweep_all(allocation, entries);
		full = is_full(allocation, n, &bytes);
	}
	if (err != NULL || !full)
		return err;
	if (n >= pool->max_slots)
		return error_new(ERROR_SERVICE,
		    "cannot allocate a slot of '%s': all %zu slots of the "
		    "pool are taken (see nr-slot list); wait for one, or "
		    "raise max_slots",
		    allocation->repository.url, n);
	quantity_format_size(used, (size_t)bytes);
	return error_new(ERROR_SERVICE,
	    "cannot allocate a slot of '%s': the pool has %s, and no free "
	    "slot to remove; wait, or raise max_disk_mb",
	    allocation->repository.url, used);
}

static size_t
free_number(
    const struct allocation *allocation, const struct pool_entries *entries)
{
	for (size_t number = 1;; number++) {
		bool used = false;

		for (size_t i = 0; !used && i < entries->n; i++)
			used = entries->items[i].number == number &&
			    strcmp(entries->items[i].repository,
				allocation->repository.name) == 0;
		if (!used)
			return number;
	}
}

/* A new slot in the place of none, or of one that is of no use. */
static struct error *
make(struct allocation *allocation, size_t number)
{
	const struct pool_repository *repository = &allocation->repository;
	char *git_directory =
	    xasprintf("%s/%zu/.git", repository->directory, number);
	bool taken = false;
	struct error *err = pool_slot_make(repository->directory, number,
	    repository->url, allocation->state.branch);

	if (err == NULL)
		err = try_lock(
		    allocation, git_directory, &taken, &allocation->state.dead);
	allocation->number = taken ? number : 0;
	allocation->is_new = true;
	free(git_directory);
	return err;
}

static struct error *
choose(struct allocation *allocation)
{
	const struct pool_repository *repository = &allocation->repository;
	char *mirror = file_join(repository->directory, "mirror/.git");
	struct pool_entries entries = { 0 };
	struct error *err;
	int fd;

	err = pool_lock(
	    &fd, allocation->pool.directory, "lock", allocation->ends);
	allocation->mirror_is_gone = access(mirror, F_OK) != 0;
	free(mirror);
	if (err == NULL && !allocation->mirror_is_gone) {
		err = look(allocation, &entries);
		if (err == NULL)
			err = take_one(allocation, &entries);
		if (err == NULL && allocation->number == 0) {
			err = make_room(allocation, &entries);
			if (err == NULL)
				err = make(allocation,
				    free_number(allocation, &entries));
		}
	}
	if (fd >= 0)
		close(fd);
	pool_entries_release(&entries);
	pool_sweep(repository->directory);
	return err;
}

/* nr-slot gc may have taken the mirror away before there was a slot. */
static struct error *
update_and_choose(struct allocation *allocation, const char *url)
{
	struct retry retry = {
		.what = "slot",
		.max_retries = (int)config_number(
		    allocation->stage->config, "network_retry_count"),
		.ends = allocation->ends,
	};
	struct error *err;

	for (;;) {
		pool_repository_close(&allocation->repository);
		err = pool_repository_open(
		    &allocation->repository, &allocation->pool, url);
		if (err == NULL)
			err = pool_mirror_update(&allocation->repository,
			    allocation->stage, allocation->state.branch,
			    allocation->commit);
		/* What fails there has been tried again there. */
		if (err != NULL)
			return err;
		err = choose(allocation);
		if (err == NULL && allocation->mirror_is_gone)
			continue;
		if (err == NULL || !retry_wait(&retry, err))
			return err;
		error_free(err);
	}
}

/* The slot is ours. What cannot be put right is made anew. */
static struct error *
hand_over(struct allocation *allocation)
{
	const char *directory = allocation->repository.directory;
	size_t number = allocation->number;
	struct error *err;
	char *path;
	int fd;

	if (allocation->is_new)
		return NULL;
	err = pool_slot_tidy(
	    directory, number, &allocation->state, allocation->stage);
	if (err == NULL || err->type == ERROR_CANCELLED)
		return err;
	log_warn("slot_renewed",
	    "the slot could not be put right, and is made anew: %s",
	    err->message);
	error_free(err);
	err = pool_lock(
	    &fd, allocation->pool.directory, "lock", allocation->ends);
	path = xasprintf("%s/%zu", directory, number);
	if (err == NULL)
		err = pool_slot_drop(directory, path);
	if (err == NULL)
		err = make(allocation, number);
	if (fd >= 0)
		close(fd);
	pool_sweep(directory);
	free(path);
	return err;
}

struct error *
pool_allocate(struct pool_slot *slot, const struct stage *stage,
    const char *url, pid_t owner)
{
	struct allocation allocation = { .stage = stage, .owner = owner };
	double seconds;
	struct error *err = stage_time_left(stage, &seconds);

	*slot = (struct pool_slot){ 0 };
	if (err == NULL && config_is_set(stage->config, "repo_pool_url"))
		return pool_remote_allocate(slot, stage, url);
	allocation.ends = clock_monotonic() + seconds;
	allocation.state.branch = document_base_branch(stage->doc);
	allocation.state.commit = allocation.commit;
	if (err == NULL)
		err = pool_open(&allocation.pool, stage->config);
	if (err == NULL)
		err = update_and_choose(&allocation, url);
	if (err == NULL)
		err = hand_over(&allocation);
	if (err == NULL) {
		slot->id = xasprintf(
		    "%s.%zu", allocation.repository.name, allocation.number);
		slot->path = xasprintf("%s/%zu",
		    allocation.repository.directory, allocation.number);
	} else if (allocation.number > 0) {
		char *git_directory = xasprintf("%s/%zu/.git",
		    allocation.repository.directory, allocation.number);

		error_free(
		    slot_lock_release(git_directory, runner_id(stage->doc)));
		free(git_directory);
	}
	pool_repository_close(&allocation.repository);
	pool_close(&allocation.pool);
	return err;
}

void
pool_slot_release(struct pool_slot *slot)
{
	free(slot->id);
	free(slot->path);
	*slot = (struct pool_slot){ 0 };
}

static struct error *
give_back(const struct stage *stage, const char *path,
    const char *git_directory, double ends)
{
	struct error *err = slot_record_recover(path, ends);

	if (err == NULL)
		err = slot_lock_release(git_directory, runner_id(stage->doc));
	if (err == NULL)
		log_info("slot_released", "gave the slot '%s' back", path);
	return err;
}

static struct error *
release_here(const struct stage *stage, double ends)
{
	const char *id = runner_id(stage->doc), *holder;
	const char *given = document_workspace(stage->doc);
	char *path = given != NULL ? file_resolve(given) : NULL;
	char *git_directory = path != NULL ? file_join(path, ".git") : NULL;
	enum slot_lock_state state = SLOT_FREE;
	struct error *err = NULL;
	jv lock = jv_invalid();

	if (git_directory != NULL)
		state = slot_lock_look(&lock, git_directory);
	holder = json_string(lock, "runner_id");
	if (state != SLOT_FREE && holder != NULL && strcmp(holder, id) == 0)
		err = give_back(stage, path, git_directory, ends);
	else if (!config_is_set(stage->config, "repo_pool_url"))
		log_info("slot_not_held",
		    "the slot '%s' is not this runner's: nothing to give back",
		    given != NULL ? given : "");
	jv_free(lock);
	free(git_directory);
	free(path);
	return err;
}

struct error *
pool_release(const struct stage *stage, double ends)
{
	struct error *err = release_here(stage, ends);

	return error_first(err, pool_release_remote(stage, ends));
}
