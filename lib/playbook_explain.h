/* SPDX-License-Identifier: MIT */
/* Conditions in words, for people. */
#ifndef PLAYBOOK_EXPLAIN_H
#define PLAYBOOK_EXPLAIN_H

#include <stdbool.h>

#include "condition.h"
#include "playbook.h"
#include "variables.h"

/* "condition 'lint_enabled == true': lint_enabled is null"; the caller
 * frees. */
char *playbook_explain(
    const struct playbook_step *step, struct variables *variables);

/* Does the condition name what only steps that have run can tell? */
bool playbook_depends_on_steps(
    const struct playbook_step *step, const struct playbook *playbook);

#endif
