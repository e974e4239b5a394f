/* SPDX-License-Identifier: MIT */
/*
 * The document's `runner` section: who works on the task, in which run
 * directory, until when. The first stage that finds none writes it; the
 * others go by it.
 *
 *   runner_id        $RUNNER_ID, or runner-<time>-<pid>
 *   run_dir          $NR_RUN_DIR, or <run_dir of the configuration, or
 *                    $XDG_STATE_HOME/necrocode/runs>/<runner_id>
 *   started_at, deadline_at   RFC 3339, UTC
 *   timeout_seconds  of the task, else default_timeout_seconds
 *   hostname, process_group   of the pipeline at work
 *   version
 *
 * A deadline that has passed binds the pipeline it was made for: the same
 * process group on the same host. A saved document that a person replays
 * later gets a new one; so does any under NR_RUN_RENEW, which nr-run sets for
 * the first stage of a run that is resumed.
 */
#ifndef RUNNER_H
#define RUNNER_H

#include <sys/types.h>

#include "config.h"
#include "document.h"

/* Kept of the timeout for diff, upload and report: a tenth, at most this. */
enum { RUNNER_MAX_RESERVE_SECONDS = 120 };

/* Writes or renews the section. A wrong setting is a ConfigError. */
struct error *runner_enter(struct document *doc, const struct config *config);

/* $RUNNER_ID where it can name a directory, or <prefix><time>-<pid>; the caller
 * frees. */
char *runner_id_new(const char *prefix, pid_t pid);

const char *runner_id(const struct document *doc);
const char *runner_dir(const struct document *doc);
double runner_seconds_left(const struct document *doc); /* may be negative */
double runner_reserve_seconds(const struct document *doc);

#endif
