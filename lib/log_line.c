/* SPDX-License-Identifier: MIT */
#include "log_line.h"

#include "clock.h"
#include "memory.h"
#include "text.h"

enum { EVENT_MAX = 16 * LOG_LINE_MAX };

static const struct json_member *
find_member(const struct json_scan *scan, const char *name)
{
	for (size_t i = 0; i < scan->n_members; i++)
		if (strcmp(scan->members[i].name, name) == 0)
			return &scan->members[i];
	return NULL;
}

char *
log_line_string(const struct log_line *line, const char *name)
{
	const struct json_member *member = find_member(&line->scan, name);
	char *text = NULL;
	jv value;

	if (member == NULL || member->value[0] != '"')
		return NULL;
	value = jv_parse_sized(member->value, (int)member->value_len);
	if (jv_get_kind(value) == JV_KIND_STRING)
		text = xstrdup(jv_string_value(value));
	jv_free(value);
	return text;
}

static void
append_member(
    struct buffer *json, const char *name, const char *value, size_t len)
{
	if (json->data[json->len - 1] != '{')
		buffer_append_string(json, ",");
	buffer_append_string(json, "\"");
	text_append_json(json, name, strlen(name));
	buffer_append_string(json, "\":\"");
	text_append_json(json, value, len);
	buffer_append_string(json, "\"");
}

static void
append_text_member(struct buffer *json, const char *name, const char *value)
{
	append_member(json, name, value, strlen(value));
}

static void
append_now(struct buffer *json)
{
	char ts[CLOCK_TEXT_SIZE];

	clock_format(ts, clock_now());
	append_text_member(json, "ts", ts);
}

/* Adds the reader's fields that the scanned line does not have itself. */
static void
append_context(struct buffer *json, const struct json_scan *scan,
    const struct log_reader *reader)
{
	for (size_t i = 0; i < reader->n_fields; i++)
		if (find_member(scan, reader->fields[i].name) == NULL)
			append_text_member(json, reader->fields[i].name,
			    reader->fields[i].value);
}

/* DEL and the C1 controls may stand in JSON as they are, and be obeyed. */
static void
append_json_text(struct buffer *json, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		bool two = c == 0xc2 && i + 1 < len &&
		    (unsigned char)text[i + 1] < 0xa0;

		if (c != 0x7f && !two) {
			buffer_append(json, &text[i], 1);
			continue;
		}
		if (two)
			c = (unsigned char)text[++i];
		buffer_appendf(json, "\\u%04x", (unsigned)c);
	}
}

/* Takes a line that is a JSON object; false: it is none. */
static bool
take_event(struct buffer *json, const struct log_reader *reader,
    const char *text, size_t len)
{
	struct json_scan scan;
	bool is_event;

	while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'))
		len--;
	if (len < 2 || text[0] != '{' || text[len - 1] != '}')
		return false;
	json_scan(&scan, text, len);
	is_event = scan.n_problems == 0;
	if (is_event) {
		append_json_text(json, text, len - 1);
		if (find_member(&scan, "ts") == NULL)
			append_now(json);
		if (find_member(&scan, "level") == NULL)
			append_text_member(json, "level", "info");
		if (reader->stage != NULL &&
		    find_member(&scan, "stage") == NULL)
			append_text_member(json, "stage", reader->stage);
		append_context(json, &scan, reader);
		buffer_append_string(json, "}");
	}
	json_scan_release(&scan);
	return is_event;
}

/* The length of "nr-push" in "nr-push: text"; 0: no such line. */
static size_t
program_prefix(const char *text, size_t len)
{
	size_t i = 3;

	if (len < 6 || memcmp(text, "nr-", 3) != 0)
		return 0;
	while (i < len && text[i] >= 'a' && text[i] <= 'z')
		i++;
	return i > 3 && i + 2 <= len && text[i] == ':' && text[i + 1] == ' '
	    ? i
	    : 0;
}

static bool
starts_with(const char *text, size_t len, const char *start)
{
	size_t n = strlen(start);

	return len >= n && memcmp(text, start, n) == 0;
}

static void
append_wrapped(struct buffer *json, const struct log_reader *reader,
    const char *event, enum log_level level, const char *stage)
{
	buffer_append_string(json, "{");
	append_now(json);
	append_text_member(json, "level", log_level_name(level));
	if (stage == NULL)
		stage = reader->stage;
	if (stage != NULL)
		append_text_member(json, "stage", stage);
	append_text_member(json, "event", event);
}

static void
append_message(struct buffer *json, const struct log_reader *reader,
    const char *text, size_t len, size_t n_cut)
{
	struct buffer message = BUFFER_INIT(2 * LOG_LINE_MAX);
	const struct json_scan none = { 0 };

	buffer_append(&message, text, len);
	if (n_cut > 0)
		buffer_appendf(&message, " [... %zu bytes left out]", n_cut);
	append_member(json, "msg", message.data, message.len);
	buffer_release(&message);
	append_context(json, &none, reader);
	buffer_append_string(json, "}");
}

static void
wrap(struct buffer *json, struct log_reader *reader, const char *text,
    size_t len, size_t n_cut)
{
	size_t prefix = program_prefix(text, len);
	bool indented = len > 1 && text[0] == ' ' && text[1] == ' ';

	if (prefix > 0) {
		free(reader->message_stage);
		reader->message_stage = xstrndup(text, prefix);
		text += prefix + 2;
		len -= prefix + 2;
		reader->message_level =
		    starts_with(text, len, "warning: ") ? LOG_WARN : LOG_ERROR;
	} else if (!indented) {
		log_reader_release(reader);
	}
	if (reader->message_stage != NULL)
		append_wrapped(json, reader, "message", reader->message_level,
		    reader->message_stage);
	else
		append_wrapped(json, reader, "output", LOG_INFO, NULL);
	append_message(json, reader, text, len, n_cut);
}

void
log_line_read(struct log_line *line, struct log_reader *reader,
    const char *text, size_t len, size_t n_cut)
{
	char *level;

	if (len > 0 && text[len - 1] == '\r' && n_cut == 0)
		len--;
	*line = (struct log_line){ .json = BUFFER_INIT(EVENT_MAX),
		.level = LOG_INFO };
	if (n_cut > 0 || !take_event(&line->json, reader, text, len))
		wrap(&line->json, reader, text, len, n_cut);
	else
		log_reader_release(reader);
	json_scan(&line->scan, line->json.data, line->json.len);
	level = log_line_string(line, "level");
	if (level != NULL)
		log_level_by_name(&line->level, level);
	free(level);
}

void
log_line_release(struct log_line *line)
{
	json_scan_release(&line->scan);
	buffer_release(&line->json);
}

void
log_reader_release(struct log_reader *reader)
{
	free(reader->message_stage);
	reader->message_stage = NULL;
}
