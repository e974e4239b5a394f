/* SPDX-License-Identifier: MIT */
#include "store.h"

#include <ctype.h>
#include <nettle/base64.h>
#include <stdint.h>
#include <strings.h>

#include "buffer.h"
#include "http_url.h"
#include "json.h"
#include "log.h"
#include "memory.h"
#include "store_internal.h"

enum { MAX_COMPONENT_BYTES = 128, MAX_PLACE_NAMES = 8 };

/* What a kind of compression does to a file's name and type. */
static const struct {
	const char *name, *suffix, *content_type;
} compressions[] = {
	[ARTIFACT_PLAIN] = { NULL, "", NULL },
	[ARTIFACT_GZIP] = { "gzip", ".gz", "application/gzip" },
	[ARTIFACT_ZSTD] = { "zstd", ".zst", "application/zstd" },
};

static struct error *
unsupported(const char *url)
{
	return error_new(ERROR_CONFIG,
	    "artifact_store_url '%s' cannot be used; it is one of "
	    "file:///directory, https://host/path, s3://bucket/prefix and "
	    "gs://bucket/prefix",
	    url);
}

static const struct store_kind *
kind_of(const struct config *config, const char *url)
{
	const char *type = config_string(config, "artifact_store_type");

	if (url[0] == '/' || strncasecmp(url, "file:", 5) == 0)
		return &store_file;
	if (strncasecmp(url, "http:", 5) == 0 ||
	    strncasecmp(url, "https:", 6) == 0)
		return strcmp(type, "put") == 0 ? &store_put_kind : &store_rest;
	if (strncasecmp(url, "s3:", 3) == 0 || strncasecmp(url, "gs:", 3) == 0)
		return &store_s3;
	return NULL;
}

static char **
copy_place(const char *const *place)
{
	char **copy = xcalloc(MAX_PLACE_NAMES + 1, sizeof *copy);

	for (size_t i = 0; i < MAX_PLACE_NAMES && place[i] != NULL; i++)
		copy[i] = xstrdup(place[i]);
	return copy;
}

struct error *
store_open(struct store **out, const struct store_options *options)
{
	const char *url = config_string(options->config, "artifact_store_url");
	const struct store_kind *kind = kind_of(options->config, url);
	struct store *store;
	struct error *error;

	*out = NULL;
	if (kind == NULL)
		return unsupported(url);
	store = xcalloc(1, sizeof *store);
	store->kind = kind;
	store->options = *options;
	store->options.metadata = jv_copy(options->metadata);
	store->place = copy_place(options->place);
	error = kind->open(store, url);
	if (error == NULL)
		*out = store;
	else
		store_free(store);
	return error;
}

void
store_free(struct store *store)
{
	if (store == NULL)
		return;
	http_free(store->http);
	store->kind->close(store);
	jv_free(store->options.metadata);
	for (size_t i = 0; store->place[i] != NULL; i++)
		free(store->place[i]);
	free(store->place);
	free(store);
}

bool
store_is_remote(const struct store *store)
{
	return store->kind->remote;
}

/* The parent's is left as it is: ending it would end the connection. */
void
store_after_fork(struct store *store)
{
	if (store->http != NULL)
		store->http = http_new(&store->http_options);
}

static enum artifact_compression
compression_of(const struct store *store, const struct store_file *file)
{
	const char *name =
	    config_string(store->options.config, "artifact_compression");

	if (file->as_it_is || strcmp(name, "none") == 0)
		return ARTIFACT_PLAIN;
	return strcmp(name, "gzip") == 0 ? ARTIFACT_GZIP : ARTIFACT_ZSTD;
}

static struct error *
upload_error(struct error *error)
{
	if (error == NULL)
		return NULL;
	error->type = ERROR_UPLOAD;
	error->exit_code = error_type_exit_code(ERROR_UPLOAD);
	return error;
}

struct error *
store_put(
    struct store *store, const struct store_file *given, struct stored *stored)
{
	enum artifact_compression compression = compression_of(store, given);
	struct store_file file = *given;
	struct artifact_source *source;
	struct error *error = artifact_source_new(
	    &source, file.fd, store->options.mask, compression);

	*stored = (struct stored){
		.name = xasprintf(
		    "%s%s", file.name, compressions[compression].suffix),
		.content_type = compressions[compression].content_type != NULL
		    ? compressions[compression].content_type
		    : file.content_type,
		.compression = compressions[compression].name,
	};
	file.name = stored->name;
	file.content_type = stored->content_type;
	if (error == NULL)
		error = store->kind->put(store, &file, source, stored);
	artifact_source_free(source);
	store->is_away = error != NULL && error->retryable;
	return upload_error(error);
}

void
stored_release(struct stored *stored)
{
	free(stored->name);
	free(stored->uri);
	*stored = (struct stored){ 0 };
}

struct error *
store_finish(struct store *store)
{
	if (store->kind->finish == NULL)
		return NULL;
	return upload_error(store->kind->finish(store));
}

char *
store_uri(const struct store *store)
{
	return store->kind->uri(store);
}

char *
store_key(const struct store *store, const char *name)
{
	struct buffer key = BUFFER_INIT(SIZE_MAX / 2);

	for (size_t i = 0; store->place[i] != NULL; i++)
		buffer_appendf(&key, "%s/", store->place[i]);
	buffer_append_string(&key, name);
	return buffer_take(&key);
}

const char *
store_secret(const struct store *store, const char *key)
{
	const char *name = config_string(store->options.config, key);

	return name != NULL ? secrets_get(store->options.secrets, name) : NULL;
}

void
store_open_http(struct store *store, const char *origin)
{
	const struct config *config = store->options.config;

	store->http_options.origin = origin;
	store->http_options.connect_seconds =
	    config_number(config, "connect_timeout_seconds");
	store->http_options.idle_seconds =
	    config_number(config, "network_timeout_seconds");
	store->http_options.ends = store->options.ends;
	/* What is signed does not go over the wire. */
	if (store->http_options.secret != NULL &&
	    store->http_options.auth != HTTP_AWS_SIGV4 &&
	    !http_url_is_private(origin))
		log_warn("key_in_the_clear",
		    "the key of the artifact store goes to '%s' without TLS: "
		    "anybody on the way can read it",
		    origin);
	store->http = http_new(&store->http_options);
}

struct error *
store_call(struct store *store, struct http_call *call, const char *name)
{
	char *what = xasprintf("the upload of %s", name);
	struct error *error;

	call->what = what;
	call->max_retries =
	    (int)config_number(store->options.config, "network_retry_count");
	if (store->is_away)
		call->max_retries = 0;
	call->repeatable = true;
	if (call->request.body == NULL)
		call->request.body_fd = -1;
	error = http_call(store->http, call);
	free(what);
	return error;
}

void
store_hex(char text[FILE_SHA256_TEXT], const uint8_t *sha256)
{
	for (size_t i = 0; i < ARTIFACT_SHA256_BYTES; i++)
		snprintf(text + 2 * i, 3, "%02x", sha256[i]);
}

char *
store_base64(const uint8_t *bytes, size_t len)
{
	char *text = xcalloc(BASE64_ENCODE_RAW_LENGTH(len) + 1, 1);

	base64_encode_raw(text, len, bytes);
	return text;
}

void
store_take_digest(struct stored *stored, const struct artifact_digest *digest)
{
	stored->size_bytes = digest->size_bytes;
	store_hex(stored->sha256, digest->sha256);
}

struct error *
store_check_sent(
    const struct artifact_source *source, const struct artifact_digest *digest)
{
	uint8_t sent[ARTIFACT_SHA256_BYTES];

	artifact_source_sha256(source, sent);
	if (memcmp(sent, digest->sha256, sizeof sent) == 0)
		return NULL;
	return error_new(ERROR_UPLOAD, "the file changed while it was read");
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
