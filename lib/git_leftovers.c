/* SPDX-License-Identifier: MIT */
/*
 * What a run that was killed leaves in the git directory: locks that nobody
 * holds, and packs that were never finished.
 */
#include "git_internal.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "file.h"
#include "memory.h"
#include "text.h"

enum {
	MAX_DEPTH = 64,
	OLD_PACK_SECONDS = 24 * 60 * 60,
	OTHERS_SECONDS = 60, /* nobody holds a lock on a reference so long */
};

/* Some file systems do not tell when they list a directory. */
static bool
is_directory(const char *path)
{
	struct stat info;

	return lstat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* Removes a file that was written in this time. */
static int
remove_between(const char *path, double from, double to)
{
	struct stat info;

	return lstat(path, &info) == 0 && S_ISREG(info.st_mode) &&
		(double)info.st_mtim.tv_sec + 1 >= from &&
		(double)info.st_mtim.tv_sec <= to && unlink(path) == 0
	    ? 1
	    : 0;
}

static int
remove_locks_in(const char *path, int depth, double from, double to)
{
	DIR *dir = depth > 0 ? opendir(path) : NULL;
	struct dirent *entry;
	int n = 0;

	if (dir == NULL)
		return 0;
	while ((entry = readdir(dir)) != NULL) {
		char *full = file_join(path, entry->d_name);

		if (text_ends_with(entry->d_name, ".lock"))
			n += remove_between(full, from, to);
		else if (entry->d_name[0] != '.' && is_directory(full))
			n += remove_locks_in(full, depth - 1, from, to);
		free(full);
	}
	closedir(dir);
	return n;
}

int
git_remove_dead_locks(const struct git *git, double since)
{
	static const char *const names[] = { "packed-refs.lock",
		"config.lock" };
	char *refs = file_join(git->common, "refs");
	char *worktrees = file_join(git->common, "worktrees");
	/* Other runners may be at work in the same references. */
	double to = clock_now() +
	    (access(worktrees, F_OK) == 0 ? -(double)OTHERS_SECONDS : 1);
	int n = git_remove_locks(git, since);

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		char *path = file_join(git->common, names[i]);

		n += remove_between(path, since, to);
		free(path);
	}
	n += remove_locks_in(refs, MAX_DEPTH, since, to);
	free(worktrees);
	free(refs);
	return n;
}

void
git_remove_old_packs(const struct git *git)
{
	char *path = file_join(git->common, "objects/pack");
	double to = clock_now() - OLD_PACK_SECONDS;
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		char *full = file_join(path, entry->d_name);

		if (strncmp(entry->d_name, "pack_git2_", 10) == 0 ||
		    strncmp(entry->d_name, "tmp_pack_", 9) == 0 ||
		    strncmp(entry->d_name, "tmp_idx_", 8) == 0)
			remove_between(full, 0, to);
		free(full);
	}
	if (dir != NULL)
		closedir(dir);
	free(path);
}
