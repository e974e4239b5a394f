/* SPDX-License-Identifier: MIT */
#include "process_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "buffer.h"
#include "clock.h"
#include "memory.h"

/* Most commands are over before the first look, and so cost none. */
static const double first_look_seconds = 0.01;
static const double holding_seconds = 0.05;
static const double measuring_seconds = 0.5;
/* Of the time; a look takes longer the more processes a machine has. */
static const double holding_share = 0.2;
static const double measuring_share = 0.02;

void
watch_init(struct watch *watch, const struct limits *limits,
    const struct limits_means *means, double now)
{
	static const char sampling[] = "sampling";

	*watch = (struct watch){
		.next = now + first_look_seconds,
		.interval_seconds = first_look_seconds,
		.longest_seconds = measuring_seconds,
		.largest_share = measuring_share,
	};
	if (means->memory != NULL && strcmp(means->memory, sampling) == 0)
		watch->memory_bytes = limits->memory_bytes;
	if (means->processes != NULL && strcmp(means->processes, sampling) == 0)
		watch->n_processes = limits->n_processes;
	if (watch->memory_bytes > 0 || watch->n_processes > 0) {
		watch->longest_seconds = holding_seconds;
		watch->largest_share = holding_share;
	}
}

static size_t
sum(const struct family_member *members, size_t n)
{
	size_t bytes = 0;

	for (size_t i = 0; i < n; i++)
		bytes += members[i].memory_bytes;
	return bytes;
}

/*
 * Workers forked from one process share most of their memory, which counts in
 * the resident size of each. The kernel knows their proportional share, but
 * walks all page tables to tell.
 */
static void
weigh(struct family_member *member)
{
	char *path = xasprintf("/proc/%ld/smaps_rollup", (long)member->pid);
	struct buffer text = BUFFER_INIT(4096);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	const char *line;
	size_t kilobytes = 0;

	/* One that may not be looked at counts as it is. */
	if (fd >= 0 || errno != EACCES) {
		if (fd >= 0)
			error_free(buffer_read_fd(&text, fd, path));
		line = text.data != NULL ? strstr(text.data, "\nPss:") : NULL;
		/* It has ended if it has none. */
		if (line != NULL)
			sscanf(line, "\nPss: %zu", &kilobytes);
		member->memory_bytes = kilobytes * 1024;
	}
	if (fd >= 0)
		close(fd);
	buffer_release(&text);
	free(path);
}

/* As the kernel does it in a control group: the largest has to go. */
static void
end_largest(struct watch *watch, const struct family_member *members, size_t n)
{
	const struct family_member *largest = &members[0];

	for (size_t i = 1; i < n; i++)
		if (members[i].memory_bytes > largest->memory_bytes)
			largest = &members[i];
	if (kill(largest->pid, SIGKILL) == 0)
		watch->n_memory_kills++;
}

static void
hold_memory(struct watch *watch, struct family_member *members, size_t n)
{
	size_t total = sum(members, n);

	if (watch->memory_bytes > 0 && total > watch->memory_bytes) {
		for (size_t i = 0; i < n; i++)
			weigh(&members[i]);
		total = sum(members, n);
		if (total > watch->memory_bytes)
			end_largest(watch, members, n);
	}
	if (total > watch->peak_memory_bytes)
		watch->peak_memory_bytes = total;
}

static void
hold_processes(
    struct watch *watch, const struct family_member *members, size_t n)
{
	size_t n_threads = 0;

	for (size_t i = 0; i < n; i++)
		n_threads += members[i].n_threads;
	if (watch->n_processes > 0 && n_threads > watch->n_processes)
		watch->too_many = true;
}

void
watch_glance(struct watch *watch, pid_t pid)
{
	size_t bytes = family_memory_of(pid);

	if (bytes > watch->peak_memory_bytes)
		watch->peak_memory_bytes = bytes;
}

/* Memory fills faster than some looks are apart. */
static bool
is_near(const struct watch *watch)
{
	return watch->memory_bytes > 0 &&
	    watch->peak_memory_bytes > watch->memory_bytes / 4;
}

void
watch_look(struct watch *watch, struct family *family)
{
	double started = clock_monotonic(), cost;
	struct family_member *members;
	size_t n = family_list(family, &members);

	if (n > 0)
		hold_memory(watch, members, n);
	hold_processes(watch, members, n);
	free(members);
	cost = clock_monotonic() - started;
	watch->interval_seconds *= 2;
	if (watch->interval_seconds > watch->longest_seconds)
		watch->interval_seconds = watch->longest_seconds;
	if (is_near(watch))
		watch->interval_seconds = first_look_seconds;
	if (watch->interval_seconds < cost / watch->largest_share)
		watch->interval_seconds = cost / watch->largest_share;
	watch->next = started + watch->interval_seconds;
}
