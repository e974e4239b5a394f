/* SPDX-License-Identifier: MIT */
#include "pool.h"

#include <dirent.h>
#include <nettle/sha2.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "file.h"
#include "file_lock.h"
#include "json.h"
#include "memory.h"
#include "pool_internal.h"
#include "store.h"

enum { MAX_NAME_BYTES = 40, HASH_BYTES = 6, MAX_URL_BYTES = 16384 };

struct error *
pool_open(struct pool *pool, const struct config *config)
{
	const char *directory = config_string(config, "pool_dir");
	char *state = config_state_dir();

	*pool = (struct pool){
		.directory = directory != NULL ? xstrdup(directory)
					       : file_join(state, "pool"),
		.max_slots = config_is_set(config, "max_slots")
		    ? (size_t)config_number(config, "max_slots")
		    : POOL_DEFAULT_SLOTS,
		.max_bytes = config_number(config, "max_disk_mb") * 1024 * 1024,
	};
	free(state);
	return file_make_directories(pool->directory, 0700);
}

void
pool_close(struct pool *pool)
{
	free(pool->directory);
	pool->directory = NULL;
}

struct error *
pool_lock(int *fd, const char *directory, const char *name, double ends)
{
	char *path = file_join(directory, name);
	struct error *err = file_lock_open(fd, path, ends);

	free(path);
	return err;
}

/* --- Repositories --- */

/* "greeter-1f2e3d4c5b6a": for people, and for sure. */
static char *
name_of(const char *url)
{
	const char *end = url + strlen(url), *start;
	char hex[2 * HASH_BYTES + 1], *text, *word, *name;
	uint8_t hash[HASH_BYTES];
	struct sha256_ctx context;

	sha256_init(&context);
	sha256_update(&context, strlen(url), (const uint8_t *)url);
	sha256_digest(&context, sizeof hash, hash);
	for (size_t i = 0; i < sizeof hash; i++)
		snprintf(hex + 2 * i, 3, "%02x", hash[i]);
	while (end > url && end[-1] == '/')
		end--;
	if (end - url > 4 && strncmp(end - 4, ".git", 4) == 0)
		end -= 4;
	for (start = end; start > url && start[-1] != '/' && start[-1] != ':' &&
	     end - start < MAX_NAME_BYTES;
	     start--)
		;
	text = xstrndup(start, (size_t)(end - start));
	word = store_component(text);
	name = xasprintf("%s-%s", word, hex);
	free(word);
	free(text);
	return name;
}

struct error *
pool_repository_open(struct pool_repository *repository,
    const struct pool *pool, const char *url)
{
	struct error *err;
	char *path;

	*repository = (struct pool_repository){ .name = name_of(url),
		.url = xstrdup(url) };
	repository->directory = file_join(pool->directory, repository->name);
	err = file_make_directories(repository->directory, 0700);
	path = file_join(repository->directory, "url");
	if (err == NULL && access(path, F_OK) != 0)
		err = file_replace(path, url, strlen(url), 0600);
	free(path);
	return err;
}

void
pool_repository_close(struct pool_repository *repository)
{
	free(repository->directory);
	free(repository->name);
	free(repository->url);
	*repository = (struct pool_repository){ 0 };
}

/* --- What there is --- */

static bool
is_number(const char *name, size_t *number)
{
	char *end;

	if (*name < '1' || *name > '9')
		return false;
	*number = (size_t)strtoul(name, &end, 10);
	return *end == '\0';
}

static void
look_at_slot(struct pool_entry *entry, const char *directory)
{
	char *settings = xasprintf("%s/%zu.config", directory, entry->number);
	struct stat info;

	entry->path = xasprintf("%s/%zu", directory, entry->number);
	entry->git_directory = file_join(entry->path, ".git");
	entry->id = xasprintf("%s.%zu", entry->repository, entry->number);
	entry->broken =
	    lstat(entry->git_directory, &info) != 0 || !S_ISDIR(info.st_mode);
	entry->lock = jv_invalid();
	if (!entry->broken)
		entry->state =
		    slot_lock_look(&entry->lock, entry->git_directory);
	if (stat(settings, &info) == 0)
		entry->used_at = (double)info.st_mtim.tv_sec +
		    (double)info.st_mtim.tv_nsec / 1e9;
	free(settings);
}

static void
look_at_repository(
    struct pool_entries *entries, const struct pool *pool, const char *name)
{
	char *directory = file_join(pool->directory, name);
	char *url_path = file_join(directory, "url");
	struct buffer url = BUFFER_INIT(MAX_URL_BYTES);
	DIR *dir = opendir(directory);
	struct dirent *entry;
	size_t number;

	error_free(file_read(&url, url_path));
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		struct pool_entry *slot;

		if (!is_number(entry->d_name, &number))
			continue;
		entries->items = xreallocarray(
		    entries->items, entries->n + 1, sizeof *entries->items);
		slot = &entries->items[entries->n++];
		*slot = (struct pool_entry){ .repository = xstrdup(name),
			.number = number,
			.url = xstrdup(url.data != NULL ? url.data : "") };
		look_at_slot(slot, directory);
	}
	if (dir != NULL)
		closedir(dir);
	buffer_release(&url);
	free(url_path);
	free(directory);
}

static int
by_use(const void *a, const void *b)
{
	const struct pool_entry *one = a, *other = b;

	if (one->used_at < other->used_at)
		return -1;
	return one->used_at > other->used_at;
}

struct error *
pool_look(struct pool_entries *entries, const struct pool *pool)
{
	DIR *dir = opendir(pool->directory);
	struct dirent *entry;

	*entries = (struct pool_entries){ 0 };
	if (dir == NULL)
		return error_errno(
		    ERROR_IO, "cannot read '%s'", pool->directory);
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			look_at_repository(entries, pool, entry->d_name);
	closedir(dir);
	if (entries->n > 0)
		qsort(
		    entries->items, entries->n, sizeof *entries->items, by_use);
	return NULL;
}

void
pool_entries_release(struct pool_entries *entries)
{
	for (size_t i = 0; i < entries->n; i++) {
		struct pool_entry *entry = &entries->items[i];

		free(entry->repository);
		free(entry->id);
		free(entry->path);
		free(entry->git_directory);
		free(entry->url);
		jv_free(entry->lock);
	}
	free(entries->items);
	*entries = (struct pool_entries){ 0 };
}

/* --- The list --- */

static jv
copy_member(jv object, jv lock, const char *name)
{
	jv value = json_get(lock, name);

	if (jv_is_valid(value))
		return json_set(object, name, value);
	jv_free(value);
	return object;
}

static jv
describe(const struct pool_entry *entry)
{
	static const char *const states[] = { [SLOT_FREE] = "free",
		[SLOT_TAKEN] = "taken",
		[SLOT_DEAD] = "dead" };
	static const char *const names[] = { "runner_id", "task_id", "pid",
		"process_group", "hostname", "since" };
	jv slot = json_set_string(jv_object(), "slot_id", entry->id);
	char since[CLOCK_TEXT_SIZE];

	clock_format(since, entry->used_at);
	slot = json_set_string(slot, "slot_path", entry->path);
	slot = json_set_string(slot, "repo_url", entry->url);
	slot = json_set_string(
	    slot, "state", entry->broken ? "broken" : states[entry->state]);
	slot = json_set_string(slot, "since", since);
	for (size_t i = 0;
	     entry->state != SLOT_FREE && i < sizeof names / sizeof *names; i++)
		slot = copy_member(slot, entry->lock, names[i]);
	return slot;
}

struct error *
pool_list(jv *slots, const struct config *config)
{
	struct pool_entries entries = { 0 };
	struct pool pool;
	struct error *err = pool_open(&pool, config);

	*slots = jv_array();
	if (err == NULL)
		err = pool_look(&entries, &pool);
	for (size_t i = 0; i < entries.n; i++)
		*slots = jv_array_append(*slots, describe(&entries.items[i]));
	pool_entries_release(&entries);
	pool_close(&pool);
	return err;
}
