/* SPDX-License-Identifier: MIT */
/*
 * A git workspace, over libgit2: opened with a preflight, and the operations
 * that stages do on it. Errors are WorkspacePreparationErrors unless said
 * otherwise, in words that tell the person what to do.
 *
 * Each topic is a file of its own: git_repository.c (open, HEAD, paths),
 * git_preflight.c (what cannot be handled faithfully), git_transport.c,
 * git_http.c (how objects travel), git_network.c (remotes, credentials),
 * git_fetch.c, git_rebase.c, git_switch.c, git_clean.c, git_commit.c,
 * git_shallow.c, git_sparse.c, git_nested.c, git_sign.c, git_attributes.c,
 * git_diff.c, git_settle.c, git_base.c, git_policy.c, git_conflict.c,
 * git_push.c, git_tidy.c. What several of them need and nobody else is in
 * git_internal.h. No name here is one of libgit2's.
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
 * be handled faithfully (bare, partial, foreign owner, an operation in
 * progress, a stale lock), each in its own words.
 */
struct error *git_open(struct git **git, const char *path);

/*
 * The same for a workspace that somebody had (an agent, a run that failed):
 * an operation in progress, a lock or a filter is no error; what is saved is
 * saved without filters. git_save_and_clean() and git_settle() put the others
 * right.
 */
struct error *git_open_used(struct git **git, const char *path);
/* Ends an operation in progress (merge, rebase, ...); its files stay. */
void git_end_operation(const struct git *git);
/* What git_open() looks for beyond git_open_used(). */
struct error *git_check_idle(const struct git *git);
/* Removes index.lock and HEAD.lock if they are not older than `since` (as
 * clock_now()); 0: whatever their age. Returns how many. */
int git_remove_locks(const struct git *git, double since);
/* The same after an owner that died, for references and the configuration
 * too; in a repository that work trees share only what is a minute old. */
int git_remove_dead_locks(const struct git *git, double since);
/* Removes packs that were never finished, and are older than a day. */
void git_remove_old_packs(const struct git *git);
/* The work tree, resolved; borrowed. */
const char *git_path(const struct git *git);
/* The work tree's own git directory, where necrocode.lock lies; borrowed. */
const char *git_directory(const struct git *git);
/* Does the slot have submodules? They are left as they are. */
bool git_has_submodules(const struct git *git);
void git_close(struct git *git);

/* The name and address of what is committed here from now on; NULL or "":
 * as user.name and user.email say, else "necrocode". */
void git_set_author(struct git *git, const char *name, const char *email);

/* Other programs that are started for it (git in a sparse checkout, gpg) are
 * ended by then, on clock_monotonic(); 0: after some minutes. */
void git_set_ends(struct git *git, double ends);

/*
 * From now on commits are signed, those that are replayed too, as gpg.format,
 * user.signingkey and gpg.program of the user's configuration of git say,
 * which is not the slot's. Files are written to the directory meanwhile.
 */
void git_sign_commits(struct git *git, const char *directory);

/* HEAD: the commit ("" when there is none yet), and the branch ("" when
 * detached; the caller frees). Either may be NULL. */
struct error *git_head(
    const struct git *git, char commit[GIT_ID_TEXT], char **branch);

/* Paths that differ from HEAD or are untracked (not ignored), up to `max`;
 * *n counts all. Free with json_strings_free(). */
struct error *git_changed_paths(
    struct git *git, char ***paths, size_t max, size_t *n);

/*
 * Repositories inside the work tree that are no submodules, each with a slash
 * at its end, as git_changed_paths() found them, which does not count them;
 * borrowed, NULL for none.
 */
char *const *git_nested(const struct git *git);
/* Those that are there for a reason: left out of commits and not moved. Takes
 * the list over, one for json_strings_free(). */
void git_know_nested(struct git *git, char **paths);

/* Tracked paths in the order of the index, up to `max`; *n counts all. */
struct error *git_tracked_paths(
    struct git *git, char ***paths, size_t max, size_t *n);

/*
 * Saves everything uncommitted (untracked files too, ignored ones not) as a
 * commit on HEAD, under refs/necrocode/saved/<name>[-2, -3...], then makes
 * the work tree equal to HEAD, and ends an operation in progress. *ref is the
 * caller's; NULL when there was nothing to save. Repositories inside the
 * work tree are moved to necrocode-saved/<name> in the git directory.
 */
struct error *git_save_and_clean(struct git *git, const char *name, char **ref);

/*
 * Makes a used repository, in a slot that nobody works in by hand, as if it
 * were new: what was not committed is saved, as above, and so are the commits
 * that are not in `commit` and were not pushed; then the work tree is exactly
 * that commit, without ignored files, HEAD is detached there, and of all
 * references the newest max_saved of those saved remain.
 */
struct error *git_make_pristine(
    struct git *git, const char *name, const char *commit, size_t max_saved);
/* Is anything saved? */
bool git_has_saved(const struct git *git);
/* Notes where a branch of origin is, for git_fetch_branch() to go by. */
struct error *git_track_commit(
    const struct git *git, const char *branch, const char *commit);

/*
 * The difference between a commit and the work tree, untracked files
 * included, ignored ones not, in git's patch format with renames, through
 * the mask into a file. Of binary files, and of texts over 4 MiB, it says
 * only that they differ. The counts are of the same difference.
 */
struct git_changes {
	char **files; /* paths changed, at most GIT_CHANGES_MAX_FILES; owned */
	size_t n_files, lines_added, lines_removed;
};
enum { GIT_CHANGES_MAX_FILES = 1000 };
struct error *git_diff_to_file(struct git *git, struct git_changes *changes,
    const char *commit, const char *path, const struct mask *mask);
void git_changes_release(struct git_changes *changes);

/*
 * After an agent had the workspace: sees to it that HEAD is on `branch`,
 * which is at `tip` or has grown from it. An agent that committed is fine.
 * One that left HEAD elsewhere, at commits that grew from `tip`, gets them
 * on the branch; one that left `tip` behind is an ImplementationError, and
 * its commits stay under refs/necrocode/saved/. *notes says in words what
 * was found and done, "" for nothing; the caller frees.
 */
struct error *git_settle(
    struct git *git, const char *branch, const char *tip, char **notes);

/* The commit of a local branch; "" when there is none. */
void git_branch_commit(
    const struct git *git, char commit[GIT_ID_TEXT], const char *branch);

/*
 * Puts the base branch back to the commit where it was ("": there was none)
 * if it is elsewhere now. What it had and the task's branch has not is saved
 * under refs/necrocode/saved/. *note tells so, NULL for nothing; the caller
 * frees. Work trees that share a repository move it for each other: one that
 * is checked out elsewhere, or that moved to what the remote has, stays.
 */
struct error *git_restore_base(struct git *git, const char *base_branch,
    const char *was, const char *branch, char **note);

/*
 * The remote repository, and how to talk to it. No credentials are taken
 * from a URL; the token is for http(s) and for the URL's host alone.
 */
struct git_network {
	const char *url;   /* of git_remote_of(), or from a document */
	const char *user;  /* sent with the token; NULL: x-access-token */
	const char *token; /* NULL: none */
	bool bearer;       /* the token as a bearer's, without the user */
	/* For ssh; NULL: as ssh_config(5) says. */
	const char *ssh_key_file, *ssh_known_hosts_file;
	double connect_seconds; /* 0: 30 */
	double idle_seconds;    /* without a byte in or out; 0: 60 */
	double ends;            /* deadline on clock_monotonic(); 0: none */
	int max_retries;
	int n_retries; /* made; set by the calls below */
	struct git_ahead *ahead;
};

/*
 * Starts the program that will speak for the remote, for git_fetch_branch()
 * or git_push_branch() to use, while there is other work to do; it need not
 * be used. The programs are ended by git_end_ahead().
 */
void git_start_ahead(struct git *git, struct git_network *network, bool push);
void git_end_ahead(struct git_network *network);

/*
 * The remote of the slot: origin, or else the only one. The URL is as the
 * configuration has it, less any credentials. Both are the caller's. The
 * one to push to (pushurl) is NULL when it is no other.
 */
struct error *git_remote_of(struct git *git, char **name, char **url);
struct error *git_push_url_of(struct git *git, const char *name, char **url);

/* A URL from a document, checked: one with credentials in it is a
 * SecurityError. A relative path is one from here. The caller frees. */
struct error *git_check_url(char **checked, const char *url);

/* Is the URL's host among these, each "host" or "host:port"? */
bool git_url_is_of(const char *url, char *const *hosts);

/*
 * Where a forge has the repository of a URL: the server, "https://host" of one
 * for ssh, and "owner/repository". Both are the caller's. A ConfigError if it
 * is a path, or has no such name.
 */
struct error *git_url_forge(char **server, char **project, const char *url);

/* "https://host:port" of a URL for http or https; NULL: it is another kind.
 * The caller frees. */
char *git_url_server(const char *url);

/* A new repository in a directory that is absent or empty, with the remote
 * origin at the URL and nothing in it yet. */
struct error *git_create(
    struct git **git, const char *path, const char *url, const char *branch);

/*
 * Fetches one branch into refs/remotes/<remote>/<branch>. *default_branch is
 * the remote's own, NULL if it does not say; the caller frees.
 */
struct error *git_fetch_branch(struct git *git, struct git_network *network,
    const char *remote, const char *branch, char commit[GIT_ID_TEXT],
    char **default_branch);

/*
 * Puts the slot on a task's branch, made from the base branch as the remote
 * has it, `upstream`. Commits of one's own, on the local base branch or on a
 * task branch that is there already, are replayed on top in memory. Nothing
 * is changed before it is known that all of it can be, and what fails half
 * way is taken back.
 */
struct git_start {
	const char *base, *branch, *upstream;
	/* Told by the call: */
	char base_commit[GIT_ID_TEXT]; /* what the task starts from */
	char commit[GIT_ID_TEXT];      /* the branch's */
	size_t n_base, n_branch;       /* commits of one's own, kept */
	bool base_elsewhere; /* base is checked out elsewhere: not moved */
};
struct error *git_start_branch(struct git *git, struct git_start *start);

/* Commits everything in the work tree on HEAD; *made is false when there is
 * nothing to commit. A repository in the work tree that is not known (see
 * git_know_nested()) cannot be committed: an error. */
struct error *git_commit_everything(
    struct git *git, const char *message, bool *made);

/* Is HEAD on the branch? An error says where it is. */
struct error *git_check_on_branch(const struct git *git, const char *branch);

/*
 * What a commit must be like to be pushed. Of the difference between where
 * the branch left the base branch and its tip: no more files and bytes of
 * patch (a binary file counts whole) than this, no path that matches a
 * pattern of path_pattern.h, no symbolic link out of the repository, no
 * submodule or path that git itself would refuse. Of every commit that the
 * remote does not have: no value of the mask in message, path or file.
 */
struct git_policy {
	const struct mask *mask;
	size_t max_changed_files, max_diff_bytes; /* 0: no limit */
	char *const *protected_paths;             /* NULL: none */
};

enum git_push_outcome {
	GIT_PUSHED,
	GIT_PUSHED_BEFORE, /* the remote has the branch at this commit */
	GIT_PUSH_NOTHING,  /* the remote's base branch has it all */
};

/* The remote has the branch already, at commits that are not ours. */
enum git_on_conflict {
	GIT_CONFLICT_FAIL,
	GIT_CONFLICT_REBASE, /* replay our commits on top of its */
	GIT_CONFLICT_SUFFIX, /* push to <branch>-2, -3... */
};

/*
 * Pushes HEAD to a branch of the remote, by a fast-forward or not at all,
 * reads the remote's verdict, and asks where the remote has the branch then.
 * What the policy refuses is a SecurityError before anything is sent; other
 * refusals are PushErrors. A rebase moves the branch in the slot too, and
 * saves what it was to a ref.
 */
struct git_push {
	const char *branch, *base;
	const char *base_commit; /* where the branch began; NULL: unknown */
	const char *remote;      /* its name in the slot; NULL: origin */
	const struct git_policy *policy;
	enum git_on_conflict on_conflict;
	/* May a branch of another name be pushed? */
	bool (*allows)(const void *context, const char *branch);
	const void *context;
	/* Told by the call: */
	enum git_push_outcome outcome;
	char *pushed_branch;      /* its name at the remote, or to be it */
	char theirs[GIT_ID_TEXT]; /* a conflict's commit; "": there was none,
	                           * or no other name was pushed to */
	char *saved_ref;          /* the branch before a rebase; NULL: none */
	bool verified;            /* the remote was asked, and has it */
};
struct error *git_push_branch(
    struct git *git, struct git_network *network, struct git_push *push);
void git_push_release(struct git_push *push);

/* Notes in the slot where the remote has a branch now: at HEAD. */
void git_track_branch(struct git *git, const char *remote, const char *branch);

#endif
