/* SPDX-License-Identifier: MIT */
#include "process.h"

#include "memory.h"

extern char **environ;

/* A * at the end stands for any rest. */
static const char *const allowed[] = {
	"PATH",
	"HOME",
	"USER",
	"LOGNAME",
	"SHELL",
	"LANG",
	"LANGUAGE",
	"LC_*",
	"TZ",
	"TERM",
	"COLORTERM",
	"NO_COLOR",
	"TMPDIR",
	"XDG_CACHE_HOME",
	"XDG_CONFIG_HOME",
	"XDG_DATA_HOME",
	"XDG_STATE_HOME",
	"TRACEPARENT",
	"TRACESTATE",
	"CI",
	NULL,
};

static size_t
name_len(const char *setting)
{
	return strcspn(setting, "=");
}

static bool
matches(const char *pattern, const char *setting)
{
	size_t len = strlen(pattern);

	if (len > 0 && pattern[len - 1] == '*')
		return strncmp(pattern, setting, len - 1) == 0;
	return len == name_len(setting) && strncmp(pattern, setting, len) == 0;
}

static bool
listed(char *const *names, const char *setting)
{
	for (; names != NULL && *names != NULL; names++)
		if (matches(*names, setting))
			return true;
	return false;
}

static bool
is_allowed(const char *setting)
{
	for (size_t i = 0; allowed[i] != NULL; i++)
		if (matches(allowed[i], setting))
			return true;
	return false;
}

static bool
is_set(char *const *set, const char *setting)
{
	size_t len = name_len(setting);

	for (; set != NULL && *set != NULL; set++)
		if (name_len(*set) == len && strncmp(*set, setting, len) == 0)
			return true;
	return false;
}

char **
process_environment(char *const *pass, char *const *set, size_t *n_kept_back)
{
	char **result;
	size_t n_all = 0, n_set = 0, n = 0, kept_back = 0;

	while (environ[n_all] != NULL)
		n_all++;
	while (set != NULL && set[n_set] != NULL)
		n_set++;
	result = xcalloc(n_all + n_set + 1, sizeof *result);
	for (size_t i = 0; i < n_all; i++) {
		if (is_set(set, environ[i]))
			continue;
		if (is_allowed(environ[i]) || listed(pass, environ[i]))
			result[n++] = xstrdup(environ[i]);
		else
			kept_back++;
	}
	for (size_t i = 0; i < n_set; i++)
		result[n++] = xstrdup(set[i]);
	if (n_kept_back != NULL)
		*n_kept_back = kept_back;
	return result;
}

void
process_environment_free(char **environment)
{
	if (environment == NULL)
		return;
	/* A variable passed on may be a credential. */
	for (char **setting = environment; *setting != NULL; setting++)
		free_secret(*setting, strlen(*setting));
	free(environment);
}
