/* SPDX-License-Identifier: MIT */
/*
 * The contract of a stage (nr(7)): one document in, one document out, the
 * rest on standard error, exit codes from the table in error.c. A program
 * describes itself in a `struct stage_program`, and stage_main() does what
 * is the same for all:
 *
 *   options; configuration; document, checked; secrets and mask; log, with
 *   the document's context; a failed document passes through; the work, with
 *   stage_start and stage_end events; `error` into the document; the
 *   document out, masked and checked; the exit code.
 *
 * Options of every stage: -i FILE, --config FILE, --log-level LEVEL,
 * --dry-run, -h --help, -V --version, and one for each of its
 * configuration keys.
 */
#ifndef STAGE_H
#define STAGE_H

#include <stdbool.h>

#include "buffer.h"
#include "clock.h"
#include "config.h"
#include "document.h"
#include "error.h"
#include "log.h"
#include "secret.h"

struct stage {
	const struct stage_program *program;
	struct document *doc;
	struct config *config;
	struct secrets *secrets;
	const struct mask *mask;
	const char *run_dir; /* absolute; exists, mode 0700 */
	const char *input;   /* -i, of a program that reads no document */
	bool dry_run;
	double started;         /* clock_monotonic() */
	double ends;            /* the task's deadline, on clock_monotonic() */
	double reserve_seconds; /* kept for diff, upload and report */
};

/* An option of one program alone. */
struct stage_option {
	const char *name;     /* long, without dashes */
	int short_name;       /* 0: none */
	const char *argument; /* "FILE"; NULL: takes none */
	const char *help;
	/* Where it goes: one of the two. */
	const char **value;
	bool *flag;
};

struct stage_program {
	const char *name;        /* "nr-push" */
	const char *description; /* one line */
	/*
	 * Of a program that is no stage, but has a stage's options, settings,
	 * secrets, log and exit codes: what it reads, "request.json", which it
	 * does itself. It has no document, no run directory, no deadline; it
	 * writes its own output, and its errors are told. "": it reads nothing.
	 */
	const char *input;
	const char *const *keys; /* configuration keys it uses; NULL-ended */
	const struct stage_option *options; /* ends with name NULL; or NULL */
	bool after_error;                   /* works on failed documents too */
	bool reports; /* exits with the code of the document's error */
	/* The flag of nr-exec --fix: a document that failed with a
	 * TestExecutionError or a PlaybookExecutionError is taken up again,
	 * without its error. */
	const bool *takes_failed_tests;
	/*
	 * The work. An error is recorded in the document and decides the
	 * exit code; sections set before it are kept.
	 */
	struct error *(*run)(struct stage *stage);
	/* What goes to standard output; NULL: the document. */
	struct error *(*write)(const struct stage *stage);
};

int stage_main(int argc, char *argv[], const struct stage_program *program);

/* All that a program without a document reads: `input`, or standard input.
 * More than the buffer holds is an IOError. */
struct error *stage_read_input(struct buffer *input, const struct stage *stage);

/* Seconds until the deadline less the reserve; a TimeoutError when none are
 * left. stage_reserve_left() counts the reserve in and is at least 0. */
struct error *stage_time_left(const struct stage *stage, double *seconds);
double stage_reserve_left(const struct stage *stage);

/* A path in the run directory; the caller frees. */
char *stage_path(const struct stage *stage, const char *name);
/* The workspace, resolved and checked to be a directory; the caller frees. */
struct error *stage_workspace(const struct stage *stage, char **path);

/* With --dry-run: one line on standard output, "nr-push: would ...". */
void stage_plan(const struct stage *stage, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
