/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* O_PATH, syscall */
#include "landlock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "file.h"
#include "memory.h"
#include "path_list.h"

/* <linux/landlock.h> of the oldest system that we build on knows less than
 * the newest kernel that we run on. */
enum {
	EXECUTE = 1 << 0,
	WRITE_FILE = 1 << 1,
	READ_FILE = 1 << 2,
	READ_DIR = 1 << 3,
	REMOVE_DIR = 1 << 4,
	REMOVE_FILE = 1 << 5,
	MAKE_CHAR = 1 << 6,
	MAKE_DIR = 1 << 7,
	MAKE_REG = 1 << 8,
	MAKE_SOCK = 1 << 9,
	MAKE_FIFO = 1 << 10,
	MAKE_BLOCK = 1 << 11,
	MAKE_SYM = 1 << 12,
	REFER = 1 << 13,    /* version 2 */
	TRUNCATE = 1 << 14, /* version 3 */
	IOCTL_DEV = 1 << 15 /* version 5 */
};
enum { SCOPE_ABSTRACT = 1 << 0, SCOPE_SIGNAL = 1 << 1 }; /* version 6 */
enum { GET_VERSION = 1 << 0, PATH_BENEATH = 1 };

static const uint64_t reading = EXECUTE | READ_FILE | READ_DIR;
static const uint64_t writing = EXECUTE | READ_FILE | READ_DIR | WRITE_FILE |
    REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | MAKE_SOCK | MAKE_FIFO |
    MAKE_SYM | REFER | TRUNCATE;
static const uint64_t device = READ_FILE | WRITE_FILE | TRUNCATE | IOCTL_DEV;
/* What a rule for something other than a directory may hold. */
static const uint64_t of_files =
    EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV;

struct ruleset {
	uint64_t files, network /* version 4 */, scopes;
};

struct rule {
	uint64_t allowed;
	int32_t parent;
} __attribute__((packed));

struct landlock_rules {
	int fd;
	uint64_t handled;
};

int
landlock_version(void)
{
	static int version = -1;

	if (version < 0) {
		long answer =
		    syscall(SYS_landlock_create_ruleset, NULL, 0, GET_VERSION);

		version = answer > 0 ? (int)answer : 0;
	}
	return version;
}

static uint64_t
handled_files(int version)
{
	uint64_t all = IOCTL_DEV | (IOCTL_DEV - 1);

	if (version < 5)
		all &= ~(uint64_t)IOCTL_DEV;
	if (version < 3)
		all &= ~(uint64_t)TRUNCATE;
	if (version < 2)
		all &= ~(uint64_t)REFER;
	return all;
}

struct error *
landlock_open(struct landlock_rules **rules)
{
	int version = landlock_version();
	struct ruleset set = { .files = handled_files(version) };
	size_t size = sizeof set.files;
	long fd;

	if (version >= 6) {
		set.scopes = SCOPE_ABSTRACT | SCOPE_SIGNAL;
		size = sizeof set;
	}
	fd = syscall(SYS_landlock_create_ruleset, &set, size, 0);
	if (fd < 0)
		return error_errno(ERROR_IO, "cannot make rules for Landlock");
	*rules = xmalloc(sizeof **rules);
	**rules =
	    (struct landlock_rules){ .fd = (int)fd, .handled = set.files };
	return NULL;
}

static uint64_t
rights(enum landlock_access access)
{
	switch (access) {
	case LANDLOCK_LIST:
		return READ_DIR;
	case LANDLOCK_READ:
		return reading;
	case LANDLOCK_WRITE:
		return writing;
	case LANDLOCK_DEVICE:
		return device;
	}
	return 0;
}

/* Adds a rule for an open path. */
static struct error *
add(struct landlock_rules *rules, int fd, bool is_directory, uint64_t allowed)
{
	struct rule rule = {
		.allowed = allowed & rules->handled &
		    (is_directory ? ~(uint64_t)0 : of_files),
		.parent = fd,
	};

	if (rule.allowed == 0 ||
	    syscall(SYS_landlock_add_rule, rules->fd, PATH_BENEATH, &rule, 0) ==
		0)
		return NULL;
	return error_errno(ERROR_IO, "cannot add a rule for Landlock");
}

struct error *
landlock_allow(
    struct landlock_rules *rules, const char *path, enum landlock_access access)
{
	int fd = open(path, O_PATH | O_CLOEXEC);
	struct stat info;
	struct error *error = NULL;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &info) == 0)
		error = add(rules, fd, S_ISDIR(info.st_mode), rights(access));
	close(fd);
	return error != NULL ? error_prefix(error, "'%s'", path) : NULL;
}

/* Is the path in the list, or something beneath it? */
static void
find_hidden(
    bool *is_hidden, bool *has_hidden, const char *path, char *const *hidden)
{
	*is_hidden = *has_hidden = false;
	for (; *hidden != NULL; hidden++) {
		if (strcmp(*hidden, path) == 0)
			*is_hidden = true;
		else if (path_is_below(*hidden, path))
			*has_hidden = true;
	}
}

static struct error *allow_entries(struct landlock_rules *rules, int fd,
    const char *path, char *const *hidden);

/* `fd` is consumed. */
static struct error *
allow_reading(
    struct landlock_rules *rules, int fd, const char *path, char *const *hidden)
{
	struct stat info;
	bool is_hidden, has_hidden;
	struct error *error = NULL;

	find_hidden(&is_hidden, &has_hidden, path, hidden);
	/* A link is no way to what it names: that has its own rules. */
	if (!is_hidden && fstat(fd, &info) == 0 && !S_ISLNK(info.st_mode)) {
		if (has_hidden && S_ISDIR(info.st_mode))
			return allow_entries(rules, fd, path, hidden);
		error = add(rules, fd, S_ISDIR(info.st_mode), reading);
	}
	close(fd);
	return error;
}

static struct error *
allow_entry(struct landlock_rules *rules, int fd, const char *path,
    const char *name, char *const *hidden)
{
	int child_fd = openat(fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	char *child;
	struct error *error;

	if (child_fd < 0)
		return NULL;
	child =
	    path[1] == '\0' ? xasprintf("/%s", name) : file_join(path, name);
	error = allow_reading(rules, child_fd, child, hidden);
	free(child);
	return error;
}

/* Where one may pass but not look around: the way to what is hidden is
 * known, and what lies beside it further down can be looked at again. */
static struct error *
allow_ways(
    struct landlock_rules *rules, int fd, const char *path, char *const *hidden)
{
	size_t len = path[1] == '\0' ? 0 : strlen(path);
	struct error *error = NULL;

	for (size_t i = 0; error == NULL && hidden[i] != NULL; i++) {
		const char *rest;
		char *name;

		if (strncmp(hidden[i], path, len) != 0 || hidden[i][len] != '/')
			continue;
		rest = hidden[i] + len + 1;
		name = xstrndup(rest, strcspn(rest, "/"));
		error = allow_entry(rules, fd, path, name, hidden);
		free(name);
	}
	return error;
}

/* `fd` is consumed. */
static struct error *
allow_entries(
    struct landlock_rules *rules, int fd, const char *path, char *const *hidden)
{
	int readable = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = readable >= 0 ? fdopendir(readable) : NULL;
	const struct dirent *entry;
	struct error *error = NULL;

	if (dir == NULL)
		error = allow_ways(rules, fd, path, hidden);
	while (error == NULL && dir != NULL && (entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0 && entry->d_type != DT_LNK)
			error =
			    allow_entry(rules, fd, path, entry->d_name, hidden);
	}
	if (dir != NULL)
		closedir(dir);
	close(fd);
	return error;
}

struct error *
landlock_allow_reading_but(
    struct landlock_rules *rules, const char *root, char *const *hidden)
{
	int fd = open(root, O_PATH | O_CLOEXEC);

	if (fd < 0)
		return NULL;
	return allow_reading(rules, fd, root, hidden);
}

int
landlock_finish(struct landlock_rules *rules)
{
	/* The child puts its own descriptors at 0, 1 and 2. */
	int fd = fcntl(rules->fd, F_DUPFD_CLOEXEC, 3);

	close(rules->fd);
	free(rules);
	return fd;
}

bool
landlock_enter(int fd)
{
	return syscall(SYS_landlock_restrict_self, fd, 0) == 0;
}
