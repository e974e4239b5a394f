/* SPDX-License-Identifier: MIT */
/*
 * An artifact store: a place of files that outlives the run. This version
 * knows stores in the file system, file:///directory.
 *
 * Everything goes through the mask on its way, appears whole or not at all,
 * and is listed with its checksum in the file SHA256SUMS beside it, as
 * sha256sum -c reads it. Errors are ArtifactUploadErrors unless said
 * otherwise.
 */
#ifndef STORE_H
#define STORE_H

#include <stddef.h>

#include "error.h"
#include "file.h"
#include "mask.h"

struct store;

/*
 * The directory `place` ("demo/1.1/run-7") of the store at the URL; made
 * when the first file comes. A URL that no store here can serve is a
 * ConfigError that says which can.
 */
struct error *store_open(struct store **store, const char *url,
    const char *place, const struct mask *mask);

/* Where `name` is, or will be: a URL; the caller frees. */
char *store_uri(const struct store *store, const char *name);

/*
 * Stores what can be read from the descriptor as `name`, replacing an
 * earlier file. The size and sum are of what was stored, behind the mask.
 */
struct error *store_put(struct store *store, const char *name, int fd,
    size_t *size_bytes, char sha256[FILE_SHA256_TEXT]);

/* Writes SHA256SUMS of what was stored. */
struct error *store_finish(struct store *store);
void store_free(struct store *store);

/*
 * Any text as one component of such a place: what file systems or URLs give
 * a meaning to becomes '-', an empty text "_". The caller frees.
 */
char *store_component(const char *text);

#endif
