/* SPDX-License-Identifier: MIT */
#include "config_form.h"

#include <pwd.h>
#include <stdbool.h>
#include <unistd.h>

#include "memory.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

const char *
config_form_text(enum config_form form)
{
	switch (form) {
	case CONFIG_PATH:
		return "a path";
	case CONFIG_URL:
		return "a URL such as https://host/path or file:///path";
	case CONFIG_VARIABLE:
		return "the name of an environment variable";
	case CONFIG_ANY:
		break;
	}
	return "a string";
}

static const char *
url_problem(const char *url)
{
	size_t scheme = strspn(url, LETTERS DIGITS "+.-");
	const char *authority;

	if (scheme == 0 || strncmp(url + scheme, "://", 3) != 0)
		return "it has no scheme";
	if (url[strcspn(url, " \t\r\n")] != '\0')
		return "it holds white space";
	authority = url + scheme + 3;
	if (memchr(authority, '@', strcspn(authority, "/?#")) != NULL)
		return "it holds credentials, which belong in an environment "
		       "variable or a file of secrets_dir";
	if (*authority == '\0')
		return "nothing follows its scheme";
	return NULL;
}

static bool
is_token(const char *text)
{
	static const char *const prefixes[] = { "ghp_", "gho_", "ghs_", "ghu_",
		"github_pat_", "hf_", "npm_", "pypi_", "sk_" };

	for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
		if (strncmp(text, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	}
	return false;
}

static const char *
variable_problem(const char *name)
{
	size_t len = strspn(name, LETTERS DIGITS "_");

	if (is_token(name))
		return "it looks like a token itself; put that in a variable, "
		       "and name the variable here";
	if (len == 0 || name[len] != '\0' || strchr(DIGITS, name[0]) != NULL)
		return "names consist of letters, digits and _; is it the "
		       "secret itself?";
	return NULL;
}

const char *
config_form_problem(enum config_form form, const char *text)
{
	switch (form) {
	case CONFIG_URL:
		return url_problem(text);
	case CONFIG_VARIABLE:
		return variable_problem(text);
	case CONFIG_ANY:
	case CONFIG_PATH:
		break;
	}
	return NULL;
}

const char *
config_home(void)
{
	const char *home = getenv("HOME");
	const struct passwd *user;

	if (home != NULL && *home != '\0')
		return home;
	/* cppcheck-suppress getpwuidCalled; no program of ours has threads */
	user = getpwuid(geteuid());
	return user != NULL && *user->pw_dir != '\0' ? user->pw_dir : NULL;
}

static char *
absolute(const char *path, const char *base)
{
	char *here, *whole;

	if (path[0] == '/')
		return xstrdup(path);
	if (base != NULL)
		return xasprintf("%s/%s", base, path);
	here = getcwd(NULL, 0);
	whole = xasprintf("%s/%s", here != NULL ? here : ".", path);
	free(here);
	return whole;
}

/* NULL: there is no home. */
static char *
expand_path(const char *path, const char *base)
{
	const char *home;

	if (path[0] != '~' || (path[1] != '/' && path[1] != '\0'))
		return absolute(path, base);
	home = config_home();
	return home != NULL ? xasprintf("%s%s", home, path + 1) : NULL;
}

/* NULL: there is no home. */
static char *
expand_text(const char *text, enum config_form form, const char *base)
{
	static const char scheme[] = "file://";
	char *path, *whole;

	if (form == CONFIG_PATH)
		return expand_path(text, base);
	if (form != CONFIG_URL || strncmp(text, "file://~", sizeof scheme) != 0)
		return xstrdup(text);
	path = expand_path(text + sizeof scheme - 1, NULL);
	if (path == NULL)
		return NULL;
	whole = xasprintf("%s%s", scheme, path);
	free(path);
	return whole;
}

/* False: there is no home. */
static bool
expand_string(jv *value, enum config_form form, const char *base)
{
	char *whole;

	if (jv_get_kind(*value) != JV_KIND_STRING)
		return true;
	whole = expand_text(jv_string_value(*value), form, base);
	if (whole == NULL)
		return false;
	jv_free(*value);
	*value = jv_string(whole);
	free(whole);
	return true;
}

static bool
expand_list(jv *list, enum config_form form, const char *base)
{
	int n = jv_array_length(jv_copy(*list));

	for (int i = 0; i < n; i++) {
		jv element = jv_array_get(jv_copy(*list), i);
		bool done = expand_string(&element, form, base);

		*list = jv_array_set(*list, i, element);
		if (!done)
			return false;
	}
	return true;
}

char *
config_form_expand(jv *value, const struct config_key *key, const char *base)
{
	bool done = jv_get_kind(*value) == JV_KIND_ARRAY
	    ? expand_list(value, key->form, base)
	    : expand_string(value, key->form, base);

	if (done)
		return NULL;
	return xasprintf("cannot find the home directory for '~' in '%s'; "
			 "set HOME",
	    key->name);
}
