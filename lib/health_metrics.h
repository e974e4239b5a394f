/* SPDX-License-Identifier: MIT */
/*
 * The metrics of nr-health(1), in Prometheus' text format. Labels come from
 * tables of ours alone: no task, path or message is ever one.
 */
#ifndef HEALTH_METRICS_H
#define HEALTH_METRICS_H

#include "buffer.h"
#include "config.h"
#include "health_probe.h"
#include "run_census.h"

/* What the runs, their disk and the places tell. */
void health_metrics_runs(struct buffer *out, const struct run_census *census,
    const struct config *config);
/* What the checks tell. */
void health_metrics_checks(
    struct buffer *out, const struct health_probes *probes);

#endif
