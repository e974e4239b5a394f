/* SPDX-License-Identifier: MIT */
/*
 * Files and directories: the few things that every stage does with them.
 * Errors are IOErrors that name the path.
 */
#ifndef FILE_H
#define FILE_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"
#include "error.h"

struct error *file_write_all(
    int fd, const void *bytes, size_t len, const char *name);
/* Writes a new file beside the old one, then renames: whole or not at all. */
struct error *file_replace(
    const char *path, const void *bytes, size_t len, unsigned mode);
struct error *file_read(struct buffer *buffer, const char *path);

/* A directory and its parents, the new ones with this mode. */
struct error *file_make_directories(const char *path, unsigned mode);
/* Removes a tree; does not follow symbolic links; absent is success. */
struct error *file_remove_tree(const char *path);
bool file_is_empty_directory(const char *path);

/* "dir/name", owned by the caller. */
char *file_join(const char *dir, const char *name);
/* An absolute path without . and .. and symbolic links; NULL: errno. */
char *file_resolve(const char *path);
/* The directory that this program lies in; NULL: not to be found out. */
char *file_program_directory(void);

enum { FILE_SHA256_TEXT = 65 };
struct error *file_sha256(
    char hex[FILE_SHA256_TEXT], size_t *size_bytes, const char *path);

/* Where an excerpt is cut: this many bytes at each end. */
enum { FILE_EXCERPT_BYTES = 4096 };

/*
 * What a document holds of a text file: the whole text if it is short, else
 * its first and last 4 KiB with "[... N bytes left out ...]" between, as
 * valid UTF-8 (other bytes become U+FFFD). An absent file is "".
 */
struct error *file_excerpt(jv *text, const char *path);

#endif
