/* SPDX-License-Identifier: MIT */
/*
 * What a run came to, for people: the task, how it ended, branch, commit,
 * tests, artifacts, and what to do next.
 */
#ifndef SUMMARY_H
#define SUMMARY_H

#include "buffer.h"
#include "document.h"

enum summary_format { SUMMARY_TEXT, SUMMARY_MARKDOWN };

/*
 * Appends the summary of a document that nr-report has summed up. What came
 * from outside cannot control a terminal.
 */
void summary_append(
    struct buffer *out, const struct document *doc, enum summary_format format);

/* Of it, what the work was alone: nothing of this machine, for others. */
void summary_append_work(
    struct buffer *out, const struct document *doc, enum summary_format format);

#endif
