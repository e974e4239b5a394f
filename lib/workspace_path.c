/* SPDX-License-Identifier: MIT */
#include "workspace_path.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dot_git.h"
#include "file.h"
#include "memory.h"
#include "path_list.h"
#include "printable.h"
#include "text.h"

static struct error *
refuse(enum error_type type, const char *path, const char *why)
{
	char *shown = printable(path, 200);
	struct error *error =
	    error_new(type, "cannot use the path '%s': %s", shown, why);

	free(shown);
	return error;
}

/* What is left of an absolute path in the workspace; NULL: it leads out. */
static const char *
relative_part(const char *workspace, const char *path)
{
	size_t len = strlen(workspace);

	if (*path != '/')
		return path;
	if (strncmp(path, workspace, len) != 0 || path[len] != '/')
		return NULL;
	return path + len + strspn(path + len, "/");
}

/* Looks at every part of the name; NULL: there is nothing against it. */
static const char *
objection(const char *path)
{
	bool empty = true;

	for (const char *at = path; *at != '\0';) {
		size_t len = strcspn(at, "/");

		if (len == 2 && memcmp(at, "..", 2) == 0)
			return "'..' is not allowed";
		if (is_dot_git(at, len))
			return "nobody but git writes into .git";
		empty = empty && (len == 0 || (len == 1 && *at == '.'));
		at += len + strspn(at + len, "/");
	}
	return empty ? "it names no file" : NULL;
}

/* The deepest part of the path that is there, resolved; *rest is behind. */
static char *
resolve_existing(const char *full, const char **rest)
{
	char *head = xstrdup(full), *real;
	size_t len = strlen(full);

	while ((real = file_resolve(head)) == NULL && errno == ENOENT) {
		struct stat info;

		/* A link that leads nowhere may lead anywhere tomorrow. */
		if (lstat(head, &info) == 0)
			break;
		while (len > 0 && head[len - 1] == '/')
			head[--len] = '\0';
		while (len > 0 && head[len - 1] != '/')
			head[--len] = '\0';
		while (len > 1 && head[len - 1] == '/')
			head[--len] = '\0';
	}
	*rest = full + len + strspn(full + len, "/");
	free(head);
	return real;
}

static struct error *
check_real(bool *exists, const char *workspace, const char *real,
    const char *rest, const char *path)
{
	struct stat info;
	const char *why;

	*exists = false;
	if (!path_is_in(real, workspace))
		return refuse(
		    ERROR_SECURITY, path, "it leads out of the workspace");
	why = objection(real + strlen(workspace));
	if (why != NULL && *rest == '\0')
		return refuse(ERROR_SECURITY, path, why);
	if (why != NULL && strstr(why, ".git") != NULL)
		return refuse(ERROR_SECURITY, path, why);
	if (stat(real, &info) < 0)
		return error_errno(ERROR_IO, "cannot use '%s'", path);
	if (*rest != '\0' && !S_ISDIR(info.st_mode))
		return refuse(
		    ERROR_IMPLEMENTATION, path, "a part of it is no directory");
	if (*rest == '\0' && S_ISDIR(info.st_mode))
		return refuse(ERROR_IMPLEMENTATION, path, "it is a directory");
	if (*rest == '\0' && !S_ISREG(info.st_mode))
		return refuse(
		    ERROR_IMPLEMENTATION, path, "it is no regular file");
	if (text_ends_with(rest, "/") || text_ends_with(rest, "/."))
		return refuse(
		    ERROR_IMPLEMENTATION, path, "it names a directory");
	*exists = *rest == '\0';
	return NULL;
}

struct error *
workspace_path_resolve(
    char **real, bool *exists, const char *workspace, const char *path)
{
	const char *name = relative_part(workspace, path), *rest, *why;
	char *full, *found, *joined;
	struct error *error;

	*real = NULL;
	*exists = false;
	if (name == NULL)
		return refuse(
		    ERROR_SECURITY, path, "it leads out of the workspace");
	why = objection(name);
	if (why != NULL)
		return refuse(ERROR_SECURITY, path, why);
	full = file_join(workspace, name);
	found = resolve_existing(full, &rest);
	if (found == NULL)
		error = error_errno(ERROR_IO, "cannot use '%s'", path);
	else
		error = check_real(exists, workspace, found, rest, path);
	if (error == NULL) {
		/* One file has one path: without empty parts, and ".". */
		joined = file_join(found, rest);
		*real = path_plain(joined);
		free(joined);
	}
	free(found);
	free(full);
	return error;
}

struct error *
workspace_path_read(
    struct buffer *content, const char *workspace, const char *path)
{
	char *real;
	bool exists;
	struct error *error =
	    workspace_path_resolve(&real, &exists, workspace, path);

	if (error == NULL && !exists)
		error =
		    error_new(ERROR_IO, "cannot open '%s': No such file", path);
	if (error == NULL)
		error = file_read(content, real);
	free(real);
	return error;
}

struct error *
workspace_path_write(
    const char *workspace, const char *path, const char *bytes, size_t len)
{
	mode_t mask = umask(0);
	unsigned mode = 0666 & ~(unsigned)mask;
	char *real, *slash;
	struct stat info;
	bool exists;
	struct error *error;

	umask(mask);
	error = workspace_path_resolve(&real, &exists, workspace, path);
	if (error != NULL || real == NULL)
		return error;
	if (exists && stat(real, &info) == 0)
		mode = info.st_mode & 07777;
	slash = strrchr(real, '/');
	*slash = '\0';
	error = file_make_directories(real, 0777 & ~(unsigned)mask);
	*slash = '/';
	if (error == NULL)
		error = file_replace(real, bytes, len, mode);
	free(real);
	return error;
}
