/* SPDX-License-Identifier: MIT */
/*
 * What store_s3.c, which knows where things are and puts small files, and
 * store_s3_parts.c, which puts large ones, share.
 */
#ifndef STORE_S3_H
#define STORE_S3_H

#include "store_internal.h"

struct s3 {
	bool google;           /* gs://, not s3:// */
	bool signs;            /* else it has a bearer token */
	char *bucket, *prefix; /* prefix: "" or "a/b/" */
	char *origin;          /* "https://bucket.s3.eu-1.amazonaws.com" */
	char *root;         /* of the bucket: the origin, or "/bucket" more */
	char *scope;        /* "aws:amz:REGION:s3" */
	char *token_header; /* of temporary credentials; NULL: none */
	long long part_bytes;
};

enum { S3_MAX_HEADERS = 8 };

/* Headers of one request. */
struct s3_headers {
	char *lines[S3_MAX_HEADERS + 1]; /* NULL-terminated */
	size_t n;
};

/* The URL of an object; query NULL: none. The caller frees. */
char *s3_url(const struct store *store, const char *key, const char *query);

/* Those that every request has: for a body with this digest, or none. */
void s3_headers_init(struct s3_headers *headers, const struct s3 *s3,
    const uint8_t sha256[ARTIFACT_SHA256_BYTES]);
void s3_headers_add(struct s3_headers *headers, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void s3_headers_release(struct s3_headers *headers);

/* A piece of a source as the body of a request, and headers for it. */
struct s3_piece {
	struct artifact_source *source;
	long long offset, size_bytes, left;
};
struct http_source s3_piece_body(struct s3_piece *piece);

/* A file of several parts. */
struct error *s3_put_parts(struct store *store, const struct store_file *file,
    struct artifact_source *source, const struct artifact_parts *parts,
    const char *key);

#endif
