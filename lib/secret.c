/* SPDX-License-Identifier: MIT */
#include "secret.h"

#include <errno.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "file.h"
#include "json.h"
#include "log.h"
#include "memory.h"
#include "secret_names.h"

struct secret {
	char *name;
	char *value; /* without the newline at its end */
	size_t len;
	struct secret *next;
};

struct secrets {
	struct secret *list;
	char *directory; /* NULL: none */
	struct mask *mask;
};

static void
warn_refused(const char *name)
{
	log_warn("secret_not_masked",
	    "the value of '%s' is shorter than 4 bytes and is not masked",
	    name);
}

static void
keep(struct secrets *secrets, const char *name, const char *value, size_t len)
{
	struct secret *secret = xmalloc(sizeof *secret);

	while (len > 0 && (value[len - 1] == '\n' || value[len - 1] == '\r'))
		len--;
	*secret = (struct secret){
		.name = xstrdup(name),
		.value = xstrndup(value, len),
		.len = len,
		.next = secrets->list,
	};
	secrets->list = secret;
	secret_add(secrets->mask, name, value, len, warn_refused);
}

static struct error *
keep_file(struct secrets *secrets, const char *name, const char *path)
{
	struct buffer content = BUFFER_INIT(0);
	struct error *error = secret_read_file(&content, path);

	if (error != NULL)
		return error;
	keep(secrets, name, content.data, content.len);
	buffer_release(&content);
	return NULL;
}

/* The secret NAME: from the variable, NAME_FILE, or the directory. */
static struct error *
load(struct secrets *secrets, const char *name)
{
	const char *value = getenv(name);
	struct error *error = NULL;
	char *path;

	if (value != NULL && *value != '\0') {
		keep(secrets, name, value, strlen(value));
		return NULL;
	}
	path = xasprintf("%s_FILE", name);
	value = getenv(path);
	free(path);
	if (value != NULL && *value != '\0')
		return keep_file(secrets, name, value);
	if (secrets->directory == NULL || strchr(name, '/') != NULL)
		return NULL;
	path = file_join(secrets->directory, name);
	if (access(path, F_OK) == 0)
		error = keep_file(secrets, name, path);
	free(path);
	return error;
}

static struct error *
load_named(struct secrets *secrets, const struct config *config)
{
	static const char *const keys[] = { "git_token_env_var",
		"llm.api_key_env", "artifact_store_api_key_env",
		"task_registry_api_key_env", "pull_request_token_env",
		"repo_pool_api_key_env", NULL };
	jv more = config_value(config, "mask_env");
	struct error *error = NULL;

	for (int i = 0; error == NULL && keys[i] != NULL; i++) {
		const char *name = config_string(config, keys[i]);

		if (name != NULL && *name != '\0')
			error = load(secrets, name);
	}
	for (size_t i = 0; error == NULL; i++) {
		jv name = json_element(more, i);
		bool last = jv_get_kind(name) != JV_KIND_STRING;

		if (!last)
			error = load(secrets, jv_string_value(name));
		jv_free(name);
		if (last)
			break;
	}
	jv_free(more);
	return error;
}

/* The usual place may be absent; one that the person named may not. */
static struct error *
find_directory(struct secrets *secrets, const struct config *config)
{
	const char *path = config_string(config, "secrets_dir");
	const char *origin = config_origin(config, "secrets_dir");

	if (path == NULL || *path == '\0')
		return NULL;
	if (access(path, F_OK) != 0 && strcmp(origin, "default") == 0)
		return NULL;
	secrets->directory = xstrdup(path);
	return secret_add_directory(secrets->mask, path, warn_refused);
}

struct error *
secrets_load(struct secrets **secrets, const struct config *config)
{
	struct secrets *loaded = xcalloc(1, sizeof *loaded);
	struct error *error;

	prctl(PR_SET_DUMPABLE, 0);
	loaded->mask = mask_new();
	error = find_directory(loaded, config);
	if (error == NULL)
		error = load_named(loaded, config);
	if (error == NULL)
		error = secret_add_environment(loaded->mask, warn_refused);
	if (error != NULL) {
		secrets_free(loaded);
		loaded = NULL;
	}
	*secrets = loaded;
	return error;
}

void
secrets_free(struct secrets *secrets)
{
	if (secrets == NULL)
		return;
	while (secrets->list != NULL) {
		struct secret *secret = secrets->list;

		secrets->list = secret->next;
		free(secret->name);
		free_secret(secret->value, secret->len);
		free(secret);
	}
	free(secrets->directory);
	mask_free(secrets->mask);
	free(secrets);
}

struct error *
secrets_load_one(struct secrets *secrets, const char *name)
{
	return load(secrets, name);
}

const char *
secrets_get(const struct secrets *secrets, const char *name)
{
	const char *value;

	for (const struct secret *s = secrets->list; s != NULL; s = s->next)
		if (strcmp(s->name, name) == 0)
			return s->len > 0 ? s->value : NULL;
	value = getenv(name);
	return value != NULL && *value != '\0' ? value : NULL;
}

const struct mask *
secrets_mask(const struct secrets *secrets)
{
	return secrets->mask;
}
