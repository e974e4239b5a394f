/* SPDX-License-Identifier: MIT */
#include "slot_guard.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buffer.h"
#include "file.h"
#include "git_layout.h"
#include "memory.h"
#include "slot_guard_internal.h"
#include "text.h"

enum { MAX_TEXT_BYTES = 4096 };

static const char saved_end[] = ".necrocode-saved";

static const char *const common_names[] = { "config", "info/attributes",
	"info/exclude", "info/grafts", "objects/info/alternates" };
static const char *const own_names[] = { "config.worktree",
	"info/sparse-checkout" };

static struct error *
read_now(struct noted *file)
{
	char target[PATH_MAX];
	struct stat info;
	ssize_t len;

	if (lstat(file->path, &info) != 0)
		return NULL;
	file->exists = true;
	file->mode = (unsigned)info.st_mode & 07777;
	file->text = BUFFER_INIT(SLOT_GUARD_MAX_FILE_BYTES + 1);
	/* A pipe would make us wait. */
	if (S_ISREG(info.st_mode) && info.st_size <= SLOT_GUARD_MAX_FILE_BYTES)
		return file_read(&file->text, file->path);
	len = readlink(file->path, target, sizeof target);
	if (len >= 0) {
		file->kind = NOTED_LINK;
		buffer_append(&file->text, target, (size_t)len);
	} else {
		file->kind = NOTED_OTHER;
		buffer_appendf(&file->text, "%ju %jd.%09ld",
		    (uintmax_t)info.st_ino, (intmax_t)info.st_ctim.tv_sec,
		    info.st_ctim.tv_nsec);
	}
	return NULL;
}

struct noted *
slot_guard_add(
    struct slot_guard *guard, const char *directory, const char *name)
{
	struct noted *file;

	guard->files = xreallocarray(
	    guard->files, guard->n_files + 1, sizeof *guard->files);
	file = &guard->files[guard->n_files++];
	*file = (struct noted){ .path = file_join(directory, name) };
	file->name = file->path + strlen(file->path) - strlen(name);
	return file;
}

struct error *
slot_guard_note_file(
    struct slot_guard *guard, const char *directory, const char *name)
{
	return read_now(slot_guard_add(guard, directory, name));
}

/* git's examples, which it does not run, and what was put aside. */
static bool
is_harmless(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
	    text_ends_with(name, ".sample") || text_ends_with(name, saved_end);
}

bool
slot_guard_is_own(const char *name)
{
	for (size_t i = 0; i < sizeof own_names / sizeof own_names[0]; i++)
		if (strcmp(own_names[i], name) == 0)
			return true;
	return slot_guard_is_of_submodule(name);
}

bool
slot_guard_is_common(const char *name)
{
	for (size_t i = 0; i < sizeof common_names / sizeof common_names[0];
	     i++)
		if (strcmp(common_names[i], name) == 0)
			return true;
	/* A hook. */
	return strncmp(name, "hooks/", 6) == 0 &&
	    strchr(name + 6, '/') == NULL && !is_harmless(name + 6);
}

/* "modules/x", "hooks"; the first may be "". */
static char *
name_in(const char *name, const char *inside)
{
	return *name == '\0' ? xstrdup(inside) : file_join(name, inside);
}

struct error *
slot_guard_note_hooks(
    struct slot_guard *guard, const char *directory, const char *name)
{
	char *hooks = name_in(name, "hooks");
	char *path = file_join(directory, hooks);
	DIR *dir = opendir(path);
	struct error *err = NULL;
	struct dirent *entry;

	free(path);
	while (dir != NULL && err == NULL && (entry = readdir(dir)) != NULL) {
		char *hook;

		if (is_harmless(entry->d_name))
			continue;
		hook = file_join(hooks, entry->d_name);
		err = slot_guard_note_file(guard, directory, hook);
		free(hook);
	}
	if (dir != NULL)
		closedir(dir);
	free(hooks);
	return err;
}

struct error *
slot_guard_note(struct slot_guard **result, const char *work_tree)
{
	struct slot_guard *guard = xcalloc(1, sizeof *guard);
	struct error *err = git_layout_find(&guard->layout, work_tree);

	*result = NULL;
	guard->work_tree = xstrdup(work_tree);
	if (err != NULL || guard->layout.directory == NULL) {
		slot_guard_free(guard);
		return err;
	}
	for (size_t i = 0;
	     err == NULL && i < sizeof common_names / sizeof common_names[0];
	     i++)
		err = slot_guard_note_file(
		    guard, guard->layout.common, common_names[i]);
	for (size_t i = 0;
	     err == NULL && i < sizeof own_names / sizeof own_names[0]; i++)
		err = slot_guard_note_file(
		    guard, guard->layout.directory, own_names[i]);
	if (err == NULL)
		err = slot_guard_note_hooks(guard, guard->layout.common, "");
	if (err == NULL)
		err = slot_guard_note_submodules(guard);
	if (err != NULL)
		slot_guard_free(guard);
	else
		*result = guard;
	return err;
}

static bool
same(const struct noted *a, const struct noted *b)
{
	return a->exists == b->exists && a->kind == b->kind &&
	    (a->mode == b->mode && a->text.len == b->text.len &&
		(a->text.len == 0 ||
		    memcmp(a->text.data, b->text.data, a->text.len) == 0));
}

struct error *
slot_guard_put_aside(const char *path, const char *name, struct buffer *changed)
{
	char *saved = xasprintf("%s%s", path, saved_end);
	struct error *err = file_remove_tree(saved);

	buffer_appendf(changed, "%s%s", changed->len > 0 ? ", " : "", name);
	if (err == NULL && rename(path, saved) != 0)
		err = error_errno(
		    ERROR_WORKSPACE, "cannot rename '%s' to '%s'", path, saved);
	free(saved);
	return err;
}

static struct error *
write_again(const struct noted *file)
{
	char *directory = xstrndup(
	    file->path, (size_t)(strrchr(file->path, '/') - file->path));
	struct error *err = file_make_directories(directory, 0777);

	if (err == NULL && file->kind == NOTED_FILE)
		err = file_replace(
		    file->path, file->text.data, file->text.len, file->mode);
	else if (err == NULL && file->kind == NOTED_LINK &&
	    symlink(file->text.data, file->path) != 0)
		err = error_errno(
		    ERROR_WORKSPACE, "cannot make the link '%s'", file->path);
	free(directory);
	return err;
}

static struct error *
restore_file(const struct noted *file, struct buffer *changed)
{
	struct noted now = { .path = file->path };
	struct error *err = read_now(&now);

	if (err != NULL || same(&now, file)) {
		buffer_release(&now.text);
		return err;
	}
	if (now.exists)
		err = slot_guard_put_aside(file->path, file->name, changed);
	else
		buffer_appendf(
		    changed, "%s%s", changed->len > 0 ? ", " : "", file->name);
	if (err == NULL && file->exists)
		err = write_again(file);
	buffer_release(&now.text);
	return err;
}

bool
slot_guard_has(const struct slot_guard *guard, const char *path)
{
	for (size_t i = 0; i < guard->n_files; i++)
		if (strcmp(guard->files[i].path, path) == 0)
			return true;
	return false;
}

/* Also in place of a link to somebody else's. */
static struct error *
restore_directory(const char *path, const char *name, struct buffer *changed)
{
	struct error *err;
	struct stat info;

	if (lstat(path, &info) != 0 || S_ISDIR(info.st_mode))
		return NULL;
	err = slot_guard_put_aside(path, name, changed);
	if (err == NULL)
		err = file_make_directories(path, 0777);
	return err;
}

static struct error *
put_new_aside(const struct slot_guard *guard, const char *path,
    const char *name, DIR *dir, struct buffer *changed)
{
	struct error *err = NULL;
	struct dirent *entry;

	while (err == NULL && (entry = readdir(dir)) != NULL) {
		char *full = file_join(path, entry->d_name);
		char *hook = file_join(name, entry->d_name);

		if (!is_harmless(entry->d_name) && !slot_guard_has(guard, full))
			err = slot_guard_put_aside(full, hook, changed);
		free(hook);
		free(full);
	}
	return err;
}

struct error *
slot_guard_put_new_hooks_aside(const struct slot_guard *guard,
    const char *directory, const char *name, struct buffer *changed)
{
	char *hooks = name_in(name, "hooks");
	char *path = file_join(directory, hooks);
	struct error *err = restore_directory(path, hooks, changed);
	DIR *dir = err == NULL ? opendir(path) : NULL;

	if (dir != NULL) {
		err = put_new_aside(guard, path, hooks, dir, changed);
		closedir(dir);
	}
	free(path);
	free(hooks);
	return err;
}

static struct error *
restore_all(const struct slot_guard *guard, struct buffer *changed)
{
	struct error *err = slot_guard_put_new_hooks_aside(
	    guard, guard->layout.common, "", changed);

	if (err == NULL)
		err = slot_guard_restore_submodules(guard, changed);
	for (size_t i = 0; err == NULL && i < guard->n_files; i++)
		if (!slot_guard_is_gone(guard, guard->files[i].name))
			err = restore_file(&guard->files[i], changed);
	return err;
}

struct error *
slot_guard_restore(const struct slot_guard *guard, char **result)
{
	struct buffer changed = BUFFER_INIT(MAX_TEXT_BYTES);
	struct git_layout now;
	struct error *err;

	*result = xstrdup("");
	if (guard == NULL)
		return NULL;
	err = git_layout_find(&now, guard->work_tree);
	if (err != NULL || now.directory == NULL)
		return err;
	if (strcmp(now.directory, guard->layout.directory) != 0 ||
	    strcmp(now.common, guard->layout.common) != 0)
		err = error_new(ERROR_WORKSPACE,
		    "cannot use '%s': its repository was '%s' and is '%s' now",
		    guard->work_tree, guard->layout.directory, now.directory);
	else
		err = restore_all(guard, &changed);
	git_layout_release(&now);
	if (changed.len > 0) {
		free(*result);
		*result = buffer_take(&changed);
	}
	buffer_release(&changed);
	return err;
}

void
slot_guard_free(struct slot_guard *guard)
{
	if (guard == NULL)
		return;
	for (size_t i = 0; i < guard->n_files; i++) {
		free(guard->files[i].path);
		buffer_release(&guard->files[i].text);
	}
	free(guard->files);
	free(guard->work_tree);
	git_layout_release(&guard->layout);
	free(guard);
}
