/* SPDX-License-Identifier: MIT */
/*
 * The paths that a sandbox knows by itself, for sandbox.c.
 */
#ifndef SANDBOX_PATHS_H
#define SANDBOX_PATHS_H

#include "error.h"
#include "landlock.h"
#include "sandbox.h"

/*
 * All rules for the options. `more` is written to as well (NULL-terminated or
 * NULL), and so is `tmp`.
 */
struct error *sandbox_add_rules(struct landlock_rules *rules,
    const struct sandbox_options *options, char *const *more, const char *tmp);

#endif
