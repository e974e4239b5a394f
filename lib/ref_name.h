/* SPDX-License-Identifier: MIT */
/*
 * Names of git branches. Rules: git-check-ref-format(1).
 */
#ifndef REF_NAME_H
#define REF_NAME_H

#include <stdbool.h>

enum { REF_NAME_MAX = 240 };

/* Is refs/heads/<name> a ref that git accepts, and no option of a command? */
bool ref_name_valid(const char *name);

/*
 * Makes a valid name of any text: what git refuses becomes '-', runs of '-'
 * become one, the length is cut. Owned by the caller; never empty.
 */
char *ref_name_make(const char *text);

#endif
