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
	volatile bool have_user, have_network, have_mounts;
};

void
namespace_mounts_add(struct namespace_mounts *mounts, const char *from,
    const char *to, bool read_only)
{
	mounts->items =
	    xreallocarray(mounts->items, mounts->n + 1, sizeof *mounts->items);
	mounts->items[mounts->n++] = (struct namespace_mount){
		.from = xstrdup(from),
		.to = xstrdup(to),
		.read_only = read_only,
	};
}

static void
release_plan(struct namespace_plan *plan)
{
	for (size_t i = 0; i < plan->mounts.n; i++) {
		free(plan->mounts.items[i].from);
		free(plan->mounts.items[i].to);
	}
	free(plan->mounts.items);
	free(plan->directory);
	*plan = (struct namespace_plan){ 0 };
}

struct namespaces *
namespaces_open(struct namespace_plan *plan)
{
	struct namespaces *namespaces;

	if (!plan->network && plan->mounts.n == 0) {
		release_plan(plan);
		return NULL;
	}
	namespaces = xcalloc(1, sizeof *namespaces);
	namespaces->plan = *plan;
	*plan = (struct namespace_plan){ 0 };
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
	if (namespaces != NULL)
		release_plan(&namespaces->plan);
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

/* Not mount(2) with MS_REMOUNT, which in a user namespace would have to know
 * every other flag that is locked. */
static bool
make_read_only(int fd, const char *path)
{
	struct mount_attr attributes = { .attr_set = MOUNT_ATTR_RDONLY };

	return syscall(SYS_mount_setattr, fd, path,
		   AT_EMPTY_PATH | AT_RECURSIVE, &attributes,
		   sizeof attributes) == 0;
}

/* A copy of what is there, not mounted anywhere yet. */
static bool
copy_tree(struct namespace_mount *mount)
{
	mount->tree = (int)syscall(SYS_open_tree, AT_FDCWD, mount->from,
	    OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	return mount->tree >= 0 &&
	    (!mount->read_only || make_read_only(mount->tree, ""));
}

/* All of them first: later ones may lie where earlier ones will be. */
static bool
copy_trees(struct namespace_mounts *mounts)
{
	for (size_t i = 0; i < mounts->n; i++)
		if (!copy_tree(&mounts->items[i]))
			return false;
	return true;
}

static bool
move_tree(const struct namespace_mount *mount)
{
	bool done = syscall(SYS_move_mount, mount->tree, "", AT_FDCWD,
			mount->to, MOVE_MOUNT_F_EMPTY_PATH) == 0;

	close(mount->tree);
	return done;
}

/* False: not completed. */
static bool
arrange_mounts(struct namespaces *namespaces)
{
	const struct namespace_plan *plan = &namespaces->plan;

	/* Nothing of it is to be seen outside. */
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    !copy_trees(&namespaces->plan.mounts) ||
	    (plan->read_only && !make_read_only(AT_FDCWD, "/")) ||
	    !move_tree(&plan->mounts.items[0]))
		return true; /* not begun */
	for (size_t i = 1; i < plan->mounts.n; i++)
		if (!move_tree(&plan->mounts.items[i]))
			return false;
	namespaces->have_mounts = true;
	return plan->directory == NULL || chdir(plan->directory) == 0;
}

bool
namespaces_enter(struct namespaces *namespaces)
{
	const struct namespace_plan *plan = &namespaces->plan;
	int flags = 0;

	if (plan->network)
		flags |= CLONE_NEWNET;
	if (plan->mounts.n > 0)
		flags |= CLONE_NEWNS;
	/* Before anything else, so that all of it belongs to this one. */
	if (namespaces->through_user) {
		if (unshare(CLONE_NEWUSER | flags) < 0)
			return true;
		if (!map_user(namespaces))
			return true;
		namespaces->have_user = true;
	} else if (unshare(flags) < 0) {
		return true;
	}
	if (plan->network)
		namespaces->have_network = raise_loopback();
	return plan->mounts.n == 0 || arrange_mounts(namespaces);
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

bool
namespaces_have_user(const struct namespaces *namespaces)
{
	return namespaces != NULL && namespaces->have_user;
}
