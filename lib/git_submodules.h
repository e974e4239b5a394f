/* SPDX-License-Identifier: MIT */
/*
 * The git directories of a repository's submodules: modules/NAME, where a
 * name may have slashes in it, and in each of them the same again.
 */
#ifndef GIT_SUBMODULES_H
#define GIT_SUBMODULES_H

#include "path_list.h"

/*
 * Adds them all, as paths that begin with `directory`, and to `links`, unless
 * that is NULL, the symbolic links that are where one could be: none is
 * followed. Who makes more than some thousands, or deeper ones than anybody
 * needs, has the rest left out.
 */
void git_submodules(
    struct path_list *list, struct path_list *links, const char *directory);

#endif
