/* SPDX-License-Identifier: MIT */
/*
 * Namespaces for a child: a network of its own with nothing but a loopback,
 * and a view of the file system in which some paths are read-only. Root has
 * them as it is; others by way of a user namespace in which they stay who they
 * are, where the system lets them.
 */
#ifndef NAMESPACE_H
#define NAMESPACE_H

#include <stdbool.h>

struct namespace_plan {
	bool network;
	/* Absolute, NULL-terminated, or NULL. Those in `anchored` can be
	 * written to as before, but not be renamed or removed. */
	char *const *anchored;
	char *const *read_only;
};

struct namespaces;

/* Makes all ready; NULL when nothing is asked for. The plan is borrowed. */
struct namespaces *namespaces_open(const struct namespace_plan *plan);
void namespaces_free(struct namespaces *namespaces);

/*
 * In the child, between vfork and exec: only system calls. It may find that
 * the system allows none of it, or a part: what it did is told by the two
 * functions below, also to the parent, with whom it shares memory.
 */
void namespaces_enter(struct namespaces *namespaces);
bool namespaces_have_network(const struct namespaces *namespaces);
/* All paths are read-only or anchored as planned. */
bool namespaces_have_mounts(const struct namespaces *namespaces);

#endif
