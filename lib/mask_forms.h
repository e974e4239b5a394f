/* SPDX-License-Identifier: MIT */
/*
 * The encodings a value is likely to be printed in. The tables in
 * mask_forms.c are the only list. For the files mask*.c only.
 */
#ifndef MASK_FORMS_H
#define MASK_FORMS_H

#include "mask_set.h"

/* The bytes as they are, and as they stand in quoted text: JSON and JSON in
 * JSON, shells, programming languages, XML, SQL. */
void mask_forms_add_text(struct mask_set *set, const char *bytes, size_t len,
    const struct mask_form *like);
/* Base64, hex, percent encoding. */
void mask_forms_add_encoded(struct mask_set *set, const char *bytes, size_t len,
    const struct mask_form *like);

#endif
