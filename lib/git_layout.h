/* SPDX-License-Identifier: MIT */
/*
 * Where the git directory of a work tree is, and whether it is one that can
 * be opened without harm. An agent may have left in its place whatever it
 * liked: a .git file that leads to somebody else's repository, references
 * and directories that are symbolic links out of the workspace, a pipe or
 * gigabytes where a small file belongs. libgit2 would follow the links,
 * write there, wait for the pipe. So this looks first, without libgit2, and
 * follows nothing.
 *
 * Accepted are a directory .git, and a .git file of git-worktree(1) or of a
 * submodule: one that leads to a git directory that leads back here.
 */
#ifndef GIT_LAYOUT_H
#define GIT_LAYOUT_H

#include "error.h"

struct git_layout {
	char *directory; /* the work tree's own; NULL: there is no .git */
	char *common;    /* what work trees share; often the same */
};

/*
 * The work tree is a resolved path. Errors name what is wrong, as
 * WorkspacePreparationErrors. This looks at the files that are known by name
 * and at the directories' tops; before libgit2 opens the repository,
 * git_layout_check() looks at all that is in them.
 */
struct error *git_layout_find(struct git_layout *layout, const char *work_tree);
struct error *git_layout_check(const struct git_layout *layout);
void git_layout_release(struct git_layout *layout);

#endif
