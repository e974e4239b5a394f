/* SPDX-License-Identifier: MIT */
/*
 * Secrets of the runner: where they come from, and the mask that hides them.
 *
 * A secret NAME is looked for as the environment variable NAME, in the file
 * that NAME_FILE names, and as the file NAME in secrets_dir, in this order.
 * A trailing newline is trimmed. secrets_load() makes the process not
 * dumpable; secrets_free() wipes.
 *
 * The mask gets: the secrets that the configuration names (git_token_env_var,
 * llm.api_key_env, artifact_store_api_key_env, task_registry_api_key_env,
 * pull_request_token_env, repo_pool_api_key_env, mask_env), every file in
 * secrets_dir, every environment variable whose name looks like a secret's
 * (*TOKEN*, *SECRET*, *PASSW*, *_KEY, *APIKEY*, *CREDENTIAL*, *_PAT, *_DSN,
 * *CONNECTION_STRING*, *PASSPHRASE*, *SSHPASS, *MYSQL_PWD, *DATABASE_URL; of
 * a URL the password), and those of NAME_FILE variables.
 */
#ifndef SECRET_H
#define SECRET_H

#include "config.h"
#include "error.h"
#include "mask.h"

struct secrets;

/* A secret file that is named but cannot be read is a ConfigError. */
struct error *secrets_load(
    struct secrets **secrets, const struct config *config);
void secrets_free(struct secrets *secrets);

/* Loads one more, which the configuration does not name; see above for where
 * it is looked for. */
struct error *secrets_load_one(struct secrets *secrets, const char *name);

/* Borrowed; NULL when there is none. Never print it. */
const char *secrets_get(const struct secrets *secrets, const char *name);

/* All known values, also with mask_secrets off, for checks such as that of
 * nr-push. For output use stage->mask, which is NULL then. */
const struct mask *secrets_mask(const struct secrets *secrets);

#endif
