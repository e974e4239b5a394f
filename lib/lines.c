/* SPDX-License-Identifier: MIT */
#include "lines.h"

#include "memory.h"

void
lines_open(
    struct lines *lines, size_t max_bytes, lines_handler *handle, void *context)
{
	*lines = (struct lines){ .handle = handle,
		.context = context,
		.line = BUFFER_INIT(max_bytes) };
}

static void
end_line(struct lines *lines)
{
	lines->handle(lines->context,
	    lines->line.data != NULL ? lines->line.data : "", lines->line.len,
	    lines->n_cut);
	buffer_clear(&lines->line);
	lines->n_cut = 0;
}

/* What is whole already need not be copied. */
static bool
is_whole(const struct lines *lines)
{
	return lines->line.len == 0 && lines->n_cut == 0;
}

static void
pass_line(struct lines *lines, const char *bytes, size_t len)
{
	size_t n = len < lines->line.max ? len : lines->line.max;

	lines->handle(lines->context, bytes, n, len - n);
}

void
lines_write(struct lines *lines, const char *bytes, size_t len)
{
	while (len > 0) {
		const char *newline = memchr(bytes, '\n', len);
		size_t n = newline != NULL ? (size_t)(newline - bytes) : len;
		size_t before = lines->line.len;

		if (newline != NULL && is_whole(lines)) {
			pass_line(lines, bytes, n);
			bytes += n + 1;
			len -= n + 1;
			continue;
		}
		buffer_append(&lines->line, bytes, n);
		lines->n_cut += n - (lines->line.len - before);
		if (newline == NULL)
			return;
		end_line(lines);
		bytes += n + 1;
		len -= n + 1;
	}
}

void
lines_end(struct lines *lines)
{
	if (lines->line.len > 0 || lines->n_cut > 0)
		end_line(lines);
	buffer_release(&lines->line);
}
