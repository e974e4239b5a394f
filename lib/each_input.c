/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <unistd.h>

#include "each_internal.h"
#include "memory.h"

enum { CHUNK_BYTES = 64 * 1024 };

void
each_input_open(struct each_input *input, struct each_log *log)
{
	*input =
	    (struct each_input){ .log = log, .bytes = xmalloc(CHUNK_BYTES) };
}

void
each_input_read(struct each_input *input)
{
	ssize_t n = read(STDIN_FILENO, input->bytes, CHUNK_BYTES);

	input->at = 0;
	input->len = n > 0 ? (size_t)n : 0;
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n < 0)
		input->error =
		    error_errno(ERROR_IO, "cannot read standard input");
	input->has_ended = n <= 0;
}

static void
take_bytes(struct each_input *input, const char *bytes, size_t len)
{
	struct each_task *task = input->task;

	if (task == NULL) {
		task = each_task_new(input->log, input->n_lines + 1);
		input->task = task;
		input->broken = each_document_open(&task->given);
	}
	if (input->broken == NULL && len > 0)
		input->broken = each_document_write(&task->given, bytes, len);
}

/* NULL: it was blank. */
static struct each_task *
end_line(struct each_input *input)
{
	struct each_task *task = input->task;
	struct json_peek *peek = &task->given.peek;
	bool whole = json_peek_end(peek);

	input->task = NULL;
	input->n_lines++;
	if (peek->is_blank && input->broken == NULL) {
		each_task_free(task);
		return NULL;
	}
	if (whole)
		each_task_set_name(task);
	if (input->broken != NULL) {
		each_document_close(&task->given);
		each_task_fail(task,
		    error_prefix(input->broken,
			"cannot keep the document of line %zu", task->line));
		input->broken = NULL;
	} else if (!whole) {
		each_task_fail(task,
		    error_new(ERROR_DOCUMENT,
			"line %zu is no document: %s at byte %zu", task->line,
			peek->problem, peek->offset + 1));
	}
	return task;
}

struct each_task *
each_input_next(struct each_input *input)
{
	while (input->at < input->len) {
		const char *at = input->bytes + input->at;
		size_t left = input->len - input->at;
		const char *newline = memchr(at, '\n', left);
		struct each_task *task;

		take_bytes(
		    input, at, newline != NULL ? (size_t)(newline - at) : left);
		input->at = newline != NULL
		    ? (size_t)(newline + 1 - input->bytes)
		    : input->len;
		if (newline != NULL && (task = end_line(input)) != NULL)
			return task;
	}
	if (input->has_ended && input->task != NULL)
		return end_line(input);
	return NULL;
}

void
each_input_close(struct each_input *input)
{
	each_task_free(input->task);
	error_free(input->broken);
	error_free(input->error);
	free(input->bytes);
}
