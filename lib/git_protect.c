/* SPDX-License-Identifier: MIT */
#include "git_protect.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "git_layout.h"
#include "memory.h"
#include "string_list.h"

enum { MAX_DEPTH = 8 /* of submodules in submodules */ };

static void
add_if_there(char ***list, const char *directory, const char *name)
{
	char *path = file_join(directory, name);
	struct stat info;

	/* A link would have something else protected. */
	if (lstat(path, &info) == 0 &&
	    (S_ISREG(info.st_mode) || S_ISDIR(info.st_mode)))
		string_list_add(list, path);
	else
		free(path);
}

static void
protect_directory(struct git_protection *protection, const char *directory)
{
	static const char *const names[] = { "config", "config.worktree",
		"commondir", "gitdir", "hooks", "info",
		"objects/info/alternates", "necrocode.lock" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		add_if_there(&protection->read_only, directory, names[i]);
}

static void
protect_modules(
    struct git_protection *protection, const char *directory, int depth)
{
	char *modules = file_join(directory, "modules");
	DIR *dir = depth < MAX_DEPTH ? opendir(modules) : NULL;
	const struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		char *module;

		if (entry->d_name[0] == '.')
			continue;
		module = file_join(modules, entry->d_name);
		protect_directory(protection, module);
		protect_modules(protection, module, depth + 1);
		free(module);
	}
	if (dir != NULL)
		closedir(dir);
	free(modules);
}

static void
protect_linked(struct git_protection *protection, const char *work_tree,
    const struct git_layout *layout)
{
	static const char *const names[] = { "objects", "refs", "logs" };

	add_if_there(&protection->read_only, work_tree, ".git");
	string_list_add(&protection->writable, xstrdup(layout->directory));
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		add_if_there(&protection->writable, layout->common, names[i]);
}

void
git_protect(struct git_protection *protection, const char *work_tree)
{
	struct git_layout layout;
	struct error *error = git_layout_find(&layout, work_tree);
	char *dot_git = file_join(work_tree, ".git");

	*protection = (struct git_protection){ NULL };
	error_free(error);
	if (error == NULL && layout.directory != NULL) {
		protect_directory(protection, layout.directory);
		protect_modules(protection, layout.directory, 0);
		if (strcmp(layout.directory, dot_git) == 0)
			string_list_add(
			    &protection->anchored, xstrdup(dot_git));
		else
			protect_linked(protection, work_tree, &layout);
	}
	if (error == NULL)
		git_layout_release(&layout);
	free(dot_git);
}

static void
free_list(char **list)
{
	for (size_t i = 0; list != NULL && list[i] != NULL; i++)
		free(list[i]);
	free(list);
}

void
git_protection_release(struct git_protection *protection)
{
	free_list(protection->anchored);
	free_list(protection->read_only);
	free_list(protection->writable);
	*protection = (struct git_protection){ NULL };
}
