/* SPDX-License-Identifier: MIT */
/*
 * Paths that a model names. They lead to regular files of the workspace,
 * whatever links there are in it, and never into a .git, however it is
 * spelled. Nothing else may be at work in the workspace between the check
 * and the use.
 */
#ifndef WORKSPACE_PATH_H
#define WORKSPACE_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"
#include "error.h"

/*
 * The real path of a file that is there, or may be made; `workspace` is a
 * resolved path. `path` is relative to it, or absolute and in it. What
 * leads out, or into .git, is a SecurityError. The caller frees *real; *exists:
 * it is there, and is a regular file.
 */
struct error *workspace_path_resolve(
    char **real, bool *exists, const char *workspace, const char *path);

/* Reads it. What is not there, or is larger than the buffer, is an IOError. */
struct error *workspace_path_read(
    struct buffer *content, const char *workspace, const char *path);

/* Writes it, whole or not at all, with the directories that it needs; a file
 * that is there keeps its mode. */
struct error *workspace_path_write(
    const char *workspace, const char *path, const char *bytes, size_t len);

#endif
