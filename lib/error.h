/* SPDX-License-Identifier: MIT */
/*
 * Errors: what went wrong, whose fault it is, and the exit code that says so.
 * The table in error.c is the only place that knows names and codes; nr(7)
 * and share/schema follow it.
 *
 * A function that can fail returns `struct error *`: NULL is success, else
 * the caller owns it and frees it with error_free() or passes it up.
 *
 * Messages are lower case, say first what could not be done, quote the
 * subject, then give the reason, and end without a full stop:
 *     cannot open 'x': No such file or directory
 */
#ifndef ERROR_H
#define ERROR_H

#include <stdbool.h>

enum error_type {
	ERROR_USAGE,
	ERROR_DOCUMENT,
	ERROR_SERVICE,
	ERROR_INTERNAL,
	ERROR_IO,
	ERROR_SECURITY,
	ERROR_CONFIG,
	ERROR_WORKSPACE,
	ERROR_IMPLEMENTATION,
	ERROR_TEST,
	ERROR_PUSH,
	ERROR_UPLOAD,
	ERROR_PLAYBOOK,
	ERROR_RESOURCE,
	ERROR_TIMEOUT,
	ERROR_CANCELLED,
};

struct error {
	enum error_type type;
	int exit_code;
	bool retryable; /* trying the same again may succeed */
	char *message;
};

struct error *error_new(enum error_type type, const char *format, ...)
    __attribute__((format(printf, 2, 3), returns_nonnull));
/* The same, with ": " and the text of the current errno at its end. */
struct error *error_errno(enum error_type type, const char *format, ...)
    __attribute__((format(printf, 2, 3), returns_nonnull));
/* CancelledError for a signal: exit 130 for SIGINT, 143 for SIGTERM. */
struct error *error_cancelled(int signal_number)
    __attribute__((returns_nonnull));
/* Puts "text: " before the message and returns the same error. */
struct error *error_prefix(struct error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3), returns_nonnull));
/* Another type, with its exit code, and returns the same error. */
struct error *error_retype(struct error *error, enum error_type type)
    __attribute__((returns_nonnull));
void error_free(struct error *error);

/* Frees the second error and returns the first that is not NULL. */
struct error *error_first(struct error *first, struct error *second);

const char *error_type_name(enum error_type type);
int error_type_exit_code(enum error_type type);
/* The type of a name such as "PushError"; false when there is none. */
bool error_type_by_name(enum error_type *type, const char *name);

#endif
