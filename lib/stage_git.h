/* SPDX-License-Identifier: MIT */
/*
 * What the stages that work with git share: the settings that git.h asks
 * for, from the configuration and the secrets.
 */
#ifndef STAGE_GIT_H
#define STAGE_GIT_H

#include "git.h"
#include "stage.h"

/* Who commits, whether signed, and until when: git_author_name,
 * git_author_email, sign_commits, the deadline less the reserve. */
void stage_git_begin(const struct stage *stage, struct git *git);

/*
 * The network for a URL, which is borrowed as the token is, until the
 * deadline less the reserve; a TimeoutError when that has passed. With
 * `from_slot` the URL is what the slot's configuration says after an agent
 * may have had it: the token is for it only if git_token_hosts says so.
 */
struct error *stage_git_network(const struct stage *stage,
    struct git_network *network, const char *url, bool from_slot);

/* The configuration keys that these use, for a stage's list. */
#define STAGE_GIT_KEYS                                                         \
	"git_retry_count", "connect_timeout_seconds",                          \
	    "network_timeout_seconds", "git_token_env_var", "git_token_hosts", \
	    "git_username", "git_auth", "git_ssh_key_file",                    \
	    "git_ssh_known_hosts_file", "git_author_name", "git_author_email", \
	    "sign_commits"

/*
 * The message of the task's commit: subject, description, trailers; masked.
 * The caller frees.
 */
char *stage_git_message(const struct stage *stage);

#endif
