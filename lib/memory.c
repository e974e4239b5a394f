/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* vasprintf, explicit_bzero, reallocarray */
#include "memory.h"

#include <unistd.h>

static void *
check(void *memory)
{
	static const char message[] = "out of memory\n";

	if (memory != NULL)
		return memory;
	if (write(STDERR_FILENO, message, sizeof message - 1) < 0)
		_exit(74);
	_exit(74);
}

void *
xmalloc(size_t size)
{
	return check(malloc(size > 0 ? size : 1));
}

void *
xcalloc(size_t n, size_t size)
{
	return check(calloc(n > 0 ? n : 1, size > 0 ? size : 1));
}

void *
xreallocarray(void *old, size_t n, size_t size)
{
	return check(reallocarray(old, n > 0 ? n : 1, size > 0 ? size : 1));
}

char *
xstrdup(const char *text)
{
	return check(strdup(text));
}

char *
xstrndup(const char *text, size_t len)
{
	return check(strndup(text, len));
}

char *
xvasprintf(const char *format, va_list args)
{
	char *text = NULL;

	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	return check(text);
}

char *
xasprintf(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = xvasprintf(format, args);
	va_end(args);
	return text;
}

void
free_secret(void *secret, size_t len)
{
	if (secret == NULL)
		return;
	explicit_bzero(secret, len);
	free(secret);
}
