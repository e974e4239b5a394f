/* SPDX-License-Identifier: MIT */
/*
 * Which servers a slot's remote is on. When only the slot's configuration
 * names the remote, an agent of an earlier task may have written it, and the
 * token would go to whom it likes. So where the remote was when the token was
 * first used is remembered.
 */
#ifndef SLOT_REMOTE_H
#define SLOT_REMOTE_H

#include "error.h"

/* A SecurityError if a URL (the second may be NULL) is on a server, by http
 * or https, that is not known of the slot. */
struct error *slot_remote_check(
    const char *work_tree, const char *url, const char *push_url);

#endif
