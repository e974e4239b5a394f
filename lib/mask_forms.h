/* SPDX-License-Identifier: MIT */
/*
 * The encodings a value is likely to be printed in. The tables in
 * mask_forms.c are the only list. For the files mask*.c only.
 */
#ifndef MASK_FORMS_H
#define MASK_FORMS_H

#include "buffer.h"
#include "mask_set.h"

/* The bytes as they are, and as they stand in quoted text: JSON and JSON in
 * JSON, shells, programming languages, XML, SQL. */
void mask_forms_add_text(struct mask_set *set, const char *bytes, size_t len,
    const struct mask_form *like);
/* Base64, hex, percent encoding, UTF-16. */
void mask_forms_add_encoded(struct mask_set *set, const char *bytes, size_t len,
    const struct mask_form *like);

/* Hex with nothing, colons or blanks between the bytes; UTF-16. */
void mask_forms_add_hex(struct mask_set *set, const char *bytes, size_t len,
    const struct mask_form *like);
void mask_forms_add_utf16(struct mask_set *set, const char *bytes, size_t len,
    const struct mask_form *like);
void mask_forms_append_hex(struct buffer *out, unsigned char byte, bool upper);

#endif
