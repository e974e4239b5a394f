/* SPDX-License-Identifier: MIT */
#include "yaml.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buffer.h"
#include "memory.h"
#include "yaml_build.h"

static const struct yaml_options usual = {
	.max_bytes = YAML_MAX_BYTES,
	.max_events = YAML_MAX_EVENTS,
};

static struct yaml_options
complete(const struct yaml_options *options)
{
	struct yaml_options all = *options;

	if (all.max_bytes == 0)
		all.max_bytes = usual.max_bytes;
	if (all.max_events == 0)
		all.max_events = usual.max_events;
	return all;
}

struct error *
yaml_read_text(
    struct yaml **yaml, const char *text, size_t len, const char *name)
{
	return yaml_read_text_with(yaml, text, len, name, &usual);
}

/* Takes the text. */
static struct error *
read_text(struct yaml **yaml, char *text, size_t len, const char *name,
    const struct yaml_options *options)
{
	struct yaml_options all = complete(options);
	struct yaml *built = xcalloc(1, sizeof *built);
	struct error *error;

	built->value = jv_invalid();
	built->text = text;
	if (len > all.max_bytes)
		error = error_new(ERROR_CONFIG,
		    "%s:1:1: larger than the %zu bytes allowed", name,
		    all.max_bytes);
	else
		error = yaml_build(built, text, len, name, &all);
	if (error != NULL) {
		yaml_release(built);
		built = NULL;
	}
	*yaml = built;
	return error;
}

struct error *
yaml_read_text_with(struct yaml **yaml, const char *text, size_t len,
    const char *name, const struct yaml_options *options)
{
	char *copy = xmalloc(len + 1);

	/* There may be a NUL in it. */
	if (len > 0)
		memcpy(copy, text, len);
	copy[len] = '\0';
	return read_text(yaml, copy, len, name, options);
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
	return yaml_read_file_with(yaml, path, &usual);
}

struct error *
yaml_read_file_with(
    struct yaml **yaml, const char *path, const struct yaml_options *options)
{
	struct buffer text = BUFFER_INIT(complete(options).max_bytes);
	struct error *error = NULL;
	int fd = open_input(path, &error);
	size_t len;

	*yaml = NULL;
	if (fd < 0)
		return error;
	error = buffer_read_fd(&text, fd, path);
	close(fd);
	if (error == NULL) {
		len = text.len;
		error = read_text(yaml, buffer_take(&text), len, path, options);
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
	free(yaml->text);
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

	return node != NULL ? yaml_node_place(node->mark)
			    : (struct yaml_mark){ 1, 1 };
}

struct yaml_mark
yaml_key_mark_at(const struct yaml *yaml, const char *pointer)
{
	const struct yaml_node *node = yaml_nodes_at(&yaml->nodes, pointer);

	return node != NULL ? yaml_node_place(node->key_mark)
			    : (struct yaml_mark){ 1, 1 };
}

/* The text at a mark; NULL: the file is shorter. */
static const char *
text_at(const struct yaml *yaml, struct yaml_mark mark)
{
	const char *at = yaml->text;
	size_t column = 1;

	for (size_t line = 1; line < mark.line; line++) {
		at = strchr(at, '\n');
		if (at == NULL)
			return NULL;
		at++;
	}
	for (; column < mark.column && *at != '\0'; column++)
		do
			at++;
		while (((unsigned char)*at & 0xc0) == 0x80);
	return at;
}

static bool
is_white(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

struct walk {
	const char *at;
	struct yaml_mark mark;
	char quote; /* 0: none */
};

static void
advance(struct walk *walk)
{
	if (*walk->at == '\n') {
		walk->mark.line++;
		walk->mark.column = 1;
	} else if (((unsigned char)*walk->at & 0xc0) != 0x80) {
		walk->mark.column++;
	}
	walk->at++;
}

/* Lines are folded, and indented: white space is not as it reads. In "..."
 * some of it is written as an escape. */
static void
skip_white(struct walk *walk)
{
	for (;;) {
		if (walk->quote == '"' && *walk->at == '\\' &&
		    walk->at[1] != '\0' &&
		    strchr("nrt \t\n", walk->at[1]) != NULL)
			advance(walk);
		else if (!is_white(*walk->at))
			return;
		advance(walk);
	}
}

/* One byte that is not white; false: it was written otherwise. */
static bool
skip_byte(struct walk *walk, char c)
{
	bool is_escaped = (walk->quote == '\'' && c == '\'') ||
	    (walk->quote == '"' && (c == '"' || c == '\\'));

	if (is_escaped && *walk->at == (c == '\'' ? '\'' : '\\'))
		advance(walk);
	if (*walk->at != c)
		return false;
	advance(walk);
	return true;
}

static void
skip_opening(struct walk *walk)
{
	if (*walk->at == '"' || *walk->at == '\'') {
		walk->quote = *walk->at;
		advance(walk);
	} else if (*walk->at == '|' || *walk->at == '>') {
		while (*walk->at != '\0' && *walk->at != '\n')
			advance(walk);
	}
}

struct yaml_mark
yaml_mark_within(const struct yaml *yaml, struct yaml_mark mark,
    const char *value, size_t offset)
{
	struct walk walk = { .at = text_at(yaml, mark), .mark = mark };

	if (walk.at == NULL)
		return mark;
	skip_opening(&walk);
	for (size_t i = 0; i < offset; i++) {
		if (is_white(value[i]))
			continue;
		skip_white(&walk);
		if (!skip_byte(&walk, value[i]))
			return mark;
	}
	if (value[offset] != '\0' && !is_white(value[offset]))
		skip_white(&walk);
	return walk.mark;
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
