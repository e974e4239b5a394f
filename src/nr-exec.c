/* SPDX-License-Identifier: MIT */
/* nr-exec: have an agent implement the task; see nr-exec(1). */
#include "stage.h"

#include <unistd.h>

#include "agent.h"
#include "command.h"
#include "file.h"
#include "git.h"
#include "json.h"
#include "memory.h"
#include "prompt.h"
#include "slot_guard.h"
#include "slot_record.h"

static bool fix;

struct implementation {
	struct stage *stage;
	char *workspace;
	char *branch;           /* "" when HEAD is on none */
	char tip[GIT_ID_TEXT];  /* HEAD before the agent */
	char base[GIT_ID_TEXT]; /* what the diff is taken against */
	char head[GIT_ID_TEXT]; /* HEAD after the agent */
	/* The local base branch before the agent; "" if there is none. */
	char base_branch[GIT_ID_TEXT];
	struct slot_guard *guard;
	struct agent agent;
	char *diff_path;
	struct git_changes changes;
	jv result; /* impl_result */
};

/* Where the work begins: as nr-prepare says, else where HEAD is. */
static struct error *
find_start(struct implementation *work, struct git *git)
{
	const struct document *doc = work->stage->doc;
	const char *base = document_string(doc, "workspace.base_commit");
	const char *branch = document_string(doc, "workspace.branch_name");
	char *current = NULL;
	struct error *error = git_head(git, work->tip, &current);

	if (error != NULL)
		return error;
	if (branch != NULL && strcmp(branch, current) != 0) {
		error = error_new(ERROR_WORKSPACE,
		    "HEAD of '%s' is not on branch '%s': run nr-prepare "
		    "again",
		    work->workspace, branch);
	} else if (work->tip[0] == '\0') {
		error = error_new(ERROR_WORKSPACE,
		    "the repository '%s' has no commit to start from",
		    work->workspace);
	}
	memcpy(work->base, base != NULL ? base : work->tip, GIT_ID_TEXT);
	git_branch_commit(git, work->base_branch, document_base_branch(doc));
	work->branch = current;
	return error;
}

/* Opens what the agent has left of the repository. */
static struct error *
open_again(struct git **git, const struct implementation *work)
{
	char *dot_git = file_join(work->workspace, ".git"), *changed = NULL;
	bool gone = access(dot_git, F_OK) < 0;
	struct error *error;

	free(dot_git);
	if (gone)
		return error_new(ERROR_IMPLEMENTATION,
		    "the agent deleted '.git' of '%s': what it changed can "
		    "not be told any more; prepare the slot anew",
		    work->workspace);
	error = slot_guard_restore(work->guard, &changed);
	if (changed[0] != '\0')
		log_warn("settings_restored",
		    "the agent changed settings of the repository, which "
		    "are put back: %s",
		    changed);
	free(changed);
	if (error == NULL)
		error = git_open_used(git, work->workspace);
	if (error == NULL)
		git_set_ends(*git, work->stage->ends);
	return error;
}

/* The repository was in order before the agent had it. */
static struct error *
blame_agent(struct error *error)
{
	if (error == NULL || error->type != ERROR_WORKSPACE)
		return error;
	return error_prefix(error_retype(error, ERROR_IMPLEMENTATION),
	    "the agent left a repository that cannot be used");
}

static struct error *
settle(struct implementation *work, struct git *git)
{
	char *notes = NULL, *note = NULL;
	struct error *error, *base_error;

	if (work->branch[0] == '\0')
		return NULL;
	error = git_settle(git, work->branch, work->tip, &notes);
	if (error == NULL && notes[0] != '\0')
		log_warn("workspace_settled", "after the agent: %s", notes);
	base_error =
	    git_restore_base(git, document_base_branch(work->stage->doc),
		work->base_branch, work->branch, &note);
	if (note != NULL)
		log_warn("base_restored", "after the agent: %s", note);
	free(notes);
	free(note);
	return error_first(error, base_error);
}

static struct error *
record_diff(struct implementation *work)
{
	char sha256[FILE_SHA256_TEXT];
	size_t size;
	struct error *error = file_sha256(sha256, &size, work->diff_path);
	jv files = jv_array();

	if (error != NULL)
		return error;
	for (size_t i = 0;
	     work->changes.files != NULL && work->changes.files[i] != NULL; i++)
		files =
		    jv_array_append(files, jv_string(work->changes.files[i]));
	work->result =
	    json_set_string(work->result, "diff_path", work->diff_path);
	work->result =
	    json_set_number(work->result, "diff_size_bytes", (double)size);
	work->result = json_set_string(work->result, "diff_sha256", sha256);
	work->result = json_set(work->result, "files_changed", files);
	work->result = json_set_number(
	    work->result, "files_changed_count", (double)work->changes.n_files);
	work->result = json_set_number(
	    work->result, "lines_added", (double)work->changes.lines_added);
	work->result = json_set_number(
	    work->result, "lines_removed", (double)work->changes.lines_removed);
	return NULL;
}

/* Whatever became of the agent, its changes are kept. */
static struct error *
keep_changes(struct implementation *work)
{
	struct git *git = NULL;
	struct error *error = open_again(&git, work), *diff_error;

	if (error != NULL)
		return blame_agent(error);
	error = settle(work, git);
	diff_error = git_diff_to_file(git, &work->changes, work->base,
	    work->diff_path, work->stage->mask);
	if (diff_error == NULL)
		diff_error = record_diff(work);
	if (diff_error == NULL)
		diff_error = git_head(git, work->head, NULL);
	git_close(git);
	/* Only what is put back needs no record any more. */
	slot_record_remove(work->workspace);
	return blame_agent(error_first(error, diff_error));
}

static struct error *
check_changes(const struct implementation *work)
{
	const char *policy = config_string(work->stage->config, "no_changes");

	if (work->changes.n_files > 0 || strcmp(work->head, work->base) != 0)
		return NULL;
	if (policy != NULL && strcmp(policy, "success") == 0) {
		log_info("no_changes", "the agent made no changes");
		return NULL;
	}
	return error_new(ERROR_IMPLEMENTATION,
	    "the agent made no changes (where that is right: no_changes: "
	    "success)");
}

static jv
earlier_attempts(const struct document *doc)
{
	jv attempts = json_get(document_value(doc), "impl_result.attempts");

	if (jv_get_kind(attempts) == JV_KIND_ARRAY)
		return attempts;
	jv_free(attempts);
	return jv_array();
}

static double
sum_durations(jv attempts)
{
	size_t n = json_array_length(attempts, NULL);
	double sum = 0;

	for (size_t i = 0; i < n; i++) {
		jv attempt = json_element(attempts, i);

		sum += json_number(attempt, "duration_seconds", 0);
		jv_free(attempt);
	}
	return clock_milliseconds(sum);
}

static jv
set_usage(jv result, const struct implementation *work, jv attempts)
{
	const char *model = config_string(work->stage->config, "llm.model");
	const struct agent_preset *preset = work->agent.preset;
	jv usage = agent_usage_sum(attempts);
	double tokens = json_number(usage, "input_tokens", 0) +
	    json_number(usage, "output_tokens", 0);

	result = json_set_string(
	    result, "driver", preset != NULL ? preset->name : "command");
	result = json_set_string(result, "llm_model", model);
	result = json_set(result, "tokens_used",
	    jv_get_kind(usage) == JV_KIND_OBJECT ? jv_number(tokens)
						 : jv_null());
	result = json_set(result, "usage", usage);
	return json_set(result, "cost_usd", agent_cost_sum(attempts));
}

/* Completes the section and hands it to the document; consumes `attempts`. */
static void
record(struct implementation *work, jv attempts, const struct error *error)
{
	jv result = json_set_boolean(work->result, "success", error == NULL);

	result = json_set_number(
	    result, "duration_seconds", sum_durations(attempts));
	result = set_usage(result, work, attempts);
	result = json_set(result, "attempts", attempts);
	result = json_set(result, "error",
	    error != NULL ? jv_string(error->message) : jv_null());
	work->result = jv_null();
	document_set(work->stage->doc, "impl_result", result);
}

/* Should this process be killed, the next one has it from there. */
static void
keep_record(struct implementation *work)
{
	struct slot_branches branches = {
		.branch = work->branch,
		.tip = work->tip,
		.base_branch = document_base_branch(work->stage->doc),
		.base_commit = work->base_branch,
	};

	slot_record_keep(work->guard, &branches);
}

static struct error *
implement(struct implementation *work, const char *prompt)
{
	jv attempts = earlier_attempts(work->stage->doc);
	size_t number = json_array_length(attempts, NULL) + 1;
	struct error *error;

	keep_record(work);
	error = agent_run(
	    &work->agent, work->stage, work->workspace, prompt, number);

	if (error == NULL)
		error = agent_verdict(&work->agent);
	error = error_first(error, keep_changes(work));
	if (error == NULL)
		error = check_changes(work);
	attempts = jv_array_append(
	    attempts, agent_attempt(&work->agent, work->stage, number, error));
	record(work, attempts, error);
	return error;
}

/* The section as it is when there is nothing to tell. */
static jv
empty_result(void)
{
	jv result = json_set_boolean(jv_object(), "success", false);

	result = json_set(result, "diff_path", jv_null());
	result = json_set(result, "files_changed", jv_array());
	result = json_set_number(result, "files_changed_count", 0);
	result = json_set_number(result, "lines_added", 0);
	return json_set_number(result, "lines_removed", 0);
}

static void
release(struct implementation *work)
{
	agent_release(&work->agent);
	git_changes_release(&work->changes);
	slot_guard_free(work->guard);
	jv_free(work->result);
	free(work->diff_path);
	free(work->workspace);
	free(work->branch);
}

static struct error *
run(struct stage *stage)
{
	struct implementation work = {
		.stage = stage,
		.result = empty_result(),
		.diff_path = stage_path(stage, "changes.diff"),
	};
	struct git *git = NULL;
	char *prompt = NULL;
	struct error *error = stage_workspace(stage, &work.workspace);

	if (error == NULL)
		error = agent_open(&work.agent, stage);
	if (error == NULL)
		error = slot_record_recover(work.workspace, stage->ends);
	if (error == NULL)
		error = git_open(&git, work.workspace);
	if (error == NULL)
		error = find_start(&work, git);
	if (error == NULL)
		error = prompt_build(&prompt, stage->doc, work.workspace, git);
	git_close(git);
	if (error == NULL)
		error = slot_guard_note(&work.guard, work.workspace);
	if (error == NULL && stage->dry_run)
		stage_plan(stage, "run the agent '%s' in '%s'", work.agent.name,
		    work.workspace);
	else if (error == NULL)
		error = implement(&work, prompt);
	free(prompt);
	release(&work);
	return error;
}

int
main(int argc, char *argv[])
{
	static const char *const keys[] = { "agent", "agent_command",
		"no_changes", "stall_timeout_seconds", "llm.provider",
		"llm.model", "llm.endpoint", "llm.api_key_env", COMMAND_KEYS,
		NULL };
	static const struct stage_option options[] = {
		{ .name = "fix",
		    .help = "take up a document whose tests failed",
		    .flag = &fix },
		{ .name = NULL },
	};
	static const struct stage_program program = {
		.name = "nr-exec",
		.description = "have an agent implement the task",
		.keys = keys,
		.options = options,
		.takes_failed_tests = &fix,
		.run = run,
	};

	process_guard();
	return stage_main(argc, argv, &program);
}
