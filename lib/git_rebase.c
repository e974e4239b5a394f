/* SPDX-License-Identifier: MIT */
/*
 * Rebase in memory: neither the index nor the work tree is touched, and a
 * conflict leaves nothing behind. libgit2's own loses commits without a word
 * when the walk over them fails.
 */
#include "git_internal.h"

#include "memory.h"

enum { MAX_NAMED_FILES = 10 };

struct rebase {
	const struct git *git;
	const char *what; /* "branch 'x'" */
	git_oid tip;      /* grows */
	size_t n;
};

static struct error *
failed(const struct rebase *rebase, int code)
{
	return git_failure(
	    ERROR_WORKSPACE, code, "cannot rebase %s", rebase->what);
}

static struct error *
conflict(const struct rebase *rebase, git_index *index, git_commit *commit)
{
	const git_index_entry *ancestor, *ours, *theirs;
	git_index_conflict_iterator *conflicts = NULL;
	struct buffer names = BUFFER_INIT(4096);
	struct error *err;
	size_t n = 0;
	char id[GIT_ID_TEXT];

	if (git_index_conflict_iterator_new(&conflicts, index) < 0)
		return failed(rebase, GIT_ERROR);
	while (git_index_conflict_next(&ancestor, &ours, &theirs, conflicts) ==
	    0) {
		const git_index_entry *entry = ours != NULL ? ours
		    : theirs != NULL                        ? theirs
							    : ancestor;

		if (n++ < MAX_NAMED_FILES)
			buffer_appendf(
			    &names, "%s%s", n > 1 ? ", " : "", entry->path);
	}
	git_index_conflict_iterator_free(conflicts);
	if (n > MAX_NAMED_FILES)
		buffer_appendf(&names, " and %zu more", n - MAX_NAMED_FILES);
	git_oid_tostr(id, sizeof id, git_commit_id(commit));
	err = error_new(ERROR_WORKSPACE,
	    "cannot rebase %s: its commit %.12s (%s) conflicts in: %s; "
	    "rebase it by hand, or remove it; the slot is as it was",
	    rebase->what, id, git_commit_summary(commit),
	    names.data != NULL ? names.data : "");
	buffer_release(&names);
	return err;
}

/* The commit again, on the tip, with its own author and words. */
static struct error *
commit_again(struct rebase *rebase, git_commit *original, git_commit *parent,
    git_tree *tree, const git_signature *committer)
{
	struct git_new_commit commit = {
		.author = git_commit_author(original),
		.committer = committer,
		.encoding = git_commit_message_encoding(original),
		.message = git_commit_message_raw(original),
		.tree = tree,
		.parent = parent,
	};

	return git_create_commit(rebase->git, &rebase->tip, &commit);
}

static struct error *
keep(struct rebase *rebase, git_index *index, git_commit *original,
    git_commit *parent)
{
	git_signature *committer = NULL;
	git_tree *tree = NULL;
	git_oid id;
	struct error *err;
	int code = git_index_write_tree_to(&id, index, rebase->git->repository);

	if (code < 0)
		return failed(rebase, code);
	/* Nothing is left of it: upstream has the same change. */
	if (git_oid_equal(&id, git_commit_tree_id(parent)))
		return NULL;
	err = git_signature_of(rebase->git, &committer);
	if (err != NULL)
		return err;
	code = git_tree_lookup(&tree, rebase->git->repository, &id);
	if (code == 0)
		err = commit_again(rebase, original, parent, tree, committer);
	git_tree_free(tree);
	git_signature_free(committer);
	if (code < 0)
		return failed(rebase, code);
	if (err == NULL)
		rebase->n++;
	return err;
}

static struct error *
replay(struct rebase *rebase, const git_oid *id)
{
	git_commit *original = NULL, *parent = NULL;
	git_merge_options options = {
		.version = GIT_MERGE_OPTIONS_VERSION,
		.flags = GIT_MERGE_FIND_RENAMES,
	};
	git_index *index = NULL;
	struct error *err = NULL;
	int code = git_commit_lookup(&original, rebase->git->repository, id);

	if (code == 0)
		code = git_commit_lookup(
		    &parent, rebase->git->repository, &rebase->tip);
	if (code == 0 && git_commit_parentcount(original) > 1)
		err = error_new(ERROR_WORKSPACE,
		    "cannot rebase %s: it has merges of its own; rebase it "
		    "by hand; the slot is as it was",
		    rebase->what);
	if (code == 0 && err == NULL)
		code = git_cherrypick_commit(&index, rebase->git->repository,
		    original, parent, 0, &options);
	if (code < 0)
		err = failed(rebase, code);
	else if (err == NULL && git_index_has_conflicts(index))
		err = conflict(rebase, index, original);
	else if (err == NULL)
		err = keep(rebase, index, original, parent);
	git_index_free(index);
	git_commit_free(parent);
	git_commit_free(original);
	return err;
}

/* *n counts what was replayed. `without` may be NULL. */
static struct error *
walk_and_replay(struct rebase *rebase, size_t *n_replayed, const git_oid *from,
    const git_oid *onto, const git_oid *without)
{
	git_revwalk *walk = NULL;
	size_t n = 0;
	struct error *err = NULL;
	git_oid id;
	int code = git_revwalk_new(&walk, rebase->git->repository);

	if (code == 0)
		code = git_revwalk_sorting(
		    walk, GIT_SORT_TOPOLOGICAL | GIT_SORT_REVERSE);
	if (code == 0)
		code = git_revwalk_push(walk, from);
	if (code == 0)
		code = git_revwalk_hide(walk, onto);
	if (code == 0 && without != NULL)
		code = git_revwalk_hide(walk, without);
	while (code == 0 && err == NULL) {
		code = git_revwalk_next(&id, walk);
		if (code == 0) {
			err = replay(rebase, &id);
			n++;
		}
	}
	git_revwalk_free(walk);
	if (err != NULL)
		return err;
	*n_replayed = n;
	return code == GIT_ITEROVER ? NULL : failed(rebase, code);
}

static struct error *
replay_all(struct rebase *rebase, const git_oid *from, const git_oid *onto)
{
	size_t ahead = 0, behind, n;
	struct error *err;
	int code = git_graph_ahead_behind(
	    &ahead, &behind, rebase->git->repository, from, onto);

	if (code < 0)
		return failed(rebase, code);
	err = walk_and_replay(rebase, &n, from, onto, NULL);
	if (err != NULL)
		return err;
	if (n != ahead)
		return error_new(ERROR_INTERNAL,
		    "cannot rebase %s: %zu of its %zu commits were found",
		    rebase->what, n, ahead);
	return NULL;
}

struct error *
git_rebase_commits(const struct git *git, git_oid *result, size_t *n,
    const git_oid *from, const git_oid *onto, const char *what)
{
	struct rebase rebase = { .git = git, .what = what, .tip = *onto };
	git_oid base;
	struct error *err;
	int code = git_merge_base(&base, git->repository, from, onto);

	*n = 0;
	if (code == GIT_ENOTFOUND)
		return error_new(ERROR_WORKSPACE,
		    "cannot rebase %s: it has no history in common with the "
		    "remote's",
		    what);
	if (code < 0)
		return failed(&rebase, code);
	if (git_oid_equal(&base, onto)) { /* grown from it already */
		size_t behind;

		*result = *from;
		code = git_graph_ahead_behind(
		    n, &behind, git->repository, from, onto);
		return code < 0 ? failed(&rebase, code) : NULL;
	}
	err = replay_all(&rebase, from, onto);
	*result = rebase.tip;
	*n = rebase.n;
	return err;
}

struct error *
git_rebase_range(const struct git *git, git_oid *result, size_t *n,
    const git_oid *from, const git_oid *without, const git_oid *onto,
    const char *what)
{
	struct rebase rebase = { .git = git, .what = what, .tip = *onto };
	size_t n_walked;
	struct error *err =
	    walk_and_replay(&rebase, &n_walked, from, onto, without);

	*result = rebase.tip;
	*n = rebase.n;
	return err;
}
