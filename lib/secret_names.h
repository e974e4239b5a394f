/* SPDX-License-Identifier: MIT */
/*
 * Which environment variables hold secrets, and what of them is masked. The
 * policy that secret.h describes; it needs no configuration.
 */
#ifndef SECRET_NAMES_H
#define SECRET_NAMES_H

#include <stdbool.h>

#include "buffer.h"
#include "error.h"
#include "mask.h"

/* Does the name look like that of a secret? */
bool secret_name_matches(const char *name);

/* A value that is too short to be masked: `name` is worth a warning. */
typedef void secret_refused(const char *name);

/*
 * Adds a secret, of a URL the password, of a connection string the password
 * beside the whole. A value that is too common is left out in silence.
 */
void secret_add(struct mask *mask, const char *name, const char *value,
    size_t len, secret_refused *refused);

/* Reads a secret from a file; no more than 1 MiB; a ConfigError names it. */
struct error *secret_read_file(struct buffer *secret, const char *path);

/* Adds the content of a file. */
struct error *secret_add_file(struct mask *mask, const char *name,
    const char *path, secret_refused *refused);

/* Adds every file of a directory, each under its own name. */
struct error *secret_add_directory(
    struct mask *mask, const char *path, secret_refused *refused);

/*
 * Adds the variable `name`, whatever it is called, or what the file that
 * NAME_FILE names holds. `found`: there was one.
 */
struct error *secret_add_variable(
    struct mask *mask, const char *name, bool *found, secret_refused *refused);

/*
 * Adds what the whole environment holds: variables and NAME_FILE variables
 * whose name matches, and the password of any that is a URL with one.
 */
struct error *secret_add_environment(
    struct mask *mask, secret_refused *refused);

#endif
