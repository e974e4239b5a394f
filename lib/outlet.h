/* SPDX-License-Identifier: MIT */
/*
 * A way out for lines to a reader who may be slow, asleep or gone.
 *
 * A patient outlet waits for its reader, as any filter does, and reports a
 * failed write. An impatient one never waits: what the reader does not take
 * is kept, up to OUTLET_MAX_PENDING, then dropped in whole lines and counted.
 * A reader that is gone counts as one that takes nothing.
 *
 * The descriptor's O_NONBLOCK is not touched: it is shared with the caller.
 */
#ifndef OUTLET_H
#define OUTLET_H

#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"
#include "error.h"

enum { OUTLET_MAX_PENDING = 1024 * 1024 };

struct outlet {
	int fd;
	bool impatient;
	bool closed; /* the reader is gone */
	struct buffer pending;
	size_t n_lost; /* lines */
	double moved;  /* clock_monotonic() when the reader last took some */
};

void outlet_open(struct outlet *outlet, int fd, bool impatient);

/* `bytes` are whole lines. */
struct error *outlet_write(
    struct outlet *outlet, const char *bytes, size_t len);
/* Hands over what the reader takes now; after poll() said so. */
void outlet_flush(struct outlet *outlet);
bool outlet_is_empty(const struct outlet *outlet);

/*
 * Waits for the reader as long as it takes something at least every second.
 * What is left then is counted in n_lost, and released.
 */
void outlet_end(struct outlet *outlet);

#endif
