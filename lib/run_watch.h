/* SPDX-License-Identifier: MIT */
/*
 * A process beside a server that takes the census of the runs every so often
 * and hands over its metrics as text: a disk that hangs does not hang the
 * server, which shows what it last got.
 */
#ifndef RUN_WATCH_H
#define RUN_WATCH_H

#include <sys/types.h>

#include "buffer.h"
#include "config.h"

struct run_watch {
	const struct config *config;
	double cache_seconds;
	pid_t pid; /* 0: it has ended */
	int fd;    /* to wait for; -1: none */
	struct buffer text, incoming;
	double start_at; /* on clock_monotonic(); of the next, if it ended */
};

void run_watch_open(struct run_watch *watch, const struct config *config);
void run_watch_close(struct run_watch *watch);

/* Starts it where it does not run. */
void run_watch_start(struct run_watch *watch);
/* Seconds until that is due. */
double run_watch_wait(const struct run_watch *watch);
/* Takes what has come. `text` is the last that was whole; empty: none yet. */
void run_watch_take(struct run_watch *watch);

#endif
