/* SPDX-License-Identifier: MIT */
/*
 * The command line of nr-limit(1).
 */
#ifndef LIMIT_OPTIONS_H
#define LIMIT_OPTIONS_H

#include <stdbool.h>

#include "path_list.h"
#include "process.h"

struct limit_options {
	struct process_options process;
	struct path_list write, read, hide;
	bool mode_given;
	int report_fd; /* -1: none */
};

/* Says what is wrong and exits, shows help and exits, or returns. */
struct limit_options limit_options_parse(int argc, char *argv[]);
void limit_options_release(struct limit_options *options);

#endif
