/* SPDX-License-Identifier: MIT */
/* nr-upload: store what a run has made; see nr-upload(1). */
#include "stage.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "json.h"
#include "memory.h"
#include "store.h"

struct upload {
	struct stage *stage;
	struct store *store;
	jv artifacts;
	size_t n_stored, n_failed;
	struct error *failure; /* the first */
};

/* The name that a run has in the store: that of its directory, which is its
 * own even where several runs were given one runner_id. */
static char *
place_of(const struct stage *stage)
{
	const char *spec = document_string(stage->doc, "spec_name");
	const char *id = document_string(stage->doc, "task_id");
	const char *slash = strrchr(stage->run_dir, '/');
	char *spec_name = store_component(spec != NULL ? spec : "");
	char *task_id = store_component(id);
	char *run = store_component(slash != NULL ? slash + 1 : "");
	char *place = xasprintf("%s/%s/%s", spec_name, task_id, run);

	free(spec_name);
	free(task_id);
	free(run);
	return place;
}

static void
record(struct upload *upload, const char *type, const char *name,
    size_t size_bytes, const char *sha256)
{
	char created[CLOCK_TEXT_SIZE], *uri = store_uri(upload->store, name);
	jv artifact = json_set_string(jv_object(), "type", type);

	clock_format(created, clock_now());
	artifact = json_set_string(artifact, "uri", uri);
	artifact = json_set_number(artifact, "size_bytes", (double)size_bytes);
	artifact = json_set_string(artifact, "sha256", sha256);
	artifact = json_set_string(artifact, "created_at", created);
	upload->artifacts = jv_array_append(upload->artifacts, artifact);
	upload->n_stored++;
	log_debug("artifact", "stored %s (%zu bytes)", uri, size_bytes);
	free(uri);
}

static void
note_failure(struct upload *upload, const char *type, struct error *error)
{
	jv fields = json_set_string(jv_object(), "type", type);

	log_event(LOG_WARN, "upload_failed", fields,
	    "cannot store the %s: %s; it stays in '%s'", type, error->message,
	    upload->stage->run_dir);
	upload->n_failed++;
	upload->failure = error_first(upload->failure, error);
}

static void
put(struct upload *upload, const char *type, const char *name, int fd)
{
	char sha256[FILE_SHA256_TEXT];
	size_t size_bytes;
	struct error *error =
	    store_put(upload->store, name, fd, &size_bytes, sha256);

	if (error == NULL)
		record(upload, type, name, size_bytes, sha256);
	else
		note_failure(upload, type, error);
}

/* Is the file in this run's directory, or in that of a run beside it, which
 * this one goes on with? Other files are none of a run's making. */
static bool
is_of_a_run(const struct stage *stage, const char *path)
{
	char *run_dir = file_resolve(stage->run_dir);
	char *file = file_resolve(path);
	const char *slash = run_dir != NULL ? strrchr(run_dir, '/') : NULL;
	size_t len = slash != NULL ? (size_t)(slash - run_dir) + 1 : 0;
	bool is = len > 1 && file != NULL && strncmp(file, run_dir, len) == 0;

	free(run_dir);
	free(file);
	return is;
}

/*
 * A regular file and no link: an agent may write to the run directory, and
 * must not make us publish what it cannot read.
 */
static int
open_source(const struct stage *stage, const char *path, size_t *size_bytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat info;

	if (fd < 0)
		return -1;
	if (fstat(fd, &info) < 0 || !S_ISREG(info.st_mode) ||
	    !is_of_a_run(stage, path)) {
		close(fd);
		errno = EINVAL;
		return -1;
	}
	*size_bytes = (size_t)info.st_size;
	return fd;
}

/* `path` NULL, or nothing there: the stage that makes it did not get so far. */
static void
put_path(struct upload *upload, const char *type, const char *name,
    const char *path, bool even_empty)
{
	size_t size_bytes = 0;
	int fd =
	    path != NULL ? open_source(upload->stage, path, &size_bytes) : -1;

	if (fd >= 0) {
		if (size_bytes > 0 || even_empty)
			put(upload, type, name, fd);
		close(fd);
	} else if (path != NULL && errno != ENOENT) {
		note_failure(upload, type,
		    errno == EINVAL || errno == ELOOP
			? error_new(
			      ERROR_UPLOAD, "'%s' is no file of a run", path)
			: error_errno(ERROR_UPLOAD, "cannot open '%s'", path));
	}
}

/* The files that the elements name under `member`, those of their earlier
 * attempts first. */
static void
put_elements(
    struct upload *upload, jv elements, const char *type, const char *member)
{
	size_t n = json_array_length(elements, NULL);

	for (size_t i = 0; i < n; i++) {
		jv element = json_element(elements, i);
		jv earlier = json_get(element, "earlier_attempts");
		const char *path = json_string(element, member);
		const char *slash = path != NULL ? strrchr(path, '/') : NULL;

		put_elements(upload, earlier, type, member);
		if (slash != NULL && slash[1] != '\0')
			put_path(upload, type, slash + 1, path, false);
		jv_free(earlier);
		jv_free(element);
	}
}

static void
put_each(struct upload *upload, const char *list, const char *type,
    const char *member)
{
	jv elements = json_get(document_value(upload->stage->doc), list);

	put_elements(upload, elements, type, member);
	jv_free(elements);
}

/* A file without a name, for what is not in one yet. */
static int
open_scratch(const struct stage *stage)
{
	char *path = stage_path(stage, "upload.XXXXXX");
	int fd = mkstemp(path);

	if (fd >= 0)
		unlink(path);
	free(path);
	return fd;
}

static void
put_scratch(struct upload *upload, const char *type, const char *name, int fd,
    struct error *error)
{
	if (error == NULL && lseek(fd, 0, SEEK_SET) < 0)
		error = error_errno(ERROR_IO, "cannot read it");
	if (error == NULL)
		put(upload, type, name, fd);
	else
		note_failure(upload, type, error);
	if (fd >= 0)
		close(fd);
}

static struct error *
write_section(int fd, const struct document *doc, const char *section)
{
	jv value = json_get(document_value(doc), section);
	char *text = json_text(value);
	struct error *error =
	    file_write_all(fd, text, strlen(text), "a scratch file");

	if (error == NULL)
		error = file_write_all(fd, "\n", 1, "a scratch file");
	free(text);
	return error;
}

static bool
has_section(const struct document *doc, const char *section)
{
	jv value = json_get(document_value(doc), section);
	bool has = jv_get_kind(value) == JV_KIND_OBJECT;

	jv_free(value);
	return has;
}

static void
put_test_result(struct upload *upload)
{
	const struct document *doc = upload->stage->doc;
	int fd;

	if (!has_section(doc, "test_result"))
		return;
	fd = open_scratch(upload->stage);
	put_scratch(upload, "test_result", "test-result.json", fd,
	    fd >= 0 ? write_section(fd, doc, "test_result")
		    : error_errno(ERROR_IO, "cannot create a scratch file"));
}

/* The document as it is now, without the artifacts. */
static void
put_document(struct upload *upload)
{
	const struct stage *stage = upload->stage;
	int fd = open_scratch(stage);

	put_scratch(upload, "document", "document.json", fd,
	    fd >= 0 ? document_write(stage->doc, fd, stage->mask)
		    : error_errno(ERROR_IO, "cannot create a scratch file"));
}

static void
put_all(struct upload *upload)
{
	const struct document *doc = upload->stage->doc;
	char *log = stage_path(upload->stage, "run.log");

	put_path(upload, "diff", "changes.diff",
	    document_string(doc, "impl_result.diff_path"), true);
	put_path(upload, "log", "run.log", log, true);
	put_path(upload, "junit", "playbook.junit.xml",
	    document_string(doc, "playbook_result.junit_path"), false);
	put_each(upload, "playbook_result.step_results", "step_output",
	    "stdout_path");
	put_each(upload, "playbook_result.step_results", "step_output",
	    "stderr_path");
	put_path(upload, "junit", "test.junit.xml",
	    document_string(doc, "test_result.junit_path"), false);
	put_test_result(upload);
	put_each(
	    upload, "test_result.test_results", "test_output", "stdout_path");
	put_each(
	    upload, "test_result.test_results", "test_output", "stderr_path");
	put_each(upload, "impl_result.attempts", "prompt", "prompt_path");
	put_each(upload, "impl_result.attempts", "agent_output", "stdout_path");
	put_each(upload, "impl_result.attempts", "agent_output", "stderr_path");
	put_document(upload);
	free(log);
}

/* Artifacts of an earlier upload stay, unless they were stored anew. */
static jv
keep_earlier(const struct upload *upload)
{
	jv earlier = json_get(document_value(upload->stage->doc), "artifacts");
	size_t n = json_array_length(earlier, NULL);
	jv kept = jv_array();

	for (size_t i = 0; i < n; i++) {
		jv artifact = json_element(earlier, i);
		const char *uri = json_string(artifact, "uri");
		bool again = false;

		for (size_t k = 0; k < upload->n_stored && !again; k++) {
			jv stored = json_element(upload->artifacts, k);
			const char *name = json_string(stored, "uri");

			again = uri != NULL && strcmp(name, uri) == 0;
			jv_free(stored);
		}
		if (again)
			jv_free(artifact);
		else
			kept = jv_array_append(kept, artifact);
	}
	jv_free(earlier);
	return kept;
}

static struct error *
store_all(struct upload *upload, const char *place)
{
	struct stage *stage = upload->stage;
	struct error *error;
	char *uri;

	put_all(upload);
	error = store_finish(upload->store);
	if (error != NULL)
		note_failure(upload, "list of checksums", error);
	document_set(stage->doc, "artifacts",
	    jv_array_concat(keep_earlier(upload), jv_copy(upload->artifacts)));
	if (upload->n_stored > 0) {
		uri = store_uri(upload->store, "");
		log_event(LOG_INFO, "artifacts_stored",
		    json_set_string(jv_object(), "place", place),
		    "stored %zu artifacts in %s", upload->n_stored, uri);
		free(uri);
	}
	error = upload->failure;
	upload->failure = NULL;
	if (error == NULL || config_boolean(stage->config, "strict"))
		return error;
	error_free(error);
	return NULL;
}

static void
plan(const struct upload *upload)
{
	char *uri = store_uri(upload->store, "");

	stage_plan(upload->stage, "store diff, log and results in %s", uri);
	free(uri);
}

static struct error *
run(struct stage *stage)
{
	const char *url = config_string(stage->config, "artifact_store_url");
	struct upload upload = { .stage = stage, .artifacts = jv_array() };
	char *place = place_of(stage);
	struct error *error =
	    store_open(&upload.store, url, place, stage->mask);

	if (error == NULL && stage->dry_run)
		plan(&upload);
	else if (error == NULL)
		error = store_all(&upload, place);
	store_free(upload.store);
	jv_free(upload.artifacts);
	free(place);
	return error;
}

int
main(int argc, char *argv[])
{
	static const char *const keys[] = { "artifact_store_url", "strict",
		"mask_secrets", NULL };
	static const struct stage_program program = {
		.name = "nr-upload",
		.description = "store what a run has made",
		.keys = keys,
		.after_error = true,
		.run = run,
	};

	return stage_main(argc, argv, &program);
}
