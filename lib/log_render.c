/* SPDX-License-Identifier: MIT */
/* How an event looks: log_line_render() of log_line.h. */
#include "log_line.h"

#include "clock.h"
#include "memory.h"
#include "text.h"

static const char dim[] = "\033[2m", cyan[] = "\033[36m", yellow[] = "\033[33m",
		  red[] = "\033[31m", normal[] = "\033[0m";

static bool
needs_quotes(const char *text)
{
	if (text[0] == '\0')
		return true;
	for (const char *c = text; *c != '\0'; c++)
		if (*c <= ' ' || *c == '=' || *c == '"' || *c == '\\' ||
		    *c == 0x7f)
			return true;
	return false;
}

static void
append_logfmt_value(struct buffer *out, const char *text)
{
	if (!needs_quotes(text)) {
		text_append_harmless(out, text, strlen(text));
		return;
	}
	buffer_append_string(out, "\"");
	text_append_json(out, text, strlen(text));
	buffer_append_string(out, "\"");
}

static void
append_logfmt_member(struct buffer *out, const struct log_line *line,
    const struct json_member *member)
{
	char *text = log_line_string(line, member->name);

	if (text == NULL)
		text = xstrndup(member->value, member->value_len);
	for (const char *c = member->name; *c != '\0'; c++) {
		bool plain = *c > ' ' && *c < 0x7f && *c != '=' && *c != '"';

		buffer_append(out, plain ? c : "_", 1);
	}
	buffer_append_string(out, "=");
	append_logfmt_value(out, text);
	free(text);
}

static void
render_logfmt(struct buffer *out, const struct log_line *line)
{
	for (size_t i = 0; i < line->scan.n_members; i++) {
		if (i > 0)
			buffer_append_string(out, " ");
		append_logfmt_member(out, line, &line->scan.members[i]);
	}
}

static void
append_coloured(
    struct buffer *out, bool colour, const char *code, const char *text)
{
	if (colour)
		buffer_append_string(out, code);
	text_append_harmless(out, text, strlen(text));
	if (colour)
		buffer_append_string(out, normal);
}

/* The time of day where the person is. */
static void
append_time(struct buffer *out, const struct log_line *line, bool colour)
{
	char *ts = log_line_string(line, "ts");
	char text[16];
	double seconds;
	struct tm local;

	if (ts != NULL && clock_parse(&seconds, ts)) {
		time_t whole = (time_t)seconds;

		localtime_r(&whole, &local);
		strftime(text, sizeof text, "%H:%M:%S", &local);
		append_coloured(out, colour, dim, text);
		buffer_append_string(out, " ");
	}
	free(ts);
}

static void
append_stage(struct buffer *out, const struct log_line *line, bool colour)
{
	char *stage = log_line_string(line, "stage");
	const char *name = stage != NULL ? stage : "";
	char *padded;

	if (strncmp(name, "nr-", 3) == 0)
		name += 3;
	padded = xasprintf("%-8s", name);
	append_coloured(out, colour, cyan, padded);
	free(padded);
	free(stage);
}

static void
append_level(struct buffer *out, enum log_level level, bool colour)
{
	if (level == LOG_ERROR)
		append_coloured(out, colour, red, "error: ");
	else if (level == LOG_WARN)
		append_coloured(out, colour, yellow, "warning: ");
}

/* An event without a message tells its members. */
static void
render_pretty(struct buffer *out, const struct log_line *line, bool colour)
{
	char *message = log_line_string(line, "msg");
	const char *text = message;

	append_time(out, line, colour);
	append_stage(out, line, colour);
	append_level(out, line->level, colour);
	if (text != NULL && line->level == LOG_WARN &&
	    strncmp(text, "warning: ", 9) == 0)
		text += 9;
	if (text == NULL)
		render_logfmt(out, line);
	else if (line->level == LOG_DEBUG)
		append_coloured(out, colour, dim, text);
	else
		text_append_harmless(out, text, strlen(text));
	free(message);
}

void
log_line_render(struct buffer *out, const struct log_line *line,
    enum log_format format, bool colour)
{
	switch (format) {
	case LOG_FORMAT_JSON:
		buffer_append(out, line->json.data, line->json.len);
		break;
	case LOG_FORMAT_LOGFMT:
		render_logfmt(out, line);
		break;
	case LOG_FORMAT_PRETTY:
		render_pretty(out, line, colour);
		break;
	}
	buffer_append_string(out, "\n");
}
