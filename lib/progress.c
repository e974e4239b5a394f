/* SPDX-License-Identifier: MIT */
#define _DEFAULT_SOURCE /* struct winsize */
#include "progress.h"

#include <sys/ioctl.h>

#include "clock.h"
#include "memory.h"
#include "text.h"

static void
set(char **to, char *text)
{
	free(*to);
	*to = text;
}

static void
note_output(struct progress *progress, const struct log_line *line)
{
	char *text = log_line_string(line, "msg");

	if (text != NULL)
		set(&progress->last, text);
}

void
progress_note(struct progress *progress, const struct log_line *line)
{
	char *event = progress->on ? log_line_string(line, "event") : NULL;

	if (event == NULL)
		return;
	if (strcmp(event, "output") == 0) {
		note_output(progress, line);
	} else if (strcmp(event, "stage_start") == 0) {
		set(&progress->stage, log_line_string(line, "stage"));
		set(&progress->last, NULL);
		progress->since = clock_monotonic();
	} else if (strcmp(event, "stage_end") == 0) {
		set(&progress->stage, NULL);
	}
	free(event);
}

static size_t
terminal_columns(int fd)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	long n;

	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	n = columns != NULL ? strtol(columns, NULL, 10) : 0;
	return n > 0 && n < 10000 ? (size_t)n : 80;
}

static void
append_status(struct buffer *out, const struct progress *progress)
{
	char duration[CLOCK_TEXT_SIZE];
	const char *stage = progress->stage;
	double seconds = clock_monotonic() - progress->since;

	if (strncmp(stage, "nr-", 3) == 0)
		stage += 3;
	/* Whole seconds: tenths would only flicker. */
	clock_format_duration(duration, seconds);
	if (seconds < 59.95)
		snprintf(duration, sizeof duration, "%.0fs", seconds);
	text_append_harmless(out, stage, strlen(stage));
	buffer_appendf(out, " %s", duration);
	if (progress->last != NULL) {
		buffer_append_string(out, "  ");
		text_append_harmless(
		    out, progress->last, strcspn(progress->last, "\n"));
	}
}

void
progress_draw(struct progress *progress, struct outlet *outlet)
{
	struct buffer status = BUFFER_INIT(LOG_LINE_MAX);
	struct buffer out = BUFFER_INIT(2 * LOG_LINE_MAX);

	if (!progress->on || progress->stage == NULL ||
	    !outlet_is_empty(outlet))
		return;
	append_status(&status, progress);
	/* The last column stays free: writing there may wrap. */
	status.len =
	    text_fit(status.data, status.len, terminal_columns(outlet->fd) - 1);
	buffer_append_string(&out, "\r");
	buffer_append(&out, status.data, status.len);
	buffer_append_string(&out, "\033[K");
	error_free(outlet_write(outlet, out.data, out.len));
	progress->shown = true;
	buffer_release(&status);
	buffer_release(&out);
}

void
progress_hide(struct progress *progress, struct buffer *out)
{
	if (progress->shown)
		buffer_append_string(out, "\r\033[K");
	progress->shown = false;
}

void
progress_release(struct progress *progress)
{
	set(&progress->stage, NULL);
	set(&progress->last, NULL);
}
