/* SPDX-License-Identifier: MIT */
/*
 * What the files of git.h share. Includes libgit2, which nothing outside
 * them does.
 */
#ifndef GIT_INTERNAL_H
#define GIT_INTERNAL_H

#include <git2.h>
#include <stdbool.h>
#include <sys/types.h>

#include "buffer.h"
#include "error.h"
#include "git.h"

struct git {
	git_repository *repository;
	char *path;      /* of the work tree, resolved, no slash at its end */
	char *directory; /* the work tree's own git directory, the same */
	char *common;    /* the git directory that worktrees share */
	char *author_name, *author_email;
	char *shallow;          /* told to a remote by a shallow clone */
	char *sign_directory;   /* NULL: commits are not signed */
	char **nested, **known; /* repositories in the work tree; NULL: none */
	double ends;            /* git_set_ends() */
	bool used;              /* opened by git_open_used() */
	bool sparse;            /* files may be left out of the work tree */
	bool filters;           /* attributes of the slot speak of filters */
};

/* Starts libgit2 once for the process, cheaply. */
struct error *git_start(void);
/* git_no_network.c: before libgit2 starts. */
void git_leave_network_out(void);

/*
 * An error for a libgit2 call that returned `code`: the text, ": ", and what
 * libgit2 says. Held locks are told as such, and are retryable.
 */
struct error *git_failure(enum error_type type, int code, const char *format,
    ...) __attribute__((format(printf, 3, 4)));
/* The last message of libgit2; never NULL. */
const char *git_reason(void);

/* git_preflight.c */
struct error *git_check_features(struct git *git);
/*
 * A path that comes with the second of two trees (from: NULL for the empty
 * one), and that a filter or an encoding applies to, is an error that names
 * it.
 */
struct error *git_check_filters(
    const struct git *git, git_tree *from, git_commit *to);
/* The same for one path of the work tree. */
struct error *git_check_filter(const struct git *git, const char *path);
/* Is a file of attributes in the index? */
bool git_index_has_attributes(git_index *index);
/* Does any of them speak of filters? */
bool git_index_has_filters(const struct git *git, git_index *index);

/* git_shallow.c */
/* For a shallow clone: sees to it that libgit2 reads it rightly. */
struct error *git_take_shallow(struct git *git);
/* Does the request to fetch begin here, and is there something to add to it?
 * Then *request is what to send instead; buffer_release(). */
bool git_add_shallow(const struct git *git, struct buffer *request,
    const char *bytes, size_t len);

/* git_sparse.c */
/* Is the path not in the work tree because that is sparse? */
bool git_is_left_out(const struct git *git, const char *path);
/*
 * Files that are there are not left out, and none is taken for unchanged,
 * whatever the index says: what an agent marked so would be hidden. Is any
 * marked as left out?
 */
bool git_see_marked(const struct git *git, git_index *index);
/* git_is_left_out() for differences with the work tree: their notify_cb, whose
 * payload is the git. */
int git_leave_out(const git_diff *diff, const git_diff_delta *delta,
    const char *pattern, void *git);
/* git_checkout_tree(), also in a sparse checkout; of the options there, the
 * baseline and SAFE or FORCE. */
int git_check_out(
    const struct git *git, git_object *to, const git_checkout_options *options);

/* git_repository.c */
/* For another program: what is left of the time, or that many seconds. When
 * none is left it gets two, to take back what was begun. */
double git_seconds_left(const struct git *git, double most);
struct error *git_signature_of(
    const struct git *git, git_signature **signature);
/* The commit of HEAD; NULL when there is none yet. */
struct error *git_head_commit(const struct git *git, git_commit **commit);
struct error *git_commit_by_text(
    const struct git *git, git_commit **commit, const char *id);
/* The id of a reference; false when there is none. */
bool git_reference_id(const struct git *git, git_oid *id, const char *name);
bool git_has_commit(const struct git *git, const git_oid *id);

/* git_commit.c */
/*
 * Adds everything in the work tree to the index, as `git add -A` does, and
 * writes it, also as a tree. Repositories inside the work tree are left out;
 * those that are not known are an error, or noted if the slot was used.
 */
struct error *git_stage_everything(struct git *git, git_oid *tree);

/* git_nested.c */
/* Of the paths that libgit2 lists as not tracked. */
bool git_is_nested(const char *path);
bool git_knows_nested(const struct git *git, const char *path);
void git_add_nested(struct git *git, const char *path);
/* Those of git_nested() that are not known, out of the work tree. */
void git_move_nested(struct git *git, const char *name);

/* git_sign.c */
/* A commit object, signed if that was asked for; no reference is moved. */
struct git_new_commit {
	const git_signature *author, *committer;
	const char *encoding; /* of the message; NULL: UTF-8 */
	const char *message;
	git_tree *tree;
	const git_commit *parent; /* NULL: none */
};
struct error *git_create_commit(
    const struct git *git, git_oid *id, const struct git_new_commit *commit);

/* git_clean.c */
/* A new reference refs/necrocode/saved/<name>[-2...] to a commit. */
struct error *git_save_commit(const struct git *git, const char *name,
    const git_oid *commit, char **reference);

/* git_url.c */
enum git_scheme {
	GIT_SCHEME_PATH, /* a path, or file:// */
	GIT_SCHEME_SSH,  /* ssh://, or host:path */
	GIT_SCHEME_HTTP, /* http:// and https:// */
	GIT_SCHEME_GIT,
};
struct git_url {
	enum git_scheme scheme;
	bool secure;          /* https */
	bool had_credentials; /* a password, or with http any user */
	char *text; /* without these; a path absolute and without file:// */
	char *user; /* of ssh; NULL: none */
	char *host, *port; /* NULL: none */
	char *path;
};
/*
 * A relative path is one from `directory`. The error is of the given type
 * and names the URL without what is secret in it.
 */
struct error *git_url_parse(struct git_url *url, const char *text,
    const char *directory, enum error_type type);
void git_url_release(struct git_url *url);
/* For URLs that are no paths: the same scheme, host and port? */
bool git_url_same_server(const struct git_url *a, const struct git_url *b);
/* The host without the brackets of an IPv6 address; the caller frees. */
char *git_url_address(const struct git_url *url);

/* git_network.c */
/* A connection to a remote repository. */
struct git_link {
	struct git *git;
	const struct git_network *network;
	struct git_url url;
	git_remote *remote;
	git_transport *transport; /* the remote's */
	git_remote_callbacks callbacks;
	enum error_type type;       /* of its errors */
	struct error *failure;      /* what the transport found; not yet told */
	double retry_after_seconds; /* what the remote asked for; 0: nothing */
	struct buffer said;         /* by the remote, to people */
	char *rejection; /* the remote's word on a pushed reference */
	bool accepted;   /* its word was yes */
};
struct error *git_link_open(struct git_link *link, struct git *git,
    const struct git_network *network, git_direction direction);
void git_link_close(struct git_link *link);
/* The error for a call on the link that returned `code`. */
struct error *git_link_error(struct git_link *link, int code,
    const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The remote wants credentials, or others. */
struct error *git_link_refused(const struct git_link *link);
/* A CancelledError or a TimeoutError when it is time to stop. */
struct error *git_link_check_time(const struct git_link *link);
/* A list of references that has grown to this size: is it too long? */
struct error *git_link_check_listing(const struct git_link *link, size_t size);
/* What the remote said to people, in one line; the caller frees. */
char *git_link_said(const struct git_link *link);
/* The commit of a branch at the remote; false: it has no such branch. */
struct error *git_link_find(
    struct git_link *link, git_oid *id, bool *found, const char *branch);

/* git_narrow.c */
/*
 * For an upload: shows libgit2 only the references of the remote
 * that tell what it has of the tip's history, and the one that is written,
 * and none of the slot's. Undone by git_widen().
 */
struct error *git_narrow(
    struct git_link *link, const char *base, const char *branch);
void git_widen(struct git_link *link);

/* git_rebase.c */
/*
 * The commits of `from` that `onto` does not have, replayed on top of it;
 * *result is the last, *n counts those that are left. `what` is told in
 * errors: "branch 'x'".
 */
struct error *git_rebase_commits(const struct git *git, git_oid *result,
    size_t *n, const git_oid *from, const git_oid *onto, const char *what);

/* The same for those alone that `without` does not have either, whatever
 * `from` and `onto` have in common. */
struct error *git_rebase_range(const struct git *git, git_oid *result,
    size_t *n, const git_oid *from, const git_oid *without, const git_oid *onto,
    const char *what);

/* git_policy.c */
/* What is told in git.h, but for the mask. `base` may be NULL: none. */
struct error *git_check_policy(const struct git *git, const git_oid *tip,
    const git_oid *base, const struct git_policy *policy);

/* git_conflict.c */
/*
 * Replays the commits of the branch that is checked out, from `base` on, on
 * top of what the remote has at `push->branch`. The slot is on the result
 * then, and *tip is it.
 */
struct error *git_rebase_on_remote(struct git *git, struct git_network *network,
    struct git_push *push, git_oid *tip, const git_oid *base);

/* git_secrets.c */
/* A value of the mask in a commit that `tip` has and `known` have not, or a
 * path such as .git/config, is a SecurityError that says where. */
struct error *git_check_commits(const struct git *git, const git_oid *tip,
    const git_oid *known, size_t n_known, const struct mask *mask);

/*
 * How objects travel; `link` is the git_link. Each limits connecting, silence
 * and the whole, ends when the runner is cancelled, and leaves the reason of
 * a failure in link->failure.
 */
/* git_http.c: http and https, through http.h. */
int git_transport_http(
    git_transport **transport, git_remote *owner, void *link);
/* git_transport.c: through a child process, git or ssh, or a socket. */
int git_transport_stream(
    git_transport **transport, git_remote *owner, void *link);

/* git_child.c */
/*
 * Starts the program that speaks for the link's remote; service is
 * "upload-pack" or "receive-pack". It leads a process group and has none of
 * the runner's credentials. Of the descriptors, `to` and `errors` do not
 * block.
 */
struct git_child {
	pid_t pid;
	int to, from, errors; /* pipes */
};
/* `version` is that of git's protocol to ask for; 0: none. */
struct error *git_child_start(struct git_child *child,
    const struct git_link *link, const char *service, int version);

/* git_ahead.c */
/* pid 0: not started. */
struct git_ahead {
	struct git_child receiver; /* receive-pack */
	struct git_child lister;   /* upload-pack, for git_ask() */
};
/* Starts the lister, if the repository is on this machine. */
void git_start_lister(struct git *git, struct git_network *network);
/* The receiver, if it was started, becomes the caller's. */
bool git_take_receiver(
    struct git_child *child, const struct git_network *network);
void git_end_child(struct git_child *child);

/* git_list.c */
struct git_asked {
	const char *name; /* "HEAD", "refs/heads/x" */
	/* Told: */
	bool found;
	git_oid id;
	char *target; /* of a symbolic one; the caller's */
};
/* What the remote has at these names now, from the lister, which is over
 * then. false: it is not known, and there is another way. */
bool git_ask(struct git_network *network, struct git_asked asked[], size_t n);

/* git_socket.c */
/* Connects to a git daemon and asks for the service; *fd does not block. */
struct error *git_socket_open(
    int *fd, const struct git_link *link, const char *service);

#endif
