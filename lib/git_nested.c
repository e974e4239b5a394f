/* SPDX-License-Identifier: MIT */
/*
 * Repositories inside the work tree that are no submodules. git would commit
 * a link to a commit that nobody else has; libgit2 stops at them.
 */
#include "git_internal.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "json.h"
#include "log.h"
#include "memory.h"
#include "ref_name.h"
#include "string_list.h"

void
git_know_nested(struct git *git, char **paths)
{
	json_strings_free(git->known);
	git->known = paths;
}

char *const *
git_nested(const struct git *git)
{
	return git->nested;
}

bool
git_is_nested(const char *path)
{
	size_t len = strlen(path);

	/* libgit2 lists no other directory by itself. */
	return len > 0 && path[len - 1] == '/';
}

bool
git_knows_nested(const struct git *git, const char *path)
{
	return string_list_has(git->known, path);
}

void
git_add_nested(struct git *git, const char *path)
{
	if (!string_list_has(git->nested, path))
		string_list_add(&git->nested, xstrdup(path));
}

/* In the slot and out of it, without the slash at its end. */
static char *
plain_path(const char *directory, const char *path)
{
	char *plain = file_join(directory, path);

	plain[strlen(plain) - 1] = '\0';
	return plain;
}

static bool
move(const struct git *git, const char *path, const char *directory)
{
	char *from = plain_path(git->path, path);
	char *to = plain_path(directory, path), *slash = strrchr(to, '/');
	struct error *err;

	*slash = '\0';
	err = file_make_directories(to, 0700);
	*slash = '/';
	if (err == NULL && rename(from, to) != 0)
		err =
		    error_errno(ERROR_IO, "cannot move '%s' to '%s'", from, to);
	log_warn("nested_repository",
	    "'%s' is a git repository of its own: %s%s", path,
	    err != NULL ? "it stays there, as one " : "moved to ",
	    err != NULL ? err->message : to);
	free(from);
	free(to);
	if (err == NULL)
		return true;
	error_free(err);
	return false;
}

/* A link that somebody left in the place of the directory leads out. */
static void
remove_link(const char *path)
{
	struct stat info;

	if (lstat(path, &info) == 0 && !S_ISDIR(info.st_mode))
		unlink(path);
}

/* A directory that is not there yet. */
static char *
new_directory(const struct git *git, const char *name)
{
	char *word = ref_name_make(name);
	char *saved = file_join(git->directory, "necrocode-saved");
	char *base = file_join(saved, word), *directory = xstrdup(base);
	struct stat info;

	remove_link(saved);
	free(saved);
	for (int n = 2; lstat(directory, &info) == 0; n++) {
		free(directory);
		directory = xasprintf("%s-%d", base, n);
	}
	free(base);
	free(word);
	return directory;
}

void
git_move_nested(struct git *git, const char *name)
{
	char **nested = git->nested, *directory;

	if (nested == NULL)
		return;
	directory = new_directory(git, name);
	git->nested = NULL;
	for (char **path = nested; *path != NULL; path++)
		if (string_list_has(git->known, *path) ||
		    !move(git, *path, directory))
			git_add_nested(git, *path);
	json_strings_free(nested);
	free(directory);
}
