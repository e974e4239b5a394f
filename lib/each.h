/* SPDX-License-Identifier: MIT */
/* A command for each document of a stream; see nr-each(1). */
#ifndef EACH_H
#define EACH_H

#include <stdbool.h>
#include <stddef.h>

#include "config.h"
#include "mask.h"

struct each_options {
	char **argv; /* the command */
	size_t n_jobs;
	bool keep_order, fail_fast, skip_failed, quiet;
	const char *skip_done; /* NULL: nothing is skipped */
	int reading_fd; /* the file that is standard output, to be read; -1 */
};

/* From standard input to standard output; returns the exit code. The mask is
 * for standard error. */
int each_run(const struct each_options *options, const struct config *config,
    const struct mask *mask);

#endif
