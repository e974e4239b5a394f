/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* O_PATH */
#include "process_internal.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memory.h"

/* A look at all processes of the machine. */
struct look {
	struct family_member *members;
	size_t n, capacity;
};

static void
add_pid(pid_t **pids, size_t *n, pid_t pid)
{
	*pids = xreallocarray(*pids, *n + 1, sizeof **pids);
	(*pids)[(*n)++] = pid;
}

static bool
has_pid(const pid_t *pids, size_t n, pid_t pid)
{
	for (size_t i = 0; i < n; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

static bool
read_member(struct family_member *member, int proc, const char *pid)
{
	char path[32], text[512];
	const char *rest;
	ssize_t len;
	int fd, parent, group, session;
	char state;
	long n_threads, n_pages;

	snprintf(path, sizeof path, "%s/stat", pid);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	len = read(fd, text, sizeof text - 1);
	close(fd);
	if (len <= 0)
		return false;
	text[len] = '\0';
	/* "pid (name) state ppid pgrp session ...", see proc(5); the name may
	 * hold parentheses. The 20th is the threads, the 24th resident
	 * pages. */
	rest = strrchr(text, ')');
	if (rest == NULL ||
	    sscanf(rest + 1,
		" %c %d %d %d %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
		"%*s %*s %ld %*s %*s %*s %ld",
		&state, &parent, &group, &session, &n_threads, &n_pages) != 6)
		return false;
	*member = (struct family_member){
		.pid = (pid_t)strtol(pid, NULL, 10),
		.parent = (pid_t)parent,
		.group = (pid_t)group,
		.session = (pid_t)session,
		.zombie = state == 'Z',
		.n_threads = (size_t)n_threads,
		.memory_bytes = (size_t)n_pages * (size_t)sysconf(_SC_PAGESIZE),
	};
	return true;
}

static void
look_add(struct look *look, const struct family_member *member)
{
	if (look->n == look->capacity) {
		look->capacity = look->capacity > 0 ? 2 * look->capacity : 256;
		look->members = xreallocarray(
		    look->members, look->capacity, sizeof *look->members);
	}
	look->members[look->n++] = *member;
}

static int
compare(const void *left, const void *right)
{
	pid_t a = ((const struct family_member *)left)->pid;
	pid_t b = ((const struct family_member *)right)->pid;

	return (a > b) - (a < b);
}

static bool
look_around(struct look *look)
{
	DIR *proc = opendir("/proc");
	const struct dirent *entry;

	if (proc == NULL)
		return false;
	/* cppcheck-suppress readdirCalled; no program of ours has threads */
	while ((entry = readdir(proc)) != NULL) {
		struct family_member member;

		if (isdigit((unsigned char)entry->d_name[0]) &&
		    strlen(entry->d_name) <= 10 &&
		    read_member(&member, dirfd(proc), entry->d_name))
			look_add(look, &member);
	}
	closedir(proc);
	/* Where /proc is an empty directory, not even we are in it. */
	if (look->n == 0)
		return false;
	qsort(look->members, look->n, sizeof *look->members, compare);
	return true;
}

static const struct family_member *
find(const struct look *look, pid_t pid)
{
	struct family_member key = { .pid = pid };

	return bsearch(&key, look->members, look->n, sizeof key, compare);
}

/* Does it descend from us, and not by way of a bystander? */
static bool
is_ours(const struct look *look, const struct family *family, pid_t self,
    const struct family_member *member)
{
	enum { MAX_DEPTH = 10000 }; /* a look is no snapshot: loops happen */

	for (int i = 0; member != NULL && i < MAX_DEPTH; i++) {
		if (family_is_bystander(family, member->pid))
			return false;
		if (member->parent == self)
			return true;
		member = find(look, member->parent);
	}
	return false;
}

/* Leaves only the members in the look. */
static void
find_members(struct look *look, struct family *family)
{
	struct look all = { 0 };
	pid_t self = getpid();

	*look = (struct look){ 0 };
	family->blind = !look_around(&all);
	for (size_t i = 0; i < all.n; i++)
		if (is_ours(&all, family, self, &all.members[i]))
			look_add(look, &all.members[i]);
	free(all.members);
}

size_t
family_memory_of(pid_t pid)
{
	struct family_member member;
	char name[32];
	int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	bool found;

	snprintf(name, sizeof name, "%ld", (long)pid);
	found = proc >= 0 && read_member(&member, proc, name);
	if (proc >= 0)
		close(proc);
	return found ? member.memory_bytes : 0;
}

void
family_init(struct family *family)
{
	siginfo_t info;
	struct look look;

	*family = (struct family){ 0 };
	/* Almost always there are none, and it costs one call to know. */
	if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
		return;
	find_members(&look, family);
	for (size_t i = 0; i < look.n; i++)
		add_pid(&family->bystanders, &family->n_bystanders,
		    look.members[i].pid);
	free(look.members);
}

void
family_release(struct family *family)
{
	free(family->bystanders);
	free(family->signalled);
	*family = (struct family){ 0 };
}

bool
family_is_bystander(const struct family *family, pid_t pid)
{
	return has_pid(family->bystanders, family->n_bystanders, pid);
}

static void
signal_one(struct family *family, const struct family_member *member,
    int signal_number)
{
	/* A zombie too: its other threads may live on. */
	if (kill(member->pid, signal_number) < 0 ||
	    (member->zombie && member->n_threads < 2))
		return;
	/* One that is stopped would not notice. */
	if (signal_number == SIGTERM)
		kill(member->pid, SIGCONT);
	if (!has_pid(family->signalled, family->n_signalled, member->pid))
		add_pid(&family->signalled, &family->n_signalled, member->pid);
}

/*
 * A group is killed at once, however fast it forks. Of a session other than
 * ours all are of the family: it was begun by one of them.
 */
static void
kill_groups(const struct look *look)
{
	pid_t session = getsid(0), *killed = NULL;
	size_t n_killed = 0;

	for (size_t i = 0; i < look->n; i++) {
		const struct family_member *member = &look->members[i];

		if (member->session == session || member->group <= 1 ||
		    has_pid(killed, n_killed, member->group))
			continue;
		kill(-member->group, SIGKILL);
		add_pid(&killed, &n_killed, member->group);
	}
	free(killed);
}

size_t
family_signal(struct family *family, pid_t child, int signal_number)
{
	/* Who forks and begins a new session each time is to be outrun. */
	int max_looks = signal_number == SIGKILL ? 100 : 8;
	pid_t *told = NULL;
	size_t n_told = 0, n = 0;

	for (int i = 0; i < max_looks; i++) {
		struct look look;
		size_t n_new = 0;

		find_members(&look, family);
		n = look.n;
		if (signal_number == SIGKILL)
			kill_groups(&look);
		for (size_t j = 0; j < n; j++) {
			const struct family_member *member = &look.members[j];

			if (has_pid(told, n_told, member->pid))
				continue;
			signal_one(family, member, signal_number);
			add_pid(&told, &n_told, member->pid);
			n_new++;
		}
		free(look.members);
		if (n_new == 0)
			break;
	}
	free(told);
	if (family->blind && child > 0)
		kill(-child, signal_number);
	return n;
}

void
family_chase(const struct family *family, pid_t pid)
{
	enum { MAX_AHEAD = 4 };
	int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

	for (pid_t next = pid + 1; proc >= 0 && next <= pid + MAX_AHEAD;
	     next++) {
		struct family_member member;
		char name[16];

		snprintf(name, sizeof name, "%ld", (long)next);
		if (read_member(&member, proc, name) && !member.zombie &&
		    member.parent == getpid() &&
		    !family_is_bystander(family, next))
			kill(next, SIGKILL);
	}
	if (proc >= 0)
		close(proc);
}

size_t
family_count(struct family *family)
{
	struct look look;

	find_members(&look, family);
	free(look.members);
	return look.n;
}

size_t
family_list(struct family *family, struct family_member **members)
{
	struct look look;

	find_members(&look, family);
	*members = look.members;
	return look.n;
}

size_t
family_n_signalled(const struct family *family, pid_t child)
{
	return family->n_signalled -
	    has_pid(family->signalled, family->n_signalled, child);
}
