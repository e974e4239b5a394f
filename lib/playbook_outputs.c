/* SPDX-License-Identifier: MIT */
#include "playbook_outputs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buffer.h"
#include "json.h"
#include "memory.h"

struct reading {
	jv outputs;
	struct buffer other;
	char *const *declared;
};

static bool
is_declared(char *const *declared, const char *name)
{
	for (; *declared != NULL; declared++)
		if (strcmp(*declared, name) == 0)
			return true;
	return false;
}

static void
set(struct reading *reading, const char *name, const char *value, size_t len)
{
	if (is_declared(reading->declared, name))
		reading->outputs = jv_object_set(reading->outputs,
		    jv_string(name), jv_string_sized(value, (int)len));
	else if (strstr(reading->other.len > 0 ? reading->other.data : "",
		     name) == NULL)
		buffer_appendf(&reading->other, "%s%s",
		    reading->other.len > 0 ? ", " : "", name);
}

/* The lines up to one that is `end`; returns what is behind it, or NULL. */
static const char *
read_lines(struct reading *reading, const char *name, const char *end,
    const char *text)
{
	const char *line = text;
	size_t len = strlen(end);

	while (*line != '\0') {
		size_t line_len = strcspn(line, "\n");

		if (line_len == len && strncmp(line, end, len) == 0) {
			size_t value = (size_t)(line - text);

			set(reading, name, text, value > 0 ? value - 1 : 0);
			return line[line_len] == '\n' ? line + line_len + 1
						      : line + line_len;
		}
		line += line_len + (line[line_len] == '\n');
	}
	return NULL;
}

/* One output; returns what is behind it, or NULL: it is none. */
static const char *
read_one(struct reading *reading, const char *text)
{
	size_t len = strcspn(text, "\n"), name_len = strcspn(text, "=<\n");
	const char *next = text + len + (text[len] == '\n');
	const char *mark = text + name_len;
	char *name, *end;

	if (len == 0)
		return next;
	if (name_len == 0 || name_len == len)
		return NULL;
	name = xstrndup(text, name_len);
	if (*mark == '=') {
		set(reading, name, mark + 1, len - name_len - 1);
	} else if (strncmp(mark, "<<", 2) == 0) {
		end = xstrndup(mark + 2, len - name_len - 2);
		next = read_lines(reading, name, end, next);
		free(end);
	} else {
		next = NULL;
	}
	free(name);
	return next;
}

static struct error *
read_all(struct reading *reading, const char *text)
{
	const char *next = text;

	while (*text != '\0') {
		next = read_one(reading, text);
		if (next == NULL)
			return error_new(ERROR_PLAYBOOK,
			    "cannot read its outputs: expected lines of "
			    "name=value, or name<<END with END on a line of "
			    "its own");
		text = next;
	}
	return NULL;
}

static struct error *
read_file(struct buffer *text, const char *path)
{
	/* Whoever wrote it could have put something else in its place. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct error *error;
	struct stat info;

	if (fd < 0)
		return error_errno(ERROR_PLAYBOOK, "cannot read its outputs");
	if (fstat(fd, &info) < 0 || !S_ISREG(info.st_mode))
		error = error_new(
		    ERROR_PLAYBOOK, "cannot read its outputs: no file");
	else if (info.st_size > PLAYBOOK_MAX_OUTPUT_BYTES)
		error = error_new(ERROR_PLAYBOOK,
		    "cannot read its outputs: more than %d bytes",
		    PLAYBOOK_MAX_OUTPUT_BYTES);
	else
		error = buffer_read_fd(text, fd, "the outputs of a step");
	close(fd);
	return error;
}

struct error *
playbook_outputs_read(
    jv *outputs, char **other, const char *path, char *const *declared)
{
	struct buffer text = BUFFER_INIT(PLAYBOOK_MAX_OUTPUT_BYTES);
	struct reading reading = {
		.outputs = jv_object(),
		.other = BUFFER_INIT(1024),
		.declared = declared,
	};
	struct error *error = read_file(&text, path);

	unlink(path);
	if (error == NULL && text.len > 0 &&
	    memchr(text.data, '\0', text.len) != NULL)
		error = error_new(
		    ERROR_PLAYBOOK, "cannot read its outputs: they hold a NUL");
	if (error == NULL && text.len > 0)
		error = read_all(&reading, text.data);
	buffer_release(&text);
	*outputs = reading.outputs;
	*other = buffer_take(&reading.other);
	return error;
}
