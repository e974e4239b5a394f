/* SPDX-License-Identifier: MIT */
/*
 * What the files of git.h share. Includes libgit2, which nothing outside
 * them does.
 */
#ifndef GIT_INTERNAL_H
#define GIT_INTERNAL_H

#include <git2.h>
#include <stdbool.h>

#include "buffer.h"
#include "error.h"
#include "git.h"

struct git {
	git_repository *repository;
	char *path;      /* of the work tree, resolved, no slash at its end */
	char *directory; /* the work tree's own git directory, the same */
	char *common;    /* the git directory that worktrees share */
	char *author_name, *author_email;
	bool used;    /* opened by git_open_used() */
	bool filters; /* attributes of the slot speak of filters */
};

/* Starts libgit2 once for the process, cheaply. */
struct error *git_start(void);

/*
 * Before https through libgit2's own TLS: reads the certificates, which
 * git_start() put off, from $SSL_CERT_FILE or the system's bundle.
 */
struct error *git_tls_load(void);
/* Before libgit2 starts: no certificates yet. */
void git_tls_defer(void);

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
    struct git *git, git_tree *from, git_commit *to);
/* The same for one path of the work tree. */
struct error *git_check_filter(const struct git *git, const char *path);
/* Does any file of attributes in the index speak of filters? */
bool git_index_has_filters(const struct git *git, git_index *index);

/* git_repository.c */
struct error *git_signature_of(
    const struct git *git, git_signature **signature);
/* The commit of HEAD; NULL when there is none yet. */
struct error *git_head_commit(const struct git *git, git_commit **commit);
struct error *git_commit_by_text(
    const struct git *git, git_commit **commit, const char *id);
/* The id of a reference; false when there is none. */
bool git_reference_id(const struct git *git, git_oid *id, const char *name);

/* git_commit.c */
/*
 * Adds everything in the work tree to the index, as `git add -A` does, and
 * writes it, also as a tree. Repositories inside the work tree are left out
 * with a warning.
 */
struct error *git_stage_everything(struct git *git, git_oid *tree);

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

/* git_network.c */
/* A connection to a remote repository. */
struct git_link {
	struct git *git;
	const struct git_network *network;
	struct git_url url;
	git_remote *remote;
	git_remote_callbacks callbacks;
	enum error_type type;  /* of its errors */
	struct error *failure; /* what the transport found; not yet told */
	int n_asked;           /* for credentials */
	struct buffer said;    /* by the remote, to people */
	char *rejection;       /* the remote's word on a pushed reference */
	bool accepted;         /* its word was yes */
};
struct error *git_link_open(struct git_link *link, struct git *git,
    const struct git_network *network, git_direction direction);
void git_link_close(struct git_link *link);
/* The error for a call on the link that returned `code`. */
struct error *git_link_error(struct git_link *link, int code,
    const char *format, ...) __attribute__((format(printf, 3, 4)));
/* What the remote said to people, in one line; the caller frees. */
char *git_link_said(const struct git_link *link);
/* The commit of a branch at the remote; false: it has no such branch. */
struct error *git_link_find(
    struct git_link *link, git_oid *id, bool *found, const char *branch);

/* git_rebase.c */
/*
 * The commits of `from` that `onto` does not have, replayed on top of it;
 * *result is the last, *n counts those that are left. `what` is told in
 * errors: "branch 'x'".
 */
struct error *git_rebase_commits(const struct git *git, git_oid *result,
    size_t *n, const git_oid *from, const git_oid *onto, const char *what);

/* git_secrets.c */
/* A value of the mask in a commit that `tip` has and `known` have not is a
 * SecurityError that says where. */
struct error *git_check_secrets(const struct git *git, const git_oid *tip,
    const git_oid *known, size_t n_known, const struct mask *mask);

/* git_transport.c: objects through a child process, git or ssh. */
int git_transport_child(
    git_transport **transport, git_remote *owner, void *link);

#endif
