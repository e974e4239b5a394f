/* SPDX-License-Identifier: MIT */
/*
 * What the files of the supervisor share and nobody else needs: starting a
 * child (process_start.c), finding and signalling all that descends from it
 * (process_family.c), and keeping what it prints (process_output.c).
 */
#ifndef PROCESS_INTERNAL_H
#define PROCESS_INTERNAL_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "error.h"
#include "process.h"

/*
 * Starts the command with these descriptors as its 0, 1 and 2. A command that
 * could not be executed is no error: result->end is PROCESS_NO_START, and
 * there is no child. All signals must be blocked.
 */
struct error *process_start(pid_t *child, struct process_result *result,
    const struct process_options *options, const int fds[3]);

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
 * by its process group even if /proc is not there; 0: it is gone.
 */
size_t family_signal(struct family *family, pid_t child, int signal_number);
bool family_is_bystander(const struct family *family, pid_t pid);
size_t family_count(struct family *family);
/* How many were told to end, other than the child. */
size_t family_n_signalled(const struct family *family, pid_t child);

/*
 * One output of a child: a pipe in, a file out; masked, its middle left out
 * when it is larger than the limit, with flat memory.
 */
struct capture;

/* *write_end is for the child, and the caller's to close. */
struct error *capture_open(struct capture **capture, int *write_end,
    const char *path, const struct process_options *options,
    const char *stream);
int capture_fd(const struct capture *capture); /* -1 after its end */
/* Reads once what is there. */
struct error *capture_read(struct capture *capture);
/* When an event with the last line is due; 0: none is. */
double capture_event_due(const struct capture *capture);
void capture_event(struct capture *capture, double now);
/* Completes the file. */
struct error *capture_finish(
    struct capture *capture, struct process_output *output);
void capture_free(struct capture *capture);

#endif
