/* SPDX-License-Identifier: MIT */
/* nr-push: the task's changes as a commit on the remote (nr-push(1)). */
#include "git.h"
#include "json.h"
#include "memory.h"
#include "push_settings.h"
#include "slot_record.h"
#include "stage.h"
#include "stage_git.h"

struct push {
	struct stage *stage;
	struct git *git;
	char *branch;
	const char *base;
	char *remote, *url;
	bool url_of_slot;
	struct git_network network;
	struct push_settings settings;
	struct git_push git_push;
};

static const char *
workspace_string(const struct push *push, const char *name)
{
	char *path = xasprintf("workspace.%s", name);
	const char *text = document_string(push->stage->doc, path);

	free(path);
	return text;
}

static struct error *
refuse_branch(const struct push *push, const char *why)
{
	return error_new(
	    ERROR_SECURITY, "cannot push '%s': %s", push->branch, why);
}

static struct error *
check_branch(const struct push *push)
{
	const char *theirs = workspace_string(push, "default_branch");

	if (strcmp(push->branch, push->base) == 0)
		return refuse_branch(push, "it is the base branch");
	if (theirs != NULL && strcmp(push->branch, theirs) == 0)
		return refuse_branch(push, "it is the remote's default branch");
	if (!push_settings_allow(&push->settings, push->branch))
		return refuse_branch(push,
		    "its name matches no pattern of allowed_branches; change "
		    "branch_name, or the configuration");
	return NULL;
}

static struct error *
commit(struct push *push)
{
	char *message = stage_git_message(push->stage), id[GIT_ID_TEXT];
	bool made;
	struct error *err = git_commit_everything(push->git, message, &made);

	free(message);
	if (err == NULL && made)
		err = git_head(push->git, id, NULL);
	if (err == NULL && made)
		log_info("commit", "committed %.12s", id);
	return err;
}

/*
 * The URL of the task, or the one that nr-prepare found before the agent
 * had the slot; what the slot says now only if nothing else does.
 */
static struct error *
find_url(struct push *push)
{
	const char *url = document_string(push->stage->doc, "repo_url");
	char *slot_url = NULL;
	struct error *err = git_remote_of(push->git, &push->remote, &slot_url);

	if (url == NULL || *url == '\0')
		url = workspace_string(push, "push_url");
	if (url == NULL)
		url = workspace_string(push, "remote_url");
	if (url != NULL) {
		error_free(err);
		err = git_check_url(&push->url, url);
	} else if (err == NULL) {
		push->url_of_slot = true;
		err = git_push_url_of(push->git, push->remote, &push->url);
		if (err == NULL && push->url == NULL) {
			push->url = slot_url;
			slot_url = NULL;
		}
	}
	free(slot_url);
	return err;
}

static struct error *
nothing(const struct push *push)
{
	if (strcmp(config_string(push->stage->config, "no_changes"),
		"success") == 0) {
		log_info("no_changes", "nothing was changed: nothing to push");
		return NULL;
	}
	return error_new(ERROR_PUSH,
	    "cannot push '%s': nothing was changed since '%s'; with "
	    "no_changes = success that is no error",
	    push->branch, push->base);
}

static void
tell(const struct push *push)
{
	const struct git_push *git_push = &push->git_push;
	char tip[GIT_ID_TEXT] = "";

	if (push->remote != NULL)
		git_track_branch(
		    push->git, push->remote, git_push->pushed_branch);
	error_free(git_head(push->git, tip, NULL));
	log_info("push", "branch '%s' of '%s' is at %.12s%s",
	    git_push->pushed_branch, push->url, tip,
	    git_push->outcome == GIT_PUSHED ? "" : ", as it was before");
}

static struct error *
send(struct push *push)
{
	struct git_push *git_push = &push->git_push;
	char tip[GIT_ID_TEXT];
	struct error *err = git_head(push->git, tip, NULL);

	*git_push = (struct git_push){
		.branch = push->branch,
		.base = push->base,
		.base_commit = workspace_string(push, "base_commit"),
		.remote = push->remote,
		.policy = &push->settings.policy,
		.on_conflict = push->settings.on_conflict,
		.allows = push_settings_allow,
		.context = &push->settings,
	};
	if (err != NULL)
		return err;
	if (git_push->base_commit != NULL &&
	    strcmp(git_push->base_commit, tip) == 0) {
		git_push->outcome = GIT_PUSH_NOTHING;
		return nothing(push);
	}
	err = git_push_branch(push->git, &push->network, git_push);
	if (err != NULL)
		return err;
	if (git_push->outcome == GIT_PUSH_NOTHING)
		return nothing(push);
	tell(push);
	return NULL;
}

/* Who had the slot since nr-prepare may have worked on the base branch. */
static struct error *
restore_base(const struct push *push)
{
	const char *was = workspace_string(push, "base_commit");
	char *note = NULL;
	struct error *err;

	if (was == NULL)
		return NULL;
	err = git_restore_base(push->git, push->base, was, push->branch, &note);
	if (note != NULL)
		log_warn("base_restored", "%s", note);
	free(note);
	return err;
}

/* The remote gets ready while the commit is made. */
static struct error *
find_remote(struct push *push)
{
	struct error *err = find_url(push);

	if (err == NULL)
		err = stage_git_network(
		    push->stage, &push->network, push->url, push->url_of_slot);
	if (err == NULL)
		git_start_ahead(push->git, &push->network, true);
	return err;
}

static struct error *
do_push(struct push *push)
{
	const struct stage *stage = push->stage;
	char *path = NULL;
	struct error *no_remote = NULL, *err = stage_workspace(stage, &path);

	if (err == NULL)
		err = slot_record_recover(path, stage->ends);
	if (err == NULL)
		err = git_open(&push->git, path);
	free(path);
	if (err != NULL)
		return err;
	stage_git_begin(stage, push->git);
	git_know_nested(push->git,
	    json_strings(
		document_value(stage->doc), "workspace.nested_repositories"));
	err = git_check_on_branch(push->git, push->branch);
	if (err == NULL) {
		/* Told later: the commit is made in any case. */
		no_remote = find_remote(push);
		err = commit(push);
	}
	if (err == NULL)
		err = restore_base(push);
	err = error_first(err, no_remote);
	if (err == NULL)
		err = send(push);
	return err;
}

/* How a conflict with the remote's branch was resolved; null: there was
 * none. */
static jv
conflict(const struct push *push)
{
	const struct git_push *git_push = &push->git_push;
	bool rebased = git_push->on_conflict == GIT_CONFLICT_REBASE;
	jv section = jv_object();

	if (git_push->theirs[0] == '\0') {
		jv_free(section);
		return jv_null();
	}
	section = json_set_string(
	    section, "resolution", rebased ? "rebase" : "suffix");
	section = json_set_string(section, "remote_commit", git_push->theirs);
	if (git_push->saved_ref != NULL)
		section =
		    json_set_string(section, "saved_ref", git_push->saved_ref);
	return json_set_boolean(section, "tested", !rebased);
}

static void
set_result(const struct push *push, const struct error *err)
{
	const struct git_push *git_push = &push->git_push;
	const char *branch = git_push->pushed_branch != NULL
	    ? git_push->pushed_branch
	    : push->branch;
	char id[GIT_ID_TEXT] = "";
	bool pushed = err == NULL && git_push->outcome != GIT_PUSH_NOTHING;
	jv result = json_set_boolean(jv_object(), "success", err == NULL);

	if (push->git != NULL)
		error_free(git_head(push->git, id, NULL));
	result = json_set_boolean(result, "pushed", pushed);
	result = json_set_boolean(result, "verified", git_push->verified);
	result = json_set_string(result, "branch_name", branch);
	result = json_set(
	    result, "commit_hash", *id != '\0' ? jv_string(id) : jv_null());
	result = json_set(result, "conflict", conflict(push));
	result =
	    json_set_number(result, "retry_count", push->network.n_retries);
	result = json_set(
	    result, "error", err != NULL ? jv_string(err->message) : jv_null());
	document_set(push->stage->doc, "push_result", result);
}

static struct error *
run(struct stage *stage)
{
	struct push push = {
		.stage = stage,
		.base = document_base_branch(stage->doc),
	};
	const char *branch =
	    document_string(stage->doc, "workspace.branch_name");
	struct error *err;

	push.branch =
	    branch != NULL ? xstrdup(branch) : document_branch_name(stage->doc);
	push_settings_read(&push.settings, stage);
	err = check_branch(&push);
	if (err == NULL && stage->dry_run) {
		stage_plan(stage, "commit what changed in '%s'",
		    document_workspace(stage->doc));
		stage_plan(stage, "push branch '%s'", push.branch);
	} else if (!stage->dry_run) {
		if (err == NULL)
			err = do_push(&push);
		set_result(&push, err);
	}
	git_end_ahead(&push.network);
	git_push_release(&push.git_push);
	push_settings_release(&push.settings);
	git_close(push.git);
	free(push.branch);
	free(push.remote);
	free(push.url);
	return err;
}

static const char *const keys[] = { PUSH_SETTINGS_KEYS, "no_changes",
	STAGE_GIT_KEYS, NULL };

int
main(int argc, char *argv[])
{
	static const struct stage_program program = {
		.name = "nr-push",
		.description =
		    "Commits the task's changes and pushes its branch.",
		.keys = keys,
		.run = run,
	};

	return stage_main(argc, argv, &program);
}
