/* SPDX-License-Identifier: MIT */
/*
 * What the files of the supervisor share and nobody else needs: starting a
 * child (process_start.c), finding and signalling all that descends from it
 * (process_family.c), measuring that (process_watch.c), and keeping what it
 * prints (process_output.c).
 */
#ifndef PROCESS_INTERNAL_H
#define PROCESS_INTERNAL_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "error.h"
#include "process.h"

/*
 * The signals while a command runs: those that cancel are let in only while
 * ppoll() waits, news of children is noted, orphans become ours.
 */
struct signals {
	sigset_t blocked, waiting; /* masks: outside of and in ppoll() */
	struct {
		sigset_t mask;
		struct sigaction child, file_size, pipe;
		int subreaper;
	} before;
};

void signals_take(struct signals *signals);
void signals_return(const struct signals *signals);
bool signals_child_news(void); /* since it was last asked */

/* Into a session of its own; process_group() stays what it was. */
void process_group_leave(void);

/*
 * Starts the command with these descriptors as its 0, 1 and 2. A command that
 * could not be executed is no error: result->end is PROCESS_NO_START, and
 * there is no child. All signals must be blocked.
 */
struct error *process_start(pid_t *child, struct process_result *result,
    const struct process_options *options, struct limiter *limiter,
    struct sandbox *sandbox, const int fds[3]);

/*
 * The processes below this one, but for those that were there before (a
 * shell's process substitution makes them children of the program) and what
 * descends from them.
 */
struct family {
	pid_t *bystanders; /* children of ours that are none of our business */
	size_t n_bystanders;
	pid_t *signalled; /* told to end; to count each once */
	size_t n_signalled;
	bool blind; /* there is no /proc to look at */
};

void family_init(struct family *family);
void family_release(struct family *family);

/*
 * Sends a signal to every living member, until a look finds none that did
 * not get it. Returns how many were found by the last look. `child` is told
 * by its process group even if /proc is not there; 0: it is gone. SIGKILL goes
 * to whole process groups: what they fork meanwhile gets it too.
 */
size_t family_signal(struct family *family, pid_t child, int signal_number);
/*
 * Kills a child of ours with one of the numbers that follow the pid. What
 * forks and ends, again and again, is gone before a look at all processes
 * is over; but who came of the last that ended has the next number.
 */
void family_chase(const struct family *family, pid_t pid);
bool family_is_bystander(const struct family *family, pid_t pid);
size_t family_count(struct family *family);
/* How many were told to end, other than the child. */
size_t family_n_signalled(const struct family *family, pid_t child);

struct family_member {
	pid_t pid, parent, group, session;
	bool zombie;
	size_t n_threads;
	size_t memory_bytes; /* resident; what is shared counts in each */
};
/* The living members and their number; the caller frees. */
size_t family_list(struct family *family, struct family_member **members);
/* Resident; 0: it has ended. */
size_t family_memory_of(pid_t pid);

/*
 * Looks ever so often at how much the family uses, seldom enough to cost
 * little, and holds the limits that the kernel does not.
 */
struct watch {
	double next; /* when to look, on clock_monotonic() */
	double interval_seconds;
	double longest_seconds;
	double largest_share; /* of the time, that looks may take */
	size_t memory_bytes;  /* the limit, if it is ours to hold; 0: not */
	size_t n_processes;   /* the same */
	size_t peak_memory_bytes;
	size_t n_memory_kills;
	bool too_many; /* processes: the command must end */
};

void watch_init(struct watch *watch, const struct limits *limits,
    const struct limits_means *means, double now);
void watch_look(struct watch *watch, struct family *family);
/* At one process alone, which costs next to nothing. */
void watch_glance(struct watch *watch, pid_t pid);

/*
 * One output of a child: a pipe in, a file out; masked, its middle left out
 * when it is larger than the limit, with flat memory. Or passed on to a
 * descriptor of ours as it is, at the pace of whoever reads that.
 */
struct capture;

/* *write_end is for the child, and the caller's to close. */
struct error *capture_open(struct capture **capture, int *write_end,
    const char *path, const struct process_options *options,
    const char *stream);
/* The other kind; `to` is borrowed. */
struct error *capture_open_through(
    struct capture **capture, int *write_end, int to);
bool capture_is_open(const struct capture *capture);
/* Is it us who are waiting, for whoever reads our output? */
bool capture_is_held_up(const struct capture *capture);
/* What to wait for. */
struct pollfd capture_poll(const struct capture *capture);
/* Takes once what is there. */
struct error *capture_read(struct capture *capture);
/* When an event with the last line is due; 0: none is. */
double capture_event_due(const struct capture *capture);
void capture_event(struct capture *capture, double now);
/* Completes the file. */
struct error *capture_finish(
    struct capture *capture, struct process_output *output);
void capture_free(struct capture *capture);

/*
 * Descriptors for the child's 0, 1 and 2 as the options ask for, to be closed
 * by stdio_close(), and the captures behind 1 and 2, if they are captured.
 */
enum { STDIO_N_CAPTURES = 2 };
struct error *stdio_open(int fds[3], struct capture *captures[STDIO_N_CAPTURES],
    const struct process_options *options);
void stdio_close(int fds[3]);

#endif
