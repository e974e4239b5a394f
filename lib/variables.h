/* SPDX-License-Identifier: MIT */
/*
 * The values that a playbook's conditions and texts can name. By the first
 * part of a name, the first of these that has it: outputs of steps, the
 * document's members, its metadata, the playbook's variables, the
 * configuration. `outputs`, `document`, `metadata`, `variables`, `config` and
 * `steps` name one of them alone.
 */
#ifndef VARIABLES_H
#define VARIABLES_H

#include <jv.h>

#include "config.h"

struct variables {
	jv document;                 /* borrowed */
	jv defaults;                 /* borrowed: the playbook's variables */
	const struct config *config; /* borrowed */
	jv outputs, steps;           /* objects; owned */
};

void variables_init(struct variables *variables, jv document, jv defaults,
    const struct config *config);
void variables_release(struct variables *variables);

/* jv_invalid() for what is not defined. For template.h. */
jv variables_get(void *variables, char *const *parts);
/* null for what is not defined. For condition.h. */
jv variables_get_or_null(void *variables, char *const *parts);

/* Both consume the value. */
void variables_set_output(
    struct variables *variables, const char *name, jv value);
void variables_set_step(
    struct variables *variables, const char *name, jv value);

#endif
