/* SPDX-License-Identifier: MIT */
/*
 * libgit2 asks for the attributes of a file four times when it compares it,
 * and looks each time, for every directory above it, whether a file
 * .gitattributes has appeared: a quarter of the time that a difference takes,
 * in repositories that mostly have none at all. Where it is linked in, it is
 * told so here.
 */
#ifndef GIT_ATTRIBUTES_H
#define GIT_ATTRIBUTES_H

#include "git_internal.h"

/*
 * From here to git_attributes_end() no file has attributes, if it can be seen
 * that none of those in the difference, index to work tree, has.
 */
void git_attributes_begin(const struct git *git, const git_diff *diff);
void git_attributes_end(void);

#endif
