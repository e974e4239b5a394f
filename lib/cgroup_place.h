/* SPDX-License-Identifier: MIT */
/*
 * Where groups can be made, for cgroup.c.
 */
#ifndef CGROUP_PLACE_H
#define CGROUP_PLACE_H

#include <stdbool.h>
#include <stddef.h>

struct cgroup_place {
	int version;     /* 1 or 2 */
	char *directory; /* to make a group in; the caller frees */
};

/*
 * `controller` is "memory", "cpu" or "pids", as a constant. For version 2 the
 * controllers of `wanted` (NULL-terminated) are switched on where that is
 * possible without anybody's harm. False: there is no place.
 */
bool cgroup_find_place(struct cgroup_place *place, const char *controller,
    const char *const *wanted);

/* One write of a whole file in a group's directory. False: errno. */
bool cgroup_write(const char *directory, const char *file, const char *text);
/* Its beginning, NUL-terminated; false: it cannot be read. */
bool cgroup_read(
    char *text, size_t size, const char *directory, const char *file);

#endif
