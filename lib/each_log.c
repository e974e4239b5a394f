/* SPDX-License-Identifier: MIT */
/* One way out for the lines of all, to a reader who may be slow or gone. */
#define _DEFAULT_SOURCE /* struct winsize */
#include <locale.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "each_internal.h"
#include "json.h"
#include "memory.h"
#include "text.h"

enum { MAX_RENDERED_BYTES = 4 * LOG_LINE_MAX * 16, DEFAULT_COLUMNS = 80 };

void
each_log_open(struct each_log *log, const struct mask *mask,
    enum log_level level, bool quiet)
{
	const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");

	*log = (struct each_log){
		.rendered = BUFFER_INIT(MAX_RENDERED_BYTES),
		.mask = mask,
		.level = quiet ? LOG_ERROR : level,
		.pretty = isatty(STDERR_FILENO) == 1,
	};
	log->status =
	    log->pretty && !quiet && term != NULL && strcmp(term, "dumb") != 0;
	log->colour = log->status && (no_color == NULL || *no_color == '\0');
	if (log->status)
		setlocale(LC_CTYPE, "C.UTF-8");
	outlet_open(&log->outlet, STDERR_FILENO, true);
}

static void
hide_status(struct each_log *log)
{
	if (log->status_shown)
		buffer_append_string(&log->rendered, "\r\033[K");
	log->status_shown = false;
}

static void
write_rendered(struct each_log *log)
{
	size_t len;
	char *masked = log->mask != NULL
	    ? mask_text(log->mask, log->rendered.data, log->rendered.len, &len)
	    : NULL;

	if (masked != NULL)
		error_free(outlet_write(&log->outlet, masked, len));
	else
		error_free(outlet_write(
		    &log->outlet, log->rendered.data, log->rendered.len));
	free(masked);
	buffer_clear(&log->rendered);
}

void
each_log_line(struct each_log *log, struct log_reader *reader, const char *name,
    const char *text, size_t len, size_t n_cut)
{
	struct log_line line;

	log_line_read(&line, reader, text, len, n_cut);
	if (line.level >= log->level) {
		hide_status(log);
		if (log->pretty) {
			text_append_harmless(
			    &log->rendered, name, strlen(name));
			buffer_append_string(&log->rendered, "  ");
		}
		log_line_render(&log->rendered, &line,
		    log->pretty ? LOG_FORMAT_PRETTY : LOG_FORMAT_JSON,
		    log->colour);
		write_rendered(log);
	}
	log_line_release(&line);
}

void
each_log_event(struct each_log *log, enum log_level level, const char *event,
    jv fields, const char *format, ...)
{
	struct log_reader reader = { .stage = "nr-each" };
	const char *id;
	va_list args;
	char *message, *text;

	va_start(args, format);
	message = xvasprintf(format, args);
	va_end(args);
	fields = json_set_string(fields, "level", log_level_name(level));
	fields = json_set_string(fields, "event", event);
	fields = json_set_string(fields, "msg", message);
	id = json_string(fields, "task_id");
	text = json_text(jv_copy(fields));
	each_log_line(
	    log, &reader, id != NULL ? id : "", text, strlen(text), 0);
	log_reader_release(&reader);
	jv_free(fields);
	free(text);
	free(message);
}

void
each_log_status(struct each_log *log, const char *text)
{
	struct winsize size;
	size_t columns = DEFAULT_COLUMNS;

	if (!log->status || !outlet_is_empty(&log->outlet))
		return;
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		columns = size.ws_col;
	buffer_append_string(&log->rendered, "\r");
	buffer_append(
	    &log->rendered, text, text_fit(text, strlen(text), columns - 1));
	buffer_append_string(&log->rendered, "\033[K");
	write_rendered(log);
	log->status_shown = true;
}

void
each_log_end(struct each_log *log)
{
	hide_status(log);
	if (log->rendered.len > 0)
		write_rendered(log);
	outlet_end(&log->outlet);
	buffer_release(&log->rendered);
}
