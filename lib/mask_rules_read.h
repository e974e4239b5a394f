/* SPDX-License-Identifier: MIT */
/*
 * Reads rules, in the format of nr-patterns(5), into a table. For the files
 * mask*.c only.
 */
#ifndef MASK_RULES_READ_H
#define MASK_RULES_READ_H

#include "error.h"
#include "mask_rules.h"

struct mask_rules_reader;

/* A table that begins as another one does; NULL: it is empty. */
struct mask_rules_reader *mask_rules_reader_new(const struct mask_rules *like);
void mask_rules_reader_free(struct mask_rules_reader *reader);

/* Adds a file; a mistake in it is a ConfigError that names file and line. */
struct error *mask_rules_read(
    struct mask_rules_reader *reader, const char *path);
/* Ready for use; valid until more is read. */
const struct mask_rules *mask_rules_reader_table(
    struct mask_rules_reader *reader);

#endif
