/* SPDX-License-Identifier: MIT */
/*
 * Allocation that cannot fail: out of memory prints one line and exits with
 * 74 (IOError), as the table in error.h says. The caller frees with free().
 */
#ifndef MEMORY_H
#define MEMORY_H

#include <stdarg.h>
#include <stddef.h>

#include "banned.h"

void *xmalloc(size_t size) __attribute__((returns_nonnull));
void *xcalloc(size_t n, size_t size) __attribute__((returns_nonnull));
/* Grows an array of n elements of the given size; overflow is checked. */
void *xreallocarray(void *old, size_t n, size_t size)
    __attribute__((returns_nonnull));
char *xstrdup(const char *text) __attribute__((returns_nonnull));
char *xstrndup(const char *text, size_t len);
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *xvasprintf(const char *format, va_list args)
    __attribute__((format(printf, 1, 0)));

/* Frees a buffer that held a secret, after wiping its len bytes. */
void free_secret(void *secret, size_t len);

#endif
