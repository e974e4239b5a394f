/* SPDX-License-Identifier: MIT */
/* One slot of the pool: made, made anew, thrown away. */
#define _GNU_SOURCE /* utimensat */
#include <dirent.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "log.h"
#include "memory.h"
#include "pool_internal.h"
#include "runner.h"
#include "slot_record.h"
#include "stage_git.h"

enum { MAX_SAVED = 20, MAX_CONFIG_BYTES = 64 * 1024 };

static const char removed_prefix[] = "removed-";

static struct error *
write_alternates(const char *directory, const char *git_directory)
{
	char *info = file_join(git_directory, "objects/info");
	char *path = file_join(info, "alternates");
	char *text = xasprintf("%s/mirror/.git/objects\n", directory);
	struct error *err = file_make_directories(info, 0777);

	if (err == NULL)
		err = file_replace(path, text, strlen(text), 0644);
	free(text);
	free(path);
	free(info);
	return err;
}

/* The configuration as it was made, where no agent in a sandbox can write. */
static char *
settings_path(const char *directory, size_t number)
{
	return xasprintf("%s/%zu.config", directory, number);
}

static struct error *
copy_file(const char *to, const char *from)
{
	struct buffer text = BUFFER_INIT(MAX_CONFIG_BYTES);
	struct error *err = file_read(&text, from);

	if (err == NULL)
		err = file_replace(to, text.data, text.len, 0644);
	buffer_release(&text);
	return err;
}

struct error *
pool_slot_make(
    const char *directory, size_t number, const char *url, const char *branch)
{
	char *path = xasprintf("%s/%zu", directory, number);
	char *git_directory = file_join(path, ".git");
	char *config = file_join(git_directory, "config");
	char *settings = settings_path(directory, number);
	struct git *git = NULL;
	struct error *err = git_create(&git, path, url, branch);

	git_close(git);
	if (err == NULL)
		err = write_alternates(directory, git_directory);
	if (err == NULL)
		err = copy_file(settings, config);
	free(settings);
	free(config);
	free(git_directory);
	free(path);
	return err;
}

static bool
is_kept(const char *name)
{
	static const char *const kept[] = { ".", "..", "HEAD", "index",
		"necrocode.lock", "objects", "packed-refs", "refs" };

	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
		if (strcmp(name, kept[i]) == 0)
			return true;
	return false;
}

/* All but the objects and where they lead: what git would believe, or run,
 * what grows, and notes of an agent for the next. */
static struct error *
remove_settings(const char *git_directory)
{
	char *info = file_join(git_directory, "objects/info");
	struct error *err = file_remove_tree(info);
	DIR *dir = opendir(git_directory);
	struct dirent *entry;

	free(info);
	if (dir == NULL)
		return error_first(err,
		    error_errno(
			ERROR_WORKSPACE, "cannot open '%s'", git_directory));
	while (err == NULL && (entry = readdir(dir)) != NULL) {
		char *path = file_join(git_directory, entry->d_name);

		if (!is_kept(entry->d_name))
			err = file_remove_tree(path);
		free(path);
	}
	closedir(dir);
	return err;
}

/* A link would lead what is removed and written here to somewhere else. */
static struct error *
check_directories(const char *git_directory)
{
	static const char *const names[] = { "", "/objects", "/refs" };
	struct error *err = NULL;

	for (size_t i = 0; err == NULL && i < sizeof names / sizeof *names;
	     i++) {
		char *path = xasprintf("%s%s", git_directory, names[i]);
		struct stat info;

		if (lstat(path, &info) != 0 || !S_ISDIR(info.st_mode))
			err = error_new(ERROR_WORKSPACE,
			    "cannot use the slot: '%s' is no directory", path);
		free(path);
	}
	return err;
}

static struct error *
renew_settings(const char *directory, size_t number, const char *git_directory)
{
	char *settings = settings_path(directory, number);
	char *config = file_join(git_directory, "config");
	struct error *err = check_directories(git_directory);

	if (err == NULL)
		err = remove_settings(git_directory);
	if (err == NULL)
		err = write_alternates(directory, git_directory);
	if (err == NULL)
		err = copy_file(config, settings);
	/* When the slot was allocated last. */
	if (err == NULL)
		utimensat(AT_FDCWD, settings, NULL, 0);
	free(config);
	free(settings);
	return err;
}

/* Without anything saved the slot needs no objects but the mirror's. */
static struct error *
drop_objects(const char *directory, const char *git_directory)
{
	char *objects = file_join(git_directory, "objects");
	struct error *err = file_remove_tree(objects);

	if (err == NULL)
		err = write_alternates(directory, git_directory);
	free(objects);
	return err;
}

/* Repositories inside the work tree, which git leaves alone, become files
 * like others. */
static struct error *
dissolve_nested(const char *path)
{
	char *name = xstrdup(path);
	char *const paths[] = { name, NULL };
	FTS *fts =
	    fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR | FTS_NOSTAT, NULL);
	struct error *err = NULL;
	FTSENT *entry;

	while (err == NULL && fts != NULL && (entry = fts_read(fts)) != NULL) {
		if (strcmp(entry->fts_name, ".git") != 0 ||
		    entry->fts_info == FTS_DP)
			continue;
		fts_set(fts, entry, FTS_SKIP);
		if (entry->fts_level > 1)
			err = file_remove_tree(entry->fts_path);
	}
	if (fts != NULL)
		fts_close(fts);
	free(name);
	return err;
}

static struct error *
tidy_repository(const char *path, const struct pool_state *state,
    const struct stage *stage, bool *saved)
{
	struct git *git = NULL;
	struct error *err = slot_record_recover(path, stage->ends);

	*saved = true;
	if (err == NULL)
		err = dissolve_nested(path);
	if (err == NULL)
		err = git_open_used(&git, path);
	if (err == NULL) {
		stage_git_begin(stage, git);
		if (state->dead.since > 0)
			git_remove_dead_locks(git, state->dead.since);
		git_remove_old_packs(git);
		git_end_operation(git);
		err = git_make_pristine(
		    git, runner_id(stage->doc), state->commit, MAX_SAVED);
	}
	if (err == NULL)
		err = git_track_commit(git, state->branch, state->commit);
	if (err == NULL)
		*saved = git_has_saved(git);
	git_close(git);
	return err;
}

struct error *
pool_slot_tidy(const char *directory, size_t number,
    const struct pool_state *state, const struct stage *stage)
{
	char *path = xasprintf("%s/%zu", directory, number);
	char *git_directory = file_join(path, ".git");
	struct error *err = renew_settings(directory, number, git_directory);
	bool saved = true;

	if (err == NULL)
		err = tidy_repository(path, state, stage, &saved);
	if (err == NULL && !saved)
		err = drop_objects(directory, git_directory);
	free(git_directory);
	free(path);
	return err;
}

struct error *
pool_slot_drop(const char *directory, const char *path)
{
	char *away = xasprintf("%s/%sXXXXXX", directory, removed_prefix);
	char *work_tree = file_resolve(path);
	struct error *err = NULL;

	/* It is not of what will be there next. */
	if (work_tree != NULL)
		slot_record_remove(work_tree);
	free(work_tree);

	/* Over an empty directory a directory can be renamed. */
	if (mkdtemp(away) == NULL)
		err = error_errno(ERROR_IO, "cannot create '%s'", away);
	else if (rename(path, away) != 0)
		err = error_errno(
		    ERROR_IO, "cannot rename '%s' to '%s'", path, away);
	free(away);
	return err;
}

void
pool_sweep(const char *directory)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		char *path;
		struct error *err;

		if (strncmp(entry->d_name, removed_prefix,
			strlen(removed_prefix)) != 0)
			continue;
		path = file_join(directory, entry->d_name);
		err = file_remove_tree(path);
		/* Somebody else may be at it, too. */
		if (err != NULL && access(path, F_OK) == 0)
			log_warn("not_removed", "%s", err->message);
		error_free(err);
		free(path);
	}
	if (dir != NULL)
		closedir(dir);
}
