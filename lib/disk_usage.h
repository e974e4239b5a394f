/* SPDX-License-Identifier: MIT */
/* What files take of a disk. */
#ifndef DISK_USAGE_H
#define DISK_USAGE_H

/* Bytes of a directory and all below it; links are not followed, and what
 * cannot be read counts nothing. */
double disk_usage(const char *path);

#endif
