/* SPDX-License-Identifier: MIT */
/*
 * A file above s3_part_size_mb: a multipart upload, which the store puts
 * together at its end. A part that fails is tried again alone; an upload that
 * fails is given up, so that its parts are not kept, and paid for.
 */
#include <nettle/sha2.h>
#include <stdint.h>

#include "clock.h"
#include "http_url.h"
#include "log.h"
#include "memory.h"
#include "store_s3.h"

enum {
	MAX_LIST_BYTES = 2 * 1024 * 1024,
	MAX_ID_BYTES = 2048,
	GIVE_UP_SECONDS = 5,
};

struct upload {
	struct store *store;
	const struct store_file *file;
	const char *key;
	char *id; /* as it is, and as a query has it */
	char *query_id;
	struct buffer list; /* XML: the parts, for the end */
};

static void
body_sha256(uint8_t sha256[ARTIFACT_SHA256_BYTES], const char *text, size_t len)
{
	struct sha256_ctx context;

	sha256_init(&context);
	sha256_update(&context, len, (const uint8_t *)text);
	sha256_digest(&context, ARTIFACT_SHA256_BYTES, sha256);
}

/* The text of an XML element, with its entities; NULL: there is none. */
static char *
element(const struct buffer *xml, const char *name)
{
	char *tag = xasprintf("<%s>", name);
	const char *start = xml->data != NULL ? strstr(xml->data, tag) : NULL;
	char *text = NULL;

	if (start != NULL) {
		start += strlen(tag);
		text = xstrndup(start, strcspn(start, "<"));
	}
	free(tag);
	return text;
}

static struct error *
wrong_answer(const char *what)
{
	struct error *error = error_new(
	    ERROR_SERVICE, "%s; is s3_endpoint that of an S3 service?", what);

	error->retryable = false;
	return error;
}

static struct error *
begin(struct upload *upload)
{
	/* "uploads=" and not "uploads": so it is signed. */
	char *url = s3_url(upload->store, upload->key, "uploads=");
	struct s3_headers headers;
	struct http_call call = {
		.request = { .method = "POST", .url = url },
	};
	struct error *error;

	s3_headers_init(&headers, upload->store->state, NULL);
	s3_headers_add(
	    &headers, "Content-Type: %s", upload->file->content_type);
	call.request.headers = (const char *const *)headers.lines;
	error = store_call(upload->store, &call, upload->file->name);
	if (error == NULL) {
		upload->id = element(&call.answer, "UploadId");
		if (upload->id == NULL || strlen(upload->id) > MAX_ID_BYTES)
			error = wrong_answer("the answer has no UploadId");
		else
			upload->query_id = http_url_encode(upload->id, false);
	}
	http_call_release(&call);
	s3_headers_release(&headers);
	free(url);
	return error;
}

static struct error *
add_to_list(struct upload *upload, size_t number)
{
	const char *tag = http_header(upload->store->http, "ETag");

	if (tag == NULL || strpbrk(tag, "<>&") != NULL)
		return wrong_answer("the answer has no ETag");
	buffer_appendf(&upload->list,
	    "<Part><PartNumber>%zu</PartNumber><ETag>%s</ETag></Part>", number,
	    tag);
	return NULL;
}

static struct error *
put_part(struct upload *upload, struct artifact_source *source,
    const struct artifact_part *part, size_t number, long long offset)
{
	struct s3_piece piece = { .source = source,
		.offset = offset,
		.size_bytes = part->size_bytes };
	struct http_source body = s3_piece_body(&piece);
	char *query =
	    xasprintf("partNumber=%zu&uploadId=%s", number, upload->query_id);
	char *url = s3_url(upload->store, upload->key, query);
	char *md5 = store_base64(part->md5, sizeof part->md5);
	struct s3_headers headers;
	struct http_call call = {
		.request = { .method = "PUT", .url = url, .source = &body },
	};
	struct error *error = artifact_source_seek(source, offset);

	s3_headers_init(&headers, upload->store->state, part->sha256);
	s3_headers_add(&headers, "Content-MD5: %s", md5);
	call.request.headers = (const char *const *)headers.lines;
	if (error == NULL)
		error = store_call(upload->store, &call, upload->file->name);
	if (error == NULL)
		error = add_to_list(upload, number);
	http_call_release(&call);
	s3_headers_release(&headers);
	free(query);
	free(url);
	free(md5);
	return error;
}

/* It may say 200, and then change its mind. */
static struct error *
check_end(void *context, struct http *http, struct http_call *call)
{
	char *code = element(&call->answer, "Code");
	struct error *error = NULL;

	(void)context;
	(void)http;
	if (code != NULL) {
		error = error_new(ERROR_SERVICE,
		    "the store could not put the parts together: %.100s", code);
		error->retryable = true;
	}
	free(code);
	return error;
}

static struct error *
complete(struct upload *upload)
{
	char *query = xasprintf("uploadId=%s", upload->query_id);
	char *url = s3_url(upload->store, upload->key, query);
	uint8_t sha256[ARTIFACT_SHA256_BYTES];
	struct s3_headers headers;
	struct http_call call = {
		.request = { .method = "POST",
		    .url = url,
		    .body = upload->list.data,
		    .body_len = upload->list.len },
		.check = check_end,
	};
	struct error *error;

	body_sha256(sha256, upload->list.data, upload->list.len);
	s3_headers_init(&headers, upload->store->state, sha256);
	s3_headers_add(&headers, "Content-Type: application/xml");
	call.request.headers = (const char *const *)headers.lines;
	error = store_call(upload->store, &call, upload->file->name);
	http_call_release(&call);
	s3_headers_release(&headers);
	free(query);
	free(url);
	return error;
}

static void
give_up(struct upload *upload)
{
	const struct http_options *options = &upload->store->http_options;
	char *query = xasprintf("uploadId=%s", upload->query_id);
	char *url = s3_url(upload->store, upload->key, query);
	struct s3_headers headers;
	struct http_call call = {
		.request = { .method = "DELETE", .url = url },
	};
	struct error *error;

	/* The deadline, which may be why, has no say in this. */
	http_set_times(upload->store->http, GIVE_UP_SECONDS,
	    clock_monotonic() + GIVE_UP_SECONDS);
	s3_headers_init(&headers, upload->store->state, NULL);
	call.request.headers = (const char *const *)headers.lines;
	error = store_call(upload->store, &call, upload->file->name);
	http_set_times(
	    upload->store->http, options->idle_seconds, options->ends);
	if (error != NULL)
		log_warn("parts_left",
		    "the store may keep parts of '%s' that never became a "
		    "whole: %s",
		    upload->key, error->message);
	error_free(error);
	http_call_release(&call);
	s3_headers_release(&headers);
	free(query);
	free(url);
}

struct error *
s3_put_parts(struct store *store, const struct store_file *file,
    struct artifact_source *source, const struct artifact_parts *parts,
    const char *key)
{
	struct upload upload = { .store = store,
		.file = file,
		.key = key,
		.list = BUFFER_INIT(MAX_LIST_BYTES) };
	struct error *error = begin(&upload);
	long long offset = 0;

	buffer_append_string(&upload.list, "<CompleteMultipartUpload>");
	for (size_t i = 0; i < parts->n && error == NULL; i++) {
		error =
		    put_part(&upload, source, &parts->parts[i], i + 1, offset);
		offset += parts->parts[i].size_bytes;
	}
	buffer_append_string(&upload.list, "</CompleteMultipartUpload>");
	if (error == NULL)
		error = complete(&upload);
	if (error != NULL && upload.query_id != NULL)
		give_up(&upload);
	free(upload.id);
	free(upload.query_id);
	buffer_release(&upload.list);
	return error;
}
