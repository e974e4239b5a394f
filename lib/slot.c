/* SPDX-License-Identifier: MIT */
#include "slot.h"

#include <math.h>
#include <sys/stat.h>

#include "file.h"
#include "git_layout.h"
#include "json.h"
#include "memory.h"
#include "pool.h"
#include "runner.h"
#include "slot_lock.h"
#include "slot_record.h"
#include "stage_git.h"

enum { MAX_NAMED_PATHS = 10, LEAST_SECONDS = 30 };

static bool
is_absent(const char *path)
{
	struct stat info;

	return lstat(path, &info) != 0;
}

static void
look_at_path(struct slot *slot, const char *url)
{
	slot->existed = !is_absent(slot->path);
	slot->is_new = url != NULL &&
	    (!slot->existed || file_is_empty_directory(slot->path));
}

struct error *
slot_choose(struct slot *slot, const struct stage *stage, const char *url)
{
	const char *path = document_workspace(stage->doc);

	if (path != NULL && *path == '\0')
		path = NULL;
	if (path == NULL && url == NULL)
		return error_new(ERROR_WORKSPACE,
		    "cannot choose a workspace: the task has neither slot_path "
		    "nor repo_url; set slot_path to a clone, or repo_url to "
		    "what is to be cloned");
	slot->path =
	    path != NULL ? xstrdup(path) : stage_path(stage, "workspace");
	slot->of_pool = path == NULL &&
	    (config_is_set(stage->config, "repo_pool_url") ||
		config_is_set(stage->config, "max_slots"));
	look_at_path(slot, url);
	return NULL;
}

struct error *
slot_allocate(struct slot *slot, const struct stage *stage, const char *url)
{
	struct pool_slot got;
	struct error *err = pool_allocate(&got, stage, url, 0);

	if (err == NULL) {
		document_set(stage->doc, "slot_id", jv_string(got.id));
		document_set(stage->doc, "slot_path", jv_string(got.path));
		free(slot->path);
		slot->path = xstrdup(got.path);
		slot->allocated = true;
		look_at_path(slot, url);
		log_info("slot_allocated", "the slot is '%s'", slot->path);
	}
	pool_slot_release(&got);
	return err;
}

static void
give_back(struct slot *slot, const struct stage *stage)
{
	struct error *err = pool_release(stage,
	    clock_monotonic() + fmax(stage_reserve_left(stage), LEAST_SECONDS));

	if (err != NULL)
		log_warn("slot_not_released", "%s", err->message);
	error_free(err);
	document_remove(stage->doc, "slot_id");
	document_remove(stage->doc, "slot_path");
	slot->allocated = false;
}

static void
tell_saved(const struct slot *slot, size_t n, const char *reference)
{
	log_info("slot_cleaned",
	    "saved %zu uncommitted changes of the slot to %s; get them back "
	    "with: git -C '%s' stash apply %s",
	    n, reference, slot->path, reference);
}

/*
 * A run that was killed left the slot in the middle of something: nobody
 * works in it by hand, and what is there is kept.
 */
static struct error *
clean_after_dead(struct slot *slot, const struct stage *stage)
{
	char **paths = NULL, *reference = NULL;
	struct error *err;
	size_t n = 0;

	err = git_changed_paths(slot->git, &paths, 0, &n);
	if (err == NULL)
		err = git_save_and_clean(
		    slot->git, runner_id(stage->doc), &reference);
	if (reference != NULL)
		tell_saved(slot, n, reference);
	json_strings_free(paths);
	free(reference);
	return err;
}

static struct error *
lock(struct slot *slot, struct slot_lock_dead *dead, const struct stage *stage,
    const char *directory)
{
	struct error *err = slot_lock_take(dead, directory,
	    runner_id(stage->doc), document_string(stage->doc, "task_id"));

	if (err == NULL)
		slot->locked_directory = xstrdup(directory);
	return err;
}

/* With a git that is opened as it is: what a run that died has left. */
static struct error *
put_right(struct slot *slot, const struct slot_lock_dead *dead,
    const struct stage *stage)
{
	struct error *err = NULL;

	if (dead->since > 0 &&
	    git_remove_dead_locks(slot->git, dead->since) > 0)
		log_info("lock_removed",
		    "removed a git lock that the runner before left behind");
	git_remove_old_packs(slot->git);
	if (dead->run)
		err = clean_after_dead(slot, stage);
	return err != NULL ? err : git_check_idle(slot->git);
}

/* A stage that was killed while somebody had the slot may have left what does
 * not even open. */
static struct error *
recover(
    struct slot *slot, struct slot_lock_dead *dead, const struct stage *stage)
{
	struct git_layout layout;
	char *path = file_resolve(slot->path);
	struct error *err = NULL;

	if (path != NULL && slot_record_exists(path)) {
		err = git_layout_find(&layout, path);
		if (err == NULL && layout.directory != NULL)
			err = lock(slot, dead, stage, layout.directory);
		if (err == NULL)
			err = slot_record_recover(path, stage->ends);
		git_layout_release(&layout);
	}
	free(path);
	return err;
}

struct error *
slot_open(struct slot *slot, const struct stage *stage, const char *url,
    const char *branch)
{
	struct slot_lock_dead dead = { 0 };
	struct error *err = NULL;

	if (slot->is_new) {
		log_info("clone", "cloning '%s' into '%s'", url, slot->path);
		err = git_create(&slot->git, slot->path, url, branch);
	} else {
		err = recover(slot, &dead, stage);
		if (err == NULL)
			err = git_open_used(&slot->git, slot->path);
	}
	if (err != NULL)
		return err;
	stage_git_begin(stage, slot->git);
	if (slot->locked_directory == NULL)
		err = lock(slot, &dead, stage, git_directory(slot->git));
	return err != NULL ? err : put_right(slot, &dead, stage);
}

static struct error *
refuse_dirty(const struct slot *slot, char *const *paths, size_t n)
{
	struct buffer names = BUFFER_INIT(8192);
	struct error *err;

	for (; *paths != NULL; paths++)
		buffer_appendf(
		    &names, "%s%s", names.len > 0 ? ", " : "", *paths);
	if (n > MAX_NAMED_PATHS)
		buffer_appendf(
		    &names, " and %zu more", n - (size_t)MAX_NAMED_PATHS);
	err = error_new(ERROR_WORKSPACE,
	    "cannot use slot '%s': it has changes that are not committed: "
	    "%s; commit or stash them, or let nr-prepare --clean save them "
	    "to a ref",
	    slot->path, names.data);
	buffer_release(&names);
	return err;
}

static void
tell_nested(const struct slot *slot)
{
	char *const *path = git_nested(slot->git);

	for (; path != NULL && *path != NULL; path++)
		log_warn("nested_repository",
		    "'%s' in the slot is a git repository of its own; it stays "
		    "there, and will not be committed",
		    *path);
}

struct error *
slot_see_clean(struct slot *slot, const struct stage *stage)
{
	char **paths = NULL, *reference = NULL;
	struct error *err;
	size_t n;

	err = git_changed_paths(slot->git, &paths, MAX_NAMED_PATHS, &n);
	if (err == NULL && n > 0 && !config_boolean(stage->config, "clean"))
		err = refuse_dirty(slot, paths, n);
	else if (err == NULL && (n > 0 || git_nested(slot->git) != NULL) &&
	    config_boolean(stage->config, "clean"))
		err = git_save_and_clean(
		    slot->git, runner_id(stage->doc), &reference);
	if (reference != NULL)
		tell_saved(slot, n, reference);
	if (err == NULL)
		tell_nested(slot);
	free(reference);
	json_strings_free(paths);
	return err;
}

void
slot_take_back(struct slot *slot, const struct stage *stage)
{
	if (slot->locked_directory != NULL)
		error_free(slot_lock_release(
		    slot->locked_directory, runner_id(stage->doc)));
	free(slot->locked_directory);
	slot->locked_directory = NULL;
	if (slot->allocated)
		give_back(slot, stage);
	if (!slot->is_new || slot->git == NULL)
		return;
	error_free(file_remove_tree(slot->path));
	if (slot->existed)
		error_free(file_make_directories(slot->path, 0777));
}

void
slot_release(struct slot *slot)
{
	git_close(slot->git);
	free(slot->locked_directory);
	free(slot->path);
	*slot = (struct slot){ 0 };
}
