/* SPDX-License-Identifier: MIT */
#include "git_attributes.h"

#include <stdlib.h>
#include <unistd.h>

#include "file.h"
#include "memory.h"

/* Of libgit2 itself; --wrap in the Makefile has its calls come here. With a
 * shared libgit2 there is neither the one nor the other. */
int __real_git_attr_get_many_with_session(const char **values,
    git_repository *repository, void *session, void *options, const char *path,
    size_t n, const char **names) __attribute__((weak));
int __wrap_git_attr_get_many_with_session(const char **values,
    git_repository *repository, void *session, void *options, const char *path,
    size_t n, const char **names);

static bool none;

int
__wrap_git_attr_get_many_with_session(const char **values,
    git_repository *repository, void *session, void *options, const char *path,
    size_t n, const char **names)
{
	if (!none)
		return __real_git_attr_get_many_with_session(
		    values, repository, session, options, path, n, names);
	for (size_t i = 0; i < n; i++)
		values[i] = NULL;
	return 0;
}

/* The user's, and whatever else the configuration names. */
static bool
are_configured(const struct git *git)
{
	git_config *config = NULL;
	git_config_entry *entry = NULL;
	const char *home = getenv("HOME"), *xdg = getenv("XDG_CONFIG_HOME");
	char *path = xdg != NULL && *xdg != '\0'
	    ? file_join(xdg, "git/attributes")
	    : file_join(home != NULL ? home : "/", ".config/git/attributes");
	bool yes =
	    access(path, F_OK) == 0 || access("/etc/gitattributes", F_OK) == 0;

	free(path);
	path = file_join(git->common, "info/attributes");
	yes = yes || access(path, F_OK) == 0;
	free(path);
	if (!yes && git_repository_config(&config, git->repository) == 0)
		yes = git_config_get_entry(
			  &entry, config, "core.attributesfile") == 0;
	git_config_entry_free(entry);
	git_config_free(config);
	return yes;
}

/* In the directory of the path's first `len` bytes. */
static bool
is_in(const struct git *git, const char *path, size_t len)
{
	char *name =
	    xasprintf("%s/%.*s.gitattributes", git->path, (int)len, path);
	bool yes = access(name, F_OK) == 0;

	free(name);
	return yes;
}

/* In a directory above the path that is not above the one before. */
static bool
are_near(const struct git *git, const char *path, const char *before)
{
	for (size_t i = 0; path[i] != '\0'; i++)
		if (path[i] == '/' && strncmp(path, before, i + 1) != 0 &&
		    is_in(git, path, i + 1))
			return true;
	return false;
}

static bool
are_tracked(const struct git *git)
{
	git_index *index = NULL;
	bool yes = true;

	if (git_repository_index(&index, git->repository) == 0)
		yes = git_index_has_attributes(index);
	git_index_free(index);
	return yes;
}

void
git_attributes_begin(const struct git *git, const git_diff *diff)
{
	const char *before = "";
	bool found =
	    is_in(git, "", 0) || are_configured(git) || are_tracked(git);

	for (size_t i = 0; !found && i < git_diff_num_deltas(diff); i++) {
		const git_diff_delta *delta = git_diff_get_delta(diff, i);

		found = are_near(git, delta->old_file.path, before) ||
		    are_near(git, delta->new_file.path, before);
		before = delta->new_file.path;
	}
	none = !found;
}

void
git_attributes_end(void)
{
	none = false;
}
