/* SPDX-License-Identifier: MIT */
#include "yaml_reader.h"

#include "memory.h"
#include "yaml_hint.h"

struct yaml_mark
yaml_reader_mark(yaml_mark_t mark)
{
	return (struct yaml_mark){ mark.line + 1, mark.column + 1 };
}

bool
yaml_reader_problem(
    struct yaml_reader *reader, struct yaml_mark mark, const char *format, ...)
{
	va_list args;
	char *text;

	if (reader->n_problems++ >= YAML_MAX_PROBLEMS)
		return false;
	va_start(args, format);
	text = xvasprintf(format, args);
	va_end(args);
	buffer_appendf(&reader->problems, "%s%s:%zu:%zu: %s",
	    reader->problems.len > 0 ? "\n  " : "", reader->name, mark.line,
	    mark.column, text);
	free(text);
	return false;
}

/* libyaml tells of bad bytes where they are, and of nothing else. */
static struct yaml_mark
mark_of_offset(const struct yaml_reader *reader, size_t offset)
{
	struct yaml_mark mark = { 1, 1 };

	for (size_t i = 0; i < offset && i < reader->len; i++) {
		unsigned char c = (unsigned char)reader->text[i];

		if (c == '\n')
			mark = (struct yaml_mark){ mark.line + 1, 1 };
		else if ((c & 0xc0) != 0x80)
			mark.column++;
	}
	return mark;
}

/* What stands at a mark, whose index counts characters; "" at the end. */
static const char *
text_at(const struct yaml_reader *reader, yaml_mark_t mark)
{
	size_t n = 0;

	for (size_t i = 0; i < reader->len; i++) {
		if (((unsigned char)reader->text[i] & 0xc0) != 0x80 &&
		    n++ == mark.index)
			return reader->text + i;
	}
	return "";
}

static void
report_parser(struct yaml_reader *reader)
{
	const yaml_parser_t *parser = &reader->parser;
	const char *problem =
	    parser->problem != NULL ? parser->problem : "cannot be read";
	struct yaml_mark mark = yaml_reader_mark(parser->problem_mark);
	const char *at = "", *hint;

	reader->fatal = true;
	if (parser->error == YAML_READER_ERROR)
		mark = mark_of_offset(reader, parser->problem_offset);
	else
		at = text_at(reader, parser->problem_mark);
	hint = yaml_hint(problem, at);
	yaml_reader_problem(reader, mark, "%s%s%s%s%s",
	    parser->context != NULL ? parser->context : "",
	    parser->context != NULL ? ", " : "", problem,
	    hint != NULL ? "; " : "", hint != NULL ? hint : "");
}

static void
check_encoding(struct yaml_reader *reader, const yaml_event_t *event)
{
	if (event->data.stream_start.encoding == YAML_UTF8_ENCODING)
		return;
	reader->fatal = true;
	yaml_reader_problem(reader, yaml_reader_mark(event->start_mark),
	    "the text is UTF-16; save the file as UTF-8");
}

bool
yaml_reader_next(struct yaml_reader *reader, yaml_event_t *event)
{
	*event = (yaml_event_t){ .type = YAML_NO_EVENT };
	if (reader->fatal)
		return false;
	if (!yaml_parser_parse(&reader->parser, event)) {
		report_parser(reader);
		return false;
	}
	if (++reader->n_events > reader->max_events) {
		yaml_reader_problem(reader, yaml_reader_mark(event->start_mark),
		    "more than %zu values and marks; split the file",
		    reader->max_events);
		reader->fatal = true;
		yaml_event_delete(event);
		return false;
	}
	if (event->type == YAML_STREAM_START_EVENT)
		check_encoding(reader, event);
	return true;
}

struct error *
yaml_reader_open(
    struct yaml_reader *reader, const char *text, size_t len, const char *name)
{
	*reader = (struct yaml_reader){
		.name = name,
		.text = text,
		.len = len,
		.problems = BUFFER_INIT(65536),
	};
	if (!yaml_parser_initialize(&reader->parser))
		return error_new(
		    ERROR_IO, "cannot read %s: out of memory", name);
	yaml_parser_set_input_string(
	    &reader->parser, (const unsigned char *)text, len);
	return NULL;
}

struct error *
yaml_reader_close(struct yaml_reader *reader)
{
	struct error *error = NULL;

	yaml_parser_delete(&reader->parser);
	if (reader->n_problems > YAML_MAX_PROBLEMS)
		buffer_appendf(&reader->problems, "\n  %s: %zu more problems",
		    reader->name, reader->n_problems - YAML_MAX_PROBLEMS);
	if (reader->n_problems > 0)
		error = error_new(ERROR_CONFIG, "%s", reader->problems.data);
	buffer_release(&reader->problems);
	return error;
}
