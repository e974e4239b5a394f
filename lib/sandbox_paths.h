/* SPDX-License-Identifier: MIT */
/*
 * The paths that a sandbox knows by itself, for sandbox.c.
 */
#ifndef SANDBOX_PATHS_H
#define SANDBOX_PATHS_H

#include "error.h"
#include "landlock.h"
#include "path_list.h"
#include "sandbox.h"

/* What must not be read, of all that is there: resolved. */
void sandbox_find_hidden(
    struct path_list *hidden, const struct sandbox_options *options);

/* All rules for the options; `more` (NULL-terminated or NULL) is written to
 * as well. What is hidden is, by other means, where it is NULL. */
struct error *sandbox_add_rules(struct landlock_rules *rules,
    const struct sandbox_options *options, const struct path_list *hidden,
    char *const *more);

#endif
