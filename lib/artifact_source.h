/* SPDX-License-Identifier: MIT */
/*
 * A file as it goes to a store: masked, then compressed, in pieces of any
 * size, with flat memory. Reading it again gives the same bytes again: what
 * counts is the file as long as it was when the source was made, so that a log
 * may grow meanwhile.
 */
#ifndef ARTIFACT_SOURCE_H
#define ARTIFACT_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "mask.h"

enum artifact_compression {
	ARTIFACT_PLAIN,
	ARTIFACT_GZIP,
	ARTIFACT_ZSTD,
};

enum {
	ARTIFACT_MD5_BYTES = 16,
	ARTIFACT_SHA256_BYTES = 32,
	ARTIFACT_MAX_PARTS = 10000, /* as S3 has it */
};

struct artifact_digest {
	long long size_bytes;
	uint8_t sha256[ARTIFACT_SHA256_BYTES];
};

struct artifact_part {
	long long size_bytes;
	uint8_t md5[ARTIFACT_MD5_BYTES];
	uint8_t sha256[ARTIFACT_SHA256_BYTES];
};

struct artifact_parts {
	struct artifact_part *parts; /* the caller frees */
	size_t n;
};

struct artifact_source;

/* The descriptor, of a regular file, is borrowed; its offset does not matter
 * and is not moved. A NULL mask masks nothing. */
struct error *artifact_source_new(struct artifact_source **source, int fd,
    const struct mask *mask, enum artifact_compression compression);
void artifact_source_free(struct artifact_source *source);

/* As struct http_source wants them. */
struct error *artifact_source_read(
    void *source, char *bytes, size_t size, size_t *n);
struct error *artifact_source_rewind(void *source);

/* Goes on at another place of what is read. */
struct error *artifact_source_seek(
    struct artifact_source *source, long long offset);

/* How much there is to read, if that is known before; else -1. */
long long artifact_source_size(const struct artifact_source *source);

/* The SHA-256 of what was read since the last rewind. */
void artifact_source_sha256(const struct artifact_source *source,
    uint8_t sha256[ARTIFACT_SHA256_BYTES]);

/*
 * Reads all of it, and rewinds. The second one adds the digests of its pieces
 * of `part_bytes`, of which the last is what is left; an empty file has one,
 * too.
 */
struct error *artifact_source_measure(
    struct artifact_source *source, struct artifact_digest *digest);
struct error *artifact_source_measure_parts(struct artifact_source *source,
    struct artifact_digest *digest, long long part_bytes,
    struct artifact_parts *parts);

#endif
