/* SPDX-License-Identifier: MIT */
/*
 * The command line of a stage: the options that all have, those of the
 * program, and one for each of its configuration keys.
 */
#ifndef STAGE_OPTIONS_H
#define STAGE_OPTIONS_H

#include <stdbool.h>

#include "config.h"
#include "stage.h"

struct stage_arguments {
	struct config_options config;
	const char *input; /* -i; NULL: standard input */
	bool dry_run;
};

/*
 * Fills `arguments`; release its config with config_options_release().
 * --help and --version print and exit 0; a wrong option is told on standard
 * error and exits 64.
 */
void stage_options_parse(struct stage_arguments *arguments, int argc,
    char *argv[], const struct stage_program *program);

#endif
