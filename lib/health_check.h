/* SPDX-License-Identifier: MIT */
/*
 * What a machine needs to run tasks, and how it is looked at:
 *
 *   state           the directory of the runs can be written to, and has
 *                   health_min_free_mb free
 *   task_registry   a service answers GET /health, or a file can be written
 *   artifact_store  the same; HEAD of its URL where it is one of files; s3://
 *                   and gs:// are not looked at
 *   repo_pool       a service answers GET /health
 *   llm             GET /models of llm.endpoint is answered
 *
 * A service may know no such path, 404 or 405: it is there. One that says
 * {"status":"unhealthy"}, or down, error, fail, is not healthy. No check
 * changes anything, or costs tokens.
 */
#ifndef HEALTH_CHECK_H
#define HEALTH_CHECK_H

#include <stdbool.h>

#include "config.h"
#include "error.h"
#include "secret.h"

/* The configuration keys that it reads, for a program's list. */
#define HEALTH_CHECK_KEYS                                             \
	"run_dir", "task_registry_url", "task_registry_api_key_env",  \
	    "artifact_store_url", "artifact_store_type",              \
	    "artifact_store_user", "artifact_store_api_key_env",      \
	    "repo_pool_url", "repo_pool_api_key_env", "llm.provider", \
	    "llm.endpoint", "llm.api_key_env", "health_min_free_mb",  \
	    "health_timeout_seconds"

struct health_check {
	const char *name;
	/* Is there something to be checked? */
	bool (*applies)(const struct config *config);
	struct error *(*run)(
	    const struct config *config, struct secrets *secrets);
};

extern const struct health_check health_checks[]; /* ends with name NULL */

/* Where the runs are; the caller frees. */
char *health_runs_dir(const struct config *config);

#endif
