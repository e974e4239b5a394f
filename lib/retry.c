/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "retry.h"

#include <math.h>
#include <sys/random.h>
#include <time.h>

#include "clock.h"
#include "json.h"
#include "log.h"
#include "process.h"

enum { MAX_DELAY_SECONDS = 60 };

/* From a half to the whole: many runners do not come back all at once. */
static double
jitter(double seconds)
{
	unsigned char byte = 128;

	if (getrandom(&byte, sizeof byte, GRND_NONBLOCK) < 0)
		byte = 128;
	return seconds * (0.5 + byte / 510.0);
}

static double
next_delay(const struct retry *retry)
{
	double seconds = exp2(retry->n_retries < 6 ? retry->n_retries : 6);

	if (seconds > MAX_DELAY_SECONDS)
		seconds = MAX_DELAY_SECONDS;
	seconds = jitter(seconds);
	return seconds > retry->after_seconds ? seconds : retry->after_seconds;
}

/* In pieces, as a signal that comes just before a sleep does not end it. */
bool
retry_pause(double seconds)
{
	double ends = clock_monotonic() + seconds;

	while (cancel_signal() == 0) {
		double left = ends - clock_monotonic();
		double piece = left < 1 ? left : 1;
		struct timespec span;

		if (left <= 0)
			return true;
		span.tv_sec = (time_t)piece;
		span.tv_nsec = (long)((piece - floor(piece)) * 1e9);
		nanosleep(&span, NULL);
	}
	return false;
}

bool
retry_wait(struct retry *retry, const struct error *error)
{
	double delay = next_delay(retry);
	jv fields;

	if (!error->retryable || retry->n_retries >= retry->max_retries ||
	    cancel_signal() != 0)
		return false;
	if (retry->ends > 0 && clock_monotonic() + delay >= retry->ends)
		return false;
	retry->n_retries++;
	retry->after_seconds = 0;
	fields = json_set_string(jv_object(), "what", retry->what);
	fields = json_set_number(fields, "attempt", retry->n_retries + 1);
	fields =
	    json_set_number(fields, "delay_seconds", clock_milliseconds(delay));
	fields = json_set_string(fields, "reason", error->message);
	log_event(LOG_WARN, "retry", fields,
	    "%s failed and is tried again in %.1f s (%d of %d): %s",
	    retry->what, delay, retry->n_retries, retry->max_retries,
	    error->message);
	return retry_pause(delay);
}
