/* SPDX-License-Identifier: MIT */
/*
 * mask_splits [VALUE...]: masks standard input, with the rules and these
 * values, and prints it, if it is the same for every split in two, byte by
 * byte, as a whole text, for a second time, and on every kind of machine.
 */
#include "mask.h"

#include <unistd.h>

#include "buffer.h"
#include "mask_finder.h"
#include "memory.h"

static struct error *
collect(void *context, const char *bytes, size_t len)
{
	buffer_append(context, bytes, len);
	return NULL;
}

/* Through a stream, in pieces of `step` bytes after the first ones. */
static void
through(struct buffer *out, const struct mask *mask, const struct buffer *in,
    size_t first, size_t step)
{
	struct mask_stream *stream = mask_stream_new(mask, collect, out);

	buffer_clear(out);
	buffer_append(out, "", 0);
	for (size_t at = 0; at < in->len;) {
		size_t n = at == 0 ? first : step;

		n = n < in->len - at ? n : in->len - at;
		error_free(mask_stream_write(stream, in->data + at, n));
		at += n;
		if (n == 0)
			break;
	}
	error_free(mask_stream_end(stream));
	mask_stream_free(stream);
}

static void
compare(const char *what, const struct buffer *want, const struct buffer *got,
    size_t at)
{
	if (want->len == got->len &&
	    memcmp(want->data, got->data, want->len) == 0)
		return;
	fprintf(
	    stderr, "%s %zu: the output differs:\n%s\n", what, at, got->data);
	exit(1);
}

static struct mask *
make_mask(int argc, char *argv[])
{
	struct mask *mask = mask_new();

	for (int i = 1; i < argc; i++)
		mask_add(mask, "VALUE", argv[i], strlen(argv[i]));
	return mask;
}

static void
check(
    const struct mask *mask, const struct buffer *in, const struct buffer *want)
{
	struct buffer out = BUFFER_INIT(1 << 24);
	size_t len;
	char *text;

	for (size_t first = 1; first <= in->len; first++) {
		through(&out, mask, in, first, in->len);
		compare("split at", want, &out, first);
	}
	for (size_t step = 1; step < 40; step += 3) {
		through(&out, mask, in, step, step);
		compare("pieces of", want, &out, step);
	}
	through(&out, mask, want, want->len, want->len);
	compare("twice", want, &out, 2);
	/* It comes to an end wherever the text ends. */
	for (size_t end = 0; end < in->len; end++)
		free(mask_text(mask, in->data, end, &len));
	text = mask_text(mask, in->data, in->len, &len);
	buffer_clear(&out);
	buffer_append(&out, text, len);
	free(text);
	compare("as a text", want, &out, 0);
	buffer_release(&out);
}

int
main(int argc, char *argv[])
{
	struct buffer in = BUFFER_INIT(1 << 24), want = BUFFER_INIT(1 << 24);
	struct buffer out = BUFFER_INIT(1 << 24);

	error_free(buffer_read_fd(&in, STDIN_FILENO, "standard input"));
	for (int level = 0; level < 3; level++) {
		struct mask *mask;

		mask_finder_limit(level);
		mask = make_mask(argc, argv);
		through(&out, mask, &in, in.len, in.len);
		if (level == 0)
			buffer_append(&want, out.data, out.len);
		compare("level", &want, &out, (size_t)level);
		if (level == 2)
			check(mask, &in, &want);
		mask_free(mask);
	}
	fwrite(want.data, 1, want.len, stdout);
	buffer_release(&in);
	buffer_release(&want);
	buffer_release(&out);
	return fflush(stdout) == 0 ? 0 : 1;
}
