/* SPDX-License-Identifier: MIT */
#include "cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "cgroup_place.h"
#include "file.h"
#include "memory.h"

static const char *const names[CGROUP_N_CONTROLLERS + 1] = {
	[CGROUP_MEMORY] = "memory",
	[CGROUP_CPU] = "cpu",
	[CGROUP_PIDS] = "pids",
};
static const char prefix[] = "necrocode";

/* One controller's part. Those of version 2 share a directory. */
struct part {
	int version;     /* 0: not held */
	char *directory; /* NULL: not made */
	int fd;          /* writing "0" to it enters; -1: none */
};

struct cgroup {
	struct part parts[CGROUP_N_CONTROLLERS];
};

static bool
set_memory(const struct part *part, const struct cgroup_settings *settings)
{
	char text[32];

	snprintf(text, sizeof text, "%zu", settings->memory_bytes);
	/* Swap is no way around; where there is none the files are missing. */
	if (part->version == 2) {
		cgroup_write(part->directory, "memory.swap.max", "0");
		return cgroup_write(part->directory, "memory.max", text);
	}
	if (!cgroup_write(part->directory, "memory.limit_in_bytes", text))
		return false;
	cgroup_write(part->directory, "memory.memsw.limit_in_bytes", text);
	return true;
}

static bool
set_cpu(const struct part *part, const struct cgroup_settings *settings)
{
	enum { PERIOD_MICROSECONDS = 100000, LEAST_MICROSECONDS = 1000 };
	char text[64];
	long quota =
	    (long)(settings->cpu_percent * PERIOD_MICROSECONDS / 100 + 0.5);

	if (quota < LEAST_MICROSECONDS)
		quota = LEAST_MICROSECONDS;
	snprintf(text, sizeof text, "%ld", quota);
	if (part->version == 1)
		return cgroup_write(part->directory, "cpu.cfs_quota_us", text);
	snprintf(text, sizeof text, "%ld %d", quota, PERIOD_MICROSECONDS);
	return cgroup_write(part->directory, "cpu.max", text);
}

static bool
set_pids(const struct part *part, const struct cgroup_settings *settings)
{
	char text[32];

	snprintf(text, sizeof text, "%zu", settings->n_processes);
	return cgroup_write(part->directory, "pids.max", text);
}

static bool
is_asked_for(
    const struct cgroup_settings *settings, enum cgroup_controller controller)
{
	switch (controller) {
	case CGROUP_MEMORY:
		return settings->memory_bytes > 0;
	case CGROUP_CPU:
		return settings->cpu_percent > 0;
	case CGROUP_PIDS:
		return settings->n_processes > 0;
	}
	return false;
}

static bool
apply(const struct part *part, enum cgroup_controller controller,
    const struct cgroup_settings *settings)
{
	switch (controller) {
	case CGROUP_MEMORY:
		return set_memory(part, settings);
	case CGROUP_CPU:
		return set_cpu(part, settings);
	case CGROUP_PIDS:
		return set_pids(part, settings);
	}
	return false;
}

/* Also the groups that a runner inside made for itself. */
static void
remove_group(const char *directory)
{
	DIR *dir;
	const struct dirent *entry;

	if (rmdir(directory) == 0 || errno == ENOENT ||
	    (dir = opendir(directory)) == NULL)
		return;
	while ((entry = readdir(dir)) != NULL) {
		if (strncmp(entry->d_name, prefix, sizeof prefix - 1) == 0)
			unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR);
	}
	closedir(dir);
	rmdir(directory);
}

static char *
group_name(const char *parent, pid_t runner)
{
	return xasprintf("%s/%s-%ld", parent, prefix, (long)runner);
}

static bool
open_part(struct part *part, const struct cgroup_place *place)
{
	char *path = group_name(place->directory, getpid()), *entrance;

	part->version = place->version;
	/* Left by a runner that had our number and was killed. */
	remove_group(path);
	if (mkdir(path, 0755) < 0) {
		free(path);
		return false;
	}
	part->directory = path;
	/*
	 * A thread that moves itself by "tasks" is spared a lock that can take
	 * milliseconds; version 2 has that for threaded groups alone.
	 */
	entrance =
	    file_join(path, part->version == 1 ? "tasks" : "cgroup.procs");
	part->fd = open(entrance, O_WRONLY | O_CLOEXEC);
	free(entrance);
	return part->fd >= 0;
}

static void
close_part(struct part *part)
{
	if (part->fd >= 0)
		close(part->fd);
	if (part->directory != NULL)
		remove_group(part->directory);
	free(part->directory);
	*part = (struct part){ .fd = -1 };
}

/* The first that was made of version 2, which serves all. */
static const struct part *
shared_part(const struct cgroup *cgroup)
{
	for (int i = 0; i < CGROUP_N_CONTROLLERS; i++)
		if (cgroup->parts[i].directory != NULL &&
		    cgroup->parts[i].version == 2)
			return &cgroup->parts[i];
	return NULL;
}

static void
add_controller(struct cgroup *cgroup, enum cgroup_controller controller,
    const struct cgroup_settings *settings)
{
	struct part *part = &cgroup->parts[controller];
	const struct part *shared = shared_part(cgroup);
	struct cgroup_place place = { .directory = NULL };
	bool held = false;

	if (cgroup_find_place(&place, names[controller], names)) {
		if (place.version == 2 && shared != NULL) {
			/* No directory of its own to remove and to enter. */
			held = apply(shared, controller, settings);
			part->version = 2;
		} else if (open_part(part, &place)) {
			held = apply(part, controller, settings);
		}
	}
	free(place.directory);
	if (!held && part->directory != NULL && part->version == 1)
		close_part(part);
	if (!held)
		part->version = 0;
}

struct cgroup *
cgroup_open(const struct cgroup_settings *settings)
{
	struct cgroup *cgroup = xcalloc(1, sizeof *cgroup);
	bool any = false;

	for (int i = 0; i < CGROUP_N_CONTROLLERS; i++)
		cgroup->parts[i].fd = -1;
	for (int i = 0; i < CGROUP_N_CONTROLLERS; i++) {
		enum cgroup_controller controller = (enum cgroup_controller)i;

		if (is_asked_for(settings, controller))
			add_controller(cgroup, controller, settings);
		any = any || cgroup->parts[i].version > 0;
	}
	if (any)
		return cgroup;
	cgroup_close(cgroup);
	return NULL;
}

const char *
cgroup_means(const struct cgroup *cgroup, enum cgroup_controller controller)
{
	int version = cgroup != NULL ? cgroup->parts[controller].version : 0;

	if (version == 0)
		return NULL;
	return version == 2 ? "cgroup v2" : "cgroup v1";
}

bool
cgroup_enter(const struct cgroup *cgroup)
{
	if (cgroup == NULL)
		return true;
	for (int i = 0; i < CGROUP_N_CONTROLLERS; i++)
		if (cgroup->parts[i].fd >= 0 &&
		    write(cgroup->parts[i].fd, "0", 1) < 0)
			return false;
	return true;
}

/* A line "name number" of a file; 0: there is none. */
static double
read_number(const char *directory, const char *file, const char *name)
{
	char text[4096];
	const char *line = text;
	size_t len = strlen(name);

	if (!cgroup_read(text, sizeof text, directory, file))
		return 0;
	while (strncmp(line, name, len) != 0 || (len > 0 && line[len] != ' ')) {
		line = strchr(line, '\n');
		if (line++ == NULL)
			return 0;
	}
	return strtod(line + len, NULL);
}

static void
memory_usage(struct cgroup_usage *usage, const char *directory, int version)
{
	const char *peak =
	    version == 2 ? "memory.peak" : "memory.max_usage_in_bytes";
	const char *events =
	    version == 2 ? "memory.events" : "memory.oom_control";

	usage->peak_memory_bytes = (size_t)read_number(directory, peak, "");
	usage->n_memory_kills =
	    (size_t)read_number(directory, events, "oom_kill");
}

static double
throttled(const char *directory, int version)
{
	if (version == 2)
		return read_number(directory, "cpu.stat", "throttled_usec") /
		    1e6;
	return read_number(directory, "cpu.stat", "throttled_time") / 1e9;
}

void
cgroup_usage(const struct cgroup *cgroup, struct cgroup_usage *usage)
{
	*usage = (struct cgroup_usage){ 0 };
	if (cgroup == NULL)
		return;
	for (int i = 0; i < CGROUP_N_CONTROLLERS; i++) {
		const struct part *part = &cgroup->parts[i];
		int version = part->version;

		if (part->directory == NULL)
			part = shared_part(cgroup);
		if (version == 0 || part == NULL)
			continue;
		if (i == CGROUP_MEMORY)
			memory_usage(usage, part->directory, version);
		if (i == CGROUP_CPU)
			usage->throttled_seconds =
			    throttled(part->directory, version);
	}
}

void
cgroup_sweep(pid_t runner)
{
	for (int i = 0; i < CGROUP_N_CONTROLLERS; i++) {
		struct cgroup_place place;
		char *path;

		if (!cgroup_find_place(&place, names[i], names))
			continue;
		path = group_name(place.directory, runner);
		remove_group(path);
		free(path);
		free(place.directory);
	}
}

void
cgroup_close(struct cgroup *cgroup)
{
	if (cgroup == NULL)
		return;
	for (int i = 0; i < CGROUP_N_CONTROLLERS; i++)
		close_part(&cgroup->parts[i]);
	free(cgroup);
}
