/* SPDX-License-Identifier: MIT */
/*
 * A filter of system calls for a process and all that descends from it.
 *
 * Denied, with EPERM: what changes the machine (mounts, modules, clock, swap,
 * reboot), what gets around the rules about files (io_uring, handles), what
 * looks into the kernel or others (bpf, perf, keys, userfaultfd), setuid on
 * files, input faked on a terminal, sockets of other families than UNIX,
 * INET, INET6 and NETLINK. Programs for another architecture get ENOSYS for
 * everything.
 */
#ifndef SECCOMP_H
#define SECCOMP_H

#include <stdbool.h>

struct seccomp_filter;

bool seccomp_is_available(void);

enum seccomp_flags {
	SECCOMP_NO_INET = 1,       /* no sockets of INET and INET6 */
	SECCOMP_NO_TRACE = 2,      /* no ptrace, no memory of other processes */
	SECCOMP_NO_UNIX = 4,       /* no sockets of UNIX but pairs */
	SECCOMP_NO_SPACES = 8,     /* no namespaces */
	SECCOMP_ONLY_SOCKETS = 16, /* nothing else of all this */
};

struct seccomp_filter *seccomp_filter_new(int flags);
void seccomp_filter_free(struct seccomp_filter *filter);

/* In the child, which must have no_new_privs; a single system call. */
bool seccomp_enter(const struct seccomp_filter *filter);

#endif
