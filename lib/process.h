/* SPDX-License-Identifier: MIT */
/*
 * The supervisor: runs one command of somebody else's (an agent, a test, a
 * playbook step) and has it under control until nothing of it is left.
 *
 * The child gets its own session and process group, standard input from a
 * file or /dev/null, no descriptors beyond 0, 1, 2, and exactly the
 * environment given. The caller is a child subreaper meanwhile: whatever the
 * child leaves behind (setsid, double fork, an open standard output) is
 * ended and reaped. Ending is TERM to all, a grace, KILL to all; afterwards
 * at most 2 s are spent on what is still in the pipes.
 *
 * A command that ran and failed is a result, not an error. process_run()
 * returns an error only if the runner itself could not do its part.
 */
#ifndef PROCESS_H
#define PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "error.h"
#include "limiter.h"
#include "mask.h"
#include "sandbox.h"

enum process_end {
	PROCESS_EXITED,    /* by itself: exit_code */
	PROCESS_SIGNALED,  /* by a signal not ours: signal */
	PROCESS_NO_START,  /* not started: start_errno, exit_code 126 or 127 */
	PROCESS_TIMED_OUT, /* ended by us: timeout_seconds */
	PROCESS_STALLED,   /* ended by us: stall_seconds without output */
	PROCESS_MEMORY,    /* failed, and a process of it over the limit was
	                    * ended; exit_code and signal as it ended */
	PROCESS_TOO_MANY,  /* ended by us: more processes than allowed */
	PROCESS_TOO_LARGE, /* by SIGXFSZ: a file over the limit */
	PROCESS_CANCELLED, /* ended by us: cancel_signal() */
	PROCESS_LOST,      /* not even SIGKILL ended it, or somebody else took
	                    * its status */
};

/* Is shown what a command prints, as it comes and as it is kept: masked, in
 * pieces of any size. */
struct process_observer {
	void (*see)(void *context, const char *bytes, size_t len);
	void *context;
};

struct process_options {
	char *const *argv;        /* found on PATH as in `environment` */
	char *const *environment; /* NULL: process_environment(NULL, NULL) */
	const char *directory;    /* to start in; NULL: here */
	const char *stdin_path;   /* NULL: /dev/null */
	const char *stdout_path;  /* files, created 0600 */
	const char *stderr_path;
	bool inherit_input;  /* our standard input, for stdin_path */
	bool inherit_output; /* our standard output and error, for the paths;
	                      * with stall_seconds by way of us */
	size_t output_limit; /* bytes kept of each, head and tail; 0: 64 MiB */
	double timeout_seconds; /* 0: none */
	double stall_seconds;   /* 0: none */
	double grace_seconds;   /* 0: 10 */
	struct limits limits;
	/* Its $TMPDIR replaces that of `environment`. */
	struct sandbox_options sandbox;
	const struct mask *mask; /* output passes through it; NULL: none */
	struct process_observer stdout_observer, stderr_observer;
	/* Of `output` events, at debug level, with the last line: at most five
	 * a second of each stream. NULL: none. */
	const char *label;
};

struct process_output {
	size_t n_bytes;   /* written by the command */
	size_t n_dropped; /* of these, in the middle, not kept in the file */
};

struct process_result {
	enum process_end end;
	int exit_code; /* as a shell would say: 128 + signal */
	int signal;    /* 0: none */
	int start_errno;
	double wall_seconds, user_seconds, system_seconds;
	/*
	 * Resident memory of all its processes together: looked at ever so
	 * often, and never less than the largest single process. 0: it ended
	 * before it could be measured.
	 */
	size_t peak_memory_bytes;
	size_t written_bytes;      /* to storage, by all of them */
	size_t n_reaped;           /* processes left behind and ended by us */
	size_t n_memory_kills;     /* processes ended for the memory limit */
	double throttled_seconds;  /* what it waited for the CPU limit */
	struct limits limits;      /* those of the options */
	struct limits_means means; /* what held them */
	struct sandbox_means sandbox;
	struct process_output out, err;
};

struct error *process_run(
    struct process_result *result, const struct process_options *options);

/*
 * For programs that run commands; the first thing they do. Splits the process
 * in two: the caller goes on in the child, while the parent, the guard, does
 * nothing but hand signals on and end as the child ends. If the child is
 * killed, the guard ends all that it had started; if the guard is, the child
 * gets SIGTERM and does the same. A fork alone makes that sure: nothing else
 * outlives SIGKILL. The child has a session of its own, so that what is sent
 * to the whole process group, as `timeout -k` does, is for the guard alone.
 */
void process_guard(void);
/* The process group that the program was started in. */
pid_t process_group(void);

/* "exited", "signaled", "not_started", "timeout", "stalled", "memory",
 * "processes", "file_size", "cancelled", "lost". */
const char *process_end_name(enum process_end end);

/* "exit code 3", "killed by SIGSEGV", "timed out after 30 s", ...; the
 * caller frees. */
char *process_describe(
    const struct process_result *result, const struct process_options *options);

/*
 * An environment from the allow-list (PATH HOME USER LOGNAME SHELL LANG
 * LANGUAGE LC_* TZ TERM COLORTERM NO_COLOR TMPDIR XDG_*_HOME TRACEPARENT
 * TRACESTATE CI), the variables named in `pass`, and the settings
 * ("NAME=value") in `set`, which win. Both are NULL-terminated or NULL.
 * *n_kept_back counts the variables that were left out. Free with
 * process_environment_free().
 */
char **process_environment(
    char *const *pass, char *const *set, size_t *n_kept_back);
void process_environment_free(char **environment);

/*
 * Cancelling: SIGINT, SIGTERM and SIGHUP are noted, and end what runs.
 * Programs call cancel_install() first; long loops ask cancel_signal().
 */
void cancel_install(void);
int cancel_signal(void); /* 0: none came */
/*
 * What came is forgotten, so that something can still be put in order; a
 * further signal cancels that. Not one of the next second: a Ctrl-C comes to
 * a process by way of several others, too.
 */
void cancel_forget(void);

#endif
