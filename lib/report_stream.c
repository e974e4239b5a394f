/* SPDX-License-Identifier: MIT */
#include "report_stream.h"

#include "memory.h"

static const struct report_format *const formats[REPORT_N_FORMATS] = {
	&report_tap,
	&report_go,
	&report_gotext,
	&report_cargo,
	&report_pytest,
};

_Static_assert(REPORT_N_FORMATS <= 8, "a bit each in a byte");

/* Without what colours it: ESC [ ... letter. */
static void
strip(struct buffer *plain, const char *text, size_t len)
{
	buffer_clear(plain);
	while (len > 0) {
		const char *escape = memchr(text, '\033', len);
		size_t n = escape != NULL ? (size_t)(escape - text) : len;

		buffer_append(plain, text, n);
		text += n;
		len -= n;
		if (len == 0)
			return;
		n = 1;
		if (n < len && text[n] == '[')
			for (n++;
			     n < len && !(text[n] >= '@' && text[n] <= '~');)
				n++;
		n = n < len ? n + 1 : len;
		text += n;
		len -= n;
	}
}

static void
show(
    struct report_stream *stream, unsigned wanted, const char *text, size_t len)
{
	if (len > 0 && memchr(text, '\033', len) != NULL) {
		strip(&stream->plain, text, len);
		text = stream->plain.data != NULL ? stream->plain.data : "";
		len = stream->plain.len;
	}
	if (len > 0 && text[len - 1] == '\r')
		len--;
	for (size_t i = 0; i < REPORT_N_FORMATS; i++) {
		struct report *report = &stream->reports[i];

		if ((wanted & 1U << i) == 0 && !report->busy)
			continue;
		report->line = stream->n_lines;
		formats[i]->line(stream->readers[i], text, len);
	}
}

static void
look(void *context, const char *text, size_t len, size_t n_cut)
{
	struct report_stream *stream = context;
	unsigned wanted = len > 0 ? stream->wanted[(unsigned char)*text] : 0;

	(void)n_cut;
	stream->n_lines++;
	for (size_t i = 0; i < REPORT_N_FORMATS; i++)
		wanted |= (unsigned)stream->reports[i].busy << i;
	if (wanted != 0)
		show(stream, wanted, text, len);
}

void
report_stream_open(struct report_stream *stream, const struct mask *mask,
    const struct test_cases *before)
{
	*stream =
	    (struct report_stream){ .plain = BUFFER_INIT(REPORT_LINE_BYTES) };
	lines_open(&stream->lines, REPORT_LINE_BYTES, look, stream);
	for (size_t i = 0; i < REPORT_N_FORMATS; i++) {
		struct report *report = &stream->reports[i];
		const char *first = formats[i]->first;

		report->format = formats[i]->name;
		test_cases_init(&report->cases, mask, before);
		for (; *first != '\0'; first++)
			stream->wanted[(unsigned char)*first] |=
			    (unsigned char)(1U << i);
		/* A colour may stand before any of them. */
		stream->wanted['\033'] |= (unsigned char)(1U << i);
		stream->readers[i] = formats[i]->open(report);
	}
}

void
report_stream_write(struct report_stream *stream, const char *bytes, size_t len)
{
	lines_write(&stream->lines, bytes, len);
}

void
report_stream_close(struct report_stream *stream)
{
	lines_end(&stream->lines);
	for (size_t i = 0; i < REPORT_N_FORMATS; i++) {
		stream->reports[i].line = stream->n_lines;
		formats[i]->close(stream->readers[i]);
	}
	buffer_release(&stream->plain);
}

void
report_stream_release(struct report_stream *stream)
{
	for (size_t i = 0; i < REPORT_N_FORMATS; i++) {
		test_cases_release(&stream->reports[i].cases);
		free(stream->reports[i].problem);
		stream->reports[i].problem = NULL;
	}
}
