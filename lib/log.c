/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* program_invocation_short_name */
#include "log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <unistd.h>

#include "clock.h"
#include "json.h"
#include "memory.h"

static struct {
	const char *stage; /* NULL: not open */
	enum log_level level;
	const struct mask *mask;
	bool terminal, never_waits;
	jv context; /* an object once something was added */
	bool has_context;
} logger;

static void
free_context(void)
{
	if (logger.has_context)
		jv_free(logger.context);
	logger.has_context = false;
}

void
log_open(const char *stage, enum log_level level, const struct mask *mask)
{
	if (logger.stage == NULL)
		atexit(free_context);
	logger.stage = stage;
	logger.level = level;
	logger.mask = mask;
	logger.terminal = isatty(STDERR_FILENO);
}

void
log_context(const char *name, const char *value)
{
	if (!logger.has_context)
		logger.context = jv_object();
	logger.has_context = true;
	logger.context = json_set_string(logger.context, name, value);
}

void
log_never_wait(void)
{
	logger.never_waits = true;
}

/* There is room for PIPE_BUF bytes, then, which most lines keep within. */
static bool
has_room(void)
{
	struct pollfd fd = { .fd = STDERR_FILENO, .events = POLLOUT };

	return !logger.never_waits || poll(&fd, 1, 0) == 1;
}

/* One write a line, so that lines of several programs do not mix. */
static void
write_line(const char *line)
{
	size_t len;
	char *masked = mask_text(logger.mask, line, strlen(line), &len);

	if (has_room() && write(STDERR_FILENO, masked, len) < 0) {
		/* Nobody is left to be told. */
	}
	free(masked);
}

static jv
event_object(
    enum log_level level, const char *event, jv fields, const char *message)
{
	char ts[CLOCK_TEXT_SIZE];
	jv line = jv_object();

	clock_format(ts, clock_now());
	line = json_set_string(line, "ts", ts);
	line = json_set_string(line, "level", log_level_name(level));
	line = json_set_string(line, "stage", logger.stage);
	line = json_set_string(line, "event", event);
	line = json_set_string(line, "msg", message);
	if (jv_get_kind(fields) == JV_KIND_OBJECT)
		line = jv_object_merge(line, fields);
	else
		jv_free(fields);
	if (logger.has_context)
		line = jv_object_merge(line, jv_copy(logger.context));
	return line;
}

void
log_event(
    enum log_level level, const char *event, jv fields, const char *format, ...)
{
	va_list args;
	char *message, *text, *line;

	if (level < logger.level) {
		jv_free(fields);
		return;
	}
	va_start(args, format);
	message = xvasprintf(format, args);
	va_end(args);
	if (logger.stage == NULL || logger.terminal) {
		jv_free(fields);
		line = xasprintf("%s: %s\n",
		    logger.stage != NULL ? logger.stage
					 : program_invocation_short_name,
		    message);
	} else {
		text = json_text(event_object(level, event, fields, message));
		line = xasprintf("%s\n", text);
		free(text);
	}
	write_line(line);
	free(line);
	free(message);
}
