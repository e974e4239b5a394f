/* SPDX-License-Identifier: MIT */
/* file:// URLs (RFC 8089) and paths. What is returned is the caller's. */
#ifndef FILE_URL_H
#define FILE_URL_H

/* The path, with %XX decoded; a bare absolute path is taken for one. NULL: the
 * URL is none of a file on this machine. */
char *file_url_path(const char *url);

/* "file:///a%20b" of an absolute path. */
char *file_url_of(const char *path);

#endif
