/* SPDX-License-Identifier: MIT */
/* Apart from slot_record.c: who only keeps a record has no need of libgit2. */
#include "slot_record.h"

#include <sys/stat.h>

#include "file.h"
#include "git.h"
#include "log.h"
#include "memory.h"
#include "slot_guard_internal.h"

enum { MAX_HEAD_BYTES = 1024 };

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
recover_head(const struct slot_record *record)
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
recover_settings(const struct slot_record *record)
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
    const struct slot_record *record, const char *work_tree, double since)
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
damaged(const char *path)
{
	return error_new(ERROR_WORKSPACE,
	    "cannot put the settings of the slot back, which a run that was "
	    "killed may have left changed: the record '%s' is damaged; look "
	    "at the configuration and the hooks of the slot, or make it anew, "
	    "and remove the record",
	    path);
}

static struct error *
recover(struct slot_record *record, const struct buffer *text, const char *path,
    double since)
{
	const char *work_tree = record->guard->work_tree;
	struct error *err = git_layout_find(&record->guard->layout, work_tree);
	bool ours;

	if (err != NULL || record->guard->layout.directory == NULL)
		return err;
	if (!slot_record_parse(record, &ours, text))
		return damaged(path);
	if (!ours)
		return NULL;
	err = recover_settings(record);
	if (err == NULL && *record->branch != '\0' && *record->tip != '\0' &&
	    *record->base_branch != '\0')
		err = recover_branches(record, work_tree, since);
	return err;
}

struct error *
slot_record_recover(const char *work_tree, double ends)
{
	struct buffer text = BUFFER_INIT(SLOT_RECORD_MAX_BYTES);
	struct slot_record record = { .ends = ends };
	char *path = slot_record_path(work_tree);
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
		err =
		    recover(&record, &text, path, (double)info.st_mtim.tv_sec);
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
