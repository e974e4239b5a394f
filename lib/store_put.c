/* SPDX-License-Identifier: MIT */
/*
 * A store that takes a PUT and keeps it under its URL: WebDAV, Nexus,
 * Artifactory. Where a directory is missing, WebDAV answers 409 and wants it
 * made (RFC 4918, 9.7.1).
 */
#include <stdint.h>

#include "http_url.h"
#include "json.h"
#include "log.h"
#include "memory.h"
#include "store_internal.h"

static struct error *
open_put(struct store *store, const char *url)
{
	const char *user =
	    config_string(store->options.config, "artifact_store_user");
	char *base = http_url_without_query(url);

	store->state = base;
	store->http_options.secret =
	    store_secret(store, "artifact_store_api_key_env");
	store->http_options.user = user;
	store->http_options.auth = user != NULL ? HTTP_BASIC : HTTP_BEARER;
	store_open_http(store, base);
	return NULL;
}

static void
close_put(struct store *store)
{
	free(store->state);
}

/* The URL of the first n names of the place, and perhaps a file's. */
static char *
url_of(const struct store *store, size_t n, const char *name)
{
	const char *segments[16] = { 0 };
	size_t used = 0;

	while (used < n && store->place[used] != NULL) {
		segments[used] = store->place[used];
		used++;
	}
	segments[used] = name;
	return http_url_join(store->state, segments);
}

static char *
place_uri(const struct store *store)
{
	return url_of(store, SIZE_MAX, "");
}

/* Those that are there already say 405. */
static void
make_directories(struct store *store, const char *name)
{
	for (size_t n = 1; store->place[n - 1] != NULL; n++) {
		char *url = url_of(store, n, "");
		struct http_call call = {
			.request = { .method = "MKCOL", .url = url },
		};

		error_free(store_call(store, &call, name));
		http_call_release(&call);
		free(url);
	}
}

/* A store that tells the size must tell the right one. */
static struct error *
check_size(struct http *http, const char *url, long long size_bytes)
{
	struct http_request request = {
		.method = "HEAD", .url = url, .body_fd = -1
	};
	struct error *error = http_send(http, &request);
	const char *length = http_header(http, "Content-Length");
	char *end;
	long long told;

	if (error != NULL || http_status(http) / 100 != 2 || length == NULL) {
		error_free(error);
		log_debug("not_verified", "the store does not tell the size");
		return NULL;
	}
	told = strtoll(length, &end, 10);
	if (*end != '\0' || told == size_bytes)
		return NULL;
	error = error_new(ERROR_SERVICE, "the store has %lld bytes of %lld",
	    told, size_bytes);
	error->retryable = true;
	return error;
}

struct check {
	const char *url;
	const struct artifact_source *source;
	const struct artifact_digest *digest;
	struct stored *stored;
};

static struct error *
check(void *context, struct http *http, struct http_call *call)
{
	struct check *check = context;
	uint8_t sha256[ARTIFACT_SHA256_BYTES];
	struct error *error = NULL;

	(void)call;
	artifact_source_sha256(check->source, sha256);
	store_hex(check->stored->sha256, sha256);
	if (check->digest != NULL)
		error = store_check_sent(check->source, check->digest);
	return error != NULL
	    ? error
	    : check_size(http, check->url, check->stored->size_bytes);
}

static struct error *
send_file(struct store *store, const struct store_file *file,
    struct artifact_source *source, struct stored *stored,
    const struct artifact_digest *digest)
{
	struct http_source body = { source, artifact_source_read,
		artifact_source_rewind, stored->size_bytes };
	char *url = url_of(store, SIZE_MAX, file->name);
	char *type = xasprintf("Content-Type: %s", file->content_type);
	/* Artifactory checks it, and whoever does not know it ignores it. */
	char *sum = xasprintf("X-Checksum-Sha256: %s", stored->sha256);
	const char *headers[] = { type, digest != NULL ? sum : NULL, NULL };
	struct check verdict = { url, source, digest, stored };
	struct http_call call = {
		.request = { .method = "PUT",
		    .url = url,
		    .headers = headers,
		    .source = &body },
		.check = check,
		.context = &verdict,
	};
	struct error *error = store_call(store, &call, file->name);

	if (call.status == 409) {
		error_free(error);
		http_call_release(&call);
		make_directories(store, file->name);
		error = artifact_source_rewind(source);
		if (error == NULL)
			error = store_call(store, &call, file->name);
	}
	http_call_release(&call);
	free(type);
	free(sum);
	if (error == NULL)
		stored->uri = url;
	else
		free(url);
	return error;
}

/*
 * The length must be known before: many refuse a PUT without. Of what is
 * masked or compressed it takes reading it once more.
 */
static struct error *
put(struct store *store, const struct store_file *file,
    struct artifact_source *source, struct stored *stored)
{
	struct artifact_digest digest;
	struct error *error;

	stored->size_bytes = artifact_source_size(source);
	if (stored->size_bytes >= 0)
		return send_file(store, file, source, stored, NULL);
	error = artifact_source_measure(source, &digest);
	if (error != NULL)
		return error;
	store_take_digest(stored, &digest);
	return send_file(store, file, source, stored, &digest);
}

const struct store_kind store_put_kind = {
	.remote = true,
	.open = open_put,
	.put = put,
	.uri = place_uri,
	.close = close_put,
};
