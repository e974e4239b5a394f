/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* statx */
#include "slot_record.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "log.h"
#include "memory.h"
#include "slot_guard_internal.h"
#include "slot_state.h"

/*
 * The first line, one each for the repository and the branches, then for each
 * file a line "file EXISTS KIND MODE BYTES NAME" and its bytes, and the
 * last.
 */
static const char first_line[] = "necrocode slot 2\n";
static const char last_line[] = "end\n";

enum { MAX_ID = 160 };

char *
slot_record_path(const char *work_tree)
{
	return slot_state_path(work_tree, "settings");
}

/* What tells a directory from another that has its name later. */
static void
identify(char id[MAX_ID], const char *directory)
{
	struct statx info;

	id[0] = '\0';
	if (statx(AT_FDCWD, directory, AT_SYMLINK_NOFOLLOW,
		STATX_INO | STATX_BTIME, &info) == 0)
		snprintf(id, MAX_ID,
		    "%" PRIu32 ":%" PRIu32 ":%" PRIu64 ":%" PRId64 ".%" PRIu32,
		    info.stx_dev_major, info.stx_dev_minor,
		    (uint64_t)info.stx_ino, (int64_t)info.stx_btime.tv_sec,
		    info.stx_btime.tv_nsec);
}

static void
append_line(struct buffer *text, const char *name, const char *value)
{
	buffer_appendf(text, "%s %s\n", name,
	    value != NULL && strchr(value, '\n') == NULL ? value : "");
}

static void
append_file(struct buffer *text, const struct noted *file)
{
	/* Also no link in the place of a submodule, which is of no use here. */
	if (strchr(file->name, '\n') != NULL ||
	    (!slot_guard_is_own(file->name) &&
		!slot_guard_is_common(file->name)))
		return;
	buffer_appendf(text, "file %d %d %o %zu %s\n", file->exists,
	    (int)file->kind, file->mode, file->text.len, file->name);
	buffer_append(text, file->text.data, file->text.len);
	buffer_append_string(text, "\n");
}

void
slot_record_keep(
    const struct slot_guard *guard, const struct slot_branches *branches)
{
	struct buffer text = BUFFER_INIT(SLOT_RECORD_MAX_BYTES);
	char id[MAX_ID], *path;
	struct error *err;

	if (guard == NULL)
		return;
	identify(id, guard->layout.common);
	buffer_append_string(&text, first_line);
	append_line(&text, "repository", id);
	append_line(&text, "branch", branches->branch);
	append_line(&text, "tip", branches->tip);
	append_line(&text, "base", branches->base_branch);
	append_line(&text, "base-commit", branches->base_commit);
	for (size_t i = 0; i < guard->n_files; i++)
		append_file(&text, &guard->files[i]);
	buffer_append_string(&text, last_line);
	path = slot_record_path(guard->work_tree);
	err = text.truncated
	    ? error_new(ERROR_IO, "they are larger than %d bytes",
		  SLOT_RECORD_MAX_BYTES)
	    : slot_state_write(path, text.data, text.len);
	if (err != NULL)
		log_info("no_record",
		    "if this stage is killed, nobody will put the settings "
		    "of the slot back: %s",
		    err->message);
	error_free(err);
	buffer_release(&text);
	free(path);
}

void
slot_record_remove(const char *work_tree)
{
	char *path = slot_record_path(work_tree);

	unlink(path);
	free(path);
}

bool
slot_record_exists(const char *work_tree)
{
	char *path = slot_record_path(work_tree);
	bool yes = access(path, F_OK) == 0;

	free(path);
	return yes;
}

/* The rest of the line that begins with the name; NULL: it does not. */
static char *
take_line(char **at, const char *name)
{
	size_t len = strlen(name), n = strcspn(*at, "\n");
	char *value;

	if (strncmp(*at, name, len) != 0 || (*at)[len] != ' ' ||
	    (*at)[n] != '\n')
		return NULL;
	value = xstrndup(*at + len + 1, n - len - 1);
	*at += n + 1;
	return value;
}

/* A record that somebody has changed leads to no other file. */
static const char *
directory_of(const struct slot_guard *guard, const char *name)
{
	if (slot_guard_is_own(name))
		return guard->layout.directory;
	if (slot_guard_is_common(name))
		return guard->layout.common;
	return NULL;
}

static bool
take_file(struct slot_guard *guard, char **at, const char *end)
{
	char *line = take_line(at, "file");
	int exists, kind, n = 0;
	struct noted *file;
	unsigned mode;
	size_t len;
	bool ok = line != NULL &&
	    sscanf(line, "%d %d %o %zu %n", &exists, &kind, &mode, &len, &n) ==
		4 &&
	    n > 0 && kind >= NOTED_FILE && kind <= NOTED_OTHER &&
	    (kind != NOTED_LINK || len > 0) &&
	    len <= SLOT_GUARD_MAX_FILE_BYTES && len < (size_t)(end - *at) &&
	    directory_of(guard, line + n) != NULL;

	if (ok) {
		file = slot_guard_add(
		    guard, directory_of(guard, line + n), line + n);
		file->exists = exists != 0;
		file->kind = (enum noted_kind)kind;
		file->mode = mode & 07777;
		file->text = BUFFER_INIT(SLOT_GUARD_MAX_FILE_BYTES);
		buffer_append(&file->text, *at, len);
		*at += len + 1;
	}
	free(line);
	return ok;
}

bool
slot_record_parse(
    struct slot_record *record, bool *ours, const struct buffer *text)
{
	char *at = text->data, id[MAX_ID], *of = NULL;
	const char *end = text->data + text->len;
	bool ok = text->len > strlen(first_line) &&
	    strncmp(at, first_line, strlen(first_line)) == 0;

	*ours = true;
	if (!ok)
		return false;
	at += strlen(first_line);
	identify(id, record->guard->layout.common);
	of = take_line(&at, "repository");
	ok = of != NULL;
	*ours = ok && strcmp(of, id) == 0;
	free(of);
	if (!*ours)
		return ok;
	record->branch = take_line(&at, "branch");
	record->tip = take_line(&at, "tip");
	record->base_branch = take_line(&at, "base");
	record->base_commit = take_line(&at, "base-commit");
	ok = record->branch != NULL && record->tip != NULL &&
	    record->base_branch != NULL && record->base_commit != NULL;
	while (ok && strcmp(at, last_line) != 0)
		ok = take_file(record->guard, &at, end);
	return ok;
}
