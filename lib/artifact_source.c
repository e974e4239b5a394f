/* SPDX-License-Identifier: MIT */
#include "artifact_source.h"

#include <errno.h>
#include <nettle/md5.h>
#include <nettle/sha2.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buffer.h"
#include "compressor.h"
#include "memory.h"

enum { CHUNK_BYTES = 64 * 1024, MAX_OUT_BYTES = 64 * 1024 * 1024 };

struct artifact_source {
	int fd;
	long long file_bytes; /* of the file, when it was opened */
	long long file_read;
	long long position; /* in what comes out */
	const struct mask *mask;
	struct mask_stream *stream;
	struct compressor *compressor;
	bool ended;
	struct buffer out;
	size_t n_taken; /* of it */
	struct sha256_ctx sum;
};

static struct error *
take_out(void *context, const char *bytes, size_t len)
{
	struct artifact_source *source = context;

	if (buffer_append(&source->out, bytes, len))
		return NULL;
	return error_new(ERROR_INTERNAL, "cannot hold %zu bytes of it", len);
}

static struct error *
take_masked(void *context, const char *bytes, size_t len)
{
	struct artifact_source *source = context;

	if (source->compressor == NULL)
		return take_out(source, bytes, len);
	return compressor_write(source->compressor, bytes, len);
}

static void
begin(struct artifact_source *source)
{
	mask_stream_free(source->stream);
	source->stream = source->mask != NULL
	    ? mask_stream_new(source->mask, take_masked, source)
	    : NULL;
	source->file_read = 0;
	source->position = 0;
	source->ended = false;
	source->n_taken = 0;
	buffer_clear(&source->out);
	sha256_init(&source->sum);
}

struct error *
artifact_source_new(struct artifact_source **made, int fd,
    const struct mask *mask, enum artifact_compression compression)
{
	struct artifact_source *source;
	struct stat info;

	*made = NULL;
	if (fstat(fd, &info) < 0)
		return error_errno(ERROR_IO, "cannot read it");
	source = xcalloc(1, sizeof *source);
	source->fd = fd;
	source->file_bytes = (long long)info.st_size;
	source->mask = mask;
	source->out = BUFFER_INIT(MAX_OUT_BYTES);
	source->compressor = compressor_new(compression, take_out, source);
	begin(source);
	*made = source;
	return NULL;
}

void
artifact_source_free(struct artifact_source *source)
{
	if (source == NULL)
		return;
	mask_stream_free(source->stream);
	compressor_free(source->compressor);
	buffer_release(&source->out);
	free(source);
}

static bool
is_raw(const struct artifact_source *source)
{
	return source->mask == NULL && source->compressor == NULL;
}

/* A file that became shorter is read as if it ended there; its digest tells. */
static struct error *
read_file(struct artifact_source *source, char *bytes, size_t size, size_t *n)
{
	long long left = source->file_bytes - source->file_read;
	ssize_t got;

	if ((long long)size > left)
		size = (size_t)left;
	do {
		got = pread(source->fd, bytes, size, (off_t)source->file_read);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return error_errno(ERROR_IO, "cannot read it");
	source->file_read += got;
	*n = (size_t)got;
	return NULL;
}

static struct error *
end(struct artifact_source *source)
{
	struct error *error = NULL;

	source->ended = true;
	if (source->stream != NULL)
		error = mask_stream_end(source->stream);
	if (error == NULL && source->compressor != NULL)
		error = compressor_end(source->compressor);
	return error;
}

/* Until something comes out, or nothing more will. */
static struct error *
fill(struct artifact_source *source)
{
	struct error *error = NULL;
	char chunk[CHUNK_BYTES];
	size_t n = 0;

	buffer_clear(&source->out);
	source->n_taken = 0;
	while (error == NULL && source->out.len == 0 && !source->ended) {
		error = read_file(source, chunk, sizeof chunk, &n);
		if (error != NULL)
			break;
		if (n == 0)
			error = end(source);
		else if (source->stream != NULL)
			error = mask_stream_write(source->stream, chunk, n);
		else
			error = take_masked(source, chunk, n);
	}
	return error;
}

struct error *
artifact_source_read(void *context, char *bytes, size_t size, size_t *n)
{
	struct artifact_source *source = context;
	struct error *error = NULL;

	*n = 0;
	if (is_raw(source)) {
		error = read_file(source, bytes, size, n);
	} else {
		if (source->n_taken == source->out.len)
			error = fill(source);
		*n = source->out.len - source->n_taken;
		if (*n > size)
			*n = size;
		if (*n > 0)
			memcpy(bytes, source->out.data + source->n_taken, *n);
		source->n_taken += *n;
	}
	if (error != NULL)
		return error;
	source->position += (long long)*n;
	sha256_update(&source->sum, *n, (const uint8_t *)bytes);
	return NULL;
}

struct error *
artifact_source_rewind(void *context)
{
	struct artifact_source *source = context;

	if (source->compressor != NULL)
		compressor_restart(source->compressor);
	begin(source);
	return NULL;
}

struct error *
artifact_source_seek(struct artifact_source *source, long long offset)
{
	struct error *error = NULL;
	char chunk[CHUNK_BYTES];
	size_t n = 1;

	if (is_raw(source)) {
		source->file_read = offset;
		source->position = offset;
		return NULL;
	}
	if (offset < source->position)
		error = artifact_source_rewind(source);
	while (error == NULL && n > 0 && source->position < offset) {
		long long left = offset - source->position;

		error = artifact_source_read(source, chunk,
		    left < CHUNK_BYTES ? (size_t)left : sizeof chunk, &n);
	}
	return error;
}

long long
artifact_source_size(const struct artifact_source *source)
{
	return is_raw(source) ? source->file_bytes : -1;
}

void
artifact_source_sha256(
    const struct artifact_source *source, uint8_t sha256[ARTIFACT_SHA256_BYTES])
{
	struct sha256_ctx sum = source->sum; /* the other goes on */

	sha256_digest(&sum, ARTIFACT_SHA256_BYTES, sha256);
}

/* The digest of a piece, while it is being made. */
struct meter {
	long long size_bytes;
	struct sha256_ctx sha256;
	struct md5_ctx md5;
};

static void
meter_begin(struct meter *meter)
{
	meter->size_bytes = 0;
	sha256_init(&meter->sha256);
	md5_init(&meter->md5);
}

static void
meter_add(struct meter *meter, const char *bytes, size_t len)
{
	meter->size_bytes += (long long)len;
	sha256_update(&meter->sha256, len, (const uint8_t *)bytes);
	md5_update(&meter->md5, len, (const uint8_t *)bytes);
}

static void
meter_end(struct meter *meter, struct artifact_part *part)
{
	part->size_bytes = meter->size_bytes;
	sha256_digest(&meter->sha256, sizeof part->sha256, part->sha256);
	md5_digest(&meter->md5, sizeof part->md5, part->md5);
}

static struct error *
add_part(struct artifact_parts *parts, struct meter *meter)
{
	if (parts->n == ARTIFACT_MAX_PARTS)
		return error_new(
		    ERROR_IO, "it has more than %d parts", ARTIFACT_MAX_PARTS);
	parts->parts =
	    xreallocarray(parts->parts, parts->n + 1, sizeof *parts->parts);
	meter_end(meter, &parts->parts[parts->n++]);
	meter_begin(meter);
	return NULL;
}

struct error *
artifact_source_measure(
    struct artifact_source *source, struct artifact_digest *digest)
{
	struct error *error = artifact_source_rewind(source);
	char chunk[CHUNK_BYTES];
	size_t n = 1;

	while (error == NULL && n > 0)
		error = artifact_source_read(source, chunk, sizeof chunk, &n);
	digest->size_bytes = source->position;
	artifact_source_sha256(source, digest->sha256);
	return error_first(error, artifact_source_rewind(source));
}

struct error *
artifact_source_measure_parts(struct artifact_source *source,
    struct artifact_digest *digest, long long part_bytes,
    struct artifact_parts *parts)
{
	struct error *error = artifact_source_rewind(source);
	char chunk[CHUNK_BYTES];
	struct meter meter;
	size_t n = 1;

	meter_begin(&meter);
	while (error == NULL && n > 0) {
		long long room = part_bytes - meter.size_bytes;

		error = artifact_source_read(source, chunk,
		    room < CHUNK_BYTES ? (size_t)room : sizeof chunk, &n);
		if (error != NULL)
			break;
		meter_add(&meter, chunk, n);
		if (meter.size_bytes == part_bytes ||
		    (n == 0 && (meter.size_bytes > 0 || parts->n == 0)))
			error = add_part(parts, &meter);
	}
	digest->size_bytes = source->position;
	artifact_source_sha256(source, digest->sha256);
	return error_first(error, artifact_source_rewind(source));
}
