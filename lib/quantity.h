/* SPDX-License-Identifier: MIT */
/*
 * Sizes and durations as people write them on a command line.
 */
#ifndef QUANTITY_H
#define QUANTITY_H

#include <stdbool.h>
#include <stddef.h>

/* "512", "64K", "1.5G", "2GiB": K, M, G and T are powers of 1024. False: it
 * is none, or is 0. */
bool quantity_parse_size(size_t *bytes, const char *text);

/* "60", "1.5", "250ms", "30s", "5m", "2h", "1d". False: it is none, or is
 * 0. */
bool quantity_parse_duration(double *seconds, const char *text);

/* "64 KiB", "1.5 GiB": at most one digit behind the point. */
enum { QUANTITY_TEXT_SIZE = 32 };
void quantity_format_size(char text[QUANTITY_TEXT_SIZE], size_t bytes);

#endif
