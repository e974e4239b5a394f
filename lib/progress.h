/* SPDX-License-Identifier: MIT */
/*
 * The status line of a run on a terminal, redrawn in place: the stage at
 * work, its time, the last line of output. It learns them from the events
 * stage_start, stage_end and output.
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>

#include "log_line.h"
#include "outlet.h"

struct progress {
	bool on;
	bool shown;
	char *stage;  /* NULL: none at work */
	char *last;   /* line of its output */
	double since; /* clock_monotonic() */
};

void progress_note(struct progress *progress, const struct log_line *line);
/* Does nothing while the terminal does not keep up. */
void progress_draw(struct progress *progress, struct outlet *outlet);
/* Appends what takes the status line off the screen. */
void progress_hide(struct progress *progress, struct buffer *out);
void progress_release(struct progress *progress);

#endif
