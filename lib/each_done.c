/* SPDX-License-Identifier: MIT */
/* Tasks by the digest of their names: a million of them is some 30 MB. */
#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <unistd.h>

#include "each_internal.h"
#include "memory.h"

enum { DIGEST_BYTES = 16, FIRST_CAPACITY = 1024, CHUNK_BYTES = 64 * 1024 };

static const unsigned char empty[DIGEST_BYTES];

/* False: it has no task_id. */
static bool
digest_of(unsigned char digest[DIGEST_BYTES], const struct each_document *doc)
{
	char *spec = each_document_string(doc, DOCUMENT_SPEC);
	char *task = each_document_string(doc, DOCUMENT_TASK);
	struct sha256_ctx context;

	sha256_init(&context);
	if (spec != NULL)
		sha256_update(&context, strlen(spec), (const uint8_t *)spec);
	sha256_update(&context, 1, (const uint8_t *)"");
	if (task != NULL)
		sha256_update(&context, strlen(task), (const uint8_t *)task);
	sha256_digest(&context, DIGEST_BYTES, digest);
	free(spec);
	free(task);
	return task != NULL;
}

/* Where it is, or belongs. */
static unsigned char *
find(const struct each_done *done, const unsigned char *digest)
{
	size_t at = 0;

	for (size_t i = 0; i < sizeof at; i++)
		at = at << 8 | digest[i];
	for (;; at++) {
		unsigned char *slot =
		    done->digests + at % done->capacity * DIGEST_BYTES;

		if (memcmp(slot, digest, DIGEST_BYTES) == 0 ||
		    memcmp(slot, empty, DIGEST_BYTES) == 0)
			return slot;
	}
}

static void
grow(struct each_done *done)
{
	struct each_done larger = {
		.n = done->n,
		.capacity =
		    done->capacity > 0 ? 2 * done->capacity : FIRST_CAPACITY,
	};

	larger.digests = xcalloc(larger.capacity, DIGEST_BYTES);
	for (size_t i = 0; i < done->capacity; i++) {
		const unsigned char *old = done->digests + i * DIGEST_BYTES;

		if (memcmp(old, empty, DIGEST_BYTES) != 0)
			memcpy(find(&larger, old), old, DIGEST_BYTES);
	}
	free(done->digests);
	*done = larger;
}

static void
add(struct each_done *done, const struct each_document *doc)
{
	unsigned char digest[DIGEST_BYTES], *slot;

	if (!digest_of(digest, doc))
		return;
	if (2 * (done->n + 1) > done->capacity)
		grow(done);
	slot = find(done, digest);
	if (memcmp(slot, empty, DIGEST_BYTES) == 0) {
		memcpy(slot, digest, DIGEST_BYTES);
		done->n++;
	}
}

static bool
counts(const struct each_document *doc, bool with_failed)
{
	bool cancelled;
	char *type;

	if (!each_document_failed(doc))
		return true;
	if (!with_failed)
		return false;
	each_document_error(doc, &type);
	cancelled =
	    type != NULL && strcmp(type, error_type_name(ERROR_CANCELLED)) == 0;
	free(type);
	return !cancelled;
}

static void
end_line(struct each_done *done, struct each_document *doc, bool with_failed,
    size_t *n_broken)
{
	bool whole = json_peek_end(&doc->peek);

	if (whole && counts(doc, with_failed))
		add(done, doc);
	else if (!whole && !doc->peek.is_blank)
		++*n_broken;
	each_document_watch(doc);
}

static void
read_lines(struct each_done *done, struct each_document *doc, const char *at,
    size_t len, bool with_failed, size_t *n_broken)
{
	while (len > 0) {
		const char *newline = memchr(at, '\n', len);
		size_t n = newline != NULL ? (size_t)(newline - at) : len;

		json_peek_write(&doc->peek, at, n);
		if (newline == NULL)
			return;
		end_line(done, doc, with_failed, n_broken);
		at += n + 1;
		len -= n + 1;
	}
}

/* A last line without a newline was cut off as it was written, even if it
 * should look whole: its writer has not got to its end. */
struct error *
each_done_read(struct each_done *done, const char *path, bool with_failed,
    size_t *n_broken)
{
	struct each_document doc = { .fd = -1 };
	struct error *error = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *chunk;
	ssize_t n;

	*n_broken = 0;
	if (fd < 0 && errno == ENOENT)
		return NULL;
	if (fd < 0)
		return error_errno(ERROR_USAGE, "cannot open '%s'", path);
	chunk = xmalloc(CHUNK_BYTES);
	each_document_watch(&doc);
	while ((n = read(fd, chunk, CHUNK_BYTES)) > 0)
		read_lines(done, &doc, chunk, (size_t)n, with_failed, n_broken);
	if (n < 0)
		error = error_errno(ERROR_IO, "cannot read '%s'", path);
	if (!doc.peek.is_blank)
		++*n_broken;
	each_document_release(&doc);
	free(chunk);
	close(fd);
	return error;
}

bool
each_done_has(const struct each_done *done, const struct each_document *doc)
{
	unsigned char digest[DIGEST_BYTES];

	return done->n > 0 && digest_of(digest, doc) &&
	    memcmp(find(done, digest), empty, DIGEST_BYTES) != 0;
}

void
each_done_release(struct each_done *done)
{
	free(done->digests);
	*done = (struct each_done){ 0 };
}
