/* SPDX-License-Identifier: MIT */
/* A playbook at work in a workspace, for nr-playbook. */
#ifndef PLAYBOOK_RUN_H
#define PLAYBOOK_RUN_H

#include "playbook.h"
#include "stage.h"

/*
 * Runs the steps, sets playbook_result in the document, and writes JUnit XML
 * into the run directory. `only` is the name of a single step to run, with
 * the outputs that the document has of the others; NULL: all. A step that
 * failed is a PlaybookExecutionError.
 */
struct error *playbook_run(struct stage *stage, const struct playbook *playbook,
    const char *workspace, const char *only);

/*
 * Prints a line for each step: whether it would run with this document, and
 * why or why not.
 */
void playbook_list(const struct stage *stage, const struct playbook *playbook);

#endif
