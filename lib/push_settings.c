/* SPDX-License-Identifier: MIT */
#include "push_settings.h"

#include <fnmatch.h>

#include "json.h"
#include "memory.h"

static char **
list(const struct stage *stage, const char *name)
{
	jv value = config_value(stage->config, name);
	char **strings = json_strings(value, NULL);

	jv_free(value);
	return strings;
}

void
push_settings_read(struct push_settings *settings, const struct stage *stage)
{
	const struct config *config = stage->config;
	const char *on_conflict = config_string(config, "on_conflict");

	*settings = (struct push_settings){
		.allowed_branches = list(stage, "allowed_branches"),
		.protected_paths = list(stage, "protected_paths"),
	};
	settings->policy = (struct git_policy){
		.mask = secrets_mask(stage->secrets),
		.max_changed_files =
		    (size_t)config_number(config, "max_changed_files"),
		.max_diff_bytes =
		    (size_t)config_number(config, "max_diff_bytes"),
		.protected_paths = settings->protected_paths,
	};
	if (strcmp(on_conflict, "rebase") == 0)
		settings->on_conflict = GIT_CONFLICT_REBASE;
	else if (strcmp(on_conflict, "suffix") == 0)
		settings->on_conflict = GIT_CONFLICT_SUFFIX;
}

void
push_settings_release(struct push_settings *settings)
{
	json_strings_free(settings->allowed_branches);
	json_strings_free(settings->protected_paths);
	*settings = (struct push_settings){ 0 };
}

bool
push_settings_allow(const void *context, const char *branch)
{
	const struct push_settings *settings = context;

	for (char **pattern = settings->allowed_branches;
	     pattern != NULL && *pattern != NULL; pattern++)
		if (fnmatch(*pattern, branch, 0) == 0)
			return true;
	return false;
}
