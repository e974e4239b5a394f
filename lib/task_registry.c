/* SPDX-License-Identifier: MIT */
#include "task_registry.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "file_lock.h"
#include "file_url.h"
#include "json.h"
#include "memory.h"
#include "service.h"

enum { START_SECONDS = 5 };

struct registry {
	const struct stage *stage;
	const char *url;
	char *path; /* of a file; NULL: a service */
	struct service *service;
	double ends;
	bool is_short; /* one attempt of START_SECONDS */
	bool is_away;  /* it did not answer: the rest is not tried */
	struct error *failure;
};

static void
open_registry(struct registry *registry, const struct stage *stage,
    const char *url, double ends)
{
	const char *name =
	    config_string(stage->config, "task_registry_api_key_env");
	struct service_options options = {
		.name = "the Task Registry",
		.url = url,
		.auth = HTTP_BEARER,
		.ends = ends,
	};

	*registry = (struct registry){ .stage = stage,
		.url = url,
		.path = file_url_path(url),
		.ends = ends };
	if (registry->path != NULL)
		return;
	if (name != NULL)
		options.key = secrets_get(stage->secrets, name);
	registry->service = service_new(&options, stage->config);
}

static void
close_registry(struct registry *registry)
{
	if (registry->failure != NULL)
		log_warn("registry_not_told",
		    "cannot tell all of this task: %s; nr-report tells it "
		    "again, given the run's last document",
		    registry->failure->message);
	error_free(registry->failure);
	service_free(registry->service);
	free(registry->path);
}

/* --- A file --- */

/* Behind whole lines only, also where a runner was killed while it wrote. */
static struct error *
append_line(int fd, const char *path, const char *line)
{
	struct stat info;
	struct error *error = NULL;
	char last = '\n';

	if (fstat(fd, &info) < 0)
		return error_errno(ERROR_IO, "cannot look at '%s'", path);
	if (S_ISREG(info.st_mode) && info.st_size > 0 &&
	    pread(fd, &last, 1, info.st_size - 1) < 0)
		return error_errno(ERROR_IO, "cannot read '%s'", path);
	if (last != '\n')
		error = file_write_all(fd, "\n", 1, path);
	if (error == NULL)
		error = file_write_all(fd, line, strlen(line), path);
	if (error != NULL && S_ISREG(info.st_mode) &&
	    ftruncate(fd, info.st_size) < 0)
		log_warn("registry_damaged",
		    "'%s' ends with a line that is not whole", path);
	return error;
}

static struct error *
append(const struct registry *registry, const char *line)
{
	const char *path = registry->path, *slash = strrchr(path, '/');
	char *directory = xstrndup(path, (size_t)(slash - path));
	struct error *error =
	    *directory != '\0' ? file_make_directories(directory, 0700) : NULL;
	int fd;

	free(directory);
	if (error != NULL)
		return error;
	fd = open(
	    path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0600);
	if (fd < 0)
		return error_errno(ERROR_IO, "cannot open '%s'", path);
	error = file_lock(fd, path, registry->ends);
	if (error == NULL)
		error = append_line(fd, path, line);
	if (close(fd) < 0 && error == NULL)
		error = error_errno(ERROR_IO, "cannot write '%s'", path);
	return error;
}

static struct error *
tell_file(const struct registry *registry, const char *kind, jv body)
{
	jv value = json_set_string(jv_object(), "task_id",
	    document_string(registry->stage->doc, "task_id"));
	struct error *error;
	char *text, *line;

	value = json_set_string(value, "kind", kind);
	text = json_text(json_set(value, "body", body));
	line = xasprintf("%s\n", text);
	error = append(registry, line);
	free(line);
	free(text);
	return error;
}

/* --- A service --- */

static struct error *
tell_service(
    struct registry *registry, const char *method, const char *what, jv body)
{
	const char *id = document_string(registry->stage->doc, "task_id");
	const char *const path[] = { "tasks", id, what, NULL };
	struct service_request request = {
		.method = method,
		.path = path,
		.body = body,
		/* Told twice is better than not told. */
		.repeatable = true,
	};
	struct error *error = registry->is_short
	    ? service_try(registry->service, &request, START_SECONDS, NULL)
	    : service_ask(registry->service, &request, NULL);

	registry->is_away = request.status == 0 || request.status >= 500;
	return error;
}

/* --- Both --- */

/* Consumes the body. */
static struct error *
mask_body(jv *body, const struct stage *stage)
{
	char *text = json_text(*body), *masked;
	struct error *error;
	size_t len;

	masked = mask_text(stage->mask, text, strlen(text), &len);
	error = json_parse(body, masked, len, "what is to be told");
	free(masked);
	free(text);
	return error;
}

/* Consumes the body. */
static void
tell(struct registry *registry, const char *kind, jv body)
{
	struct error *error;

	if (registry->is_away) {
		jv_free(body);
		return;
	}
	error = mask_body(&body, registry->stage);
	if (error != NULL)
		jv_free(body);
	else if (registry->path != NULL)
		error = tell_file(registry, kind, body);
	else if (strcmp(kind, "status") == 0)
		error = tell_service(registry, "PUT", "status", body);
	else if (strcmp(kind, "event") == 0)
		error = tell_service(registry, "POST", "events", body);
	else
		error = tell_service(registry, "POST", "artifacts", body);
	registry->failure = error_first(registry->failure, error);
}

/* Copies what the document has at the path. */
static jv
take(jv facts, const char *name, const struct stage *stage, const char *path)
{
	jv value = json_get(document_value(stage->doc), path);

	if (!jv_is_valid(value)) {
		jv_free(value);
		return facts;
	}
	return json_set(facts, name, value);
}

/* What is told with a status and with an event. */
static jv
facts_of(const struct stage *stage)
{
	jv facts = jv_object();

	facts = take(facts, "runner_id", stage, "runner.runner_id");
	facts = take(facts, "hostname", stage, "runner.hostname");
	facts = take(facts, "slot_id", stage, "slot_id");
	facts = take(facts, "duration_seconds", stage, "duration_seconds");
	facts = take(facts, "branch_name", stage, "push_result.branch_name");
	facts = take(facts, "commit_hash", stage, "push_result.commit_hash");
	return take(facts, "error", stage, "error");
}

static void
tell_state(struct registry *registry, const char *status, const char *event)
{
	jv facts = facts_of(registry->stage);
	jv body = json_set_string(jv_object(), "event_type", event);

	body = json_set(body, "data", jv_copy(facts));
	tell(
	    registry, "event", json_set_number(body, "timestamp", clock_now()));
	body = json_set_string(jv_object(), "status", status);
	body = json_set(body, "metadata", facts);
	tell(registry, "status",
	    json_set_number(body, "updated_at", clock_now()));
}

/* What else nr-upload says of it is metadata. */
static void
tell_artifact(struct registry *registry, jv artifact)
{
	static const char *const members[] = { "type", "uri", "size_bytes",
		"created_at" };
	const char *created = json_string(artifact, "created_at");
	jv body =
	    json_set_string(jv_object(), "type", json_string(artifact, "type"));
	jv metadata = jv_copy(artifact);
	double when = clock_now();

	if (created != NULL)
		clock_parse(&when, created);
	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
		metadata = jv_object_delete(metadata, jv_string(members[i]));
	body = json_set_string(body, "uri", json_string(artifact, "uri"));
	body = json_set_number(
	    body, "size_bytes", json_number(artifact, "size_bytes", 0));
	body = json_set(body, "metadata", metadata);
	tell(registry, "artifact", json_set_number(body, "created_at", when));
}

/* Those of a stage of somebody's own may lack what the registry needs. */
static void
tell_artifacts(struct registry *registry)
{
	jv list = json_get(document_value(registry->stage->doc), "artifacts");
	size_t n = json_array_length(list, NULL);

	for (size_t i = 0; i < n; i++) {
		jv artifact = json_element(list, i);

		if (json_string(artifact, "uri") != NULL &&
		    json_string(artifact, "type") != NULL)
			tell_artifact(registry, artifact);
		jv_free(artifact);
	}
	jv_free(list);
}

void
task_registry_tell_start(const struct stage *stage)
{
	const char *url = config_string(stage->config, "task_registry_url");
	struct registry registry;

	open_registry(&registry, stage, url, clock_monotonic() + START_SECONDS);
	registry.is_short = true;
	tell_state(&registry, "in_progress", "TaskStarted");
	close_registry(&registry);
}

void
task_registry_tell_end(const struct stage *stage, double ends)
{
	const char *url = config_string(stage->config, "task_registry_url");
	bool failed = document_failed(stage->doc);
	struct registry registry;

	open_registry(&registry, stage, url, ends);
	tell_artifacts(&registry);
	tell_state(&registry, failed ? "failed" : "done",
	    failed ? "TaskFailed" : "TaskCompleted");
	close_registry(&registry);
}
