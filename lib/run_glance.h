/* SPDX-License-Identifier: MIT */
/*
 * A look at what a run has left in its directory: is it at work, has it
 * ended, and how?
 *
 * A run is at work while its nr-log has the run's log locked (log_lock.h):
 * the kernel ends that with the process, however it ends. What lies in the
 * directory may be anything by then: no link is followed, no pipe waited
 * for, no file read beyond what a document may be, and of a report nothing is
 * handed on but numbers.
 */
#ifndef RUN_GLANCE_H
#define RUN_GLANCE_H

#include <stdbool.h>

#include "error.h"

struct run_glance {
	bool is_there;      /* a directory that could be opened */
	bool has_log;       /* run.log: nr-run made it */
	bool is_locked;     /* and is at work */
	unsigned n_reports; /* each time it was resumed there is one more */
	double started;     /* seconds since 1970: when it got its task */
	double changed;     /* the directory, when something came or went */
};

/* `runs` is a descriptor of the directory that it is in. */
void run_glance(struct run_glance *glance, int runs, const char *name);

struct run_report {
	bool is_readable; /* else the rest is unknown */
	bool success;
	bool has_type; /* of a failure, one of the table */
	enum error_type type;
	double duration_seconds; /* -1: not told */
	double ended;            /* seconds since 1970 */
};

/* The nth report, from 1. */
void run_glance_report(
    struct run_report *report, int runs, const char *name, unsigned n);

#endif
