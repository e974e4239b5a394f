/* SPDX-License-Identifier: MIT */
/*
 * A step that is a command, and the conditions of all, as a playbook has
 * them; the inside of playbook.h.
 */
#ifndef PLAYBOOK_COMMAND_H
#define PLAYBOOK_COMMAND_H

#include <jv.h>

#include "playbook.h"
#include "playbook_reader.h"

/* Objects are borrowed; problems are noted. */
void playbook_read_command(struct playbook_step *step,
    struct playbook *playbook, struct playbook_reader *reader, jv object);
/* `condition` or `if`, which may be a text, or true or false. */
void playbook_read_condition(struct playbook_step *step,
    struct playbook *playbook, struct playbook_reader *reader, jv object,
    const char *name);

/* What no text (NULL: none) asks for need not be kept while steps are run. */
void playbook_note_names(struct playbook *playbook, const char *text);

#endif
