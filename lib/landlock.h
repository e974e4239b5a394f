/* SPDX-License-Identifier: MIT */
/*
 * Landlock: the kernel's rules about files for a process and all that
 * descends from it, as far as the running kernel has them. What a rule does
 * not allow is denied; there are no rules that deny, so a tree less one part
 * of it has to be spelled out as all of its other parts.
 *
 * Not under its control: changing modes, owners, times and attributes of
 * files, connecting to sockets that have a path (before version 8), looking
 * whether something exists.
 */
#ifndef LANDLOCK_H
#define LANDLOCK_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

/* 0: the kernel has none. */
int landlock_version(void);

struct landlock_rules; /* under construction */

enum landlock_access {
	LANDLOCK_LIST,  /* directories */
	LANDLOCK_READ,  /* files, directories, executing */
	LANDLOCK_WRITE, /* all of that, and to make, change and remove */
	LANDLOCK_DEVICE /* files: read, write, ioctl */
};

struct error *landlock_open(struct landlock_rules **rules);

/* For a path and all beneath it. One that is not there is passed over. */
struct error *landlock_allow(struct landlock_rules *rules, const char *path,
    enum landlock_access access);

/* Reading beneath `root`, but not beneath the paths in `hidden`, which are
 * absolute and free of symbolic links; NULL-terminated. */
struct error *landlock_allow_reading_but(
    struct landlock_rules *rules, const char *root, char *const *hidden);

/* A descriptor for landlock_enter(); the caller closes it. Frees the rules. */
int landlock_finish(struct landlock_rules *rules);

/* In the child, which must have no_new_privs; a single system call. */
bool landlock_enter(int fd);

#endif
