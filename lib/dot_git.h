/* SPDX-License-Identifier: MIT */
/*
 * Names that some file system takes for ".git": in any case; on NTFS "git~1",
 * and with dots, blanks or a stream (":...") behind it; on HFS+ with
 * characters in it that it passes over. These are the names that git's
 * verify_path() refuses with core.protectNTFS and core.protectHFS.
 */
#ifndef DOT_GIT_H
#define DOT_GIT_H

#include <stdbool.h>
#include <stddef.h>

/* A name without slashes; a backslash in it may be one. */
bool is_dot_git(const char *name, size_t len);

#endif
