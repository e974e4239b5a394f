/* SPDX-License-Identifier: MIT */
/* The levels of log.h: apart from log.c, which needs the mask. */
#include "log.h"

#include <strings.h>

static const char *const level_names[] = { "debug", "info", "warn", "error" };

bool
log_level_by_name(enum log_level *level, const char *name)
{
	if (strcasecmp(name, "warning") == 0)
		name = "warn";
	if (strcasecmp(name, "critical") == 0)
		name = "error";
	for (int i = LOG_DEBUG; i <= LOG_ERROR; i++) {
		if (strcasecmp(name, level_names[i]) == 0) {
			*level = (enum log_level)i;
			return true;
		}
	}
	return false;
}

const char *
log_level_name(enum log_level level)
{
	return level_names[level];
}
