/* SPDX-License-Identifier: MIT */
/*
 * An artifact store: a place of files that outlives the run.
 *
 *   file:///directory       a file system: store_file.c
 *   https://host/path       NecroCode's Artifact Store (store_rest.c), or
 *                           whatever takes a PUT (store_put.c): WebDAV, Nexus,
 *                           Artifactory; artifact_store_type decides
 *   s3://bucket/prefix      S3 and what speaks like it: store_s3.c
 *   gs://bucket/prefix      Google's, the same way
 *
 * Everything goes through the mask on its way, appears whole or not at all,
 * and memory is flat whatever the size. Stores over the network are asked
 * again as retry.h says. Errors are ArtifactUploadErrors unless said
 * otherwise.
 */
#ifndef STORE_H
#define STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "artifact_source.h"
#include "config.h"
#include "error.h"
#include "file.h"
#include "mask.h"
#include "secret.h"

struct store;

struct store_options {
	const struct config *config; /* artifact_store_url and what it needs */
	struct secrets *secrets;
	const struct mask *mask;
	/* Names in the store, each for itself: "demo", "1.1", "run-7", NULL.
	 * What stands for it in a URL is made of them. */
	const char *const *place;
	/* Told to a store that keeps such: an object's members. Borrowed. */
	jv metadata;
	double ends; /* on clock_monotonic(); 0: no deadline */
};

/* A URL or setting that no store can serve is a ConfigError that says which
 * can. Nothing is sent and nothing made before the first file comes. */
struct error *store_open(
    struct store **store, const struct store_options *options);
void store_free(struct store *store);

/* May several processes store at once? */
bool store_is_remote(const struct store *store);
/* After a fork, in the child: a connection is not shared. */
void store_after_fork(struct store *store);

struct store_file {
	const char *type, *name, *content_type;
	bool as_it_is; /* never compressed */
	int fd;        /* of a regular file; all of it, from its start */
};

/* What it became; the size and sum are of what is in the store, behind mask
 * and compression. */
struct stored {
	char *name, *uri;
	const char *content_type, *compression; /* NULL: none */
	long long size_bytes;
	char sha256[FILE_SHA256_TEXT];
};

/* Replaces an earlier file of the name, where the store can. */
struct error *store_put(
    struct store *store, const struct store_file *file, struct stored *stored);
void stored_release(struct stored *stored);

/* file: writes SHA256SUMS of what was stored, and makes all of it last. */
struct error *store_finish(struct store *store);

/* Where it all is, for people; the caller frees. */
char *store_uri(const struct store *store);

/*
 * Any text as one component of such a place: what file systems or URLs give
 * a meaning to becomes '-', an empty text "_". The caller frees.
 */
char *store_component(const char *text);

#endif
