/* SPDX-License-Identifier: MIT */
/* Which playbook a task is done by. */
#ifndef PLAYBOOK_FIND_H
#define PLAYBOOK_FIND_H

#include <stdbool.h>

#include "stage.h"

/*
 * The path of the playbook that the task's playbook_path names, or else
 * default_playbook_path: absolute, or in the workspace (the task's), or one
 * of those that come with the toolkit ("python", "python.yaml"). *path is
 * NULL when none is named. One that is not there is a ConfigError.
 */
struct error *playbook_find(
    char **path, const struct stage *stage, const char *workspace);
/* Is one named at all? */
bool playbook_is_named(const struct stage *stage);
/* Is one named that is there before the workspace is? */
bool playbook_is_outside(const struct stage *stage, const char *workspace);

/* The one that comes with the toolkit; the caller frees. */
struct error *playbook_find_default(char **path);

#endif
