/* SPDX-License-Identifier: MIT */
/* nr-prepare: a slot, on a fresh branch for the task (nr-prepare(1)). */
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "git.h"
#include "json.h"
#include "memory.h"
#include "runner.h"
#include "slot_lock.h"
#include "stage.h"

enum { MAX_NAMED_PATHS = 10 };

struct prepare {
	struct stage *stage;
	struct git *git;
	char *slot;
	char *branch;
	char *remote, *url, *push_url;
	char *default_branch;
	bool locked;
	bool cloned;  /* the slot is ours to remove */
	bool existed; /* as an empty directory */
	struct git_start start;
};

static bool
is_absent(const char *path)
{
	struct stat info;

	return lstat(path, &info) != 0;
}

static struct error *
choose_slot(struct prepare *prepare)
{
	const struct stage *stage = prepare->stage;
	const char *slot = document_workspace(stage->doc);
	const char *repo_url = document_string(stage->doc, "repo_url");
	struct error *err = NULL;

	if (slot != NULL && *slot == '\0')
		slot = NULL;
	if (repo_url != NULL && *repo_url != '\0')
		err = git_check_url(&prepare->url, repo_url);
	if (err != NULL)
		return err;
	if (slot == NULL && prepare->url == NULL)
		return error_new(ERROR_WORKSPACE,
		    "cannot choose a workspace: the task has neither slot_path "
		    "nor repo_url; set slot_path to a clone, or repo_url to "
		    "what is to be cloned");
	prepare->slot =
	    slot != NULL ? xstrdup(slot) : stage_path(stage, "workspace");
	prepare->existed = !is_absent(prepare->slot);
	prepare->cloned = prepare->url != NULL &&
	    (!prepare->existed || file_is_empty_directory(prepare->slot));
	return NULL;
}

static struct error *
open_slot(struct prepare *prepare)
{
	if (!prepare->cloned)
		return git_open_used(&prepare->git, prepare->slot);
	log_info(
	    "clone", "cloning '%s' into '%s'", prepare->url, prepare->slot);
	return git_create(
	    &prepare->git, prepare->slot, prepare->url, prepare->start.base);
}

static struct error *
lock_slot(struct prepare *prepare)
{
	const struct document *doc = prepare->stage->doc;
	double dead_since;
	struct error *err =
	    slot_lock_take(&dead_since, git_directory(prepare->git),
		runner_id(doc), document_string(doc, "task_id"));

	if (err != NULL)
		return err;
	prepare->locked = true;
	if (dead_since > 0 && git_remove_locks(prepare->git, dead_since) > 0)
		log_info("lock_removed",
		    "removed a git lock that the runner before left behind");
	return git_check_idle(prepare->git);
}

static struct error *
refuse_dirty(const struct prepare *prepare, char *const *paths, size_t n)
{
	struct buffer names = BUFFER_INIT(8192);
	struct error *err;

	for (; *paths != NULL; paths++)
		buffer_appendf(
		    &names, "%s%s", names.len > 0 ? ", " : "", *paths);
	if (n > MAX_NAMED_PATHS)
		buffer_appendf(
		    &names, " and %zu more", n - (size_t)MAX_NAMED_PATHS);
	err = error_new(ERROR_WORKSPACE,
	    "cannot use slot '%s': it has changes that are not committed: "
	    "%s; commit or stash them, or let nr-prepare --clean save them "
	    "to a ref",
	    prepare->slot, names.data);
	buffer_release(&names);
	return err;
}

static struct error *
see_that_it_is_clean(struct prepare *prepare)
{
	const struct stage *stage = prepare->stage;
	char **paths = NULL, *reference = NULL;
	struct error *err;
	size_t n;

	err = git_changed_paths(prepare->git, &paths, MAX_NAMED_PATHS, &n);
	if (err == NULL && n > 0 && !config_boolean(stage->config, "clean"))
		err = refuse_dirty(prepare, paths, n);
	else if (err == NULL && n > 0)
		err = git_save_and_clean(
		    prepare->git, runner_id(stage->doc), &reference);
	if (reference != NULL)
		log_info("slot_cleaned",
		    "saved %zu uncommitted changes of the slot to %s; get "
		    "them back with: git -C '%s' stash apply %s",
		    n, reference, prepare->slot, reference);
	free(reference);
	json_strings_free(paths);
	return err;
}

static struct error *
find_remote(struct prepare *prepare)
{
	char *url = NULL;
	struct error *err = git_remote_of(prepare->git, &prepare->remote, &url);

	if (err == NULL && prepare->url == NULL) {
		prepare->url = url;
		return git_push_url_of(
		    prepare->git, prepare->remote, &prepare->push_url);
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

static struct error *
fetch(struct prepare *prepare, char upstream[GIT_ID_TEXT])
{
	const struct stage *stage = prepare->stage;
	struct git_network network = {
		.url = prepare->url,
		.token = secrets_get(stage->secrets,
		    config_string(stage->config, "git_token_env_var")),
		.max_retries =
		    (int)config_number(stage->config, "git_retry_count"),
	};
	double seconds, started = clock_monotonic();
	struct error *err = stage_time_left(stage, &seconds);
	jv fields;

	if (err != NULL)
		return err;
	network.ends = clock_monotonic() + seconds;
	err = git_fetch_branch(prepare->git, &network, prepare->remote,
	    prepare->start.base, upstream, &prepare->default_branch);
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
	if (git_has_submodules(prepare->git))
		log_warn("submodules",
		    "the repository has submodules; they are left as they "
		    "are");
	log_info(
	    "branch", "branch '%s' is at %.12s", start->branch, start->commit);
}

static void
set_workspace(const struct prepare *prepare)
{
	jv workspace =
	    json_set_string(jv_object(), "path", git_path(prepare->git));

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
	document_set(prepare->stage->doc, "workspace", workspace);
}

static struct error *
do_prepare(struct prepare *prepare)
{
	char upstream[GIT_ID_TEXT];
	struct error *err = open_slot(prepare);

	if (err == NULL) {
		git_set_author(prepare->git,
		    config_string(prepare->stage->config, "git_author_name"),
		    config_string(prepare->stage->config, "git_author_email"));
		err = lock_slot(prepare);
	}
	if (err == NULL)
		err = see_that_it_is_clean(prepare);
	if (err == NULL)
		err = find_remote(prepare);
	if (err == NULL)
		err = fetch(prepare, upstream);
	if (err == NULL) {
		prepare->start.upstream = upstream;
		err = git_start_branch(prepare->git, &prepare->start);
		prepare->start.upstream = NULL;
	}
	if (err == NULL) {
		tell_start(prepare);
		set_workspace(prepare);
	}
	return err;
}

static void
plan(const struct prepare *prepare)
{
	const struct stage *stage = prepare->stage;

	if (prepare->cloned)
		stage_plan(
		    stage, "clone '%s' into '%s'", prepare->url, prepare->slot);
	else
		stage_plan(stage, "use the slot '%s'", prepare->slot);
	stage_plan(stage, "fetch branch '%s'%s%s%s", prepare->start.base,
	    prepare->url != NULL ? " from '" : " from the slot's remote",
	    prepare->url != NULL ? prepare->url : "",
	    prepare->url != NULL ? "'" : "");
	stage_plan(stage, "check out branch '%s', made from it",
	    prepare->start.branch);
}

/* A slot that could not be prepared is nobody's, and a clone is not left. */
static void
take_back(struct prepare *prepare)
{
	if (prepare->locked)
		error_free(slot_lock_release(git_directory(prepare->git),
		    runner_id(prepare->stage->doc)));
	if (!prepare->cloned || prepare->git == NULL)
		return;
	error_free(file_remove_tree(prepare->slot));
	if (prepare->existed)
		error_free(file_make_directories(prepare->slot, 0777));
}

static struct error *
run(struct stage *stage)
{
	struct prepare prepare = {
		.stage = stage,
		.branch = document_branch_name(stage->doc),
	};
	struct error *err = NULL;

	prepare.start.base = document_base_branch(stage->doc);
	prepare.start.branch = prepare.branch;
	if (strcmp(prepare.start.base, prepare.branch) == 0)
		err = error_new(ERROR_SECURITY,
		    "cannot use branch '%s' for the task: it is the base "
		    "branch; set another branch_name",
		    prepare.branch);
	if (err == NULL)
		err = choose_slot(&prepare);
	if (err == NULL && stage->dry_run)
		plan(&prepare);
	else if (err == NULL)
		err = do_prepare(&prepare);
	if (err != NULL)
		take_back(&prepare);
	git_close(prepare.git);
	free(prepare.slot);
	free(prepare.branch);
	free(prepare.remote);
	free(prepare.url);
	free(prepare.push_url);
	free(prepare.default_branch);
	return err;
}

static const char *const keys[] = { "clean", "git_retry_count",
	"git_token_env_var", "git_author_name", "git_author_email", NULL };

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
