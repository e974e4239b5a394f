/* SPDX-License-Identifier: MIT */
/*
 * Control groups, version 2 or 1: a group of its own for a command, below the
 * one that this process is in (v1), or at the nearest place where one may be
 * made that has the controllers (v2: a delegated subtree).
 *
 * Every call but cgroup_open() may be given NULL.
 */
#ifndef CGROUP_H
#define CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum cgroup_controller { CGROUP_MEMORY, CGROUP_CPU, CGROUP_PIDS };
enum { CGROUP_N_CONTROLLERS = 3 };

struct cgroup;

/* What a group is to hold; 0: it is not. */
struct cgroup_settings {
	size_t memory_bytes;
	double cpu_percent;
	size_t n_processes;
};

/* NULL: no group can be made here. A group may hold less than was asked for;
 * cgroup_means() tells. */
struct cgroup *cgroup_open(const struct cgroup_settings *settings);

/* "cgroup v1", "cgroup v2"; NULL: the group does not hold this. */
const char *cgroup_means(
    const struct cgroup *cgroup, enum cgroup_controller controller);

/* Puts the calling process in; only system calls. False: errno. */
bool cgroup_enter(const struct cgroup *cgroup);

struct cgroup_usage {
	size_t peak_memory_bytes;
	size_t n_memory_kills;
	double throttled_seconds;
};
void cgroup_usage(const struct cgroup *cgroup, struct cgroup_usage *usage);

/* Removes what a runner that was killed has left; its command is gone. */
void cgroup_sweep(pid_t runner);

/* Removes the group, which must be empty, and frees. */
void cgroup_close(struct cgroup *cgroup);

#endif
