/* SPDX-License-Identifier: MIT */
#include "yaml.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buffer.h"
#include "memory.h"
#include "yaml_build.h"

struct error *
yaml_read_text(
    struct yaml **yaml, const char *text, size_t len, const char *name)
{
	struct yaml *built = xcalloc(1, sizeof *built);
	struct error *error;

	built->value = jv_invalid();
	if (len > YAML_MAX_BYTES)
		error = error_new(ERROR_CONFIG,
		    "%s:1:1: larger than the %d bytes allowed", name,
		    YAML_MAX_BYTES);
	else
		error = yaml_build(built, text, len, name);
	if (error != NULL) {
		yaml_release(built);
		built = NULL;
	}
	*yaml = built;
	return error;
}

/* A descriptor of a file that can be read without waiting; -1: *error. */
static int
open_input(const char *path, struct error **error)
{
	const char *reason = NULL;
	struct stat status;
	/* Without O_NONBLOCK the open of a FIFO waits for a writer. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 || fstat(fd, &status) != 0) {
		*error = error_errno(ERROR_CONFIG, "cannot read '%s'", path);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	if (S_ISDIR(status.st_mode))
		reason = "it is a directory; name the file in it";
	else if (!S_ISREG(status.st_mode) && !S_ISCHR(status.st_mode))
		reason = "it is no regular file";
	if (reason == NULL)
		return fd;
	*error = error_new(ERROR_CONFIG, "cannot read '%s': %s", path, reason);
	close(fd);
	return -1;
}

struct error *
yaml_read_file(struct yaml **yaml, const char *path)
{
	struct buffer text = BUFFER_INIT(YAML_MAX_BYTES);
	struct error *error = NULL;
	int fd = open_input(path, &error);

	*yaml = NULL;
	if (fd < 0)
		return error;
	error = buffer_read_fd(&text, fd, path);
	close(fd);
	if (error == NULL) {
		error = yaml_read_text(yaml, text.data, text.len, path);
	} else {
		struct error *cause = error;

		error = error_new(ERROR_CONFIG, "%s", cause->message);
		error_free(cause);
	}
	buffer_release(&text);
	return error;
}

void
yaml_release(struct yaml *yaml)
{
	if (yaml == NULL)
		return;
	jv_free(yaml->value);
	yaml_nodes_release(&yaml->nodes);
	for (size_t i = 0; i < yaml->n_warnings; i++)
		free(yaml->warnings[i]);
	free(yaml->warnings);
	free(yaml);
}

jv
yaml_value(const struct yaml *yaml)
{
	return yaml->value;
}

struct yaml_mark
yaml_mark_at(const struct yaml *yaml, const char *pointer)
{
	const struct yaml_node *node = yaml_nodes_at(&yaml->nodes, pointer);

	return node != NULL ? node->mark : (struct yaml_mark){ 1, 1 };
}

struct yaml_mark
yaml_key_mark_at(const struct yaml *yaml, const char *pointer)
{
	const struct yaml_node *node = yaml_nodes_at(&yaml->nodes, pointer);

	return node != NULL ? node->key_mark : (struct yaml_mark){ 1, 1 };
}

const char *
yaml_source_at(const struct yaml *yaml, const char *pointer)
{
	const struct yaml_node *node = yaml_nodes_at(&yaml->nodes, pointer);

	return node != NULL ? node->source : NULL;
}

size_t
yaml_n_warnings(const struct yaml *yaml)
{
	return yaml->n_warnings;
}

const char *
yaml_warning(const struct yaml *yaml, size_t n)
{
	return yaml->warnings[n];
}
