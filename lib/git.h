/* SPDX-License-Identifier: MIT */
/*
 * A git workspace, over libgit2: opened with a preflight, and the operations
 * that stages do on it. Errors are WorkspacePreparationErrors unless said
 * otherwise, in words that tell the person what to do.
 *
 * Each topic is a file of its own: git_repository.c (open, preflight, HEAD),
 * git_transport.c (how objects travel), git_fetch.c, git_rebase.c,
 * git_clean.c, git_commit.c, git_diff.c, git_push.c. What several of them
 * need and nobody else is in git_internal.h.
 *
 * Nothing that the workspace's configuration names is run: libgit2 runs no
 * hooks, no filters, no credential helpers; remote URLs are used as given,
 * without insteadOf.
 */
#ifndef GIT_H
#define GIT_H

#include <jv.h>
#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "mask.h"

enum { GIT_ID_TEXT = 41 };

struct git;

/*
 * Opens the repository whose work tree is at `path`, and refuses what cannot
 * be handled faithfully (bare, shallow, partial, sparse, filters, foreign
 * owner, an operation in progress, a stale lock), each in its own words.
 */
struct error *git_open(struct git **git, const char *path);
void git_close(struct git *git);

/* HEAD: the commit, and the branch ("" when detached). */
struct error *git_head(const struct git *git, char commit[GIT_ID_TEXT],
    char **branch);

/* Paths that differ from HEAD or are untracked (not ignored), up to `max`;
 * *n counts all. Free with json_strings_free(). */
struct error *git_changed_paths(struct git *git, char ***paths, size_t max,
    size_t *n);

/* Tracked paths in the order of the index, up to `max`; *n counts all. */
struct error *git_tracked_paths(struct git *git, char ***paths, size_t max,
    size_t *n);

/*
 * Saves everything uncommitted (untracked files too, ignored ones not) as a
 * commit on HEAD, under refs/necrocode/saved/<name>[-2, -3...], then makes
 * the work tree equal to HEAD. *ref is the caller's; NULL when there was
 * nothing to save.
 */
struct error *git_save_and_clean(struct git *git, const char *name,
    char **ref);

/*
 * The difference between a commit and the work tree, untracked files
 * included, ignored ones not, in git's patch format with renames, through
 * the mask into a file. The counts are of the same difference.
 */
struct git_diff {
	char **files; /* paths changed, at most GIT_DIFF_MAX_FILES; owned */
	size_t n_files, lines_added, lines_removed;
};
enum { GIT_DIFF_MAX_FILES = 1000 };
struct error *git_diff_to_file(struct git *git, struct git_diff *diff,
    const char *commit, const char *path, const struct mask *mask);
void git_diff_release(struct git_diff *diff);

/*
 * After an agent had the workspace: sees to it that HEAD is on `branch`,
 * which is at `tip` or has grown from it. An agent that committed is fine.
 * One that left HEAD elsewhere, at commits that grew from `tip`, gets them
 * on the branch; one that left `tip` behind is an ImplementationError, and
 * its commits stay under refs/necrocode/saved/. *notes says in words what
 * was found and done, "" for nothing; the caller frees.
 */
struct error *git_settle(struct git *git, const char *branch,
    const char *tip, char **notes);

#endif
