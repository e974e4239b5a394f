/* SPDX-License-Identifier: MIT */
/*
 * nr-health's two ways to work: to check once, and to serve.
 *
 * The server itself waits for nothing but connections; checks and the census
 * of the runs are at work in processes of their own (health_probe.h,
 * run_watch.h), and what it answers is what it last heard from them.
 */
#ifndef HEALTH_SERVE_H
#define HEALTH_SERVE_H

#include "health_probe.h"

/* Until all are known, or a signal comes, a CancelledError. */
struct error *health_check_once(struct health_probes *probes);

/* Until a signal comes. The URL is a line on standard output. */
struct error *health_serve(struct health_probes *probes, const char *address);

#endif
