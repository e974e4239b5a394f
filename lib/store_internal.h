/* SPDX-License-Identifier: MIT */
/* What the files store*.c share. */
#ifndef STORE_INTERNAL_H
#define STORE_INTERNAL_H

#include "http.h"
#include "http_call.h"
#include "store.h"

/* A kind of store: functions beside each other, a file each. */
struct store_kind {
	bool remote;
	/* Sets store->state; takes what it needs out of store->options. */
	struct error *(*open)(struct store *store, const char *url);
	/* `digest` is that of what the source gives, if `measures`. Sets the
	 * URI, and size and sum if not. */
	struct error *(*put)(struct store *store, const struct store_file *file,
	    struct artifact_source *source, struct stored *stored);
	struct error *(*finish)(struct store *store); /* NULL: nothing to do */
	char *(*uri)(const struct store *store);
	void (*close)(struct store *store);
};

extern const struct store_kind store_file, store_rest, store_put_kind, store_s3;

struct store {
	const struct store_kind *kind;
	struct store_options options;
	char **place; /* a copy */
	void *state;
	struct http_options http_options;
	struct http *http; /* of a remote one */
	/* The last file failed although it was tried again: the next one is
	 * tried once, so that a store that is away costs little time. */
	bool is_away;
};

/* The place, and the name, as one text with '/' between: "demo/1.1/r/x". */
char *store_key(const struct store *store, const char *name);

/* A setting of the configuration as a secret: the value of the variable that
 * it names; NULL: none. */
const char *store_secret(const struct store *store, const char *key);

/* Opens store->http for an origin; .auth and the like are set before. */
void store_open_http(struct store *store, const char *origin);

/*
 * Calls with the configuration's retries. `what` begins with the name of the
 * file. The answer is call->answer, which the caller releases.
 */
struct error *store_call(
    struct store *store, struct http_call *call, const char *name);

/* For a digest as text, and as headers want it; the caller frees. */
void store_hex(char text[FILE_SHA256_TEXT], const uint8_t *sha256);
char *store_base64(const uint8_t *bytes, size_t len);

/* Takes size and sum of what was measured. */
void store_take_digest(
    struct stored *stored, const struct artifact_digest *digest);
/* Is what was sent what had been measured? */
struct error *store_check_sent(
    const struct artifact_source *source, const struct artifact_digest *digest);

#endif
