/* SPDX-License-Identifier: MIT */
#include "artifact_list.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "json.h"
#include "memory.h"
#include "path_list.h"

static const char json_type[] = "application/json";
static const char text_type[] = "text/plain; charset=utf-8";

struct collector {
	struct artifact_list *list;
	const struct document *doc;
	const char *run_dir;
};

static void
add(struct artifact_list *list, const struct artifact *artifact)
{
	list->artifacts = xreallocarray(
	    list->artifacts, list->n + 1, sizeof *list->artifacts);
	list->artifacts[list->n++] = *artifact;
}

/*
 * Is the file in this run's directory, or in that of a run beside it, which
 * this one goes on with? Other files are none of a run's making. What lies
 * beside is for NR_RUN_DIR to say: a document could name any directory.
 */
static bool
is_of_a_run(const char *run_dir, const char *path)
{
	char *directory = file_resolve(run_dir), *file = file_resolve(path);
	bool is = false;

	if (directory != NULL && file != NULL) {
		char *slash = strrchr(directory, '/');

		is = path_is_below(file, directory);
		if (getenv("NR_RUN_DIR") != NULL && slash > directory) {
			*slash = '\0';
			is = is || path_is_below(file, directory);
		}
	}
	free(directory);
	free(file);
	return is;
}

static int
open_source(const char *run_dir, const char *path, size_t *size_bytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat info;

	if (fd < 0)
		return -1;
	if (fstat(fd, &info) < 0 || !S_ISREG(info.st_mode) ||
	    !is_of_a_run(run_dir, path)) {
		close(fd);
		errno = EINVAL;
		return -1;
	}
	*size_bytes = (size_t)info.st_size;
	return fd;
}

static const char *
content_type_of(const char *type, const char *name)
{
	const char *dot = strrchr(name, '.');

	if (strcmp(type, "diff") == 0)
		return "text/x-diff; charset=utf-8";
	if (strcmp(type, "log") == 0)
		return "application/x-ndjson";
	if (dot != NULL && strcmp(dot, ".xml") == 0)
		return "application/xml";
	if (dot != NULL && strcmp(dot, ".md") == 0)
		return "text/markdown; charset=utf-8";
	return text_type;
}

/* `path` NULL, or nothing there: the stage that makes it did not get so far. */
static void
add_path(struct collector *to, const char *type, const char *name,
    const char *path, bool even_empty)
{
	size_t size_bytes = 0;
	int fd =
	    path != NULL ? open_source(to->run_dir, path, &size_bytes) : -1;
	struct artifact artifact = { .type = type,
		.content_type = content_type_of(type, name),
		.fd = fd };

	if (fd < 0 && (path == NULL || errno == ENOENT))
		return;
	if (fd < 0)
		artifact.problem = errno == EINVAL || errno == ELOOP
		    ? error_new(ERROR_UPLOAD, "'%s' is no file of a run", path)
		    : error_errno(ERROR_UPLOAD, "cannot open '%s'", path);
	if (fd >= 0 && size_bytes == 0 && !even_empty) {
		close(fd);
		return;
	}
	artifact.name = xstrdup(name);
	add(to->list, &artifact);
}

/* The files that the elements name under `member`, those of their earlier
 * attempts first. */
static void
add_elements(
    struct collector *to, jv elements, const char *type, const char *member)
{
	size_t n = json_array_length(elements, NULL);

	for (size_t i = 0; i < n; i++) {
		jv element = json_element(elements, i);
		jv earlier = json_get(element, "earlier_attempts");
		const char *path = json_string(element, member);
		const char *slash = path != NULL ? strrchr(path, '/') : NULL;

		add_elements(to, earlier, type, member);
		if (slash != NULL && slash[1] != '\0')
			add_path(to, type, slash + 1, path, false);
		jv_free(earlier);
		jv_free(element);
	}
}

static void
add_each(struct collector *to, const char *list, const char *type,
    const char *member)
{
	jv elements = json_get(document_value(to->doc), list);

	add_elements(to, elements, type, member);
	jv_free(elements);
}

/* A file without a name, for what is not in one yet. */
static int
open_scratch(const char *run_dir)
{
	char *path = file_join(run_dir, "upload.XXXXXX");
	int fd = mkstemp(path);

	if (fd >= 0)
		unlink(path);
	free(path);
	return fd;
}

static void
add_scratch(struct artifact_list *list, struct artifact *artifact,
    struct error *problem)
{
	artifact->problem = problem;
	if (problem != NULL && artifact->fd >= 0) {
		close(artifact->fd);
		artifact->fd = -1;
	}
	add(list, artifact);
}

static struct error *
no_scratch(void)
{
	return error_errno(ERROR_IO, "cannot create a scratch file");
}

void
artifact_list_add_json(struct artifact_list *list, const char *type,
    const char *name, const char *content_type, jv value, const char *run_dir)
{
	struct artifact artifact = { .type = type,
		.name = xstrdup(name),
		.content_type = content_type,
		.as_it_is = true,
		.fd = open_scratch(run_dir) };
	struct error *error = artifact.fd < 0 ? no_scratch() : NULL;
	char *text = json_text(value);

	if (error == NULL)
		error = file_write_all(
		    artifact.fd, text, strlen(text), "a scratch file");
	if (error == NULL)
		error = file_write_all(artifact.fd, "\n", 1, "a scratch file");
	free(text);
	add_scratch(list, &artifact, error);
}

static void
add_test_result(struct collector *to)
{
	jv value = json_get(document_value(to->doc), "test_result");

	if (jv_get_kind(value) != JV_KIND_OBJECT) {
		jv_free(value);
		return;
	}
	artifact_list_add_json(to->list, "test_result", "test-result.json",
	    json_type, value, to->run_dir);
	to->list->artifacts[to->list->n - 1].as_it_is = false;
}

/* The document as it is now, without the artifacts. */
static void
add_document(struct collector *to, const struct mask *mask)
{
	struct artifact artifact = { .type = "document",
		.name = xstrdup("document.json"),
		.content_type = json_type,
		.fd = open_scratch(to->run_dir) };

	add_scratch(to->list, &artifact,
	    artifact.fd < 0 ? no_scratch()
			    : document_write(to->doc, artifact.fd, mask));
}

void
artifact_list_collect(struct artifact_list *list, const struct document *doc,
    const char *run_dir, const struct mask *mask)
{
	struct collector to = { list, doc, run_dir };
	char *log = file_join(run_dir, "run.log");

	add_path(&to, "diff", "changes.diff",
	    document_string(doc, "impl_result.diff_path"), true);
	add_path(&to, "log", "run.log", log, true);
	add_path(&to, "junit", "playbook.junit.xml",
	    document_string(doc, "playbook_result.junit_path"), false);
	add_each(
	    &to, "playbook_result.step_results", "step_output", "stdout_path");
	add_each(
	    &to, "playbook_result.step_results", "step_output", "stderr_path");
	add_path(&to, "junit", "test.junit.xml",
	    document_string(doc, "test_result.junit_path"), false);
	add_test_result(&to);
	add_each(&to, "test_result.test_results", "test_output", "stdout_path");
	add_each(&to, "test_result.test_results", "test_output", "stderr_path");
	add_each(&to, "impl_result.attempts", "prompt", "prompt_path");
	add_each(&to, "impl_result.attempts", "agent_output", "stdout_path");
	add_each(&to, "impl_result.attempts", "agent_output", "stderr_path");
	add_document(&to, mask);
	free(log);
}

void
artifact_list_release(struct artifact_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		if (list->artifacts[i].fd >= 0)
			close(list->artifacts[i].fd);
		error_free(list->artifacts[i].problem);
		free(list->artifacts[i].name);
	}
	free(list->artifacts);
	*list = (struct artifact_list){ 0 };
}
