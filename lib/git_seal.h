/* SPDX-License-Identifier: MIT */
/*
 * What in a repository makes git run code, kept as it is while somebody else
 * works in it: the configuration (of the repository, of the worktree, of its
 * submodules), the hooks, the attributes beside them, and the files by which
 * a worktree finds its repository.
 *
 * The paths are for a sandbox to protect. Where that is not possible, or
 * where something new appears, git_seal_restore() puts things back when the
 * others are gone. Files of more than 1 MiB are not kept: one that was
 * changed is removed. Samples of hooks (*.sample) are not run, and left out.
 */
#ifndef GIT_SEAL_H
#define GIT_SEAL_H

#include "error.h"

struct git_seal;

/* NULL: the directory is no working tree. It is absolute. */
struct git_seal *git_seal_open(const char *workspace);
void git_seal_free(struct git_seal *seal);

/* NULL-terminated lists, borrowed. */
char *const *git_seal_anchored(const struct git_seal *seal);
char *const *git_seal_read_only(const struct git_seal *seal);
/* Outside of the workspace: what git has to write to for a worktree. */
char *const *git_seal_writable(const struct git_seal *seal);

/* The names of what was changed and has been put back, ", " between them; the
 * caller frees. NULL: nothing was. */
struct error *git_seal_restore(const struct git_seal *seal, char **changed);

#endif
