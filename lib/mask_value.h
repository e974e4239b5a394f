/* SPDX-License-Identifier: MIT */
/*
 * Which values are worth masking, and what of a value is searched for. For
 * the files mask*.c only.
 */
#ifndef MASK_VALUE_H
#define MASK_VALUE_H

#include "mask_set.h"

/* Too short, or too common: masking it would hide what is no secret. */
bool mask_value_is_common(const char *bytes, size_t len);

/* Adds all forms of a value: of its lines, of the members of a JSON document,
 * in every encoding. */
void mask_value_add(
    struct mask_set *set, const char *bytes, size_t len, uint32_t value);

#endif
