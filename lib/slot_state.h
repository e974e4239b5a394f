/* SPDX-License-Identifier: MIT */
/*
 * What is remembered of a slot outside of it, by its path, in
 * $XDG_STATE_HOME/necrocode/slots: agents in a sandbox cannot write there.
 */
#ifndef SLOT_STATE_H
#define SLOT_STATE_H

#include <stddef.h>

#include "error.h"

/* The file for this: "settings", "remote"; the caller frees. */
char *slot_state_path(const char *work_tree, const char *kind);
struct error *slot_state_write(const char *path, const char *text, size_t len);

#endif
