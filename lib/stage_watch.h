/* SPDX-License-Identifier: MIT */
/*
 * The deadline above all others: what a stage does looks at the clock itself,
 * but a library that finds a disk that does not answer, or ten million files,
 * does not come back in time to look. Such a stage ends here, with exit code
 * 124 and a message, and writes no document.
 */
#ifndef STAGE_WATCH_H
#define STAGE_WATCH_H

#include "stage.h"

/* From now to stage_watch_end(): a few seconds after the task's deadline, and
 * after grace_seconds of it where commands are run. A stage that sums up has
 * half a minute at least. */
void stage_watch_begin(const struct stage *stage);
void stage_watch_end(void);

#endif
