/* SPDX-License-Identifier: MIT */
/*
 * Names that say something about a secret and do not hold one, as max_tokens
 * and token_url do. For the files mask*.c only.
 */
#ifndef MASK_EXCEPTIONS_H
#define MASK_EXCEPTIONS_H

#include <stdbool.h>
#include <stddef.h>

struct mask_exceptions;

struct mask_exceptions *mask_exceptions_new(void);
void mask_exceptions_free(struct mask_exceptions *exceptions);
/* Adds a pattern of glob(7); its small letters stand for capitals, too. */
void mask_exceptions_add(
    struct mask_exceptions *exceptions, const char *pattern);
bool mask_exceptions_have(
    const struct mask_exceptions *exceptions, const char *name, size_t len);

#endif
