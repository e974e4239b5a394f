/* SPDX-License-Identifier: MIT */
/*
 * The run document: one JSON object per task, read from one stage and handed
 * to the next (nr(7)). A bare task context is already a document.
 *
 * The raw text of every top-level member is kept, and written back byte for
 * byte unless document_set() replaced that member: what a stage does not
 * know, it cannot damage.
 */
#ifndef DOCUMENT_H
#define DOCUMENT_H

#include <jv.h>
#include <stdbool.h>

#include "error.h"
#include "mask.h"

enum { DOCUMENT_MAX_BYTES = 8 * 1024 * 1024 };

struct document;

/*
 * Reads one document up to the end of the descriptor; `name` is told in
 * messages ("standard input"). Syntax and all known members are checked; the
 * error (TaskContextValidationError) then names every problem, a line each.
 * NecroCode's `task_title` and `task_description` are taken for an absent
 * `title` and `description`.
 */
struct error *document_read(struct document **doc, int fd, const char *name);
void document_free(struct document *doc);

/*
 * Writes the document and a newline. Members that were set go through the
 * mask (NULL: none). The write is checked; a full disk is an IOError.
 */
struct error *document_write(
    const struct document *doc, int fd, const struct mask *mask);

/* The parsed document, borrowed: for the json_*() accessors. */
jv document_value(const struct document *doc);
/* json_string() of the whole document. */
const char *document_string(const struct document *doc, const char *path);

/* Replaces or adds a top-level member; consumes the value. */
void document_set(struct document *doc, const char *name, jv value);
/* The same of JSON text, which is taken over: what is large is not parsed, and
 * cannot be asked for. */
void document_set_text(struct document *doc, const char *name, char *text);
void document_remove(struct document *doc, const char *name);

/* Does it carry an `error` that is not null? */
bool document_failed(const struct document *doc);
/* The exit code of that error; 0 when there is none. */
int document_exit_code(const struct document *doc);
/* What a document has of an error; owned. */
jv document_error(const char *stage, const struct error *error);
void document_set_error(
    struct document *doc, const char *stage, const struct error *error);

/* base_branch, or its default "main". */
const char *document_base_branch(const struct document *doc);
/* branch_name, or feature/task-{spec_name}-{task_id} made a valid ref; the
 * caller frees. */
char *document_branch_name(const struct document *doc);
/* workspace.path, else slot_path, else NULL. */
const char *document_workspace(const struct document *doc);

#endif
