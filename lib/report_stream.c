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

/* By the first two bytes of a line, a bit for each format. */
static unsigned char first[256][256], later[256][256];

_Static_assert(REPORT_N_FORMATS <= 8, "a bit each in a byte");

static void
want(unsigned char table[256][256], char one, char two, unsigned bit)
{
	for (int digit = 0; one == '9' && digit < 9; digit++)
		want(table, (char)('0' + digit), two, bit);
	for (int digit = 0; two == '9' && digit < 9; digit++)
		table[(unsigned char)one]['0' + digit] |= (unsigned char)bit;
	table[(unsigned char)one][(unsigned char)two] |= (unsigned char)bit;
}

static void
fill_tables(void)
{
	static bool are_filled;

	for (size_t i = 0; !are_filled && i < REPORT_N_FORMATS; i++) {
		const char *c;

		for (c = formats[i]->first; *c != '\0'; c += 2)
			want(first, c[0], c[1], 1U << i);
		for (c = formats[i]->later; *c != '\0'; c += 2)
			want(later, c[0], c[1], 1U << i);
	}
	are_filled = true;
}

static unsigned
wanted(const struct report_stream *stream, const char *text, size_t len)
{
	unsigned char one = len > 0 ? (unsigned char)text[0] : '\0';
	unsigned char two = len > 1 ? (unsigned char)text[1] : ' ';

	return first[one][two] | (later[one][two] & stream->begun) |
	    stream->busy;
}

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
set(unsigned *bits, unsigned bit, bool on)
{
	*bits = on ? *bits | bit : *bits & ~bit;
}

static void
show(struct report_stream *stream, unsigned who, const char *text, size_t len)
{
	if (len > 0 && text[len - 1] == '\r')
		len--;
	for (size_t i = 0; i < REPORT_N_FORMATS; i++) {
		struct report *report = &stream->reports[i];

		if ((who & 1U << i) == 0)
			continue;
		report->line = stream->n_lines;
		formats[i]->line(stream->readers[i], text, len);
		set(&stream->busy, 1U << i, report->busy);
		set(&stream->begun, 1U << i, report->has_begun);
	}
}

static void
look(void *context, const char *text, size_t len, size_t n_cut)
{
	struct report_stream *stream = context;
	unsigned who = wanted(stream, text, len);

	(void)n_cut;
	stream->n_lines++;
	if (who == 0 && (len == 0 || *text != '\033'))
		return;
	if (memchr(text, '\033', len) != NULL) {
		strip(&stream->plain, text, len);
		text = stream->plain.data != NULL ? stream->plain.data : "";
		len = stream->plain.len;
		who = wanted(stream, text, len);
	}
	if (who != 0)
		show(stream, who, text, len);
}

void
report_stream_open(struct report_stream *stream, const struct mask *mask,
    const struct test_cases *before)
{
	*stream =
	    (struct report_stream){ .plain = BUFFER_INIT(REPORT_LINE_BYTES) };
	fill_tables();
	lines_open(&stream->lines, REPORT_LINE_BYTES, look, stream);
	for (size_t i = 0; i < REPORT_N_FORMATS; i++) {
		struct report *report = &stream->reports[i];

		report->format = formats[i]->name;
		test_cases_init(&report->cases, mask, before);
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
