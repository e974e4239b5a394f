/* SPDX-License-Identifier: MIT */
/*
 * Limits of a command and all that descends from it.
 *
 * Each is held by the best this machine allows, and the result says by what:
 *
 *   memory      "cgroup v2", "cgroup v1": the kernel ends the largest
 *               process; "sampling": the supervisor looks every 10 to
 *               50 ms and does the same. (RLIMIT_DATA would be no help:
 *               programs reserve what they never use, and what fails for
 *               it does not look like a limit)
 *   cpu         a cgroup: a share of the time; "affinity": whole CPUs, a
 *               fraction is rounded up
 *   processes   (threads count) a cgroup: no more can be made; "rlimit":
 *               the same, for all of the user's processes together, those
 *               that were there before allowed for; "sampling": the command
 *               is ended
 *   file_size, open_files   "rlimit", each process by itself
 */
#ifndef LIMITER_H
#define LIMITER_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

struct limits {
	/* 0: none */
	size_t memory_bytes;
	double cpu_percent; /* 100 is one CPU */
	size_t n_processes;
	size_t file_size_bytes;
	size_t n_open_files;
};

/* What holds each; NULL: there is no such limit. */
struct limits_means {
	const char *memory, *cpu, *processes, *file_size, *open_files;
};

struct limiter;

/* Makes ready what the limits need. The limiter is never NULL. */
struct limiter *limiter_open(const struct limits *limits);

/*
 * In the child, between vfork and exec: only system calls. Returns what could
 * not be done ("limit the open files"), with errno; NULL is success. In a user
 * namespace of its own its processes are counted apart from all others.
 */
const char *limiter_enter(struct limiter *limiter, bool own_user_space);

const struct limits_means *limiter_means(const struct limiter *limiter);
/* Must somebody look, how many there are and how much they use? */
bool limiter_wants_samples(const struct limiter *limiter);

struct limits_usage {
	size_t n_memory_kills;    /* processes the kernel ended */
	size_t peak_memory_bytes; /* page cache counts; 0: not known */
	double throttled_seconds; /* what it had to wait for CPU */
};

/* Frees the limiter; the command must be gone. `usage` may be NULL. */
void limiter_close(struct limiter *limiter, struct limits_usage *usage);

#endif
