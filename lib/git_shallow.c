/* SPDX-License-Identifier: MIT */
/*
 * Shallow clones, which libgit2 1.5 knows nothing of: where it meets a commit
 * whose parents are not there, it fails, or loses what it was doing. So to it
 * the commits that are named in the file `shallow` have no parents: a backend
 * in front of the object database reads them so, and compares all others with
 * their names, which libgit2 can do for all of them or for none. And the remote
 * is told of them, as git does it (gitprotocol-pack(5)): else it takes for
 * granted that their history is here, and sends differences to what is in it.
 */
#include "git_internal.h"

#include <git2/sys/odb_backend.h>
#include <stdlib.h>
#include <unistd.h>

#include "file.h"
#include "memory.h"

enum {
	MAX_BYTES = 16 * 1024 * 1024,
	ID_LINE = GIT_OID_HEXSZ + 1,
	LENGTH_DIGITS = 4,
	PRIORITY = 100, /* before libgit2's own */
};

struct ends {
	git_odb_backend backend; /* first: libgit2 hands it back */
	git_odb *objects;        /* as they are */
	git_oid *ids;            /* sorted */
	size_t n;
};

static int
compare(const void *a, const void *b)
{
	return git_oid_cmp(a, b);
}

static bool
is_end(const struct ends *ends, const git_oid *id)
{
	return bsearch(id, ends->ids, ends->n, sizeof *ends->ids, compare) !=
	    NULL;
}

/* The length of the lines "tree ..." and "parent ...", and of the first. */
static size_t
skip_parents(const char *text, size_t len, size_t *tree_len)
{
	const char *end = memchr(text, '\n', len);
	size_t n = end != NULL ? (size_t)(end - text) + 1 : len;

	*tree_len = n;
	while (len - n > 7 && memcmp(text + n, "parent ", 7) == 0) {
		end = memchr(text + n, '\n', len - n);
		n = end != NULL ? (size_t)(end - text) + 1 : len;
	}
	return n;
}

/* What libgit2 itself does not look at any more, see add_backend(). */
static int
check_name(const git_oid *id, git_odb_object *object)
{
	char text[GIT_ID_TEXT];
	char *message;
	git_oid real;
	int code = git_odb_hash(&real, git_odb_object_data(object),
	    git_odb_object_size(object), git_odb_object_type(object));

	if (code < 0 || git_oid_equal(&real, id))
		return code;
	git_oid_tostr(text, sizeof text, id);
	message = xasprintf("object %s is not what its name says", text);
	git_error_set_str(GIT_ERROR_ODB, message);
	free(message);
	return GIT_EMISMATCH;
}

static int
read_checked(void **data, size_t *size, git_object_t *type,
    git_odb_backend *backend, const git_oid *id)
{
	const struct ends *ends = (const struct ends *)backend;
	git_odb_object *object = NULL;
	size_t len, tree_len, rest;
	const char *text;
	int code = git_odb_read(&object, ends->objects, id);

	if (code == 0)
		code = check_name(id, object);
	if (code < 0) {
		git_odb_object_free(object);
		return code;
	}
	text = git_odb_object_data(object);
	len = git_odb_object_size(object);
	*type = git_odb_object_type(object);
	rest = tree_len = 0;
	if (*type == GIT_OBJECT_COMMIT && is_end(ends, id))
		rest = skip_parents(text, len, &tree_len);
	*size = tree_len + len - rest;
	*data = git_odb_backend_data_alloc(backend, *size + 1);
	if (*data == NULL) {
		code = GIT_ERROR;
	} else {
		memcpy(*data, text, tree_len);
		memcpy((char *)*data + tree_len, text + rest, len - rest);
		((char *)*data)[*size] = '\0';
	}
	git_odb_object_free(object);
	return code;
}

static int
read_header(size_t *size, git_object_t *type, git_odb_backend *backend,
    const git_oid *id)
{
	void *data;
	int code;

	if (!is_end((const struct ends *)backend, id))
		return GIT_ENOTFOUND;
	code = read_checked(&data, size, type, backend, id);
	if (code == 0)
		git_odb_backend_data_free(backend, data);
	return code;
}

static void
free_ends(git_odb_backend *backend)
{
	struct ends *ends = (struct ends *)backend;

	git_odb_free(ends->objects);
	free(ends->ids);
	free(ends);
}

static struct ends *
new_ends(const char *lines, size_t len)
{
	struct ends *ends = xcalloc(1, sizeof *ends);

	*ends = (struct ends){
		.backend = {
			.version = GIT_ODB_BACKEND_VERSION,
			.read = read_checked,
			.read_header = read_header,
			.free = free_ends,
		},
		.ids = xcalloc(len / ID_LINE + 1, sizeof *ends->ids),
	};
	for (size_t at = 0; at + ID_LINE <= len; at += ID_LINE)
		if (git_oid_fromstrn(
			&ends->ids[ends->n], lines + at, GIT_OID_HEXSZ) == 0)
			ends->n++;
	qsort(ends->ids, ends->n, sizeof *ends->ids, compare);
	return ends;
}

static int
add_backend(const struct git *git, const struct buffer *lines)
{
	struct ends *ends = new_ends(lines->data, lines->len);
	char *path = file_join(git->common, "objects");
	git_odb *objects = NULL;
	int code = git_odb_open(&ends->objects, path);

	/* A commit without its parents is not what its name says. */
	if (code == 0)
		code = git_libgit2_opts(
		    GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 0);
	if (code == 0)
		code = git_repository_odb(&objects, git->repository);
	if (code == 0)
		code = git_odb_add_backend(objects, &ends->backend, PRIORITY);
	if (code < 0)
		free_ends(&ends->backend);
	git_odb_free(objects);
	free(path);
	return code;
}

/* "shallow ID" for each, as packet lines. */
static char *
announce(const struct buffer *lines)
{
	struct buffer text = BUFFER_INIT(2 * (size_t)MAX_BYTES);

	for (size_t at = 0; at + ID_LINE <= lines->len; at += ID_LINE)
		buffer_appendf(&text, "%04zxshallow %.*s",
		    (size_t)LENGTH_DIGITS + strlen("shallow ") + ID_LINE,
		    (int)ID_LINE, lines->data + at);
	return buffer_take(&text);
}

struct error *
git_take_shallow(struct git *git)
{
	/* git_repository_is_shallow() is wrong in worktrees. */
	char *path = file_join(git->common, "shallow");
	struct buffer lines = BUFFER_INIT(MAX_BYTES);
	struct error *err = NULL;
	int code = 0;

	if (access(path, F_OK) != 0) {
		free(path);
		return NULL;
	}
	err = file_read(&lines, path);
	if (err == NULL && lines.len > 0) {
		code = add_backend(git, &lines);
		git->shallow = announce(&lines);
	}
	buffer_release(&lines);
	free(path);
	if (code < 0)
		return git_failure(ERROR_WORKSPACE, code,
		    "cannot read the shallow clone '%s'", git->path);
	return err;
}

/* The bytes of a packet line, its length included; 0: it is none, or a flush
 * packet. */
static size_t
packet_length(const char *bytes, size_t len)
{
	char digits[LENGTH_DIGITS + 1] = "";
	size_t n;

	if (len < LENGTH_DIGITS)
		return 0;
	memcpy(digits, bytes, LENGTH_DIGITS);
	n = strtoul(digits, NULL, 16);
	return n <= len ? n : 0;
}

bool
git_add_shallow(const struct git *git, struct buffer *request,
    const char *bytes, size_t len)
{
	size_t at = 0, n;

	if (git->shallow == NULL || len < LENGTH_DIGITS + 5 ||
	    memcmp(bytes + LENGTH_DIGITS, "want ", 5) != 0)
		return false;
	while ((n = packet_length(bytes + at, len - at)) > 0)
		at += n;
	*request = BUFFER_INIT(len + strlen(git->shallow) + 1);
	buffer_append(request, bytes, at);
	buffer_append_string(request, git->shallow);
	buffer_append(request, bytes + at, len - at);
	return true;
}
