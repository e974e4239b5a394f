/* SPDX-License-Identifier: MIT */
/*
 * Text from outside, made fit to stand in a message: control characters
 * become \xNN, and what passes max bytes is cut and ends in "...".
 */
#ifndef PRINTABLE_H
#define PRINTABLE_H

#include <stddef.h>

/* The caller frees. UTF-8 is kept, and never cut inside a character. */
char *printable(const char *text, size_t max);

#endif
