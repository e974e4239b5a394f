/* SPDX-License-Identifier: MIT */
/*
 * Slots of the Repo Pool Manager. Nothing frees such a slot but a request: so
 * what was allocated is noted in the run directory, for nr-report to find,
 * whatever document it gets.
 */
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "file.h"
#include "json.h"
#include "log.h"
#include "memory.h"
#include "pool_internal.h"
#include "retry.h"
#include "runner.h"
#include "secret.h"
#include "service.h"

enum { MAX_NOTE_BYTES = 64 * 1024 };

static struct service *
open_manager(const struct stage *stage, double ends)
{
	const char *name =
	    config_string(stage->config, "repo_pool_api_key_env");
	struct service_options options = {
		.name = "the Repo Pool Manager",
		.url = config_string(stage->config, "repo_pool_url"),
		.key = name != NULL ? secrets_get(stage->secrets, name) : NULL,
		.auth = HTTP_BEARER,
		.ends = ends,
	};

	return service_new(&options, stage->config);
}

/* --- Giving one back --- */

/* It does not matter whether it was taken: 404 and 409 say that it is not. */
static struct error *
release(struct service *manager, const char *id)
{
	const char *const path[] = { "slots", id, "release", NULL };
	struct service_request request = { .method = "POST",
		.path = path,
		.body = jv_object(),
		.repeatable = true };
	struct error *err = service_ask(manager, &request, NULL);

	if (err != NULL && (request.status == 404 || request.status == 409)) {
		log_info("slot_not_held",
		    "the slot '%s' is not taken: nothing to give back", id);
		error_free(err);
		err = NULL;
	} else if (err == NULL) {
		log_info("slot_released", "gave the slot '%s' back", id);
	}
	return err;
}

static struct error *
read_note(jv *note, const char *path)
{
	struct buffer text = BUFFER_INIT(MAX_NOTE_BYTES);
	struct error *err = NULL;

	*note = jv_invalid();
	if (access(path, F_OK) == 0)
		err = file_read(&text, path);
	if (err == NULL && text.len > 0)
		err = json_parse(note, text.data, text.len, path);
	buffer_release(&text);
	return err;
}

/* Of a document that somebody else has allocated the slot for only if that
 * is asked for. */
static struct error *
release_if_any(const struct stage *stage, const char *given, double ends)
{
	char *path = stage_path(stage, "slot.json");
	struct service *manager;
	jv note;
	struct error *err = read_note(&note, path);
	const char *id = json_string(note, "slot_id");

	if (id == NULL)
		id = given;
	if (err == NULL && id != NULL && *id != '\0') {
		manager = open_manager(stage, ends);
		err = release(manager, id);
		service_free(manager);
		if (err == NULL)
			unlink(path);
	}
	jv_free(note);
	free(path);
	return err;
}

struct error *
pool_release_remote(const struct stage *stage, double ends)
{
	bool asked = strcmp(stage->program->name, "nr-slot") == 0;

	if (!config_is_set(stage->config, "repo_pool_url"))
		return NULL;
	return release_if_any(
	    stage, asked ? document_string(stage->doc, "slot_id") : NULL, ends);
}

/* --- Having one --- */

static struct error *
keep_note(const struct stage *stage, const char *id)
{
	char *path = stage_path(stage, "slot.json");
	char *text = json_text(json_set_string(jv_object(), "slot_id", id));
	struct error *err = file_replace(path, text, strlen(text), 0600);

	free(text);
	free(path);
	return err;
}

static jv
request_body(const struct stage *stage, const char *url)
{
	jv body = json_set_string(jv_object(), "repo_url", url);

	body = json_set_string(body, "required_by", runner_id(stage->doc));
	return json_set_number(body, "timeout_seconds",
	    json_number(
		document_value(stage->doc), "runner.timeout_seconds", 0));
}

/* All slots of a repository may be taken: 409, which may pass. The key sees
 * to it that an answer which was lost does not cost a second slot. */
static struct error *
ask(struct service *manager, const struct stage *stage, const char *url,
    double ends, jv *answer)
{
	static const char *const path[] = { "slots", "allocate", NULL };
	char *key = xasprintf(
	    "Idempotency-Key: %s-%.6f", runner_id(stage->doc), clock_now());
	const char *const headers[] = { key, NULL };
	struct retry retry = {
		.what = "slot",
		.max_retries =
		    (int)config_number(stage->config, "network_retry_count"),
		.ends = ends,
	};
	struct error *err;

	for (;;) {
		struct service_request request = { .method = "POST",
			.path = path,
			.headers = headers,
			.body = request_body(stage, url),
			.repeatable = true };

		err = service_ask(manager, &request, answer);
		if (err != NULL && request.status == 409)
			err->retryable = true;
		if (err == NULL || request.status != 409 ||
		    !retry_wait(&retry, err))
			break;
		error_free(err);
	}
	free(key);
	return err;
}

static struct error *
check(const struct pool_slot *slot)
{
	struct stat info;

	if (slot->id == NULL || *slot->id == '\0' || slot->path == NULL ||
	    slot->path[0] != '/')
		return error_new(ERROR_SERVICE,
		    "cannot use the answer of the Repo Pool Manager: expected "
		    "slot_id and slot_path, an absolute path");
	if (stat(slot->path, &info) != 0)
		return error_errno(ERROR_WORKSPACE,
		    "cannot use the slot '%s' of the Repo Pool Manager: its "
		    "path '%s' cannot be found on this machine",
		    slot->id, slot->path);
	if (!S_ISDIR(info.st_mode))
		return error_new(ERROR_WORKSPACE,
		    "cannot use the slot '%s' of the Repo Pool Manager: '%s' "
		    "is no directory",
		    slot->id, slot->path);
	return NULL;
}

static void
take_answer(struct pool_slot *slot, jv answer)
{
	const char *id = json_string(answer, "slot_id");
	const char *path = json_string(answer, "slot_path");

	slot->id = id != NULL ? xstrdup(id) : NULL;
	slot->path = path != NULL ? xstrdup(path) : NULL;
}

struct error *
pool_remote_allocate(
    struct pool_slot *slot, const struct stage *stage, const char *url)
{
	double seconds, ends;
	struct error *err = stage_time_left(stage, &seconds);
	struct service *manager;
	jv answer = jv_null();

	*slot = (struct pool_slot){ 0 };
	if (err != NULL)
		return err;
	ends = clock_monotonic() + seconds;
	manager = open_manager(stage, ends);
	err = ask(manager, stage, url, ends, &answer);
	if (err == NULL) {
		take_answer(slot, answer);
		err = check(slot);
		if (err == NULL)
			err = keep_note(stage, slot->id);
		/* It is of no use here, but somebody's, until it is given
		 * back. */
		if (err != NULL && slot->id != NULL && *slot->id != '\0')
			error_free(release(manager, slot->id));
	}
	jv_free(answer);
	service_free(manager);
	return err;
}
