/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* O_TMPFILE, mkostemp */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "each_internal.h"
#include "file.h"
#include "json.h"
#include "memory.h"

enum {
	MAX_ID_BYTES = 4096,
	MAX_ERROR_BYTES = 64 * 1024,
	CHUNK_BYTES = 64 * 1024,
};

static const char *const names[DOCUMENT_MEMBERS] = {
	[DOCUMENT_SPEC] = "spec_name",
	[DOCUMENT_TASK] = "task_id",
	[DOCUMENT_SUCCESS] = "success",
	[DOCUMENT_ERROR] = "error",
	[DOCUMENT_EACH] = "each",
};

/* A file that is gone when nobody has it open any more. */
static int
open_nameless(const char *directory)
{
	int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	char *path;

	if (fd >= 0)
		return fd;
	path = file_join(directory, "nr-each.XXXXXX");
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	free(path);
	return fd;
}

void
each_document_watch(struct each_document *doc)
{
	for (size_t i = 0; i < DOCUMENT_MEMBERS; i++) {
		buffer_release(&doc->members[i].text);
		doc->members[i] = (struct json_peek_member){
			.name = names[i],
			.text =
			    BUFFER_INIT(i == DOCUMENT_ERROR ? MAX_ERROR_BYTES
							    : MAX_ID_BYTES),
		};
	}
	doc->fd = -1;
	json_peek_open(&doc->peek, doc->members, DOCUMENT_MEMBERS);
}

struct error *
each_document_open(struct each_document *doc)
{
	const char *directory = getenv("TMPDIR");

	if (directory == NULL || *directory == '\0')
		directory = "/tmp";
	each_document_watch(doc);
	doc->fd = open_nameless(directory);
	if (doc->fd < 0)
		return error_errno(ERROR_IO,
		    "cannot make a temporary file in '%s'", directory);
	return NULL;
}

struct error *
each_document_write(struct each_document *doc, const char *bytes, size_t len)
{
	json_peek_write(&doc->peek, bytes, len);
	if (doc->fd < 0)
		return NULL;
	return file_write_all(doc->fd, bytes, len, "a temporary file");
}

bool
each_document_look(struct each_document *doc)
{
	char *chunk = xmalloc(CHUNK_BYTES);
	off_t at = 0;
	ssize_t n;

	while (doc->peek.problem == NULL &&
	    ((n = pread(doc->fd, chunk, CHUNK_BYTES, at)) > 0 ||
		(n < 0 && errno == EINTR))) {
		if (n > 0)
			json_peek_write(&doc->peek, chunk, (size_t)n);
		at += n > 0 ? n : 0;
	}
	free(chunk);
	return json_peek_end(&doc->peek);
}

void
each_document_close(struct each_document *doc)
{
	if (doc->fd >= 0)
		close(doc->fd);
	doc->fd = -1;
}

void
each_document_release(struct each_document *doc)
{
	each_document_close(doc);
	for (size_t i = 0; i < DOCUMENT_MEMBERS; i++)
		buffer_release(&doc->members[i].text);
}

/* A member that is known whole, as a value. */
static jv
value_of(const struct each_document *doc, size_t member)
{
	const struct json_peek_member *found = &doc->members[member];
	jv value = jv_invalid();

	if (found->found && found->text.len == found->end - found->start)
		error_free(json_parse(
		    &value, found->text.data, found->text.len, found->name));
	return value;
}

char *
each_document_string(const struct each_document *doc, size_t member)
{
	jv value = value_of(doc, member);
	const char *text = json_string(value, NULL);
	char *copy = text != NULL ? xstrdup(text) : NULL;

	jv_free(value);
	return copy;
}

static bool
is_text(const struct each_document *doc, size_t member, const char *text)
{
	const struct json_peek_member *found = &doc->members[member];

	return found->found && found->text.data != NULL &&
	    strcmp(found->text.data, text) == 0;
}

bool
each_document_failed(const struct each_document *doc)
{
	if (doc->members[DOCUMENT_ERROR].found &&
	    !is_text(doc, DOCUMENT_ERROR, "null"))
		return true;
	return is_text(doc, DOCUMENT_SUCCESS, "false");
}

int
each_document_error(const struct each_document *doc, char **type)
{
	jv value = value_of(doc, DOCUMENT_ERROR);
	double code = json_number(value, "exit_code", 0);
	const char *name = json_string(value, "type");

	*type = name != NULL ? xstrdup(name) : NULL;
	jv_free(value);
	return code >= 1 && code <= 255 ? (int)code : 0;
}
