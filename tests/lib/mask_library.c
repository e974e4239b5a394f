/* SPDX-License-Identifier: MIT */
/*
 * mask_library: the masking interface as a stage uses it. One set of secrets
 * serves a text, a file and a stream; a secret that is added while a stream
 * is open counts from then on.
 */
#define _GNU_SOURCE /* setitimer */
#include "mask.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
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

static void
ignore(int signal_number)
{
	(void)signal_number;
}

/* A child that writes slowly, in a pipe that is soon full. */
static pid_t
start_writer(int to)
{
	pid_t pid = fork();

	for (int i = 0; pid == 0 && i < 300; i++) {
		struct timespec pause = { .tv_nsec = 300000 };

		if (write(to, "first-value ", 12) != 12)
			_exit(1);
		nanosleep(&pause, NULL);
	}
	if (pid == 0)
		_exit(0);
	close(to);
	return pid;
}

/* Signals interrupt reads and writes: nothing is lost or doubled. */
static void
check_signals(const struct mask *mask)
{
	struct sigaction action = { .sa_handler = ignore };
	struct itimerval often = { { 0, 200 }, { 0, 200 } }, never = { 0 };
	struct buffer out = BUFFER_INIT(1 << 20);
	int in[2], to[2];
	pid_t pid, reader;

	if (pipe(in) != 0 || pipe(to) != 0)
		exit(1);
	pid = start_writer(in[1]);
	sigaction(SIGALRM, &action, NULL);
	reader = fork();
	if (reader == 0) {
		setitimer(ITIMER_REAL, &often, NULL);
		error_free(mask_fd(mask, in[0], to[1]));
		setitimer(ITIMER_REAL, &never, NULL);
		_exit(0);
	}
	close(to[1]);
	close(in[0]);
	error_free(buffer_read_fd(&out, to[0], "the pipe"));
	waitpid(pid, NULL, 0);
	waitpid(reader, NULL, 0);
	if (out.len != (size_t)300 * 4)
		want("signals", "*** 300 times", out.data);
	close(to[0]);
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
	check_signals(mask);
	want("find", "SECOND", mask_find(mask, "x second-value", 14, &offset));
	mask_free(mask);
	return offset == 2 ? 0 : 1;
}
