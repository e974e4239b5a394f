/* SPDX-License-Identifier: MIT */
/*
 * Events. One JSON object a line on standard error, or one readable line
 * when standard error is a terminal:
 *     {"ts","level","stage","event","msg",...,"runner_id","task_id",
 *      "spec_name"}
 * The logger is one per process, as standard error is. Before log_open()
 * messages are plain lines, "nr-push: text". A log line that cannot be
 * written is lost; it never fails the work.
 */
#ifndef LOG_H
#define LOG_H

#include <jv.h>
#include <stdbool.h>

#include "mask.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* "debug", "INFO", "warning", ...; false when it is no level. */
bool log_level_by_name(enum log_level *level, const char *name);
const char *log_level_name(enum log_level level);

/*
 * `stage` is the program's name. Every line goes through the mask (NULL:
 * none), which must outlive the logger.
 */
void log_open(const char *stage, enum log_level level, const struct mask *mask);
/* From here on a line is lost, too, where standard error is full and nobody
 * drains it: for a server, which must not wait for that. */
void log_never_wait(void);
/* A member that every later event carries, such as task_id. */
void log_context(const char *name, const char *value);

/*
 * `fields` is an object whose members are added, or jv_null(); consumed.
 * `event` is a word in snake_case that a machine can match.
 */
void log_event(enum log_level level, const char *event, jv fields,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

#define log_debug(event, ...) \
	log_event(LOG_DEBUG, event, jv_null(), __VA_ARGS__)
#define log_info(event, ...) log_event(LOG_INFO, event, jv_null(), __VA_ARGS__)
#define log_warn(event, ...) log_event(LOG_WARN, event, jv_null(), __VA_ARGS__)

#endif
