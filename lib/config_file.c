/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <unistd.h>

#include "config_form.h"
#include "config_internal.h"
#include "config_value.h"
#include "json.h"
#include "memory.h"
#include "printable.h"

enum { max_quoted_bytes = 60 };

struct reading {
	struct config *config;
	const struct yaml *yaml;
	const char *path;
	char *base; /* the directory that relative paths start from */
};

/* Takes what. */
static void
complain(struct reading *reading, struct yaml_mark mark, char *what)
{
	config_add_problem(reading->config, mark, false,
	    xasprintf(
		"%s:%zu:%zu: %s", reading->path, mark.line, mark.column, what));
	free(what);
}

/* Is this what stands before the dot of some keys? */
static bool
is_section(const char *name)
{
	size_t len = strlen(name);

	for (const struct config_key *key = config_keys; key->name != NULL;
	     key++) {
		if (strncmp(key->name, name, len) == 0 && key->name[len] == '.')
			return true;
	}
	return false;
}

static void
complain_unknown(
    struct reading *reading, const char *name, struct yaml_mark mark)
{
	const struct config_key *key = config_key_by_name(name);
	char *shown = printable(name, max_quoted_bytes);
	char *hint = config_suggestion(name, CONFIG_SPELLING_KEY);

	if (key != NULL)
		complain(reading, mark,
		    xasprintf("unknown key '%s'; write '%s' inside '%.*s:'",
			shown, strchr(name, '.') + 1, (int)strcspn(name, "."),
			name));
	else
		complain(reading, mark,
		    xasprintf("unknown key '%s'%s%s", shown,
			*hint != '\0' ? "; " : "", hint));
	free(hint);
	free(shown);
}

static void
read_value(
    struct reading *reading, const struct config_key *key, const char *pointer)
{
	struct yaml_mark mark;
	jv value;
	char *wrong =
	    config_value_from_yaml(&value, key, reading->yaml, pointer, &mark);

	if (wrong == NULL)
		wrong = config_form_expand(&value, key, reading->base);
	if (wrong != NULL) {
		complain(reading, mark, wrong);
		jv_free(value);
	} else if (jv_get_kind(value) != JV_KIND_NULL) {
		mark = yaml_key_mark_at(reading->yaml, pointer);
		config_put(reading->config, key, value,
		    xasprintf("%s:%zu", reading->path, mark.line));
	}
}

static void read_members(
    struct reading *reading, jv object, const char *section);

static void
read_section(struct reading *reading, jv section, const char *name)
{
	struct yaml_mark mark;
	char *pointer;

	if (jv_get_kind(section) == JV_KIND_OBJECT) {
		read_members(reading, section, name);
	} else if (jv_get_kind(section) != JV_KIND_NULL) {
		pointer = xasprintf("/%s", name);
		mark = yaml_mark_at(reading->yaml, pointer);
		complain(reading, mark,
		    xasprintf("'%s' must be an object of its keys, found %s "
			      "%s",
			name,
			jv_get_kind(section) == JV_KIND_ARRAY ? "an" : "a",
			json_kind_name(section)));
		free(pointer);
	}
}

static void
read_member(
    struct reading *reading, jv object, const char *section, const char *name)
{
	char *full =
	    section != NULL ? xasprintf("%s.%s", section, name) : xstrdup(name);
	char *parent = section != NULL ? xasprintf("/%s", section) : NULL;
	char *pointer = config_pointer(parent, name);
	const struct config_key *key = config_key_by_name(full);
	bool dotted = strchr(name, '.') != NULL;

	if (key != NULL && !dotted) {
		read_value(reading, key, pointer);
	} else if (section == NULL && is_section(name)) {
		jv member = json_get(object, name);

		read_section(reading, member, name);
		jv_free(member);
	} else {
		complain_unknown(
		    reading, full, yaml_key_mark_at(reading->yaml, pointer));
	}
	free(parent);
	free(pointer);
	free(full);
}

static void
read_members(struct reading *reading, jv object, const char *section)
{
	jv names = jv_keys(jv_copy(object));
	size_t n = json_array_length(names, NULL);

	for (size_t i = 0; i < n; i++) {
		jv name = json_element(names, i);

		read_member(reading, object, section, jv_string_value(name));
		jv_free(name);
	}
	jv_free(names);
}

/* The directory of the file, absolute. */
static char *
directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *here, *directory;

	if (path[0] == '/')
		return xstrndup(path, (size_t)(slash - path));
	here = getcwd(NULL, 0);
	directory = xasprintf("%s%s%.*s", here != NULL ? here : ".",
	    slash != NULL ? "/" : "", slash != NULL ? (int)(slash - path) : 0,
	    path);
	free(here);
	return directory;
}

struct error *
config_read_file(struct config *config, const char *path)
{
	struct yaml *yaml;
	struct error *error = yaml_read_file(&yaml, path);
	struct reading reading = {
		.config = config,
		.yaml = yaml,
		.path = path,
	};

	if (error != NULL)
		return error;
	reading.base = directory_of(path);
	if (jv_get_kind(yaml_value(yaml)) == JV_KIND_OBJECT)
		read_members(&reading, yaml_value(yaml), NULL);
	else
		complain(&reading, yaml_mark_at(yaml, ""),
		    xasprintf("must be an object of keys (key: value), found "
			      "%s %s",
			jv_get_kind(yaml_value(yaml)) == JV_KIND_ARRAY ? "an"
								       : "a",
			json_kind_name(yaml_value(yaml))));
	for (size_t i = 0; i < yaml_n_warnings(yaml); i++)
		config_add_warning(config, xstrdup(yaml_warning(yaml, i)));
	free(reading.base);
	yaml_release(yaml);
	return NULL;
}

/* Is the file there? A directory that may not be entered is as good as none,
 * as when HOME is another user's, but it is told. */
static bool
is_there(struct config *config, const char *path)
{
	if (access(path, F_OK) == 0)
		return true;
	if (errno != ENOENT && errno != ENOTDIR)
		config_add_warning(config,
		    xasprintf("%s: not looked at: %s", path, strerror(errno)));
	return false;
}

char *
config_find_file(struct config *config, const struct config_options *options)
{
	const char *named = options != NULL ? options->file : NULL;
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = config_home();
	char *path = NULL;

	if (named == NULL || *named == '\0')
		named = getenv("NR_CONFIG");
	if (named != NULL && *named != '\0')
		return xstrdup(named);
	if (xdg != NULL && *xdg == '/')
		path = xasprintf("%s/necrocode/runner.yaml", xdg);
	else if (home != NULL)
		path = xasprintf("%s/.config/necrocode/runner.yaml", home);
	if (path != NULL && is_there(config, path))
		return path;
	free(path);
	path = xstrdup("/etc/necrocode/runner.yaml");
	if (is_there(config, path))
		return path;
	free(path);
	return NULL;
}
