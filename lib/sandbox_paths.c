/* SPDX-License-Identifier: MIT */
#include "sandbox_paths.h"

#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "file.h"
#include "json.h"
#include "memory.h"

/* The system's, that a strict sandbox reads. */
static const char *const system_paths[] = { "/bin", "/dev", "/etc", "/gnu",
	"/lib", "/lib32", "/lib64", "/libx32", "/nix", "/opt", "/proc",
	"/run/systemd/resolve", "/sbin", "/snap", "/sys", "/usr", NULL };

/* Keys and passwords below the home directory. */
static const char *const credentials[] = { ".ssh", ".gnupg", ".aws", ".azure",
	".config/gcloud", ".config/gh", ".config/glab-cli", ".config/hub",
	".config/op", ".config/sops", ".docker", ".kube", ".netrc",
	".git-credentials", ".config/git/credentials", ".pypirc", ".pgpass",
	".my.cnf", ".vault-token", ".terraform.d/credentials.tfrc.json",
	".password-store", ".local/share/keyrings", ".mozilla",
	".config/chromium", ".config/google-chrome", ".bash_history",
	".zsh_history", NULL };

static const char *const devices[] = { "/dev/null", "/dev/zero", "/dev/full",
	"/dev/random", "/dev/urandom", "/dev/tty", "/dev/ptmx", "/dev/pts",
	NULL };

static void
add_in(struct path_list *list, const char *directory, const char *name)
{
	char *path = file_join(directory, name);

	path_list_add_resolved(list, path);
	free(path);
}

static struct error *
allow_list(struct landlock_rules *rules, const char *const *list,
    enum landlock_access access)
{
	struct error *error = NULL;

	for (; error == NULL && list != NULL && *list != NULL; list++)
		error = landlock_allow(rules, *list, access);
	return error;
}

void
sandbox_find_hidden(
    struct path_list *hidden, const struct sandbox_options *options)
{
	const char *home = getenv("HOME");
	char *state = config_state_dir();

	for (size_t i = 0; options->hide != NULL && options->hide[i] != NULL;
	     i++)
		path_list_add_resolved(hidden, options->hide[i]);
	for (size_t i = 0; home != NULL && credentials[i] != NULL; i++)
		add_in(hidden, home, credentials[i]);
	path_list_add_resolved(hidden, "/run/secrets");
	add_in(hidden, state, "runs");
	free(state);
}

static struct error *
allow_reading(struct landlock_rules *rules,
    const struct sandbox_options *options, const struct path_list *hidden)
{
	struct error *error;

	if (options->mode == SANDBOX_STRICT)
		return allow_list(rules, system_paths, LANDLOCK_READ);
	if (hidden == NULL)
		return landlock_allow(rules, "/", LANDLOCK_READ);
	/* Names are not hidden; and each part of a path is listed by some
	 * program. */
	error = landlock_allow(rules, "/", LANDLOCK_LIST);
	if (error == NULL)
		error = landlock_allow_reading_but(rules, "/",
		    hidden->n > 0 ? hidden->items : (char *[]){ NULL });
	return error;
}

static struct error *
allow_output(struct landlock_rules *rules)
{
	static const char *const paths[] = { "/proc/self/fd/1",
		"/proc/self/fd/2" };
	struct error *error = NULL;
	struct stat info;

	/* What is no file has no rules. */
	for (size_t i = 0; error == NULL && i < 2; i++)
		if (stat(paths[i], &info) == 0 && S_ISREG(info.st_mode))
			error =
			    landlock_allow(rules, paths[i], LANDLOCK_DEVICE);
	return error;
}

static struct error *
allow_writing(
    struct landlock_rules *rules, const struct sandbox_options *options)
{
	struct error *error = NULL;

	if (options->workspace != NULL)
		error =
		    landlock_allow(rules, options->workspace, LANDLOCK_WRITE);
	/* POSIX semaphores and shared memory: Python, Chromium, databases. */
	if (error == NULL && options->mode == SANDBOX_WORKSPACE)
		error = landlock_allow(rules, "/dev/shm", LANDLOCK_WRITE);
	if (error == NULL)
		error = allow_list(rules, devices, LANDLOCK_DEVICE);
	if (error == NULL && options->has_output)
		error = allow_output(rules);
	return error;
}

struct error *
sandbox_add_rules(struct landlock_rules *rules,
    const struct sandbox_options *options, const struct path_list *hidden,
    char *const *more)
{
	struct error *error = allow_reading(rules, options, hidden);

	if (error == NULL)
		error = allow_list(
		    rules, (const char *const *)options->read, LANDLOCK_READ);
	if (error == NULL)
		error = allow_list(
		    rules, (const char *const *)options->write, LANDLOCK_WRITE);
	if (error == NULL)
		error = allow_list(
		    rules, (const char *const *)more, LANDLOCK_WRITE);
	if (error == NULL)
		error = allow_writing(rules, options);
	return error;
}
