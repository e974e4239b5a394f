/* SPDX-License-Identifier: MIT */
#include "sse.h"

#include "memory.h"

enum { MAX_EVENT_NAME = 256 };

void
sse_open(struct sse *sse, size_t max_bytes, sse_handler *handle, void *context)
{
	*sse = (struct sse){
		.handle = handle,
		.context = context,
		.line = BUFFER_INIT(max_bytes),
		.data = BUFFER_INIT(max_bytes),
		.event = BUFFER_INIT(MAX_EVENT_NAME),
	};
}

void
sse_release(struct sse *sse)
{
	buffer_release(&sse->line);
	buffer_release(&sse->data);
	buffer_release(&sse->event);
}

static struct error *
give(struct sse *sse)
{
	struct error *error = NULL;

	if (sse->has_data)
		error = sse->handle(sse->context,
		    sse->event.data != NULL ? sse->event.data : "",
		    sse->data.data, sse->data.len);
	sse->has_data = false;
	buffer_clear(&sse->data);
	buffer_clear(&sse->event);
	return error;
}

static struct error *
too_large(const struct sse *sse)
{
	struct error *error = error_new(ERROR_SERVICE,
	    "an event is larger than the %zu bytes allowed", sse->data.max);

	error->retryable = false;
	return error;
}

static bool
is_field(const char *name, const char *line, size_t len)
{
	return strlen(name) == len && memcmp(name, line, len) == 0;
}

static struct error *
take_field(struct sse *sse, const char *line, size_t len)
{
	const char *colon = memchr(line, ':', len);
	size_t name_len = colon != NULL ? (size_t)(colon - line) : len;
	const char *value = colon != NULL ? colon + 1 : line + len;
	size_t value_len = len - (size_t)(value - line);

	if (value_len > 0 && *value == ' ') {
		value++;
		value_len--;
	}
	if (is_field("event", line, name_len)) {
		buffer_clear(&sse->event);
		buffer_append(&sse->event, value, value_len);
	} else if (is_field("data", line, name_len) ||
	    is_field("error", line, name_len)) {
		if (*line == 'e') {
			buffer_clear(&sse->event);
			buffer_append_string(&sse->event, "error");
		}
		if ((sse->has_data && !buffer_append(&sse->data, "\n", 1)) ||
		    !buffer_append(&sse->data, value, value_len))
			return too_large(sse);
		sse->has_data = true;
	}
	return NULL;
}

static struct error *
end_line(struct sse *sse)
{
	struct error *error;

	if (sse->line.len == 0)
		return give(sse);
	error = take_field(sse, sse->line.data, sse->line.len);
	buffer_clear(&sse->line);
	return error;
}

/* Passes over the byte order mark that a stream may begin with. */
static void
skip_mark(struct sse *sse, const char **bytes, size_t *len)
{
	static const char mark[] = "\xef\xbb\xbf";

	while (*len > 0 && sse->n_bytes < 3 && **bytes == mark[sse->n_bytes]) {
		sse->n_bytes++;
		(*bytes)++;
		(*len)--;
	}
	if (*len == 0 || sse->n_bytes >= 3)
		return;
	/* What only began like one is text. */
	buffer_append(&sse->line, mark, sse->n_bytes);
	sse->n_bytes = 3;
}

struct error *
sse_write(struct sse *sse, const char *bytes, size_t len)
{
	struct error *error = NULL;

	skip_mark(sse, &bytes, &len);
	while (len > 0 && error == NULL) {
		size_t n = 0;

		if (sse->after_cr && *bytes == '\n') {
			sse->after_cr = false;
			bytes++;
			len--;
			continue;
		}
		sse->after_cr = false;
		while (n < len && bytes[n] != '\n' && bytes[n] != '\r')
			n++;
		if (!buffer_append(&sse->line, bytes, n))
			return too_large(sse);
		if (n == len)
			break;
		sse->after_cr = bytes[n] == '\r';
		bytes += n + 1;
		len -= n + 1;
		error = end_line(sse);
	}
	return error;
}

struct error *
sse_end(struct sse *sse)
{
	buffer_clear(&sse->line);
	return give(sse);
}
