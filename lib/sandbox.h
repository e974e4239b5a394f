/* SPDX-License-Identifier: MIT */
/*
 * What a command, and all that descends from it, may do to the rest of the
 * machine; see nr-limit(1), THE SANDBOX.
 *
 *   workspace  reads the system; writes to the workspace, the paths of
 *              `write`, and a /tmp of its own, removed afterwards
 *              (sandbox_tmp.h). Does not write to what in the
 *              workspace's .git makes git run code, and does not read the
 *              paths of `hide`, keys and passwords in the home directory, and
 *              the runs of others.
 *   strict     reads the system's own directories, not the home directory;
 *              makes no sockets with a path, and no namespaces. A kernel
 *              that cannot do all of that is a SecurityError.
 *
 * In both: no new privileges, no capabilities over the machine, a filter of
 * system calls (seccomp.h), rules about files (landlock.h), no signals to and
 * no look into processes outside. What the kernel cannot do is warned of
 * once.
 */
#ifndef SANDBOX_H
#define SANDBOX_H

#include <stdbool.h>

#include "error.h"

enum sandbox_mode { SANDBOX_OFF, SANDBOX_WORKSPACE, SANDBOX_STRICT };

struct sandbox_options {
	enum sandbox_mode mode;
	bool no_network;       /* but for a loopback, where that can be had */
	const char *workspace; /* NULL: none */
	/* It has our standard output and error, and may open them again when
	 * they are files: /dev/stdout, /dev/stderr. */
	bool has_output;
	/* NULL-terminated, or NULL. What is not there is passed over. */
	char **write;
	char **read; /* although it is hidden */
	char **hide;
	/* For process.c to say, so that what they name in /tmp is there. */
	const char *directory; /* to start in; NULL: here */
	char *const *argv, *const *environment;
};

/* What does it; NULL or 0: nothing. */
struct sandbox_means {
	int landlock_version;
	const char *calls;   /* "seccomp" */
	const char *network; /* "namespace", "seccomp" */
	const char *git;     /* "mounts" */
	/* /tmp: its own by "mounts", or the machine's by "Landlock"; NULL:
	 * only $TMPDIR. */
	const char *tmp;
};

struct sandbox;

/* NULL when there is nothing to do. `options` is borrowed up to the close. */
struct error *sandbox_open(
    struct sandbox **sandbox, const struct sandbox_options *options);

/* The environment, with another TMPDIR if there is one; both are borrowed up
 * to the close. */
char *const *sandbox_environment(
    struct sandbox *sandbox, char *const *environment);

/*
 * In the child, between vfork and exec: only system calls. First the spaces,
 * in which paths mean what they will mean to the command, then, last of all,
 * the rules. Returns what could not be done, with errno; NULL is success.
 */
const char *sandbox_enter_spaces(struct sandbox *sandbox);
const char *sandbox_enter_rules(const struct sandbox *sandbox);
/* After a failure of these: nothing could be mounted, and another sandbox will
 * be made that does without. */
bool sandbox_can_do_with_less(const struct sandbox *sandbox);
/* Is it in a user namespace of its own? */
bool sandbox_has_own_user_space(const struct sandbox *sandbox);

/* When all of the command is gone: removes temporary files, and frees. */
void sandbox_close(struct sandbox *sandbox, struct sandbox_means *means);

/* "off", "workspace", "strict"; false: none of them. */
bool sandbox_mode_by_name(enum sandbox_mode *mode, const char *name);
const char *sandbox_mode_name(enum sandbox_mode mode);

#endif
