/* SPDX-License-Identifier: MIT */
/*
 * A store in the file system: each file appears whole, under its name, or not
 * at all; SHA256SUMS beside them is what sha256sum -c reads.
 *
 * They are made to last at the end, together: to wait for the disk after each
 * would take several times as long.
 */
#define _GNU_SOURCE /* sync_file_range */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "buffer.h"
#include "file_url.h"
#include "memory.h"
#include "store_internal.h"

enum {
	MAX_SUMS_BYTES = 1024 * 1024,
	COPY_BYTES = 256 * 1024,
	MAX_UNSYNCED = 128,
};

struct place {
	char *directory;
	struct buffer sums, names;  /* of what was stored now */
	int unsynced[MAX_UNSYNCED]; /* files that are written, and open */
	size_t n_unsynced;
};

static struct error *
sync_files(struct place *place)
{
	struct error *error = NULL;

	/* Once all are written, one commit of a journal makes all last. */
	for (size_t i = 0; i < place->n_unsynced; i++)
		(void)sync_file_range(place->unsynced[i], 0, 0,
		    SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
			SYNC_FILE_RANGE_WAIT_AFTER);
	for (size_t i = 0; i < place->n_unsynced; i++) {
		int fd = place->unsynced[i];

		/* EINVAL: it cannot be done with that file system. */
		if (fdatasync(fd) < 0 && errno != EINVAL && error == NULL)
			error = error_errno(ERROR_UPLOAD,
			    "cannot write to '%s'", place->directory);
		if (close(fd) < 0 && error == NULL)
			error = error_errno(ERROR_UPLOAD,
			    "cannot write to '%s'", place->directory);
	}
	place->n_unsynced = 0;
	return error;
}

static void
close_place(struct store *store)
{
	struct place *place = store->state;

	if (place == NULL)
		return;
	error_free(sync_files(place));
	free(place->directory);
	buffer_release(&place->sums);
	buffer_release(&place->names);
	free(place);
}

static struct error *
open_place(struct store *store, const char *url)
{
	char *path = file_url_path(url), *key;
	struct place *place;

	if (path == NULL)
		return error_new(ERROR_CONFIG,
		    "artifact_store_url '%s' cannot be used: a store in the "
		    "file system is file:///directory",
		    url);
	place = xcalloc(1, sizeof *place);
	place->sums = BUFFER_INIT(MAX_SUMS_BYTES);
	place->names = BUFFER_INIT(MAX_SUMS_BYTES);
	key = store_key(store, "");
	place->directory = file_join(path, key);
	place->directory[strlen(place->directory) - 1] = '\0';
	store->state = place;
	free(path);
	free(key);
	return NULL;
}

static char *
uri_of(const struct place *place, const char *name)
{
	char *path = file_join(place->directory, name);
	char *uri = file_url_of(path);

	free(path);
	return uri;
}

static char *
place_uri(const struct store *store)
{
	return uri_of(store->state, "");
}

static struct error *
copy(int to, struct artifact_source *source, struct stored *stored,
    const char *path)
{
	char *bytes = xmalloc(COPY_BYTES);
	struct error *error = NULL;
	size_t n = 1;

	while (error == NULL && n > 0) {
		error = artifact_source_read(source, bytes, COPY_BYTES, &n);
		if (error == NULL)
			error = file_write_all(to, bytes, n, path);
		stored->size_bytes += (long long)n;
	}
	free(bytes);
	return error;
}

static struct error *
take_file(struct place *place, int fd)
{
	struct error *error = NULL;

	/* The disk may begin; nobody waits. */
	(void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	if (place->n_unsynced == MAX_UNSYNCED)
		error = sync_files(place);
	place->unsynced[place->n_unsynced++] = fd;
	return error;
}

/* Writes beside, then renames. */
static struct error *
write_file(struct place *place, const char *path,
    struct artifact_source *source, struct stored *stored)
{
	char *temporary = xasprintf("%s.XXXXXX", path);
	int fd = mkostemp(temporary, O_CLOEXEC);
	struct error *error;

	if (fd < 0) {
		error = error_errno(ERROR_UPLOAD, "cannot create '%s'", path);
		free(temporary);
		return error;
	}
	error = copy(fd, source, stored, path);
	if (error == NULL && rename(temporary, path) < 0)
		error = error_errno(ERROR_UPLOAD, "cannot write '%s'", path);
	if (error == NULL) {
		error = take_file(place, fd);
	} else {
		unlink(temporary);
		close(fd);
	}
	free(temporary);
	return error;
}

static struct error *
put(struct store *store, const struct store_file *file,
    struct artifact_source *source, struct stored *stored)
{
	struct place *place = store->state;
	char *path = file_join(place->directory, file->name);
	struct error *error = file_make_directories(place->directory, 0700);
	uint8_t sha256[ARTIFACT_SHA256_BYTES];

	if (error == NULL)
		error = write_file(place, path, source, stored);
	artifact_source_sha256(source, sha256);
	store_hex(stored->sha256, sha256);
	if (error == NULL) {
		stored->uri = uri_of(place, file->name);
		buffer_appendf(
		    &place->sums, "%s  %s\n", stored->sha256, file->name);
		buffer_appendf(&place->names, "\n%s\n", file->name);
	}
	free(path);
	return error;
}

static bool
is_stored_now(const struct place *place, const char *name, size_t len)
{
	char *line = xasprintf("\n%.*s\n", (int)len, name);
	bool is = strstr(place->names.data, line) != NULL;

	free(line);
	return is;
}

/* What an earlier upload stored, and this one did not, is still there. */
static void
add_earlier(struct place *place, const char *path)
{
	struct buffer earlier = BUFFER_INIT(MAX_SUMS_BYTES);
	const char *line;
	size_t len;

	error_free(file_read(&earlier, path));
	for (line = earlier.data; line != NULL && *line != '\0'; line += len) {
		size_t sum = strcspn(line, " \n");

		len = strcspn(line, "\n");
		if (line[len] == '\n')
			len++;
		if (len > sum + 3 &&
		    !is_stored_now(place, line + sum + 2, len - sum - 3))
			buffer_append(&place->sums, line, len);
	}
	buffer_release(&earlier);
}

static struct error *
write_sums(struct place *place)
{
	char *path = file_join(place->directory, "SHA256SUMS");
	struct error *error;
	int fd;

	add_earlier(place, path);
	error = file_replace(path, place->sums.data, place->sums.len, 0600);
	fd = error == NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd >= 0)
		error = take_file(place, fd);
	free(path);
	return error;
}

static struct error *
finish(struct store *store)
{
	struct place *place = store->state;
	struct error *error;
	int fd;

	if (place->sums.len == 0)
		return NULL;
	error = write_sums(place);
	/* The names last as the directory does. */
	fd = open(place->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		error = error_first(error, take_file(place, fd));
	return error_first(error, sync_files(place));
}

const struct store_kind store_file = {
	.open = open_place,
	.put = put,
	.finish = finish,
	.uri = place_uri,
	.close = close_place,
};
