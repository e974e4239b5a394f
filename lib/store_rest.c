/* SPDX-License-Identifier: MIT */
/*
 * NecroCode's Artifact Store: POST /artifacts with a form of file, type and
 * metadata; it answers {"uri"}.
 */
#include <stdint.h>

#include "http_url.h"
#include "json.h"
#include "memory.h"
#include "store_internal.h"

enum { MAX_ANSWER_BYTES = 256 * 1024 };

static struct error *
open_rest(struct store *store, const char *url)
{
	char *base = http_url_without_query(url);

	store->state = base;
	store->http_options.secret =
	    store_secret(store, "artifact_store_api_key_env");
	store->http_options.auth = HTTP_BEARER;
	store_open_http(store, base);
	return NULL;
}

static void
close_rest(struct store *store)
{
	free(store->state);
}

static char *
url_of(const struct store *store)
{
	static const char *const path[] = { "artifacts", NULL };

	return http_url_join(store->state, path);
}

/* It knows three types; ours is in the metadata as well. */
static const char *
type_of(const char *type)
{
	static const char *const of_tests[] = { "test_result", "test_output",
		"junit" };

	if (strcmp(type, "diff") == 0)
		return "diff";
	for (size_t i = 0; i < sizeof of_tests / sizeof of_tests[0]; i++)
		if (strcmp(type, of_tests[i]) == 0)
			return "test";
	return "log";
}

static char *
metadata_of(const struct store *store, const struct store_file *file,
    const struct stored *stored)
{
	jv metadata = jv_copy(store->options.metadata);

	if (jv_get_kind(metadata) != JV_KIND_OBJECT) {
		jv_free(metadata);
		metadata = jv_object();
	}
	metadata = json_set_string(metadata, "name", file->name);
	metadata = json_set_string(metadata, "artifact_type", file->type);
	metadata =
	    json_set_string(metadata, "content_type", file->content_type);
	if (stored->compression != NULL)
		metadata = json_set_string(
		    metadata, "compression", stored->compression);
	metadata =
	    json_set_number(metadata, "size_bytes", (double)stored->size_bytes);
	metadata = json_set_string(metadata, "sha256", stored->sha256);
	return json_text(metadata);
}

static struct error *
wrong_answer(const char *text)
{
	struct error *error = error_new(ERROR_SERVICE,
	    "%s; is artifact_store_url the URL of an Artifact Store, and "
	    "artifact_store_type not to be 'put'?",
	    text);

	error->retryable = false;
	return error;
}

struct check {
	const struct artifact_source *source;
	const struct artifact_digest *digest;
	struct stored *stored;
};

/* A store that tells a checksum must tell the right one. */
static struct error *
check(void *context, struct http *http, struct http_call *call)
{
	struct check *check = context;
	struct error *error = store_check_sent(check->source, check->digest);
	const char *sum, *uri;
	jv answer;

	(void)http;
	if (error != NULL)
		return error;
	error = json_parse(&answer,
	    call->answer.data != NULL ? call->answer.data : "",
	    call->answer.len, "the answer");
	if (error != NULL) {
		error_free(error);
		return wrong_answer("the answer is no JSON");
	}
	uri = json_string(answer, "uri");
	sum = json_string(answer, "sha256");
	if (uri == NULL || *uri == '\0') {
		error = wrong_answer("the answer names no uri");
	} else if (sum != NULL && strcmp(sum, check->stored->sha256) != 0) {
		error = error_new(
		    ERROR_SERVICE, "the store has something else, by its sum");
		error->retryable = true;
	} else {
		free(check->stored->uri);
		check->stored->uri = xstrdup(uri);
	}
	jv_free(answer);
	return error;
}

static struct error *
put(struct store *store, const struct store_file *file,
    struct artifact_source *source, struct stored *stored)
{
	struct artifact_digest digest;
	struct error *error = artifact_source_measure(source, &digest);
	struct http_source body = { source, artifact_source_read,
		artifact_source_rewind, digest.size_bytes };
	static const char *const headers[] = { "Accept: application/json",
		NULL };
	struct check verdict = { source, &digest, stored };
	char *url = url_of(store), *metadata;
	struct http_part parts[] = {
		{ .name = "type", .text = type_of(file->type) },
		{ .name = "metadata" },
		{ .name = "file",
		    .source = &body,
		    .file_name = file->name,
		    .content_type = file->content_type },
	};
	struct http_call call = {
		.request = { .method = "POST",
		    .url = url,
		    .headers = headers,
		    .parts = parts,
		    .n_parts = sizeof parts / sizeof parts[0] },
		.max_answer_bytes = MAX_ANSWER_BYTES,
		.check = check,
		.context = &verdict,
	};

	store_take_digest(stored, &digest);
	metadata = metadata_of(store, file, stored);
	parts[1].text = metadata;
	if (error == NULL)
		error = store_call(store, &call, file->name);
	http_call_release(&call);
	free(metadata);
	free(url);
	return error;
}

const struct store_kind store_rest = {
	.remote = true,
	.open = open_rest,
	.put = put,
	.uri = url_of,
	.close = close_rest,
};
