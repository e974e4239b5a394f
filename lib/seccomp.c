/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* syscall, CLONE_* */
#include "seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "memory.h"

#if defined(__x86_64__)
static const uint32_t native = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
static const uint32_t native = AUDIT_ARCH_AARCH64;
#elif defined(__riscv) && __riscv_xlen == 64
static const uint32_t native = AUDIT_ARCH_RISCV64;
#else
static const uint32_t native = 0; /* seccomp_is_available() says no */
#endif

/* Calls of the x32 architecture, which shares x86-64's number. */
enum { X32_BIT = 0x40000000 };

/* Newer than the headers of the oldest system that we build on. */
enum { NR_fchmodat2 = 452 };

static const int denied[] = {
	SYS_acct,
	SYS_add_key,
	SYS_adjtimex,
	SYS_bpf,
	SYS_clock_adjtime,
	SYS_clock_settime,
	SYS_delete_module,
	SYS_fanotify_init,
	SYS_finit_module,
	SYS_fsconfig,
	SYS_fsmount,
	SYS_fsopen,
	SYS_fspick,
	SYS_init_module,
	SYS_io_uring_enter,
	SYS_io_uring_register,
	SYS_io_uring_setup,
	SYS_kexec_file_load,
	SYS_kexec_load,
	SYS_keyctl,
	SYS_lookup_dcookie,
	SYS_mount,
	SYS_mount_setattr,
	SYS_move_mount,
	SYS_nfsservctl,
	SYS_open_by_handle_at,
	SYS_open_tree,
	SYS_perf_event_open,
	SYS_pivot_root,
	SYS_quotactl,
	SYS_quotactl_fd,
	SYS_reboot,
	SYS_request_key,
	SYS_setdomainname,
	SYS_sethostname,
	SYS_setns,
	SYS_settimeofday,
	SYS_swapoff,
	SYS_swapon,
	SYS_syslog,
	SYS_umount2,
	SYS_userfaultfd,
	SYS_vhangup,
#if defined(__x86_64__)
	SYS_ioperm,
	SYS_iopl,
	SYS__sysctl,
	SYS_uselib,
	SYS_ustat,
#endif
};

static const int tracing[] = {
	SYS_kcmp,
	SYS_pidfd_getfd,
	SYS_process_madvise,
	SYS_process_vm_readv,
	SYS_process_vm_writev,
	SYS_ptrace,
};

/* Calls that set a mode, and which argument it is; if there are flags, only
 * when these make a file. */
static const struct {
	int call;
	uint32_t mode;
	int flags; /* -1: none */
} modes[] = {
#if defined(__x86_64__)
	{ SYS_chmod, 1, -1 },
	{ SYS_creat, 1, -1 },
	{ SYS_mknod, 1, -1 },
	{ SYS_open, 2, 1 },
#endif
	{ SYS_fchmod, 1, -1 },
	{ SYS_fchmodat, 2, -1 },
	{ NR_fchmodat2, 2, -1 },
	{ SYS_mknodat, 2, -1 },
	{ SYS_openat, 3, 2 },
};

enum { MAX_INSTRUCTIONS = 512 };

/* What is done about a call. */
struct rule {
	uint32_t call;
	enum {
		DENIED,
		MISSING, /* ENOSYS */
		SOCKETS,
		TERMINALS,
		MODE,
		SPACES
	} what;
	size_t mode; /* index of modes[] */
};
struct rules {
	struct rule items[128];
	size_t n;
};

struct seccomp_filter {
	struct sock_fprog program;
	struct sock_filter code[MAX_INSTRUCTIONS];
};

bool
seccomp_is_available(void)
{
	uint32_t action = SECCOMP_RET_ERRNO;

	return native != 0 &&
	    syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

static void
emit(struct seccomp_filter *filter, struct sock_filter instruction)
{
	if (filter->program.len == MAX_INSTRUCTIONS)
		abort();
	filter->code[filter->program.len++] = instruction;
}

static void
emit_load(struct seccomp_filter *filter, size_t offset)
{
	emit(filter,
	    (struct sock_filter)BPF_STMT(
		BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static void
emit_return(struct seccomp_filter *filter, uint32_t what)
{
	emit(filter, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, what));
}

static void
emit_error(struct seccomp_filter *filter, int error)
{
	emit_return(filter, SECCOMP_RET_ERRNO | (uint32_t)error);
}

/* Skips the next n instructions unless the value loaded compares. */
static void
emit_unless(struct seccomp_filter *filter, uint16_t comparison, uint32_t value,
    uint8_t n)
{
	emit(filter,
	    (struct sock_filter)BPF_JUMP(
		(uint16_t)(BPF_JMP | BPF_K | comparison), value, 0, n));
}

static size_t
argument(uint32_t n)
{
	/* The lower half, of little-endian machines. */
	return offsetof(struct seccomp_data, args) + 8 * (size_t)n;
}

static void
emit_architecture(struct seccomp_filter *filter)
{
	emit_load(filter, offsetof(struct seccomp_data, arch));
	emit(filter,
	    (struct sock_filter)BPF_JUMP(
		BPF_JMP | BPF_K | BPF_JEQ, native, 1, 0));
	emit_error(filter, ENOSYS);
	emit_load(filter, offsetof(struct seccomp_data, nr));
#if defined(__x86_64__)
	emit_unless(filter, BPF_JGE, X32_BIT, 1);
	emit_error(filter, ENOSYS);
#endif
}

static void
emit_sockets(struct seccomp_filter *filter, int flags)
{
	const struct {
		int family;
		int error;
	} families[] = {
		{ AF_UNIX, flags & SECCOMP_NO_UNIX ? EACCES : 0 },
		{ AF_INET, flags & SECCOMP_NO_INET ? EACCES : 0 },
		{ AF_INET6, flags & SECCOMP_NO_INET ? EACCES : 0 },
		{ AF_NETLINK, 0 },
	};
	enum { N_FAMILIES = sizeof families / sizeof families[0] };

	emit_unless(filter, BPF_JEQ, SYS_socket, 2 + 2 * N_FAMILIES);
	emit_load(filter, argument(0));
	for (size_t i = 0; i < N_FAMILIES; i++) {
		emit_unless(filter, BPF_JEQ, (uint32_t)families[i].family, 1);
		if (families[i].error != 0)
			emit_error(filter, families[i].error);
		else
			emit_return(filter, SECCOMP_RET_ALLOW);
	}
	emit_error(filter, EAFNOSUPPORT);
}

/* A character that seems to be typed by the person at the terminal. */
static void
emit_terminals(struct seccomp_filter *filter)
{
	emit_unless(filter, BPF_JEQ, SYS_ioctl, 6);
	emit_load(filter, argument(1));
	emit_unless(filter, BPF_JEQ, TIOCSTI, 1);
	emit_error(filter, EPERM);
	emit_unless(filter, BPF_JEQ, TIOCLINUX, 1);
	emit_error(filter, EPERM);
	emit_return(filter, SECCOMP_RET_ALLOW);
}

/* Whoever runs it later would lend his rights to the author. */
static void
emit_mode(struct seccomp_filter *filter, int call, uint32_t mode, int flags)
{
	emit_unless(filter, BPF_JEQ, (uint32_t)call, flags < 0 ? 4 : 7);
	if (flags >= 0) {
		emit_load(filter, argument((uint32_t)flags));
		/* O_TMPFILE has another bit that says so, O_DIRECTORY. */
		emit(filter,
		    (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_K | BPF_JSET,
			O_CREAT | (O_TMPFILE & ~O_DIRECTORY), 1, 0));
		emit_return(filter, SECCOMP_RET_ALLOW);
	}
	emit_load(filter, argument(mode));
	emit_unless(filter, BPF_JSET, S_ISUID, 1);
	emit_error(filter, EPERM);
	emit_return(filter, SECCOMP_RET_ALLOW);
}

static void
emit_spaces(struct seccomp_filter *filter, uint32_t call)
{
	static const uint32_t flags = CLONE_NEWUSER | CLONE_NEWNS |
	    CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS |
	    CLONE_NEWCGROUP;

	emit_unless(filter, BPF_JEQ, call, 4);
	emit_load(filter, argument(0));
	emit_unless(filter, BPF_JSET, flags, 1);
	emit_error(filter, EPERM);
	emit_return(filter, SECCOMP_RET_ALLOW);
}

/* With the number of the call loaded; goes on behind it if it is another. */
static void
emit_rule(struct seccomp_filter *filter, const struct rule *rule, int flags)
{
	switch (rule->what) {
	case DENIED:
	case MISSING:
		emit_unless(filter, BPF_JEQ, rule->call, 1);
		emit_error(filter, rule->what == DENIED ? EPERM : ENOSYS);
		break;
	case SOCKETS:
		emit_sockets(filter, flags);
		break;
	case TERMINALS:
		emit_terminals(filter);
		break;
	case MODE:
		emit_mode(filter, modes[rule->mode].call,
		    modes[rule->mode].mode, modes[rule->mode].flags);
		break;
	case SPACES:
		emit_spaces(filter, rule->call);
		break;
	}
}

/*
 * A tree, since the kernel tries a new filter on every call there is: one
 * after the other took it longer than all else that a sandbox needs.
 */
static void
emit_tree(struct seccomp_filter *filter, const struct rule *rules, size_t n,
    int flags)
{
	enum { LEAF = 3 };
	size_t half = n / 2, jump;

	if (n <= LEAF) {
		for (size_t i = 0; i < n; i++)
			emit_rule(filter, &rules[i], flags);
		emit_return(filter, SECCOMP_RET_ALLOW);
		return;
	}
	emit_unless(filter, BPF_JGE, rules[half].call, 1);
	jump = filter->program.len;
	emit(filter, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 0));
	emit_tree(filter, rules, half, flags);
	filter->code[jump].k = (uint32_t)(filter->program.len - jump - 1);
	emit_tree(filter, rules + half, n - half, flags);
}

static void
add(struct rules *rules, struct rule rule)
{
	if (rules->n == sizeof rules->items / sizeof rules->items[0])
		abort();
	rules->items[rules->n++] = rule;
}

static void
add_denied(struct rules *rules, const int *calls, size_t n)
{
	for (size_t i = 0; i < n; i++)
		add(rules,
		    (struct rule){
			.call = (uint32_t)calls[i], .what = DENIED });
}

static void
add_rules(struct rules *rules, int flags)
{
	add(rules, (struct rule){ .call = SYS_ioctl, .what = TERMINALS });
	/* It has the mode in memory; who uses it can do without. */
	add(rules, (struct rule){ .call = SYS_openat2, .what = MISSING });
	for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
		add(rules,
		    (struct rule){ .call = (uint32_t)modes[i].call,
			.what = MODE,
			.mode = i });
	if (flags & SECCOMP_NO_SPACES) {
		/* It has its flags in memory, where a filter cannot look;
		 * ENOSYS makes the C library fall back to clone(). */
		add(rules,
		    (struct rule){ .call = SYS_clone3, .what = MISSING });
		add(rules, (struct rule){ .call = SYS_clone, .what = SPACES });
		add(rules,
		    (struct rule){ .call = SYS_unshare, .what = SPACES });
	}
	if (flags & SECCOMP_NO_TRACE)
		add_denied(rules, tracing, sizeof tracing / sizeof tracing[0]);
	add_denied(rules, denied, sizeof denied / sizeof denied[0]);
}

static int
compare(const void *left, const void *right)
{
	uint32_t a = ((const struct rule *)left)->call;
	uint32_t b = ((const struct rule *)right)->call;

	return (a > b) - (a < b);
}

struct seccomp_filter *
seccomp_filter_new(int flags)
{
	struct seccomp_filter *filter = xcalloc(1, sizeof *filter);
	struct rules rules = { .n = 0 };

	filter->program.filter = filter->code;
	add(&rules, (struct rule){ .call = SYS_socket, .what = SOCKETS });
	if (!(flags & SECCOMP_ONLY_SOCKETS))
		add_rules(&rules, flags);
	qsort(rules.items, rules.n, sizeof rules.items[0], compare);
	emit_architecture(filter);
	emit_tree(filter, rules.items, rules.n, flags);
	return filter;
}

void
seccomp_filter_free(struct seccomp_filter *filter)
{
	free(filter);
}

bool
seccomp_enter(const struct seccomp_filter *filter)
{
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0,
		   &filter->program) == 0;
}
