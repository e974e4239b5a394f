/* SPDX-License-Identifier: MIT */
#include "slot_guard.h"

#include <sys/stat.h>

#include "file.h"
#include "git_submodules.h"
#include "memory.h"
#include "slot_guard_internal.h"
#include "text.h"

static const char *const names[] = { "config", "config.worktree",
	"info/attributes", "info/exclude", "info/grafts",
	"info/sparse-checkout", "objects/info/alternates" };

enum { N_NAMES = sizeof names / sizeof names[0] };

/* How long the submodule's part of a name is: "modules/a/b" of
 * "modules/a/b/config". 0: it is the name of no such file. */
static size_t
submodule_len(const char *name)
{
	size_t len = strlen(name);
	const char *hook = strrchr(name, '/');

	if (strncmp(name, "modules/", 8) != 0)
		return 0;
	for (size_t i = 0; i < N_NAMES; i++) {
		size_t n = strlen(names[i]);

		if (text_ends_with(name, names[i]) && name[len - n - 1] == '/')
			return len - n - 1;
	}
	len = (size_t)(hook - name);
	if (len > 14 && strncmp(hook - 6, "/hooks", 6) == 0)
		return len - 6;
	return 0;
}

bool
slot_guard_is_of_submodule(const char *name)
{
	size_t len = submodule_len(name);

	for (size_t i = 0; i < len; i++)
		if (name[i] == '/' &&
		    (name[i + 1] == '/' ||
			strncmp(name + i + 1, "./", 2) == 0 ||
			strncmp(name + i + 1, "../", 3) == 0))
			return false;
	return len > 8;
}

bool
slot_guard_is_gone(const struct slot_guard *guard, const char *name)
{
	size_t len = submodule_len(name);
	char *submodule, *path, *head;
	struct stat info;
	bool gone;

	if (len == 0)
		return false;
	submodule = xstrndup(name, len);
	path = file_join(guard->layout.directory, submodule);
	head = file_join(path, "HEAD");
	gone = lstat(head, &info) != 0;
	free(head);
	free(path);
	free(submodule);
	return gone;
}

static struct error *
note_submodule(struct slot_guard *guard, const char *name)
{
	const char *directory = guard->layout.directory;
	struct error *err = NULL;

	for (size_t i = 0; err == NULL && i < N_NAMES; i++) {
		char *file = file_join(name, names[i]);

		err = slot_guard_note_file(guard, directory, file);
		free(file);
	}
	return err != NULL ? err
			   : slot_guard_note_hooks(guard, directory, name);
}

struct error *
slot_guard_note_submodules(struct slot_guard *guard)
{
	size_t len = strlen(guard->layout.directory) + 1;
	struct path_list submodules = { NULL }, links = { NULL };
	struct error *err = NULL;

	git_submodules(&submodules, &links, guard->layout.directory);
	for (size_t i = 0; err == NULL && i < submodules.n; i++)
		err = note_submodule(guard, submodules.items[i] + len);
	for (size_t i = 0; err == NULL && i < links.n; i++)
		err = slot_guard_note_file(
		    guard, guard->layout.directory, links.items[i] + len);
	path_list_release(&submodules);
	path_list_release(&links);
	return err;
}

/* On the way to the file, whose name this is, there are directories alone. */
static struct error *
put_links_aside(
    const struct slot_guard *guard, const char *name, struct buffer *changed)
{
	struct error *err = NULL;

	for (const char *slash = strchr(name, '/');
	     err == NULL && slash != NULL; slash = strchr(slash + 1, '/')) {
		char *part = xstrndup(name, (size_t)(slash - name));
		char *path = file_join(guard->layout.directory, part);
		struct stat info;

		if (lstat(path, &info) == 0 && !S_ISDIR(info.st_mode))
			err = slot_guard_put_aside(path, part, changed);
		free(path);
		free(part);
	}
	return err;
}

/* What a submodule that is new, or was put in the place of another, has. */
static struct error *
put_new_files_aside(
    const struct slot_guard *guard, const char *name, struct buffer *changed)
{
	struct error *err = NULL;

	for (size_t i = 0; err == NULL && i < N_NAMES; i++) {
		char *file = file_join(name, names[i]);
		char *path = file_join(guard->layout.directory, file);
		struct stat info;

		err = put_links_aside(guard, file, changed);
		if (err == NULL && !slot_guard_has(guard, path) &&
		    lstat(path, &info) == 0)
			err = slot_guard_put_aside(path, file, changed);
		free(path);
		free(file);
	}
	if (err == NULL)
		err = slot_guard_put_new_hooks_aside(
		    guard, guard->layout.directory, name, changed);
	return err;
}

struct error *
slot_guard_restore_submodules(
    const struct slot_guard *guard, struct buffer *changed)
{
	size_t len = strlen(guard->layout.directory) + 1;
	struct path_list submodules = { NULL }, links = { NULL };
	struct error *err = NULL;

	for (size_t i = 0; err == NULL && i < guard->n_files; i++)
		if (submodule_len(guard->files[i].name) > 0)
			err = put_links_aside(
			    guard, guard->files[i].name, changed);
	git_submodules(&submodules, &links, guard->layout.directory);
	for (size_t i = 0; err == NULL && i < links.n; i++)
		if (!slot_guard_has(guard, links.items[i]))
			err = slot_guard_put_aside(
			    links.items[i], links.items[i] + len, changed);
	for (size_t i = 0; err == NULL && i < submodules.n; i++)
		err = put_new_files_aside(
		    guard, submodules.items[i] + len, changed);
	path_list_release(&submodules);
	path_list_release(&links);
	return err;
}
