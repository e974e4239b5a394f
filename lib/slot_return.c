/* SPDX-License-Identifier: MIT */
#include "slot_return.h"

#include <sys/stat.h>

#include "file.h"
#include "git.h"
#include "json.h"
#include "memory.h"
#include "slot_lock.h"
#include "slot_record.h"

/* Without libgit2, which costs more than all the rest of this program. */
static char *
git_directory_of(const char *workspace)
{
	struct buffer text = BUFFER_INIT(4096);
	char *path = file_join(workspace, ".git"), *directory;
	struct stat info;

	if (stat(path, &info) == 0 && S_ISDIR(info.st_mode))
		return path;
	error_free(file_read(&text, path));
	free(path);
	if (text.data == NULL || strncmp(text.data, "gitdir: ", 8) != 0) {
		buffer_release(&text);
		return NULL;
	}
	text.data[strcspn(text.data, "\n")] = '\0';
	directory = text.data[8] == '/' ? xstrdup(text.data + 8)
					: file_join(workspace, text.data + 8);
	buffer_release(&text);
	return directory;
}

/* Is the slot still this run's? Else it may be another's by now. */
static bool
holds_slot(const char *git_directory, const char *runner_id)
{
	jv lock;
	const char *id;
	bool holds;

	slot_lock_look(&lock, git_directory);
	id = json_string(lock, "runner_id");
	holds = id != NULL && strcmp(id, runner_id) == 0;
	jv_free(lock);
	return holds;
}

static void
record_saved(struct stage *stage, const char *workspace, const char *ref)
{
	jv section = json_get(document_value(stage->doc), "workspace");

	section = json_set_string(section, "saved_ref", ref);
	document_set(stage->doc, "workspace", section);
	log_event(LOG_INFO, "workspace_saved",
	    json_set_string(jv_object(), "ref", ref),
	    "what the task left in '%s' is saved as %s, and the slot is clean "
	    "again",
	    workspace, ref);
}

/* Nothing of a task that failed stands in the way of the next. */
static struct error *
clean_slot(struct stage *stage, const char *workspace, double ends)
{
	struct git *git = NULL;
	char *ref = NULL;
	struct error *error = git_open_used(&git, workspace);

	if (error == NULL) {
		git_set_ends(git, ends);
		git_know_nested(git,
		    json_strings(document_value(stage->doc),
			"workspace.nested_repositories"));
	}
	if (error == NULL)
		error = git_save_and_clean(
		    git, document_string(stage->doc, "runner.runner_id"), &ref);
	if (error == NULL && ref != NULL)
		record_saved(stage, workspace, ref);
	git_close(git);
	free(ref);
	return error;
}

/* Puts back what a stage of this run could not, because it was killed. */
static struct error *
recover_slot(const char *workspace, double ends)
{
	char *path = file_resolve(workspace);
	struct error *error =
	    path != NULL ? slot_record_recover(path, ends) : NULL;

	free(path);
	return error;
}

/*
 * A slot that cannot be cleaned or given back is told, and changes nothing
 * about how the task ended.
 */
static void
give_back_local(struct stage *stage, double ends)
{
	const char *workspace = document_workspace(stage->doc);
	const char *id = document_string(stage->doc, "runner.runner_id");
	char *directory =
	    workspace != NULL ? git_directory_of(workspace) : NULL;
	struct error *error, *released;

	if (directory == NULL || !holds_slot(directory, id)) {
		free(directory);
		return;
	}
	error = recover_slot(workspace, ends);
	if (error == NULL && document_failed(stage->doc) &&
	    document_string(stage->doc, "workspace.path") != NULL &&
	    !config_boolean(stage->config, "keep_workspace"))
		error = clean_slot(stage, workspace, ends);
	released = slot_lock_release(directory, id);
	error = error_first(error, released);
	if (error != NULL)
		log_warn("slot_not_clean", "the slot needs a look: %s",
		    error->message);
	error_free(error);
	free(directory);
}

/* What the run has got from the Repo Pool Manager. */
static void
give_back_remote(const struct stage *stage, double ends)
{
	struct error *error = pool_release_remote(stage, ends);

	if (error != NULL)
		log_warn("slot_not_released", "%s", error->message);
	error_free(error);
}

void
slot_return(struct stage *stage, double ends)
{
	give_back_local(stage, ends);
	give_back_remote(stage, ends);
}
