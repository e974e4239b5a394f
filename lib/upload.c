/* SPDX-License-Identifier: MIT */
#include "upload.h"

#include <unistd.h>

#include "clock.h"
#include "json.h"
#include "log.h"
#include "memory.h"
#include "provenance.h"
#include "runner.h"
#include "upload_pending.h"
#include "upload_workers.h"

/* Uploads at work, and what came of each. */
struct transfer {
	struct upload *upload;
	struct store *store;
	struct artifact_list list;
	struct {
		bool stored;
		jv artifact; /* then: of the document, until it is noted */
		struct error *error;
	} * results;
	jv artifacts; /* of this upload, in order */
};

/* Spec, task, and the name of the run's directory, which is its own even
 * where several runs were given one runner_id. */
static void
find_place(const struct upload *upload, char *place[4])
{
	const char *spec = document_string(upload->doc, "spec_name");
	const char *id = document_string(upload->doc, "task_id");
	const char *slash = strrchr(upload->run_dir, '/');

	place[0] = store_component(spec != NULL ? spec : "");
	place[1] = store_component(id != NULL ? id : "");
	place[2] = store_component(slash != NULL ? slash + 1 : "");
	place[3] = NULL;
}

static jv
metadata_of(const struct document *doc)
{
	static const char *const paths[] = { "task_id", "spec_name",
		"runner.runner_id" };
	jv metadata = jv_object();

	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
		const char *value = document_string(doc, paths[i]);
		const char *dot = strrchr(paths[i], '.');

		if (value != NULL)
			metadata = json_set_string(
			    metadata, dot != NULL ? dot + 1 : paths[i], value);
	}
	return metadata;
}

static struct error *
open_store(const struct upload *upload, struct store **store)
{
	char *place[4];
	struct store_options options = {
		.config = upload->config,
		.secrets = upload->secrets,
		.mask = upload->mask,
		.place = (const char *const *)place,
		.metadata = metadata_of(upload->doc),
		.ends = upload->ends,
	};
	struct error *error;

	find_place(upload, place);
	error = store_open(store, &options);
	for (size_t i = 0; place[i] != NULL; i++)
		free(place[i]);
	jv_free(options.metadata);
	return error;
}

static jv
artifact_value(const struct artifact *artifact, const struct stored *stored)
{
	char created[CLOCK_TEXT_SIZE];
	jv value = json_set_string(jv_object(), "type", artifact->type);

	clock_format(created, clock_now());
	value = json_set_string(value, "name", stored->name);
	value = json_set_string(value, "uri", stored->uri);
	value = json_set_string(value, "content_type", stored->content_type);
	if (stored->compression != NULL)
		value =
		    json_set_string(value, "compression", stored->compression);
	value =
	    json_set_number(value, "size_bytes", (double)stored->size_bytes);
	value = json_set_string(value, "sha256", stored->sha256);
	return json_set_string(value, "created_at", created);
}

static struct error *
put_one(void *context, size_t n, struct stored *stored)
{
	struct transfer *transfer = context;
	struct artifact *artifact = &transfer->list.artifacts[n];
	struct store_file file = { .type = artifact->type,
		.name = artifact->name,
		.content_type = artifact->content_type,
		.as_it_is = artifact->as_it_is,
		.fd = artifact->fd };

	return store_put(transfer->store, &file, stored);
}

static void
begin_one(void *context)
{
	const struct transfer *transfer = context;

	store_after_fork(transfer->store);
}

static void
take_result(
    void *context, size_t n, const struct stored *stored, struct error *error)
{
	struct transfer *transfer = context;

	transfer->results[n].error = error;
	transfer->results[n].stored = error == NULL;
	if (error == NULL)
		transfer->results[n].artifact =
		    artifact_value(&transfer->list.artifacts[n], stored);
}

static void
note_failure(
    struct upload *upload, const struct artifact *artifact, struct error *error)
{
	jv fields = json_set_string(jv_object(), "type", artifact->type);
	size_t n = 0;

	fields = json_set_string(fields, "name", artifact->name);
	log_event(LOG_WARN, "upload_failed", fields,
	    "cannot store the %s: %s; it stays in '%s'", artifact->type,
	    error->message, upload->run_dir);
	upload->failure = error_first(upload->failure, error);
	while (upload->unsent[n] != NULL)
		n++;
	upload->unsent =
	    xreallocarray(upload->unsent, n + 2, sizeof *upload->unsent);
	upload->unsent[n] = xstrdup(artifact->name);
	upload->unsent[n + 1] = NULL;
}

static void
note_stored(struct transfer *transfer, jv artifact)
{
	log_debug("artifact", "stored %s (%.0f bytes)",
	    json_string(artifact, "uri"),
	    json_number(artifact, "size_bytes", 0));
	transfer->upload->n_stored++;
	transfer->artifacts = jv_array_append(transfer->artifacts, artifact);
}

/* In the order of the list, whatever order they were done in. */
static void
note_results(struct transfer *transfer, size_t first)
{
	for (size_t n = first; n < transfer->list.n; n++) {
		if (transfer->results[n].error != NULL)
			note_failure(transfer->upload,
			    &transfer->list.artifacts[n],
			    transfer->results[n].error);
		else
			note_stored(transfer, transfer->results[n].artifact);
	}
}

static size_t
n_workers(const struct transfer *transfer)
{
	size_t n = (size_t)config_number(
	    transfer->upload->config, "artifact_parallel");

	if (!store_is_remote(transfer->store))
		return 1;
	return n < transfer->list.n ? n : transfer->list.n;
}

static void
put_here(struct transfer *transfer, size_t n)
{
	struct stored stored = { 0 };
	struct error *error = transfer->list.artifacts[n].problem;

	transfer->list.artifacts[n].problem = NULL;
	if (error == NULL)
		error = put_one(transfer, n, &stored);
	take_result(transfer, n, &stored, error);
	stored_release(&stored);
}

/* Moves what could not be opened behind the rest; returns how many are left. */
static size_t
n_readable(struct artifact_list *list)
{
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++) {
		struct artifact artifact = list->artifacts[i];

		if (artifact.problem != NULL)
			continue;
		list->artifacts[i] = list->artifacts[n];
		list->artifacts[n++] = artifact;
	}
	return n;
}

static void
put_list(struct transfer *transfer)
{
	const struct upload_work work = { transfer, put_one, begin_one,
		take_result };
	size_t n = 0, workers = n_workers(transfer);

	transfer->results =
	    xcalloc(transfer->list.n + 1, sizeof *transfer->results);
	if (workers > 1) {
		n = n_readable(&transfer->list);
		upload_workers_run(&work, n, workers);
	}
	for (; n < transfer->list.n; n++)
		put_here(transfer, n);
	note_results(transfer, 0);
}

/* Artifacts of an earlier upload stay, unless they were stored anew. */
static jv
all_artifacts(const struct transfer *transfer)
{
	jv earlier =
	    json_get(document_value(transfer->upload->doc), "artifacts");
	size_t n = json_array_length(earlier, NULL);
	size_t n_now = json_array_length(transfer->artifacts, NULL);
	jv kept = jv_array();

	for (size_t i = 0; i < n; i++) {
		jv artifact = json_element(earlier, i);
		const char *uri = json_string(artifact, "uri");
		bool again = false;

		for (size_t k = 0; k < n_now && !again; k++) {
			jv now = json_element(transfer->artifacts, k);
			const char *stored = json_string(now, "uri");

			again = uri != NULL && stored != NULL &&
			    strcmp(stored, uri) == 0;
			jv_free(now);
		}
		if (again)
			jv_free(artifact);
		else
			kept = jv_array_append(kept, artifact);
	}
	jv_free(earlier);
	return jv_array_concat(kept, jv_copy(transfer->artifacts));
}

/* What tells of the others comes last. */
static void
put_last(struct transfer *transfer, const char *type, const char *name,
    const char *content_type, jv (*make)(const struct document *, jv))
{
	jv artifacts = all_artifacts(transfer);
	size_t n = transfer->list.n;

	artifact_list_add_json(&transfer->list, type, name, content_type,
	    make(transfer->upload->doc, artifacts), transfer->upload->run_dir);
	jv_free(artifacts);
	transfer->results =
	    xreallocarray(transfer->results, n + 1, sizeof *transfer->results);
	put_here(transfer, n);
	note_results(transfer, n);
}

static bool
is_wanted(const struct upload *upload, const char *name)
{
	for (size_t i = 0; upload->names != NULL; i++) {
		if (upload->names[i] == NULL)
			return false;
		if (strcmp(upload->names[i], name) == 0)
			return true;
	}
	return true;
}

static void
drop_unwanted(struct transfer *transfer)
{
	struct artifact_list *list = &transfer->list, dropped = { 0 };
	size_t n = 0;

	dropped.artifacts = xcalloc(list->n + 1, sizeof *dropped.artifacts);
	for (size_t i = 0; i < list->n; i++) {
		if (is_wanted(transfer->upload, list->artifacts[i].name))
			list->artifacts[n++] = list->artifacts[i];
		else
			dropped.artifacts[dropped.n++] = list->artifacts[i];
	}
	list->n = n;
	artifact_list_release(&dropped);
}

static void
tell(struct upload *upload)
{
	if (upload->n_stored > 0)
		log_event(LOG_INFO, "artifacts_stored",
		    json_set_string(jv_object(), "place", upload->uri),
		    "stored %zu artifacts in %s", upload->n_stored,
		    upload->uri);
	if (upload->unsent[0] != NULL)
		log_warn("artifacts_unsent",
		    "some artifacts could not be stored; 'nr-upload --pending' "
		    "sends them later");
}

/* The store could not keep what it had taken. */
static void
note_lost(struct transfer *transfer, struct error *error)
{
	struct upload *upload = transfer->upload;

	for (size_t n = 0; n < transfer->list.n; n++)
		if (transfer->results[n].stored)
			note_failure(upload, &transfer->list.artifacts[n],
			    error_new(error->type, "%s", error->message));
	error_free(error);
	jv_free(transfer->artifacts);
	transfer->artifacts = jv_array();
	upload->n_stored = 0;
}

static void
put_all(struct transfer *transfer)
{
	struct upload *upload = transfer->upload;
	struct error *error;

	artifact_list_collect(
	    &transfer->list, upload->doc, upload->run_dir, upload->mask);
	drop_unwanted(transfer);
	put_list(transfer);
	if (upload->n_stored > 0 || upload->failure == NULL) {
		put_last(transfer, "provenance", "provenance.intoto.json",
		    "application/vnd.in-toto+json", provenance_statement);
		put_last(transfer, "manifest", "manifest.json",
		    "application/json", provenance_manifest);
	}
	error = store_finish(transfer->store);
	if (error != NULL)
		note_lost(transfer, error);
}

struct error *
upload_run(struct upload *upload)
{
	struct transfer transfer = { .upload = upload,
		.artifacts = jv_array() };
	struct error *error = open_store(upload, &transfer.store);

	upload->unsent = xcalloc(1, sizeof *upload->unsent);
	if (error == NULL) {
		upload->uri = store_uri(transfer.store);
		put_all(&transfer);
		document_set(
		    upload->doc, "artifacts", all_artifacts(&transfer));
		tell(upload);
		upload_pending_keep(upload);
	}
	artifact_list_release(&transfer.list);
	free(transfer.results);
	jv_free(transfer.artifacts);
	store_free(transfer.store);
	return error;
}

struct error *
upload_place(const struct upload *upload, char **uri)
{
	struct store *store;
	struct error *error = open_store(upload, &store);

	*uri = error == NULL ? store_uri(store) : NULL;
	store_free(store);
	return error;
}

void
upload_release(struct upload *upload)
{
	if (upload->unsent != NULL)
		json_strings_free(upload->unsent);
	free(upload->uri);
	error_free(upload->failure);
}
