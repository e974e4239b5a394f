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
#include "git.h"
#include "log.h"
#include "memory.h"
#include "slot_guard_internal.h"
#include "slot_state.h"

/*
 * The first line, one each for the repository and the branches, then for each
 * file a line "file EXISTS SKIPPED MODE BYTES NAME" and its bytes.
 */
static const char first_line[] = "necrocode slot 1\n";

enum {
	MAX_BYTES = 64 * 1024 * 1024,
	MAX_ID = 160,
	MAX_HEAD_BYTES = 1024,
};

/* A record, read. */
struct record {
	struct slot_guard *guard;
	char *branch, *tip, *base_branch, *base_commit;
	double ends;
};

static char *
record_path(const char *work_tree)
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
	if (strchr(file->name, '\n') != NULL)
		return;
	buffer_appendf(text, "file %d %d %o %zu %s\n", file->exists,
	    file->skipped, file->mode, file->text.len, file->name);
	buffer_append(text, file->text.data, file->text.len);
	buffer_append_string(text, "\n");
}

void
slot_record_keep(
    const struct slot_guard *guard, const struct slot_branches *branches)
{
	struct buffer text = BUFFER_INIT(MAX_BYTES);
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
	path = record_path(guard->work_tree);
	err = slot_state_write(path, text.data, text.len);
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
	char *path = record_path(work_tree);

	unlink(path);
	free(path);
}

bool
slot_record_exists(const char *work_tree)
{
	char *path = record_path(work_tree);
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
	int exists, skipped, n = 0;
	struct noted *file;
	unsigned mode;
	size_t len;
	bool ok = line != NULL &&
	    sscanf(line, "%d %d %o %zu %n", &exists, &skipped, &mode, &len,
		&n) == 4 &&
	    n > 0 && len <= SLOT_GUARD_MAX_FILE_BYTES &&
	    len < (size_t)(end - *at) && directory_of(guard, line + n) != NULL;

	if (ok) {
		file = slot_guard_add(
		    guard, directory_of(guard, line + n), line + n);
		file->exists = exists != 0;
		file->skipped = skipped != 0;
		file->mode = mode & 07777;
		file->text = BUFFER_INIT(SLOT_GUARD_MAX_FILE_BYTES);
		buffer_append(&file->text, *at, len);
		*at += len + 1;
	}
	free(line);
	return ok;
}

static bool
parse(struct record *record, struct buffer *text)
{
	char *at = text->data, id[MAX_ID], *of = NULL;
	const char *end = text->data + text->len;
	bool ok = text->len > strlen(first_line) &&
	    strncmp(at, first_line, strlen(first_line)) == 0;

	if (!ok)
		return false;
	at += strlen(first_line);
	identify(id, record->guard->layout.common);
	of = take_line(&at, "repository");
	ok = of != NULL && strcmp(of, id) == 0;
	free(of);
	if (!ok)
		return false;
	record->branch = take_line(&at, "branch");
	record->tip = take_line(&at, "tip");
	record->base_branch = take_line(&at, "base");
	record->base_commit = take_line(&at, "base-commit");
	while (ok && at < end)
		ok = take_file(record->guard, &at, end);
	return ok && record->base_commit != NULL;
}

/* Does HEAD look like one? */
static bool
is_head(const char *path)
{
	struct buffer text = BUFFER_INIT(MAX_HEAD_BYTES);
	struct error *err = file_read(&text, path);
	bool ok = err == NULL && text.len > 0 &&
	    (strncmp(text.data, "ref: refs/", 10) == 0 ||
		strspn(text.data, "0123456789abcdef") == GIT_ID_TEXT - 1);

	error_free(err);
	buffer_release(&text);
	return ok;
}

static struct error *
recover_head(const struct record *record)
{
	char *path = file_join(record->guard->layout.directory, "HEAD"), *text;
	struct error *err = NULL;

	if (*record->branch != '\0' && !is_head(path)) {
		text = xasprintf("ref: refs/heads/%s\n", record->branch);
		err = file_replace(path, text, strlen(text), 0644);
		free(text);
	}
	free(path);
	return err;
}

static struct error *
recover_settings(const struct record *record)
{
	char *changed = NULL;
	struct error *err = slot_guard_restore(record->guard, &changed);

	if (*changed != '\0')
		log_warn("settings_restored",
		    "a run that was killed left settings of the repository "
		    "changed, which are put back: %s",
		    changed);
	free(changed);
	return err != NULL ? err : recover_head(record);
}

/* What cannot be settled is told, and stays for people to look at. */
static void
tell(const char *event, char *note, struct error *err)
{
	if (err != NULL)
		log_warn(
		    event, "after a run that was killed: %s", err->message);
	else if (note != NULL && *note != '\0')
		log_warn(event, "after a run that was killed: %s", note);
	error_free(err);
	free(note);
}

/* `since` is when somebody got the slot. */
static struct error *
recover_branches(
    const struct record *record, const char *work_tree, double since)
{
	struct git *git = NULL;
	char *note = NULL;
	struct error *err = git_open_used(&git, work_tree);

	if (err == NULL) {
		git_set_ends(git, record->ends);
		git_remove_dead_locks(git, since);
		git_end_operation(git);
		err = git_settle(git, record->branch, record->tip, &note);
		tell("workspace_settled", note, err);
		note = NULL;
		err = git_restore_base(git, record->base_branch,
		    record->base_commit, record->branch, &note);
		tell("base_restored", note, err);
		err = NULL;
	}
	git_close(git);
	return err;
}

static struct error *
recover(struct record *record, struct buffer *text, const char *work_tree,
    double since)
{
	struct error *err = git_layout_find(&record->guard->layout, work_tree);

	if (err != NULL || record->guard->layout.directory == NULL ||
	    !parse(record, text))
		return err;
	err = recover_settings(record);
	if (err == NULL && *record->branch != '\0' && *record->tip != '\0' &&
	    *record->base_branch != '\0')
		err = recover_branches(record, work_tree, since);
	return err;
}

struct error *
slot_record_recover(const char *work_tree, double ends)
{
	struct buffer text = BUFFER_INIT(MAX_BYTES);
	struct record record = { .ends = ends };
	char *path = record_path(work_tree);
	struct error *err;
	struct stat info;

	if (lstat(path, &info) != 0) {
		free(path);
		return NULL;
	}
	record.guard = xcalloc(1, sizeof *record.guard);
	record.guard->work_tree = xstrdup(work_tree);
	err = file_read(&text, path);
	if (err == NULL)
		err = recover(
		    &record, &text, work_tree, (double)info.st_mtim.tv_sec);
	if (err == NULL)
		slot_record_remove(work_tree);
	buffer_release(&text);
	slot_guard_free(record.guard);
	free(record.branch);
	free(record.tip);
	free(record.base_branch);
	free(record.base_commit);
	free(path);
	return err;
}
