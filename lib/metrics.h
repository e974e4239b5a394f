/* SPDX-License-Identifier: MIT */
/* What the commands of a task used, summed up over attempts and tests. */
#ifndef METRICS_H
#define METRICS_H

#include <jv.h>

#include "document.h"

/*
 * {attempts, commands, cpu_seconds, cpu_percent, memory_mb,
 * processes_left_behind}: memory is the largest peak, cpu_percent the mean
 * over the time the commands took. The caller owns it.
 */
jv metrics_of(const struct document *doc);

#endif
