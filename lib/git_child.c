/* SPDX-License-Identifier: MIT */
/*
 * The programs that speak for a remote: `git upload-pack PATH` for a
 * repository on this machine, `ssh HOST "git-upload-pack 'PATH'"` for one
 * that ssh reaches, and receive-pack likewise.
 *
 * ssh follows ssh_config(5), and asks nobody anything: a host that is not
 * known is refused, unless StrictHostKeyChecking there says otherwise.
 */
#define _GNU_SOURCE
#include "git_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

#include "memory.h"
#include "process.h"

/* For a shell at the other end. */
static char *
shell_quoted(const char *text)
{
	struct buffer quoted = BUFFER_INIT(16384);

	buffer_append_string(&quoted, "'");
	for (; *text != '\0'; text++) {
		if (*text == '\'' || *text == '!')
			buffer_appendf(&quoted, "'\\%c'", *text);
		else
			buffer_append(&quoted, text, 1);
	}
	buffer_append_string(&quoted, "'");
	return buffer_take(&quoted);
}

/* A path as ssh takes it in an option: no blank parts it, no % expands. */
static char *
ssh_quoted(const char *path)
{
	struct buffer quoted = BUFFER_INIT(16384);

	buffer_append_string(&quoted, "\"");
	for (; *path != '\0'; path++) {
		if (*path == '%')
			buffer_append_string(&quoted, "%");
		else if (*path == '"' || *path == '\\')
			buffer_append_string(&quoted, "\\");
		buffer_append(&quoted, path, 1);
	}
	buffer_append_string(&quoted, "\"");
	return buffer_take(&quoted);
}

enum { MAX_ARGUMENTS = 20 };

static void
fill_for_path(char *argv[], const struct git_url *url, const char *service)
{
	argv[0] = xstrdup("git");
	argv[1] = xstrdup(service);
	argv[2] = xstrdup("--");
	argv[3] = xstrdup(url->path);
	argv[4] = NULL;
}

/* -oNAME="FILE" if there is one. Returns the new number of arguments. */
static size_t
add_file(char *argv[], size_t n, const char *name, const char *path)
{
	char *quoted;

	if (path == NULL)
		return n;
	quoted = ssh_quoted(path);
	argv[n] = xasprintf("-o%s=%s", name, quoted);
	free(quoted);
	return n + 1;
}

static double
connect_seconds(const struct git_network *network)
{
	return network->connect_seconds > 0 ? ceil(network->connect_seconds)
					    : 30;
}

static void
fill_for_ssh(char *argv[], const struct git_link *link, const char *service)
{
	const struct git_url *url = &link->url;
	const struct git_network *network = link->network;
	const char *program = getenv("GIT_SSH");
	char *path;
	size_t n = 0;

	if (program == NULL || *program == '\0')
		program = "ssh";
	argv[n++] = xstrdup(program);
	argv[n++] = xstrdup("-oBatchMode=yes");
	argv[n++] =
	    xasprintf("-oConnectTimeout=%.0f", connect_seconds(network));
	argv[n++] = xstrdup("-oServerAliveInterval=15");
	argv[n++] = xstrdup("-oServerAliveCountMax=3");
	if (network->ssh_key_file != NULL)
		argv[n++] = xstrdup("-oIdentitiesOnly=yes");
	n = add_file(argv, n, "IdentityFile", network->ssh_key_file);
	n = add_file(
	    argv, n, "UserKnownHostsFile", network->ssh_known_hosts_file);
	if (url->port != NULL)
		argv[n++] = xasprintf("-p%s", url->port);
	if (url->user != NULL)
		argv[n++] = xasprintf("-l%s", url->user);
	argv[n++] = xstrdup("--");
	argv[n++] = git_url_address(url);
	/* ssh://host/~user/path is ~user/path. */
	path = shell_quoted(
	    strncmp(url->path, "/~", 2) == 0 ? url->path + 1 : url->path);
	argv[n++] = xasprintf("git-%s %s", service, path);
	argv[n] = NULL;
	free(path);
}

/* Of git's own variables only those that say which configuration counts. */
static char *const passed[] = {
	(char[]){ "GIT_CONFIG_GLOBAL" },
	(char[]){ "GIT_CONFIG_SYSTEM" },
	(char[]){ "GIT_CONFIG_NOSYSTEM" },
	(char[]){ "SSH_AUTH_SOCK" },
	NULL,
};

static char *const version_2[] = { (char[]){ "GIT_PROTOCOL=version=2" }, NULL };

static int
spawn(pid_t *pid, char *const argv[], const int fds[3], int version)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	char **environment =
	    process_environment(passed, version == 2 ? version_2 : NULL, NULL);
	sigset_t none, all;
	int code;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&actions);
	for (int i = 0; i < 3; i++)
		posix_spawn_file_actions_adddup2(&actions, fds[i], i);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes,
	    POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF |
		POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setsigmask(&attributes, &none);
	code = posix_spawnp(
	    pid, argv[0], &actions, &attributes, argv, environment);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	process_environment_free(environment);
	return code;
}

static void
close_both(int fds[2])
{
	for (int i = 0; i < 2; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static struct error *
start(struct git_child *child, char *const argv[], int version,
    enum error_type type)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, errors[2] = { -1, -1 };
	int code = 0;

	if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0 ||
	    pipe2(errors, O_CLOEXEC) != 0)
		code = errno;
	if (code == 0)
		code = spawn(&child->pid, argv,
		    (int[]){ in[0], out[1], errors[1] }, version);
	if (code != 0) {
		close_both(in);
		close_both(out);
		close_both(errors);
		errno = code;
		return error_errno(type, "cannot run '%s'", argv[0]);
	}
	close(in[0]);
	close(out[1]);
	close(errors[1]);
	child->to = in[1];
	child->from = out[0];
	child->errors = errors[0];
	fcntl(child->to, F_SETFL, O_NONBLOCK);
	fcntl(child->errors, F_SETFL, O_NONBLOCK);
	return NULL;
}

struct error *
git_child_start(struct git_child *child, const struct git_link *link,
    const char *service, int version)
{
	char *argv[MAX_ARGUMENTS];
	struct error *err;

	if (link->url.scheme == GIT_SCHEME_PATH)
		fill_for_path(argv, &link->url, service);
	else
		fill_for_ssh(argv, link, service);
	err = start(child, argv, version, link->type);
	for (char **argument = argv; *argument != NULL; argument++)
		free(*argument);
	return err;
}
