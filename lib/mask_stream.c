/* SPDX-License-Identifier: MIT */
#include "mask.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "mask_index.h"
#include "mask_json.h"
#include "mask_rules_scan.h"
#include "mask_scan.h"
#include "memory.h"

enum {
	CHUNK = 64 * 1024,
	CAPACITY = 2 * CHUNK,
	/* So much may be shown of what may become a value, for a person who
	 * waits; and of the value it is no more than an eighth. */
	MAX_SHOWN = 3,
	SHOWN_PART = 8,
};

/* How often each was hidden. */
struct hits {
	size_t *counts;
	size_t n;
};

struct mask_stream {
	const struct mask *mask;
	struct mask *nothing; /* in the place of a NULL mask */
	mask_sink *write;
	void *context;
	mask_report *report;
	void *report_context;

	/* What has left stays as context for a while, then goes. */
	char *buffer;
	size_t len;
	size_t used; /* bytes of it that were ever used */
	size_t sent;
	/* The last byte that left was masked, and so is all before here. */
	bool masked;
	size_t covered;

	char *out; /* collected for the sink */
	size_t out_len;
	struct error *error;

	struct mask_spans spans;
	struct mask_rules_scan rules;
	bool rules_hold; /* what did not leave may become what a rule is for */
	bool keep_json;
	struct mask_json_place json;
	size_t hits;
	struct hits of_values, of_rules;
	size_t line, column; /* of the next byte that leaves */
};

struct error *
mask_discard(void *context, const char *bytes, size_t len)
{
	(void)context;
	(void)bytes;
	(void)len;
	return NULL;
}

struct mask_stream *
mask_stream_new(const struct mask *mask, mask_sink *write, void *context)
{
	struct mask_stream *stream = xmalloc(sizeof *stream);
	struct mask *nothing = mask == NULL ? mask_new() : NULL;

	if (nothing != NULL)
		mask_use_rules(nothing, false);
	*stream = (struct mask_stream){
		.mask = mask != NULL ? mask : nothing,
		.nothing = nothing,
		.write = write,
		.context = context,
		.buffer = xmalloc(CAPACITY),
		.out = xmalloc(CHUNK),
		.line = 1,
		.column = 1,
	};
	stream->rules.rules = mask_rules_of(stream->mask);
	mask_check_labels(stream->mask);
	return stream;
}

void
mask_stream_free(struct mask_stream *stream)
{
	if (stream == NULL)
		return;
	free_secret(stream->buffer, stream->used);
	free(stream->out);
	free(stream->of_values.counts);
	free(stream->of_rules.counts);
	mask_spans_release(&stream->spans);
	mask_rules_scan_release(&stream->rules);
	error_free(stream->error);
	mask_free(stream->nothing);
	free(stream);
}

static void
send(struct mask_stream *stream, const char *bytes, size_t len)
{
	if (len > 0 && stream->error == NULL)
		stream->error = stream->write(stream->context, bytes, len);
}

static void
flush(struct mask_stream *stream)
{
	send(stream, stream->out, stream->out_len);
	stream->out_len = 0;
}

static void
put(struct mask_stream *stream, const char *bytes, size_t len)
{
	if (stream->out_len + len > CHUNK)
		flush(stream);
	if (len > CHUNK / 2) {
		flush(stream);
		send(stream, bytes, len);
		return;
	}
	memcpy(stream->out + stream->out_len, bytes, len);
	stream->out_len += len;
}

static void
put_text(struct mask_stream *stream, const char *text)
{
	put(stream, text, strlen(text));
}

static void
put_quote(struct mask_stream *stream, const struct mask_span *span)
{
	if (span->quotes > 0)
		put_text(stream, mask_span_quote(span));
}

/* Bytes of the input leave, shown or masked: only a report needs to know. */
static void
count_lines(struct mask_stream *stream, size_t end)
{
	for (size_t i = stream->sent; stream->report != NULL && i < end; i++) {
		stream->column++;
		if (stream->buffer[i] == '\n') {
			stream->line++;
			stream->column = 1;
		}
	}
	stream->sent = end;
}

static void
show(struct mask_stream *stream, size_t end)
{
	if (end <= stream->sent)
		return;
	put(stream, stream->buffer + stream->sent, end - stream->sent);
	count_lines(stream, end);
	stream->masked = false;
}

static void
count(struct hits *hits, size_t i)
{
	if (i >= hits->n) {
		size_t n = (i + 1) * 2;

		hits->counts =
		    xreallocarray(hits->counts, n, sizeof *hits->counts);
		while (hits->n < n)
			hits->counts[hits->n++] = 0;
	}
	hits->counts[i]++;
}

static void
count_hit(struct mask_stream *stream, uint32_t value)
{
	bool rule = (value & MASK_RULE) != 0;

	count(rule ? &stream->of_rules : &stream->of_values,
	    value & ~(uint32_t)MASK_RULE);
	stream->hits++;
	if (stream->report != NULL)
		stream->report(stream->report_context,
		    mask_name_of(stream->mask, value), rule, stream->line,
		    stream->column);
}

/* Covers what has not left yet of a span, with one mask for neighbours. */
static void
hide(struct mask_stream *stream, const struct mask_span *span, size_t end)
{
	if (!stream->masked) {
		put_quote(stream, span);
		put_text(stream, mask_label_of(stream->mask, span->value));
		put_quote(stream, span);
		count_hit(stream, span->value);
		stream->masked = true;
	}
	count_lines(stream, end);
}

static size_t
smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static void
leave(struct mask_stream *stream, size_t base, size_t frontier)
{
	if (stream->masked && stream->covered > stream->sent)
		count_lines(stream, smaller(stream->covered, frontier));
	for (size_t i = 0; i < stream->spans.n; i++) {
		const struct mask_span *span = &stream->spans.items[i];
		size_t start = base + span->start, end = base + span->end;

		if (start >= frontier)
			break;
		if (end <= stream->sent)
			continue;
		show(stream, start);
		hide(stream, span, smaller(end, frontier));
		stream->covered = end;
	}
	show(stream, frontier);
	flush(stream);
}

static void
drop_context(struct mask_stream *stream)
{
	size_t dropped;

	if (stream->sent <= MASK_CONTEXT || CAPACITY - stream->len >= CHUNK)
		return;
	dropped = stream->sent - MASK_CONTEXT;
	memmove(
	    stream->buffer, stream->buffer + dropped, stream->len - dropped);
	mask_rules_scan_shift(&stream->rules, dropped);
	stream->len -= dropped;
	stream->sent -= dropped;
	stream->covered =
	    stream->covered > dropped ? stream->covered - dropped : 0;
}

static struct error *
take_error(struct mask_stream *stream)
{
	struct error *error = stream->error;

	stream->error = NULL;
	return error;
}

/* Spans are cut so that JSON stays what it is; the frontier is where JSON was
 * understood. */
static size_t
keep_json(struct mask_stream *stream, size_t base, size_t frontier, bool at_end)
{
	return base +
	    mask_json_fit(&stream->json, &stream->spans, stream->buffer + base,
		stream->sent - base, frontier - base,
		at_end && frontier == stream->len);
}

static struct error *
process(struct mask_stream *stream, bool at_end)
{
	size_t base =
	    stream->sent > MASK_CONTEXT ? stream->sent - MASK_CONTEXT : 0;
	size_t frontier, of_rules;

	if (stream->len > stream->used)
		stream->used = stream->len;
	mask_spans_clear(&stream->spans);
	frontier = base +
	    mask_scan(stream->mask, stream->buffer + base, stream->len - base,
		at_end, &stream->spans);
	of_rules = mask_rules_scan(
	    &stream->rules, stream->buffer, stream->len, at_end);
	mask_spans_add_all(&stream->spans, &stream->rules.spans, base);
	mask_spans_finish(&stream->spans);
	stream->rules_hold = of_rules < stream->len;
	frontier = smaller(frontier, of_rules);
	if (frontier < stream->sent)
		frontier = stream->sent;
	if (stream->keep_json)
		frontier = keep_json(stream, base, frontier, at_end);
	leave(stream, base, frontier);
	mask_rules_scan_forget(&stream->rules, stream->sent);
	drop_context(stream);
	if (stream->json.failed && stream->error == NULL)
		return error_new(ERROR_DOCUMENT,
		    "the input is no JSON: mask it without --json");
	return take_error(stream);
}

struct error *
mask_stream_write(struct mask_stream *stream, const char *bytes, size_t len)
{
	struct error *error = NULL;

	while (len > 0 && error == NULL) {
		size_t n = smaller(len, CAPACITY - stream->len);

		memcpy(stream->buffer + stream->len, bytes, n);
		stream->len += n;
		bytes += n;
		len -= n;
		error = process(stream, false);
	}
	return error;
}

struct error *
mask_stream_read(struct mask_stream *stream, int fd, bool *end)
{
	ssize_t n;

	while ((n = read(fd, stream->buffer + stream->len,
		    CAPACITY - stream->len)) < 0) {
		struct pollfd wait = { .fd = fd, .events = POLLIN };

		if (errno == EAGAIN)
			poll(&wait, 1, -1);
		else if (errno != EINTR)
			return error_errno(ERROR_IO, "cannot read the input");
	}
	*end = n == 0;
	if (n == 0)
		return NULL;
	stream->len += (size_t)n;
	return process(stream, false);
}

struct error *
mask_stream_end(struct mask_stream *stream)
{
	struct error *error = process(stream, true);

	mask_rules_scan_reset(&stream->rules);
	stream->len = stream->sent = stream->covered = 0;
	stream->masked = false;
	stream->json = (struct mask_json_place){ 0 };
	return error;
}

bool
mask_stream_holds(const struct mask_stream *stream)
{
	return stream->len > stream->sent;
}

/* Is what waits a small beginning of values, and nothing else? */
static bool
may_show(const struct mask_stream *stream)
{
	const struct mask_index *index = mask_index(stream->mask);
	const char *text = stream->buffer + stream->sent;
	size_t len = stream->len - stream->sent, shortest = SIZE_MAX;

	if (len > MAX_SHOWN || stream->rules_hold || stream->keep_json ||
	    memchr(text, '\\', len) != NULL)
		return false;
	for (size_t at = 0; at < len; at++)
		shortest = smaller(
		    shortest, mask_index_shortest(index, text + at, len - at));
	return shortest < SIZE_MAX && len * SHOWN_PART <= shortest;
}

struct error *
mask_stream_idle(struct mask_stream *stream)
{
	if (mask_stream_holds(stream) && may_show(stream)) {
		show(stream, stream->len);
		flush(stream);
	}
	return take_error(stream);
}

void
mask_stream_keep_json(struct mask_stream *stream)
{
	stream->keep_json = true;
}

size_t
mask_stream_hits(const struct mask_stream *stream)
{
	return stream->hits;
}

size_t
mask_stream_hits_of(const struct mask_stream *stream, const char *name)
{
	const struct hits *values = &stream->of_values;
	const struct hits *rules = &stream->of_rules;
	const struct mask_rules *table = stream->rules.rules;
	size_t hits = 0;

	for (size_t i = 0; i < values->n && i < stream->mask->n; i++)
		if (strcmp(stream->mask->values[i].name, name) == 0)
			hits += values->counts[i];
	for (size_t i = 0; i < rules->n && i < table->n; i++)
		if (strcmp(mask_rules_name(table, i), name) == 0)
			hits += rules->counts[i];
	return hits;
}

void
mask_stream_on_hit(
    struct mask_stream *stream, mask_report *report, void *context)
{
	stream->report = report;
	stream->report_context = context;
}

struct error *
mask_output_write(void *context, const char *bytes, size_t len)
{
	struct mask_output *output = context;

	while (len > 0) {
		struct pollfd wait = { .fd = output->fd, .events = POLLOUT };
		ssize_t n = write(output->fd, bytes, len);

		if (n >= 0) {
			bytes += n;
			len -= (size_t)n;
		} else if (errno == EAGAIN) {
			poll(&wait, 1, -1);
		} else if (errno != EINTR) {
			output->failure = errno;
			return error_errno(ERROR_IO, "cannot write the output");
		}
	}
	return NULL;
}

struct error *
mask_fd(const struct mask *mask, int from, int to)
{
	struct mask_output output = { .fd = to };
	struct mask_stream *stream =
	    mask_stream_new(mask, mask_output_write, &output);
	struct error *error = NULL;
	bool end = false;

	while (error == NULL && !end)
		error = mask_stream_read(stream, from, &end);
	if (error == NULL)
		error = mask_stream_end(stream);
	mask_stream_free(stream);
	return error;
}
