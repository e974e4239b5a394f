/* SPDX-License-Identifier: MIT */
/* Result lines: what they are made of, and how they get out whole. */
#define _DEFAULT_SOURCE /* flock */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "document.h"
#include "each_internal.h"
#include "json.h"
#include "memory.h"

enum { BUFFER_BYTES = 64 * 1024 };

/* --- Making one --- */

static void
add_text(struct each_result *result, char *text)
{
	result->pieces[result->n++] =
	    (struct each_piece){ .text = text, .len = strlen(text) };
}

static void
add_span(struct each_result *result, size_t from, size_t to)
{
	if (to > from)
		result->pieces[result->n++] =
		    (struct each_piece){ .from = from, .len = to - from };
}

static char *
own_section(const struct each_task *task)
{
	jv each = json_set_number(jv_object(), "line", (double)task->line);

	if (task->exit_code >= 0) {
		each = json_set_number(each, "exit_code", task->exit_code);
		each = json_set_number(each, "waited_seconds",
		    clock_milliseconds(each_task_waited(task)));
		each = json_set_number(each, "duration_seconds",
		    clock_milliseconds(task->ended_at - task->started_at));
	}
	return json_text(each);
}

/* The members that take the place of the document's. */
static void
new_values(const struct each_task *task, char *values[DOCUMENT_MEMBERS])
{
	values[DOCUMENT_EACH] = own_section(task);
	if (task->error == NULL)
		return;
	values[DOCUMENT_SUCCESS] = xstrdup("false");
	values[DOCUMENT_ERROR] =
	    json_text(document_error("nr-each", task->error));
}

/* The member whose value comes next in the file, and is replaced. */
static size_t
next_member(const struct each_document *doc, char *values[], size_t from)
{
	size_t best = DOCUMENT_MEMBERS;

	for (size_t i = 0; i < DOCUMENT_MEMBERS; i++) {
		const struct json_peek_member *member = &doc->members[i];

		if (values[i] != NULL && member->found &&
		    member->start >= from &&
		    (best == DOCUMENT_MEMBERS ||
			member->start < doc->members[best].start))
			best = i;
	}
	return best;
}

/* In the place of the old values, or behind all others. */
static void
splice(struct each_result *result, const struct each_document *doc,
    char *values[DOCUMENT_MEMBERS])
{
	size_t at = doc->peek.open, i;
	bool comma = doc->peek.has_members;

	result->fd = doc->fd;
	while ((i = next_member(doc, values, at)) < DOCUMENT_MEMBERS) {
		add_span(result, at, doc->members[i].start);
		add_text(result, values[i]);
		values[i] = NULL;
		at = doc->members[i].end;
	}
	add_span(result, at, doc->peek.close);
	for (i = 0; i < DOCUMENT_MEMBERS; i++) {
		if (values[i] == NULL)
			continue;
		add_text(result,
		    xasprintf("%s\"%s\":%s", comma ? "," : "",
			doc->members[i].name, values[i]));
		free(values[i]);
		comma = true;
	}
	add_text(result, xstrdup("}\n"));
}

static void
make_result(struct each_task *task)
{
	char *values[DOCUMENT_MEMBERS] = { NULL };

	new_values(task, values);
	if (task->made.fd >= 0 && task->made.peek.problem == NULL) {
		each_document_close(&task->given);
		splice(&task->result, &task->made, values);
		return;
	}
	each_document_close(&task->made);
	/* A line that is no document, or was not kept whole. */
	if (task->given.fd < 0 || task->given.peek.problem != NULL) {
		each_document_release(&task->given);
		each_document_watch(&task->given);
		json_peek_write(&task->given.peek, "{}", 2);
		task->given.peek.close = 1;
		add_text(&task->result, xstrdup("{"));
		task->given.peek.open = 1;
	}
	splice(&task->result, &task->given, values);
}

/* --- Writing it --- */

void
each_output_open(struct each_output *output, bool keep_order, int reading_fd)
{
	struct stat info;

	*output = (struct each_output){
		.keep_order = keep_order,
		.reading_fd = reading_fd,
		.bytes = xmalloc(BUFFER_BYTES),
		.is_file =
		    fstat(STDOUT_FILENO, &info) == 0 && S_ISREG(info.st_mode),
	};
}

void
each_output_add(struct each_output *output, struct each_task *task)
{
	struct each_task **at = &output->head;

	make_result(task);
	while (
	    *at != NULL && (!output->keep_order || (*at)->order < task->order))
		at = &(*at)->next;
	task->next = *at;
	*at = task;
}

bool
each_output_wants(const struct each_output *output)
{
	if (output->error != NULL)
		return false;
	return output->len > 0 ||
	    (output->head != NULL &&
		(!output->keep_order ||
		    output->head->order == output->next_order));
}

static struct error *
read_piece(struct each_output *output, const struct each_result *result,
    const struct each_piece *piece, size_t n)
{
	ssize_t got;

	do
		got = pread(result->fd, output->bytes + output->len, n,
		    (off_t)(piece->from + result->done));
	while (got < 0 && errno == EINTR);
	if (got != (ssize_t)n)
		return error_new(
		    ERROR_IO, "cannot read a document back: it is cut off");
	/* A newline in a document stands between values. */
	for (size_t i = output->len; i < output->len + n; i++)
		if (output->bytes[i] == '\n')
			output->bytes[i] = ' ';
	return NULL;
}

static void
fill(struct each_output *output, struct each_result *result)
{
	output->at = output->len = 0;
	while (output->error == NULL && result->at < result->n &&
	    output->len < BUFFER_BYTES) {
		const struct each_piece *piece = &result->pieces[result->at];
		size_t n = piece->len - result->done;

		if (n > BUFFER_BYTES - output->len)
			n = BUFFER_BYTES - output->len;
		if (piece->text != NULL)
			memcpy(output->bytes + output->len,
			    piece->text + result->done, n);
		else
			output->error = read_piece(output, result, piece, n);
		output->len += n;
		result->done += n;
		if (result->done == piece->len) {
			result->at++;
			result->done = 0;
		}
	}
}

/* Others may append to the file, and so may an earlier one of us that did
 * not get to the end of its line. */
static void
begin_line(struct each_output *output)
{
	struct stat info;
	char last = '\n';

	if (!output->is_file || output->is_locked)
		return;
	output->is_locked = flock(STDOUT_FILENO, LOCK_EX) == 0;
	output->line_start = -1;
	if (fstat(STDOUT_FILENO, &info) < 0)
		return;
	output->line_start = info.st_size;
	if (output->reading_fd >= 0 && info.st_size > 0 &&
	    pread(output->reading_fd, &last, 1, info.st_size - 1) == 1 &&
	    last != '\n' && write(STDOUT_FILENO, "\n", 1) == 1)
		output->line_start++;
}

static void
end_line(struct each_output *output)
{
	if (output->is_locked)
		flock(STDOUT_FILENO, LOCK_UN);
	output->is_locked = false;
}

/* Of a line that the disk has no room for, nothing is left. */
static void
fail(struct each_output *output)
{
	output->error = error_errno(ERROR_IO, "cannot write standard output");
	if (output->is_file && output->is_locked && output->line_start >= 0 &&
	    ftruncate(STDOUT_FILENO, output->line_start) < 0) {
		/* It is cut off, and taken for that later. */
	}
	end_line(output);
}

/* What poll(2) says there is room for in a pipe is PIPE_BUF bytes. */
static void
write_some(struct each_output *output)
{
	size_t n = output->len - output->at;
	ssize_t written;

	if (!output->is_file && n > PIPE_BUF)
		n = PIPE_BUF;
	written = write(STDOUT_FILENO, output->bytes + output->at, n);
	if (written < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (written < 0) {
		fail(output);
		return;
	}
	output->at += (size_t)written;
	if (output->at == output->len)
		output->at = output->len = 0;
}

size_t
each_output_write(struct each_output *output)
{
	struct each_task *task = output->head;

	if (!each_output_wants(output))
		return 0;
	if (output->len == 0) {
		begin_line(output);
		fill(output, &task->result);
	}
	if (output->error == NULL)
		write_some(output);
	if (output->error != NULL || output->len > 0 ||
	    task->result.at < task->result.n)
		return 0;
	end_line(output);
	output->head = task->next;
	output->next_order = task->order + 1;
	each_task_free(task);
	return 1;
}

void
each_output_close(struct each_output *output)
{
	struct each_task *next;

	end_line(output);
	for (struct each_task *task = output->head; task != NULL; task = next) {
		next = task->next;
		each_task_free(task);
	}
	error_free(output->error);
	free(output->bytes);
}
