/* SPDX-License-Identifier: MIT */
/*
 * What a step tells those after it: lines in the file that $NR_OUTPUT names,
 *
 *   name=value
 *   name<<END
 *   several lines
 *   END
 *
 * of the names that the step declares. The last of a name counts.
 */
#ifndef PLAYBOOK_OUTPUTS_H
#define PLAYBOOK_OUTPUTS_H

#include <jv.h>

#include "error.h"

enum { PLAYBOOK_MAX_OUTPUT_BYTES = 64 * 1024 };

/*
 * Reads and removes the file: *outputs is an object of texts. *other lists
 * names that are not declared, "" for none; the caller frees it. A file that
 * is too large, or not of this form, is a PlaybookExecutionError.
 */
struct error *playbook_outputs_read(
    jv *outputs, char **other, const char *path, char *const *declared);

#endif
