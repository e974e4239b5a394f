/* SPDX-License-Identifier: MIT */
/*
 * What the configuration says about pushing: allowed_branches, on_conflict,
 * max_changed_files, max_diff_bytes, protected_paths.
 */
#ifndef PUSH_SETTINGS_H
#define PUSH_SETTINGS_H

#include "git.h"
#include "stage.h"

struct push_settings {
	char **allowed_branches, **protected_paths;
	struct git_policy policy;
	enum git_on_conflict on_conflict;
};

void push_settings_read(
    struct push_settings *settings, const struct stage *stage);
void push_settings_release(struct push_settings *settings);

/* Does a pattern of allowed_branches match? For git_push.allows too, whose
 * context is the settings. */
bool push_settings_allow(const void *settings, const char *branch);

/* The keys that are read, for a stage's list. */
#define PUSH_SETTINGS_KEYS                                      \
	"allowed_branches", "on_conflict", "max_changed_files", \
	    "max_diff_bytes", "protected_paths"

#endif
