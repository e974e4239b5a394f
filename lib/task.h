/* SPDX-License-Identifier: MIT */
/*
 * What a run document must look like: the kinds and limits of the task
 * context's members and of the result sections (nr(7),
 * share/schema/document.schema.json). Unknown members are welcome.
 */
#ifndef TASK_H
#define TASK_H

#include <jv.h>

#include "buffer.h"

/*
 * Appends a line "/pointer: expected ..., found ..." to `problems` for each
 * known member of the object that is missing or wrong; returns how many.
 */
size_t task_check(jv document, struct buffer *problems);

#endif
