/* SPDX-License-Identifier: MIT */
/* nr-prepare: a slot, on a fresh branch for the task (nr-prepare(1)). */
#include "file.h"
#include "git.h"
#include "json.h"
#include "memory.h"
#include "playbook.h"
#include "playbook_find.h"
#include "pool.h"
#include "slot.h"
#include "slot_remote.h"
#include "stage.h"
#include "stage_git.h"
#include "task_registry.h"

struct prepare {
	struct stage *stage;
	struct slot slot;
	char *branch;
	char *remote, *url, *push_url;
	char *default_branch;
	struct git_network network;
	struct git_start start;
};

static struct error *
find_remote(struct prepare *prepare)
{
	char *url = NULL;
	struct error *err =
	    git_remote_of(prepare->slot.git, &prepare->remote, &url);

	if (err == NULL && prepare->url == NULL) {
		prepare->url = url;
		return git_push_url_of(
		    prepare->slot.git, prepare->remote, &prepare->push_url);
	}
	free(url);
	/* The document's URL needs no remote in the slot. */
	if (err != NULL && prepare->url != NULL) {
		error_free(err);
		err = NULL;
		prepare->remote = xstrdup("origin");
	}
	return err;
}

/* A remote that nothing but the slot names gets no token if it is not where
 * it was. */
static struct error *
guard_token(const struct prepare *prepare, const struct git_network *network)
{
	const struct stage *stage = prepare->stage;
	const char *url = document_string(stage->doc, "repo_url");
	jv hosts = config_value(stage->config, "git_token_hosts");
	bool told =
	    (url != NULL && *url != '\0') || json_array_length(hosts, NULL) > 0;

	jv_free(hosts);
	if (told || network->token == NULL)
		return NULL;
	return slot_remote_check(
	    git_path(prepare->slot.git), prepare->url, prepare->push_url);
}

static struct error *
fetch(struct prepare *prepare, char upstream[GIT_ID_TEXT])
{
	double started = clock_monotonic();
	struct error *err = git_fetch_branch(prepare->slot.git,
	    &prepare->network, prepare->remote, prepare->start.base, upstream,
	    &prepare->default_branch);
	jv fields;

	if (err != NULL)
		return err;
	fields = json_set_number(jv_object(), "duration_seconds",
	    clock_milliseconds(clock_monotonic() - started));
	fields = json_set_string(fields, "commit", upstream);
	log_event(LOG_INFO, "fetch", fields, "branch '%s' of '%s' is at %.12s",
	    prepare->start.base, prepare->url, upstream);
	return NULL;
}

static void
tell_start(const struct prepare *prepare)
{
	const struct git_start *start = &prepare->start;

	if (start->base_elsewhere)
		log_info("base_elsewhere",
		    "branch '%s' is checked out in another work tree and "
		    "stays as it is; the task starts from the remote's",
		    start->base);
	if (start->n_base > 0)
		log_info("base_rebased",
		    "branch '%s' has %zu commits of its own, kept on top of "
		    "the remote's",
		    start->base, start->n_base);
	if (start->n_branch > 0)
		log_info("branch_kept",
		    "branch '%s' was there already; its %zu commits are kept "
		    "on top of the base",
		    start->branch, start->n_branch);
	if (git_has_submodules(prepare->slot.git))
		log_warn("submodules",
		    "the repository has submodules; they are left as they "
		    "are");
	log_info(
	    "branch", "branch '%s' is at %.12s", start->branch, start->commit);
}

/* Those that are there already are not of the task. */
static jv
set_nested(jv workspace, char *const *nested)
{
	jv list = jv_array();

	for (; *nested != NULL; nested++)
		list = jv_array_append(list, jv_string(*nested));
	return json_set(workspace, "nested_repositories", list);
}

static void
set_workspace(const struct prepare *prepare)
{
	char *const *nested = git_nested(prepare->slot.git);
	jv workspace =
	    json_set_string(jv_object(), "path", git_path(prepare->slot.git));

	workspace =
	    json_set_string(workspace, "branch_name", prepare->start.branch);
	workspace =
	    json_set_string(workspace, "base_branch", prepare->start.base);
	workspace = json_set_string(
	    workspace, "base_commit", prepare->start.base_commit);
	workspace = json_set_string(workspace, "remote_url", prepare->url);
	if (prepare->push_url != NULL)
		workspace =
		    json_set_string(workspace, "push_url", prepare->push_url);
	if (prepare->default_branch != NULL)
		workspace = json_set_string(
		    workspace, "default_branch", prepare->default_branch);
	if (nested != NULL)
		workspace = set_nested(workspace, nested);
	document_set(prepare->stage->doc, "workspace", workspace);
}

/* nr-run, which does not read the document, is told by a file. */
static struct error *
tell_playbook(const struct stage *stage)
{
	char *path = stage_path(stage, "playbook");
	struct error *error = file_replace(path, "", 0, 0600);

	free(path);
	return error;
}

/* A playbook that cannot be used is found before an agent has worked. */
static struct error *
check_playbook(const struct prepare *prepare)
{
	struct playbook *playbook = NULL;
	struct error *error;
	char *path;

	error = playbook_find(&path, prepare->stage, prepare->slot.path);
	if (error == NULL)
		error = playbook_load(&playbook, path);
	if (error == NULL && !prepare->stage->dry_run &&
	    getenv("NR_RUN_PID") != NULL)
		error = tell_playbook(prepare->stage);
	playbook_free(playbook);
	free(path);
	return error;
}

static struct error *
do_prepare(struct prepare *prepare)
{
	char upstream[GIT_ID_TEXT];
	struct error *err = slot_open(
	    &prepare->slot, prepare->stage, prepare->url, prepare->start.base);

	if (err == NULL) {
		task_registry_tell_start(prepare->stage);
		err = find_remote(prepare);
	}
	if (err == NULL)
		err = stage_git_network(
		    prepare->stage, &prepare->network, prepare->url, false);
	if (err == NULL)
		err = guard_token(prepare, &prepare->network);
	if (err == NULL) {
		git_start_ahead(prepare->slot.git, &prepare->network, false);
		err = slot_see_clean(&prepare->slot, prepare->stage);
	}
	if (err == NULL)
		err = fetch(prepare, upstream);
	if (err == NULL) {
		prepare->start.upstream = upstream;
		err = git_start_branch(prepare->slot.git, &prepare->start);
		prepare->start.upstream = NULL;
	}
	if (err == NULL && playbook_is_named(prepare->stage))
		err = check_playbook(prepare);
	if (err != NULL)
		return err;
	tell_start(prepare);
	set_workspace(prepare);
	return NULL;
}

static struct error *
choose(struct prepare *prepare)
{
	const char *url = document_string(prepare->stage->doc, "repo_url");
	struct error *err = NULL;

	if (strcmp(prepare->start.base, prepare->branch) == 0)
		return error_new(ERROR_SECURITY,
		    "cannot use branch '%s' for the task: it is the base "
		    "branch; set another branch_name",
		    prepare->branch);
	if (url != NULL && *url != '\0')
		err = git_check_url(&prepare->url, url);
	if (err != NULL)
		return err;
	err = slot_choose(&prepare->slot, prepare->stage, prepare->url);
	if (err == NULL && prepare->slot.of_pool && !prepare->stage->dry_run)
		err =
		    slot_allocate(&prepare->slot, prepare->stage, prepare->url);
	return err;
}

static void
plan(const struct prepare *prepare)
{
	const struct stage *stage = prepare->stage;

	if (prepare->slot.of_pool)
		stage_plan(stage, "allocate a slot of '%s'", prepare->url);
	else if (prepare->slot.is_new)
		stage_plan(stage, "clone '%s' into '%s'", prepare->url,
		    prepare->slot.path);
	else
		stage_plan(stage, "use the slot '%s'", prepare->slot.path);
	stage_plan(stage, "fetch branch '%s'%s%s%s", prepare->start.base,
	    prepare->url != NULL ? " from '" : " from the slot's remote",
	    prepare->url != NULL ? prepare->url : "",
	    prepare->url != NULL ? "'" : "");
	stage_plan(stage, "check out branch '%s', made from it",
	    prepare->start.branch);
}

static struct error *
run(struct stage *stage)
{
	struct prepare prepare = {
		.stage = stage,
		.branch = document_branch_name(stage->doc),
	};
	struct error *err;

	prepare.start.base = document_base_branch(stage->doc);
	prepare.start.branch = prepare.branch;
	err = choose(&prepare);
	/* One that is not in the repository needs no checkout. */
	if (err == NULL && playbook_is_outside(stage, prepare.slot.path))
		err = check_playbook(&prepare);
	if (err == NULL && stage->dry_run)
		plan(&prepare);
	else if (err == NULL)
		err = do_prepare(&prepare);
	if (err != NULL)
		slot_take_back(&prepare.slot, stage);
	git_end_ahead(&prepare.network);
	slot_release(&prepare.slot);
	free(prepare.branch);
	free(prepare.remote);
	free(prepare.url);
	free(prepare.push_url);
	free(prepare.default_branch);
	return err;
}

static const char *const keys[] = { "clean", TASK_REGISTRY_KEYS, POOL_KEYS,
	STAGE_GIT_KEYS, NULL };

int
main(int argc, char *argv[])
{
	static const struct stage_program program = {
		.name = "nr-prepare",
		.description =
		    "Puts the task's slot on a fresh branch of its own.",
		.keys = keys,
		.run = run,
	};

	return stage_main(argc, argv, &program);
}
