/* SPDX-License-Identifier: MIT */
/*
 * What the stages that work with git share: the settings that git.h asks
 * for, from the configuration and the secrets.
 */
#ifndef STAGE_GIT_H
#define STAGE_GIT_H

#include "git.h"
#include "stage.h"

/* Who commits: git_author_name, git_author_email. */
void stage_git_author(const struct stage *stage, struct git *git);

/* The network for a URL, which is borrowed as the token is, until the
 * deadline less the reserve; a TimeoutError when that has passed. */
struct error *stage_git_network(
    const struct stage *stage, struct git_network *network, const char *url);

/*
 * The message of the task's commit: subject, description, trailers; masked.
 * The caller frees.
 */
char *stage_git_message(const struct stage *stage);

#endif
