/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* sched_setaffinity */
#include "limiter.h"

#include <ctype.h>
#include <dirent.h>
#include <math.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cgroup.h"
#include "memory.h"

static const char rlimit[] = "rlimit";
static const char sampling[] = "sampling";
static const char affinity[] = "affinity";

struct limiter {
	struct limits limits;
	struct limits_means means;
	struct cgroup *cgroup;
	cpu_set_t cpus;
	rlim_t n_user_tasks; /* RLIMIT_NPROC counts all of the user's, ... */
	bool counts_apart;   /* ... or those in a user namespace */
};

/* Threads of this user, as RLIMIT_NPROC counts them. */
static rlim_t
count_user_tasks(void)
{
	DIR *proc = opendir("/proc");
	const struct dirent *entry;
	rlim_t n = 0;

	if (proc == NULL)
		return 0;
	while ((entry = readdir(proc)) != NULL) {
		struct stat info;
		char path[sizeof entry->d_name + 8];

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(path, sizeof path, "%s/task", entry->d_name);
		/* A directory's link count is 2 and one for each thread. */
		if (fstatat(dirfd(proc), path, &info, 0) == 0 &&
		    info.st_uid == getuid() && info.st_nlink > 2)
			n += info.st_nlink - 2;
	}
	closedir(proc);
	return n;
}

/*
 * RLIMIT_NPROC can be had only where all of the user's processes can be seen:
 * containers count together, but do not see each other. And root passes it.
 */
static bool
can_limit_tasks(void)
{
	const ino_t first_namespace = 0xeffffffc; /* PROC_PID_INIT_INO */
	struct stat info;

	return getuid() != 0 && stat("/proc/self/ns/pid", &info) == 0 &&
	    info.st_ino == first_namespace;
}

/* Since Linux 5.14 RLIMIT_NPROC counts for each user namespace. Not for root,
 * who is not limited. */
static bool
can_count_apart(void)
{
	struct utsname name;
	int major, minor;

	return getuid() != 0 && uname(&name) == 0 &&
	    sscanf(name.release, "%d.%d", &major, &minor) == 2 &&
	    (major > 5 || (major == 5 && minor >= 14));
}

/* As many CPUs as hold the share, from those that we may use. */
static bool
choose_cpus(struct limiter *limiter)
{
	cpu_set_t ours;
	int n, first, seen = 0;

	if (sched_getaffinity(0, sizeof ours, &ours) < 0)
		return false;
	n = (int)fmin(ceil(limiter->limits.cpu_percent / 100), CPU_SETSIZE);
	/* Runners side by side begin at different ones. */
	first = (int)getpid() % CPU_COUNT(&ours);
	CPU_ZERO(&limiter->cpus);
	for (size_t i = 0; i < 2 * CPU_SETSIZE; i++) {
		size_t cpu = i % CPU_SETSIZE;

		if (!CPU_ISSET(cpu, &ours) || seen++ < first)
			continue;
		CPU_SET(cpu, &limiter->cpus);
		if (CPU_COUNT(&limiter->cpus) == n)
			break;
	}
	return true;
}

static void
choose_means(struct limiter *limiter)
{
	const struct limits *limits = &limiter->limits;
	struct limits_means *means = &limiter->means;

	if (limits->memory_bytes > 0 &&
	    (means->memory = cgroup_means(limiter->cgroup, CGROUP_MEMORY)) ==
		NULL)
		means->memory = sampling;
	if (limits->cpu_percent > 0 &&
	    (means->cpu = cgroup_means(limiter->cgroup, CGROUP_CPU)) == NULL &&
	    choose_cpus(limiter))
		means->cpu = affinity;
	if (limits->n_processes > 0 &&
	    (means->processes = cgroup_means(limiter->cgroup, CGROUP_PIDS)) ==
		NULL) {
		means->processes = can_limit_tasks() ? rlimit : sampling;
		limiter->n_user_tasks = count_user_tasks();
		limiter->counts_apart = can_count_apart();
	}
	if (limits->file_size_bytes > 0)
		means->file_size = rlimit;
	if (limits->n_open_files > 0)
		means->open_files = rlimit;
}

struct limiter *
limiter_open(const struct limits *limits)
{
	struct limiter *limiter = xcalloc(1, sizeof *limiter);

	limiter->limits = *limits;
	if (limits->memory_bytes > 0 || limits->cpu_percent > 0 ||
	    limits->n_processes > 0)
		limiter->cgroup = cgroup_open(&(struct cgroup_settings){
		    .memory_bytes = limits->memory_bytes,
		    .cpu_percent = limits->cpu_percent,
		    .n_processes = limits->n_processes,
		});
	choose_means(limiter);
	return limiter;
}

static bool
set_rlimit(int resource, rlim_t value)
{
	struct rlimit limit;

	if (getrlimit((__rlimit_resource_t)resource, &limit) < 0)
		return false;
	/* What holds already may be less, and cannot be raised. */
	if (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < value)
		value = limit.rlim_max;
	limit.rlim_cur = limit.rlim_max = value;
	return setrlimit((__rlimit_resource_t)resource, &limit) == 0;
}

/* Where the command has a user namespace, that holds better. */
static void
count_apart(struct limiter *limiter)
{
	if (!limiter->counts_apart)
		return;
	limiter->n_user_tasks = 0;
	limiter->means.processes = rlimit;
}

const char *
limiter_enter(struct limiter *limiter, bool own_user_space)
{
	const struct limits *limits = &limiter->limits;
	const struct limits_means *means = &limiter->means;

	if (own_user_space)
		count_apart(limiter);

	if (!cgroup_enter(limiter->cgroup))
		return "enter the control group";
	if (means->cpu == affinity &&
	    sched_setaffinity(0, sizeof limiter->cpus, &limiter->cpus) < 0)
		return "limit the CPU";
	if (means->processes == rlimit &&
	    !set_rlimit(
		RLIMIT_NPROC, limiter->n_user_tasks + limits->n_processes))
		return "limit the processes";
	if (means->file_size == rlimit &&
	    !set_rlimit(RLIMIT_FSIZE, (rlim_t)limits->file_size_bytes))
		return "limit the file size";
	if (means->open_files == rlimit &&
	    !set_rlimit(RLIMIT_NOFILE, (rlim_t)limits->n_open_files))
		return "limit the open files";
	return NULL;
}

const struct limits_means *
limiter_means(const struct limiter *limiter)
{
	return &limiter->means;
}

bool
limiter_wants_samples(const struct limiter *limiter)
{
	return limiter->means.memory == sampling ||
	    limiter->means.processes == sampling;
}

void
limiter_close(struct limiter *limiter, struct limits_usage *usage)
{
	struct cgroup_usage group;

	if (usage != NULL) {
		cgroup_usage(limiter->cgroup, &group);
		*usage = (struct limits_usage){
			.n_memory_kills = group.n_memory_kills,
			.peak_memory_bytes = group.peak_memory_bytes,
			.throttled_seconds = group.throttled_seconds,
		};
	}
	cgroup_close(limiter->cgroup);
	free(limiter);
}
