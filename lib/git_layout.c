/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* DT_REG */
#include "git_layout.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buffer.h"
#include "file.h"
#include "memory.h"

enum {
	MAX_DEPTH = 64,
	MAX_LINE_BYTES = 8192,
	MAX_CONFIG_BYTES = 1024 * 1024,
	MAX_TABLE_BYTES = 512 * 1024 * 1024,
};

/* What is to be a file if it is there at all, and how large it may be. */
struct known_file {
	const char *name;
	off_t max_bytes;
};

static const struct known_file own_files[] = {
	{ "HEAD", MAX_LINE_BYTES },
	{ "ORIG_HEAD", MAX_LINE_BYTES },
	{ "MERGE_HEAD", MAX_CONFIG_BYTES },
	{ "FETCH_HEAD", MAX_TABLE_BYTES },
	{ "commondir", MAX_LINE_BYTES },
	{ "gitdir", MAX_LINE_BYTES },
	{ "index", MAX_TABLE_BYTES },
	{ "config.worktree", MAX_CONFIG_BYTES },
	{ "necrocode.lock", MAX_CONFIG_BYTES },
	{ NULL, 0 },
};

static const struct known_file common_files[] = {
	{ "config", MAX_CONFIG_BYTES },
	{ "packed-refs", MAX_TABLE_BYTES },
	{ "shallow", MAX_TABLE_BYTES },
	{ "info/attributes", MAX_CONFIG_BYTES },
	{ "info/exclude", MAX_CONFIG_BYTES },
	{ "info/grafts", MAX_CONFIG_BYTES },
	{ "objects/info/alternates", MAX_CONFIG_BYTES },
	{ "necrocode-fetch.lock", MAX_CONFIG_BYTES },
	{ NULL, 0 },
};

/* Where libgit2 writes, and how deep to look for links in it. */
static const struct {
	const char *name;
	int depth;
	off_t max_bytes; /* of a file in it */
} directories[] = {
	{ "refs", MAX_DEPTH, MAX_LINE_BYTES },
	{ "logs", MAX_DEPTH, 0 }, /* never read */
	{ "info", 1, MAX_TABLE_BYTES },
	{ "objects", 1, MAX_TABLE_BYTES },
	{ "objects/info", 1, MAX_TABLE_BYTES },
	{ "objects/pack", 1, 0 },
};

static struct error *
refuse(const char *path, const char *what)
{
	return error_new(ERROR_WORKSPACE,
	    "cannot use the repository: '%s' is %s; make the slot anew, with "
	    "git clone or git worktree add",
	    path, what);
}

static const char *
kind_of(mode_t mode)
{
	if (S_ISLNK(mode))
		return "a symbolic link, which is not followed";
	if (S_ISDIR(mode))
		return "a directory";
	return "neither a file nor a directory";
}

static struct error *
check_file(const char *directory, const struct known_file *file)
{
	char *path = file_join(directory, file->name);
	struct error *err = NULL;
	struct stat info;

	if (lstat(path, &info) == 0) {
		if (!S_ISREG(info.st_mode))
			err = refuse(path, kind_of(info.st_mode));
		else if (info.st_size > file->max_bytes)
			err = refuse(path, "larger than any such file");
	}
	free(path);
	return err;
}

static struct error *
check_files(const char *directory, const struct known_file *files)
{
	struct error *err = NULL;

	for (; err == NULL && files->name != NULL; files++)
		err = check_file(directory, files);
	return err;
}

static struct error *check_tree(
    int parent, const char *path, const char *name, int depth, off_t max);

/* As far as reading the directory told it: a repository may have thousands
 * of references. */
static bool
is_plain(const struct dirent *entry, int depth, off_t max)
{
	return (entry->d_type == DT_DIR && depth == 0) ||
	    (entry->d_type == DT_REG && max == 0);
}

static struct error *
check_entry(
    int parent, const char *path, const char *name, int depth, off_t max)
{
	struct error *err = NULL;
	const char *what = NULL;
	struct stat info;
	char *full;

	if (fstatat(parent, name, &info, AT_SYMLINK_NOFOLLOW) != 0)
		return NULL;
	if (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode))
		what = kind_of(info.st_mode);
	else if (S_ISREG(info.st_mode) && max > 0 && info.st_size > max)
		what = "larger than any such file";
	else if (!S_ISDIR(info.st_mode) || depth == 0)
		return NULL;
	full = xasprintf("%s/%s", path, name);
	if (what != NULL)
		err = refuse(full, what);
	else
		err = check_tree(parent, full, name, depth, max);
	free(full);
	return err;
}

/* A directory, `depth` levels of it, holds files and directories alone. What
 * cannot be read is left to libgit2 to complain about. */
static struct error *
check_tree(int parent, const char *path, const char *name, int depth, off_t max)
{
	int fd = openat(
	    parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct error *err = NULL;
	struct dirent *entry;
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

	if (dir == NULL) {
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	while (err == NULL && (entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0 &&
		    !is_plain(entry, depth - 1, max))
			err = check_entry(
			    dirfd(dir), path, entry->d_name, depth - 1, max);
	closedir(dir);
	return err;
}

/* The directories themselves, or what is in them. */
static struct error *
check_directories(const char *directory, bool inside)
{
	struct error *err = NULL;

	for (size_t i = 0;
	     err == NULL && i < sizeof directories / sizeof directories[0];
	     i++) {
		char *path = file_join(directory, directories[i].name);
		struct stat info;

		if (inside)
			err = check_tree(AT_FDCWD, path, path,
			    directories[i].depth, directories[i].max_bytes);
		else if (lstat(path, &info) == 0 && !S_ISDIR(info.st_mode))
			err = refuse(path,
			    S_ISREG(info.st_mode) ? "a file"
						  : kind_of(info.st_mode));
		free(path);
	}
	return err;
}

static struct error *
check_all_directories(const struct git_layout *layout, bool inside)
{
	struct error *err = check_directories(layout->common, inside);

	if (err == NULL && strcmp(layout->common, layout->directory) != 0)
		err = check_directories(layout->directory, inside);
	return err;
}

/* The first line of a small file, without what precedes it; NULL: none. */
static char *
read_line(const char *directory, const char *name, const char *prefix)
{
	struct buffer text = BUFFER_INIT(MAX_LINE_BYTES);
	char *path = file_join(directory, name), *line = NULL;
	size_t len = strlen(prefix);

	error_free(file_read(&text, path));
	if (text.data != NULL && strncmp(text.data, prefix, len) == 0) {
		text.data[strcspn(text.data, "\n")] = '\0';
		line = xstrdup(text.data + len);
	}
	buffer_release(&text);
	free(path);
	return line;
}

/* A path that a file in `directory` holds, resolved; NULL: none such. */
static char *
follow(const char *directory, const char *name, const char *prefix)
{
	char *target = read_line(directory, name, prefix), *path, *real;

	if (target == NULL)
		return NULL;
	path = *target == '/' ? xstrdup(target) : file_join(directory, target);
	real = file_resolve(path);
	free(path);
	free(target);
	return real;
}

static struct error *
leads_astray(const char *from, const char *to)
{
	return error_new(ERROR_WORKSPACE,
	    "cannot use the repository: '%s' leads to '%s', which does not "
	    "belong to this work tree; make the slot anew, with git clone or "
	    "git worktree add",
	    from, to);
}

/* Does the configuration there name the work tree, as a submodule's does? */
static bool
names_work_tree(const char *directory, const char *work_tree)
{
	struct buffer text = BUFFER_INIT(MAX_CONFIG_BYTES);
	char *path = file_join(directory, "config");
	bool yes = false;

	error_free(file_read(&text, path));
	free(path);
	for (char *at = text.data; at != NULL && !yes;) {
		at = strstr(at, "worktree = ");
		if (at != NULL) {
			char *target, *real;

			at += strlen("worktree = ");
			target = xstrndup(at, strcspn(at, "\n"));
			path = *target == '/' ? xstrdup(target)
					      : file_join(directory, target);
			real = file_resolve(path);
			yes = real != NULL && strcmp(real, work_tree) == 0;
			free(real);
			free(path);
			free(target);
		}
	}
	buffer_release(&text);
	return yes;
}

/* `directory` is what a .git file leads to. */
static struct error *
check_way_back(
    const char *dot_git, const char *directory, const char *work_tree)
{
	char *back = follow(directory, "gitdir", "");
	bool ok = back != NULL ? strcmp(back, dot_git) == 0
			       : names_work_tree(directory, work_tree);

	free(back);
	return ok ? NULL : leads_astray(dot_git, directory);
}

/* Is it COMMON/worktrees/NAME? */
static bool
is_work_tree_of(const char *directory, const char *common)
{
	size_t len = strlen(common);

	return strncmp(directory, common, len) == 0 &&
	    strncmp(directory + len, "/worktrees/", 11) == 0 &&
	    strchr(directory + len + 11, '/') == NULL;
}

static struct error *
find_linked(struct git_layout *layout, const char *dot_git, const char *tree)
{
	struct error *err;

	layout->directory = follow(tree, ".git", "gitdir: ");
	if (layout->directory == NULL)
		return error_new(ERROR_WORKSPACE,
		    "cannot use slot '%s': not the top of a git work tree "
		    "('%s' leads nowhere); give the path of a clone",
		    tree, dot_git);
	err = check_files(layout->directory, own_files);
	if (err == NULL)
		err = check_way_back(dot_git, layout->directory, tree);
	if (err != NULL)
		return err;
	layout->common = follow(layout->directory, "commondir", "");
	if (layout->common == NULL)
		layout->common = xstrdup(layout->directory);
	else if (!is_work_tree_of(layout->directory, layout->common))
		err = leads_astray(layout->directory, layout->common);
	return err;
}

static struct error *
find_own(struct git_layout *layout, const char *dot_git)
{
	char *path = file_join(dot_git, "commondir");
	struct error *err;
	struct stat info;

	layout->directory = xstrdup(dot_git);
	layout->common = xstrdup(dot_git);
	err = check_files(dot_git, own_files);
	if (err == NULL && lstat(path, &info) == 0)
		err = refuse(path, "not for a directory .git to have");
	free(path);
	return err;
}

struct error *
git_layout_find(struct git_layout *layout, const char *work_tree)
{
	static const struct known_file link = { ".git", MAX_LINE_BYTES };
	char *dot_git = file_join(work_tree, ".git");
	struct error *err;
	struct stat info;

	*layout = (struct git_layout){ 0 };
	if (lstat(dot_git, &info) != 0) {
		free(dot_git);
		return NULL;
	}
	if (S_ISDIR(info.st_mode)) {
		err = find_own(layout, dot_git);
	} else {
		err = check_file(work_tree, &link);
		if (err == NULL)
			err = find_linked(layout, dot_git, work_tree);
	}
	if (err == NULL)
		err = check_files(layout->common, common_files);
	if (err == NULL)
		err = check_all_directories(layout, false);
	free(dot_git);
	if (err != NULL)
		git_layout_release(layout);
	return err;
}

struct error *
git_layout_check(const struct git_layout *layout)
{
	if (layout->directory == NULL)
		return NULL;
	return check_all_directories(layout, true);
}

void
git_layout_release(struct git_layout *layout)
{
	free(layout->directory);
	free(layout->common);
	*layout = (struct git_layout){ 0 };
}
