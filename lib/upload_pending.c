/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* scandir */
#include "upload_pending.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "buffer.h"
#include "file.h"
#include "json.h"
#include "log.h"
#include "memory.h"

enum { MAX_NAMES_BYTES = 1024 * 1024 };

static const char names_file[] = "upload.pending";
static const char document_file[] = "upload.document.json";
static const char stage_file[] = "50-upload.json";

static void
forget(const char *run_dir, const char *name)
{
	char *path = file_join(run_dir, name);

	unlink(path);
	free(path);
}

static struct error *
write_document(const struct upload *upload, const char *name)
{
	char *path = file_join(upload->run_dir, name);
	int fd = open(
	    path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct error *error = fd < 0
	    ? error_errno(ERROR_IO, "cannot create '%s'", path)
	    : document_write(upload->doc, fd, upload->mask);

	if (fd >= 0)
		close(fd);
	free(path);
	return error;
}

static struct error *
write_names(const struct upload *upload)
{
	char *path = file_join(upload->run_dir, names_file);
	struct buffer names = BUFFER_INIT(MAX_NAMES_BYTES);
	struct error *error;

	for (size_t i = 0; upload->unsent[i] != NULL; i++)
		buffer_appendf(&names, "%s\n", upload->unsent[i]);
	error = file_replace(path, names.data, names.len, 0600);
	buffer_release(&names);
	free(path);
	return error;
}

void
upload_pending_keep(const struct upload *upload)
{
	struct error *error;

	if (upload->unsent[0] == NULL) {
		forget(upload->run_dir, names_file);
		forget(upload->run_dir, document_file);
		return;
	}
	error = write_document(upload, document_file);
	if (error == NULL)
		error = write_names(upload);
	if (error != NULL)
		log_warn("not_noted", "cannot note what is unsent: %s",
		    error->message);
	error_free(error);
}

struct error *
upload_pending_save(const struct upload *upload)
{
	return write_document(upload, stage_file);
}

static int
is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

struct error *
upload_pending_find(char ***run_dirs, const char *runs)
{
	struct dirent **entries = NULL;
	int n = scandir(runs, &entries, is_visible, alphasort);

	*run_dirs = xcalloc(n > 0 ? (size_t)n + 1 : 1, sizeof **run_dirs);
	if (n < 0 && errno != ENOENT)
		return error_errno(ERROR_IO, "cannot read '%s'", runs);
	for (int i = 0; i < n; i++) {
		(*run_dirs)[i] = file_join(runs, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return NULL;
}

static bool
read_document(struct upload_pending *pending, const char *name)
{
	char *path = file_join(pending->run_dir, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct error *error = NULL;

	if (fd >= 0) {
		error = document_read(&pending->doc, fd, path);
		close(fd);
	}
	if (error != NULL)
		log_warn(
		    "not_pending", "cannot use '%s': %s", path, error->message);
	error_free(error);
	free(path);
	return pending->doc != NULL;
}

static char **
split_lines(char *text)
{
	char **lines = xcalloc(1, sizeof *lines), *line, *rest = text;
	size_t n = 0;

	while ((line = strsep(&rest, "\n")) != NULL) {
		if (*line == '\0')
			continue;
		lines = xreallocarray(lines, n + 2, sizeof *lines);
		lines[n++] = xstrdup(line);
		lines[n] = NULL;
	}
	return lines;
}

static bool
read_names(struct upload_pending *pending)
{
	char *path = file_join(pending->run_dir, names_file);
	struct buffer names = BUFFER_INIT(MAX_NAMES_BYTES);
	struct error *error = file_read(&names, path);

	if (error == NULL && names.data != NULL)
		pending->names = split_lines(names.data);
	error_free(error);
	buffer_release(&names);
	free(path);
	return pending->names != NULL;
}

/* A pipeline that is at work still, as far as can be seen from here. */
static bool
is_alive(const struct document *doc)
{
	const char *hostname = document_string(doc, "runner.hostname");
	double group =
	    json_number(document_value(doc), "runner.process_group", 0);
	char ours[256] = "";

	gethostname(ours, sizeof ours - 1);
	if (hostname == NULL || strcmp(hostname, ours) != 0)
		return true;
	return group <= 1 || kill(-(pid_t)group, 0) == 0 || errno == EPERM;
}

static bool
has_content(const char *run_dir, const char *name)
{
	char *path = file_join(run_dir, name);
	struct stat info;
	bool has = stat(path, &info) == 0 && info.st_size > 0;

	free(path);
	return has;
}

static int
is_stage_document(const struct dirent *entry)
{
	return fnmatch("[1-4]0-*.json", entry->d_name, 0) == 0 ||
	    fnmatch("25-*.json", entry->d_name, 0) == 0;
}

/* The last whole document of a run that never came to its upload. */
static bool
read_last_document(struct upload_pending *pending)
{
	struct dirent **entries = NULL;
	int n;

	if (has_content(pending->run_dir, stage_file))
		return false;
	n = scandir(pending->run_dir, &entries, is_stage_document, versionsort);
	while (n > 0) {
		const char *name = entries[--n]->d_name;

		if (pending->doc == NULL && has_content(pending->run_dir, name))
			read_document(pending, name);
		free(entries[n]);
	}
	free(entries);
	return pending->doc != NULL && !is_alive(pending->doc);
}

bool
upload_pending_open(struct upload_pending *pending, const char *run_dir)
{
	*pending = (struct upload_pending){ .run_dir = xstrdup(run_dir) };
	pending->lock =
	    open(run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (pending->lock >= 0 &&
	    flock(pending->lock, LOCK_EX | LOCK_NB) == 0 &&
	    (read_names(pending) ? read_document(pending, document_file)
				 : read_last_document(pending)))
		return true;
	upload_pending_release(pending);
	return false;
}

void
upload_pending_release(struct upload_pending *pending)
{
	if (pending->lock >= 0)
		close(pending->lock);
	if (pending->names != NULL)
		json_strings_free(pending->names);
	document_free(pending->doc);
	free(pending->run_dir);
}
