/* SPDX-License-Identifier: MIT */
/* A configuration on standard output, in the ways of nr-config(1). */
#ifndef CONFIG_SHOW_H
#define CONFIG_SHOW_H

#include <stddef.h>

#include "config.h"
#include "run_directory.h"

/* Key, value and origin of all keys, aligned. */
void config_show_table(const struct config *config);

/* {"key": {"value": ..., "origin": ...}} of the keys named; none: of all. */
void config_show_json(
    const struct config *config, char *const keys[], size_t n);

/*
 * name='value' for each key; then, so that the stages a script starts
 * inherit it, an export of every setting of the options and of their file;
 * RUNNER_ID and run_dir of `run`, unless that is NULL; and `set --` with the
 * operands that stood among the options.
 */
struct error *config_show_sh(const struct config *config, char *const keys[],
    size_t n, const struct config_options *options,
    const struct run_directory *run);

#endif
