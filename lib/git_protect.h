/* SPDX-License-Identifier: MIT */
/*
 * What a sandbox has to know of a repository: which of its files make git run
 * code, or find another repository, and must not be written to; and what git
 * writes to outside of the work tree. What appears anew, and all of it where
 * nothing can be protected, is for slot_guard.h to put right.
 */
#ifndef GIT_PROTECT_H
#define GIT_PROTECT_H

#include "path_list.h"

struct git_protection {
	/* Directories that are written to, but not renamed or removed. */
	struct path_list anchored;
	/* Files and directories that are there. */
	struct path_list read_only;
	/* Of a repository that the work tree is linked to: its objects,
	 * references, logs, and the work tree's own directory. */
	struct path_list writable;
	/* Objects that it borrows of other repositories. */
	struct path_list readable;
};

/* Empty if the directory is no work tree, or one with a .git that leads to
 * where it should not. */
void git_protect(struct git_protection *protection, const char *work_tree);
void git_protection_release(struct git_protection *protection);

#endif
