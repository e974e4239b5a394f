/* SPDX-License-Identifier: MIT */
#include "cgroup_place.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "memory.h"

enum { LINE_BYTES = 4096 };

bool
cgroup_write(const char *directory, const char *file, const char *text)
{
	char *path = file_join(directory, file);
	int fd = open(path, O_WRONLY | O_CLOEXEC), saved;
	bool done = fd >= 0 && write(fd, text, strlen(text)) >= 0;

	saved = errno;
	if (fd >= 0)
		close(fd);
	free(path);
	errno = saved;
	return done;
}

bool
cgroup_read(char *text, size_t size, const char *directory, const char *file)
{
	char *path = file_join(directory, file);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	free(path);
	if (fd >= 0) {
		n = read(fd, text, size - 1);
		close(fd);
	}
	text[n > 0 ? n : 0] = '\0';
	return n >= 0;
}

/* Is the word in a list separated by any of these characters? */
static bool
has_word(const char *list, const char *word, const char *separators)
{
	size_t len = strlen(word);

	while (*list != '\0') {
		size_t n = strcspn(list, separators);

		if (n == len && strncmp(list, word, len) == 0)
			return true;
		list += n;
		list += strspn(list, separators);
	}
	return false;
}

/*
 * A mounted hierarchy. From /proc/self/mountinfo:
 * "36 35 98:0 /root /mount/point rw,noatime shared:1 - cgroup cgroup rw,cpu"
 */
struct hierarchy {
	int version;
	char root[LINE_BYTES], mount_point[LINE_BYTES];
};

static bool
parse_mount(struct hierarchy *hierarchy, const char *line, const char *wanted)
{
	char type[32], options[LINE_BYTES];
	const char *tail = strstr(line, " - ");

	if (tail == NULL || strncmp(tail, " - cgroup", 9) != 0 ||
	    sscanf(tail, " - %31s %*s %4095s", type, options) != 2 ||
	    sscanf(line, "%*s %*s %*s %4095s %4095s", hierarchy->root,
		hierarchy->mount_point) != 2)
		return false;
	hierarchy->version = strcmp(type, "cgroup2") == 0 ? 2 : 1;
	if (hierarchy->version == 1)
		return has_word(options, wanted, ",");
	return wanted[0] == '\0';
}

static bool
search_mounts(struct hierarchy *hierarchy, const char *controller)
{
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	size_t capacity = 0;
	bool found = false;

	if (mounts == NULL)
		return false;
	while (!found && getline(&line, &capacity, mounts) > 0)
		found = parse_mount(hierarchy, line, controller);
	free(line);
	fclose(mounts);
	return found;
}

/*
 * The hierarchy of a version 1 controller; "": that of version 2; NULL: it is
 * not mounted. Asked once: the system mounts them when it starts.
 */
static const struct hierarchy *
find_hierarchy(const char *controller)
{
	enum { MAX_KNOWN = 4 };
	static struct known {
		const char *controller;
		bool found;
		struct hierarchy hierarchy;
	} known[MAX_KNOWN];
	size_t i = 0;

	while (known[i].controller != NULL &&
	    strcmp(known[i].controller, controller) != 0)
		i++;
	if (known[i].controller == NULL) {
		known[i].controller = controller;
		known[i].found = search_mounts(&known[i].hierarchy, controller);
	}
	return known[i].found ? &known[i].hierarchy : NULL;
}

/* The path of this process in a hierarchy: "4:memory:/path" or "0::/path". */
static char *
own_path(const char *controller)
{
	FILE *groups = fopen("/proc/self/cgroup", "re");
	char *line = NULL, *path = NULL;
	size_t capacity = 0;

	if (groups == NULL)
		return NULL;
	while (path == NULL && getline(&line, &capacity, groups) > 0) {
		char *names = strchr(line, ':'), *end;

		if (names == NULL || (end = strchr(++names, ':')) == NULL)
			continue;
		*end = '\0';
		end[1 + strcspn(end + 1, "\n")] = '\0';
		if (*controller == '\0' ? *names == '\0'
					: has_word(names, controller, ","))
			path = xstrdup(end + 1);
	}
	free(line);
	fclose(groups);
	return path;
}

/* The directory of this process's group in a hierarchy, or NULL. */
static char *
own_directory(const char *controller, int *version)
{
	const struct hierarchy *hierarchy = find_hierarchy(controller);
	char *path, *directory;
	size_t len;

	if (hierarchy == NULL)
		return NULL;
	path = own_path(controller);
	if (path == NULL)
		return NULL;
	/* A container sees only its part mounted. */
	len = strlen(hierarchy->root);
	if (len > 1 && strncmp(path, hierarchy->root, len) == 0)
		directory =
		    xasprintf("%s%s", hierarchy->mount_point, path + len);
	else if (strcmp(path, "/") == 0)
		directory = xstrdup(hierarchy->mount_point);
	else
		directory = xasprintf("%s%s", hierarchy->mount_point, path);
	free(path);
	*version = hierarchy->version;
	return directory;
}

static bool
is_writable(const char *directory)
{
	return faccessat(AT_FDCWD, directory, W_OK, AT_EACCESS) == 0;
}

static bool
has_any(const char *directory, const char *file, const char *const *wanted)
{
	char text[256];

	if (!cgroup_read(text, sizeof text, directory, file))
		return false;
	for (; *wanted != NULL; wanted++)
		if (has_word(text, *wanted, " \n"))
			return true;
	return false;
}

/* Switches on what is there; tells if anything is. */
static bool
switch_on(const char *directory, const char *const *wanted)
{
	char text[256], setting[32];

	if (!cgroup_read(text, sizeof text, directory, "cgroup.controllers"))
		return false;
	for (const char *const *name = wanted; *name != NULL; name++) {
		if (!has_word(text, *name, " \n"))
			continue;
		snprintf(setting, sizeof setting, "+%s", *name);
		if (!cgroup_write(directory, "cgroup.subtree_control", setting))
			return false;
	}
	return has_any(directory, "cgroup.subtree_control", wanted);
}

/* Would leaving this group be a way around a limit that somebody has set? */
static bool
is_limited(const char *directory)
{
	static const char *const files[] = { "memory.max", "memory.high",
		"memory.swap.max", "pids.max", "cpu.max" };
	char text[64];

	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		if (cgroup_read(text, sizeof text, directory, files[i]) &&
		    strncmp(text, "max", 3) != 0)
			return true;
	return false;
}

/*
 * May the processes of a group be moved? Only where the group was given to us
 * with all that is in it: by systemd's Delegate=, to a user other than root;
 * to root, as the top of a container's view. Never out of the root of the
 * hierarchy, where the whole machine is, and which has no type.
 */
static bool
is_delegated(const char *directory, const char *path)
{
	struct stat info;
	char text[64];

	if (!cgroup_read(text, sizeof text, directory, "cgroup.type") ||
	    stat(directory, &info) < 0)
		return false;
	if (geteuid() == 0)
		return strcmp(path, "/") == 0;
	return info.st_uid == geteuid();
}

/*
 * A group with processes can have no controllers below it, so those of a
 * group that was delegated to us move into one of their own first, as
 * systemd expects of a service.
 */
static bool
make_room(const char *directory)
{
	char *leaf = file_join(directory, "necrocode-runner"), pids[4096];
	bool done = mkdir(leaf, 0755) == 0 || errno == EEXIST;

	/* A second look finds what was forked meanwhile. */
	for (int i = 0; done && i < 3; i++) {
		char *rest = pids, *pid;

		if (!cgroup_read(pids, sizeof pids, directory, "cgroup.procs"))
			done = false;
		while (done && (pid = strtok_r(rest, "\n", &rest)) != NULL)
			done = cgroup_write(leaf, "cgroup.procs", pid) ||
			    errno == ESRCH;
	}
	free(leaf);
	return done;
}

/* Below the group that we are in. */
static bool
can_be_used(const char *own, const char *path, const char *const *wanted)
{
	/* Nothing is changed where nothing can be gained. */
	if (!is_writable(own) || !has_any(own, "cgroup.controllers", wanted))
		return false;
	if (switch_on(own, wanted))
		return true;
	return is_delegated(own, path) && make_room(own) &&
	    switch_on(own, wanted);
}

/* A place of version 2; consumes `own`. */
static char *
find_delegated(char *own, const char *const *wanted)
{
	char *parent = xstrdup(own), *slash = strrchr(parent, '/'), *path;
	bool usable;

	if (slash != NULL)
		*slash = '\0';
	/* Beside us, if the parent is a group too. */
	if (has_any(parent, "cgroup.subtree_control", wanted) &&
	    is_writable(parent) && !is_limited(own)) {
		free(own);
		return parent;
	}
	free(parent);
	path = own_path("");
	usable = path != NULL && can_be_used(own, path, wanted);
	free(path);
	if (usable)
		return own;
	free(own);
	return NULL;
}

bool
cgroup_find_place(struct cgroup_place *place, const char *controller,
    const char *const *wanted)
{
	char text[256];
	char *own = own_directory(controller, &place->version);

	if (own != NULL && is_writable(own)) {
		place->directory = own;
		return true;
	}
	free(own);
	own = own_directory("", &place->version);
	if (own == NULL)
		return false;
	/* Version 2 is mounted beside version 1 without controllers. */
	if (!cgroup_read(text, sizeof text, own, "cgroup.controllers")) {
		free(own);
		return false;
	}
	place->directory = find_delegated(own, wanted);
	return place->directory != NULL;
}
