/* SPDX-License-Identifier: MIT */
/*
 * mask_library: the masking interface as a stage uses it. One set of secrets
 * serves a text, a file and a stream; a secret that is added while a stream
 * is open counts from then on.
 */
#include "mask.h"

#include <fcntl.h>
#include <unistd.h>

#include "buffer.h"
#include "memory.h"

static struct error *
collect(void *context, const char *bytes, size_t len)
{
	buffer_append(context, bytes, len);
	return NULL;
}

static void
want(const char *what, const char *text, const char *got)
{
	if (strcmp(text, got) == 0)
		return;
	fprintf(stderr, "%s: want '%s', got '%s'\n", what, text, got);
	exit(1);
}

static void
check_text(const struct mask *mask)
{
	static const char text[] = "a first-value, password=a1b2c3d4";
	size_t len;
	char *masked = mask_text(mask, text, strlen(text), &len);

	want("text", "a ***, password=***", masked);
	free(masked);
	masked = mask_text(NULL, text, strlen(text), &len);
	want("no mask", text, masked);
	free(masked);
}

static void
check_file(const struct mask *mask)
{
	struct buffer out = BUFFER_INIT(4096);
	int in = open("in", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int to = open("out", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (write(in, "in a file: first-value", 22) != 22)
		exit(1);
	lseek(in, 0, SEEK_SET);
	error_free(mask_fd(mask, in, to));
	lseek(to, 0, SEEK_SET);
	error_free(buffer_read_fd(&out, to, "out"));
	want("file", "in a file: ***", out.data);
	close(in);
	close(to);
	buffer_release(&out);
}

static void
put(struct mask_stream *stream, const char *text)
{
	error_free(mask_stream_write(stream, text, strlen(text)));
}

static void
check_stream(struct mask *mask)
{
	struct buffer out = BUFFER_INIT(4096);
	struct mask_stream *stream = mask_stream_new(mask, collect, &out);

	put(stream, "first-value second-value, then secon");
	mask_add(mask, "SECOND", "second-value", 12);
	put(stream, "d-value first-val");
	put(stream, "ue second-");
	put(stream, "value");
	error_free(mask_stream_end(stream));
	want("stream", "*** second-value, then secon*** *** ***", out.data);
	buffer_clear(&out);
	put(stream, "the next text: second-value");
	error_free(mask_stream_end(stream));
	want("again", "the next text: ***", out.data);
	mask_stream_free(stream);
	buffer_release(&out);
}

int
main(void)
{
	struct mask *mask = mask_new();
	size_t offset;

	mask_add(mask, "FIRST", "first-value\n", 12);
	if (mask_add(mask, "SHORT", "abc", 3) || mask_count(mask) != 1)
		return 1;
	check_text(mask);
	check_file(mask);
	check_stream(mask);
	want("find", "SECOND", mask_find(mask, "x second-value", 14, &offset));
	mask_free(mask);
	return offset == 2 ? 0 : 1;
}
