/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* realpath, nftw, DT_DIR */
#include "file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <nettle/sha2.h>
#include <poll.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory.h"

struct error *
file_write_all(int fd, const void *bytes, size_t len, const char *name)
{
	const char *at = bytes;

	while (len > 0) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EAGAIN) {
			struct pollfd wait = { .fd = fd, .events = POLLOUT };

			poll(&wait, 1, -1);
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(ERROR_IO, "cannot write %s", name);
		at += n;
		len -= (size_t)n;
	}
	return NULL;
}

struct error *
file_replace(const char *path, const void *bytes, size_t len, unsigned mode)
{
	char *temporary = xasprintf("%s.XXXXXX", path);
	struct error *error = NULL;
	int fd = mkstemp(temporary);

	if (fd < 0) {
		error = error_errno(ERROR_IO, "cannot create '%s'", path);
		free(temporary);
		return error;
	}
	error = file_write_all(fd, bytes, len, path);
	if (fchmod(fd, mode) < 0 && error == NULL)
		error = error_errno(ERROR_IO, "cannot write '%s'", path);
	if (close(fd) < 0 && error == NULL)
		error = error_errno(ERROR_IO, "cannot write '%s'", path);
	if (error == NULL && rename(temporary, path) < 0)
		error = error_errno(ERROR_IO, "cannot rename to '%s'", path);
	if (error != NULL)
		unlink(temporary);
	free(temporary);
	return error;
}

struct error *
file_read(struct buffer *buffer, const char *path)
{
	struct error *error;
	char *name;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return error_errno(ERROR_IO, "cannot open '%s'", path);
	name = xasprintf("'%s'", path);
	error = buffer_read_fd(buffer, fd, name);
	free(name);
	close(fd);
	return error;
}

struct error *
file_make_directories(const char *path, unsigned mode)
{
	char *copy = xstrdup(path);
	struct error *error = NULL;
	struct stat info;

	for (char *slash = strchr(copy + 1, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		/* A parent that cannot be made shows in the last mkdir. */
		(void)mkdir(copy, mode);
		*slash = '/';
	}
	if (mkdir(copy, mode) < 0 && errno != EEXIST)
		error =
		    error_errno(ERROR_IO, "cannot create directory '%s'", path);
	else if (stat(copy, &info) < 0 || !S_ISDIR(info.st_mode))
		error = error_new(ERROR_IO, "'%s' is not a directory", path);
	free(copy);
	return error;
}

static int
remove_entry(
    const char *path, const struct stat *info, int type, struct FTW *walk)
{
	(void)info;
	(void)type;
	(void)walk;
	return remove(path);
}

/* A directory without rights cannot be emptied, by others than root. */
static void
open_up(const char *path)
{
	const struct dirent *entry;
	DIR *dir;

	(void)chmod(path, 0700);
	dir = opendir(path);
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		char *child;

		if (entry->d_type != DT_DIR ||
		    strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		child = file_join(path, entry->d_name);
		open_up(child);
		free(child);
	}
	if (dir != NULL)
		closedir(dir);
}

static bool
remove_all(const char *path)
{
	return nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS) == 0 ||
	    errno == ENOENT;
}

struct error *
file_remove_tree(const char *path)
{
	if (remove_all(path))
		return NULL;
	open_up(path);
	if (!remove_all(path))
		return error_errno(ERROR_IO, "cannot remove '%s'", path);
	return NULL;
}

bool
file_is_empty_directory(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	bool empty = true;

	if (dir == NULL)
		return false;
	while (empty && (entry = readdir(dir)) != NULL)
		empty = strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0;
	closedir(dir);
	return empty;
}

char *
file_join(const char *dir, const char *name)
{
	size_t len = strlen(dir);

	return xasprintf(
	    "%s%s%s", dir, len > 0 && dir[len - 1] == '/' ? "" : "/", name);
}

char *
file_resolve(const char *path)
{
	return realpath(path, NULL);
}

char *
file_program_directory(void)
{
	char *path = file_resolve("/proc/self/exe"), *slash;

	if (path == NULL)
		return NULL;
	slash = strrchr(path, '/');
	*slash = '\0';
	return path;
}

struct error *
file_sha256(char hex[FILE_SHA256_TEXT], size_t *size_bytes, const char *path)
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx context;
	struct error *error = NULL;
	size_t total = 0;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return error_errno(ERROR_IO, "cannot open '%s'", path);
	sha256_init(&context);
	do {
		uint8_t chunk[65536];

		n = read(fd, chunk, sizeof chunk);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			error = error_errno(ERROR_IO, "cannot read '%s'", path);
		if (n > 0)
			sha256_update(&context, (size_t)n, chunk);
		total += n > 0 ? (size_t)n : 0;
	} while (n != 0 && error == NULL);
	close(fd);
	sha256_digest(&context, sizeof digest, digest);
	for (size_t i = 0; i < sizeof digest; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	if (size_bytes != NULL)
		*size_bytes = total;
	return error;
}

/* Bytes of a UTF-8 character that a cut at either end left behind. */
static size_t
broken_start(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && n < 3 && ((unsigned char)text[n] & 0xc0) == 0x80)
		n++;
	return n;
}

static size_t
broken_end(const char *text, size_t len)
{
	for (size_t n = 1; n <= 3 && n <= len; n++) {
		unsigned char c = (unsigned char)text[len - n];
		size_t need = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;

		if ((c & 0xc0) != 0x80)
			return need > n ? n : 0;
	}
	return 0;
}

static struct error *
read_at(int fd, char *bytes, size_t len, off_t offset, const char *path)
{
	while (len > 0) {
		ssize_t n = pread(fd, bytes, len, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(ERROR_IO, "cannot read '%s'", path);
		if (n == 0)
			return error_new(ERROR_IO, "'%s' became shorter", path);
		bytes += n;
		offset += n;
		len -= (size_t)n;
	}
	return NULL;
}

static struct error *
excerpt(jv *text, int fd, size_t size, const char *path)
{
	char bytes[2 * FILE_EXCERPT_BYTES];
	char *head = bytes, *tail = bytes + FILE_EXCERPT_BYTES;
	size_t head_len = FILE_EXCERPT_BYTES, tail_len = FILE_EXCERPT_BYTES;
	size_t skip;
	struct error *error;

	if (size <= sizeof bytes) {
		error = read_at(fd, bytes, size, 0, path);
		if (error == NULL)
			*text = jv_string_sized(bytes, (int)size);
		return error;
	}
	error = read_at(fd, head, head_len, 0, path);
	if (error == NULL)
		error = read_at(fd, tail, tail_len,
		    (off_t)(size - FILE_EXCERPT_BYTES), path);
	if (error != NULL)
		return error;
	head_len -= broken_end(head, head_len);
	skip = broken_start(tail, tail_len);
	tail += skip;
	tail_len -= skip;
	*text = jv_string_concat(jv_string_sized(head, (int)head_len),
	    jv_string_fmt("\n[... %zu bytes left out ...]\n",
		size - head_len - tail_len));
	*text = jv_string_concat(*text, jv_string_sized(tail, (int)tail_len));
	return NULL;
}

struct error *
file_excerpt(jv *text, const char *path)
{
	struct error *error = NULL;
	struct stat info;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	*text = jv_null();
	if (fd < 0 && errno == ENOENT) {
		*text = jv_string("");
		return NULL;
	}
	if (fd < 0)
		return error_errno(ERROR_IO, "cannot open '%s'", path);
	if (fstat(fd, &info) < 0)
		error = error_errno(ERROR_IO, "cannot read '%s'", path);
	else
		error = excerpt(text, fd, (size_t)info.st_size, path);
	close(fd);
	return error;
}
