/* SPDX-License-Identifier: MIT */
/*
 * One step of a playbook, at work: its environment, its attempts, its
 * outputs. The inside of playbook_run.h.
 */
#ifndef PLAYBOOK_STEP_H
#define PLAYBOOK_STEP_H

#include <jv.h>
#include <stdbool.h>

#include "playbook.h"
#include "process.h"
#include "stage.h"
#include "variables.h"

struct playbook_work {
	struct stage *stage;
	const struct playbook *playbook;
	const char *workspace;
	struct variables variables;
	char **environment; /* of every step */
	size_t turn;        /* of the log files */
	size_t number;      /* of the step, for its files */
};

struct playbook_outcome {
	bool ran; /* false: it was not even started; see `problem` */
	bool success;
	bool task_ends; /* its time was the rest of the task's */
	int n_attempts;
	struct process_result result;
	double timeout_seconds;
	char *stdout_path, *stderr_path; /* of the last attempt */
	jv outputs;
	char *problem; /* in words; NULL after a success */
};

/* `ends`, on clock_monotonic(), is when there is no more time. An error is
 * one of the runner's own; a step that failed is none. Release the outcome
 * in any case. */
struct error *playbook_step_run(struct playbook_outcome *outcome,
    struct playbook_work *work, const struct playbook_step *step, double ends);
void playbook_outcome_release(struct playbook_outcome *outcome);

#endif
