/* SPDX-License-Identifier: MIT */
/*
 * S3, and whatever speaks like it. Requests are signed (http_credentials.c
 * tells what that asks of us) with AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY
 * and AWS_SESSION_TOKEN; to gs:// they may bear a token instead.
 *
 * A file up to s3_part_size_mb is one PUT with the SHA-256 of its body in the
 * signature: the store refuses whatever else arrives. Above that it is a
 * multipart upload, of which every part is checked the same way.
 */
#include "store_s3.h"

#include <stdarg.h>
#include <stdint.h>
#include <strings.h>

#include "http_url.h"
#include "json.h"
#include "log.h"
#include "memory.h"

/* SHA-256 of nothing. */
static const uint8_t empty_sha256[ARTIFACT_SHA256_BYTES] = { 0xe3, 0xb0, 0xc4,
	0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9,
	0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99,
	0x1b, 0x78, 0x52, 0xb8, 0x55 };

static const char *
setting_or(const char *setting, const char *variable, const char *fallback)
{
	const char *value = setting != NULL ? setting : getenv(variable);

	return value != NULL && *value != '\0' ? value : fallback;
}

static const char *
region_of(const struct store *store, bool google)
{
	const char *set = config_string(store->options.config, "s3_region");

	if (google)
		return set != NULL ? set : "auto";
	return setting_or(set, "AWS_REGION",
	    setting_or(NULL, "AWS_DEFAULT_REGION", "us-east-1"));
}

/* s3://bucket/a/b: the bucket, and "a/b/". */
static struct error *
split_url(struct s3 *s3, const char *url)
{
	const char *slashes = strstr(url, "://");
	const char *bucket = slashes != NULL ? slashes + 3 : "", *path;
	size_t len = strcspn(bucket, "/"), rest;

	if (len == 0 || bucket[strcspn(bucket, "?#:")] != '\0')
		return error_new(ERROR_CONFIG,
		    "artifact_store_url '%s' cannot be used; it is like "
		    "s3://bucket/prefix",
		    url);
	s3->bucket = xstrndup(bucket, len);
	path = bucket + len + strspn(bucket + len, "/");
	rest = strlen(path);
	while (rest > 0 && path[rest - 1] == '/')
		rest--;
	s3->prefix = xasprintf("%.*s%s", (int)rest, path, rest > 0 ? "/" : "");
	return NULL;
}

/* "https://host" and "bucket" as they are put together. */
static void
set_addresses(struct s3 *s3, const char *endpoint, bool path_style)
{
	char *base = http_url_without_query(endpoint);
	size_t len = strlen(base);
	char *host;

	while (len > 0 && base[len - 1] == '/')
		base[--len] = '\0';
	if (path_style) {
		s3->origin = xstrdup(base);
		s3->root = xasprintf("%s/%s", base, s3->bucket);
	} else {
		host = strstr(base, "://");
		s3->origin = xasprintf("%.*s%s.%s", (int)(host + 3 - base),
		    base, s3->bucket, host + 3);
		s3->root = xstrdup(s3->origin);
	}
	free(base);
}

static struct error *
find_addresses(struct store *store, struct s3 *s3)
{
	const struct config *config = store->options.config;
	/* Google's token is not for a server that Amazon's variable names. */
	const char *set_endpoint = config_string(config, "s3_endpoint");
	const char *endpoint = s3->google
	    ? set_endpoint
	    : setting_or(set_endpoint, "AWS_ENDPOINT_URL", NULL);
	const char *region = region_of(store, s3->google);
	bool set = config_is_set(config, "s3_path_style");
	char *usual;

	if (endpoint != NULL && strncasecmp(endpoint, "http://", 7) != 0 &&
	    strncasecmp(endpoint, "https://", 8) != 0)
		return error_new(ERROR_CONFIG,
		    "cannot use '%s' as the URL of an S3 service: it begins "
		    "with neither https:// nor http://; change %s",
		    endpoint,
		    set_endpoint != NULL ? "s3_endpoint" : "AWS_ENDPOINT_URL");
	usual = s3->google ? xstrdup("https://storage.googleapis.com")
			   : xasprintf("https://s3.%s.amazonaws.com", region);

	/* A bucket with a dot is in no certificate. */
	set_addresses(s3, endpoint != NULL ? endpoint : usual,
	    set ? config_boolean(config, "s3_path_style")
		: endpoint != NULL || s3->google ||
		    strchr(s3->bucket, '.') != NULL);
	s3->scope = xasprintf("aws:amz:%s:s3", region);
	free(usual);
	return NULL;
}

/* Named as everybody names them, and found where all secrets are. */
static struct error *
find_key(struct store *store, const char *name, const char **value)
{
	struct error *error = secrets_load_one(store->options.secrets, name);

	if (error == NULL)
		*value = secrets_get(store->options.secrets, name);
	return error;
}

static struct error *
find_keys(struct store *store, struct s3 *s3)
{
	struct http_options *http = &store->http_options;
	const char *token = NULL;
	struct error *error = find_key(store, "AWS_ACCESS_KEY_ID", &http->user);

	if (error == NULL)
		error = find_key(store, "AWS_SECRET_ACCESS_KEY", &http->secret);
	if (error == NULL)
		error = find_key(store, "AWS_SESSION_TOKEN", &token);
	if (error != NULL)
		return error;
	if (http->user == NULL || http->secret == NULL)
		return error_new(ERROR_CONFIG,
		    "there is no key for '%s': set AWS_ACCESS_KEY_ID and "
		    "AWS_SECRET_ACCESS_KEY, or put files of these names into "
		    "secrets_dir%s",
		    config_string(store->options.config, "artifact_store_url"),
		    s3->google ? "; or a token into the variable that "
				 "artifact_store_api_key_env names"
			       : "");
	if (token != NULL)
		s3->token_header = xasprintf("x-amz-security-token: %s", token);
	http->auth = HTTP_AWS_SIGV4;
	http->auth_name = s3->scope;
	s3->signs = true;
	return NULL;
}

static struct error *
find_credentials(struct store *store, struct s3 *s3)
{
	struct http_options *http = &store->http_options;

	if (s3->google)
		http->secret =
		    store_secret(store, "artifact_store_api_key_env");
	if (http->secret == NULL)
		return find_keys(store, s3);
	http->auth = HTTP_BEARER;
	return NULL;
}

static void
close_s3(struct store *store)
{
	struct s3 *s3 = store->state;

	if (s3 == NULL)
		return;
	if (s3->token_header != NULL)
		free_secret(s3->token_header, strlen(s3->token_header));
	free(s3->bucket);
	free(s3->prefix);
	free(s3->origin);
	free(s3->root);
	free(s3->scope);
	free(s3);
}

static struct error *
open_s3(struct store *store, const char *url)
{
	struct s3 *s3 = xcalloc(1, sizeof *s3);
	struct error *error;

	store->state = s3;
	s3->google = strncasecmp(url, "gs:", 3) == 0;
	s3->part_bytes =
	    (long long)config_number(store->options.config, "s3_part_size_mb") *
	    1024 * 1024;
	error = split_url(s3, url);
	if (error == NULL)
		error = find_addresses(store, s3);
	if (error == NULL)
		error = find_credentials(store, s3);
	if (error != NULL)
		return error;
	store_open_http(store, s3->origin);
	return NULL;
}

char *
s3_url(const struct store *store, const char *key, const char *query)
{
	const struct s3 *s3 = store->state;
	char *encoded = http_url_encode(key, true);
	char *url = xasprintf("%s/%s%s%s", s3->root, encoded,
	    query != NULL ? "?" : "", query != NULL ? query : "");

	free(encoded);
	return url;
}

void
s3_headers_add(struct s3_headers *headers, const char *format, ...)
{
	va_list args;

	if (headers->n == S3_MAX_HEADERS)
		abort();
	va_start(args, format);
	headers->lines[headers->n++] = xvasprintf(format, args);
	va_end(args);
}

void
s3_headers_init(struct s3_headers *headers, const struct s3 *s3,
    const uint8_t sha256[ARTIFACT_SHA256_BYTES])
{
	char hex[FILE_SHA256_TEXT];

	*headers = (struct s3_headers){ 0 };
	if (!s3->signs)
		return;
	store_hex(hex, sha256 != NULL ? sha256 : empty_sha256);
	s3_headers_add(headers, "x-amz-content-sha256: %s", hex);
	if (s3->token_header != NULL)
		s3_headers_add(headers, "%s", s3->token_header);
}

void
s3_headers_release(struct s3_headers *headers)
{
	/* One of them may be a secret. */
	for (size_t i = 0; i < headers->n; i++)
		free_secret(headers->lines[i], strlen(headers->lines[i]));
}

static struct error *
read_piece(void *context, char *bytes, size_t size, size_t *n)
{
	struct s3_piece *piece = context;
	struct error *error;

	*n = 0;
	if ((long long)size > piece->left)
		size = (size_t)piece->left;
	if (size == 0)
		return NULL;
	error = artifact_source_read(piece->source, bytes, size, n);
	piece->left -= (long long)*n;
	return error;
}

static struct error *
rewind_piece(void *context)
{
	struct s3_piece *piece = context;

	piece->left = piece->size_bytes;
	return artifact_source_seek(piece->source, piece->offset);
}

struct http_source
s3_piece_body(struct s3_piece *piece)
{
	piece->left = piece->size_bytes;
	return (struct http_source){ piece, read_piece, rewind_piece,
		piece->size_bytes };
}

static struct error *
put_whole(struct store *store, const struct store_file *file,
    struct artifact_source *source, const struct artifact_part *whole,
    const char *key)
{
	const struct s3 *s3 = store->state;
	struct s3_piece piece = { .source = source,
		.size_bytes = whole->size_bytes };
	struct http_source body = s3_piece_body(&piece);
	char *url = s3_url(store, key, NULL);
	char *md5 = store_base64(whole->md5, sizeof whole->md5);
	char *sha256 = store_base64(whole->sha256, sizeof whole->sha256);
	struct s3_headers headers;
	struct http_call call = {
		.request = { .method = "PUT", .url = url, .source = &body },
	};
	struct error *error;

	s3_headers_init(&headers, s3, whole->sha256);
	s3_headers_add(&headers, "Content-Type: %s", file->content_type);
	s3_headers_add(&headers, "Content-MD5: %s", md5);
	if (!s3->google)
		/* Kept with the object: who reads it can check it. */
		s3_headers_add(&headers, "x-amz-checksum-sha256: %s", sha256);
	call.request.headers = (const char *const *)headers.lines;
	error = store_call(store, &call, file->name);
	http_call_release(&call);
	s3_headers_release(&headers);
	free(url);
	free(md5);
	free(sha256);
	return error;
}

static struct error *
put(struct store *store, const struct store_file *file,
    struct artifact_source *source, struct stored *stored)
{
	const struct s3 *s3 = store->state;
	struct artifact_parts parts = { 0 };
	struct artifact_digest digest;
	struct error *error = artifact_source_measure_parts(
	    source, &digest, s3->part_bytes, &parts);
	char *place = store_key(store, file->name);
	char *key = xasprintf("%s%s", s3->prefix, place);

	if (error == NULL && parts.n == 1)
		error = put_whole(store, file, source, &parts.parts[0], key);
	else if (error == NULL)
		error = s3_put_parts(store, file, source, &parts, key);
	if (error == NULL) {
		store_take_digest(stored, &digest);
		stored->uri = xasprintf(
		    "%s://%s/%s", s3->google ? "gs" : "s3", s3->bucket, key);
	}
	free(parts.parts);
	free(place);
	free(key);
	return error;
}

static char *
place_uri(const struct store *store)
{
	const struct s3 *s3 = store->state;
	char *place = store_key(store, "");
	char *uri = xasprintf("%s://%s/%s%s", s3->google ? "gs" : "s3",
	    s3->bucket, s3->prefix, place);

	free(place);
	return uri;
}

const struct store_kind store_s3 = {
	.remote = true,
	.open = open_s3,
	.put = put,
	.uri = place_uri,
	.close = close_s3,
};
