/* SPDX-License-Identifier: MIT */
#include "git_submodules.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "file.h"
#include "memory.h"

enum { MAX_DEPTH = 16, MAX_DIRECTORIES = 10000 };

/* What is left to be looked at. */
struct search {
	struct path_list *found, *links;
	int n_left;
};

/* Is it a directory? A link is remembered. */
static bool
is_directory(struct search *search, const char *path)
{
	struct stat info;

	if (lstat(path, &info) != 0)
		return false;
	if (S_ISLNK(info.st_mode) && search->links != NULL)
		path_list_add(search->links, xstrdup(path));
	return S_ISDIR(info.st_mode);
}

static bool
has_head(const char *path)
{
	char *head = file_join(path, "HEAD");
	struct stat info;
	bool yes = lstat(head, &info) == 0;

	free(head);
	return yes;
}

/* What is in a git directory, and has no submodules in it. Others may: a
 * HEAD that somebody puts into modules/a must not hide modules/a/b. */
static bool
is_part(const char *name)
{
	static const char *const names[] = { ".", "..", "objects", "refs",
		"logs", "hooks", "info", "lfs", "worktrees", "HEAD" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static void
look_into(struct search *search, const char *directory, bool is_git, int depth)
{
	DIR *dir = depth < MAX_DEPTH ? opendir(directory) : NULL;
	const struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		char *path;
		bool found;

		if (is_part(entry->d_name) &&
		    (is_git || entry->d_name[0] == '.'))
			continue;
		path = file_join(directory, entry->d_name);
		if (is_directory(search, path) && search->n_left-- > 0) {
			found = has_head(path);
			look_into(search, path, found, depth + 1);
			if (found) {
				path_list_add(search->found, path);
				continue;
			}
		}
		free(path);
	}
	if (dir != NULL)
		closedir(dir);
}

void
git_submodules(
    struct path_list *list, struct path_list *links, const char *directory)
{
	struct search search = { list, links, MAX_DIRECTORIES };
	char *path = file_join(directory, "modules");

	if (is_directory(&search, path))
		look_into(&search, path, false, 0);
	free(path);
}
