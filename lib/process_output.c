/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* pipe2, splice, mkostemp */
#include "process_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "file.h"
#include "log.h"
#include "memory.h"

enum {
	CHUNK = 64 * 1024,
	PIPE_BYTES = 256 * 1024,
	LINE_BYTES = 240, /* of the last line, in an event */
	DEFAULT_LIMIT = 64 * 1024 * 1024,
	MIN_LIMIT = 1024,
};
static const double event_interval_seconds = 0.2;

/*
 * The file grows up to `limit`. Then its second half becomes a ring that is
 * written over and over, and put in order at the end.
 */
struct capture {
	int pipe, file; /* file -1: nothing is kept */
	int through;    /* where it is passed on; -1: it is not */
	bool held_up;   /* by whoever reads there */
	bool can_splice;
	char *chunk; /* what is being passed on, where splice() cannot */
	size_t chunk_len, chunk_passed;
	char *path;
	size_t limit, half;
	size_t n_bytes;             /* read from the pipe */
	size_t n_kept;              /* handed to the file, after masking */
	struct mask_stream *stream; /* NULL: there is no mask */
	struct process_observer observer;

	const char *label, *stream_name;
	char line[LINE_BYTES + 1];
	size_t line_len;
	bool line_ended;  /* the next byte begins a new one */
	bool line_escape; /* in a terminal's escape sequence */
	bool event_pending;
	double last_event;
};

static struct error *
write_at(
    const struct capture *capture, size_t offset, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = pwrite(capture->file, bytes, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(ERROR_IO,
			    "cannot write output of the command to '%s'",
			    capture->path);
		bytes += n;
		offset += (size_t)n;
		len -= (size_t)n;
	}
	return NULL;
}

/* Where in the file the nth byte belongs. */
static size_t
place(const struct capture *capture, size_t n)
{
	size_t ring = capture->limit - capture->half;

	if (n < capture->limit)
		return n;
	return capture->half + (n - capture->half) % ring;
}

static void
remember_line(struct capture *capture, const char *bytes, size_t len)
{
	const size_t enough = 2 * (size_t)LINE_BYTES;

	/* Only the end can hold the last line. */
	if (len > enough) {
		bytes += len - enough;
		len = enough;
	}
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)bytes[i];

		if (capture->line_escape) {
			capture->line_escape =
			    !(c >= '@' && c <= '~') || c == '[';
			continue;
		}
		if (c == '\n' || c == '\r') {
			capture->line_ended = true;
			continue;
		}
		if (capture->line_ended) {
			capture->line_ended = false;
			capture->line_len = 0;
		}
		if (c == '\033')
			capture->line_escape = true;
		else if (capture->line_len < LINE_BYTES)
			capture->line[capture->line_len++] =
			    c < ' ' ? ' ' : (char)c;
	}
	capture->event_pending = capture->line_len > 0;
}

static struct error *
keep(void *context, const char *bytes, size_t len)
{
	struct capture *capture = context;

	if (capture->label != NULL)
		remember_line(capture, bytes, len);
	if (capture->observer.see != NULL)
		capture->observer.see(capture->observer.context, bytes, len);
	while (capture->file >= 0 && len > 0) {
		size_t offset = place(capture, capture->n_kept);
		size_t room = capture->limit - offset;
		size_t n = len < room ? len : room;
		struct error *error;

		error = write_at(capture, offset, bytes, n);
		if (error != NULL)
			return error;
		capture->n_kept += n;
		bytes += n;
		len -= n;
	}
	return NULL;
}

static struct error *
open_pipe(struct capture *capture, int *write_end)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_errno(ERROR_IO, "cannot make a pipe");
	capture->pipe = fds[0];
	*write_end = fds[1];
	if (fcntl(fds[0], F_SETFL, O_NONBLOCK) < 0)
		return error_errno(ERROR_IO, "cannot make a pipe");
	/* Fewer turns for much output; what a user may have of it is limited,
	 * and the usual size will do. */
	fcntl(fds[0], F_SETPIPE_SZ, PIPE_BYTES);
	return NULL;
}

struct error *
capture_open(struct capture **capture_out, int *write_end, const char *path,
    const struct process_options *options, const char *stream)
{
	struct capture *capture = xcalloc(1, sizeof *capture);

	*capture = (struct capture){
		.pipe = -1,
		.file = -1,
		.through = -1,
		.path = xstrdup(path != NULL ? path : ""),
		.limit = options->output_limit > 0 ? options->output_limit
						   : DEFAULT_LIMIT,
		.observer = strcmp(stream, "stderr") == 0
		    ? options->stderr_observer
		    : options->stdout_observer,
		.label = options->label,
		.stream_name = stream,
	};
	if (capture->limit < MIN_LIMIT)
		capture->limit = MIN_LIMIT;
	capture->half = capture->limit / 2;
	*capture_out = capture;
	if (path != NULL)
		capture->file = open(path,
		    O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (path != NULL && capture->file < 0)
		return error_errno(ERROR_IO, "cannot create '%s'", path);
	if (options->mask != NULL)
		capture->stream = mask_stream_new(options->mask, keep, capture);
	return open_pipe(capture, write_end);
}

struct error *
capture_open_through(struct capture **capture_out, int *write_end, int to)
{
	struct capture *capture = xcalloc(1, sizeof *capture);
	struct stat info;

	*capture = (struct capture){
		.pipe = -1,
		.file = -1,
		.through = to,
		.path = xstrdup(""),
		.can_splice = fstat(to, &info) == 0 && S_ISFIFO(info.st_mode),
		.chunk = xmalloc(CHUNK),
	};
	*capture_out = capture;
	return open_pipe(capture, write_end);
}

bool
capture_is_open(const struct capture *capture)
{
	return capture != NULL && capture->pipe >= 0;
}

bool
capture_is_held_up(const struct capture *capture)
{
	return capture != NULL && capture->held_up;
}

struct pollfd
capture_poll(const struct capture *capture)
{
	if (capture_is_held_up(capture))
		return (
		    struct pollfd){ .fd = capture->through, .events = POLLOUT };
	/* poll() passes over a descriptor of -1. */
	return (struct pollfd){
		.fd = capture != NULL ? capture->pipe : -1,
		.events = POLLIN,
	};
}

static void
close_pipe(struct capture *capture)
{
	if (capture->pipe >= 0)
		close(capture->pipe);
	capture->pipe = -1;
}

/* The command learns of it by SIGPIPE, as without us. */
static void
give_up_reader(struct capture *capture)
{
	capture->held_up = false;
	close_pipe(capture);
}

/*
 * Not more than what does not block where poll() says that one can write:
 * who never reads must not keep us from our other duties.
 */
static void
pass_on(struct capture *capture)
{
	struct stat info;
	size_t len = capture->chunk_len - capture->chunk_passed;
	ssize_t n;

	if (len > PIPE_BUF && fstat(capture->through, &info) == 0 &&
	    !S_ISREG(info.st_mode))
		len = PIPE_BUF;
	n = write(
	    capture->through, capture->chunk + capture->chunk_passed, len);
	if (n >= 0)
		capture->chunk_passed += (size_t)n;
	capture->held_up = capture->chunk_passed < capture->chunk_len;
	if (n < 0 && errno != EINTR && errno != EAGAIN)
		give_up_reader(capture);
}

/* From pipe to pipe without a copy. */
static void
splice_on(struct capture *capture)
{
	enum { AT_ONCE = 1024 * 1024 };
	ssize_t n = splice(capture->pipe, NULL, capture->through, NULL, AT_ONCE,
	    SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

	/* There was something to read, so it is the other side. */
	capture->held_up = n < 0 && errno == EAGAIN;
	if (n > 0)
		capture->n_bytes += (size_t)n;
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		give_up_reader(capture);
}

static struct error *
take(struct capture *capture, const char *chunk, size_t len)
{
	capture->n_bytes += len;
	if (capture->through >= 0) {
		capture->chunk_len = len;
		capture->chunk_passed = 0;
		pass_on(capture);
		return NULL;
	}
	if (capture->stream != NULL)
		return mask_stream_write(capture->stream, chunk, len);
	return keep(capture, chunk, len);
}

struct error *
capture_read(struct capture *capture)
{
	char space[CHUNK];
	char *chunk = capture->chunk != NULL ? capture->chunk : space;
	ssize_t n;

	if (capture->can_splice) {
		splice_on(capture);
		return NULL;
	}
	if (capture->held_up) {
		pass_on(capture);
		return NULL;
	}
	n = read(capture->pipe, chunk, CHUNK);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return NULL;
	if (n < 0)
		return error_errno(
		    ERROR_IO, "cannot read what the command prints");
	if (n == 0) {
		close_pipe(capture);
		return NULL;
	}
	return take(capture, chunk, (size_t)n);
}

double
capture_event_due(const struct capture *capture)
{
	if (capture == NULL || !capture->event_pending)
		return 0;
	return capture->last_event + event_interval_seconds;
}

void
capture_event(struct capture *capture, double now)
{
	jv fields;

	capture->event_pending = false;
	capture->last_event = now;
	capture->line[capture->line_len] = '\0';
	fields = jv_object_set(
	    jv_object(), jv_string("command"), jv_string(capture->label));
	fields = jv_object_set(
	    fields, jv_string("stream"), jv_string(capture->stream_name));
	log_event(LOG_DEBUG, "output", fields, "%s", capture->line);
}

static struct error *
copy(const struct capture *capture, int to, size_t to_offset, int from,
    size_t from_offset, size_t len)
{
	char chunk[CHUNK];

	while (len > 0) {
		size_t wanted = len < sizeof chunk ? len : sizeof chunk;
		ssize_t n = pread(from, chunk, wanted, (off_t)from_offset);
		struct capture target = { .file = to, .path = capture->path };
		struct error *error;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return error_errno(
			    ERROR_IO, "cannot read '%s'", capture->path);
		error = write_at(&target, to_offset, chunk, (size_t)n);
		if (error != NULL)
			return error;
		from_offset += (size_t)n;
		to_offset += (size_t)n;
		len -= (size_t)n;
	}
	return NULL;
}

static int
open_scratch(const struct capture *capture)
{
	char *name = xasprintf("%s.tmpXXXXXX", capture->path);
	int fd = mkostemp(name, O_CLOEXEC);

	if (fd >= 0)
		unlink(name);
	free(name);
	return fd;
}

/* Puts the ring in order, behind a line that says what is missing. */
static struct error *
straighten(struct capture *capture, size_t n_dropped)
{
	size_t first = place(capture, capture->n_kept);
	size_t ring = capture->limit - capture->half;
	int scratch = open_scratch(capture);
	char line[80];
	size_t len;
	struct error *error;

	if (scratch < 0)
		return error_errno(ERROR_IO, "cannot create a file beside '%s'",
		    capture->path);
	snprintf(
	    line, sizeof line, "\n[... %zu bytes left out ...]\n", n_dropped);
	len = strlen(line);
	error = copy(
	    capture, scratch, 0, capture->file, first, capture->limit - first);
	if (error == NULL)
		error = copy(capture, scratch, capture->limit - first,
		    capture->file, capture->half, first - capture->half);
	if (error == NULL)
		error = write_at(capture, capture->half, line, len);
	if (error == NULL)
		error = copy(capture, capture->file, capture->half + len,
		    scratch, 0, ring);
	close(scratch);
	return error;
}

struct error *
capture_finish(struct capture *capture, struct process_output *output)
{
	struct error *error = NULL;

	close_pipe(capture);
	if (capture->stream != NULL)
		error = mask_stream_end(capture->stream);
	output->n_bytes = capture->n_bytes;
	if (error == NULL && capture->n_kept > capture->limit) {
		output->n_dropped = capture->n_kept - capture->limit;
		error = straighten(capture, output->n_dropped);
	}
	return error;
}

void
capture_free(struct capture *capture)
{
	if (capture == NULL)
		return;
	close_pipe(capture);
	if (capture->file >= 0)
		close(capture->file);
	if (capture->stream != NULL)
		mask_stream_free(capture->stream);
	free(capture->chunk);
	free(capture->path);
	free(capture);
}
