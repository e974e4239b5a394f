/* SPDX-License-Identifier: MIT */
/* A slot as if it were new: git_make_pristine() of git.h. */
#include "git_internal.h"

#include "log.h"
#include "memory.h"

static const char saved_prefix[] = "refs/necrocode/saved/";
static const char heads_prefix[] = "refs/heads/";

struct tidying {
	struct git *git;
	const char *name;
	git_oid commit;
	git_oid *known; /* commits that were saved, or pushed */
	size_t n_known;
	struct error *err;
};

static bool
starts_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

static bool
is_pushed(
    const struct tidying *tidying, const char *reference, const git_oid *tip)
{
	char *tracking = xasprintf(
	    "refs/remotes/origin/%s", reference + strlen(heads_prefix));
	git_oid pushed;
	bool yes = git_reference_id(tidying->git, &pushed, tracking) &&
	    git_oid_equal(&pushed, tip);

	free(tracking);
	return yes;
}

static bool
is_known(const struct tidying *tidying, const git_oid *tip)
{
	for (size_t i = 0; i < tidying->n_known; i++)
		if (git_oid_equal(&tidying->known[i], tip))
			return true;
	return git_oid_equal(tip, &tidying->commit) ||
	    git_graph_descendant_of(
		tidying->git->repository, &tidying->commit, tip) == 1;
}

static void
note_known(struct tidying *tidying, const git_oid *tip)
{
	tidying->known = xreallocarray(
	    tidying->known, tidying->n_known + 1, sizeof *tidying->known);
	tidying->known[tidying->n_known++] = *tip;
}

/* A branch, or HEAD, whose commits are nowhere else. */
static void
save(struct tidying *tidying, const char *reference)
{
	bool is_branch = starts_with(reference, heads_prefix);
	const char *name = tidying->name;
	char *saved = NULL;
	git_oid tip;

	if (is_branch)
		name = reference + strlen(heads_prefix);
	if (!git_reference_id(tidying->git, &tip, reference) ||
	    is_known(tidying, &tip))
		return;
	note_known(tidying, &tip);
	if (is_branch && is_pushed(tidying, reference, &tip))
		return;
	tidying->err = git_save_commit(tidying->git, name, &tip, &saved);
	if (saved != NULL)
		log_info("branch_saved",
		    "commits of '%s' that were not pushed are saved as %s",
		    name, saved);
	free(saved);
}

static int
remove_reference(const struct git *git, const char *name)
{
	git_reference *reference = NULL;
	int code = git_reference_lookup(&reference, git->repository, name);

	if (code == 0)
		code = git_reference_delete(reference);
	git_reference_free(reference);
	return code;
}

struct saved {
	const char *name;
	git_time_t time;
};

static int
newest_first(const void *a, const void *b)
{
	const struct saved *one = a, *other = b;

	if (one->time > other->time)
		return -1;
	return one->time < other->time;
}

static git_time_t
time_of(const struct git *git, const char *reference)
{
	git_commit *commit = NULL;
	git_time_t time = 0;
	git_oid id;

	if (git_reference_id(git, &id, reference) &&
	    git_commit_lookup(&commit, git->repository, &id) == 0)
		time = git_commit_time(commit);
	git_commit_free(commit);
	return time;
}

/* Nothing is left but what was saved, and not too much of that. */
static int
remove_references(
    const struct git *git, const git_strarray *names, size_t max_saved)
{
	struct saved *saved = xcalloc(names->count + 1, sizeof *saved);
	size_t n = 0;
	int code = 0;

	for (size_t i = 0; code == 0 && i < names->count; i++) {
		const char *name = names->strings[i];

		if (starts_with(name, saved_prefix))
			saved[n++] = (struct saved){ name, time_of(git, name) };
		else
			code = remove_reference(git, name);
	}
	qsort(saved, n, sizeof *saved, newest_first);
	for (size_t i = max_saved; code == 0 && i < n; i++)
		code = remove_reference(git, saved[i].name);
	free(saved);
	return code;
}

/* Files that are not tracked or ignored go, too. */
static int
check_out(const struct git *git, const git_oid *id)
{
	git_checkout_options options = {
		.version = GIT_CHECKOUT_OPTIONS_VERSION,
		.checkout_strategy = GIT_CHECKOUT_FORCE |
		    GIT_CHECKOUT_REMOVE_UNTRACKED | GIT_CHECKOUT_REMOVE_IGNORED,
	};
	git_object *commit = NULL;
	int code =
	    git_object_lookup(&commit, git->repository, id, GIT_OBJECT_COMMIT);

	if (code == 0)
		code = git_checkout_tree(git->repository, commit, &options);
	if (code == 0)
		code = git_repository_set_head_detached(git->repository, id);
	git_object_free(commit);
	return code;
}

/*
 * The index as HEAD has it, which takes no file for unchanged: an agent can
 * write into it whatever it likes.
 */
static int
renew_index(const struct git *git)
{
	git_index *index = NULL;
	git_object *tree = NULL;
	int code = git_revparse_single(&tree, git->repository, "HEAD^{tree}");

	if (code < 0)
		return 0;
	code = git_repository_index(&index, git->repository);
	if (code == 0)
		code = git_index_clear(index);
	if (code == 0)
		code = git_index_read_tree(index, (git_tree *)tree);
	if (code == 0)
		code = git_index_write(index);
	git_index_free(index);
	git_object_free(tree);
	return code;
}

struct error *
git_make_pristine(
    struct git *git, const char *name, const char *commit, size_t max_saved)
{
	struct tidying tidying = { .git = git, .name = name };
	git_strarray names = { 0 };
	char *saved = NULL;
	int code = git_oid_fromstr(&tidying.commit, commit);

	if (code == 0)
		code = renew_index(git);
	if (code == 0)
		tidying.err = git_save_and_clean(git, name, &saved);
	if (saved != NULL)
		log_info("slot_cleaned", "what was left in '%s' is saved as %s",
		    git->path, saved);
	free(saved);
	if (tidying.err == NULL && code == 0)
		code = git_reference_list(&names, git->repository);
	for (size_t i = 0; tidying.err == NULL && code == 0 && i < names.count;
	     i++)
		if (starts_with(names.strings[i], heads_prefix))
			save(&tidying, names.strings[i]);
	git_strarray_dispose(&names);
	if (tidying.err == NULL && code == 0)
		save(&tidying, "HEAD");
	free(tidying.known);
	if (tidying.err == NULL && code == 0)
		code = check_out(git, &tidying.commit);
	if (tidying.err == NULL && code == 0)
		code = git_reference_list(&names, git->repository);
	if (tidying.err == NULL && code == 0)
		code = remove_references(git, &names, max_saved);
	git_strarray_dispose(&names);
	if (tidying.err == NULL && code < 0)
		return git_failure(ERROR_WORKSPACE, code,
		    "cannot make '%s' as if it were new", git->path);
	return tidying.err;
}

bool
git_has_saved(const struct git *git)
{
	git_reference_iterator *iterator = NULL;
	const char *name;
	bool yes = git_reference_iterator_glob_new(&iterator, git->repository,
		       "refs/necrocode/saved/*") == 0 &&
	    git_reference_next_name(&name, iterator) == 0;

	git_reference_iterator_free(iterator);
	return yes;
}

/* So that the first fetch finds nothing new. */
struct error *
git_track_commit(const struct git *git, const char *branch, const char *commit)
{
	char *name = xasprintf("refs/remotes/origin/%s", branch);
	git_reference *reference = NULL;
	git_oid id;
	int code = git_oid_fromstr(&id, commit);

	if (code == 0)
		code = git_reference_create(&reference, git->repository, name,
		    &id, 1, "necrocode: mirror");
	git_reference_free(reference);
	free(name);
	if (code < 0)
		return git_failure(ERROR_WORKSPACE, code,
		    "cannot write a reference in '%s'", git->path);
	return NULL;
}
