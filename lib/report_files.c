/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* DT_DIR */
#include "report_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory.h"
#include "path_pattern.h"
#include "process.h"
#include "report_junit.h"
#include "string_list.h"

enum { MAX_BYTES = 512 * 1024 * 1024 };

struct walk {
	struct report_files *files;
	size_t n_entries, n_bytes;
	char **found; /* paths that match and are new */
	size_t n_found;
	struct timespec newest; /* when the last of them was changed */
	bool is_full;
};

void
report_files_begin(
    struct report_files *files, char *const *patterns, struct report *report)
{
	*files =
	    (struct report_files){ .patterns = patterns, .report = report };
	/* The clock that file systems take their times from. */
	clock_gettime(CLOCK_REALTIME_COARSE, &files->since);
}

void
report_files_release(struct report_files *files)
{
	for (size_t i = 0; i < string_list_count(files->paths); i++)
		free(files->paths[i]);
	free(files->paths);
	*files = (struct report_files){ 0 };
}

static bool
is_before(const struct timespec *one, const struct timespec *other)
{
	if (one->tv_sec != other->tv_sec)
		return one->tv_sec < other->tv_sec;
	return one->tv_nsec < other->tv_nsec;
}

static bool
ends_in_xml(const char *text)
{
	size_t len = strlen(text);

	return len >= 4 && strcmp(text + len - 4, ".xml") == 0;
}

/* Most files of a workspace are no candidates for most patterns. */
static bool
matches(char *const *patterns, const char *name, const char *path)
{
	bool is_xml = ends_in_xml(name);

	for (; *patterns != NULL; patterns++)
		if ((is_xml || !ends_in_xml(*patterns)) &&
		    path_pattern_matches(*patterns, path))
			return true;
	return false;
}

static void
look_at_file(struct walk *walk, int directory, const char *name, char *path)
{
	struct stat info;

	if (!matches(walk->files->patterns, name, path) ||
	    fstatat(directory, name, &info, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !S_ISREG(info.st_mode) ||
	    is_before(&info.st_ctim, &walk->files->since)) {
		free(path);
		return;
	}
	if (walk->n_found == REPORT_FILES_MAX) {
		walk->is_full = true;
		free(path);
		return;
	}
	string_list_add(&walk->found, path);
	walk->n_found++;
	if (is_before(&walk->newest, &info.st_ctim))
		walk->newest = info.st_ctim;
}

static bool
is_left_out(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
	    strcmp(name, ".git") == 0 || strcmp(name, "node_modules") == 0;
}

static bool
is_directory(int directory, const struct dirent *entry)
{
	struct stat info;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	return fstatat(directory, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) ==
	    0 &&
	    S_ISDIR(info.st_mode);
}

static DIR *
open_directory(int parent, const char *name)
{
	int fd = openat(
	    parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *entries = fd >= 0 ? fdopendir(fd) : NULL;

	if (fd >= 0 && entries == NULL)
		close(fd);
	return entries;
}

static void
walk_directory(struct walk *walk, DIR *entries, const char *path, size_t depth)
{
	const struct dirent *entry;

	/* cppcheck-suppress readdirCalled; no program of ours has threads */
	while (!walk->is_full && (entry = readdir(entries)) != NULL) {
		const char *name = entry->d_name;
		DIR *below;
		char *inner;

		if (is_left_out(name))
			continue;
		if (++walk->n_entries > REPORT_FILES_MAX_ENTRIES ||
		    cancel_signal() != 0) {
			walk->is_full = true;
			return;
		}
		inner = *path == '\0' ? xstrdup(name)
				      : xasprintf("%s/%s", path, name);
		if (!is_directory(dirfd(entries), entry)) {
			look_at_file(walk, dirfd(entries), name, inner);
			continue;
		}
		below = depth < REPORT_FILES_MAX_DEPTH
		    ? open_directory(dirfd(entries), name)
		    : NULL;
		if (below != NULL) {
			walk_directory(walk, below, inner, depth + 1);
			closedir(below);
		}
		free(inner);
	}
}

/* By its directories one by one, so that no link leads elsewhere. */
static int
open_below(int top, const char *path)
{
	int directory = dup(top);

	while (directory >= 0) {
		const char *slash = strchr(path, '/');
		char *name = slash != NULL
		    ? xstrndup(path, (size_t)(slash - path))
		    : xstrdup(path);
		int fd = openat(directory, name,
		    O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK |
			(slash != NULL ? O_DIRECTORY : 0));

		free(name);
		close(directory);
		if (slash == NULL || fd < 0)
			return fd;
		directory = fd;
		path = slash + 1;
	}
	return -1;
}

static void
note_problem(struct report *report, const char *path, const char *problem)
{
	if (report->problem == NULL)
		report->problem = xasprintf("%s: %s", path, problem);
}

static void
read_file(struct walk *walk, int top, const char *path)
{
	struct report_files *files = walk->files;
	int fd = open_below(top, path);
	struct stat info;

	if (fd < 0 || fstat(fd, &info) < 0) {
		note_problem(files->report, path, strerror(errno));
	} else if (S_ISREG(info.st_mode)) {
		walk->n_bytes += info.st_size < REPORT_JUNIT_MAX_BYTES
		    ? (size_t)info.st_size
		    : REPORT_JUNIT_MAX_BYTES;
		if (walk->n_bytes > MAX_BYTES)
			note_problem(files->report, path,
			    "all reports together are larger than 512 MiB, "
			    "the rest is not read");
		else if (report_junit_read(files->report, fd, path) &&
		    files->n_read++ < REPORT_FILES_PATHS)
			string_list_add(&files->paths, xstrdup(path));
	}
	if (fd >= 0)
		close(fd);
}

static int
compare(const void *one, const void *other)
{
	return strcmp(*(char *const *)one, *(char *const *)other);
}

/*
 * Files get the time of the last tick, some milliseconds ago. What begins
 * before the next one would take these files for its own.
 */
static void
wait_for_tick(const struct timespec *newest)
{
	struct timespec now, tick;

	clock_getres(CLOCK_REALTIME_COARSE, &tick);
	/* If the clock was set back, it is not waited for. */
	for (int i = 0; i < 3; i++) {
		clock_gettime(CLOCK_REALTIME_COARSE, &now);
		if (is_before(newest, &now))
			return;
		nanosleep(&tick, NULL);
	}
}

void
report_files_read(struct report_files *files, const char *workspace)
{
	struct walk walk = { .files = files };
	DIR *entries;

	if (files->patterns == NULL || files->patterns[0] == NULL)
		return;
	entries = open_directory(AT_FDCWD, workspace);
	if (entries == NULL)
		return;
	walk_directory(&walk, entries, "", 0);
	if (walk.is_full)
		note_problem(files->report, workspace,
		    "there is too much to look through all of it for reports");
	if (walk.n_found > 0)
		qsort(walk.found, walk.n_found, sizeof *walk.found, compare);
	for (size_t i = 0; i < walk.n_found; i++) {
		read_file(&walk, dirfd(entries), walk.found[i]);
		free(walk.found[i]);
	}
	if (walk.n_found > 0)
		wait_for_tick(&walk.newest);
	free(walk.found);
	closedir(entries);
}
