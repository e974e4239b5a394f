/* SPDX-License-Identifier: MIT */
#include "document.h"

#include <unistd.h>

#include "buffer.h"
#include "file.h"
#include "json.h"
#include "memory.h"
#include "ref_name.h"
#include "task.h"

struct member {
	char *name;
	const char *key, *value; /* into text; value NULL: was set */
	size_t key_len, value_len;
	char *set_text; /* that it was set to; NULL: to a value */
};

struct document {
	char *text; /* as read */
	struct member *members;
	size_t n;
	jv root;
};

static struct member *
find_member(const struct document *doc, const char *name)
{
	for (size_t i = 0; i < doc->n; i++)
		if (strcmp(doc->members[i].name, name) == 0)
			return &doc->members[i];
	return NULL;
}

static struct member *
add_member(struct document *doc, const char *name)
{
	doc->members =
	    xreallocarray(doc->members, doc->n + 1, sizeof *doc->members);
	doc->members[doc->n] = (struct member){ .name = xstrdup(name) };
	return &doc->members[doc->n++];
}

static void
keep_members(struct document *doc, const struct json_scan *scan)
{
	for (size_t i = 0; i < scan->n_members; i++) {
		const struct json_member *from = &scan->members[i];
		struct member *to = add_member(doc, from->name);

		to->key = from->key;
		to->key_len = from->key_len;
		to->value = from->value;
		to->value_len = from->value_len;
	}
}

static struct error *
problems_error(const char *name, size_t n, struct buffer *problems)
{
	struct error *error = error_new(ERROR_DOCUMENT,
	    "%s is not a usable document, %zu problem%s:%s", name, n,
	    n == 1 ? "" : "s", problems->data);

	buffer_release(problems);
	return error;
}

static size_t
syntax_problems(const struct json_scan *scan, struct buffer *problems)
{
	for (size_t i = 0; i < scan->n_problems; i++) {
		const struct json_problem *problem = &scan->problems[i];

		buffer_appendf(problems, "\n  %s%sline %zu, column %zu: %s",
		    problem->pointer, problem->pointer[0] != '\0' ? ": " : "",
		    problem->line, problem->column, problem->message);
	}
	return scan->n_problems;
}

static bool
syntax_fatal(const struct json_scan *scan)
{
	for (size_t i = 0; i < scan->n_problems; i++)
		if (scan->problems[i].fatal)
			return true;
	return false;
}

/* NecroCode's Dispatcher writes task_title for title. */
static void
take_alias(struct document *doc, const char *name, const char *alias)
{
	jv value = json_get(doc->root, alias);

	if (find_member(doc, name) == NULL && jv_is_valid(value))
		document_set(doc, name, value);
	else
		jv_free(value);
}

static struct error *
check_text(struct document *doc, size_t len, const char *name)
{
	struct buffer problems = BUFFER_INIT(65536);
	struct json_scan scan;
	size_t n;
	bool fatal;

	json_scan(&scan, doc->text, len);
	n = syntax_problems(&scan, &problems);
	fatal = syntax_fatal(&scan);
	if (!fatal) {
		doc->root = jv_parse_sized(doc->text, (int)len);
		keep_members(doc, &scan);
	}
	json_scan_release(&scan);
	if (!fatal && jv_get_kind(doc->root) != JV_KIND_OBJECT) {
		buffer_appendf(&problems, "\n  expected an object, found %s",
		    json_kind_name(doc->root));
		n++;
	} else if (!fatal) {
		take_alias(doc, "title", "task_title");
		take_alias(doc, "description", "task_description");
		n += task_check(doc->root, &problems);
	}
	if (n > 0)
		return problems_error(name, n, &problems);
	buffer_release(&problems);
	return NULL;
}

struct error *
document_read(struct document **out, int fd, const char *name)
{
	struct buffer text = BUFFER_INIT(DOCUMENT_MAX_BYTES);
	struct document *doc;
	struct error *error = buffer_read_fd(&text, fd, name);
	size_t len = text.len;

	*out = NULL;
	if (error != NULL) {
		/* Too large is the document's fault, not this machine's. */
		if (text.truncated) {
			error_free(error);
			error = error_new(ERROR_DOCUMENT,
			    "%s is larger than the %d bytes a document may "
			    "have; put bulk into files and name their paths",
			    name, DOCUMENT_MAX_BYTES);
		}
		buffer_release(&text);
		return error;
	}
	doc = xcalloc(1, sizeof *doc);
	doc->text = buffer_take(&text);
	doc->root = jv_invalid();
	error = check_text(doc, len, name);
	if (error != NULL) {
		document_free(doc);
		return error;
	}
	*out = doc;
	return NULL;
}

static void
release_member(struct member *member)
{
	free(member->name);
	free(member->set_text);
}

void
document_free(struct document *doc)
{
	if (doc == NULL)
		return;
	for (size_t i = 0; i < doc->n; i++)
		release_member(&doc->members[i]);
	free(doc->members);
	free(doc->text);
	jv_free(doc->root);
	free(doc);
}

static void
append_masked(struct buffer *out, const char *text, const struct mask *mask)
{
	size_t len;
	char *masked = mask_text(mask, text, strlen(text), &len);

	buffer_append(out, masked, len);
	free(masked);
}

/* The names of sections are ours; only values can hold a secret. */
static void
append_set_member(struct buffer *out, const struct document *doc,
    const struct member *member, const struct mask *mask)
{
	char *key = json_text(jv_string(member->name)), *value;

	buffer_appendf(out, "%s:", key);
	free(key);
	if (member->set_text != NULL) {
		append_masked(out, member->set_text, mask);
		return;
	}
	value = json_text(json_get(doc->root, member->name));
	append_masked(out, value, mask);
	free(value);
}

struct error *
document_write(const struct document *doc, int fd, const struct mask *mask)
{
	struct buffer out = BUFFER_INIT((size_t)4 * DOCUMENT_MAX_BYTES);
	struct error *error;

	buffer_append_string(&out, "{");
	for (size_t i = 0; i < doc->n; i++) {
		const struct member *member = &doc->members[i];

		if (i > 0)
			buffer_append_string(&out, ",");
		if (member->value == NULL) {
			append_set_member(&out, doc, member, mask);
			continue;
		}
		buffer_append(&out, member->key, member->key_len);
		buffer_append_string(&out, ":");
		buffer_append(&out, member->value, member->value_len);
	}
	buffer_append_string(&out, "}\n");
	if (out.truncated)
		error =
		    error_new(ERROR_INTERNAL, "the document grew too large");
	else
		error = file_write_all(fd, out.data, out.len, "the document");
	buffer_release(&out);
	return error;
}

jv
document_value(const struct document *doc)
{
	return doc->root;
}

const char *
document_string(const struct document *doc, const char *path)
{
	return json_string(doc->root, path);
}

static struct member *
set_member(struct document *doc, const char *name, jv value)
{
	struct member *member = find_member(doc, name);

	if (member == NULL)
		member = add_member(doc, name);
	member->value = NULL;
	free(member->set_text);
	member->set_text = NULL;
	doc->root = json_set(doc->root, name, value);
	return member;
}

void
document_set(struct document *doc, const char *name, jv value)
{
	set_member(doc, name, value);
}

void
document_set_text(struct document *doc, const char *name, char *text)
{
	set_member(doc, name, jv_null())->set_text = text;
}

void
document_remove(struct document *doc, const char *name)
{
	struct member *member = find_member(doc, name);
	size_t i;

	if (member == NULL)
		return;
	release_member(member);
	i = (size_t)(member - doc->members);
	memmove(member, member + 1, (doc->n - i - 1) * sizeof *member);
	doc->n--;
	doc->root = jv_object_delete(doc->root, jv_string(name));
}

bool
document_failed(const struct document *doc)
{
	jv error = json_get(doc->root, "error");
	bool failed = jv_get_kind(error) == JV_KIND_OBJECT;

	jv_free(error);
	return failed;
}

int
document_exit_code(const struct document *doc)
{
	const char *name = document_string(doc, "error.type");
	enum error_type type = ERROR_INTERNAL;

	if (!document_failed(doc))
		return 0;
	if (name != NULL)
		error_type_by_name(&type, name);
	return (int)json_number(
	    doc->root, "error.exit_code", error_type_exit_code(type));
}

jv
document_error(const char *stage, const struct error *error)
{
	jv value = jv_object();

	value = json_set_string(value, "type", error_type_name(error->type));
	value = json_set_string(value, "stage", stage);
	value = json_set_string(value, "message", error->message);
	value = json_set_boolean(value, "retryable", error->retryable);
	return json_set_number(value, "exit_code", error->exit_code);
}

void
document_set_error(
    struct document *doc, const char *stage, const struct error *error)
{
	document_set(doc, "error", document_error(stage, error));
}

const char *
document_base_branch(const struct document *doc)
{
	const char *name = document_string(doc, "base_branch");

	return name != NULL ? name : "main";
}

/* How much of a spec's name leaves room for the longest task id. */
static int
spec_length(const char *spec)
{
	size_t len = strlen(spec);

	if (len > 96)
		for (len = 96; len > 0 && (spec[len] & 0xc0) == 0x80;)
			len--;
	return (int)len;
}

char *
document_branch_name(const struct document *doc)
{
	const char *given = document_string(doc, "branch_name");
	const char *spec = document_string(doc, "spec_name");
	char *text, *name;

	if (given != NULL)
		return xstrdup(given);
	if (spec == NULL)
		spec = "";
	text = xasprintf("feature/task-%.*s%s%s", spec_length(spec), spec,
	    spec[0] != '\0' ? "-" : "", document_string(doc, "task_id"));
	/* A slash in a spec's name must not open a new level. */
	for (char *c = text + strlen("feature/"); *c != '\0'; c++)
		if (*c == '/')
			*c = '-';
	name = ref_name_make(text);
	free(text);
	return name;
}

const char *
document_workspace(const struct document *doc)
{
	const char *path = document_string(doc, "workspace.path");

	if (path == NULL)
		path = document_string(doc, "slot_path");
	return path != NULL && path[0] != '\0' ? path : NULL;
}
