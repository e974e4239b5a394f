/* SPDX-License-Identifier: MIT */
/*
 * Namespaces for a child: a network of its own with nothing but a loopback,
 * and a view of the file system in which some paths are others, or read-only.
 * Root has them as it is; others by way of a user namespace in which they stay
 * who they are, where the system lets them.
 */
#ifndef NAMESPACE_H
#define NAMESPACE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * In the view the path `to`, which must be there by then, is what the path
 * `from` is outside. A path that is mounted over itself can be written to as
 * before, but not be renamed or removed.
 */
struct namespace_mount {
	char *from, *to;
	bool read_only; /* with all that is mounted beneath it */
	int tree;       /* for namespace.c */
};

struct namespace_mounts {
	struct namespace_mount *items; /* made in this order */
	size_t n;
};

/* Copies the paths. */
void namespace_mounts_add(struct namespace_mounts *mounts, const char *from,
    const char *to, bool read_only);

struct namespace_plan {
	bool network;
	bool read_only; /* all of the view, but for mounts that are not */
	struct namespace_mounts mounts;
	/* Absolute; where the command is to be in the view, since the
	 * directory that it is in need not be a part of it. NULL: there. */
	char *directory;
};

struct namespaces;

/* Takes the plan over; NULL when there is nothing in it. */
struct namespaces *namespaces_open(struct namespace_plan *plan);
void namespaces_free(struct namespaces *namespaces);

/*
 * In the child, between vfork and exec: only system calls. What the system
 * does not allow is not there afterwards: ask for it. False, with errno: the
 * mounts were begun and could not be completed; nothing must be run in there.
 */
bool namespaces_enter(struct namespaces *namespaces);

/* Is it known to be in force? After namespaces_enter(). */
bool namespaces_have_network(const struct namespaces *namespaces);
bool namespaces_have_mounts(const struct namespaces *namespaces);
/* A user namespace, of its own alone. */
bool namespaces_have_user(const struct namespaces *namespaces);

#endif
