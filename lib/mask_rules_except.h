/* SPDX-License-Identifier: MIT */
/* The patterns of names that hold no secret. For the files mask*.c only. */
#ifndef MASK_RULES_EXCEPT_H
#define MASK_RULES_EXCEPT_H

#include "mask_rules.h"

/* A pattern, without its place in the texts; *list: where it belongs in
 * mask_rules.by_end. A small letter of it stands for a capital, too. */
struct mask_exception mask_rules_exception(const char *text, unsigned *list);

#endif
