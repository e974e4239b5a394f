/* SPDX-License-Identifier: MIT */
/*
 * What nr-limit tells of a command that has ended: nr-limit(1), OUTPUT and
 * EXIT STATUS.
 */
#ifndef LIMIT_REPORT_H
#define LIMIT_REPORT_H

#include "json.h"
#include "process.h"

/* An object; owned by the caller. */
jv limit_report(
    const struct process_result *result, const struct process_options *options);

/* {"memory_bytes": {"limit", "by"}, ...} of the limits that were set. */
jv limit_report_limits(const struct process_result *result);

/* "SIGTERM"; a number where it has no name, null for 0. */
jv limit_report_signal(int signal_number);

/* Its own, or that of the table in error.h when it was ended for a limit. */
int limit_exit_code(const struct process_result *result);

#endif
