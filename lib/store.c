/* SPDX-License-Identifier: MIT */
#include "store.h"

#include <ctype.h>
#include <errno.h>
#include <nettle/sha2.h>
#include <stdint.h>
#include <stdio.h>
#include <strings.h>
#include <unistd.h>

#include "buffer.h"
#include "memory.h"

enum { MAX_SUMS_BYTES = 1024 * 1024, MAX_COMPONENT_BYTES = 128 };

struct store {
	char *directory;
	const struct mask *mask;
	struct buffer sums;
};

/* A file on its way into the store. */
struct copy {
	int fd;
	const char *path;
	size_t size_bytes;
	struct sha256_ctx sum;
};

static struct error *
unsupported(const char *url)
{
	return error_new(ERROR_CONFIG,
	    "artifact_store_url '%s' cannot be used: this version stores in "
	    "file:///directory",
	    url);
}

static int
hex_value(char digit)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = digit != '\0'
	    ? strchr(digits, tolower((unsigned char)digit))
	    : NULL;

	return found != NULL ? (int)(found - digits) : -1;
}

/* Undoes %XX in place. */
static void
decode_percent(char *text)
{
	char *to = text;

	for (const char *at = text; *at != '\0'; at++) {
		int high = *at == '%' ? hex_value(at[1]) : -1;
		int low = high >= 0 ? hex_value(at[2]) : -1;

		if (low < 0 || high + low == 0) {
			*to++ = *at;
			continue;
		}
		*to++ = (char)(high * 16 + low);
		at += 2;
	}
	*to = '\0';
}

/* The path of a file URL, or NULL. A bare path is taken for one. */
static char *
path_of(const char *url)
{
	char *path;

	if (url[0] == '/')
		return xstrdup(url);
	if (strncasecmp(url, "file://", 7) != 0)
		return NULL;
	url += 7;
	if (strncasecmp(url, "localhost/", 10) == 0)
		url += 9;
	if (url[0] != '/')
		return NULL;
	path = xstrdup(url);
	decode_percent(path);
	return path;
}

struct error *
store_open(struct store **out, const char *url, const char *place,
    const struct mask *mask)
{
	char *path = path_of(url);
	struct store *store;

	*out = NULL;
	if (path == NULL)
		return unsupported(url);
	store = xcalloc(1, sizeof *store);
	store->directory = file_join(path, place);
	store->mask = mask;
	store->sums = BUFFER_INIT(MAX_SUMS_BYTES);
	free(path);
	*out = store;
	return NULL;
}

char *
store_uri(const struct store *store, const char *name)
{
	char *path = file_join(store->directory, name), *url;
	struct buffer uri = BUFFER_INIT(SIZE_MAX / 2);

	buffer_append_string(&uri, "file://");
	for (const char *c = path; *c != '\0'; c++) {
		if (isalnum((unsigned char)*c) || strchr("/-._~", *c) != NULL)
			buffer_append(&uri, c, 1);
		else
			buffer_appendf(
			    &uri, "%%%02X", (unsigned)(unsigned char)*c);
	}
	url = buffer_take(&uri);
	free(path);
	return url;
}

static struct error *
write_bytes(void *context, const char *bytes, size_t len)
{
	struct copy *copy = context;

	sha256_update(&copy->sum, len, (const uint8_t *)bytes);
	copy->size_bytes += len;
	return file_write_all(copy->fd, bytes, len, copy->path);
}

static struct error *
copy_bytes(int from, mask_sink *write, void *context)
{
	for (;;) {
		char chunk[65536];
		ssize_t n = read(from, chunk, sizeof chunk);
		struct error *error;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(ERROR_IO, "cannot read it");
		if (n == 0)
			return NULL;
		error = write(context, chunk, (size_t)n);
		if (error != NULL)
			return error;
	}
}

static struct error *
write_masked(void *context, const char *bytes, size_t len)
{
	return mask_stream_write(context, bytes, len);
}

static struct error *
copy_masked(struct copy *copy, int from, const struct mask *mask)
{
	struct mask_stream *stream;
	struct error *error;

	if (mask == NULL)
		return copy_bytes(from, write_bytes, copy);
	stream = mask_stream_new(mask, write_bytes, copy);
	error = copy_bytes(from, write_masked, stream);
	if (error == NULL)
		error = mask_stream_end(stream);
	mask_stream_free(stream);
	return error;
}

static struct error *
upload_error(struct error *error)
{
	struct error *upload;

	if (error == NULL)
		return NULL;
	upload = error_new(ERROR_UPLOAD, "%s", error->message);
	error_free(error);
	return upload;
}

/* Writes beside, then renames. */
static struct error *
put_file(struct copy *copy, int from, const struct mask *mask)
{
	char *temporary = xasprintf("%s.XXXXXX", copy->path);
	struct error *error;

	copy->fd = mkstemp(temporary);
	if (copy->fd < 0) {
		error =
		    error_errno(ERROR_UPLOAD, "cannot create '%s'", copy->path);
		free(temporary);
		return error;
	}
	error = upload_error(copy_masked(copy, from, mask));
	if (close(copy->fd) < 0 && error == NULL)
		error =
		    error_errno(ERROR_UPLOAD, "cannot write '%s'", copy->path);
	if (error == NULL && rename(temporary, copy->path) < 0)
		error =
		    error_errno(ERROR_UPLOAD, "cannot write '%s'", copy->path);
	if (error != NULL)
		unlink(temporary);
	free(temporary);
	return error;
}

struct error *
store_put(struct store *store, const char *name, int fd, size_t *size_bytes,
    char sha256[FILE_SHA256_TEXT])
{
	char *path = file_join(store->directory, name);
	struct copy copy = { .path = path };
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct error *error =
	    upload_error(file_make_directories(store->directory, 0700));

	sha256_init(&copy.sum);
	if (error == NULL)
		error = put_file(&copy, fd, store->mask);
	sha256_digest(&copy.sum, sizeof digest, digest);
	for (size_t i = 0; i < sizeof digest; i++)
		snprintf(sha256 + 2 * i, 3, "%02x", digest[i]);
	*size_bytes = copy.size_bytes;
	if (error == NULL)
		buffer_appendf(&store->sums, "%s  %s\n", sha256, name);
	free(path);
	return error;
}

struct error *
store_finish(struct store *store)
{
	char *path;
	struct error *error;

	if (store->sums.len == 0)
		return NULL;
	path = file_join(store->directory, "SHA256SUMS");
	error = upload_error(
	    file_replace(path, store->sums.data, store->sums.len, 0600));
	free(path);
	return error;
}

void
store_free(struct store *store)
{
	if (store == NULL)
		return;
	buffer_release(&store->sums);
	free(store->directory);
	free(store);
}

char *
store_component(const char *text)
{
	char *component = xstrdup(text[0] != '\0' ? text : "_");
	size_t len = strlen(component);

	if (len > MAX_COMPONENT_BYTES) {
		len = MAX_COMPONENT_BYTES;
		while (
		    len > 0 && ((unsigned char)component[len] & 0xc0) == 0x80)
			len--;
		component[len] = '\0';
	}
	for (char *c = component; *c != '\0'; c++) {
		unsigned char byte = (unsigned char)*c;

		/* Beyond ASCII are the letters of other languages. */
		if (byte < 0x80 && !isalnum(byte) && strchr("._-", *c) == NULL)
			*c = '-';
	}
	if (component[0] == '.')
		component[0] = '_';
	return component;
}
