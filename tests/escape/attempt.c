/* SPDX-License-Identifier: MIT */
/*
 * attempt WHAT [ARGUMENT]: tries what a sandbox is to prevent. Exit 0: it
 * worked; 1: it was denied, and standard output says how.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static int
write_to(const char *path)
{
	int fd = open(path, O_WRONLY);

	return fd < 0 ? -1 : (int)write(fd, "x", 1);
}

static int
read_from(const char *path)
{
	char c;
	int fd = open(path, O_RDONLY);

	return fd < 0 || read(fd, &c, 1) < 1 ? -1 : 0;
}

static int
create(const char *path)
{
	return open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
}

static int
cut(const char *path)
{
	return truncate(path, 0);
}

static int
trace(const char *pid)
{
	return (int)ptrace(
	    PTRACE_ATTACH, (pid_t)strtol(pid, NULL, 10), NULL, NULL);
}

static int
read_memory(const char *pid)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%s/mem", pid);
	return open(path, O_RDWR);
}

static int
take_descriptor(const char *pid)
{
	int fd = (int)syscall(SYS_pidfd_open, (pid_t)strtol(pid, NULL, 10), 0);

	return fd < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, fd, 0, 0);
}

static int
stop(const char *pid)
{
	return kill((pid_t)strtol(pid, NULL, 10), SIGSTOP);
}

static int
mount_something(const char *path)
{
	return mount("none", path, "tmpfs", 0, NULL);
}

static int
mount_in_namespace(const char *path)
{
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return -1;
	return mount("none", path, "tmpfs", 0, NULL);
}

static int
unmount(const char *path)
{
	return umount2(path, MNT_DETACH);
}

static int
make_device(const char *path)
{
	return mknod(path, S_IFCHR | 0600, 0x103);
}

static int
use_io_uring(const char *unused)
{
	char parameters[256] = { 0 };

	(void)unused;
	return (int)syscall(SYS_io_uring_setup, 4, parameters);
}

static int
use_bpf(const char *unused)
{
	char attributes[128] = { 0 };

	(void)unused;
	return (int)syscall(SYS_bpf, 0, attributes, sizeof attributes);
}

static int
use_perf(const char *unused)
{
	char attributes[128] = { 0 };

	(void)unused;
	attributes[4] = sizeof attributes;
	return (int)syscall(SYS_perf_event_open, attributes, 0, -1, -1, 0);
}

static int
use_keys(const char *unused)
{
	(void)unused;
	return (int)syscall(
	    SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING, 1);
}

static int
use_userfaultfd(const char *unused)
{
	(void)unused;
	return (int)syscall(SYS_userfaultfd, 1);
}

static int
enter_namespace(const char *path)
{
	int fd = open(path, O_RDONLY);

	return fd < 0 ? -1 : setns(fd, 0);
}

static int
open_by_handle(const char *path)
{
	struct {
		struct file_handle head;
		unsigned char space[128];
	} handle = { .head.handle_bytes = 128 };
	int id;

	if (name_to_handle_at(AT_FDCWD, path, &handle.head, &id, 0) < 0)
		return -1;
	return open_by_handle_at(
	    open("/", O_RDONLY | O_DIRECTORY), &handle.head, O_RDONLY);
}

static int
set_user_id(const char *path)
{
	return chmod(path, 04755);
}

static int
create_set_user_id(const char *path)
{
	return open(path, O_WRONLY | O_CREAT | O_EXCL, 04755);
}

static int
fake_input(const char *unused)
{
	char c = 'x';

	(void)unused;
	return ioctl(STDIN_FILENO, TIOCSTI, &c);
}

static int
connect_to_port(const char *port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)strtol(port, NULL, 10)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0)
		return -1;
	return connect(fd, (struct sockaddr *)&address, sizeof address);
}

static int
send_datagram(const char *host)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons(53) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	inet_pton(AF_INET, host, &address.sin_addr);
	if (fd < 0)
		return -1;
	return (int)sendto(
	    fd, "x", 1, 0, (struct sockaddr *)&address, sizeof address);
}

static int
bind_path(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	if (fd < 0)
		return -1;
	return bind(fd, (struct sockaddr *)&address, sizeof address);
}

static int
connect_to_name(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	size_t len = strlen(name);

	memcpy(address.sun_path + 1, name, len);
	if (fd < 0)
		return -1;
	return connect(fd, (struct sockaddr *)&address,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + len));
}

static int
use_packets(const char *unused)
{
	(void)unused;
	return socket(AF_PACKET, SOCK_RAW, 0);
}

static int
use_vsock(const char *unused)
{
	(void)unused;
	return socket(AF_VSOCK, SOCK_STREAM, 0);
}

static int
set_host_name(const char *name)
{
	return sethostname(name, strlen(name));
}

static int
gain_privileges(const char *unused)
{
	(void)unused;
	return prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0);
}

static int
change_root(const char *path)
{
	if (chroot(path) < 0)
		return -1;
	/* Having a new root must not mean having new rights. */
	return open("/etc/passwd", O_WRONLY);
}

/* A gigabyte of them. */
static int
execute_with_arguments(const char *unused)
{
	enum { N = 10000, LEN = 100000 };
	static char one[LEN + 1];
	static char *all[N + 1];

	(void)unused;
	memset(one, 'x', LEN);
	for (size_t i = 0; i < N; i++)
		all[i] = one;
	return execv("/bin/true", all);
}

static int
move_out(const char *path)
{
	return rename("own-file", path);
}

static int
link_in(const char *path)
{
	return link(path, "linked");
}

static int
exchange(const char *path)
{
	return renameat2(AT_FDCWD, "own-file", AT_FDCWD, path, RENAME_EXCHANGE);
}

/* By a descriptor that only names the file. */
static int
open_again(const char *path)
{
	char name[64];
	int fd = open(path, O_PATH);

	snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
	return fd < 0 ? -1 : open(name, O_WRONLY);
}

static int
remove_file(const char *path)
{
	return unlink(path);
}

static int
make_directory(const char *path)
{
	return mkdir(path, 0755);
}

static int
make_link(const char *path)
{
	return symlink("/etc/passwd", path);
}

static int
make_fifo(const char *path)
{
	return mkfifo(path, 0644);
}

static int
unnamed_file(const char *path)
{
	return open(path, O_TMPFILE | O_WRONLY, 0644);
}

static int
load_module(const char *unused)
{
	(void)unused;
	return (int)syscall(SYS_init_module, "", 0UL, "");
}

static int
set_clock(const char *unused)
{
	struct timespec now;

	(void)unused;
	clock_gettime(CLOCK_REALTIME, &now);
	return clock_settime(CLOCK_REALTIME, &now);
}

static int
reboot_machine(const char *unused)
{
	(void)unused;
	/* Without the magic numbers it would do nothing. */
	return (int)syscall(SYS_reboot, 0, 0, 0, NULL) < 0 && errno != EPERM
	    ? 0
	    : -1;
}

static int
read_kernel_log(const char *unused)
{
	char text[64];

	(void)unused;
	return (int)syscall(SYS_syslog, 3, text, sizeof text);
}

static int
raise_priority(const char *unused)
{
	(void)unused;
	errno = 0;
	return nice(-5) == -1 && errno != 0 ? -1 : 0;
}

/* The 32-bit way to make a call. */
static int
use_other_architecture(const char *unused)
{
	long answer = -1;

	(void)unused;
#if defined(__x86_64__)
	__asm__ volatile("int $0x80" : "=a"(answer) : "a"(20L) : "memory");
#endif
	errno = answer < 0 ? (int)-answer : 0;
	return answer < 0 ? -1 : 0;
}

static const struct {
	const char *name;
	int (*attempt)(const char *argument);
} attempts[] = {
	{ "write", write_to },
	{ "read", read_from },
	{ "create", create },
	{ "truncate", cut },
	{ "trace", trace },
	{ "memory", read_memory },
	{ "descriptor", take_descriptor },
	{ "signal", stop },
	{ "mount", mount_something },
	{ "mount-in-namespace", mount_in_namespace },
	{ "unmount", unmount },
	{ "device", make_device },
	{ "io_uring", use_io_uring },
	{ "bpf", use_bpf },
	{ "perf", use_perf },
	{ "keys", use_keys },
	{ "userfaultfd", use_userfaultfd },
	{ "namespace", enter_namespace },
	{ "handle", open_by_handle },
	{ "set-user-id", set_user_id },
	{ "create-set-user-id", create_set_user_id },
	{ "fake-input", fake_input },
	{ "connect", connect_to_port },
	{ "datagram", send_datagram },
	{ "bind-path", bind_path },
	{ "connect-name", connect_to_name },
	{ "packets", use_packets },
	{ "vsock", use_vsock },
	{ "host-name", set_host_name },
	{ "new-privileges", gain_privileges },
	{ "chroot", change_root },
	{ "arguments", execute_with_arguments },
	{ "move-out", move_out },
	{ "link-in", link_in },
	{ "exchange", exchange },
	{ "open-again", open_again },
	{ "remove", remove_file },
	{ "make-directory", make_directory },
	{ "make-link", make_link },
	{ "make-fifo", make_fifo },
	{ "unnamed-file", unnamed_file },
	{ "load-module", load_module },
	{ "clock", set_clock },
	{ "reboot", reboot_machine },
	{ "kernel-log", read_kernel_log },
	{ "priority", raise_priority },
	{ "other-architecture", use_other_architecture },
};

int
main(int argc, char *argv[])
{
	for (size_t i = 0; argc > 1 && i < sizeof attempts / sizeof attempts[0];
	     i++) {
		if (strcmp(attempts[i].name, argv[1]) != 0)
			continue;
		if (attempts[i].attempt(argc > 2 ? argv[2] : "") >= 0)
			return 0;
		printf("%s\n", strerrorname_np(errno));
		return 1;
	}
	fprintf(stderr, "usage: attempt WHAT [ARGUMENT]\n");
	return 64;
}
