/* SPDX-License-Identifier: MIT */
#include "buffer.h"

#include <errno.h>
#include <unistd.h>

static void
reserve(struct buffer *buffer, size_t len)
{
	size_t capacity = buffer->capacity > 0 ? buffer->capacity : 64;
	char *data;

	while (capacity < len + 1)
		capacity *= 2;
	if (capacity == buffer->capacity)
		return;
	/* It may hold a secret: no copy stays behind, as realloc() would. */
	data = xmalloc(capacity);
	if (buffer->data != NULL)
		memcpy(data, buffer->data, buffer->len);
	free_secret(buffer->data, buffer->len);
	buffer->data = data;
	buffer->capacity = capacity;
}

bool
buffer_append(struct buffer *buffer, const void *bytes, size_t len)
{
	size_t room = buffer->max - buffer->len;
	size_t fits = len < room ? len : room;

	reserve(buffer, buffer->len + fits);
	if (fits > 0)
		memcpy(buffer->data + buffer->len, bytes, fits);
	buffer->len += fits;
	buffer->data[buffer->len] = '\0';
	if (fits < len)
		buffer->truncated = true;
	return fits == len;
}

bool
buffer_append_string(struct buffer *buffer, const char *text)
{
	return buffer_append(buffer, text, strlen(text));
}

bool
buffer_appendf(struct buffer *buffer, const char *format, ...)
{
	va_list args;
	char *text;
	bool whole;

	va_start(args, format);
	text = xvasprintf(format, args);
	va_end(args);
	whole = buffer_append_string(buffer, text);
	free(text);
	return whole;
}

struct error *
buffer_read_fd(struct buffer *buffer, int fd, const char *name)
{
	for (;;) {
		char chunk[65536];
		ssize_t n = read(fd, chunk, sizeof chunk);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(ERROR_IO, "cannot read %s", name);
		if (n == 0)
			break;
		if (!buffer_append(buffer, chunk, (size_t)n))
			return error_new(ERROR_IO,
			    "%s is larger than the %zu bytes allowed", name,
			    buffer->max);
	}
	reserve(buffer, buffer->len);
	buffer->data[buffer->len] = '\0';
	return NULL;
}

char *
buffer_take(struct buffer *buffer)
{
	char *data = buffer->data != NULL ? buffer->data : xstrdup("");

	*buffer = BUFFER_INIT(buffer->max);
	return data;
}

void
buffer_clear(struct buffer *buffer)
{
	buffer->len = 0;
	buffer->truncated = false;
	if (buffer->data != NULL)
		buffer->data[0] = '\0';
}

void
buffer_release(struct buffer *buffer)
{
	free_secret(buffer->data, buffer->capacity);
	*buffer = BUFFER_INIT(buffer->max);
}
