/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* unshare, open_tree */
#include "namespace.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "memory.h"

enum { MAP_TEXT = 64 };

struct namespaces {
	struct namespace_plan plan;
	bool through_user; /* namespace: we are not root */
	char user_map[MAP_TEXT], group_map[MAP_TEXT];
	volatile bool have_network, have_mounts;
};

struct namespaces *
namespaces_open(const struct namespace_plan *plan)
{
	struct namespaces *namespaces;

	if (!plan->network && plan->anchored == NULL && plan->read_only == NULL)
		return NULL;
	namespaces = xcalloc(1, sizeof *namespaces);
	namespaces->plan = *plan;
	namespaces->through_user = geteuid() != 0;
	snprintf(namespaces->user_map, MAP_TEXT, "%ld %ld 1", (long)geteuid(),
	    (long)geteuid());
	snprintf(namespaces->group_map, MAP_TEXT, "%ld %ld 1", (long)getegid(),
	    (long)getegid());
	return namespaces;
}

void
namespaces_free(struct namespaces *namespaces)
{
	free(namespaces);
}

static bool
put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, text, strlen(text)) >= 0;

	if (fd >= 0)
		close(fd);
	return done;
}

/*
 * A runner that holds secrets is not dumpable, and so is its child up to its
 * exec: the files in /proc/self belong to root then.
 */
static bool
map_user(const struct namespaces *namespaces)
{
	int dumpable = prctl(PR_GET_DUMPABLE);
	bool done;

	if (dumpable == 0)
		prctl(PR_SET_DUMPABLE, 1);
	done = put("/proc/self/setgroups", "deny") &&
	    put("/proc/self/gid_map", namespaces->group_map) &&
	    put("/proc/self/uid_map", namespaces->user_map);
	if (dumpable == 0)
		prctl(PR_SET_DUMPABLE, 0);
	return done;
}

static bool
raise_loopback(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool done = fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &request) == 0;

	if (fd >= 0)
		close(fd);
	return done;
}

/*
 * Not mount(2) with MS_REMOUNT, which in a user namespace would have to know
 * every other flag that is locked.
 */
static bool
mount_again(const char *from, const char *to, unsigned long long flags)
{
	struct mount_attr attributes = { .attr_set = flags };
	int tree = (int)syscall(SYS_open_tree, AT_FDCWD, from,
	    OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	bool done = tree >= 0 &&
	    (flags == 0 ||
		syscall(SYS_mount_setattr, tree, "",
		    AT_EMPTY_PATH | AT_RECURSIVE, &attributes,
		    sizeof attributes) == 0) &&
	    syscall(SYS_move_mount, tree, "", AT_FDCWD, to,
		MOVE_MOUNT_F_EMPTY_PATH) == 0;

	if (tree >= 0)
		close(tree);
	return done;
}

static bool
mount_all(char *const *paths, unsigned long long flags)
{
	for (; paths != NULL && *paths != NULL; paths++)
		if (!mount_again(*paths, *paths, flags))
			return false;
	return true;
}

static bool
arrange_mounts(const struct namespace_plan *plan)
{
	/* Nothing of it is to be seen outside. */
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return false;
	return mount_all(plan->anchored, 0) &&
	    mount_all(plan->read_only, MOUNT_ATTR_RDONLY);
}

static bool
wants_mounts(const struct namespace_plan *plan)
{
	return plan->anchored != NULL || plan->read_only != NULL;
}

void
namespaces_enter(struct namespaces *namespaces)
{
	const struct namespace_plan *plan = &namespaces->plan;
	int flags = 0;

	if (plan->network)
		flags |= CLONE_NEWNET;
	if (wants_mounts(plan))
		flags |= CLONE_NEWNS;
	/* Before anything else, so that all of it belongs to this one. */
	if (namespaces->through_user) {
		if (unshare(CLONE_NEWUSER | flags) < 0)
			return;
		if (!map_user(namespaces))
			return;
	} else if (unshare(flags) < 0) {
		return;
	}
	if (plan->network)
		namespaces->have_network = raise_loopback();
	if (wants_mounts(plan))
		namespaces->have_mounts = arrange_mounts(plan);
}

bool
namespaces_have_network(const struct namespaces *namespaces)
{
	return namespaces != NULL && namespaces->have_network;
}

bool
namespaces_have_mounts(const struct namespaces *namespaces)
{
	return namespaces != NULL && namespaces->have_mounts;
}
