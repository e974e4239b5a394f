/* SPDX-License-Identifier: MIT */
/*
 * The checks of health_check.h, each in a process of its own for as long as
 * it takes: a service that hangs, a disk that does not answer, a library
 * that crashes hold up or end nobody else. One that does not end in its time
 * is killed, and has failed.
 *
 * The caller's loop: start what is due, wait for health_probes_poll()'s
 * descriptors for as long as health_probes_wait() says, take what came.
 */
#ifndef HEALTH_PROBE_H
#define HEALTH_PROBE_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "buffer.h"
#include "config.h"
#include "health_check.h"
#include "mask.h"
#include "secret.h"

struct health_probe {
	const struct health_check *check;
	bool decides; /* about readiness */

	/* The last result. */
	bool is_known, is_healthy;
	struct error *error; /* of one that is not healthy; masked */
	double seconds;      /* how long it took */
	double checked_at;   /* seconds since 1970 */
	size_t n_checks, n_failures;

	/* The process at work; 0: none. */
	pid_t pid;
	int fd;
	bool is_killed;
	struct buffer text;
	double started, next; /* on clock_monotonic() */
};

enum { HEALTH_MAX_PROBES = 8 };

struct health_probes {
	struct health_probe probes[HEALTH_MAX_PROBES];
	size_t n;
	double cache_seconds, timeout_seconds;
	const struct config *config;
	struct secrets *secrets;
	const struct mask *mask;
	bool tells; /* what changes is an event in the log */
};

/* A name in health_ready_checks that there is no check of is a ConfigError. */
struct error *health_probes_open(struct health_probes *probes,
    const struct config *config, struct secrets *secrets,
    const struct mask *mask);
void health_probes_close(struct health_probes *probes);

/* Starts those that are due. */
void health_probes_start(struct health_probes *probes);
/* Fills an element for each, and returns how many. */
size_t health_probes_poll(
    const struct health_probes *probes, struct pollfd *fds);
double health_probes_wait(const struct health_probes *probes); /* seconds */
/* Takes results, and kills what takes too long. */
void health_probes_take(struct health_probes *probes, const struct pollfd *fds);

bool health_probes_are_known(const struct health_probes *probes);
/* Are all that decide healthy, and known to be? */
bool health_probes_are_healthy(const struct health_probes *probes);

/*
 * {"healthy", "checks": [{"name", "decides", "healthy", "duration_seconds",
 * "checked_at", "error": {"type", "exit_code", "retryable", "message"}}]}
 * A message tells of addresses and paths: it is for people of the machine.
 */
jv health_probes_json(const struct health_probes *probes, bool messages);

#endif
